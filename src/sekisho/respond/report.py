"""The report: one HTML page, complete in itself, with story, attack chain, timeline and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

import sekisho
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond._merged import merges
from sekisho.respond._tuned import tuning_facts
from sekisho.respond.graph import Picture, picture
from sekisho.respond.wording import Words, safe

INCIDENTS_SHOWN = 30
MARKS_SHOWN = 12  # records of one step that the page shows; the JSON result names them all
FIELDS_SHOWN, FIELD_CHARS = 24, 1_200
FEATURES_HIDDEN = {
    "body.text",
    "html.text",
    "url",
}  # whole bodies belong to the mail, not to a report that is passed on


@dataclass(frozen=True, slots=True)
class Shown:
    """One incident with what its page section needs."""

    incident: Incident
    picture: Picture
    anchors: Mapping[str, str]
    """Evidence id -> its mark (a1, e2, f3)."""


def render(result: Result, words: Words) -> str:
    """Give the whole page."""
    artifacts = {analysis.id: (analysis, judgement) for analysis, judgement in result.artifacts}
    events = {event.id: event for event in result.events}
    findings = {finding.id: finding for finding in result.findings}
    shown = [Shown(one, picture(one, words), _anchors(one)) for one in result.incidents[:INCIDENTS_SHOWN]]
    return _template().render(
        words=words,
        result=result,
        shown=shown,
        others=result.other_findings(),
        more=len(result.incidents) - len(shown),
        artifacts=artifacts,
        events=events,
        findings=findings,
        skipped=sorted((one for one in result.inputs if one.skipped), key=lambda one: not one.failed),
        records=sum(one.records for one in result.inputs),
        tuning=tuning_facts(result.tuning, result.rules_disabled, words),
        version=sekisho.__version__,
        facts=facts,
        marks_shown=MARKS_SHOWN,
        safe=safe,
        merges=merges,
    )


def facts(item: Analysis | Event | Finding) -> list[tuple[str, str]]:
    """Give what an evidence record says, field by field, shown safely."""
    if isinstance(item, Analysis):
        pairs = [(one.name, one.value) for one in item.features if one.name not in FEATURES_HIDDEN]
    elif isinstance(item, Finding):
        pairs = [(one.field, one.value) for one in item.evidence]
    else:
        pairs = [(name, value) for name, value in item.fields.items() if value not in (None, "", "-", [])]
    return [(name, safe(str(value)[:FIELD_CHARS])) for name, value in pairs[:FIELDS_SHOWN]]


def _anchors(incident: Incident) -> dict[str, str]:
    """Number the evidence of an incident in the order its story uses it."""
    marks: dict[str, str] = {}
    counts = {"a": 0, "e": 0, "f": 0}
    for step in incident.steps:
        for key in step.evidence[:MARKS_SHOWN]:
            if key not in marks and key[:1] in counts:
                counts[key[0]] += 1
                marks[key] = f"{key[0]}{counts[key[0]]}"
    return marks


@cache
def _template() -> Template:
    text = resources.files("sekisho.respond").joinpath("pages/report.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
