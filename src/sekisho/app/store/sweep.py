"""Sweeping the store: new rules and indicators are run over every stored event, the latest first.

Files of logsources that no rule reads stay closed. In the others, columns are searched as hunts do it: for literals
that the rules need, and for indicators once in each distinct value. Only rows with one of these are made events and
given to the rule set, so that what is found is exactly what it would have found when the evidence came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.app.store._search import holding, piece_of
from sekisho.app.store.hunt import ROWS, Looked, Progress
from sekisho.app.store.state import Segment, State
from sekisho.app.store.tables import OWN, REST, events
from sekisho.detect.hunting import Witness, needed
from sekisho.detect.indicators import Index
from sekisho.detect.ruleset import RuleSet
from sekisho.model.event import Event
from sekisho.model.finding import Finding

MOST_LITERALS = 200
"""Searched for in columns; with more, the rule engine sees every row. Measured on 59,400 process creations: the engine
took 1.2 to 1.8 s for all; columns 0.1 s with 200 random literals, but 15.6 s with 1,000."""


def sweep(
    state: State, known: RuleSet, looked: Looked, progress: Progress = lambda *_: None
) -> Iterator[tuple[Event, list[Finding]]]:
    """Give every stored event in which rules or indicators find something, with what they find.

    Files come the latest first, and the events of each; one file's may overlap those of the next. Findings of silent
    rules are among them, and nothing is correlated.

    Args:
        state: the store.
        known: rules, with indicators beside them or without.
        looked: counts what was done, and names files that could not be read; the rest goes on.
        progress: is told after each file.
    """
    segments = state.segments()
    for at, segment in enumerate(segments):
        progress("sweep", at, len(segments), segment.path)
        try:
            yield from _found(state, segment, known, looked)
        except (OSError, pa.ArrowException, ValueError) as error:
            looked.lost.append(f"{segment.path}: {error}")


def _found(state: State, segment: Segment, known: RuleSet, looked: Looked) -> Iterator[tuple[Event, list[Finding]]]:
    """Give what is found in one file."""
    readers = [one for one in known.compiled if one.rule.logsource.reads(segment.logsource)]
    if not readers and not known.indicators:
        return
    literals = needed(readers)
    need = tuple(literals or ())
    every = literals is None or len(need) > MOST_LITERALS or not all(piece_of(one.text) for one in need)
    path = state.events / segment.path
    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if name == REST or name not in OWN]
        with pq.ParquetFile(path, read_dictionary=columns) as searched:
            for group in reversed(range(file.num_row_groups)):
                looked.rows += file.metadata.row_group(group).num_rows
                mask = None if every else _mask(searched, group, need, columns, known.indicators)
                if mask is not None and not pc.any(mask).as_py():
                    continue
                rows = file.read_row_group(group)
                yield from _matched(rows if mask is None else rows.filter(mask), segment, known, looked)


def _matched(rows: pa.Table, segment: Segment, known: RuleSet, looked: Looked) -> Iterator[tuple[Event, list[Finding]]]:
    """Ask the rule set about rows, the last first."""
    for end in range(rows.num_rows, 0, -ROWS):
        part = rows.slice(max(0, end - ROWS), min(end, ROWS))
        looked.asked += part.num_rows
        for event in reversed(list(events(part, segment.logsource))):
            if some := known.match(event):
                yield event, some


def _mask(file: pq.ParquetFile, group: int, need: Witness, columns: Sequence[str], index: Index | None) -> pa.Array:
    """Tell which rows of a row group are worth asking about."""
    found = holding(file, group, need, columns)
    if index:
        for name in columns:
            found = pc.or_(found, _standing(file.read_row_group(group, [name]).column(name), index))
    return found


def _standing(column: pa.ChunkedArray, index: Index) -> pa.Array:
    """Tell in which rows of a column an indicator may stand, looking once at each distinct value."""
    made = []
    for chunk in column.chunks:
        coded = pa.types.is_dictionary(chunk.type)
        values = (chunk.dictionary if coded else chunk).to_pylist()
        owners, texts = [], []
        for owner, value in enumerate(values):
            for text in _texts(value):
                owners.append(owner)
                texts.append(text)
        held = {owners[place] for place in index.holding(texts)}
        flags = pa.array([owner in held for owner in range(len(values))], pa.bool_())
        made.append(pc.fill_null(pc.take(flags, chunk.indices), False) if coded else flags)
    return pa.concat_arrays(made) if made else pa.array([], pa.bool_())


def _texts(value: str | None) -> Iterator[str]:
    """Give a value, and the texts in it where it may be a list or a record, which lie in columns as JSON."""
    if value is None:
        return
    yield value
    if value[:1] in "[{":
        try:
            yield from _inside(orjson.loads(value))
        except orjson.JSONDecodeError:
            return


def _inside(value: Any) -> Iterator[str]:
    """Give the texts that the index reads in a list, or in the values of a record."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            yield from (item for item in one if isinstance(item, str))
