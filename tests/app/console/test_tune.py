"""False positives: what is proposed, what it would take out, written and taken back."""

import importlib.util
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sekisho.app.console import story, tune, tuning_file
from sekisho.app.console.database import Database
from sekisho.app.console.tune import Exclusion
from sekisho.detect import tuning
from sekisho.model.errors import SourceError

SPEC = importlib.util.spec_from_file_location("incident_desk", Path(__file__).with_name("incident_desk.py"))
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C

TODAY, RULE = date(2026, 11, 28), desks.FINDINGS[0].rule_id
IMAGE = ("Image", r"C:\Windows\System32\regsvr32.exe")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give a desk whose incident B was on another machine."""
    folder = tmp_path_factory.mktemp("desk")
    other = [desks.event(number, host="PC-0007.corp.example") for number in (20, 21)]
    events, findings = [*desks.EVENTS[:3], *other], [desks.finding(one) for one in (*desks.EVENTS[:3], *other)]
    found = desks.result(
        [desks.incident(A, events[:3], findings[:3]), desks.incident(B, other, findings[3:])], events, findings
    )
    desks.desk_with(folder, found)[0].database.close()
    return folder


@pytest.fixture
def database(made, tmp_path):
    shutil.copytree(made, tmp_path / "desk")
    database = Database(tmp_path / "desk")
    yield database
    database.close()


def test_what_all_findings_share_is_proposed(database):
    only = tune.proposals(story.load(database, A, "ja"), "ja")
    assert [(one.rule, one.title, one.count, one.host, one.user, one.values) for one in only] == [
        (RULE, "ローダを起動", 3, "PC-0142.corp.example", r"CORP\user01", (IMAGE,))
    ]


def test_what_differs_is_not_proposed(database):
    told = story.load(database, A, "en")
    key = told.incident["findings"][0]
    changed = {**told.findings[key], "host": "PC-9", "evidence": [{"field": "Image", "value": "other"}]}
    (only,) = tune.proposals(replace(told, findings={**told.findings, key: changed}), "en")
    assert (only.host, only.user, only.values) == ("", r"CORP\user01", ())


@pytest.mark.parametrize("value", ["", "x" * 400, "two\nlines", True, None, ["a"], {"a": 1}, "a\x00"])
def test_values_that_no_entry_can_hold_are_not_proposed(value):
    assert tune._usable({"field": "Image", "value": value}) is False
    assert tune._usable({"field": "a|re", "value": "x"}) is False


@pytest.mark.parametrize("value", ["a*b", "a?b", r"C:\x\*", r"\\share\c$", "\\\\\\", r"end\\", "plain", r"\*\?"])
def test_an_escaped_value_means_itself_alone(value):
    entry = Exclusion((RULE,), "why", None, values=(("Image", tune.escaped(value)),)).entry
    held = tuning.load([("t", tuning_file.worded(entry))], tune.RuleSet(()).rules, TODAY)
    assert held.entries[0].match.nodes[0].tests[0].text == value.casefold()


def test_the_effect_is_counted_before_anything_is_written(database):
    here = tune.effect(database, Exclusion((RULE,), "why", None, host="PC-0142.corp.example", values=(IMAGE,)), TODAY)
    assert (here.findings, here.of, here.incidents, here.emptied, here.outside) == (3, 5, ((A, 3, 3),), 1, 0)
    both = tune.effect(database, Exclusion((RULE,), "why", None, values=(IMAGE,)), TODAY)
    assert (both.findings, both.incidents, both.emptied) == (5, ((A, 3, 3), (B, 2, 2)), 2)
    none = tune.effect(database, Exclusion((RULE,), "why", None, host="PC-1"), TODAY)
    assert (none.findings, none.incidents) == (0, ())
    assert not tuning_file.text(database)


def test_an_exclusion_is_written_read_back_and_undone(database):
    wanted = Exclusion((RULE,), 'our "loader"\nticket 7', date(2027, 2, 1), "PC-0142.corp.example", "", (IMAGE,))
    tuning_file.place(database).write_text("# by hand\n- rule: any\n  host: LAB-*\n  reason: the lab\n")
    tune.exclude(database, A, wanted, desks.ANNA, TODAY)
    held = tuning.load([("t", tuning_file.text(database))], tune.stand_ins(database, [RULE]).rules, TODAY)
    assert [(one.reason, one.rules) for one in held.entries] == [
        ('our "loader" ticket 7', frozenset({RULE})),
        ("the lab", None),
    ]
    (kept,) = tune.excluded(database, A)
    assert (kept["who"], tune.excluded(database, B)) == ("anna", [])
    tune.include(database, A, kept["number"], desks.BEN)
    assert tuning_file.text(database) == "# by hand\n- rule: any\n  host: LAB-*\n  reason: the lab\n"
    with pytest.raises(SourceError):
        tune.include(database, A, kept["number"], desks.BEN)
    acts = [row["action"] for row in database.all("SELECT action FROM audit WHERE target = ? ORDER BY number", A)]
    assert acts == ["incident.exclude", "incident.include"]


@pytest.mark.parametrize(
    "wanted",
    [
        Exclusion((RULE,), "  ", None, host="a"),
        Exclusion((RULE,), "why", None),
        Exclusion((), "why", None, host="a"),
        Exclusion(("no-such-rule",), "why", None, host="a"),
        Exclusion((RULE,), "why", date(2026, 11, 27), host="a"),
        Exclusion((RULE,), "why", None, values=(("Image|nonsense", "a"),)),
        Exclusion((RULE,), "why", None, values=(("x: y", "a"),)),
    ],
)
def test_what_cannot_be_an_exclusion_writes_nothing(database, wanted):
    with pytest.raises(SourceError):
        tune.exclude(database, A, wanted, desks.ANNA, TODAY)
    assert not tuning_file.place(database).exists()
