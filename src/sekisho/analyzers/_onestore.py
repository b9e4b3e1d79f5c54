"""The revision store under a OneNote section: lists of nodes, the objects they declare, and the files put aside.

Source: [MS-ONESTORE] 2.3.1 header, 2.4 file node lists, 2.5 nodes, 2.6.1 property sets, 2.6.13 file data objects;
property and class numbers from [MS-ONE] 2.1.12 and 2.1.13.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.analyzers._cursor import Cursor
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

ROOT_AT, FORMAT_AT = 0xAC, 0x30
REVISION_STORE = uuid.UUID("109add3f-911b-49f5-a5d0-1791edc8aed8").bytes_le
CLOUD_PACKAGE = uuid.UUID("638de92f-a6d4-4bc1-9a36-b3fc2511a5b7").bytes_le
FILE_HEADER = uuid.UUID("bde316e7-2665-4511-a4c4-8d4d0b7a9eac").bytes_le
FILE_FOOTER = uuid.UUID("71fba722-0f79-4a0b-bb13-899256426b24").bytes_le
FILE_HEAD_BYTES = 36
"""Header GUID, length, and twelve unused bytes before the file itself."""
_FRAGMENT = (0xA4567AB1F5F7F4C4).to_bytes(8, "little")
_TERMINATOR, _TABLE_STARTS, _TABLE_ENTRY, _ENCRYPTED = 0xFF, (0x21, 0x22), 0x24, 0x7C
_DECLARED, _REVISED, _FILE_DECLARED, _FILE_STORED = (0xA4, 0xA5, 0xC4, 0xC5), (0x41, 0x42), (0x72, 0x73), 0x94
_NODES = 100_000
"""Nodes read of one section: a page has some dozens in each of its revisions."""
_DEPTH = 8
_FIXED = {3: 1, 4: 2, 5: 4, 6: 8}
_SINGLE, _LISTS = (8, 10, 12), (9, 11, 13)

Identity = tuple[bytes, int]


@dataclass(slots=True)
class Item:
    """One object of a page: its class and its properties, references resolved."""

    identity: Identity
    jcid: int
    values: dict[int, bytes] = field(default_factory=dict)
    references: dict[int, list[Identity]] = field(default_factory=dict)


@dataclass(slots=True)
class Store:
    """What the lists declare, as far as they could be read."""

    items: list[Item] = field(default_factory=list)
    """In file order; an object that was changed stands again with its newer properties."""
    files: dict[Identity, tuple[str, str]] = field(default_factory=dict)
    """File objects: reference (``<ifndf>{GUID}`` or ``<file>name``) and extension."""
    places: dict[str, int] = field(default_factory=dict)
    """Upper-case GUID of a file to the offset of its stored object."""
    encrypted: bool = False
    flaw: MalformedError | LimitError | None = None


@dataclass(slots=True)
class _Node:
    kind: int
    body: Cursor
    stp: int
    cb: int
    is_list: bool


def read_store(data: bytes) -> Store:
    """Give what the section declares; what is broken ends the reading there and stands in ``flaw``."""
    store = Store()
    try:
        cursor = Cursor(data, ROOT_AT)
        root = (cursor.uint(8), cursor.uint(4))
        _walk(data, root, store)
    except (MalformedError, LimitError) as error:
        store.flaw = error
    return store


def _walk(data: bytes, root: tuple[int, int], store: Store) -> None:
    pending, seen, room = [root], {root[0]}, 2 * len(data)
    count = 0
    while pending:
        table: dict[int, bytes] = {}
        for node in _nodes(data, pending.pop(), seen):
            count += 1
            if count > _NODES:
                raise LimitError("steps", _NODES)
            if node.is_list and node.stp not in seen:
                seen.add(node.stp)
                pending.append((node.stp, node.cb))
            elif node.kind in _TABLE_STARTS:
                table = {}
            elif node.kind == _TABLE_ENTRY:
                index = node.body.uint(4)
                table[index] = node.body.take(16)
            elif node.kind in _DECLARED or node.kind in _REVISED:
                room -= node.cb
                if room < 0:
                    raise LimitError("steps", _NODES)
                store.items.append(_item(data, node, table))
            elif node.kind in _FILE_DECLARED:
                identity = _identity(node.body.uint(4), table)
                node.body.take(8 if node.kind == _FILE_DECLARED[1] else 5)
                store.files[identity] = (_string(node.body), _string(node.body))
            elif node.kind == _FILE_STORED:
                store.places[str(uuid.UUID(bytes_le=node.body.take(16))).upper()] = node.stp
            store.encrypted |= node.kind == _ENCRYPTED


def _nodes(data: bytes, place: tuple[int, int], seen: set[int]) -> Iterator[_Node]:
    """Give the nodes of a list, fragment after fragment."""
    stp, cb = place
    while cb:
        cursor = Cursor(data, stp, stp + cb - 20)
        if cursor.take(8, "list fragment") != _FRAGMENT:
            raise MalformedError("list fragment: no magic", stp)
        cursor.take(8)
        while cursor.left >= 4:
            node = _node(data, cursor)
            if node.kind in (0, _TERMINATOR):
                break
            yield node
        following = Cursor(data, stp + cb - 20)
        stp, cb = following.uint(8, "next fragment"), following.uint(4)
        if stp in seen or stp >= len(data):  # all bits set says that there is none
            return
        seen.add(stp)


def _node(data: bytes, cursor: Cursor) -> _Node:
    start, head = cursor.at, cursor.uint(4)
    size, base = head >> 10 & 0x1FFF, head >> 27 & 0xF
    if size < 4:
        return _Node(0, cursor, 0, 0, False)
    body = Cursor(data, cursor.at, start + size)
    cursor.take(size - 4, "node")
    stp = cb = 0
    if base in (1, 2):
        stp = body.uint((8, 4, 2, 4)[head >> 23 & 3]) << (3 if head >> 24 & 1 else 0)
        cb = body.uint((4, 8, 1, 2)[head >> 25 & 3]) << (3 if head >> 26 & 1 else 0)
    return _Node(head & 0x3FF, body, stp, cb, base == 2)


def _string(cursor: Cursor) -> str:
    return cursor.take(2 * cursor.uint(4), "string").decode("utf-16-le", "replace")


def _identity(compact: int, table: dict[int, bytes]) -> Identity:
    return table.get(compact >> 8, b""), compact & 0xFF


def _item(data: bytes, node: _Node, table: dict[int, bytes]) -> Item:
    identity = _identity(node.body.uint(4), table)
    item = Item(identity, 0 if node.kind in _REVISED else node.body.uint(4))
    if node.stp >= len(data):
        return item
    cursor = Cursor(data, node.stp, node.stp + node.cb)
    oids, more, extended = _stream(cursor)
    if more:
        _, _, extended = _stream(cursor)
        if extended:
            _stream(cursor)
    _properties(cursor, item, iter([_identity(oid, table) for oid in oids]), 0)
    return item


def _stream(cursor: Cursor) -> tuple[list[int], bool, bool]:
    head = cursor.uint(4, "stream header")
    raw = cursor.take(4 * (head & 0xFFFFFF), "stream")
    ids = [int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4)]
    return ids, not head >> 31, bool(head >> 30 & 1)


def _properties(cursor: Cursor, item: Item, oids: Iterator[Identity], depth: int) -> None:
    """Read one property set; those inside only move the cursor."""
    if depth > _DEPTH:
        raise LimitError("depth", _DEPTH)
    raw = cursor.take(4 * cursor.uint(2, "property count"), "property ids")
    for at in range(0, len(raw), 4):
        prid = int.from_bytes(raw[at : at + 4], "little")
        kind = prid >> 26 & 0x1F
        if kind in _FIXED or kind == 7:
            value = cursor.take(_FIXED[kind] if kind in _FIXED else cursor.uint(4), "property")
            if not depth:
                item.values[prid & 0x7FFFFFFF] = value
        elif kind in _SINGLE or kind in _LISTS:
            count = 1 if kind in _SINGLE else cursor.uint(4, "property")
            if kind in (8, 9):
                found = [one for _, one in zip(range(min(count, DEFAULT.children)), oids, strict=False)]
                item.references.setdefault(prid, []).extend(found)
        elif kind == 0x10:
            count = cursor.uint(4, "property")
            if count:
                cursor.take(4, "property")
            for _ in range(count):
                _properties(cursor, item, oids, depth + 1)
        elif kind == 0x11:
            _properties(cursor, item, oids, depth + 1)
        elif kind not in (1, 2):
            raise MalformedError(f"property of unknown kind {kind}", cursor.at)


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes of one file put aside in the section."""

    at: int
    data: bytes
    missing: int
    """Bytes that its length announces and the section does not hold."""


def stored_files(data: bytes) -> Iterator[Stored]:
    """Give every stored file wherever it stands: lists that hide one do not save it from being found.

    Raises:
        LimitError: they overlap so much that they add up to more than twice the section.
    """
    at, room = data.find(FILE_HEADER), 2 * len(data)
    while at >= 0:
        length = int.from_bytes(data[at + 16 : at + 24], "little")
        start = at + FILE_HEAD_BYTES
        body = data[start : start + length] if length <= len(data) else data[start:]
        room -= len(body)
        if room < 0:
            raise LimitError("unpacked_bytes", 2 * len(data))
        if start <= len(data):
            yield Stored(at, body, max(0, length - len(body)))
        end = start + len(body)
        footer = data.find(FILE_FOOTER, end, end + 8 + len(FILE_FOOTER))
        at = data.find(FILE_HEADER, footer if footer >= 0 else at + 16)
