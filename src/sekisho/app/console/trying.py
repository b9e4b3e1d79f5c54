"""A rule is tried on an event, and a new one checked, before either matters: what matches, what is missing, and why."""

from __future__ import annotations

import pickle
import re
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from sekisho.app.rules import explain, taxonomy
from sekisho.app.rules._chosen import Chosen, named_in
from sekisho.app.rules._events import plain_events
from sekisho.app.rules._texts import Texts
from sekisho.app.rules.check import worded
from sekisho.app.rules.explain import Explained, item_text, joint_text
from sekisho.detect import lint, rules
from sekisho.detect.compiled import Compiled
from sekisho.detect.lint import named
from sekisho.detect.near_miss import Group, Item, distance
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import LimitError, SekishoError, SourceError
from sekisho.model.event import Event, Logsource

RULE_CHARS = 200_000
EVENT_CHARS = 1_000_000
MOST_EVENTS = 200
MOST_LINES = 400  # of one explanation
CPU_S, MEMORY_BYTES = 10, 2 * 1024**3
"""Of one answer: saying which written value comes closest may take a minute for a rule that is made to."""
PASTED = "pasted.yml"
_LOGSOURCE = re.compile(r"[a-z0-9_*-]{0,40}(/[a-z0-9_*-]{0,40}){0,2}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a condition's tree."""

    depth: int
    holds: bool
    name: str
    """Of the selection; empty for parts of one."""
    text: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule on one event."""

    number: int
    """Of the event, from 1."""
    matched: bool
    routed: bool
    """The rule reads events of this logsource."""
    needed: int
    """Items that would have to be other for a match."""
    missing: tuple[str, ...]
    """Fields that the event does not have."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule on some events."""

    rule_id: str
    title: str
    logsource: str
    events: int
    matched: int
    shown: tuple[Tried, ...]
    """Those that match first, then the nearest."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is wrong or doubtful about a rule."""

    line: int
    severity: str
    """error warning."""
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about rules in a text."""

    rules: int
    """That can run, correlations included."""
    doubts: tuple[Doubt, ...]
    titles: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """There is a rule, and nothing keeps one from running."""
        return self.rules > 0 and all(one.severity != "error" for one in self.doubts)


def check(text: str, name: str, language: str) -> Checked:
    """Check rules in a text as ``sekisho rules check`` does.

    Raises:
        LimitError: it is too long.
    """
    if len(text) > RULE_CHARS:
        raise LimitError("rule_chars", RULE_CHARS)
    texts = [(name or PASTED, text)]
    loaded = rules.load(texts)
    found = sorted(lint.check(texts, loaded, taxonomy.known()), key=lambda one: (one.line, one.code))
    said = Texts(language)
    doubts = tuple(Doubt(one.line, one.severity, one.code, worded(one, said)) for one in found[:100])
    titles = (*(one.title for one in loaded.rules), *(one.title for one in loaded.correlations))
    return Checked(len(loaded) + len(loaded.correlations), doubts, titles[:50])


def pasted(text: str) -> Chosen:
    """Give the rule that a text holds.

    Raises:
        RuleError: it holds none that can run.
        SourceError: it holds several.
        LimitError: it is too long.
    """
    if len(text) > RULE_CHARS:
        raise LimitError("rule_chars", RULE_CHARS)
    loaded = rules.load([(PASTED, text)])
    if loaded.failed:
        raise loaded.failed[0]
    if len(loaded) != 1:
        raise SourceError(f"one rule can be tried at a time, here are {len(loaded)}", PASTED)
    return named_in(loaded.compiled[0], text)


def chosen(loaded: RuleSet, rule_id: str, text: str) -> Chosen:
    """Give a rule that is loaded; ``text`` is its file.

    Raises:
        SourceError: there is none, or it joins other rules' findings and reads no event itself.
    """
    found: Compiled | None = next((one for one in loaded.compiled if one.rule.id == rule_id), None)
    if found is None:
        raise SourceError("no rule of this id reads events", rule_id[:200])
    return named_in(found, text)


def events_of(text: str, logsource: Logsource) -> list[Event]:
    """Read events as JSON: one object, a list of them, or one a line.

    Raises:
        SourceError: they are nothing of this, or there are none.
        LimitError: they are too long.
    """
    if len(text) > EVENT_CHARS:
        raise LimitError("event_chars", EVENT_CHARS)
    try:
        found = []
        for event in plain_events(text.strip().encode("utf-8", "replace"), "event", logsource):
            found.append(event)
            if len(found) == MOST_EVENTS:
                break
    except RecursionError as error:
        raise SourceError("is nested too deeply", "event") from error
    if not found:
        raise SourceError("there is no event", "event")
    return found


def logsource_of(written: str, default: Logsource) -> Logsource:
    """Read ``product/category/service``, where any may be empty; nothing at all gives the default.

    Raises:
        SourceError: it is none.
    """
    written = written.strip().lower()
    if not written:
        return default
    if not _LOGSOURCE.fullmatch(written):
        raise SourceError("write product/category/service, e.g. windows/process_creation", written[:200])
    return Logsource(*[part.replace("*", "") for part in [*written.split("/"), "", ""][:3]])


def attempt(rule: Chosen, events: list[Event], language: str, most: int = 5) -> Trial:
    """Try a rule on events."""
    texts, tree = Texts(language), rule.compiled.tree
    one = rule.compiled.rule
    ranked = []
    matched = 0
    for number, event in enumerate(events, 1):
        routed, far = one.logsource.reads(event.logsource), distance(tree, event.fields)
        matched += routed and not far
        ranked.append((not (routed and not far), not routed, far, number, event))
    ranked.sort(key=lambda each: each[:4])
    return Trial(
        one.id,
        dict(one.texts).get(language, one.title),
        named(one.logsource),
        len(events),
        matched,
        tuple(_tried(explain.explained(rule, event), number, texts) for *_, number, event in ranked[:most]),
    )


def _tried(one: Explained, number: int, texts: Texts) -> Tried:
    lines = tuple(line for line, _ in zip(_lines(one.explanation.root, 0, texts), range(MOST_LINES), strict=False))
    missing = tuple(one.explanation.missing)
    return Tried(number, one.matched, one.routed, one.explanation.needed, missing, lines)


def _lines(part: Item | Group, depth: int, texts: Texts) -> Iterator[Line]:
    said = item_text(part, texts) if isinstance(part, Item) else joint_text(part, texts)
    yield Line(min(depth, 8), part.holds, part.name, said)
    if isinstance(part, Group):
        for inner in part.parts:
            yield from _lines(inner, depth + 1, texts)


def as_json(fields: dict[str, Any]) -> str:
    """Give an event's fields as text to be edited."""
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done in a process of its own."""

    language: str
    text: str
    """A rule as it is written: to be checked, or tried when there is an event."""
    event: str | None = None
    """Events as JSON; None to check the rule."""
    logsource: str = ""
    rule: RuleSet | None = None
    """A rule that is loaded, alone in its set; ``text`` is its file."""


def answer(asked: Asked) -> dict[str, Any]:
    """Check or try a rule, and give the answer as JSON holds it.

    Raises:
        SekishoError: it cannot be done, and why.
    """
    if asked.event is None:
        found = check(asked.text, PASTED, asked.language)
        return {"usable": found.usable, **asdict(found)}
    rule = pasted(asked.text) if asked.rule is None else named_in(asked.rule.compiled[0], asked.text)
    source = logsource_of(asked.logsource, rule.compiled.rule.logsource)
    return asdict(attempt(rule, events_of(asked.event, source), asked.language))


def clean(value: Any) -> Any:
    """Give a value as JSON can hold it: rules and events may hold half letters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list | tuple) else value


def main() -> int:
    """Answer what standard input asks (:class:`Asked`, pickled by the console) as JSON, with bounds that end it."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked: Asked = pickle.load(sys.stdin.buffer)
    try:
        told = answer(asked)
    except SekishoError as error:
        told = {"error": str(error)}
    except (RecursionError, MemoryError):
        told = {"error": "the rule or the event is too large or too deep"}
    sys.stdout.buffer.write(orjson.dumps(clean(told)))
    return 0


if __name__ == "__main__":
    from sekisho.app.console import trying  # the class that the console pickled

    sys.exit(trying.main())
