"""``sekisho rules explain``: why a rule matches an event, or what is missing and which records come closest."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sekisho.app.rules import _events
from sekisho.app.rules._chosen import Chosen
from sekisho.app.rules._show import Screen
from sekisho.app.rules._texts import Texts
from sekisho.detect.lint import named
from sekisho.detect.near_miss import Explanation, Group, Item, Wanted, distance, explain_why, missing
from sekisho.model.errors import SourceError
from sekisho.model.event import Event
from sekisho.model.rule import Rule

NEAREST = 5
SHOWN_WANTED = 3  # of one item, in text
SHOWN_FOUND = 3


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule on one event."""

    event: Event
    explanation: Explanation
    routed: bool
    """The rule reads events of this logsource."""

    @property
    def matched(self) -> bool:
        """Tell whether the engine would report the rule on this event."""
        return self.routed and self.explanation.matched


@dataclass(slots=True)
class Answer:
    """What came of all events that were asked about."""

    rule: Rule
    path: str
    records: int = 0
    """Events looked at."""
    matched: int = 0
    shown: list[Explained] = field(default_factory=list)
    """The one asked for, else those that match, else the nearest, nearest first."""
    asked: bool = False
    """One record was asked for."""
    notes: list[str] = field(default_factory=list)
    """What could not be read."""


def explain(chosen: Chosen, given: str) -> Answer:
    """Try a rule on an event, ``path#record``, or on all events of a file.

    Raises:
        SourceError: the file cannot be read, or has no such record.
    """
    path, record = _place(given)
    answer = Answer(chosen.compiled.rule, path, asked=bool(record))
    found = _events.read(path, answer.rule.logsource, answer.notes)
    if record:
        answer.shown = [explained(chosen, one) for one in _one(found, path, record, answer)]
        answer.matched = sum(one.matched for one in answer.shown)
    else:
        _nearest(chosen, found, answer)
    return answer


def _place(given: str) -> tuple[str, str]:
    if given == "-" or Path(given).exists() or "#" not in given:
        return given, ""
    path, _, record = given.rpartition("#")
    return path, record


def _one(found: Iterable[Event], path: str, record: str, answer: Answer) -> Iterator[Event]:
    for event in found:
        answer.records += 1
        if record in (event.record, event.record.rpartition("#")[2]):
            yield event
            return
    raise SourceError(f"no record {record} among {answer.records}", path)


def _nearest(chosen: Chosen, found: Iterable[Event], answer: Answer) -> None:
    """Keep the first events that match, else the nearest; events of other logsources only when there are no others."""
    rule, tree = chosen.compiled.rule, chosen.compiled.tree
    matching: list[Event] = []
    near: list[tuple[tuple[bool, int, int, int], str, Event]] = []  # a heap with the farthest on top
    for event in found:
        answer.records += 1
        routed, far = rule.logsource.reads(event.logsource), distance(tree, event.fields)
        if routed and not far:
            answer.matched += 1
            matching += [event] if not matching else []
        rank = (routed, -far, -missing(tree, event.fields), -answer.records)
        if len(near) == NEAREST and rank < near[0][0]:
            continue
        read = event.fields if "*" in rule.fields else {name: event.fields.get(name) for name in rule.fields}
        alike = f"{routed} {read}"
        if any(one == alike for _, one, _ in near):
            continue  # logs repeat themselves; one of a kind tells it all
        (heapq.heapreplace if len(near) == NEAREST else heapq.heappush)(near, (rank, alike, event))
    ordered = sorted(near, reverse=True)
    best = [one for *_, one in ordered if chosen.compiled.rule.logsource.reads(one.logsource)]
    answer.shown = [explained(chosen, one) for one in matching or best or [one for *_, one in ordered[:1]]]


def explained(chosen: Chosen, event: Event) -> Explained:
    """Try a rule on one event."""
    routed = chosen.compiled.rule.logsource.reads(event.logsource)
    return Explained(event, explain_why(chosen.compiled.tree, event.fields, chosen.names), routed)


def render(answer: Answer, texts: Texts, screen: Screen) -> None:
    """Show each event with the tree of the condition."""
    if not answer.records:
        screen.line(texts.get("explain.no_records", path=answer.path))
    elif not answer.asked and answer.records > 1:
        key, count = ("explain.matched", answer.matched) if answer.matched else ("explain.nearest", len(answer.shown))
        screen.line(texts.get(key, count=count, records=answer.records))
    for one in answer.shown:
        screen.line()
        show(answer.rule, one, texts, screen)
    for note in answer.notes:
        screen.line(f"! {texts.get('test.unreadable', reason=note)}", "yellow")


def show(rule: Rule, one: Explained, texts: Texts, screen: Screen) -> None:
    """Show one event."""
    said = texts.get("explain.matches" if one.matched else "explain.misses")
    screen.line(
        f"{_mark(one.matched)} {rule.title}: {said}  {_where(one.event)}", "bold green" if one.matched else "bold red"
    )
    if not one.routed:
        screen.line(
            "  " + texts.get("explain.other_logsource", event=named(one.event.logsource), rule=named(rule.logsource))
        )
    if not one.explanation.matched:
        count = len(list(one.explanation.items()))
        screen.line("  " + texts.get("explain.needed", count=one.explanation.needed, items=count))
    _part(one.explanation.root, 1, texts, screen)
    if one.explanation.missing and not one.matched:
        screen.line("  " + texts.get("explain.absent", fields=", ".join(one.explanation.missing)))


def _where(event: Event) -> str:
    """Give an event's address; an artifact's holds that of its file."""
    return event.record if event.record.startswith(event.source) else f"{event.source}#{event.record}"


def _part(part: Item | Group, depth: int, texts: Texts, screen: Screen) -> None:
    style = "green" if part.holds else "red"
    lead = f"{'  ' * depth}{_mark(part.holds)} "
    name = f"{texts.get('explain.selection', name=part.name)} " if part.name else ""
    if isinstance(part, Item):
        screen.line(f"{lead}{name}{item_text(part, texts)}", style)
        return
    screen.line(f"{lead}{name}{joint_text(part, texts)}", style)
    for one in part.parts:
        _part(one, depth + 1, texts, screen)


def joint_text(group: Group, texts: Texts) -> str:
    """Say how many parts of a group must hold."""
    if not group.least:
        return texts.get("explain.not")
    if group.least == len(group.parts):
        return texts.get("explain.all")
    return texts.get("explain.any") if group.least == 1 else texts.get("explain.least", count=group.least)


def item_text(item: Item, texts: Texts) -> str:
    """Say what a field must hold and what it holds."""
    joint = " " + texts.get("explain.every" if item.every else "explain.either") + " "
    said = joint.join(_wanted(one, texts) for one in item.wanted[:SHOWN_WANTED])
    if item.of > SHOWN_WANTED:
        said += " " + texts.get("explain.more", count=item.of - SHOWN_WANTED)
    return f"{item.field} {said} — {_found(item, texts)}" if item.found or item.field != "*" else f"{item.field} {said}"


def _wanted(wanted: Wanted, texts: Texts) -> str:
    said = texts.get(f"how.{wanted.how}", value=wanted.value, part=wanted.part).strip()
    counts = wanted.cased and wanted.how != "re"
    return f"{said} {texts.get('how.cased')}" if counts else said


def _found(item: Item, texts: Texts) -> str:
    if not item.present:
        return texts.get("explain.field_absent")
    shown = [
        texts.get("explain.null") if one is None else texts.get("explain.value", value=one)
        for one in item.found[:SHOWN_FOUND]
    ]
    if len(item.found) > SHOWN_FOUND:
        shown.append(texts.get("explain.more", count=len(item.found) - SHOWN_FOUND))
    return texts.get("explain.is") + " " + " · ".join(shown or ["∅"])


def _mark(holds: bool) -> str:
    return "✓" if holds else "✗"


def document(answer: Answer) -> dict[str, Any]:
    """Give the answer for other programs."""
    rule = answer.rule
    return {
        "schema": "sekisho-explain/1",
        "rule": {"id": rule.id, "title": rule.title, "path": rule.path, "logsource": named(rule.logsource)},
        "path": answer.path,
        "records": answer.records,
        "matched": answer.matched,
        "events": [
            {
                "source": one.event.source,
                "record": one.event.record,
                "logsource": named(one.event.logsource),
                "logsource_fits": one.routed,
                "matched": one.matched,
                "needed": one.explanation.needed,
                "missing": list(one.explanation.missing),
                "condition": tree(one.explanation.root),
            }
            for one in answer.shown
        ],
        "notes": answer.notes,
    }


def tree(part: Item | Group) -> dict[str, Any]:
    """Give a part of a condition for other programs."""
    named_part: dict[str, Any] = {"selection": part.name} if part.name else {}
    if isinstance(part, Group):
        joint = {"not": True} if not part.least else {"least": part.least}
        return {**named_part, "holds": part.holds, **joint, "parts": [tree(one) for one in part.parts]}
    wanted = [
        {"how": one.how, "value": one.value, "holds": one.holds}
        | ({"cased": True} if one.cased else {})
        | ({"part": one.part} if one.part else {})
        for one in part.wanted
    ]
    return {
        **named_part,
        "holds": part.holds,
        "field": part.field,
        "present": part.present,
        "found": list(part.found),
        "wanted": wanted,
        "of": part.of,
        "every": part.every,
    }
