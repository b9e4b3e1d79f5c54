"""Lab cases with server logs: every step is found where it was planted, and nothing worse than a hint anywhere else."""

from collections import defaultdict

import pytest

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.lab.corp import DOMAIN
from sekisho.app.lab.planted import read
from sekisho.app.pipeline import Options, investigate
from sekisho.model.organisation import Organisation

CONTEXT = {
    "exchange-hijack": set(),
    "qakbot-tr": {"download", "workbook", "link"},
}
"""Steps that no rule of the endpoint or the server finds alone: they only belong to what others find."""
HINTS = {"informational", "low"}


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


@pytest.mark.parametrize("name", CONTEXT)
def test_each_planted_step_is_found_and_nothing_else(name, tmp_path, rules, monkeypatch):
    folder = cases.make(name, tmp_path)
    monkeypatch.chdir(folder)
    keys = defaultdict(set)
    for one in read(folder):
        keys[one.source, one.record].add(one.key)
    result = investigate(["evidence"], rules, Options(jobs=2, organisation=Organisation(domains=frozenset({DOMAIN}))))
    found, elsewhere = set(), set()
    for one in result.findings:
        source = one.source.split(" » ")[0]
        shown = keys.get((source, one.record)) or keys.get((source, ""))
        if shown:
            found |= shown
        elif one.level not in HINTS:
            elsewhere.add((one.level, one.title, one.source, one.record))
    assert elsewhere == set()
    assert {key for shown in keys.values() for key in shown} - found <= CONTEXT[name]
