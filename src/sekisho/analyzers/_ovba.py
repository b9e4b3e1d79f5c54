"""VBA projects in compound files: decompression, the ``dir`` stream, the modules' source text.

Source: [MS-OVBA] 2.2 file structure, 2.3 records, 2.4.1 compression.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers._compound import Compound, Path
from sekisho.model.errors import MalformedError
from sekisho.model.limits import DEFAULT

CHUNK_BYTES = 4096
CARVE = b"\x00Attribut"
"""How every module's compressed source begins: one flag byte, then eight literals of ``Attribute VB_Name``."""
MODULES = 500
"""Modules read of one project; the largest public workbooks have about two hundred."""

_CODE_PAGE, _PROJECT_NAME, _PROJECT_VERSION = 0x0003, 0x0004, 0x0009
_MODULE_NAME, _MODULE_NAME_WIDE, _STREAM_NAME, _STREAM_NAME_WIDE = 0x0019, 0x0047, 0x001A, 0x0032
_OFFSET, _PROCEDURAL, _DOCUMENT_OR_CLASS, _MODULE_END = 0x0031, 0x0021, 0x0022, 0x002B
_CODECS = {10000: "mac_roman", 10001: "shift_jis", 10002: "big5", 10003: "euc_kr", 10008: "gb2312", 65001: "utf-8",
           20127: "ascii", 54936: "gb18030", 936: "gbk", 1200: "utf-16-le"}  # fmt: skip
_PROJECT_LINE = re.compile(r"^(Module|Class|BaseClass|Document)=([^/\r\n]*)", re.M)
_TEXT_CONSTANT = re.compile(rb"\xb9\x00([\x04-\xff])([\x00\x01])")  # LitStr, then its length
_ATTRIBUTE_LINE = re.compile(r"^Attribute\s.*(?:\r?\n|$)|^\s+", re.M)


@dataclass(frozen=True, slots=True)
class Module:
    """One module as the project stores it."""

    name: str
    kind: str
    """File extension: bas, cls or frm."""
    source: str
    stream: str
    """Path of the stream."""
    constants: tuple[str, ...] = ()
    """Text constants of the compiled code that the source does not have."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """One VBA project."""

    place: Path
    """Storage that holds ``VBA``."""
    name: str
    code_page: int
    modules: tuple[Module, ...]
    problems: tuple[str, ...]


def decompress(data: bytes, at: int = 0, limit: int = DEFAULT.text_chars * 4) -> tuple[bytes, str]:
    """Undo MS-OVBA compression.

    Returns:
        The bytes up to the end or to the first break, and what the break was (empty when there was none).

    Raises:
        MalformedError: there is no compressed container at ``at``.

    Source: [MS-OVBA] 2.4.1.1 container, 2.4.1.3 decompression.
    """
    if data[at : at + 1] != b"\x01":
        raise MalformedError("no compressed container", at)
    out = bytearray()
    at += 1
    size = len(data)
    while at + 2 <= size:
        header = int.from_bytes(data[at : at + 2], "little")
        if header >> 12 & 0b111 != 0b011:
            return bytes(out), f"chunk signature wrong at byte {at}"
        end = min(at + (header & 0x0FFF) + 3, size)
        if header & 0x8000:
            problem = _chunk(data, at + 2, end, out)
            if problem:
                return bytes(out), problem
        else:
            out += data[at + 2 : min(at + 2 + CHUNK_BYTES, size)]
            end = at + 2 + CHUNK_BYTES
        at = end
        if len(out) > limit:
            return bytes(out[:limit]), "limit reached: text_chars"
    return bytes(out), ""


def _chunk(data: bytes, at: int, end: int, out: bytearray) -> str:
    """Decompress one chunk onto ``out``; gives what broke, empty when nothing did."""
    start = len(out)
    while at < end:
        flags = data[at]
        at += 1
        if flags == 0:
            out += data[at : min(at + 8, end)]
            at += 8
            continue
        for bit in range(8):
            if at >= end:
                break
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            if at + 2 > end:
                return f"copy token cut at byte {at}"
            token = data[at] | data[at + 1] << 8
            at += 2
            bits = max((len(out) - start - 1).bit_length(), 4)
            back = (token >> (16 - bits)) + 1
            length = (token & (0xFFFF >> bits)) + 3
            begin = len(out) - back
            if begin < start:
                return f"copy token points before its chunk at byte {at - 2}"
            if back >= length:
                out += out[begin : begin + length]
            else:
                out += (out[begin:] * (length // back + 1))[:length]
        if len(out) - start > CHUNK_BYTES:
            return f"chunk longer than {CHUNK_BYTES} bytes at byte {at}"
    return ""


def read_projects(compound: Compound) -> Iterator[Project]:
    """Give every VBA project of a compound file, wherever its storage lies."""
    places = [path[:-1] for path, entry in compound.entries.items() if _is_vba(path) and not entry.is_stream]
    for place in places:
        yield _Reader(compound, place).project()


def _is_vba(path: Path) -> bool:
    return bool(path) and path[-1].lower() == "vba"


def has_project(data: bytes) -> bool:
    """Tell from the raw bytes whether a compound file may hold a VBA project; cheap and never wrong the other way."""
    return b"V\0B\0A\0\0\0" in data or b"v\0b\0a\0\0\0" in data or CARVE in data or b"_\0V\0B\0A\0_\0P\0" in data


def carve(data: bytes) -> Iterator[bytes]:
    """Give the source of every module found by its first bytes, for files whose directory cannot be read."""
    at = data.find(CARVE)
    found = 0
    while at >= 0 and found < MODULES:
        if at >= 3 and data[at - 3] == 1 and data[at - 1] >> 4 & 0b111 == 0b011:
            source, _ = decompress(data, at - 3)
            found += 1
            yield source
        at = data.find(CARVE, at + len(CARVE))


@dataclass(slots=True)
class _Record:
    """What the ``dir`` stream says of one module."""

    name: str = ""
    stream: str = ""
    stream_wide: str = ""
    offset: int = -1
    procedural: bool = True


class _Reader:
    def __init__(self, compound: Compound, place: Path) -> None:
        self.compound, self.place = compound, place
        self.problems: list[str] = []
        self.name, self.code_page = "", 1252
        self.records: list[_Record] = []

    def project(self) -> Project:
        try:
            raw = self.compound.read(*self.place, "VBA", "dir")
            directory, problem = decompress(raw)
            if problem:
                self.problems.append(f"dir: {problem}")
            self.directory(directory)
        except MalformedError as error:
            self.problems.append(f"dir: {error}")
        kinds = self.kinds()
        modules = [self.module(record, kinds) for record in self.records[:MODULES]]
        named = {module.stream.lower() for module in modules}
        modules += self.unlisted(named, kinds)
        return Project(self.place, self.name, self.code_page, tuple(modules), tuple(self.problems))

    def directory(self, data: bytes) -> None:
        """Read the records of the ``dir`` stream, up to the first that points past its end."""
        at = 0
        record = _Record()
        while at + 6 <= len(data):
            kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 6], "little")
            if kind == _PROJECT_VERSION:
                size = 6  # the field holds a reserved 4
            at += 6
            body = data[at : at + size]
            at += size
            if kind == _CODE_PAGE and len(body) >= 2:
                self.code_page = int.from_bytes(body[:2], "little")
            elif kind == _PROJECT_NAME:
                self.name = self.text(body)
            elif kind == _MODULE_NAME:
                record = _Record(name=self.text(body))
                self.records.append(record)
            elif kind == _MODULE_NAME_WIDE and not record.name:
                record.name = body.decode("utf-16-le", "replace")
            elif kind == _STREAM_NAME:
                record.stream = self.text(body)
            elif kind == _STREAM_NAME_WIDE:
                record.stream_wide = body.decode("utf-16-le", "replace")
            elif kind == _OFFSET:
                record.offset = int.from_bytes(body[:4], "little")
            elif kind == _DOCUMENT_OR_CLASS:
                record.procedural = False
        if at > len(data):
            self.problems.append("dir: a record points past its end")

    def text(self, data: bytes) -> str:
        return data.decode(codec_of(self.code_page), "replace")

    def kinds(self) -> dict[str, str]:
        """Give each module's file extension from the ``PROJECT`` stream."""
        text = self.text(self.compound.try_read(*self.place, "PROJECT"))
        extension = {"Module": "bas", "Class": "cls", "Document": "cls", "BaseClass": "frm"}
        return {name.strip().lower(): extension[word] for word, name in _PROJECT_LINE.findall(text)}

    def module(self, record: _Record, kinds: dict[str, str]) -> Module:
        name = record.name or record.stream
        kind = kinds.get(name.lower()) or ("bas" if record.procedural else self.class_kind(name))
        for stream in (record.stream_wide, record.stream, record.name):
            if stream and self.compound.find(*self.place, "VBA", stream) is not None:
                return self.source(name, kind, stream, record.offset)
        return Module(name, kind, "", "/".join((*self.place, "VBA", record.stream)), problem="no stream")

    def class_kind(self, name: str) -> str:
        """Tell a form, which has a storage of its own, from a class."""
        found = self.compound.find(*self.place, name)
        return "frm" if found is not None and not self.compound.entries[found].is_stream else "cls"

    def source(self, name: str, kind: str, stream: str, offset: int) -> Module:
        path = "/".join((*self.place, "VBA", stream))
        try:
            data = self.compound.read(*self.place, "VBA", stream)
            start = offset if 0 <= offset < len(data) and data[offset] == 1 else _carved_at(data)
            raw, problem = decompress(data, start)
        except MalformedError as error:
            return Module(name, kind, "", path, problem=str(error))
        text = self.text(raw)
        return Module(name, kind, text, path, _lost_constants(data[:start], text), problem)

    def unlisted(self, named: set[str], kinds: dict[str, str]) -> Iterator[Module]:
        """Give modules that ``dir`` does not name: it is missing, broken, or they were hidden from the editor."""
        for entry in list(self.compound.streams((*self.place, self.spelled()))):
            stream = entry.path[-1]
            if "/".join((*self.place, "VBA", stream)).lower() in named or stream.lower() in ("dir", "_vba_project"):
                continue
            data = self.compound.try_read(*entry.path)
            if stream.startswith("__SRP_") or CARVE not in data:
                continue
            yield self.source(stream, kinds.get(stream.lower(), "bas"), stream, -1)

    def spelled(self) -> str:
        found = self.compound.find(*self.place, "VBA")
        return found[-1] if found else "VBA"


def _carved_at(data: bytes) -> int:
    at = data.find(CARVE)
    while at >= 0:
        if at >= 3 and data[at - 3] == 1:
            return at - 3
        at = data.find(CARVE, at + 1)
    raise MalformedError("no source text in the module")


def codec_of(code_page: int) -> str:
    """Give Python's codec for a Windows code page, cp1252 for one it does not have."""
    name = _CODECS.get(code_page, f"cp{code_page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def _lost_constants(compiled: bytes, source: str) -> tuple[str, ...]:
    """Give text constants of the compiled code that the source lacks: the source was replaced afterwards.

    Source: the compiled form keeps text constants readable behind the LitStr operation (0x00B9); observed in Office
    2003 to 2019 files. Four printable characters of exactly the length given are not met by chance.
    """
    lost: list[str] = []
    plain = source.replace('""', '"')
    for found in _TEXT_CONSTANT.finditer(compiled):
        length = found[1][0] | found[2][0] << 8
        text = compiled[found.end() : found.end() + length]
        if len(text) == length and text.isascii() and text.decode("ascii").isprintable():
            constant = text.decode("ascii")
            if constant not in plain and len(lost) < 50:
                lost.append(constant)
    return tuple(dict.fromkeys(lost))


def is_bare(source: str) -> bool:
    """Tell whether a module's source is nothing but its attributes."""
    return not _ATTRIBUTE_LINE.sub("", source).strip()
