"""OLE 1.0 objects, as rich text embeds them: class, link target, and the data of the application that made it.

Source: [MS-OLEDS] 2.2 (ObjectHeader, EmbeddedObject, LinkedObject); readers do not look at the version.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.analyzers._cursor import Cursor
from sekisho.model.errors import MalformedError

LINKED, EMBEDDED = 1, 2
NAME_BYTES = 4_096
"""Longest class or file name; a longer one shows that the header is none."""


@dataclass(frozen=True, slots=True)
class Ole1:
    """One object."""

    class_name: str
    topic: str
    """File or address that a linked object is taken from."""
    linked: bool
    data: bytes
    """Native data, as many of them as there are."""
    cut: bool
    """Fewer are there than announced."""


def read_ole1(data: bytes) -> Ole1:
    """Read one object.

    Raises:
        MalformedError: there is no header of a linked or embedded object.
    """
    cursor = Cursor(data)
    cursor.take(4, "OLE version")
    kind = cursor.uint(4, "OLE format")
    if kind not in (LINKED, EMBEDDED):
        raise MalformedError(f"OLE object of format {kind}", 4)
    class_name, topic, item = _name(cursor), _name(cursor), _name(cursor)
    if kind == LINKED:
        return Ole1(class_name, "!".join(part for part in (topic, item) if part), True, b"", False)
    size = cursor.uint(4, "size of the native data")
    native = data[cursor.at : cursor.at + size]
    return Ole1(class_name, topic, False, native, len(native) < size)


def _name(cursor: Cursor) -> str:
    size = cursor.uint(4, "length of a name")
    if size > NAME_BYTES:
        raise MalformedError(f"name of {size} bytes", cursor.at)
    return cursor.take(size, "name").split(b"\0")[0].decode("cp1252", "replace")
