"""Hunting: which of the stored events answer a question, the latest first.

Three steps make it fast and right. Columns are searched for the literals that every answer must hold, some row groups
ahead in other threads. What is left is asked of the rule engine, so that an answer is exactly what a rule would match;
where a question names its fields, only these are read, and what has the same values is asked about once. Whole events
are made of answers alone.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.app.store._search import ASKED_OWN, Candidates, Where, candidates, columns_of
from sekisho.app.store.state import Segment, State
from sekisho.app.store.tables import HOST, RECORD, SOURCE, TIME, USER, events, values
from sekisho.detect.hunting import Question
from sekisho.model.event import Event

ROWS = 2_000
"""Rows that are asked about at a time."""
AHEAD = 2
"""Row groups searched at a time: the goal is set for two cores, and each holds some 10 MB."""
KEPT = 200_000
"""Answers of the engine that are remembered: 100 MB at most."""
LONGEST_KEPT = 200
"""Characters of the values of a row whose answer is remembered."""

Progress = Callable[[str, int, int, str], None]

_Key: TypeAlias = tuple[str | None, ...]
EVERYWHERE = Where()


@dataclass(slots=True)
class Looked:
    """What a hunt did."""

    rows: int = 0
    """Events in the files that were opened."""
    asked: int = 0
    """Of these, how many were left to the engine after the search in columns; equal ones are asked about once."""
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


class _Unit(NamedTuple):
    """A row group to be searched."""

    segment: Segment
    at: int
    """Place of the segment among those that are looked at."""
    group: int
    names: Sequence[str]
    """The columns of the file."""
    rows: int
    """Of the group."""


class _Part(NamedTuple):
    """Some rows of a row group that answer, in their order."""

    unit: _Unit
    rows: pa.Table
    oldest_ns: int | None
    """Of the rows that were asked about."""
    numbers: Sequence[Any] | None
    """Places in the group of those that answer; None when ``rows`` has whole events."""


def hunt(
    state: State,
    question: Question,
    where: Where = EVERYWHERE,
    *,
    limit: int = 100,
    progress: Progress = lambda *_: None,
) -> Answers:
    """Give the latest events that answer a question."""
    search = _Search(state, question, where, (), progress)
    found: list[Event] = []
    for part in search.parts():
        try:
            some = list(search.events(part))
        except (OSError, pa.ArrowException, ValueError) as error:
            search.lose(part.unit.segment, error)
            continue
        found = sorted([*found, *some], key=_rank, reverse=True)[: limit + 1]
        if len(found) > limit:
            search.later_ns = least = found[limit].time_ns
            if least is not None and part.oldest_ns is not None and least > part.oldest_ns:
                search.leave(part.unit.segment)
    return Answers(tuple(found[:limit]), more=len(found) > limit, looked=search.looked)


def tally(
    state: State,
    question: Question,
    by: str,
    where: Where = EVERYWHERE,
    progress: Progress = lambda *_: None,
    most: int | None = None,
) -> tuple[Counter[str], Looked]:
    """Count all events that answer by the values of one field; an event without it counts under the empty text.

    With ``most``, counting ends once there are more values than that.
    """
    search, counts = _Search(state, question, where, (by,), progress), Counter[str]()
    for part in search.parts():
        for fields in _records(part.rows):
            counts.update(_values(fields, by))
        if most is not None and len(counts) > most:
            break
    return counts, search.looked


def spread(
    state: State, question: Question, step_ns: int, where: Where = EVERYWHERE, progress: Progress = lambda *_: None
) -> tuple[Counter[int | None], Looked]:
    """Count all events that answer by the step of time they lie in, its number from 1970; None: they have no time.

    Nothing is read but the columns that the question names, and times.
    """
    search = _Search(state, question, where, (), progress)
    counts: Counter[int | None] = Counter()
    for part in search.parts():
        times = part.rows.column(TIME).to_pylist()
        counts.update(None if at is None else at // step_ns for at in times)
    return counts, search.looked


def stored(state: State, where: Where, source: str, record: str) -> list[Event]:
    """Give the events that one record gave, found by its time and logsource.

    Args:
        state: the store.
        where: its logsource, and its time as both ends; without, all files of the logsource are searched.
        source: as the event has it.
        record: likewise.
    """
    found: list[Event] = []
    for segment in state.segments(where.logsource, where.since_ns, where.until_ns):
        path = state.events / segment.path
        with pq.ParquetFile(path) as file:
            groups = file.metadata.num_row_groups
        for group in range(groups):
            near = candidates(path, group, (), (RECORD,), where)
            if near.rows.num_rows and record in near.rows.column(RECORD).to_pylist():
                rows = candidates(path, group, (), None, where).rows
                held = pc.and_(pc.equal(rows.column(RECORD), record), pc.equal(rows.column(SOURCE), source))
                found += events(rows.filter(pc.fill_null(held, False)), segment.logsource)
    return found


class _Search:
    """One question on its way through the files of a store."""

    def __init__(self, state: State, question: Question, where: Where, also: Sequence[str], progress: Progress) -> None:
        """``also`` are fields that are wanted beside those of the question."""
        self.state, self.question, self.where, self.progress = state, question, where, progress
        self.named = None if question.anywhere else (*question.fields, *also)
        """Fields that are read; None: all."""
        self.looked = Looked()
        self.later_ns: int | None = None
        """Only events that are not older than it are wanted."""
        self._segments = 0
        self._left: set[str] = set()
        """Segments of which no more is wanted."""
        self._known: dict[tuple[str, ...], dict[_Key, bool]] = {}
        """What the engine said of texts in columns of these names."""
        self._kept = 0
        self._whole: tuple[_Unit, pa.Table] | None = None
        """The row group that was read last."""

    def leave(self, segment: Segment) -> None:
        """Look at no more rows of a segment."""
        self._left.add(segment.path)

    def lose(self, segment: Segment, error: Exception) -> None:
        """Note that a segment cannot be read."""
        self.leave(segment)
        self.looked.lost.append(f"{segment.path}: {error}")

    def parts(self) -> Iterator[_Part]:
        """Give the rows that answer, of each file the latest first, as long as files have some after ``later_ns``."""
        for unit, searched in self._searched():
            if _ends_before(unit.segment, self.later_ns):
                return
            if unit.segment.path in self._left:
                continue
            self.looked.rows += unit.rows
            self.progress("hunt", unit.at, self._segments, unit.segment.path)
            try:
                yield from self._answers(unit, searched.result())
            except (OSError, pa.ArrowException, ValueError) as error:
                self.lose(unit.segment, error)

    def _searched(self) -> Iterator[tuple[_Unit, Future[Candidates]]]:
        """Search row groups in threads; none ahead at first, because the first often has all that is wanted."""
        waiting: deque[tuple[_Unit, Future[Candidates]]] = deque()
        ahead = 0
        with ThreadPoolExecutor(AHEAD) as pool:
            try:
                for unit in self._units():
                    path = self.state.events / unit.segment.path
                    wanted = None if self.named is None else columns_of(self.named, unit.names)
                    waiting.append(
                        (unit, pool.submit(candidates, path, unit.group, self.question.needs, wanted, self.where))
                    )
                    if len(waiting) > ahead:
                        yield waiting.popleft()
                        ahead = min(AHEAD, ahead + 1)
                while waiting:
                    yield waiting.popleft()
            finally:
                for _, one in waiting:
                    one.cancel()

    def _units(self) -> Iterator[_Unit]:
        segments = self.state.segments(self.where.logsource, self.where.since_ns, self.where.until_ns)
        self._segments = len(segments)
        for at, segment in enumerate(segments):
            try:
                with pq.ParquetFile(self.state.events / segment.path) as file:
                    names, told = file.schema_arrow.names, file.metadata
                    counts = [told.row_group(group).num_rows for group in range(told.num_row_groups)]
            except (OSError, pa.ArrowException, ValueError) as error:
                self.lose(segment, error)
                continue
            for group in reversed(range(len(counts))):
                if segment.path not in self._left:
                    yield _Unit(segment, at, group, names, counts[group])

    def _answers(self, unit: _Unit, found: Candidates) -> Iterator[_Part]:
        for end in range(found.rows.num_rows, 0, -ROWS):
            begin = max(0, end - ROWS)
            part = found.rows.slice(begin, end - begin)
            self.looked.asked += part.num_rows
            told = self._told(part, unit)
            if any(told):
                numbers = range(begin, end) if found.numbers is None else found.numbers[begin:end].to_pylist()
                places = None if self.named is None else list(compress(numbers, told))
                yield _Part(unit, part.filter(pa.array(told)), part.column(TIME)[0].as_py(), places)
            if unit.segment.path in self._left:
                return

    def _told(self, part: pa.Table, unit: _Unit) -> list[bool]:
        """Tell which rows answer."""
        if self.named is None:
            return [self.question.answers(_asked(one, self.question)) for one in events(part, unit.segment.logsource)]
        names = columns_of(self.question.fields, part.column_names)
        asked = part.select([name for name in names if name != TIME])
        shape = tuple(asked.column_names)
        if (known := self._known.get(shape)) is None:
            known = self._known[shape] = {}
        keys = list(_keys(asked))
        told = list(map(known.get, keys))
        if None in told:
            new = {key: at for at, key in enumerate(keys) if told[at] is None}
            rows = asked.take(pa.array(new.values(), pa.int64()))
            answers = (self.question.answers(Event(unit.segment.logsource, one)) for one in _records(rows))
            fresh = dict(zip(new, answers, strict=True))
            told = [fresh[key] if one is None else one for one, key in zip(told, keys, strict=True)]
            self._keep(known, fresh)
        return [bool(one) for one in told]

    def _keep(self, known: dict[_Key, bool], fresh: Mapping[_Key, bool]) -> None:
        self._kept += len(fresh)
        if self._kept > KEPT:
            for one in self._known.values():
                one.clear()
            self._kept = len(fresh)
        known.update(
            (key, answer)
            for key, answer in fresh.items()
            if sum(len(one) for one in key if one is not None) <= LONGEST_KEPT
        )

    def events(self, part: _Part) -> Iterable[Event]:
        """Give the events of a part."""
        unit = part.unit
        if part.numbers is None:
            return events(part.rows, unit.segment.logsource)
        if self._whole is None or self._whole[0] is not unit:
            with pq.ParquetFile(self.state.events / unit.segment.path) as file:
                self._whole = unit, file.read_row_group(unit.group)
        return events(self._whole[1].take(pa.array(part.numbers, pa.int64())), unit.segment.logsource)


def _keys(rows: pa.Table) -> Iterator[_Key]:
    """Give the texts of each row."""
    empty = [None] * rows.num_rows
    return zip(*(empty if one.null_count == rows.num_rows else one.to_pylist() for one in rows.columns), strict=True)


def _records(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """Give the fields of each row, with those of the event itself that the table has and that a question may name."""
    own = [name for name in ASKED_OWN if name in rows.column_names]
    places = zip(*(rows.column(name).to_pylist() for name in own), strict=True) if own else [()] * rows.num_rows
    for place, fields in zip(places, values(rows), strict=True):
        yield {**dict(zip(own, place, strict=True)), **fields}


def _values(fields: Mapping[str, Any], by: str) -> Sequence[str]:
    value = fields.get(by, next((fields[name] for name in fields if name.casefold() == by.casefold()), None))
    found = value if isinstance(value, list | tuple) else [value]
    return [str(one) for one in found if one is not None] or [""]


def _rank(event: Event) -> tuple[bool, int, str]:
    return event.time_ns is not None, event.time_ns or 0, event.id


def _ends_before(segment: Segment, time_ns: int | None) -> bool:
    """Tell whether all events of a file are earlier than a time, or have none."""
    return time_ns is not None and (segment.last_ns is None or time_ns > segment.last_ns)


def _asked(event: Event, question: Question) -> Event:
    """Give an event with what questions may ask of it beyond its fields; a word alone is not looked for in paths."""
    own = {HOST: event.host, USER: event.user}
    if SOURCE in question.fields:
        own[SOURCE] = event.source
    return Event(event.logsource, {**own, **event.fields}, event.time_ns, event.host, event.user, event.source)
