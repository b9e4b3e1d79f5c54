"""``sekisho sweep``: what was learnt today is looked for in what was collected before.

Evidence is read as ``investigate`` reads it; results of earlier runs give the events and artifacts that they hold.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.app import ruleset
from sekisho.app.exchange import results
from sekisho.app.exchange.store import Store
from sekisho.app.pipeline import Options, investigate
from sekisho.detect import rules
from sekisho.detect.indicators import Index, rule_of
from sekisho.detect.ruleset import RuleSet
from sekisho.model.artifact import SEPARATOR, Analysis
from sekisho.model.errors import SourceError
from sekisho.model.event import Event
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.indicator import Indicator
from sekisho.model.result import Input, Result
from sekisho.normalize import artifacts
from sekisho.respond.wording import Words

SHOWN = 100
"""Indicators and rules told on the screen; all are in ``--out``."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    findings: list[Finding] = field(default_factory=list)
    """In the order of their sources and records."""
    indicators: dict[str, Indicator] = field(default_factory=dict)
    """By the id under which their findings stand."""
    events: int = 0
    rules: int = 0
    unread: list[Input] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of rules that cannot run."""


def run(
    paths: Sequence[str], store: str, rule_paths: Sequence[str], *, jobs: int = 1, now: int | None = None
) -> Outcome:
    """Look for the indicators of a store and for rules in evidence and results.

    Args:
        paths: evidence and result documents, mixed.
        store: of indicators; empty for none.
        rule_paths: rule files and folders; our own rules are not run again.
        jobs: worker processes.
        now: UTC seconds that decide what is old; the clock's where None.

    Raises:
        SourceError: there is no such store.
    """
    active: list[Indicator] = []
    if store:
        with Store(store) as opened:
            active = opened.active(int(time.time()) if now is None else now)
    index = Index(active)
    index.ready()
    texts, unreadable = ruleset.texts(rule_paths)
    known = rules.load(texts).looking_for(index)
    outcome = Outcome(indicators={rule_of(one): one for one in active}, rules=len(known) + len(known.correlations))
    outcome.failed = [(one.path, one.reason) for one in (*known.failed, *unreadable)]
    evidence: list[str] = []
    for path in paths:
        if not (Path(path).is_file() and results.is_result(path)):
            evidence.append(path)
            continue
        try:
            _result(results.read(path), known, outcome)
        except SourceError as error:
            outcome.unread.append(Input(path, "result", 0, error.reason, failed=True))
    if evidence:
        found = investigate(evidence, known, Options(jobs=jobs))
        outcome.findings += found.findings
        outcome.events += sum(one.records for one in found.inputs)
        outcome.unread += [one for one in found.inputs if one.failed]
    unique = {one.id: one for one in outcome.findings}
    outcome.findings = sorted(unique.values(), key=lambda one: (one.source, one.record, one.rule_id))
    return outcome


def _result(result: Result, known: RuleSet, outcome: Outcome) -> None:
    for event in _events(result):
        outcome.events += 1
        outcome.findings += known.match(event)


def _events(result: Result) -> Iterator[Event]:
    """Give the events that a result holds, and those of its files and mails."""
    yield from result.events
    seen = {one.id for one in result.events}
    trees: dict[str, list[Analysis]] = defaultdict(list)
    by_address = {one.address: one for one, _ in result.artifacts}
    for one, _ in result.artifacts:
        root = one
        for _ in range(100):
            parent = by_address.get(root.artifact.parent or "")
            if parent is None:
                break
            root = parent
        trees[root.address].append(one)
    for address, tree in trees.items():
        for event in artifacts.events(tree, address.partition(SEPARATOR)[0]):
            if event.id not in seen:
                yield event


def record(outcome: Outcome, store: str) -> None:
    """Count in the store what was seen.

    Raises:
        SourceError: it cannot be written.
    """
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    for one in outcome.findings:
        indicator = outcome.indicators.get(one.rule_id)
        if indicator is not None:
            key = indicator.kind, indicator.value
            count, last = seen.get(key, (0, 0))
            seen[key] = count + 1, max(last, (one.time_ns or 0) // 1_000_000_000)
    with Store(store, write=True) as opened:
        opened.sighted(seen)


def told(outcome: Outcome, words: Words) -> list[str]:
    """Give lines for the screen: by indicator and rule, gravest first, then what could not be read."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for one in outcome.findings:
        groups[one.rule_id].append(one)
    order = sorted(groups.values(), key=lambda group: (-LEVELS.index(group[0].level), -len(group), group[0].rule_id))
    lines = [_line(group, outcome.indicators.get(group[0].rule_id), words) for group in order[:SHOWN]]
    if len(order) > SHOWN:
        lines.append(words.get("export.more", count=len(order) - SHOWN))
    unread = [(one.path, one.skipped or "") for one in outcome.unread] + outcome.failed
    lines += [words.get("sweep.unread", path=path, reason=reason) for path, reason in unread[:SHOWN]]
    counts = {"events": outcome.events, "indicators": len(outcome.indicators), "rules": outcome.rules}
    lines.append(words.get("sweep.summary", findings=len(outcome.findings), **counts))
    return lines


def _line(group: Sequence[Finding], indicator: Indicator | None, words: Words) -> str:
    times = [one.time_ns for one in group if one.time_ns is not None]
    hosts = list(dict.fromkeys(one.host for one in group if one.host))
    source, place = group[0].source, group[0].record
    facts = {
        "times": len(group),
        "hosts": words.listed(hosts) if hosts else words.get("sweep.no_host"),
        "first": words.time(min(times, default=None), date=True) or "-",
        "last": words.time(max(times, default=None), date=True) or "-",
        "place": place if place.startswith(source) else f"{source}#{place}",
        "title": group[0].title_in(words.language),
        "level": words.word("severity", group[0].level),
    }
    if indicator is None:
        return words.get("sweep.rule", **facts)
    return words.get("sweep.hit", what=facts.pop("title"), value=indicator.value, source=indicator.source, **facts)
