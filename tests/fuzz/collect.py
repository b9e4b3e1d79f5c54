"""Keep the inputs of the analysers' tests as seeds for ``mutants.py``, so that there is one of every format.

    PYTHONPATH=tests/fuzz .venv/bin/python -m pytest -p collect --seeds DIR -q tests/analyzers
    .venv/bin/python tests/fuzz/mutants.py --count 100000 --folder DIR

The few tests that look at the analysers' own functions, or start them in a process of their own, fail under it.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sekisho.analyzers as registry
from sekisho.model.artifact import Artifact

PER_TEST = 2
"""Of one analyser; a mutation test shows it hundreds, all of one origin."""
MAX_BYTES = 256 * 1024


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask where to."""
    parser.addoption("--seeds", type=Path, help="folder that the analysers' inputs are written to")


class Collector:
    """Stands in for the decorator that registers analysers, and writes down what each is given."""

    def __init__(self, folder: Path) -> None:
        """Start with nothing kept."""
        self.folder = folder
        self.kept: Counter[tuple[str, str]] = Counter()
        self.test = ""

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Give the decorator, with which every analyser tells its input before it reads it."""

        def analyzer(name: str, **rest: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
            def register(run: Callable[..., Any]) -> Callable[..., Any]:
                @functools.wraps(run)
                def telling(artifact: Artifact, *others: Any, **more: Any) -> Any:
                    self.keep(name, artifact)
                    return run(artifact, *others, **more)

                return original(name, **rest)(telling)

            return register

        return analyzer

    def keep(self, name: str, artifact: Artifact) -> None:
        """Write one input, unless this test gave enough; its name is kept, since some formats are told by it."""
        key = (name, self.test)
        if not self.test or not 0 < len(artifact.data) <= MAX_BYTES or self.kept[key] >= PER_TEST:
            return
        self.kept[key] += 1
        place = self.folder / name / hashlib.sha256(artifact.data).hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        shown = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in artifact.name)[-80:]
        (place / (shown.lstrip(".") or "unnamed")).write_bytes(artifact.data)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        """Know which test is running."""
        self.test = item.nodeid.partition("[")[0]
        try:
            return (yield)
        finally:
            self.test = ""


def pytest_configure(config: pytest.Config) -> None:
    """Take the decorator's place before any test imports an analyser."""
    folder = config.getoption("--seeds")
    if folder is not None:
        collector = Collector(folder)
        registry.analyzer = collector.wrap(registry.analyzer)
        config.pluginmanager.register(collector, "seed-collector")
