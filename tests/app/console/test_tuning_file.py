"""The console's tuning file: what is written is read back, and nobody overwrites what they did not see."""

from datetime import date

import pytest

from sekisho.app.console import tuning_file
from sekisho.app.console.audit import Actor
from sekisho.app.console.database import Database
from sekisho.app.console.tuning_file import ChangedError, New
from sekisho.detect import rules
from sekisho.model.errors import SourceError

ANNA = Actor("anna", "127.0.0.1")
RULE = """title: {title}
id: {id}
status: test
logsource: {{product: windows, category: process_creation}}
detection: {{selection: {{Image|endswith: '\\a.exe'}}, condition: selection}}
level: high
"""
FIRST, SECOND = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
LOADED = rules.load([(f"{id}.yml", RULE.format(title=f"Rule {id[-1]}", id=id)) for id in (FIRST, SECOND)])


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path)


def entries(database):
    return [(one.action, one.level, sorted(one.rules or ()), one.reason) for one in held(database).entries]


def held(database):
    return tuning_file.read(database, LOADED, date(2026, 1, 1))


def test_an_entry_is_read_back_as_it_was_meant(database):
    tuning_file.add(database, ANNA, New((FIRST,), "too loud", action="disable"), LOADED)
    tuning_file.add(database, ANNA, New((SECOND,), "known", level="low", hosts=("PC-*", "DC-1")), LOADED)
    assert entries(database) == [("level", "low", [SECOND], "known"), ("disable", "", [FIRST], "too loud")]
    assert [row["action"] for row in database.all("SELECT action FROM audit")] == ["tuning.add", "tuning.add"]


@pytest.mark.parametrize(
    "reason",
    ["it's", 'a "quote"', "- rule: x\n  action: disable", "ends with \\", "a: b # c", "x\u2028\x85y", "日本語\t"],
)
def test_no_value_becomes_another_entry(database, reason):
    match = {"CommandLine|contains": (reason, "{x}")}
    tuning_file.add(database, ANNA, New((FIRST,), reason, match=match, until=date(2026, 5, 1)), LOADED)
    (one,) = held(database).entries
    assert (one.reason, one.until) == (reason.strip(), date(2026, 5, 1))
    assert not held(database).failed


def test_entries_that_say_where_come_first_and_comments_stay(database):
    tuning_file.replace(database, ANNA, f"# ours\n- rule: {FIRST}\n  reason: all\n", LOADED, "")
    tuning_file.add(database, ANNA, New((FIRST,), "one host", level="low", users=("bob",)), LOADED)
    assert tuning_file.text(database).startswith("# ours\n- rule:")
    assert [one[3] for one in entries(database)] == ["one host", "all"]


def test_an_entry_is_taken_out_and_an_empty_file_goes(database):
    tuning_file.replace(
        database, ANNA, f"- rule: {FIRST}\n  reason: a\n# b\n- rule: {SECOND}\n  reason: b\n", LOADED, ""
    )
    tuning_file.remove(database, ANNA, 1, LOADED, tuning_file.digest(tuning_file.text(database)))
    assert tuning_file.text(database) == f"# b\n- rule: {SECOND}\n  reason: b\n"
    tuning_file.remove(database, ANNA, 1, LOADED, "")
    assert not tuning_file.place(database).exists()


def test_nobody_writes_over_what_they_did_not_see(database):
    seen = tuning_file.digest(tuning_file.text(database))
    tuning_file.add(database, ANNA, New((FIRST,), "a"), LOADED, seen)
    with pytest.raises(ChangedError):
        tuning_file.add(database, ANNA, New((SECOND,), "b"), LOADED, seen)
    assert len(entries(database)) == 1


@pytest.mark.parametrize(
    "new",
    [
        New(("nobody",), "a"),
        New(("any",), "a"),
        New((FIRST,), ""),
        New((FIRST,), "a", level="loud"),
        New((FIRST,), "a", action="disable", hosts=("x",)),
        New((), "a"),
        New((FIRST,), "a" * 3000),
    ],
)
def test_what_cannot_be_used_is_not_written(database, new):
    with pytest.raises(SourceError):
        tuning_file.add(database, ANNA, new, LOADED)
    assert not tuning_file.place(database).exists()
    assert not database.all("SELECT * FROM audit")


def test_a_file_in_another_form_is_only_changed_as_a_whole(database):
    tuning_file.replace(database, ANNA, f"  - rule: {FIRST}\n    reason: a\n", LOADED, "")
    with pytest.raises(SourceError, match="as a whole"):
        tuning_file.add(database, ANNA, New((SECOND,), "b"), LOADED)
    assert len(entries(database)) == 1
