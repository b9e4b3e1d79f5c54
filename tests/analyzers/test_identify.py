"""Media types by content."""

import random
from pathlib import Path

import pytest

from sekisho.analyzers.identify import CONTAINERS_NOT_READ, UNKNOWN, extension_of, media_type

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"MZ" + bytes(62), "application/x-dosexec"),
        (b"MZ is a text about\n", "text/plain"),
        (b"\x7fELF\2\1\1", "application/x-elf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "image/bmp"),
        (b"BMW sells cars", "text/plain"),
        (b"II*\0", "image/tiff"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
        (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
        (bytes(0x8001) + b"CD001", "application/x-iso9660-image"),
        (bytes(1_024) + b"conectix".ljust(512, b"\0"), "application/x-vhd"),
        (bytes(1_024) + b"koly".ljust(512, b"\0"), "application/x-apple-diskimage"),
        (bytes(0x40) + b"\x7f\x10\xda\xbe" + bytes(99), "application/x-vdi"),
        (bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"), "application/onenote"),
        (b"{\\rtf1", "application/rtf"),
        (b"{\\rt{\\object", "application/rtf"),
        (b"PK\3\4", "application/zip"),
        (b"PK\3\4 META-INF/MANIFEST.MF", "application/java-archive"),
        (b"\x1f\x8b\x08\0", "application/gzip"),
        (b"\xfd7zXZ\0", "application/x-xz"),
        (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
        (b"CWS\x0a", "application/x-shockwave-flash"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "application/java-vm"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        ("請求書をお送りします。".encode("cp932"), "text/plain"),
        ("請求書をお送りします。".encode("iso2022_jp"), "text/plain"),
        ("請求書".encode("utf-16"), "text/plain"),
        (b"Received: from x\r\nSubject: y\r\n\r\n", "message/rfc822"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"<?xml version='1.0'?>", "text/xml"),
        (b'On Error Resume Next\r\nSet x = CreateObject("a")', "text/vbscript"),
        (b"", UNKNOWN),
        (b"\x01\x02\x80\xfe" * 100, UNKNOWN),
        (bytes(100), UNKNOWN),
    ],
)
def test_types_by_content(data, media):
    assert media_type(data) == media


def test_the_name_only_breaks_ties_of_text():
    assert media_type(b"x = 1", "a.vbs") == "text/vbscript"
    assert media_type(b"%PDF-1.4", "a.vbs") == "application/pdf"
    assert media_type(b"\0\1\2\3", "a.vbs") == UNKNOWN


def test_containers_have_names_and_programs_are_not_among_them():
    assert CONTAINERS_NOT_READ[media_type(b"xar!")] == "XAR"
    assert not {"application/x-dosexec", "application/pdf", "application/rtf"} & set(CONTAINERS_NOT_READ)
    assert extension_of("application/x-dosexec") == ".exe"
    assert extension_of("no/such") == ".bin"


def test_any_bytes_have_a_type():
    dice = random.Random(3)
    for _ in range(500):
        assert "/" in media_type(dice.randbytes(dice.randrange(0, 600)))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_office_files():
    wanted = {
        ".doc": "application/msword",
        ".ppt": "application/vnd.ms-powerpoint",
        ".xls": "application/vnd.ms-excel",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".xlsm": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
        ".rtf": "application/rtf",
        ".odt": "application/vnd.oasis.opendocument.text",
    }
    for path in sorted((SHARED / "fixtures" / "oletools").rglob("*")):
        if path.suffix in wanted and "encrypt" not in path.name:
            assert media_type(path.read_bytes(), path.name) == wanted[path.suffix], path
