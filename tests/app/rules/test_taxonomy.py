"""What the rule checker knows of events."""

from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.rules.taxonomy import known
from sekisho.detect import rules
from sekisho.model.event import Logsource

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def test_features_are_fields_of_mails_and_files():
    fields = known().fields
    assert {"lnk.arguments", "macro.grade", "name"} <= fields[Logsource("email", "attachment")]
    assert "hidden_by" in fields[Logsource("email", "url")]
    assert "lnk.arguments" not in fields[Logsource("email", "url")]


def test_our_own_rules_are_about_known_events():
    logsources = known().logsources
    assert all(any(rule.logsource.reads(one) for one in logsources) for rule in ruleset.load([], cache=False).rules)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_every_public_rule_is_about_known_events():
    texts, _ = ruleset.texts([str(SHARED / "sigma")])
    odd = {
        rule.logsource
        for rule in rules.load(texts).rules
        if not any(rule.logsource.reads(one) for one in known().logsources)
    }
    assert not odd
