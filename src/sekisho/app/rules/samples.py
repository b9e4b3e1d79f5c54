"""Samples of rules, where they lie and what is in them: events a rule must match and events it must not.

Three layouts are read. Ours: ``<samples>/<folder of the rule>/<name>/{hit,miss}*`` with JSON (one event or a list, in
Sigma's field names) or logs. Beside the rule: ``<name>/{hit,miss}*``. SigmaHQ's: ``regression_tests_path`` of the rule
names an ``info.yml`` with logs and how often the rule must match in each.

``{hit,miss}*.timeline.json`` are samples of a correlation: the events of one story with their times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.detect import rules
from sekisho.model.errors import RuleError

WORDS = ("hit", "miss")
TIMELINE = ".timeline.json"
INFO_BYTES = 1024 * 1024


class AbsentError(RuleError):
    """Samples that a rule names are not there."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of events."""

    path: Path
    word: str
    """``hit`` or ``miss``."""
    wanted: int | None = None
    """How many events must match; None: for a hit all of a JSON file or one of a log, for a miss none."""

    @property
    def is_timeline(self) -> bool:
        """Tell whether it is about a correlation."""
        return self.path.name.endswith(TIMELINE)


def find(rule: str, folder: Path) -> tuple[Path, list[Sample]]:
    """Give the folder where a rule's samples belong and those that are there.

    Args:
        rule: path of the rule's file.
        folder: the root of all samples.

    Returns:
        The folder may be missing; samples in name order.
    """
    parts = Path(rule).absolute().with_suffix("").parts
    places = [folder.joinpath(*parts[at:]) for at in range(1, len(parts))]
    place = next((one for one in places if one.is_dir()), folder.joinpath(*parts[-2:]))
    return place, _in(place)


def beside(rule: str) -> list[Sample]:
    """Give the samples in the folder that stands beside a rule under its name."""
    return _in(Path(rule).with_suffix(""))


def _in(folder: Path) -> list[Sample]:
    if not folder.is_dir():
        return []
    found = [(path, path.name.split(".")[0].rstrip("0123456789_-")) for path in sorted(folder.iterdir())]
    return [Sample(path, word) for path, word in found if word in WORDS and path.is_file()]


def regression(rule: str, document: Any) -> Iterator[Sample]:
    """Give the samples that a rule names in ``regression_tests_path``.

    Raises:
        AbsentError: they are not there: SigmaHQ's releases come without them.
        RuleError: ``info.yml`` cannot be read.

    Source: SigmaHQ, ``tests/regression_tests_runner.py``: paths are from the root of the repository.
    """
    named = document.get("regression_tests_path") if isinstance(document, dict) else None
    if not isinstance(named, str):
        return
    root = next((one for one in Path(rule).absolute().parents if (one / named).is_file()), None)
    if root is None:
        raise AbsentError(named, rule, document.line_of("regression_tests_path"))
    info = root / named
    text = info.read_bytes()[:INFO_BYTES].decode("utf-8", "replace")
    for one in rules.rule_documents(str(info), text):
        tests = one.get("regression_tests_info") if isinstance(one, dict) else None
        for test in tests if isinstance(tests, list) else ():
            where = test.get("path") if isinstance(test, dict) else None
            if not isinstance(where, str) or not _inside(root, where):
                raise RuleError("a test has no path inside the repository", str(info))
            count = test.get("match_count")
            yield Sample(root / where, "hit", count if isinstance(count, int) else None)


def _inside(root: Path, where: str) -> bool:
    return (root / where).resolve().is_relative_to(root.resolve())
