"""``sekisho rules coverage``: which ATT&CK techniques rules look for, as a Navigator layer and by tactic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sekisho
from sekisho.app.rules._show import Screen
from sekisho.app.rules._texts import Texts
from sekisho.detect.lint import TACTICS
from sekisho.model.finding import LEVELS
from sekisho.model.rule import Rule
from sekisho.respond import navigator

MANY = 10  # rules of one technique that give it the darkest colour


def layer(rules: Sequence[Rule], name: str, texts: Texts) -> dict[str, Any]:
    """Give a layer in which a technique scores the number of rules that name it."""
    by_technique: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for rule in rules:
        for technique in rule.attack:
            by_technique[technique].append((rule.title, rule.level))
    top = max([MANY, *map(len, by_technique.values())])
    return navigator.layer(
        by_technique,
        name,
        texts.get("coverage.layer", rules=len(rules), version=sekisho.__version__),
        top=top,
        legend=(texts.get("coverage.one"), texts.get("coverage.many", count=top)),
        metadata=_levels(rules),
    )


def _levels(rules: Sequence[Rule]) -> list[tuple[str, int]]:
    """Count rules by level, highest first, levels without rules left out."""
    return navigator.levels([(rule.title, rule.level) for rule in rules])


def tactics_of(rule: Rule) -> list[str]:
    """Give the ATT&CK tactics that a rule's tags name, hyphens between their words."""
    names = (tag.lower().removeprefix("attack.").replace("_", "-") for tag in rule.tags if tag.startswith("attack."))
    return list(dict.fromkeys(name for name in names if name in TACTICS))


def render(rules: Sequence[Rule], texts: Texts, screen: Screen) -> None:
    """Show by tactic how many rules name it, at which levels, and how many techniques these rules name."""
    by_tactic: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for tactic in tactics_of(rule) or [""]:
            by_tactic[tactic].append(rule)
    rows = []
    for tactic, found in sorted(by_tactic.items(), key=lambda pair: (not pair[0], -len(pair[1]), pair[0])):
        techniques = {one for rule in found for one in rule.attack}
        levels = dict(_levels(found))
        counts = [str(len(found)), str(len(techniques)), *(str(levels.get(one, 0)) for one in reversed(LEVELS))]
        rows.append((tactic or texts.get("coverage.none"), *counts))
    heads = [texts.get(f"coverage.{one}") for one in ("tactic", "rules", "techniques")]
    screen.table([*heads, *reversed(LEVELS)], rows, right=range(1, 3 + len(LEVELS)))
    named = {one for rule in rules for one in rule.attack}
    untagged = sum(not rule.attack for rule in rules)
    screen.line()
    screen.line(texts.get("coverage.counts", techniques=len(named), rules=len(rules), untagged=untagged))
