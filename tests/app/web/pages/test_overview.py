def test_the_overview_shows_what_is_open(desk, browser):
    page = browser().get("/", headers={"accept-language": "ja"}).text
    title = desk.database.one("SELECT title_ja FROM incidents")["title_ja"]
    assert title in page
    assert "緊急" in page
    with desk.database.change() as base:
        base.execute("UPDATE triage SET state = 'closed'")
    assert title not in browser().get("/", headers={"accept-language": "ja"}).text


def test_an_empty_console_says_what_to_do(desk, browser):
    from sekisho.app.console.audit import SYSTEM

    desk.cases.delete(desk.database.one("SELECT id FROM cases")["id"], SYSTEM)
    page = browser().get("/").text
    assert "No open incident." in page
    assert 'href="/cases"' in page
