"""VBA projects: compression there and back, and the records of the dir stream."""

import struct
from random import Random

import pytest

from sekisho.app.lab.ovba import compress, is_document, vba_project


def decompress(data: bytes) -> bytes:
    """Read a container straight from [MS-OVBA] 2.4.1.3."""
    assert data[0] == 1
    out, at = bytearray(), 1
    while at < len(data):
        header = struct.unpack_from("<H", data, at)[0]
        end, start = at + (header & 0xFFF) + 3, len(out)
        assert header >> 12 & 7 == 3
        at += 2
        if not header & 0x8000:
            out += data[at:end]
            at = end
        while at < end:
            flags, at = data[at], at + 1
            for bit in range(8):
                if at >= end:
                    break
                if not flags >> bit & 1:
                    out.append(data[at])
                    at += 1
                    continue
                token = struct.unpack_from("<H", data, at)[0]
                at += 2
                bits = 4
                while 1 << bits < len(out) - start:
                    bits += 1
                length, offset = (token & 0xFFFF >> bits) + 3, (token >> 16 - bits) + 1
                for _ in range(length):
                    out.append(out[-offset])
    return bytes(out)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa",
        b"abcdefghijklmnopqrstuv.",
        b"a" * 73,
        b"Sub x()\r\n" * 2000,
        Random(2).randbytes(3000),
        Random(3).randbytes(8192),
    ],
)
def test_compression_comes_back(data):
    assert decompress(compress(data)) == data


def test_examples_of_the_specification():
    # [MS-OVBA] 3.2.1 no compression, 3.2.3 maximum compression
    assert compress(b"abcdefghijklmnopqrstuv.").hex() == ("0119b000616263646566676800696a6b6c6d6e6f70007172737475762e")
    assert compress(b"a" * 73).hex() == "0103b002614500"


def test_text_gets_smaller():
    assert len(compress(b"    Selection.Font.Bold = True\r\n" * 100)) < 200


def test_project_streams():
    streams = vba_project({"ThisDocument": "Sub Document_Open()\nEnd Sub", "Ａ": "' x"}, codepage=932)
    assert list(streams) == ["VBA/ThisDocument", "VBA/Ａ", "VBA/dir", "VBA/_VBA_PROJECT", "PROJECT", "PROJECTwm"]
    source = decompress(streams["VBA/ThisDocument"]).decode()
    assert source.startswith('Attribute VB_Name = "ThisDocument"\r\nAttribute VB_Base = "1Normal.ThisDocument"\r\n')
    assert source.endswith("\r\nSub Document_Open()\r\nEnd Sub\r\n")
    text = streams["PROJECT"].decode("cp932")
    assert "Document=ThisDocument/&H00000000\r\nModule=Ａ\r\n" in text
    assert streams["PROJECTwm"] == b"ThisDocument\0" + "ThisDocument\0".encode("utf-16-le") + (
        "Ａ\0".encode("cp932") + "Ａ\0".encode("utf-16-le") + b"\0\0"
    )


def test_dir_records_walk_to_the_end():
    data = decompress(vba_project({"ThisWorkbook": "", "Module1": ""}, host="Excel")["VBA/dir"])
    at, records = 0, []
    while at < len(data):
        number, size = struct.unpack_from("<HI", data, at)
        size += 2 if number == 9 else 0  # PROJECTVERSION counts four of its six bytes
        records.append((number, data[at + 6 : at + 6 + size]))
        at += 6 + size
    assert at == len(data)
    assert records[-1] == (0x10, b"")
    assert [value for number, value in records if number == 0x1A] == [b"ThisWorkbook", b"Module1"]
    assert [number for number, _ in records if number in {0x21, 0x22}] == [0x22, 0x21]


def test_protection_settings_decrypt():
    text = vba_project({"ThisDocument": ""})["PROJECT"].decode()
    lines = dict(line.split("=", 1) for line in text.split("\r\n") if "=" in line)
    key = sum(lines["ID"].strip('"').encode()) & 0xFF
    for name, expected in (("CMG", bytes(4)), ("DPB", b"\0"), ("GC", b"\xff")):
        data = bytes.fromhex(lines[name].strip('"'))
        seed, hidden_2, hidden_1 = data[0], data[1], data[2]
        assert (hidden_2 ^ seed, hidden_1 ^ seed) == (2, key)
        before, plain = key, bytearray()
        for byte in data[3:]:
            plain.append(byte ^ (hidden_2 + before) & 0xFF)
            hidden_2, hidden_1, before = hidden_1, byte, plain[-1]
        body = bytes(plain[(seed & 6) // 2 :])
        assert body == struct.pack("<I", len(expected)) + expected


def test_document_modules():
    assert [is_document(name) for name in ("ThisDocument", "ThisWorkbook", "Sheet12", "Sheets", "Module1")] == [
        True, True, True, False, False,
    ]  # fmt: skip
