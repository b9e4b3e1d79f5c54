"""VBA project writer: module source text in, the streams of an Office VBA project out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from uuid import UUID

CHUNK_BYTES = 4096  # of source behind each compressed chunk
CANDIDATES = 64  # earlier places tried for a match; more gains next to nothing on source text
DOCUMENT_BASES = {
    "Word": "1Normal.ThisDocument",
    "ThisWorkbook": "0{00020819-0000-0000-C000-000000000046}",
    "Excel": "0{00020820-0000-0000-C000-000000000046}",
}
LIBRARIES = (
    ("stdole", r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation"),
    (
        "Office",
        r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files\Microsoft Shared\OFFICE16"
        r"\MSO.DLL#Microsoft Office 16.0 Object Library",
    ),
)


def compress(data: bytes) -> bytes:
    """Give ``data`` as a compressed container.

    Source: [MS-OVBA] 2.4.1.1.1 container, 2.4.1.3 compression.
    """
    chunks = (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
    return b"\x01" + b"".join(_chunk(chunk) for chunk in chunks)


def _chunk(data: bytes) -> bytes:
    packed = b"".join(_token_groups(data))
    if len(packed) > CHUNK_BYTES:  # stored as it is; a short last chunk is padded, as the format wants
        return struct.pack("<H", 0x3000 | (CHUNK_BYTES - 1)) + data.ljust(CHUNK_BYTES, b"\0")
    return struct.pack("<H", 0xB000 | (len(packed) - 1)) + packed


def _token_groups(data: bytes) -> Iterator[bytes]:
    """Give flag byte and up to eight tokens, again and again."""
    tokens = list(_tokens(data))
    for at in range(0, len(tokens), 8):
        group = tokens[at : at + 8]
        yield bytes([sum(1 << bit for bit, token in enumerate(group) if len(token) == 2)]) + b"".join(group)


def _tokens(data: bytes) -> Iterator[bytes]:
    """Give one byte for a literal, two for a copy of what came earlier in the chunk."""
    seen: dict[bytes, list[int]] = {}
    at = 0
    while at < len(data):
        length, offset = _longest(data, at, seen.get(data[at : at + 3], []))
        if length:
            yield struct.pack("<H", (offset - 1) << (16 - _offset_bits(at)) | (length - 3))
        else:
            yield data[at : at + 1]
        for place in range(at, at + max(length, 1)):
            seen.setdefault(data[place : place + 3], []).append(place)
        at += max(length, 1)


def _longest(data: bytes, at: int, places: list[int]) -> tuple[int, int]:
    """Find the longest earlier match of three bytes or more: (length, offset), or zeroes."""
    limit = min((0xFFFF >> _offset_bits(at)) + 3, len(data) - at)
    best = (0, 0)
    for place in reversed(places[-CANDIDATES:]):
        length = 0
        while length < limit and data[place + length] == data[at + length]:
            length += 1
        if length >= 3 and length > best[0]:
            best = length, at - place
    return best


def _offset_bits(at: int) -> int:
    """Width of a copy token's offset at this place in the chunk ([MS-OVBA] 2.4.1.3.19.1)."""
    return max((at - 1).bit_length(), 4) if at else 4


def vba_project(modules: Mapping[str, str], *, codepage: int = 1252, host: str = "Word") -> dict[str, bytes]:
    """Give the streams of a project, by path below its storage (``Macros`` in Word, ``_VBA_PROJECT_CUR`` in Excel).

    Args:
        modules: source by module name, without its ``Attribute VB_`` head; ``ThisDocument``, ``ThisWorkbook`` and
            ``SheetN`` become document modules, the others standard modules.
        codepage: of source and names, 1252 or 932.
        host: ``Word`` or ``Excel``.

    The project carries no compiled code, so the host compiles the source when it opens it.

    Source: [MS-OVBA] 2.2.1 storage, 2.3.1 PROJECT, 2.3.3 PROJECTwm, 2.3.4.1 _VBA_PROJECT, 2.3.4.2 dir, 2.3.4.3 modules.
    """
    encoding = f"cp{codepage}"
    streams = {
        f"VBA/{name}": compress((_head(name, host) + _crlf(source)).encode(encoding))
        for name, source in modules.items()
    }
    streams["VBA/dir"] = compress(_dir(modules, codepage))
    streams["VBA/_VBA_PROJECT"] = bytes.fromhex("cc61ffff000000")  # version 0xFFFF: no performance cache follows
    streams["PROJECT"] = _crlf(_project(modules)).encode(encoding)
    names = (name.encode(encoding) + b"\0" + name.encode("utf-16-le") + b"\0\0" for name in modules)
    streams["PROJECTwm"] = b"".join(names) + b"\0\0"
    return streams


def is_document(name: str) -> bool:
    """Tell whether a module of this name belongs to the document itself."""
    return name in {"ThisDocument", "ThisWorkbook"} or (name.startswith("Sheet") and name[5:].isdigit())


def _crlf(text: str) -> str:
    return "\r\n".join(text.splitlines()) + "\r\n"


def _head(name: str, host: str) -> str:
    lines = [f'Attribute VB_Name = "{name}"']
    if is_document(name):
        base = DOCUMENT_BASES.get(name, DOCUMENT_BASES[host])
        flags = {"GlobalNameSpace": False, "Creatable": False, "PredeclaredId": True, "Exposed": True}
        flags |= {"TemplateDerived": host == "Word", "Customizable": True}
        lines += [f'Attribute VB_Base = "{base}"']
        lines += [f"Attribute VB_{flag} = {value}" for flag, value in flags.items()]
    return _crlf("\n".join(lines))


def _record(number: int, data: bytes) -> bytes:
    return struct.pack("<HI", number, len(data)) + data


def _dir(modules: Mapping[str, str], codepage: int) -> bytes:
    def both(number: int, wide_number: int, text: str) -> bytes:
        return _record(number, text.encode(f"cp{codepage}")) + _record(wide_number, text.encode("utf-16-le"))

    out = [_record(0x01, struct.pack("<I", 1)), _record(0x02, struct.pack("<I", 0x409))]
    out += [_record(0x14, struct.pack("<I", 0x409)), _record(0x03, struct.pack("<H", codepage))]
    out += [_record(0x04, b"Project"), both(0x05, 0x40, ""), _record(0x06, b""), _record(0x3D, b"")]
    out += [_record(0x07, bytes(4)), _record(0x08, bytes(4)), struct.pack("<HIIH", 0x09, 4, 0x6253C5B4, 7)]
    out += [both(0x0C, 0x3C, "")]
    for name, libid in LIBRARIES:
        raw = libid.encode("ascii")
        out += [both(0x16, 0x3E, name), _record(0x0D, struct.pack("<I", len(raw)) + raw + bytes(6))]
    out += [_record(0x0F, struct.pack("<H", len(modules))), _record(0x13, b"\xff\xff")]
    for name in modules:
        out += [both(0x19, 0x47, name), both(0x1A, 0x32, name), both(0x1C, 0x48, "")]
        out += [_record(0x31, bytes(4)), _record(0x1E, bytes(4)), _record(0x2C, b"\xff\xff")]
        out += [_record(0x22 if is_document(name) else 0x21, b""), _record(0x2B, b"")]
    return b"".join(out) + _record(0x10, b"")


def _project(modules: Mapping[str, str]) -> str:
    seed = sha256("\0".join(modules).encode()).digest()
    identity = "{" + str(UUID(bytes=seed[:16], version=4)).upper() + "}"
    lines = [f'ID="{identity}"']
    lines += [f"Document={n}/&H00000000" if is_document(n) else f"Module={n}" for n in modules]
    lines += ['Name="Project"', 'HelpContextID="0"', 'VersionCompatible32="393222000"']
    for key, value, byte in (("CMG", bytes(4), seed[16]), ("DPB", b"\0", seed[17]), ("GC", b"\xff", seed[18])):
        lines.append(f'{key}="{_encrypt(value, identity, byte)}"')
    lines += ["", "[Host Extender Info]", "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000", ""]
    lines += ["[Workspace]", *(f"{n}=0, 0, 0, 0, C" for n in modules)]
    return "\n".join(lines)


def _encrypt(value: bytes, identity: str, seed: int) -> str:
    """Hide a protection setting the way the PROJECT stream wants it.

    Source: [MS-OVBA] 2.4.3.2.
    """
    key = sum(identity.encode("ascii")) & 0xFF
    out = [seed, seed ^ 2, seed ^ key]
    before, encrypted_1, encrypted_2 = key, out[2], out[1]
    ignored = bytes((seed * 7 + i) & 0xFF for i in range((seed & 6) // 2))
    for byte in ignored + struct.pack("<I", len(value)) + value:
        hidden = byte ^ ((encrypted_2 + before) & 0xFF)
        out.append(hidden)
        encrypted_2, encrypted_1, before = encrypted_1, hidden, byte
    return bytes(out).hex().upper()
