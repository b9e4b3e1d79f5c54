"""Hunting: which of the stored events answer a question, the latest first.

Two steps make it fast and right: columns are searched for the literals that every answer must hold, in C and once
for each distinct value; what is left is asked of the rule engine, so that an answer is exactly what a rule would match.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.app.store.state import ANY, Segment, State
from sekisho.app.store.tables import HOST, OWN, REST, SOURCE, TIME, USER, events, field_of
from sekisho.detect.hunting import Literal, Question, Witness
from sekisho.model.event import Event, Logsource

ASKED_OWN = (HOST, USER, SOURCE)
"""Columns of the event itself that a question may name."""
ROWS = 2_000
"""Made events at a time."""
# Characters that fold to several, or to plain letters, in a way that the search in columns does not know; a value with
# one of them is always left to the engine. Source: Unicode CaseFolding.txt, status F and T.
ODD_FOLDS = "ß\u0130\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9e\u1f50-\u1ffc\ufb00-\ufb17"
_UNSAFE = re.compile(r'[\\"\x00-\x1f\x7f]+')
"""What JSON writes in another way; lists lie in columns as JSON."""

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True, slots=True)
class Where:
    """Which events are looked at."""

    logsource: Logsource = ANY
    """Empty words mean any."""
    since_ns: int | None = None
    until_ns: int | None = None
    """Both included."""


EVERYWHERE = Where()


@dataclass(slots=True)
class Looked:
    """What a hunt did."""

    rows: int = 0
    """Events in the files that were opened."""
    asked: int = 0
    """Of these, how many the engine was asked about."""
    lost: list[str] = field(default_factory=list)
    """Files that could not be read, with the reason."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The latest events that answer."""

    events: tuple[Event, ...]
    """The latest first; those without a time last."""
    more: bool
    """There may be older ones."""
    looked: Looked


def hunt(
    state: State,
    question: Question,
    where: Where = EVERYWHERE,
    *,
    limit: int = 100,
    progress: Progress = lambda *_: None,
) -> Answers:
    """Give the latest events that answer a question."""
    looked = Looked()
    found: list[Event] = []
    segments = _segments(state, where)
    for at, segment in enumerate(segments):
        if len(found) > limit and _later(found[limit], segment.last_ns):
            return Answers(tuple(found[:limit]), more=True, looked=looked)
        progress("hunt", at, len(segments), segment.path)
        for oldest_ns, some in _answers(state, segment, question, where, looked):
            found = sorted([*found, *some], key=_rank, reverse=True)[: limit + 1]
            if len(found) > limit and _later(found[limit], oldest_ns):
                break
    return Answers(tuple(found[:limit]), more=len(found) > limit, looked=looked)


def tally(
    state: State, question: Question, by: str, where: Where = EVERYWHERE, progress: Progress = lambda *_: None
) -> tuple[Counter[str], Looked]:
    """Count all events that answer by the values of one field; an event without it counts under the empty text."""
    looked, counts = Looked(), Counter[str]()
    segments = _segments(state, where)
    for at, segment in enumerate(segments):
        progress("hunt", at, len(segments), segment.path)
        for _, some in _answers(state, segment, question, where, looked):
            for event in some:
                counts.update(_values(event, by))
    return counts, looked


def _values(event: Event, by: str) -> Sequence[str]:
    fields = {HOST: event.host, USER: event.user, SOURCE: event.source, **event.fields}
    value = fields.get(by, next((fields[name] for name in fields if name.casefold() == by.casefold()), None))
    values = value if isinstance(value, list | tuple) else [value]
    return [str(one) for one in values if one is not None] or [""]


def _segments(state: State, where: Where) -> list[Segment]:
    return state.segments(where.logsource, where.since_ns, where.until_ns)


def _rank(event: Event) -> tuple[bool, int, str]:
    return event.time_ns is not None, event.time_ns or 0, event.id


def _later(event: Event, last_ns: int | None) -> bool:
    """Tell whether an event is later than all of a file."""
    return event.time_ns is not None and (last_ns is None or event.time_ns > last_ns)


def _answers(
    state: State, segment: Segment, question: Question, where: Where, looked: Looked
) -> Iterator[tuple[int | None, list[Event]]]:
    """Give what answers in one file: the latest first, some rows at a time, with the time of the oldest of these."""
    path = state.events / segment.path
    try:
        for rows in _candidates(path, question.needs, where, looked):
            for end in range(rows.num_rows, 0, -ROWS):
                part = rows.slice(max(0, end - ROWS), min(end, ROWS))
                looked.asked += part.num_rows
                some = [one for one in events(part, segment.logsource) if question.answers(_asked(one, question))]
                if some:
                    yield part.column(TIME)[0].as_py(), some
    except (OSError, pa.ArrowException, ValueError) as error:
        looked.lost.append(f"{segment.path}: {error}")


def _asked(event: Event, question: Question) -> Event:
    """Give an event with what questions may ask of it beyond its fields; a word alone is not looked for in paths."""
    own = {HOST: event.host, USER: event.user}
    if SOURCE in question.fields:
        own[SOURCE] = event.source
    return Event(event.logsource, {**own, **event.fields}, event.time_ns, event.host, event.user, event.source)


def _candidates(path: Path, needs: Sequence[Witness], where: Where, looked: Looked) -> Iterator[pa.Table]:
    """Give the rows that hold all that is needed."""
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        wanted = {name for need in needs for name in _columns(need, names)}
        with pq.ParquetFile(path, read_dictionary=sorted(wanted - {TIME})) as searched:
            for group in reversed(range(file.num_row_groups)):
                looked.rows += file.metadata.row_group(group).num_rows
                mask = _mask(searched, group, needs, names, where)
                if mask is None:
                    yield file.read_row_group(group)
                elif pc.any(mask).as_py():
                    yield file.read_row_group(group).filter(mask)


def _mask(
    file: pq.ParquetFile, group: int, needs: Sequence[Witness], names: Sequence[str], where: Where
) -> pa.Array | None:
    """Tell which rows of a row group are worth asking about; None when all are."""
    mask: pa.Array | None = None
    if where.since_ns is not None or where.until_ns is not None:
        times = file.read_row_group(group, [TIME]).column(TIME).combine_chunks()
        if where.since_ns is not None:
            mask = _both(mask, pc.greater_equal(times, where.since_ns))
        if where.until_ns is not None:
            mask = _both(mask, pc.less_equal(times, where.until_ns))
        mask = pc.fill_null(mask, False)
    for need in needs:
        if mask is not None and not pc.any(mask).as_py():
            return mask
        patterns = {one: pattern for one in need if (pattern := pattern_of(one.text))}
        if len(patterns) < len(need):
            continue  # one of the literals cannot be searched for
        mask = _both(mask, holding(file, group, patterns, names))
    return mask


def holding(file: pq.ParquetFile, group: int, patterns: dict[Literal, str], names: Sequence[str]) -> pa.Array:
    """Tell which rows hold one of the literals."""
    per_column: dict[str, list[str]] = {}
    for one, pattern in patterns.items():
        for name in _columns((one,), names):
            per_column.setdefault(name, []).append(pattern)
    count = file.metadata.row_group(group).num_rows
    if not per_column:
        return pa.array([False] * count)
    rows = file.read_row_group(group, list(per_column))
    found: pa.Array | None = None
    for name, some in per_column.items():
        pattern = f"(?is){'|'.join(dict.fromkeys(some))}|[{ODD_FOLDS}]"
        has = _has(rows.column(name), pattern)
        found = has if found is None else pc.or_(found, has)
    return found


def _has(column: pa.ChunkedArray, pattern: str) -> pa.Array:
    """Tell which rows of a column hold a pattern, asking once for each distinct value."""
    made = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            known = pc.match_substring_regex(chunk.dictionary, pattern)
            made.append(pc.fill_null(pc.take(known, chunk.indices), False))
        else:
            made.append(pc.fill_null(pc.match_substring_regex(chunk, pattern), False))
    return pa.concat_arrays(made) if made else pa.array([], pa.bool_())


def _columns(need: Witness, names: Sequence[str]) -> Iterator[str]:
    """Give the columns in which a literal of the need may stand."""
    fields = {one.field.casefold() for one in need}
    anywhere = "" in fields
    for name in names:
        if name == REST:
            yield name
        elif name in ASKED_OWN:
            if name in fields or (anywhere and name != SOURCE):
                yield name
        elif name not in OWN and (anywhere or field_of(name).casefold() in fields):
            yield name


def pattern_of(text: str) -> str:
    """Give a regular expression for what a value must hold, empty when nothing is left to look for."""
    longest = max(_UNSAFE.split(text), key=len)
    return re.escape(longest) if longest else ""


def _both(one: pa.Array | None, other: pa.Array) -> pa.Array:
    return other if one is None else pc.and_(one, other)
