"""ATT&CK Navigator layers: techniques with a score, from rules or from incidents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sekisho.model.finding import LEVELS
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond._discreet import Hide, keep
from sekisho.respond.wording import Words

LAYER_VERSION, NAVIGATOR_VERSION = "4.5", "5.2.0"
ATTACK_VERSION = "19"  # the version whose tactics the public rules of 2026 name
TITLES = 20  # named under one technique; the rest are counted
COLORS = ("#e8f1fa", "#08519c")  # few, many
Named = tuple[str, str]
"""Title and level of what names a technique."""


def layer(
    by_technique: Mapping[str, Sequence[Named]],
    name: str,
    description: str,
    *,
    top: int,
    legend: Sequence[str],
    metadata: Sequence[tuple[str, int]] = (),
) -> dict[str, Any]:
    """Give a layer in which a technique scores how often it is named.

    Args:
        by_technique: technique id to what names it.
        name: of the layer.
        description: of the layer.
        top: the score of the darkest colour.
        legend: labels of the lightest and the darkest colour.
        metadata: counts shown with the layer.

    Source: ATT&CK Navigator, layer file format 4.5.
    """
    return {
        "name": name,
        "versions": {"attack": ATTACK_VERSION, "navigator": NAVIGATOR_VERSION, "layer": LAYER_VERSION},
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,  # by score, highest first
        "layout": {
            "layout": "side",
            "showID": True,
            "showName": True,
            "showAggregateScores": True,
            "aggregateFunction": "sum",
            "expandedSubtechniques": "annotated",
        },
        "hideDisabled": False,
        "techniques": [_technique(technique, found) for technique, found in sorted(by_technique.items())],
        "gradient": {"colors": list(COLORS), "minValue": 1, "maxValue": top},
        "legendItems": [{"label": label, "color": color} for label, color in zip(legend, COLORS, strict=True)],
        "metadata": [{"name": label, "value": str(count)} for label, count in metadata],
    }


def of_incidents(result: Result, incidents: Sequence[Incident], words: Words, hide: Hide = keep) -> bytes:
    """Give a layer of what incidents did: each technique scores the steps that show it, with their findings."""
    findings = {one.id: one for one in result.findings}
    by_technique: dict[str, list[Named]] = defaultdict(list)
    for incident in incidents:
        for step in incident.steps:
            named = [findings[key] for key in step.evidence if key in findings]
            for technique in step.attack:
                shown = [(one.title_in(words.language), one.level) for one in named if technique in one.attack]
                by_technique[technique] += shown or [(hide(words.say(step.what)), incident.severity)]
    titles = [hide(words.say(one.title)) for one in incidents]
    top = max([2, *map(len, by_technique.values())])
    made = layer(
        by_technique,
        words.get("export.layer"),
        "\n".join(titles),
        top=top,
        legend=(words.get("export.layer.one"), words.get("export.layer.many", count=top)),
    )
    return orjson.dumps(made, option=orjson.OPT_INDENT_2)


def _technique(technique: str, named: Sequence[Named]) -> dict[str, Any]:
    titles = sorted({title for title, _ in named})
    more = [f"(+{len(titles) - TITLES})"] if len(titles) > TITLES else []
    return {
        "techniqueID": technique,
        "score": len(named),
        "enabled": True,
        "comment": "\n".join([*titles[:TITLES], *more]),
        "metadata": [{"name": level, "value": str(count)} for level, count in levels(named)],
    }


def levels(named: Sequence[Named]) -> list[tuple[str, int]]:
    """Count by level, highest first, levels without any left out."""
    counted = Counter(level for _, level in named)
    return [(level, counted[level]) for level in reversed(LEVELS) if counted[level]]
