"""Extra data of a shortcut: the typed blocks between its strings and its end.

Source: [MS-SHLLINK] 2.5 and 2.5.1 to 2.5.11. The Darwin descriptor's spelling of GUIDs is base 85 with the digits of
the Windows Installer, least significant first, as Wine's ``dlls/msi`` documents it (decode_base85_guid).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import pack

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._property_store import Property, read_properties
from sekisho.analyzers._shell_items import Item, read_items
from sekisho.analyzers._windows_text import ansi_z, guid, utf16, utf16_z
from sekisho.model.errors import MalformedError

Field = tuple[str, str | int]

ANSI_PATH, UNICODE_PATH = 260, 520
CONSOLE = (
    ("fill_attributes", 2),
    ("popup_fill_attributes", 2),
    ("screen_buffer_size_x", -2),
    ("screen_buffer_size_y", -2),
    ("window_size_x", -2),
    ("window_size_y", -2),
    ("window_origin_x", -2),
    ("window_origin_y", -2),
    ("", 8),
    ("font_size", 4),
    ("font_family", 4),
    ("font_weight", 4),
)
CONSOLE_AFTER_FACE = (
    ("cursor_size", 4),
    ("full_screen", 4),
    ("quick_edit", 4),
    ("insert_mode", 4),
    ("auto_position", 4),
    ("history_buffer_size", 4),
    ("number_of_history_buffers", 4),
    ("history_no_dup", 4),
)
DARWIN_DIGITS = "!$%&'()*+,-.0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{}~"
DARWIN_GUID_CHARS = 20


@dataclass(frozen=True, slots=True)
class Block:
    """One block of extra data."""

    name: str
    """Key of READERS' values, ``unknown`` for a signature that is not in the specification."""
    signature: int
    at: int
    size: int
    """Bytes, its own size field included."""
    fields: tuple[Field, ...] = ()
    properties: tuple[Property, ...] = ()
    items: tuple[Item, ...] = ()
    flaw: MalformedError | None = None
    """Why its content was read only in part."""

    def text(self, name: str) -> str:
        """Give one field as text, empty when it is absent."""
        return str(dict(self.fields).get(name, ""))


def read_block(data: bytes, at: int, size: int) -> Block:
    """Read the block at ``at``, whose ``size`` is known to lie within the data and to be 8 or more."""
    signature = int.from_bytes(data[at + 4 : at + 8], "little")
    name, read = READERS.get(signature, ("unknown", _nothing))
    start, end = at + 8, at + size
    fields: list[Field] = []
    properties: list[Property] = []
    items: list[Item] = []
    flaw = None
    try:  # a list keeps what a generator gave before it broke off
        if name == "property_store":
            properties.extend(read_properties(data, start, end))
        elif name == "vista_id_list":
            items.extend(read_items(data, start, end))
        else:
            fields.extend(read(Cursor(data, start, end)))
    except MalformedError as error:
        flaw = error
    return Block(name, signature, at, size, tuple(fields), tuple(properties), tuple(items), flaw)


def darwin_guid(text: str) -> str:
    """Give the GUID that twenty characters of a Darwin descriptor spell.

    Raises:
        MalformedError: another length, or a character that is no digit.
    """
    if len(text) != DARWIN_GUID_CHARS or any(char not in DARWIN_DIGITS for char in text):
        raise MalformedError("no Darwin GUID")
    words = []
    for start in range(0, DARWIN_GUID_CHARS, 5):
        word = 0
        for char in reversed(text[start : start + 5]):
            word = word * 85 + DARWIN_DIGITS.index(char)
        words.append(word & 0xFFFFFFFF)
    return guid(pack("<4I", *words))


def _paths(cursor: Cursor) -> Iterator[Field]:
    start = cursor.at
    cursor.take(ANSI_PATH, "ANSI path")
    yield "ansi", ansi_z(cursor.data, start, cursor.at)
    if cursor.left >= UNICODE_PATH:  # older writers leave it out
        start = cursor.at
        cursor.take(UNICODE_PATH, "Unicode path")
        yield "unicode", utf16_z(cursor.data, start, cursor.at)


def _darwin(cursor: Cursor) -> Iterator[Field]:
    fields = dict(_paths(cursor))
    yield from fields.items()
    text = str(fields.get("unicode") or fields.get("ansi") or "")
    yield "product", darwin_guid(text[:DARWIN_GUID_CHARS])
    feature, more, component = text[DARWIN_GUID_CHARS:].partition(">")
    if more:
        yield "feature", feature
        yield "component", darwin_guid(component[:DARWIN_GUID_CHARS])


def _console(cursor: Cursor) -> Iterator[Field]:
    yield from _numbers(cursor, CONSOLE)
    start = cursor.at
    cursor.take(64, "face name")
    yield "face_name", utf16_z(cursor.data, start, cursor.at)
    yield from _numbers(cursor, CONSOLE_AFTER_FACE)
    cursor.take(64, "colour table")


def _numbers(cursor: Cursor, layout: tuple[tuple[str, int], ...]) -> Iterator[Field]:
    """Read integers by (name, width); a negative width is signed, a nameless field is unused."""
    for name, width in layout:
        value = cursor.uint(width, name) if width > 0 else cursor.sint(-width, name)
        if name:
            yield name, value


def _console_fe(cursor: Cursor) -> Iterator[Field]:
    yield "code_page", cursor.uint(4)


def _tracker(cursor: Cursor) -> Iterator[Field]:
    yield "length", cursor.uint(4)
    yield "version", cursor.uint(4)
    start = cursor.at
    cursor.take(16, "machine name")
    yield "machine_id", ansi_z(cursor.data, start, cursor.at)
    for name in ("droid_volume", "droid_file", "birth_droid_volume", "birth_droid_file"):
        yield name, guid(cursor.take(16, name))


def _special_folder(cursor: Cursor) -> Iterator[Field]:
    yield "folder", cursor.uint(4)
    yield "offset", cursor.uint(4)


def _known_folder(cursor: Cursor) -> Iterator[Field]:
    yield "folder", guid(cursor.take(16, "known folder"))
    yield "offset", cursor.uint(4)


def _shim(cursor: Cursor) -> Iterator[Field]:
    yield "layer", utf16(cursor.take(cursor.left)).split("\0", 1)[0]


def _nothing(_: Cursor) -> Iterator[Field]:
    return iter(())


READERS: dict[int, tuple[str, Callable[[Cursor], Iterator[Field]]]] = {
    0xA0000001: ("environment", _paths),
    0xA0000002: ("console", _console),
    0xA0000003: ("tracker", _tracker),
    0xA0000004: ("console_fe", _console_fe),
    0xA0000005: ("special_folder", _special_folder),
    0xA0000006: ("darwin", _darwin),
    0xA0000007: ("icon_environment", _paths),
    0xA0000008: ("shim", _shim),
    0xA0000009: ("property_store", _nothing),
    0xA000000B: ("known_folder", _known_folder),
    0xA000000C: ("vista_id_list", _nothing),
}
