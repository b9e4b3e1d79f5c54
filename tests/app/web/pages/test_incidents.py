"""The list of incidents: found, sorted, and several decided about at once."""

import importlib.util
import re
from pathlib import Path

import pytest

from sekisho.app.console import triage

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


def shown(page):
    return re.findall(r'<a class="main" href="/incidents/(\w+)"', page)


def test_the_list_is_filtered_and_sorted(app):
    anna = desks.Browser(app)
    assert shown(anna.get("/incidents").text) == [C, B, A]
    assert shown(anna.get("/incidents?severity=critical").text) == [C]
    assert shown(anna.get("/incidents?text=gate.example").text) == [B]
    assert shown(anna.get("/incidents?state=closed").text) == []
    assert shown(anna.get("/incidents?page=2").text) == []
    for query in ("sort=name", "page=0", "state=x", "text=" + "a" * 201):
        assert anna.get(f"/incidents?{query}").status_code == 422


def test_several_are_changed_and_the_list_comes_back(app):
    anna = desks.Browser(app)
    done = anna.submit(
        "/incidents/bulk",
        incident=[f"{A}:0", f"{B}:0"],
        state="progress",
        assignee="ben",
        back="/incidents?sort=latest",
    )
    assert (done.status_code, done.headers["location"]) == (303, "/incidents?sort=latest")
    rows = [triage.of(app.state.desk.database, one) for one in (A, B, C)]
    assert [(row["state"], row["assignee"]) for row in rows] == [("progress", "ben"), ("progress", "ben"), ("new", "")]
    elsewhere = anna.submit("/incidents/bulk", incident=f"{A}:1", state="new", back="//evil.example/")
    assert elsewhere.headers["location"] == "/"


def test_somebody_was_faster_and_nothing_changes(app):
    anna = desks.Browser(app)
    desks.Browser(app, "ben").submit("/incidents/bulk", incident=f"{B}:0", assignee="ben")
    late = anna.submit("/incidents/bulk", incident=[f"{A}:0", f"{B}:0"], state="contained", reason="because")
    assert late.status_code == 409
    assert "ben changed" in late.text
    assert shown(late.text) == [B, A]
    assert re.findall(r'value="(\w+:\d)"[^>]*checked', late.text) == [f"{B}:1", f"{A}:0"]
    assert 'value="because"' in late.text
    assert triage.of(app.state.desk.database, A)["state"] == "new"


def test_several_are_told_as_one(app):
    anna = desks.Browser(app)
    done = anna.submit("/incidents/bulk", incident=[f"{A}:0", f"{C}:0"], act="merge")
    assert done.headers["location"] == f"/incidents/{C}"
    page = anna.get("/incidents").text
    assert shown(page) == [C, B]
    assert "+1 merged" in page


def test_what_is_none_is_refused(app):
    anna = desks.Browser(app)
    assert anna.submit("/incidents/bulk", state="new").status_code == 400
    assert anna.submit("/incidents/bulk", incident="x:y").status_code == 400
    assert anna.submit("/incidents/bulk", incident="i000000000000:0", state="new").status_code == 404
    for version in ("9" * 30, "9" * 5000, "\u00b2", "-1", ""):
        assert anna.submit("/incidents/bulk", incident=f"{A}:{version}", state="new").status_code == 400
    refused = anna.submit("/incidents/bulk", incident=f"{A}:0", state="closed", reason="kept words")
    assert refused.status_code == 400
    assert "kept words" in refused.text
    assert shown(refused.text) == [A]
    assert anna.submit("/incidents/bulk", incident=f"{A}:0", act="merge").status_code == 400
