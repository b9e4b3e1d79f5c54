"""``sekisho rules check``: what cannot run and what is doubtful, with file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.app import ruleset
from sekisho.app.rules import taxonomy
from sekisho.app.rules._show import Screen
from sekisho.app.rules._texts import Texts
from sekisho.app.rules.samples import find
from sekisho.detect import lint, rules
from sekisho.detect.lint import Problem
from sekisho.model.rule import Rule

NEEDS_SAMPLES = ("test", "stable")
EMPTY_BYTES = 3  # of a sample as `sekisho rules new` writes it
SEVERITIES = ("error", "warning")
Placeholders = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    rules: int
    """Rules looked at, those that cannot run included."""
    problems: tuple[Problem, ...]
    """By file and line."""


def check(
    paths: Sequence[str],
    *,
    samples: str = "",
    ignored: Collection[str] = (),
    placeholders: Placeholders | None = None,
    progress: Callable[[str, int, int, str], None] = lambda *_: None,
) -> Checked:
    """Check every rule below the paths.

    Args:
        paths: rule files and folders.
        samples: folder of hit and miss samples; empty when that is not to be checked.
        ignored: codes of problems to leave out.
        placeholders: values for names used with ``expand``.
        progress: told (stage, done, total, name).
    """
    texts, unreadable = ruleset.texts(paths)
    loaded = rules.load(_told(texts, "rules", progress), placeholders)
    found = [*lint.check(_told(texts, "check", progress), loaded, taxonomy.known()), *lint.errors(unreadable)]
    if samples:
        found += _unproven(loaded.rules, samples)
    kept = [one for one in found if one.code not in ignored]
    kept.sort(key=lambda one: (one.path, one.line, one.severity, one.code, one.values))
    return Checked(len(loaded) + len(loaded.failed) + len(unreadable), tuple(kept))


def _told(
    texts: Sequence[tuple[str, str]], stage: str, progress: Callable[[str, int, int, str], None]
) -> Iterator[tuple[str, str]]:
    for done, (path, text) in enumerate(texts, 1):
        progress(stage, done, len(texts), path)
        yield path, text


def _unproven(loaded: Sequence[Rule], samples: str) -> Iterator[Problem]:
    """Name the rules whose status needs samples that are not there."""
    for rule in loaded:
        if rule.status not in NEEDS_SAMPLES:
            continue
        folder, files = find(rule.path, Path(samples))
        for word in ("hit", "miss"):
            if not any(one.word == word and one.path.stat().st_size > EMPTY_BYTES for one in files):
                values = (("status", rule.status), ("word", word), ("folder", str(folder)))
                yield Problem(rule.path, rule.line, "warning", "sample_missing", values)


def render(checked: Checked, texts: Texts, screen: Screen) -> None:
    """Show the problems by file and line, then how many there are of each kind."""
    for one in checked.problems:
        place = f"{one.path}:{one.line}" if one.line else one.path
        severity = texts.get(f"check.severity.{one.severity}")
        screen.line(f"{place}: {severity}: {worded(one, texts)} [{one.code}]", "red" if one.severity == "error" else "")
    counted = Counter((one.severity, one.code) for one in checked.problems)
    if not counted:
        screen.line(texts.get("check.clean", rules=checked.rules))
        return
    screen.line()
    for severity in SEVERITIES:
        for (of, code), count in counted.most_common():
            if of == severity:
                screen.line(f"{count:7}  {texts.get(f'check.severity.{severity}')}  {code}")
    totals = Counter(one.severity for one in checked.problems)
    screen.line(texts.get("check.counts", rules=checked.rules, errors=totals["error"], warnings=totals["warning"]))


def worded(problem: Problem, texts: Texts) -> str:
    """Say one problem in words."""
    values = dict(problem.values)
    said = texts.get(f"problem.{problem.code}", **values)
    return f"{said}; {texts.get('problem.close', close=values['close'])}" if values.get("close") else said


def document(checked: Checked, texts: Texts) -> dict[str, Any]:
    """Give the result for other programs."""
    return {
        "schema": "sekisho-check/1",
        "rules": checked.rules,
        "problems": [
            {
                "path": one.path,
                "line": one.line,
                "severity": one.severity,
                "code": one.code,
                "text": worded(one, texts),
                "values": dict(one.values),
            }
            for one in checked.problems
        ],
    }
