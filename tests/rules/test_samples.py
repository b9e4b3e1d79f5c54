"""Every rule of ours matches each of its hit samples and none of its miss samples."""

import json
from pathlib import Path

import pytest
import yaml

from sekisho.app import ruleset
from sekisho.app.rules.prove import prove
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

ROOT = Path(__file__).parents[2]
CORRELATIONS = sorted((ROOT / "rules" / "correlation").glob("*.yml"))
RULES = sorted(set((ROOT / "rules").rglob("*.yml")) - set(CORRELATIONS))
SAMPLES = Path(__file__).parent


def samples(rule, word):
    folder = SAMPLES / rule.relative_to(ROOT / "rules").with_suffix("")
    return [event for path in sorted(folder.glob(f"{word}*.json")) for event in json.loads(path.read_text())]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rule_tells_hits_from_misses(path):
    loaded = load([(str(path), path.read_text())])
    assert not loaded.failed
    (rule,) = loaded.rules
    hits, misses = samples(path, "hit"), samples(path, "miss")
    assert hits, "a rule needs a hit sample"
    assert misses, "a rule needs a miss sample"
    for number, fields in enumerate(hits):
        (found,) = loaded.match(Event(rule.logsource, fields, record=str(number)))
        assert found.rule_id == rule.id
        assert found.evidence
    for fields in misses:
        assert not loaded.match(Event(rule.logsource, fields)), fields


def test_correlations_tell_hits_from_misses():
    proofs = prove([str(ROOT / "rules")], folder=str(SAMPLES))
    tried = {Path(one.path): one for one in proofs if one.rule and Path(one.path) in CORRELATIONS and one.outcomes}
    assert sorted(tried) == CORRELATIONS
    for path, one in tried.items():
        assert one.passed, [str(outcome.sample.path) for outcome in one.outcomes if not outcome.passed]
        assert "-" not in (one.count("hit"), one.count("miss")), path


def test_every_sample_folder_has_a_rule():
    for folder in {path.parent for path in SAMPLES.rglob("*.json")}:
        assert (ROOT / "rules" / folder.relative_to(SAMPLES)).with_suffix(".yml").exists()


def test_own_rules_all_load_and_name_themselves_in_japanese():
    loaded = ruleset.load([], cache=False)
    assert not loaded.failed
    assert len(loaded) == len(RULES)
    for path in [*RULES, *CORRELATIONS]:
        document = next(yaml.safe_load_all(path.read_text()))
        assert document["sekisho"]["title_ja"], path
        assert document["status"] in ("test", "stable")
        assert document["references"], path
    assert all(rule.attack for rule in loaded.rules)
    assert all(one.attack or one.id in loaded.silent for one in loaded.correlations)


def test_unknown_logsource_reads_nothing():
    loaded = ruleset.load([], cache=False)
    assert not loaded.match(Event(Logsource("other"), {"CommandLine": "mshta http://192.0.2.1/"}))
