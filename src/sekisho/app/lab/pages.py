"""Writers of harmless attachments: a one-page PDF and a small picture."""

from __future__ import annotations

import struct
import zlib

SIDE = 24  # pixels
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_pdf(line: str) -> bytes:
    """Give a PDF whose one page shows one line of ASCII text.

    Source: ISO 32000-1, 7.5 file structure.
    """
    shown = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("ascii")
    stream = b"BT /F1 12 Tf 72 720 Td (" + shown + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return (
        bytes(out)
        + tail
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            len(objects) + 1,
            len(out),
        )
    )


def write_png(red: int, green: int, blue: int) -> bytes:
    """Give a square of one colour.

    Source: W3C Portable Network Graphics (third edition), 5.3 chunk layout, 11.2 critical chunks.
    """
    row = b"\0" + bytes((red, green, blue)) * SIDE
    head = struct.pack(">2I5B", SIDE, SIDE, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(row * SIDE)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
