import time

import pytest

from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.retention import DAY_S, Policy, apply, choose, due, policy
from sekisho.model.errors import SourceError

NOW = time.time()


def old_case(desk, name, days, size=10):
    key = desk.cases.create(name, SYSTEM)
    desk.cases.add(key, "x", [name.encode() * size], SYSTEM)
    with desk.database.change() as base:
        base.execute("UPDATE cases SET changed_at = ? WHERE id = ?", (int(NOW - days * DAY_S), key))
    return key


def test_nothing_goes_until_somebody_says_so(desk):
    old_case(desk, "old", 9999)
    assert apply(desk.database, desk.cases, NOW) == 0


def test_old_cases_go_and_those_with_open_incidents_stay(desk):
    old = old_case(desk, "old", 31)
    old_case(desk, "new", 29)
    opened = desk.database.one("SELECT case_id FROM incidents")["case_id"]
    with desk.database.change() as base:
        base.execute("UPDATE cases SET changed_at = 0 WHERE id = ?", (opened,))
    assert due(desk.database, Policy(case_days=30), NOW) == [(old, "old")]
    with desk.database.change() as base:
        base.execute("UPDATE triage SET state = 'closed'")
    choose(desk.database, Policy(case_days=30), SYSTEM)
    assert apply(desk.database, desk.cases, NOW) == 2
    assert [row["name"] for row in desk.database.all("SELECT name FROM cases")] == ["new"]
    assert desk.database.count("SELECT count(*) FROM audit WHERE action = 'case.delete'") == 2


def test_the_longest_unchanged_go_until_the_rest_fits(desk):
    with desk.database.change() as base:
        base.execute("UPDATE files SET bytes = 0")
    oldest, older, _ = old_case(desk, "aaaa", 3, 100), old_case(desk, "bbbb", 2, 100), old_case(desk, "cccc", 1, 100)
    assert [key for key, _ in due(desk.database, Policy(case_bytes=800), NOW)] == [oldest]
    assert [key for key, _ in due(desk.database, Policy(case_bytes=799), NOW)] == [oldest, older]
    assert due(desk.database, Policy(case_bytes=1200), NOW) == []


def test_events_go_by_their_own_age(desk):
    from sekisho.app.store.state import State

    choose(desk.database, Policy(event_days=1), SYSTEM)
    with State(desk.settings.folder) as state:
        before = state.status()
    apply(desk.database, desk.cases, NOW)
    with State(desk.settings.folder) as state:
        after = state.status()
    assert after.rows <= before.rows
    assert after.last_ns == before.last_ns


def test_numbers_beyond_sense_are_refused(desk):
    for wrong in (Policy(case_days=-1), Policy(event_days=99_999), Policy(case_bytes=1 << 60)):
        with pytest.raises(SourceError):
            choose(desk.database, wrong, SYSTEM)
    assert policy(desk.database) == Policy()
