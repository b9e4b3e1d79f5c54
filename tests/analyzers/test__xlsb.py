import struct
from random import Random

from sekisho.analyzers._office_zip import Parts
from sekisho.analyzers._xlsb import read_workbook
from sekisho.model.errors import LimitError, MalformedError
from tests.analyzers.test__xlsm import MACRO, OFFICE, package, relations

HALT = bytes.fromhex("42003600")
"""HALT()"""


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def record(kind, body=b""):
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(body)
    return number + (bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])) + body


def formula(tokens, extra=b""):
    return struct.pack("<I", len(tokens)) + tokens + struct.pack("<I", len(extra)) + extra


def cell(kind, col, value, tokens=None, extra=b""):
    tail = b"" if tokens is None else bytes(2) + formula(tokens, extra)
    return record(kind, struct.pack("<II", col, 0) + value + tail)


def row(number):
    return record(0, struct.pack("<I", number) + bytes(13))


def xlsb(cells, names=b"", data=b""):
    sheets = record(156, struct.pack("<II", 2, 1) + wide("rId1") + wide("Mac"))
    sheets += record(156, struct.pack("<II", 0, 2) + wide("rId2") + wide("Data"))
    links = record(357) + record(
        362, struct.pack("<I", 2) + struct.pack("<Iii", 0, 0, 0) + struct.pack("<Iii", 0, 1, 1)
    )
    return package(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations((f"{OFFICE}/officeDocument", "xl/workbook.bin")),
            "xl/_rels/workbook.bin.rels": relations(
                (MACRO, "macrosheets/sheet1.bin"),
                (f"{OFFICE}/worksheet", "worksheets/sheet1.bin"),
                (f"{OFFICE}/sharedStrings", "sharedStrings.bin"),
            ),
            "xl/workbook.bin": sheets + links + names,
            "xl/macrosheets/sheet1.bin": cells,
            "xl/worksheets/sheet1.bin": data,
            "xl/sharedStrings.bin": record(19, b"\0" + wide("shared")),
        }
    )


def read(data):
    parts = Parts(data)
    return read_workbook(parts, parts.workbook())


EXEC = bytes.fromhex("17 0100 6100 3a 0100 01000000 01c0 08 42 01 6e00")
AUTO_OPEN = record(
    39, struct.pack("<IBi", 1, 0, -1) + wide("_xlnm.Auto_Open") + formula(bytes.fromhex("3a 0000 00000000 0000"))
)
SAMPLE = xlsb(
    row(0)
    + cell(9, 0, struct.pack("<d", 2), EXEC)
    + row(1)
    + cell(10, 0, b"\1", HALT)
    + cell(7, 1, struct.pack("<I", 0)),
    AUTO_OPEN,
    row(1) + cell(6, 1, wide("b")) + cell(2, 2, struct.pack("<I", 6)) + cell(5, 3, struct.pack("<d", 2.5)),
)


def test_a_macro_sheet():
    book = read(SAMPLE)
    assert [(sheet.name, sheet.kind, sheet.hidden) for sheet in book.sheets] == [
        ("Mac", "macro", "very_hidden"),
        ("Data", "worksheet", "visible"),
    ]
    assert book.listing(book.sheets[0]) == [((0, 0), '=EXEC("a"&Data!B2)'), ((1, 0), "=HALT()")]
    assert [(place, found.value) for place, found in book.sheets[0].cells.items()] == [
        ((1, 1), "shared"),
        ((0, 0), 2.0),
        ((1, 0), True),
    ]
    assert [found.value for found in book.sheets[1].cells.values()] == ["b", 1.0, 2.5]
    assert [(name.name, name.hidden) for name in book.auto_names()] == [("Auto_Open", True)]
    assert book.problems == []


def test_shared_formulas():
    point = bytes.fromhex("01 00000000")
    shared = struct.pack("<IIII", 0, 1, 2, 2) + formula(bytes.fromhex("4c 00000000 ffff"))
    book = read(
        xlsb(
            row(0) + cell(9, 2, bytes(8), point, struct.pack("<I", 2)) + record(427, shared)
            + row(1) + cell(9, 2, bytes(8), point, struct.pack("<I", 2))
        )
    )  # fmt: skip
    assert book.listing(book.sheets[0]) == [((0, 2), "=B1"), ((1, 2), "=B2")]


def test_mutated_parts():
    random = Random(9)
    clean = Parts(SAMPLE)
    members = {info.filename: clean.archive.read(info) for info in clean.archive.infolist()}
    for _ in range(200):
        name = random.choice(["xl/workbook.bin", "xl/macrosheets/sheet1.bin", "xl/_rels/workbook.bin.rels"])
        data = bytearray(members[name])
        for _ in range(random.randrange(1, 5)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            read(package({**members, name: bytes(data)}))
        except (MalformedError, LimitError):
            continue
