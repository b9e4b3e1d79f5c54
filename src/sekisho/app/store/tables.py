"""Events as Arrow tables and back: a column for each field, and what went in comes out.

Only what no encoding takes comes out written in another way: halves of surrogate pairs, and integers of thousands of
digits.

Values are kept as text, because that is how rules compare them; what was no text is noted beside them. Columns whose
name begins with ``@`` are the event's own (time, host, place); a field of such a name gets one more ``@``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from sekisho.model.event import Event, Logsource

MAX_COLUMNS = 512
"""Of one table; fields beyond the commonest so many go into REST. An attacker can name fields at will."""
TIME, HOST, USER, SOURCE, RECORD, PARTS = "@time", "@host", "@user", "@source", "@record", "@parts"
TYPES, REST = "@types", "@rest"
"""JSON: the fields that were no text (see ``_LETTERS``), and the fields without a column."""
OWN = (TIME, HOST, USER, SOURCE, RECORD, PARTS, TYPES, REST)
_READ: Mapping[str, Callable[[str], Any]] = {
    "i": int,
    "f": float,
    "b": lambda text: text == "true",
    "n": lambda _: None,
    "j": orjson.loads,
}
"""What the letters in TYPES stand for."""
HUGE = 1 << 63
MAX_BITS = 10_000
"""Of integers that Python still reads and writes as decimal digits at once."""
_SURE = orjson.OPT_NON_STR_KEYS


class Packed(NamedTuple):
    """Events of one logsource on their way from a worker: an Arrow stream."""

    logsource: Logsource
    data: bytes


def pack(events: Iterable[Event]) -> list[Packed]:
    """Give the events as one stream for each logsource, in the order in which these first occur."""
    groups: dict[Logsource, list[Event]] = defaultdict(list)
    for event in events:
        groups[event.logsource].append(event)
    return [Packed(logsource, _stream(table(some))) for logsource, some in groups.items()]


def unpack(packed: Packed) -> pa.Table:
    """Give the table of a stream."""
    with pa.ipc.open_stream(packed.data) as reader:
        return reader.read_all()


def _stream(made: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    return bytes(sink.getvalue())


def table(events: Sequence[Event]) -> pa.Table:
    """Give events of one logsource as a table, a row each, in their order."""
    names = _columns_of(events)
    cells: dict[str, list[str | None]] = {name: [None] * len(events) for name in names}
    types: list[str | None] = []
    rests: list[str | None] = []
    for row, event in enumerate(events):
        noted: dict[str, str] = {}
        rest: dict[str, Any] = {}
        for name, value in event.fields.items():
            column = cells.get(name)
            if column is None:
                rest[name] = value
            elif type(value) is str:
                column[row] = value
            else:
                column[row], noted[name] = _written(value)
        types.append(_json(noted) if noted else None)
        rests.append(_json(rest) if rest else None)
    columns: dict[str, pa.Array] = {
        TIME: pa.array([event.time_ns for event in events], pa.int64()),
        HOST: _texts([event.host for event in events]),
        USER: _texts([event.user for event in events]),
        SOURCE: _texts([event.source for event in events]),
        RECORD: _texts([event.record for event in events]),
        PARTS: _texts([_json(event.parts) if event.parts else None for event in events]),
        TYPES: _texts(types),
        REST: _texts(rests),
    }
    return pa.table({**columns, **{_text(column_of(name)): _texts(values) for name, values in cells.items()}})


def column_of(field: str) -> str:
    """Give the name of a field's column."""
    return f"@{field}" if field.startswith("@") else field


def field_of(column: str) -> str:
    """Give the field that a column holds; the event's own columns hold none."""
    return column[1:] if column.startswith("@") else column


def events(made: pa.Table, logsource: Logsource) -> Iterator[Event]:
    """Give the events of a table, in the order of its rows."""
    own = {name: made.column(name).to_pylist() for name in OWN if name not in (TYPES, REST)}
    for row, fields in enumerate(values(made)):
        parts = tuple(orjson.loads(own[PARTS][row])) if own[PARTS][row] is not None else ()
        place = own[HOST][row], own[USER][row], own[SOURCE][row], own[RECORD][row]
        yield Event(logsource, fields, own[TIME][row], *place, parts)


def values(made: pa.Table) -> Iterator[dict[str, Any]]:
    """Give the fields of each row; a table may have some of their columns only, but TYPES and REST."""
    types, rests = made.column(TYPES).to_pylist(), made.column(REST).to_pylist()
    fields = [(field_of(name), made.column(name).to_pylist()) for name in made.column_names if name not in OWN]
    for row in range(made.num_rows):
        noted = orjson.loads(types[row]) if types[row] is not None else {}
        found: dict[str, Any] = {}
        for name, column in fields:
            text = column[row]
            if text is not None:
                letter = noted.get(name)
                found[name] = _READ[letter](text) if letter else text
        if rests[row] is not None:
            found.update(orjson.loads(rests[row]))
        yield found


def _columns_of(events: Sequence[Event]) -> list[str]:
    """Give the fields that get a column: all, or the commonest, in the order in which they first occur."""
    counts: Counter[str] = Counter()
    for event in events:
        counts.update(event.fields.keys())
    if len(counts) <= MAX_COLUMNS:
        return list(counts)
    kept = {name for name, _ in counts.most_common(MAX_COLUMNS)}
    return [name for name in counts if name in kept]


def _written(value: Any) -> tuple[str, str]:
    """Give a value that is no text as text, and the letter that says what it was."""
    if value is None:
        return "", "n"
    if isinstance(value, bool):
        return ("true" if value else "false"), "b"
    if isinstance(value, int) and value.bit_length() < MAX_BITS:
        return str(value), "i"
    if isinstance(value, float):  # as rules read it, so that what looks for 1 finds it
        return (str(int(value)) if value.is_integer() else repr(value)), "f"
    return _json(value), "j"


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, option=_SURE, default=str).decode()
    except orjson.JSONEncodeError:  # a huge integer, or half a surrogate pair
        return orjson.dumps(_encodable(value), option=_SURE, default=str).decode()


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(str(key)): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return hex(value) if isinstance(value, int) and not -HUGE <= value < HUGE else value


def _texts(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.large_string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return pa.array([None if value is None else _text(value) for value in values], pa.large_string())


def _text(value: str) -> str:
    """Give a text with halves of surrogate pairs written out, which no encoding takes."""
    return value.encode("utf-8", "backslashreplace").decode()
