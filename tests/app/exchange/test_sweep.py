"""Sweeps find new indicators and rules in evidence and in results, and count what they saw."""

from pathlib import Path

import pytest

from sekisho.app.exchange import sweep
from sekisho.app.exchange.store import Store
from sekisho.model.indicator import Indicator
from sekisho.respond import document
from sekisho.respond.wording import Words

NOW = 1_790_000_000
RULE = """
title: Anything Mshta
id: 3f0dd6a6-97ea-4a9f-8e07-6cb0d0bb7c11
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\\mshta.exe'}, condition: selection}
level: high
"""


@pytest.fixture
def store(tmp_path):
    path = str(tmp_path / "i.db")
    with Store(path, write=True) as opened:
        opened.add(
            [
                Indicator("ip", "198.51.100.23", 90, until_at=NOW + 9, source="feed"),
                Indicator(
                    "sha256",
                    "116fe93eb50494a7f7d37d0bd26a760e71cfa9f9cd0a5148f03cbef2c0cf18ab",
                    90,
                    until_at=NOW + 9,
                    source="feed",
                ),
                Indicator("ip", "203.0.113.77", 90, until_at=NOW - 9, source="old"),
                Indicator("domain", "nowhere.example", 90, until_at=NOW + 9, source="feed"),
            ],
            NOW,
        )
    return path


@pytest.fixture
def result_file(lab_result, tmp_path):
    path = tmp_path / "r.json"
    path.write_bytes(document.dump(lab_result, Words("en", lab_result.findings)))
    return str(path)


def test_results_and_evidence_give_the_same_hits(store, result_file, lab_case, tmp_path):
    (tmp_path / "new.yml").write_text(RULE)
    told = sweep.run([result_file], store, [str(tmp_path / "new.yml")], now=NOW)
    values = {outcome.value for one in told.findings if (outcome := told.indicators.get(one.rule_id))}
    assert values == {"198.51.100.23", "116fe93eb50494a7f7d37d0bd26a760e71cfa9f9cd0a5148f03cbef2c0cf18ab"}
    assert {one.title for one in told.findings if one.rule_id not in told.indicators} == {"Anything Mshta"}
    logs = sweep.run([str(lab_case / "evidence" / "endpoint")], store, [], jobs=2, now=NOW)
    assert {one.record for one in logs.findings} <= {one.record for one in told.findings}
    assert logs.findings


def test_what_was_seen_is_counted_in_the_store_and_told(store, result_file):
    outcome = sweep.run([result_file], store, [], now=NOW)
    for _ in range(2):
        sweep.record(outcome.findings, outcome.indicators, store)
    with Store(store) as opened:
        counts = {one.value: one.sightings for one in opened.all()}
    assert counts["198.51.100.23"] == 1
    assert counts["nowhere.example"] == 0
    lines = sweep.told(outcome, Words("ja", outcome.findings))
    assert any("198.51.100[.]23" in line and "既知の悪性アドレス" in line for line in lines)
    assert "指標 3 件" in lines[-1]


def test_a_result_that_is_cut_off_costs_only_itself(store, result_file, tmp_path):
    cut = tmp_path / "cut.json"
    with open(result_file, "rb") as file:
        cut.write_bytes(file.read(9_000))
    outcome = sweep.run([str(cut), result_file], store, [], now=NOW)
    assert [one.path for one in outcome.unread] == [str(cut)]
    assert outcome.findings
    assert any("cut.json" in line for line in sweep.told(outcome, Words("en")))


def test_a_rule_that_cannot_run_is_named(result_file, tmp_path):
    (tmp_path / "bad.yml").write_text("title: x\nlogsource: {}\ndetection: {condition: nothing}\n")
    outcome = sweep.run([result_file], "", [str(tmp_path / "bad.yml")])
    assert len(outcome.failed) == 1
    assert outcome.findings == []


SILENT = """
title: Regsvr32 Of Any Kind
id: 3f0dd6a6-97ea-4a9f-8e07-6cb0d0bb7c12
name: any_regsvr32
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\\regsvr32.exe'}, condition: selection}
level: low
---
title: Several Regsvr32
id: 3f0dd6a6-97ea-4a9f-8e07-6cb0d0bb7c13
correlation:
  type: event_count
  rules: [any_regsvr32]
  group-by: [Computer]
  timespan: 30d
  condition: {gte: 2}
level: high
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory, lab_case):
    from sekisho.app.cli import main

    folder = tmp_path_factory.mktemp("data") / "store"
    assert main(["ingest", str(lab_case / "evidence"), "--data", str(folder), "--quiet"]) == 1
    return folder


def test_a_store_of_events_gives_what_evidence_gives_and_counts_it_once(store, data, lab_case, tmp_path):
    (tmp_path / "new.yml").write_text(RULE)
    rules = [str(tmp_path / "new.yml")]
    evidence = sweep.run([str(lab_case / "evidence")], store, rules, jobs=2, now=NOW)
    taken, told = [], []

    def keep(found, indicators):
        taken.extend(found)
        sweep.record(found, indicators, store)

    kept = sweep.Kept(Path(data), lambda *one: told.append(one))
    for _ in range(2):
        taken.clear()
        outcome = sweep.run([], store, rules, now=NOW, kept=kept, keep=keep)
        assert {one.id for one in taken} == {one.id for one in evidence.findings}
        assert outcome.total == len(taken) == len({one.id for one in taken})
    assert told
    assert not outcome.unread
    assert {key: one.count for key, one in outcome.groups.items()} == {
        key: one.count for key, one in evidence.groups.items()
    }
    with Store(store) as opened:
        seen = {one.value: one.sightings for one in opened.all()}
    assert seen["198.51.100.23"] == sum(
        outcome.indicators[one.rule_id].value == "198.51.100.23" for one in taken if one.rule_id in outcome.indicators
    )
    both = sweep.run([str(lab_case / "evidence")], store, rules, jobs=2, now=NOW, kept=kept)
    assert both.total == outcome.total


def test_correlations_join_what_a_store_holds(data, tmp_path, monkeypatch):
    (tmp_path / "c.yml").write_text(SILENT)
    taken = []
    kept = sweep.Kept(Path(data))
    outcome = sweep.run([], "", [str(tmp_path / "c.yml")], kept=kept, keep=lambda found, _: taken.extend(found))
    assert not outcome.failed
    assert {one.title for one in taken} == {"Several Regsvr32"}, "a rule that only feeds a correlation is not told"
    monkeypatch.setattr(sweep, "HITS", 1)
    outcome = sweep.run([], "", [str(tmp_path / "c.yml")], kept=kept)
    assert outcome.total == 0
    assert "a limit was reached" in sweep.told(outcome, Words("en"))[-2]
