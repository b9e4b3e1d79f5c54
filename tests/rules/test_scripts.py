"""Plain scripts in the manner of both kinds, read whole: what hostile ones do is suspicious, administrators' work is not."""

from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.examine import analyse
from sekisho.detect.verdict import judge
from sekisho.model.artifact import Artifact
from sekisho.model.limits import DEFAULT
from sekisho.normalize import artifacts

FOLDER = Path(__file__).parents[1] / "analyzers" / "scripts"
KNOWN = {
    "eval_regexp.vbs": "what a RegExp object replaces is not followed",
    "install_agent.ps1": "an installer that fetches and starts a package does what a loader does",
}
"""Sources that are judged wrongly, and why."""
SUSPICIOUS = 0.5


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([])


def sources(kind):
    """The sources of one file by name; a line ``=== name`` starts each."""
    parts = (FOLDER / f"{kind}.txt").read_text(encoding="utf-8").split("\n=== ")[1:]
    return {name: source for name, _, source in (part.partition("\n") for part in parts)}


def chance(name, source, rules):
    tree, queue = [], [Artifact(name, source.encode(), name)]
    while queue:
        examined = analyse(queue.pop(0), DEFAULT)
        tree.append(examined.analysis)
        queue += examined.children
    tree = artifacts.graded(tree)
    found = [finding for event in artifacts.events(tree, name) for finding in rules.match(event)]
    return judge(tree, found)[name].probability


@pytest.mark.parametrize("kind", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_whole_scripts_in_the_manner_of_both_kinds(kind, rules):
    hostile = kind.startswith("malicious")
    judged = {name: chance(name, source, rules) for name, source in sources(kind).items()}
    assert len(judged) >= 20
    wrong = {name for name, found in judged.items() if (found >= SUSPICIOUS) is not hostile}
    assert wrong == KNOWN.keys() & judged.keys()
