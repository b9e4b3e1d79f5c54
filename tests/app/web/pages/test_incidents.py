import pytest


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("?severity=critical", True), ("?severity=low", False), ("?state=closed", False), ("?state=", True)],
)
def test_incidents_are_listed_as_asked(desk, browser, query, found):
    page = browser().get(f"/incidents{query}").text
    assert (desk.database.one("SELECT id FROM incidents")["id"] in page) == found


def test_a_question_that_makes_no_sense_is_refused(browser):
    client = browser()
    assert client.get("/incidents?severity=purple").status_code == 422
    assert client.get("/incidents?page=0").status_code == 422
    assert client.get("/incidents?page=999999").status_code == 200
