"""Workbooks are walked record by record and hold what was put in."""

import io
import struct

import olefile
import pytest

from sekisho.app.lab.biff8 import Formula, Name, Sheet, write_workbook, write_xls

SHEETS = [
    Sheet("Sheet1", {"A1": "hello", "B2": 3.5, "A9": True, "C1": "hello", "D1": "日本"}),
    Sheet(
        "Vv1",
        {"A1": "=EXEC(Sheet1!A1)", "A2": Formula("=1+1", 2.0), "A3": Formula('="x"', "x")},
        macro=True,
        state="very_hidden",
    ),
    Sheet("Empty", {}, state="hidden"),
]
NAMES = [Name("Auto_Open", "Vv1!$A$1", hidden=True), Name("HRHRE1", "Vv1!$A$2")]


def records(data: bytes, at: int = 0):
    while at < len(data):
        number, size = struct.unpack_from("<HH", data, at)
        yield number, data[at + 4 : at + 4 + size]
        at += 4 + size


def test_every_sheet_stands_where_the_globals_say():
    data = write_workbook(SHEETS, NAMES)
    bounds = [body for number, body in records(data) if number == 0x85]
    assert [(body[4], body[5], body[8:].decode()) for body in bounds] == [
        (0, 0, "Sheet1"),
        (2, 1, "Vv1"),
        (1, 0, "Empty"),
    ]
    kinds = [struct.unpack_from("<4xHH", data, struct.unpack_from("<I", body)[0]) for body in bounds]
    assert kinds == [(0x0600, 0x10), (0x0600, 0x40), (0x0600, 0x10)]
    numbers = [number for number, _ in records(data)]
    assert numbers.count(0x0809) == numbers.count(0x000A) == 4


def test_names_are_written_as_excel_does():
    data = write_workbook(SHEETS, NAMES)
    first, second = [body for number, body in records(data) if number == 0x18]
    assert first.hex() == "2100000107000000000000000000" + "0001" + "3a010000000000"
    assert second.hex() == "0000000607000000000000000000" + "00485248524531" + "3a010001000000"


def test_cells():
    cells = {}
    for number, body in records(write_workbook(SHEETS)):
        if number in {0xFD, 0x203, 0x205, 0x06}:
            cells.setdefault(number, []).append(body)
    assert [struct.unpack("<HHHI", body) for body in cells[0xFD]] == [(0, 0, 15, 0), (0, 2, 15, 0), (0, 3, 15, 1)]
    assert cells[0x203] == [struct.pack("<HHHd", 1, 1, 15, 3.5)]
    assert cells[0x205] == [struct.pack("<HHHBB", 8, 0, 15, 1, 0)]
    assert cells[0x06][0][22:].hex() == "5a0000000000c0" + "42016e00"
    assert [body[6:14].hex() for body in cells[0x06]] == ["00" * 8, struct.pack("<d", 2).hex(), "000000000000ffff"]


def test_shared_strings_go_on_in_another_record():
    texts = {f"A{row}": f"{row:05d}" * 50 for row in range(1, 101)}
    table = [(number, body) for number, body in records(write_workbook([Sheet("S", texts)])) if number in {0xFC, 0x3C}]
    assert [number for number, _ in table] == [0xFC, 0x3C, 0x3C, 0x3C]
    assert struct.unpack_from("<II", table[0][1]) == (100, 100)
    body, found, at = b"".join(body for _, body in table), [], 8
    while at < len(body):
        length, wide = struct.unpack_from("<HB", body, at)
        assert not wide
        found.append(body[at + 3 : at + 3 + length].decode())
        at += 3 + length
    assert found == list(texts.values())


def test_whole_file():
    with olefile.OleFileIO(io.BytesIO(write_xls(SHEETS, NAMES, {"Extra/x": b"1"}))) as ole:
        assert ole.root.clsid == "00020820-0000-0000-C000-000000000046"
        assert ole.openstream("Workbook").read() == write_workbook(SHEETS, NAMES)
        assert ole.openstream("Extra/x").read() == b"1"


def test_text_that_fits_no_record():
    with pytest.raises(ValueError, match="8224 allowed"):
        write_workbook([Sheet("S", {"A1": "x" * 9000})])
