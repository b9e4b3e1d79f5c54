"""The Workbook stream of .xls files (Excel 97 and later, Excel 5.0/95): sheets, cells, formulas and names.

One file format with two dialects; the length is its record types.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._ptg import BIFF5, BIFF8, Links, Shared, parse
from sekisho.analyzers._xlm_ast import ERRORS, Err, Expr, Name
from sekisho.analyzers._xlm_book import (
    BUILT_IN,
    CHART,
    HIDDEN,
    MACRO,
    MAX_CELLS,
    MODULE,
    WORKSHEET,
    Book,
    Cell,
    DefinedName,
    Place,
    Scalar,
    Sheet,
)
from sekisho.model.errors import LimitError, MalformedError

BOF, EOF, CONTINUE = 0x0809, 0x000A, 0x003C
BOUNDSHEET, FILEPASS, CODEPAGE, SST = 0x0085, 0x002F, 0x0042, 0x00FC
EXTERNSHEET, SUPBOOK, EXTERNNAME, LBL = 0x0017, 0x01AE, 0x0023, 0x0018
FORMULA, STRING, SHRFMLA, ARRAY = 0x0006, 0x0207, 0x04BC, 0x0221
NUMBER, LABEL, LABELSST, RK, MULRK, BOOLERR, RSTRING = 0x0203, 0x0204, 0x00FD, 0x027E, 0x00BD, 0x0205, 0x00D6
BIFF8_VERSION, BIFF5_VERSION = 0x0600, 0x0500
SUBSTREAM_MACRO = 0x0040
SHEET_KINDS = {0: WORKSHEET, 1: MACRO, 2: CHART, 6: MODULE}
SELF_BOOK, ADD_IN_BOOK = 0x0401, 0x3A01
TOKEN_BYTES = 1_000_000
"""Formula bytes parsed of one workbook, shared formulas counted at each use: about a second's work."""
SHARED_STRINGS = 500_000
GLOBAL = frozenset({BOUNDSHEET, FILEPASS, CODEPAGE, SST, EXTERNSHEET, SUPBOOK, EXTERNNAME, LBL})


@dataclass(frozen=True, slots=True)
class Record:
    """One record with the bodies of the CONTINUE records behind it."""

    kind: int
    at: int
    parts: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        """All of its bytes."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)


@dataclass(slots=True)
class _Bound:
    """A sheet as the globals announce it."""

    sheet: Sheet
    at: int


@dataclass(slots=True)
class _Globals:
    """What formulas and cells of all sheets refer to, filled while the globals are read."""

    links: Links
    wide: bool
    """BIFF8 rather than BIFF5."""
    encrypted: bool = False
    codec: str = "cp1252"
    bounds: list[_Bound] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    extern: list[tuple[int, int, int]] = field(default_factory=list)
    """Supporting book, first and last sheet of each extern index."""
    books: list[tuple[str, list[str]]] = field(default_factory=list)
    """Path of each supporting book (``self`` for this one) and its names."""
    pending: list[tuple[bytes, bytes, str, str, bool]] = field(default_factory=list)
    """Names not parsed yet: they may refer to sheets that come later."""


def read_workbook(stream: bytes) -> Book | None:
    """Read the sheets of a workbook that has macro sheets; None when it has none or is encrypted.

    Formulas that cannot be read, and the place where the stream breaks off, are in ``problems``; what was read before
    stands.

    Source: [MS-XLS] 2.1.7 and 2.4; for Excel 5.0 OpenOffice.org's Excel file format, sections 4 and 5.
    """
    book = Book()
    known = _read_globals(stream, book)
    if known is None or known.encrypted:
        return None
    for bound in known.bounds:
        if _kind_of(stream, bound.at) == SUBSTREAM_MACRO:
            bound.sheet.kind = MACRO
    if not any(bound.sheet.kind == MACRO for bound in known.bounds):
        return None
    book.sheets = [bound.sheet for bound in known.bounds]
    reader = _SheetReader(known, book)
    reader.names()
    # macro sheets first: they are what a limit must not cost us
    for bound in sorted(known.bounds, key=lambda bound: bound.sheet.kind != MACRO):
        if bound.sheet.kind in (MACRO, WORKSHEET):
            reader.read(stream, bound)
    return book


def records(stream: bytes, at: int = 0) -> Iterator[Record]:
    """Give the records from a place on, each with its continuations; ends where the stream breaks off.

    Raises:
        MalformedError: a record is cut short.
    """
    end = len(stream)
    while at + 4 <= end:
        kind, size = struct.unpack_from("<HH", stream, at)
        start = at
        at += 4 + size
        parts = [stream[start + 4 : at]]
        if at > end:
            raise MalformedError("workbook record cut short", start)
        while at + 4 <= end and stream[at : at + 2] == b"\x3c\x00":
            size = int.from_bytes(stream[at + 2 : at + 4], "little")
            parts.append(stream[at + 4 : at + 4 + size])
            at += 4 + size
        yield Record(kind, start, tuple(parts))


def _kind_of(stream: bytes, at: int) -> int:
    """Give the substream type of the BOF record at a place, 0 when there is none."""
    if stream[at : at + 2] != b"\x09\x08" or at + 8 > len(stream):
        return 0
    return int.from_bytes(stream[at + 6 : at + 8], "little")


def _read_globals(stream: bytes, book: Book) -> _Globals | None:
    if stream[:2] != b"\x09\x08":
        return None
    wide = stream[4:6] == b"\x00\x06"
    known = _globals(wide)
    try:
        for record in records(stream):
            if record.kind == EOF:
                break
            if record.kind in GLOBAL:
                _GLOBAL_READERS[record.kind](known, record)
            if known.encrypted:
                break
    except MalformedError as problem:
        book.problems.append(problem)
    return known


def _globals(wide: bool) -> _Globals:
    """Give an empty state whose links look into it."""
    names: list[str] = []
    holder: list[_Globals] = []
    links = Links(
        BIFF8 if wide else BIFF5,
        names,
        lambda index, first, last: _sheet_of(holder[0], index, first, last),
        lambda index, number: _extern_name(holder[0], index, number),
        lambda raw: raw.decode(holder[0].codec, "replace"),
    )
    known = _Globals(links, wide, names=names)
    holder.append(known)
    return known


def _bound_sheet(known: _Globals, record: Record) -> None:
    cursor = Cursor(record.body)
    at, state, kind = cursor.uint(4), cursor.uint(1), cursor.uint(1)
    name = _short_string(cursor, known)
    sheet = Sheet(name, SHEET_KINDS.get(kind & 0x0F, WORKSHEET), HIDDEN[min(state & 3, 2)])
    known.bounds.append(_Bound(sheet, at))


def _short_string(cursor: Cursor, known: _Globals) -> str:
    count = cursor.uint(1)
    return _string(cursor, count, known)


def _string(cursor: Cursor, count: int, known: _Globals) -> str:
    """Read characters: BIFF8 has a width flag before them, BIFF5 one byte each."""
    if not known.wide:
        return cursor.take(count, "string").decode(known.codec, "replace")
    if cursor.uint(1, "string") & 1:
        return cursor.take(count * 2, "string").decode("utf-16-le", "replace")
    return cursor.take(count, "string").decode("latin-1")


def _codepage(known: _Globals, record: Record) -> None:
    number = int.from_bytes(record.body[:2], "little")
    name = {0x8000: "mac_roman", 0x8001: "cp1252", 10000: "mac_roman", 1200: "cp1252"}.get(number, f"cp{number}")
    try:
        known.codec = codecs.lookup(name).name
    except LookupError:
        known.codec = "cp1252"


def _encrypted(known: _Globals, record: Record) -> None:
    known.encrypted = True


def _shared_strings(known: _Globals, record: Record) -> None:
    """Read the shared strings: characters may break off anywhere and go on in a CONTINUE with a flag of its own."""
    text = _Broken(record.parts)
    count = min(int.from_bytes(text.take(8)[4:], "little"), SHARED_STRINGS)
    for _ in range(count):
        if text.exhausted:
            break
        known.strings.append(text.string())


class _Broken:
    """Bytes that go on over the seams of CONTINUE records."""

    def __init__(self, parts: tuple[bytes, ...]) -> None:
        self.parts, self.part, self.at = parts, 0, 0

    @property
    def exhausted(self) -> bool:
        self.over_seam()
        return self.part >= len(self.parts)

    def over_seam(self) -> bool:
        """Step to the next part at the end of one; tell whether that happened."""
        moved = False
        while self.part < len(self.parts) and self.at >= len(self.parts[self.part]):
            self.part, self.at, moved = self.part + 1, 0, True
        return moved

    def take(self, count: int) -> bytes:
        out = b""
        while count > 0:
            if self.exhausted:
                raise MalformedError("shared strings cut short")
            piece = self.parts[self.part][self.at : self.at + count]
            out += piece
            self.at += len(piece)
            count -= len(piece)
        return out

    def string(self) -> str:
        count, flags = struct.unpack("<HB", self.take(3))
        runs = int.from_bytes(self.take(2), "little") if flags & 8 else 0
        extension = int.from_bytes(self.take(4), "little") if flags & 4 else 0
        pieces = []
        while count > 0:
            if self.over_seam():
                flags = self.take(1)[0]
                continue
            if self.exhausted:
                raise MalformedError("shared strings cut short")
            width = 2 if flags & 1 else 1
            left = (len(self.parts[self.part]) - self.at) // width
            if left == 0:
                raise MalformedError("shared string broken inside a character")
            raw = self.take(min(left, count) * width)
            pieces.append(raw.decode("utf-16-le" if width == 2 else "latin-1", "replace"))
            count -= min(left, count)
        self.skip(runs * 4 + extension)
        return "".join(pieces)

    def skip(self, count: int) -> None:
        while count > 0 and not self.exhausted:
            step = min(count, len(self.parts[self.part]) - self.at)
            self.at += step
            count -= step


def _extern_sheet(known: _Globals, record: Record) -> None:
    body = record.body
    if known.wide:
        for at in range(2, min(len(body) - 5, 2 + 6 * int.from_bytes(body[:2], "little")), 6):
            known.extern.append(struct.unpack_from("<Hhh", body, at))
        return
    # Excel 5.0: one sheet or book a record; a first character 3 stands for a sheet of this book
    own = body[1:2] == b"\x03"
    name = body[2 : 2 + body[0]].decode(known.codec, "replace") if body else ""
    known.books.append(("self" if own else "", [name]))


def _supporting_book(known: _Globals, record: Record) -> None:
    cursor = Cursor(record.body)
    cursor.uint(2)
    count = cursor.uint(2)
    if count in (SELF_BOOK, ADD_IN_BOOK):
        known.books.append(("self" if count == SELF_BOOK else "", []))
        return
    known.books.append((_string(cursor, count, known).lstrip("\x01\x02\x03"), []))


def _external_name(known: _Globals, record: Record) -> None:
    cursor = Cursor(record.body)
    cursor.take(6)
    if known.books:
        known.books[-1][1].append(_short_string(cursor, known))


def _sheet_of(known: _Globals, index: int, first: int, last: int) -> str:
    """Name the sheet, or ``[book]sheet``, that a formula refers to."""
    if known.wide:
        if not 0 <= index < len(known.extern):
            return "#REF"
        number, first, last = known.extern[index]
        path = known.books[number][0] if number < len(known.books) else "self"
        if path != "self":
            return f"[{path.rpartition(chr(92))[2]}]Sheet{first + 1}"
    elif index >= 0:
        names = known.books[index - 1][1] if 0 < index <= len(known.books) else []
        return names[0] if names else f"[{index}]"
    names = [bound.sheet.name for bound in known.bounds]
    if not 0 <= first < len(names):
        return "#REF"
    return names[first] if first == last or not first < last < len(names) else f"{names[first]}:{names[last]}"


def _extern_name(known: _Globals, index: int, number: int) -> Name:
    """Name an add-in function, a name of another book, or a name of one of our own sheets."""
    if known.wide and 0 <= index < len(known.extern):
        book, first, _ = known.extern[index]
        path, names = known.books[book] if book < len(known.books) else ("self", [])
        if path != "self":
            return Name(names[number - 1] if 0 < number <= len(names) else f"#NAME{number}", path.rpartition("\\")[2])
        sheet = known.bounds[first].sheet.name if 0 <= first < len(known.bounds) else ""
    else:
        sheet = ""
    return Name(known.names[number - 1] if 0 < number <= len(known.names) else f"#NAME{number}", sheet)


def _defined_name(known: _Globals, record: Record) -> None:
    cursor = Cursor(record.body)
    flags, _, count = cursor.uint(2), cursor.uint(1), cursor.uint(1)
    size, _, sheet = cursor.uint(2), cursor.uint(2), cursor.uint(2)
    cursor.take(4)
    text = _string(cursor, count, known)
    if flags & 0x20 and text:
        built_in = ord(text[0])
        text = (BUILT_IN[built_in] if built_in < len(BUILT_IN) else f"#BUILTIN{built_in}") + text[1:]
    known.names.append(text)
    scope = str(sheet) if sheet else ""
    tokens = cursor.take(min(size, cursor.left))
    known.pending.append((tokens, cursor.take(cursor.left), text, scope, bool(flags & 1)))


_GLOBAL_READERS: dict[int, Callable[[_Globals, Record], None]] = {
    BOUNDSHEET: _bound_sheet,
    FILEPASS: _encrypted,
    CODEPAGE: _codepage,
    SST: _shared_strings,
    EXTERNSHEET: _extern_sheet,
    SUPBOOK: _supporting_book,
    EXTERNNAME: _external_name,
    LBL: _defined_name,
}


@dataclass(slots=True)
class _Pending:
    """A cell whose formula waits for the end of its sheet: shared ones stand behind their first cell."""

    value: Scalar | None
    tokens: bytes
    extra: bytes


class _SheetReader:
    """Cells and formulas of the sheets, within one budget for the whole book."""

    def __init__(self, known: _Globals, book: Book) -> None:
        self.known, self.book = known, book
        self.cells = self.token_bytes = 0
        self.full = False

    def parse(self, tokens: bytes, extra: bytes, base: Place) -> Expr | Shared:
        self.token_bytes += len(tokens)
        if self.token_bytes > TOKEN_BYTES:
            self.limit("steps", TOKEN_BYTES)
            raise MalformedError("formula not read: too much of them")
        return parse(tokens, extra, self.known.links, base)

    def limit(self, name: str, value: int) -> None:
        if not self.full:
            self.book.problems.append(LimitError(name, value))
        self.full = True

    def names(self) -> None:
        """Read what the defined names stand for."""
        for tokens, extra, text, scope, hidden in self.known.pending:
            value: Expr | None = None
            try:
                parsed = self.parse(tokens, extra, (0, 0)) if tokens else None
                value = None if isinstance(parsed, Shared) else parsed
            except MalformedError as problem:
                self.book.problems.append(problem)
            index = int(scope) - 1 if scope else -1
            sheet = self.known.bounds[index].sheet.name if 0 <= index < len(self.known.bounds) else ""
            self.book.names.append(DefinedName(text, value, sheet, hidden))

    def read(self, stream: bytes, bound: _Bound) -> None:
        """Read one sheet; what it lacks is a problem of the book."""
        if _kind_of(stream, bound.at) == 0:
            self.book.problems.append(MalformedError(f"sheet {bound.sheet.name!r} is not where it should be", bound.at))
            return
        try:
            self.read_records(stream, bound)
        except MalformedError as problem:
            self.book.problems.append(problem)

    def read_records(self, stream: bytes, bound: _Bound) -> None:
        waiting: dict[Place, _Pending] = {}
        shared: dict[Place, tuple[bytes, bytes]] = {}
        last: Place = (0, 0)
        depth = 0
        try:
            for record in records(stream, bound.at):
                if record.kind == BOF:
                    depth += 1
                elif record.kind == EOF:
                    depth -= 1
                    if depth <= 0:
                        break
                elif depth > 1 or self.cells > MAX_CELLS:  # an embedded chart
                    continue
                elif record.kind == FORMULA:
                    last = self.formula(record, waiting)
                elif record.kind in (SHRFMLA, ARRAY):
                    self.shared(record, last, shared)
                elif record.kind == STRING and last in waiting:
                    waiting[last].value = self.text(record)
                elif record.kind in _VALUES:
                    self.value(record, bound.sheet)
        finally:
            if self.cells > MAX_CELLS:
                self.limit("artifacts", MAX_CELLS)
            for place, cell in waiting.items():
                bound.sheet.cells[place] = self.finish(place, cell, shared, note=bound.sheet.kind == MACRO)

    def formula(self, record: Record, waiting: dict[Place, _Pending]) -> Place:
        body = record.body
        if len(body) < 22:
            raise MalformedError("formula record cut short", record.at)
        row, col = struct.unpack_from("<HH", body)
        size = int.from_bytes(body[20:22], "little")
        waiting[row, col] = _Pending(_cached(body[6:14]), body[22 : 22 + size], body[22 + size :])
        self.cells += 1
        return row, col

    def shared(self, record: Record, last: Place, shared: dict[Place, tuple[bytes, bytes]]) -> None:
        body = record.body
        at = 8 if record.kind == SHRFMLA else 12
        if len(body) < at + 2:
            raise MalformedError("shared formula record cut short", record.at)
        size = int.from_bytes(body[at : at + 2], "little")
        formula = (body[at + 2 : at + 2 + size], body[at + 2 + size :])
        # cells point at the first cell that uses it, which is the one before, or at the corner of its range
        shared[last] = shared[int.from_bytes(body[:2], "little"), body[4]] = formula

    def finish(self, place: Place, cell: _Pending, shared: dict[Place, tuple[bytes, bytes]], *, note: bool) -> Cell:
        """Make a cell; ``note`` keeps what could not be read among the problems."""
        if cell.tokens[:1] == b"\x02":  # a data table: computed from others, no formula of its own
            return Cell(cell.value)
        try:
            parsed = self.parse(cell.tokens, cell.extra, place)
            if isinstance(parsed, Shared):
                tokens, extra = shared.get((parsed.row, parsed.col), (b"", b""))
                parsed = self.parse(tokens, extra, place)
        except MalformedError as problem:
            if note and not self.full:
                self.book.problems.append(problem)
            return Cell(cell.value, None, str(problem))
        return Cell(cell.value, None if isinstance(parsed, Shared) else parsed)

    def text(self, record: Record) -> str:
        if not self.known.wide or len(record.parts) == 1:
            cursor = Cursor(record.body)
            return _string(cursor, cursor.uint(2), self.known)
        return _Broken(record.parts).string()

    def value(self, record: Record, sheet: Sheet) -> None:
        """Read a cell that holds a constant."""
        cursor = Cursor(record.body)
        row, col = cursor.uint(2), cursor.uint(2)
        if record.kind == MULRK:
            while cursor.left >= 8:
                cursor.take(2)
                sheet.cells[row, col] = Cell(rk(cursor.uint(4)))
                col += 1
                self.cells += 1
            return
        cursor.take(2)
        self.cells += 1
        value: Scalar
        if record.kind == LABELSST:
            index, strings = cursor.uint(4), self.known.strings
            value = strings[index] if index < len(strings) else ""
        elif record.kind in (LABEL, RSTRING):
            value = _string(cursor, cursor.uint(2), self.known)
        elif record.kind == RK:
            value = rk(cursor.uint(4))
        elif record.kind == NUMBER:
            value = struct.unpack("<d", cursor.take(8))[0]
        else:
            code, is_error = cursor.uint(1), cursor.uint(1)
            value = Err(ERRORS.get(code, "#N/A")) if is_error else code != 0
        sheet.cells[row, col] = Cell(value)


_VALUES = frozenset({NUMBER, LABEL, LABELSST, RK, MULRK, BOOLERR, RSTRING})


def rk(raw: int) -> float:
    """Read a packed number: an integer or the top of a double, possibly times 100.

    Source: [MS-XLS] 2.5.217 RkNumber.
    """
    if raw & 2:
        value = float((raw >> 2) - (1 << 30 if raw >> 31 else 0))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (raw & 0xFFFFFFFC) << 32))[0]
    return value / 100 if raw & 1 else value


def _cached(raw: bytes) -> Scalar | None:
    """Read the value a formula had; text stands in a STRING record behind it.

    Source: [MS-XLS] 2.5.133 FormulaValue.
    """
    if raw[6:] != b"\xff\xff":
        value: float = struct.unpack("<d", raw)[0]
        return value
    if raw[0] == 1:
        return raw[2] != 0
    return Err(ERRORS.get(raw[2], "#N/A")) if raw[0] == 2 else ""
