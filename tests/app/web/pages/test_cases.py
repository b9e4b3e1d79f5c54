from sekisho.app.console.audit import SYSTEM


def test_a_case_shows_its_files_and_incidents(desk, browser):
    client = browser()
    key = desk.database.one("SELECT id FROM cases")["id"]
    assert "青空商事" in client.get("/cases").text
    page = client.get(f"/cases/{key}").text
    assert desk.database.one("SELECT id FROM incidents")["id"] in page
    assert desk.database.one("SELECT path FROM files ORDER BY path")["path"].split("/")[-1] in page


def test_a_case_is_investigated_anew_and_deleted(desk, browser):
    client = browser()
    key = desk.database.one("SELECT id FROM cases")["id"]
    assert client.post(f"/cases/{key}/investigate").status_code == 303
    assert desk.jobs.recent(case_id=key)[0].state == "queued"
    assert "waiting" in client.get("/cases/jobs").text
    assert client.post(f"/cases/{key}/delete").headers["location"] == "/cases"
    assert client.get(f"/cases/{key}").status_code == 404
    assert client.post(f"/cases/{key}/investigate").status_code == 404


def test_names_of_files_are_shown_not_obeyed(desk, browser):
    key = desk.cases.create("<script>alert(1)</script>", SYSTEM)
    desk.cases.add(key, "<img src=x onerror=alert(1)>.eml", [b"x"], SYSTEM)
    page = browser().get(f"/cases/{key}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img" in page
