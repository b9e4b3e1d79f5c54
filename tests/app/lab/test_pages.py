"""The harmless attachments are what they say."""

import struct
import zlib

from sekisho.app.lab.pages import write_pdf, write_png


def test_pdf_table_points_at_its_objects():
    data = write_pdf("Copy (1)")
    assert rb"(Copy \(1\)) Tj" in data
    at = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    lines = data[at:].split(b"\n")
    assert lines[0] == b"xref"
    for number, line in enumerate(lines[3:8], 1):
        assert data[int(line[:10]) :].startswith(b"%d 0 obj" % number)


def test_png_chunks():
    data, at, kinds = write_png(1, 2, 3), 8, []
    while at < len(data):
        size = struct.unpack_from(">I", data, at)[0]
        body = data[at + 4 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(body)
        kinds.append(body[:4])
        at += size + 12
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
