import struct
from random import Random

import pytest

from sekisho.analyzers._biff8 import read_workbook, rk
from sekisho.analyzers._xlm_ast import Err, Ref
from sekisho.app.lab.biff8 import Formula, Name, Sheet, write_workbook
from sekisho.model.errors import MalformedError

MACRO, WORKSHEET = (0x40, 1), (0x10, 0)


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def text(value):
    """Flags and characters of a BIFF8 string."""
    return b"\x00" + value.encode("latin-1")


def workbook(sheets, globals_after=b"", wide=True):
    """A workbook stream of (name, BOF type, BOUNDSHEET type, state, records) sheets."""
    version = 0x0600 if wide else 0x0500
    head = record(0x0809, struct.pack("<HH", version, 5) + bytes(12 if wide else 4))
    names = [(text(name) if wide else name.encode("cp1252"), len(name)) for name, *_ in sheets]
    bodies = [
        record(0x0809, struct.pack("<HH", version, bof) + bytes(12 if wide else 4)) + cells + record(0x0A)
        for _, bof, _, _, cells in sheets
    ]
    at = len(head) + sum(4 + 7 + len(raw) for raw, _ in names) + len(globals_after) + 4
    bounds = b""
    for (raw, count), (_, _, kind, state, _), body in zip(names, sheets, bodies, strict=True):
        bounds += record(0x85, struct.pack("<IBBB", at, state, kind, count) + raw)
        at += len(body)
    return head + bounds + globals_after + record(0x0A) + b"".join(bodies)


def formula(row, col, tokens, value=bytes(8)):
    return record(0x06, struct.pack("<HHH", row, col, 0) + value + bytes(6) + struct.pack("<H", len(tokens)) + tokens)


HALT = bytes.fromhex("42003600")


def test_what_the_lab_writes_is_read_back():
    stream = write_workbook(
        [
            Sheet("Data", {"A1": "text", "B2": 1.5, "C3": True, "D4": "日本語"}),
            Sheet(
                "M", {"A1": '=EXEC("a"&Data!A1)', "A2": Formula("=HALT()", "cached")}, macro=True, state="very_hidden"
            ),
        ],
        [Name("Auto_Open", "M!$A$1", hidden=True), Name("other", "M!$A$2")],
    )
    book = read_workbook(stream)
    assert [(sheet.name, sheet.kind, sheet.hidden) for sheet in book.sheets] == [
        ("Data", "worksheet", "visible"),
        ("M", "macro", "very_hidden"),
    ]
    assert {place: cell.value for place, cell in book.sheets[0].cells.items()} == {
        (0, 0): "text",
        (1, 1): 1.5,
        (2, 2): True,
        (3, 3): "日本語",
    }
    assert book.listing(book.sheets[1]) == [((0, 0), '=EXEC("a"&Data!A1)'), ((1, 0), "=HALT()")]
    assert book.sheets[1].cells[1, 0].value == "cached"
    assert [(name.name, name.hidden) for name in book.names] == [("Auto_Open", True), ("other", False)]
    assert book.names[0].value == Ref("M", 0, 0, 0, 0, 0)
    assert book.problems == []


def test_a_workbook_without_macro_sheets_is_not_read():
    assert read_workbook(write_workbook([Sheet("Data", {"A1": "x"})])) is None


def test_an_encrypted_workbook_is_not_read():
    assert read_workbook(workbook([("M", *MACRO, 0, b"")], record(0x2F, bytes(6)))) is None


def test_a_macro_sheet_announced_as_a_worksheet_is_one_all_the_same():
    book = read_workbook(workbook([("M", 0x40, 0, 2, formula(0, 0, HALT))]))
    assert (book.sheets[0].kind, book.sheets[0].hidden) == ("macro", "very_hidden")


@pytest.mark.parametrize(
    ("raw", "name"), [(b"\x01", "Auto_Open"), (b"\x01xy", "Auto_Openxy"), (b"\x0a", "Auto_Activate")]
)
def test_built_in_names(raw, name):
    head = struct.pack("<HBBHHHI", 0x20, 0, len(raw), 0, 0, 0, 0)
    book = read_workbook(workbook([("M", *MACRO, 0, formula(0, 0, HALT))], record(0x18, head + b"\x00" + raw)))
    assert [found.name for found in book.auto_names()] == [name]


def test_shared_formulas_move_with_their_cells():
    point = bytes.fromhex("01 0200 0100")
    shared = (
        struct.pack("<HHBBBB", 2, 3, 1, 1, 0, 2) + struct.pack("<H", 10) + bytes.fromhex("4c fffF ffc0 1e0100 08 15")
    )
    cells = formula(2, 1, point) + record(0x04BC, shared) + formula(3, 1, point)
    book = read_workbook(workbook([("M", *MACRO, 0, cells)]))
    assert book.listing(book.sheets[0]) == [((2, 1), "=(A2&1)"), ((3, 1), "=(A3&1)")]


def test_shared_strings_break_off_anywhere():
    first = struct.pack("<IIHB", 2, 2, 6, 0) + b"abc"
    more = b"\x01" + "defあ"[:3].encode("utf-16-le") + struct.pack("<HBH", 2, 8, 1) + b"hi" + bytes(4)
    sst = record(0xFC, first) + record(0x3C, more)
    cells = b"".join(record(0xFD, struct.pack("<HHHI", row, 0, 0, row)) for row in (0, 1, 7)) + formula(8, 0, HALT)
    book = read_workbook(workbook([("M", *MACRO, 0, cells)], sst))
    assert [book.sheets[0].cells[row, 0].value for row in (0, 1, 7)] == ["abcdef", "hi", ""]


def test_constants_of_every_kind():
    head = struct.pack("<HHH", 0, 0, 0)
    numbers = (
        struct.pack("<HH", 1, 2) + struct.pack("<HI", 0, 6) + struct.pack("<HI", 0, 0x3FF00000) + struct.pack("<H", 3)
    )
    cells = (
        record(0x0204, head + struct.pack("<H", 2) + text("ab"))
        + record(0x00BD, numbers)
        + record(0x0205, struct.pack("<HHHBB", 2, 0, 0, 0x2A, 1))
        + formula(3, 0, HALT, b"\x02\0\x07\0\0\0\xff\xff")
        + formula(4, 0, HALT, bytes(6) + b"\xff\xff")
        + record(0x0207, struct.pack("<H", 3) + text("out"))
    )
    sheet = read_workbook(workbook([("M", *MACRO, 0, cells)])).sheets[0]
    assert {place: cell.value for place, cell in sheet.cells.items()} == {
        (0, 0): "ab",
        (1, 2): 1.0,
        (1, 3): 1.0,
        (2, 0): Err("#N/A"),
        (3, 0): Err("#DIV/0!"),
        (4, 0): "out",
    }


def test_excel_5():
    tokens = bytes.fromhex("17 02 6869 42 01 6e00")
    sheet_link = bytes.fromhex("3a ffff 0000000000000000 0000 0000 0000 00")
    name = struct.pack("<HBBHHHI", 0x20, 0, 1, len(sheet_link), 0, 0, 0) + b"\x01" + sheet_link
    book = read_workbook(
        workbook(
            [("Macr\xf3", *MACRO, 1, formula(0, 0, tokens))], record(0x42, b"\xe4\x04") + record(0x18, name), wide=False
        )
    )
    assert book.sheets[0].name == "Macró"
    assert book.listing(book.sheets[0]) == [((0, 0), '=EXEC("hi")')]
    assert book.auto_names()[0].value == Ref("Macró", 0, 0, 0, 0, 0)


def test_a_formula_that_cannot_be_read_costs_only_itself():
    book = read_workbook(workbook([("M", *MACRO, 0, formula(0, 0, b"\xff") + formula(1, 0, HALT))]))
    assert [line[:6] for _, line in book.listing(book.sheets[0])] == ["#UNREA", "=HALT("]
    assert [type(problem) for problem in book.problems] == [MalformedError]


@pytest.mark.parametrize(
    ("raw", "value"), [(0x3FF00000, 1.0), (0x3FF00001, 0.01), (6, 1.0), (0xFFFFFFFE, -1.0), (7, 0.01)]
)
def test_packed_numbers(raw, value):
    assert rk(raw) == value


def test_mutated_streams_lose_only_what_is_damaged():
    stream = write_workbook(
        [Sheet("M", {f"A{n}": f'=EXEC("{n}"&B{n})' for n in range(1, 9)} | {"B1": "x", "C1": 2.0}, macro=True)],
        [Name("Auto_Open", "M!$A$1")],
    )
    random = Random(7)
    for _ in range(400):
        data = bytearray(stream)
        for _ in range(random.randrange(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        read_workbook(bytes(data[: random.randrange(len(data))] if random.random() < 0.3 else data))
