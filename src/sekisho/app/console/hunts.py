"""Hunts from the console: what is asked, when and of which logs; how long one may take; how answers lie in time."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from sekisho.app.store._search import Where
from sekisho.app.store.hunt import Answers, Looked, hunt, spread, stored, tally
from sekisho.app.store.state import ANY, State
from sekisho.detect.hunting import MAX_CHARS, Question, of_rule, parse
from sekisho.model.errors import RuleError, SekishoError, SourceError
from sekisho.model.event import Event, Logsource

LIMIT_S = 30.0
MOST_CHARS = 8_000
"""Of a question or rule: with it an address stays below the 16 KiB that the server reads, unless most is escaped."""
MOST_ROWS, MOST_VALUES = 1_000, 100_000
NS = 1_000_000_000
EARLIEST_NS, LATEST_NS = -(1 << 63), (1 << 63) - 1  # what a column of times holds
RANGES = {"": 0, "1h": 3_600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400, "90d": 90 * 86_400}
"""Seconds before the latest event; the store may be of last year."""
STEPS_S = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_419_200, 31_449_600)
"""Widths of bars, each a multiple of the one before: up to a day, a week, four weeks, 52 weeks."""
MOST_BARS, FINE = 60, 6_000
_RULE = re.compile(r"^\s*detection\s*:", re.MULTILINE)
_PLACE = re.compile(r"at character (\d+): ")
_FIELD = re.compile(r"selection '[^']*', '([^']+)': ")


class LeftError(SekishoError):
    """A hunt was ended: it took too long, or nobody waits for it any more."""


class BusyError(SekishoError):
    """Too many hunts run."""


class Watch:
    """Ends a hunt in time; it is asked between pieces of files."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s, self._until = limit_s, time.monotonic() + limit_s
        self._left = threading.Event()

    def leave(self) -> None:
        """Say, from any thread, that nobody waits any more."""
        self._left.set()

    def __call__(self, *_: object) -> None:
        """Go on or not.

        Raises:
            LeftError: not.
        """
        if self._left.is_set():
            raise LeftError("nobody waits for the answer any more")
        if time.monotonic() > self._until:
            raise LeftError(f"took longer than {self._limit_s:g} seconds")


@dataclass(frozen=True, slots=True)
class Asked:
    """A hunt: a question or a rule, a time and a kind of log."""

    question: Question
    where: Where

    @property
    def rule(self) -> bool:
        """Tell whether it is a Sigma rule."""
        return bool(_RULE.search(self.question.text))


@dataclass(frozen=True, slots=True)
class Span:
    """A time as somebody chose it: some time up to the latest event, or from and until."""

    last: str = ""
    """A key of RANGES."""
    since: str = ""
    """ISO 8601; a date alone is its first moment."""
    until: str = ""
    """Likewise; its last."""


def understood(text: str) -> Question:
    """Understand what was written: a question, or a Sigma rule.

    Raises:
        RuleError: it cannot be read; :func:`problem` says where and what to write instead.
    """
    if len(text) > MOST_CHARS:
        raise RuleError(f"longer than {MOST_CHARS if _RULE.search(text) else MAX_CHARS} characters")
    return of_rule(text) if _RULE.search(text) else parse(" ".join(text.split("\r\n")).strip())


def asked(state: State, text: str, span: Span, logsource: str, zone: tzinfo) -> Asked:
    """Give a hunt as it was chosen; a rule is asked of its own logsource, or of a part of it.

    Raises:
        RuleError: the question cannot be read.
        SourceError: a time cannot be read.
    """
    question = understood(text)
    since, until = moment(span.since, zone), moment(span.until, zone, end=True)
    if since is None and until is None and (seconds := RANGES.get(span.last, 0)):
        last = state.status().last_ns
        since = None if last is None else last - seconds * NS
    chosen = logsource_of(logsource)
    wanted = chosen if question.logsource.reads(chosen) else question.logsource
    return Asked(question, Where(wanted, since, until))


def logsource_of(text: str) -> Logsource:
    """Read ``product/category/service``, each of which may be empty."""
    parts = [part.strip().lower()[:100] for part in text.split("/")]
    return Logsource(*(parts + [""] * 3)[:3])


def moment(text: str, zone: tzinfo, *, end: bool = False) -> int | None:
    """Read a time, in nanoseconds UTC; empty gives None.

    Raises:
        SourceError: it is none.
    """
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        if end and len(text.strip()) <= len("2022-04-25"):
            found += timedelta(days=1, microseconds=-1)
        elif end and found.second == 0:
            found += timedelta(seconds=59, microseconds=999_999)  # browsers send minutes; the last one is meant whole
        return max(EARLIEST_NS, min(LATEST_NS, int(found.timestamp() * 1_000_000) * 1_000))
    except (ValueError, OverflowError) as error:
        raise SourceError("no time: write 2022-04-25 or 2022-04-25T09:30", text[:40]) from error


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a question cannot be read."""

    key: str
    """What it is, worded under ``console.hunt.problem``."""
    reason: str
    """As the checker says it."""
    before: str
    """The question up to the place; all of it when there is none."""
    after: str
    line: int
    """Of a rule, from 1; 0 when there is none."""


def problem(error: RuleError, text: str) -> Problem:
    """Say where a question cannot be read, and which advice helps."""
    reason, at = error.reason, None
    if found := _PLACE.match(reason):
        at, reason = int(found[1]) - 1, reason[found.end() :]
    elif (found := _FIELD.match(reason)) and not _RULE.search(text):
        place = text.find(f"{found[1]}:")
        at, reason = place if place >= 0 else None, reason[found.end() :]
    keys = {
        "has no value": "value",
        "quotation mark": "quote",
        "term inside a list": "list",
        "list of values is not closed": "list",
        "unknown modifier": "modifier",
        "is not a number": "number",
        "is not a network": "network",
        "regular expression": "regex",
        "bracket": "bracket",
        "longer than": "length",
        "empty:": "empty",
        "where it cannot be": "order",
        "ends too early": "order",
        "one rule": "rules",
    }
    key = "rule" if _RULE.search(text) else "other"
    key = next((word for part, word in keys.items() if part in error.reason), key)
    before, after = (text, "") if at is None else (text[:at], text[at:])
    return Problem(key, reason, before, after, error.line)


def answers(folder: Path, one: Asked, limit: int, watch: Watch, most: int = MOST_ROWS) -> Answers:
    """Give the latest events that answer.

    Raises:
        LeftError: it was ended.
    """
    with State(folder) as state:
        return hunt(state, one.question, one.where, limit=min(limit, most), progress=watch)


def counts(folder: Path, one: Asked, by: str, watch: Watch) -> tuple[Counter[str], Looked]:
    """Count answers by the values of a field; it ends at some point beyond MOST_VALUES values.

    Raises:
        LeftError: it was ended.
    """
    with State(folder) as state:
        return tally(state, one.question, by, one.where, watch, MOST_VALUES)


@dataclass(frozen=True, slots=True)
class Bars:
    """How answers lie in time."""

    step_s: int
    bars: tuple[tuple[int, int], ...]
    """Begin, seconds UTC, and number of events; none is left out between the first and the last."""
    total: int
    """With those that have no time."""


def over_time(folder: Path, one: Asked, zone: tzinfo, watch: Watch) -> Bars:
    """Count all answers by time.

    Raises:
        LeftError: it was ended.
    """
    with State(folder) as state:
        step = _fine(state, one.where)
        found, _ = spread(state, one.question, step * NS, one.where, watch)
    return bars_of({None if at is None else at * step: count for at, count in found.items()}, step, zone)


def bars_of_events(events: Sequence[Event], zone: tzinfo) -> Bars:
    """Count events by time."""
    return bars_of(Counter(None if one.time_ns is None else one.time_ns // NS for one in events), 1, zone)


def bars_of(found: dict[int | None, int], fine_s: int, zone: tzinfo) -> Bars:
    """Put counts by second, or by a longer step, into at most MOST_BARS bars that begin at round times of the zone."""
    times = sorted(at for at in found if at is not None)
    total = sum(found.values())
    if not times:
        return Bars(fine_s, (), total)
    extent = times[-1] - times[0]
    step = next((one for one in STEPS_S if one >= fine_s and extent < one * (MOST_BARS - 1)), STEPS_S[-1])
    while extent >= step * (MOST_BARS - 1):
        step *= 2
    shift = _offset(times[-1], zone)
    held: Counter[int] = Counter()
    for at in times:
        held[(at + shift) // step] += found[at]
    first, last = min(held), max(held)
    return Bars(step, tuple((number * step - shift, held[number]) for number in range(first, last + 1)), total)


def _offset(at: int, zone: tzinfo) -> int:
    try:
        offset = datetime.fromtimestamp(at, zone).utcoffset()
    except (ValueError, OverflowError, OSError):
        return 0
    return int(offset.total_seconds()) if offset else 0


def _fine(state: State, where: Where) -> int:
    """Give a step fine enough that bars can be made of it, and no finer: there is a count for each."""
    held = state.status()
    first = held.first_ns if where.since_ns is None else where.since_ns
    last = held.last_ns if where.until_ns is None else where.until_ns
    if first is None or last is None:
        return 1
    seconds = max(0, last - first) // NS
    return next((one for one in STEPS_S if seconds <= one * FINE), STEPS_S[-1])


def event(folder: Path, logsource: str, at_ns: int | None, source: str, record: str, key: str) -> Event | None:
    """Give one stored event, by where it lies."""
    if at_ns is not None and not EARLIEST_NS <= at_ns <= LATEST_NS:
        return None
    with State(folder) as state:
        wanted = Where(logsource_of(logsource) if logsource else ANY, at_ns, at_ns)
        found = stored(state, wanted, source, record)
    return next((one for one in found if one.id == key), None)
