"""Deciding about incidents: nobody overwrites what they have not seen, and what was done survives a new investigation."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from sekisho.app.console import audit, story, triage
from sekisho.app.console.database import Database
from sekisho.app.console.indexing import index
from sekisho.app.console.triage import Change, MissingError, StaleError, Wanted
from sekisho.model.errors import SourceError

SPEC = importlib.util.spec_from_file_location("incident_desk", Path(__file__).with_name("incident_desk.py"))
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    made, key = desks.desk_with(folder)
    made.database.close()
    return folder, key


@pytest.fixture
def desk(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "desk")
    database = Database(tmp_path / "desk")
    yield database, made[1]
    database.close()


def state(database, key):
    row = triage.of(database, key)
    return row["state"], row["assignee"], row["disposition"], row["reason"], row["version"]


def listed(database, **wanted):
    return [row["id"] for row in triage.listed(database, Wanted(**wanted), 50)[0]]


def test_a_change_counts_up_and_stands_in_the_audit_log(desk):
    database, _ = desk
    triage.change(database, [(A, 0)], Change(state="progress", assignee="ben"), desks.ANNA)
    assert state(database, A) == ("progress", "ben", "", "", 1)
    done = triage.history(database, [A])[0]
    assert (done["who"], done["address"], done["action"]) == ("anna", "192.0.2.7", "incident.triage")
    assert done["detail"] == {"state": ["new", "progress"], "assignee": ["", "ben"]}
    assert audit.broken(database) is None


def test_the_second_of_two_people_is_told_what_the_first_did(desk):
    database, _ = desk
    triage.change(database, [(A, 0)], Change(assignee="anna"), desks.ANNA)
    with pytest.raises(StaleError) as told:
        triage.change(database, [(A, 0)], Change(state="contained"), desks.BEN)
    assert (told.value.now["changed_by"], told.value.now["assignee"], told.value.now["version"]) == ("anna", "anna", 1)
    assert state(database, A) == ("new", "anna", "", "", 1)


def test_closing_needs_what_it_was_and_why(desk):
    database, _ = desk
    for wanted in (
        Change(state="closed"),
        Change(state="closed", disposition="benign"),
        Change(state="closed", disposition="benign", reason="  "),
    ):
        with pytest.raises(SourceError):
            triage.change(database, [(A, 0)], wanted, desks.ANNA)
    triage.change(database, [(A, 0)], Change("closed", None, "benign", "our own test"), desks.ANNA)
    assert state(database, A)[:4] == ("closed", "", "benign", "our own test")
    triage.change(database, [(A, 1)], Change(state="progress"), desks.ANNA)
    assert state(database, A)[:4] == ("progress", "", "", "")


@pytest.mark.parametrize(
    "wanted",
    [
        Change(state="gone"),
        Change(disposition="maybe"),
        Change(assignee="vera"),  # she only looks
        Change(assignee="nobody-knows"),
        Change(reason="x" * (triage.LONGEST_REASON + 1)),
    ],
)
def test_what_is_none_is_refused(desk, wanted):
    with pytest.raises(SourceError):
        triage.change(desk[0], [(A, 0)], wanted, desks.ANNA)
    assert state(desk[0], A)[4] == 0


def test_several_change_together_or_not_at_all(desk):
    database, _ = desk
    triage.change(database, [(B, 0)], Change(state="progress"), desks.BEN)
    with pytest.raises(StaleError):
        triage.change(database, [(A, 0), (B, 0)], Change(assignee="anna"), desks.ANNA)
    assert [state(database, one)[1] for one in (A, B)] == ["", ""]
    triage.change(database, [(A, 0), (B, 1)], Change(assignee="anna"), desks.ANNA)
    assert [state(database, one)[1] for one in (A, B)] == ["anna", "anna"]
    with pytest.raises(MissingError):
        triage.change(database, [("i000000000000", 0)], Change(state="closed"), desks.ANNA)


def test_comments_are_kept_as_text(desk):
    database, _ = desk
    triage.comment(database, A, " <script>\x00alert(1)</script>\ud800\nsecond ", desks.ANNA)
    assert [row["text"] for row in triage.comments(database, [A])] == ["<script>alert(1)</script>\nsecond"]
    for text in ("", " \n", "x" * (triage.LONGEST_COMMENT + 1)):
        with pytest.raises(SourceError):
            triage.comment(database, A, text, desks.ANNA)


def test_the_list_is_sorted_and_filtered(desk):
    database, _ = desk
    assert listed(database) == [C, B, A]
    assert listed(database, sort="latest") == [C, B, A]
    assert listed(database, severity="critical") == [C]
    assert listed(database, text="PC-0007.corp") == [C]
    assert listed(database, text=A) == [A]
    assert listed(database, text="the WEEK") == [C, B, A]
    assert listed(database, text="%") == []
    triage.change(database, [(C, 0)], Change("closed", "ben", "duplicate", "of A"), desks.ANNA)
    assert listed(database) == [B, A]
    assert listed(database, state="closed", disposition="duplicate", assignee="ben") == [C]
    assert triage.listed(database, Wanted(state=""), 1, 1)[1] == 3


def test_merged_incidents_are_told_under_the_gravest_and_come_apart_again(desk):
    database, _ = desk
    assert triage.merge(database, [A, B], desks.ANNA) == A  # as grave: the one that was open first
    assert triage.merge(database, [A, C], desks.ANNA) == C
    assert [triage.of(database, one)["merged_into"] for one in (A, B, C)] == [C, C, ""]
    assert listed(database) == [C]
    assert set(story.load(database, C, "en").parts) == {A, B, C}
    with pytest.raises(MissingError):
        triage.merge(database, [A, B], desks.ANNA)
    triage.unmerge(database, C, B, desks.BEN)
    assert listed(database) == [C, B]
    with pytest.raises(MissingError):
        triage.unmerge(database, C, B, desks.BEN)
    assert [one["action"] for one in triage.history(database, [B])] == ["incident.unmerge", "incident.merge"]


def test_a_split_is_kept_with_the_case_and_undone(desk):
    database, case = desk
    assert triage.split(database, A, ["g111111111111"], desks.ANNA) == case
    triage.split(database, A, ["g222222222222", "g111111111111"], desks.ANNA)
    assert database.one("SELECT apart FROM cases")["apart"] == "g111111111111 g222222222222"
    triage.unsplit(database, case, ["g111111111111"], desks.ANNA)
    assert database.one("SELECT apart FROM cases")["apart"] == "g222222222222"
    with pytest.raises(MissingError):
        triage.unsplit(database, case, ["g111111111111"], desks.ANNA)
    with pytest.raises(SourceError):
        triage.split(database, A, ["g1; DROP"], desks.ANNA)


def test_the_heir_of_an_incident_takes_what_people_did(desk):
    """A case that is investigated anew may give an incident another id: most of its evidence says which."""
    database, case = desk
    triage.change(database, [(A, 0)], Change(state="contained", assignee="ben"), desks.ANNA)
    triage.comment(database, A, "seen", desks.ANNA)
    triage.merge(database, [A, B], desks.ANNA)
    heir = "idddddddddddd"
    found = desks.result(
        [
            desks.incident(heir, desks.EVENTS[:2], desks.FINDINGS[:2]),
            desks.incident(B, desks.EVENTS[3:5], desks.FINDINGS[3:5]),
            desks.incident(C, desks.EVENTS[5:], desks.FINDINGS[5:], severity="critical"),
        ],
        desks.EVENTS,
        desks.FINDINGS,
    )
    index(database, case, found)
    assert state(database, heir)[:2] == ("contained", "ben")
    assert [row["text"] for row in triage.comments(database, [heir])] == ["seen"]
    assert triage.of(database, B)["merged_into"] == heir
    assert triage.history(database, [heir])[0]["detail"] == {"before": A, "shared": 4}


def test_an_incident_that_another_takes_in_leaves_it_its_comments(desk):
    database, case = desk
    triage.change(database, [(A, 0)], Change(state="progress"), desks.ANNA)
    triage.comment(database, B, "of B", desks.BEN)
    found = desks.result(
        [
            desks.incident(A, desks.EVENTS[:5], desks.FINDINGS[:5]),
            desks.incident(C, desks.EVENTS[5:], desks.FINDINGS[5:]),
        ],
        desks.EVENTS,
        desks.FINDINGS,
    )
    index(database, case, found)
    assert state(database, A)[0] == "progress"
    assert [row["text"] for row in triage.comments(database, [A])] == ["of B"]
    assert listed(database) == [C, A]


def test_what_was_told_under_one_that_is_gone_stands_by_itself(desk):
    database, case = desk
    triage.merge(database, [B, C], desks.ANNA)
    only = desks.result([desks.incident(B, desks.EVENTS[3:5], desks.FINDINGS[3:5])], desks.EVENTS, desks.FINDINGS)
    index(database, case, only)
    assert listed(database) == [B]


def test_the_same_investigation_twice_changes_nothing(desk):
    database, case = desk
    triage.change(database, [(A, 0)], Change(state="progress"), desks.ANNA)
    triage.merge(database, [B, C], desks.ANNA)
    before = [tuple(row) for row in database.all("SELECT * FROM triage ORDER BY incident")]
    index(database, case, desks.plain())
    assert [tuple(row) for row in database.all("SELECT * FROM triage ORDER BY incident")] == before
