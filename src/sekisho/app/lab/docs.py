"""Office document writers: Word 97 .doc, and OOXML packages with or without a VBA project."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID
from xml.sax.saxutils import escape

from sekisho.app.lab.cfb import write_compound
from sekisho.app.lab.ovba import vba_project
from sekisho.app.lab.zipcrypto import Packing, write_zip

WORD_CLSID = UUID("00020906-0000-0000-c000-000000000046").bytes_le
TEXT_AT = 1024  # offset of the text in the WordDocument stream
PAIRS, CLX_PAIR = 93, 33  # FcLcb97 structures, and the one that says where the piece table is
PACKAGE_AT = datetime(1980, 1, 1, tzinfo=UTC)  # as Office dates every part of a package
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
PACKAGE_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
VBA_LINK = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
MAIN = {
    "word": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "xl": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
}
CONTENT = {
    ("word", False): "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    ("word", True): "application/vnd.ms-word.document.macroEnabled.main+xml",
    ("xl", False): "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    ("xl", True): "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
}
SHEET_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


def write_doc(text: str, modules: Mapping[str, str], *, codepage: int = 1252) -> bytes:
    """Give a Word 97 .doc with one piece of text and a VBA project.

    The file information block and the piece table are real; style sheet and formatting are left out.

    Source: [MS-DOC] 2.5.1 Fib, 2.9.38 Clx, 2.8.35 PlcPcd.
    """
    streams = {"WordDocument": _word_stream(text), "1Table": _piece_table(text), "\x01CompObj": _comp_obj()}
    project = vba_project(modules, codepage=codepage, host="Word") if modules else {}
    streams |= {f"Macros/{path}": data for path, data in project.items()}
    return write_compound(streams, root_clsid=WORD_CLSID)


def _word_stream(text: str) -> bytes:
    body = _main_text(text).encode("utf-16-le")
    end = TEXT_AT + len(body)
    base = struct.pack("<7HIBB2H2I", 0xA5EC, 0x00C1, 0, 0x0411, 0, 0x1200, 0x00BF, 0, 0, 0x10, 0, 0, TEXT_AT, end)
    counts = [0] * 22
    counts[0], counts[3] = end, len(body) // 2  # bytes in the stream, characters of the main text
    places = [0] * (2 * PAIRS)
    places[2 * CLX_PAIR + 1] = len(_piece_table(text))
    fib = base + struct.pack("<H28x", 14) + struct.pack("<H22I", 22, *counts)
    fib += struct.pack(f"<H{2 * PAIRS}I", PAIRS, *places) + bytes(2)
    return (fib.ljust(TEXT_AT, b"\0") + body).ljust(4096, b"\0")


def _main_text(text: str) -> str:
    """Give the text with Word's paragraph marks, the last one included."""
    return text.rstrip("\n").replace("\n", "\r") + "\r"


def _piece_table(text: str) -> bytes:
    """Give one piece of UTF-16 text."""
    plc = struct.pack("<2I", 0, len(_main_text(text))) + struct.pack("<HIH", 0, TEXT_AT, 0)
    return b"\x02" + struct.pack("<I", len(plc)) + plc


def _comp_obj() -> bytes:
    """Give the stream that names the class in words ([MS-OLEDS] 2.3.8)."""
    words = (b"Microsoft Word 97-2003 Document\0", b"MSWordDoc\0", b"Word.Document.8\0")
    head = bytes.fromhex("0100feff030a0000ffffffff") + WORD_CLSID
    return head + b"".join(struct.pack("<I", len(word)) + word for word in words) + struct.pack("<I12x", 0x71B239F4)


def write_docm(text: str, modules: Mapping[str, str] | None = None) -> bytes:
    """Give a .docm, or a .docx when there are no modules."""
    runs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in text.splitlines())
    main = f'{XML}<w:document xmlns:w="{MAIN["word"]}"><w:body>{runs}</w:body></w:document>'
    return _package("word", "document.xml", main, modules or {}, {})


def write_xlsm(rows: Sequence[Sequence[str | float]], modules: Mapping[str, str] | None = None) -> bytes:
    """Give a .xlsm, or a .xlsx when there are no modules."""
    main = (
        f'{XML}<workbook xmlns="{MAIN["xl"]}" xmlns:r="{OFFICE_LINKS}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    sheet = f'{XML}<worksheet xmlns="{MAIN["xl"]}"><sheetData>{body}</sheetData></worksheet>'
    return _package("xl", "workbook.xml", main, modules or {}, {"worksheets/sheet1.xml": sheet})


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def _package(folder: str, name: str, main: str, modules: Mapping[str, str], sheets: Mapping[str, str]) -> bytes:
    """Give an Open Packaging archive with one main part.

    Source: ECMA-376 part 2, 10.1.2 content types and 9.3 relationships; [MS-OFFMACRO2] 2.2.1 for the project part.
    """
    types = [f'<Override PartName="/{folder}/{name}" ContentType="{CONTENT[folder, bool(modules)]}"/>']
    types += [f'<Override PartName="/{folder}/{sheet}" ContentType="{SHEET_CONTENT}"/>' for sheet in sheets]
    links = [(f"{OFFICE_LINKS}/worksheet", sheet) for sheet in sheets]
    parts = {f"{folder}/{name}": main.encode()} | {f"{folder}/{at}": text.encode() for at, text in sheets.items()}
    if modules:
        host = "Word" if folder == "word" else "Excel"
        types.append('<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>')
        links.append((VBA_LINK, "vbaProject.bin"))
        parts[f"{folder}/vbaProject.bin"] = write_compound(vba_project(modules, host=host))
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    head = {"[Content_Types].xml": f'{XML}<Types xmlns="{TYPES}">{defaults}{"".join(types)}</Types>'.encode()}
    head["_rels/.rels"] = _links([(f"{OFFICE_LINKS}/officeDocument", f"{folder}/{name}")])
    head[f"{folder}/_rels/{name}.rels"] = _links(links)
    return write_zip(head | parts, Packing(PACKAGE_AT))


def _links(links: Sequence[tuple[str, str]]) -> bytes:
    body = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'{XML}<Relationships xmlns="{PACKAGE_LINKS}">{body}</Relationships>'.encode()
