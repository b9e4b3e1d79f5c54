"""Tuning from an incident: previewed, written, taken back; what is wrong is said beside what was typed."""

import importlib.util
import re
from html import unescape
from pathlib import Path

import pytest

from sekisho.app.console import tuning_file

PATH = Path(__file__).parents[2] / "console/incident_desk.py"
SPEC = importlib.util.spec_from_file_location("incident_desk", PATH)
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    desks.desk_with(folder)[0].database.close()
    return folder


@pytest.fixture
def app(tmp_path, made):
    console = desks.copied(tmp_path, made)
    yield console
    console.state.desk.database.close()


def form(page):
    """Give the fields of the first proposal's form."""
    one = re.search(
        r'<form method="post" action="/incidents/\w+/tuning" class="stack exclusion">.*?</form>', page, re.S
    )[0]
    pairs = re.findall(r'name="(rule|host|user|value|until)"[^>]*? value="([^"]*)"', one)
    return {name: unescape(value) for name, value in pairs}


@pytest.mark.parametrize("look", ["en|light|UTC", "ja|dark|Asia/Tokyo"])
def test_an_exclusion_is_previewed_written_and_taken_back(app, look):
    anna, database = desks.Browser(app, look=look), app.state.desk.database
    typed = form(anna.get(f"/incidents/{A}/tuning").text)
    assert (typed["rule"], typed["host"]) == (desks.FINDINGS[0].rule_id, "PC-0142.corp.example")
    shown = anna.submit(f"/incidents/{A}/tuning", **typed, reason="our <i>loader</i>", act="preview")
    assert shown.status_code == 200
    assert "−3 / 3" in shown.text
    assert "reason: &#39;our &lt;i&gt;loader&lt;/i&gt;&#39;" in shown.text
    assert not tuning_file.text(database)
    done = anna.submit(f"/incidents/{A}/tuning", **typed, reason="our loader", act="write")
    assert (done.status_code, done.headers["location"]) == (303, f"/incidents/{A}/tuning")
    assert "our loader" in tuning_file.text(database)
    page = anna.get(f"/incidents/{A}/tuning").text
    number = re.search(r'name="number" value="(\d+)"', page)[1]
    assert anna.submit(f"/incidents/{A}/tuning/undo", number=number).status_code == 303
    assert not tuning_file.text(database)
    assert anna.submit(f"/incidents/{A}/tuning/undo", number=number).status_code == 400


def test_what_is_wrong_stands_beside_what_was_typed(app):
    anna = desks.Browser(app)
    rule = desks.FINDINGS[0].rule_id
    for fields in (
        {"reason": "kept words", "host": ""},
        {"reason": "kept words", "host": "a", "until": "tomorrow"},
        {"reason": "kept words", "host": "a", "until": "2001-01-01", "act": "write"},
        {"reason": "kept words", "host": "a", "value": '["Image|x", "a"]'},
    ):
        refused = anna.submit(f"/incidents/{A}/tuning", rule=rule, **fields)
        assert refused.status_code == 400, fields
        assert 'role="alert"' in refused.text
        assert "kept words" in refused.text
    assert anna.submit(f"/incidents/{A}/tuning", rule=rule, reason="x", host="a", value="{broken").status_code == 200
    assert not tuning_file.place(app.state.desk.database).exists()
