"""Saved searches in the console."""

import re

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.saved import Saved, Wanted, alert
from sekisho.app.web.pages.saved import run
from tests.app.searching import fill, visit


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = fill(tmp_path_factory.mktemp("desk"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def client(desk):
    return visit(desk)


def test_a_search_is_kept_run_changed_and_removed(client):
    form = client.get("/hunt/saved/new", params={"q": "Image|contains:cmd", "last": "7d"}).text
    key = re.search(r'name="csrf" value="([^"]+)"', form)[1]
    sent = {"csrf": key, "name": "cmd", "question": "Image|contains:cmd", "last": "7d", "alert": "true"}
    made = client.post("/hunt/saved", data=sent)
    assert made.status_code == 303
    place = made.headers["location"]
    page = client.get(place).text
    assert "/hunt?q=Image%7Ccontains%3Acmd&amp;last=7d" in page
    assert "cmd8.exe" in page  # what it found when it was kept
    assert client.get("/hunt/saved").text.count(place) == 1
    assert place in client.get("/hunt").text or "cmd</a>" in client.get("/hunt").text
    assert client.post(place, data={**sent, "name": "new name", "alert": ""}).status_code in (303, 422)
    assert client.post(place, data={"csrf": key, "name": "new name", "question": "a"}).status_code == 303
    assert "new name" in client.get(place).text
    assert client.post(f"{place}/seen", data={"csrf": key}).status_code == 303
    assert client.post(f"{place}/remove", data={"csrf": key}).status_code == 303
    assert client.get(place).status_code == 404


def test_what_cannot_be_asked_is_refused(client):
    form = client.get("/hunt/saved/new").text
    key = re.search(r'name="csrf" value="([^"]+)"', form)[1]
    assert client.post("/hunt/saved", data={"csrf": key, "name": "x", "question": "a or or"}).status_code == 400
    assert client.post("/hunt/saved", data={"name": "x", "question": "a"}).status_code == 403


def test_an_address_that_runs_it_holds_its_range():
    one = {"question": "a b", "last": "", "since": "2022-04-01T00:00", "until": "", "logsource": "zeek/dns/"}
    assert run(one) == "/hunt?q=a+b&since=2022-04-01T00%3A00&logsource=zeek%2Fdns%2F"


def test_the_overview_names_searches_that_found_something_new(desk, client):
    assert "found something new" not in client.get("/").text
    key = Saved(desk.database).add(Wanted("<b>dns", "query:bad.example", shared=True, alert=True), Actor("suzuki"))
    assert alert(desk.database) == 3
    text = client.get("/").text
    assert f"/hunt/saved/{key}" in text
    assert "<b>dns" not in text
    assert "textarea" not in client.get(f"/hunt/saved/{key}").text  # somebody else's
