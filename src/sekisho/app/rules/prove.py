"""``sekisho rules test``: each rule against its hit and miss samples, and why a hit is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.app import ruleset
from sekisho.app.rules import _events, _timeline, explain, samples
from sekisho.app.rules._show import Screen
from sekisho.app.rules._texts import Texts
from sekisho.app.rules.samples import AbsentError, Sample
from sekisho.detect import pipelines, rules
from sekisho.detect.compiled import Compiled
from sekisho.detect.correlations import Correlation
from sekisho.detect.near_miss import distance, explain_why, names_of
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError, SourceError
from sekisho.model.event import Event
from sekisho.model.rule import Rule

Placeholders = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sample file, or one event of a JSON sample."""

    sample: Sample
    record: str
    """Of the event; empty for a log as a whole."""
    passed: bool
    code: str = ""
    """Key of the text that says what is wrong or odd."""
    values: tuple[tuple[str, Any], ...] = ()
    why: explain.Explained | None = None
    """The event that should match, or the one that comes nearest."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One rule and what its samples say."""

    path: str
    """With the line of the mistake for a rule that cannot run."""
    rule: Rule | Correlation | None
    """None for a rule that cannot run."""
    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    absent: str = ""
    """What the rule names as its samples and is not there."""

    @property
    def passed(self) -> bool:
        """Tell whether nothing failed."""
        return not self.error and all(one.passed for one in self.outcomes)

    def count(self, word: str) -> str:
        """Give how many of the hits or misses passed, like ``2/3``."""
        of = [one for one in self.outcomes if one.sample.word == word]
        return f"{sum(one.passed for one in of)}/{len(of)}" if of else "-"


def prove(
    paths: Sequence[str],
    *,
    folder: str = "",
    placeholders: Placeholders | None = None,
    fitted: Sequence[str] = (),
    progress: Callable[[str, int, int, str], None] = lambda *_: None,
) -> list[Proof]:
    """Run every rule below the paths against its samples, in the order of the files.

    Args:
        paths: rule files and folders.
        folder: of samples; empty for those beside the rules only.
        placeholders: values for names used with ``expand``.
        fitted: pipelines, files or names of our own, that fit the rules to our events.
        progress: told (stage, done, total, name).
    """
    texts, unreadable = ruleset.texts(paths)
    loaded = rules.load(texts, placeholders, pipelines.load(ruleset.pipeline_texts(fitted)))
    by_path: dict[str, list[Compiled]] = {}
    for one in loaded.compiled:
        by_path.setdefault(one.rule.path, []).append(one)
    proofs = [_broken(one, None) for one in (*unreadable, *loaded.failed)]
    for done, (path, text) in enumerate(texts, 1):
        progress("test", done, len(texts), path)
        documents = {getattr(one, "line", 0): one for one in _documents(path, text)} if path in by_path else {}
        proofs += [_proof(one, documents.get(one.rule.line), folder) for one in by_path.get(path, ())]
    proofs += [_correlated(one, loaded, folder) for one in loaded.correlations]
    return sorted(proofs, key=lambda one: one.path)


def _broken(error: RuleError, rule: Rule | None) -> Proof:
    place = f"{error.path}:{error.line}" if error.line else error.path
    return Proof(rule.path if rule else place, rule, error=error.reason)


def _documents(path: str, text: str) -> list[Any]:
    try:
        return list(rules.rule_documents(path, text))
    except RuleError:
        return []


def _proof(compiled: Compiled, document: Any, folder: str) -> Proof:
    rule = compiled.rule
    found = [*(samples.find(rule.path, Path(folder))[1] if folder else []), *samples.beside(rule.path)]
    absent = ""
    try:
        found += samples.regression(rule.path, document)
    except AbsentError as error:
        absent = error.reason
    except RuleError as error:
        return _broken(error, rule)
    names = names_of(compiled.tree, document.get("detection") or {}) if isinstance(document, dict) else {}
    check = _Check(compiled, names)
    outcomes = (outcome for one in found if not one.is_timeline for outcome in check.outcomes(one))
    return Proof(rule.path, rule, tuple(outcomes), absent=absent)


def _correlated(one: Correlation, loaded: RuleSet, folder: str) -> Proof:
    """Try a correlation on the timelines of its file, which are about what no other correlation there builds on."""
    joined = {rule for other in loaded.correlations if other.path == one.path for rule in other.rules}
    tops = [other for other in loaded.correlations if other.path == one.path and other.id not in joined]
    if one is not min(tops, key=lambda other: other.line, default=None):
        return Proof(one.path, one)
    found = [*(samples.find(one.path, Path(folder))[1] if folder else []), *samples.beside(one.path)]
    return Proof(one.path, one, tuple(_timed(one, loaded, sample) for sample in found if sample.is_timeline))


def _timed(one: Correlation, loaded: RuleSet, sample: Sample) -> Outcome:
    try:
        matched = _timeline.found(one, loaded, sample.path)
    except SourceError as error:
        return Outcome(sample, "", passed=False, code="test.unreadable", values=(("reason", error.reason),))
    passed = matched == (sample.word == "hit")
    return Outcome(sample, "", passed, "" if passed else "test.match" if matched else "test.no_match")


class _Check:
    """One rule on its samples, through the engine that finds in earnest."""

    def __init__(self, compiled: Compiled, names: Mapping[int, str]) -> None:
        self.compiled, self.names = compiled, names
        self.alone = RuleSet([compiled])

    def outcomes(self, sample: Sample) -> Iterator[Outcome]:
        """Judge one sample file: event by event for JSON of ours, as a whole for logs."""
        notes: list[str] = []
        try:
            if sample.path.suffix == ".json" and sample.wanted is None:
                yield from self._each(sample, notes)
            else:
                yield self._whole(sample, notes)
        except SourceError as error:
            yield Outcome(sample, "", passed=False, code="test.unreadable", values=(("reason", error.reason),))
        for note in notes:
            yield Outcome(sample, "", passed=False, code="test.unreadable", values=(("reason", note),))

    def _each(self, sample: Sample, notes: list[str]) -> Iterator[Outcome]:
        for event in _events.read(str(sample.path), self.compiled.rule.logsource, notes):
            matched = bool(self.alone.match(event))
            passed = matched == (sample.word == "hit")
            code = "" if passed else "test.match" if matched else "test.no_match"
            yield Outcome(sample, event.record, passed, code, why=None if passed else self._explained(event))

    def _whole(self, sample: Sample, notes: list[str]) -> Outcome:
        count, first, near, far = 0, None, None, 1 << 30
        for event in _events.read(str(sample.path), self.compiled.rule.logsource, notes):
            if self.alone.match(event):
                count += 1
                first = first or event
            elif not count and self.compiled.rule.logsource.reads(event.logsource):
                away = distance(self.compiled.tree, event.fields)
                if away < far:
                    near, far = event, away
        if sample.word == "miss":
            why = self._explained(first) if first else None
            return Outcome(sample, "", not count, "test.match" if count else "", why=why)
        wanted = 1 if sample.wanted is None else sample.wanted
        values = (("found", count), ("wanted", wanted))
        if count < wanted:
            why = self._explained(near) if near and not count else None
            return Outcome(sample, "", passed=False, code="test.too_few", values=values, why=why)
        # More than a public rule's author counted is no fault of the rule; SigmaHQ's own runner says the same.
        odd = sample.wanted is not None and count > wanted
        return Outcome(sample, "", passed=True, code="test.too_many" if odd else "", values=values if odd else ())

    def _explained(self, event: Event) -> explain.Explained:
        routed = self.compiled.rule.logsource.reads(event.logsource)
        return explain.Explained(event, explain_why(self.compiled.tree, event.fields, self.names), routed)


def render(proofs: Sequence[Proof], texts: Texts, screen: Screen) -> None:
    """Show a table of the rules that have samples, then why each failed."""
    tested = [one for one in proofs if one.outcomes or one.error]
    heads = [texts.get(f"test.{name}") for name in ("rule", "hits", "misses", "result")]
    rows = [
        (
            one.rule.title if one.rule else one.path,
            one.count("hit"),
            one.count("miss"),
            texts.get("test.passed" if one.passed else "test.failed"),
        )
        for one in tested
    ]
    if rows:
        screen.table(heads, rows, right=(1, 2))
    for one in tested:
        if one.error or any(outcome.code for outcome in one.outcomes):
            _odd(one, texts, screen)
    passed = sum(one.passed for one in tested)
    counts = {"tested": len(tested), "passed": passed, "failed": len(tested) - passed}
    screen.line()
    screen.line(texts.get("test.counts", without=len(proofs) - len(tested), **counts))
    if absent := [one.absent for one in proofs if one.absent]:
        screen.line(texts.get("test.absent", count=len(absent), path=absent[0]))


def _odd(proof: Proof, texts: Texts, screen: Screen) -> None:
    """Show what is wrong or odd about one rule."""
    screen.line()
    screen.line(proof.rule.title if proof.rule else proof.path, "bold")
    if proof.error:
        screen.line("  " + texts.get("test.cannot_run", reason=proof.error), "red")
    for one in proof.outcomes:
        if not one.code:
            continue
        place = f"{one.sample.path}#{one.record}" if one.record else str(one.sample.path)
        said = texts.get(one.code, **dict(one.values))
        screen.line(f"  {place}: {said}", "" if one.passed else "red")
        if one.why is not None and isinstance(proof.rule, Rule):
            explain.show(proof.rule, one.why, texts, screen)


def document(proofs: Sequence[Proof], texts: Texts) -> dict[str, Any]:
    """Give the outcomes for other programs."""
    return {
        "schema": "sekisho-rules-test/1",
        "rules": [
            {
                "path": one.path,
                "id": one.rule.id if one.rule else "",
                "title": one.rule.title if one.rule else "",
                "passed": one.passed,
                "error": one.error,
                "absent": one.absent,
                "samples": [
                    {
                        "path": str(outcome.sample.path),
                        "record": outcome.record,
                        "word": outcome.sample.word,
                        "passed": outcome.passed,
                        "text": texts.get(outcome.code, **dict(outcome.values)) if outcome.code else "",
                        "condition": explain.tree(outcome.why.explanation.root) if outcome.why else None,
                    }
                    for outcome in one.outcomes
                ],
            }
            for one in proofs
        ],
    }
