"""What is told by TAXII: each object once, anew when it changes, and nothing that people refuted."""

import orjson
import pytest

from sekisho.app.console import sharing
from sekisho.app.console.audit import SYSTEM
from tests.app.web.small_desk import desk_with


@pytest.fixture
def told(tmp_path, lab_result):
    desk, case = desk_with(tmp_path, lab_result)
    database = desk.database
    database.base.execute("INSERT INTO settings VALUES ('share.exercise', 'yes')")
    assert sharing.refresh(database, case) > 0
    return desk, case


def test_what_did_not_change_is_not_told_anew(told):
    desk, case = told
    before = sharing.state(desk.database)
    assert sharing.refresh(desk.database, case) == 0
    assert sharing.state(desk.database) == before
    objects = sharing.collection(desk.database).objects
    assert [added for added, _ in objects] == sorted({added for added, _ in objects})
    assert {"report", "indicator"} & {one["type"] for _, one in objects}


def test_victims_are_not_told(told):
    desk, _ = told
    text = orjson.dumps([one for _, one in sharing.collection(desk.database).objects]).decode()
    assert "PC-0142" not in text


def test_false_positives_and_deleted_cases_are_not_told(told):
    desk, case = told
    desk.database.base.execute("UPDATE triage SET disposition = 'false_positive'")
    assert not sharing.collection(desk.database).objects
    desk.database.base.execute("UPDATE triage SET disposition = ''")
    assert sharing.collection(desk.database).objects
    before = sharing.state(desk.database)
    desk.cases.delete(case, SYSTEM)
    assert not sharing.collection(desk.database).objects
    assert sharing.state(desk.database) != before
    sharing.prune(desk.database)
    assert sharing.state(desk.database)[0] == 0
    assert desk.jobs.begin().kind == "campaigns"


def test_a_failure_is_noted_and_fails_no_job(told):
    desk, case = told
    desk.database.base.execute("UPDATE incidents SET verdict = 'odd'")
    sharing.after_investigation(desk.database, case, frozenset())
    assert desk.database.one("SELECT 1 FROM audit WHERE action = 'share.fail'")


def test_another_choice_is_told_anew(told):
    desk, _ = told
    sharing.choose(desk.database, SYSTEM, tlp="green", exercise=True, internal=True)
    stages = []
    sharing.refresh_all(desk.database, frozenset(), lambda *told: stages.append(told[0]))
    text = orjson.dumps([one for _, one in sharing.collection(desk.database).objects]).decode()
    assert "PC-0142" in text
    assert stages == ["share"]
