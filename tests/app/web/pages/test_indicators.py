"""The pages of indicators: looked into, taken, listed, forgotten, and swept for."""

import re

import pytest

from tests.app.web.small_desk import Browser, app_of, desk_with

XSS = "value,comment\nevil.example,<script>alert(1)</script>\ncorp.local,x\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return app_of(desk_with(tmp_path_factory.mktemp("desk"))[0])


@pytest.fixture
def anna(app):
    return Browser(app)


def test_a_file_is_seen_taken_listed_and_forgotten(anna):
    seen = anna.submit("/indicators/import", files={"file": ("a/b<i>.csv", XSS)}, exercise="true", source="ISAC")
    assert "<script>alert" not in seen.text
    assert "1 of 2 values" in seen.text
    token = re.search(r'name="token" value="([^"]+)"', seen.text)[1]
    assert anna.submit("/indicators/import/take", token=token, exercise="true", source="ISAC").status_code == 303
    page = anna.get("/indicators?q=evil").text
    assert "evil[.]example" in page
    assert "ISAC" in page
    assert "<script>alert" not in page
    assert anna.submit("/indicators/remove", kind="domain", value="nothing.example").status_code == 404
    asked = anna.submit("/indicators/sweeps", known="true")
    assert asked.status_code == 303
    assert anna.get(asked.headers["location"]).status_code == 200
    assert anna.submit("/indicators/remove", kind="domain", value="evil.example").status_code == 303
    assert anna.submit("/indicators/expire").status_code == 303


def test_what_is_wrong_is_said(anna):
    assert anna.submit("/indicators/import/take", token="../x").status_code == 400
    assert anna.get("/indicators/sweeps/nosuch").status_code == 404
    assert anna.get("/indicators?kind=word").status_code == 422
    empty = anna.submit("/indicators/import", text="\udcff".encode("utf-8", "replace").decode())
    assert "0 of 0 values" in empty.text


def test_a_viewer_only_looks(app):
    vera = Browser(app, "vera")
    assert vera.get("/indicators").status_code == 200
    assert vera.submit("/indicators/import", text="evil.example").status_code == 403
    assert vera.submit("/indicators/sweeps", known="true").status_code == 403
