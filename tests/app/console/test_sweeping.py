"""A sweep finds what is stored, is begun anew when it was ended, and keeps what it found."""

import orjson
import pytest

from sekisho.app.console import indicators, rulebook, sweeping
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.jobs import Jobs
from sekisho.app.exchange.store import Terms
from sekisho.app.store.ingest import Keeper
from sekisho.app.store.state import State
from sekisho.model.errors import SekishoError
from sekisho.model.event import Event, Logsource
from sekisho.model.result import Input
from tests.app.web.small_desk import desk_with

RULE = """title: Any Query
id: 00000000-0000-4000-8000-00000000000a
status: test
logsource: {product: windows, category: dns_query}
detection: {selection: {QueryName|endswith: '.example'}, condition: selection}
level: high
"""


@pytest.fixture
def desk(tmp_path):
    desk, _ = desk_with(tmp_path)
    with State(tmp_path, write=True) as state:
        keeper = Keeper(state, [("c1/log", "0" * 64, 10)])
        names = ("www.evil.example", "good.example", "\ud800.evil.example")
        events = [
            Event(
                Logsource("windows", "dns_query", ""), {"QueryName": name}, 10**18 + at, "PC-1", "", "c1/log", str(at)
            )
            for at, name in enumerate(names)
        ]
        keeper.take("c1/log", keeper.pack(events))
        keeper.finish(Input("c1/log", "jsonl", 3))
        keeper.close()
    return desk


def swept(desk, **wanted):
    key = sweeping.ask(desk.database, SYSTEM, **wanted)
    job = Jobs(desk.database).begin()
    for _ in range(2):  # killed and begun anew
        sweeping.run(desk.database, job, lambda *_: None)
    row = desk.database.one("SELECT * FROM sweeps WHERE id = ?", key)
    hits = desk.database.all("SELECT * FROM sweep_hits WHERE sweep = ? ORDER BY number", key)
    return row, orjson.loads(row["summary"]), hits


def test_indicators_are_found_with_their_place(desk):
    indicators.add(desk.database, SYSTEM, "evil.example", Terms(2_000_000_000, exercise=True, source="CSIRT"))
    row, summary, hits = swept(desk, known=True, rules=False)
    assert (row["total"], len(hits), summary["events"]) == (2, 2, 3)
    assert [(one["value"], one["count"], one["hosts"]) for one in summary["groups"]] == [("evil.example", 2, ["PC-1"])]
    assert {hit["record"] for hit in hits} == {"0", "2"}


def test_added_rules_are_found(desk):
    rulebook.keep(desk.database, SYSTEM, "any.yml", RULE)
    row, summary, hits = swept(desk, known=True, rules=True)
    assert row["total"] == len(hits) == 3
    assert summary["groups"][0]["titles"]["en"] == "Any Query"


def test_a_sweep_for_nothing_is_refused(desk):
    with pytest.raises(SekishoError):
        sweeping.ask(desk.database, SYSTEM, known=True, rules=True)
