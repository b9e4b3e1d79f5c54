"""Pages of PDFs as they are seen."""

import ctypes
import random
import zlib
from dataclasses import replace

import pytest

from sekisho.analyzers import load
from sekisho.analyzers.pdf_pages import KIND, LONGEST, analyze
from sekisho.app.examine import Pool
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from tests.analyzers.test_image import LINK, drawn
from tests.analyzers.test_pdf import read as read_document
from tests.analyzers.test_pdf import stream


def paged(contents, *more, resources=b"", pages=1):
    """A document of equal pages, which a reader opens, with further objects from number 10 on."""
    kids = b" ".join(b"%d 0 R" % (100 + number) for number in range(pages))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % pages,
        3: stream(contents),
        **dict(enumerate(more, 10)),
    }
    for number in range(pages):
        objects[100 + number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R /Resources << "
            + resources
            + b" >> >>"
        )
    out, places = b"%PDF-1.4\n", {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (number, at) for number, at in places.items())
    start = len(out)
    trailer = b"trailer << /Root 1 0 R /Size %d >>\n" % (max(objects) + 1)
    return out + b"xref\n0 1\n0000000000 65535 f \n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % start


def as_picture(pages=1):
    code = drawn(scale=3)
    fields = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    body = stream(zlib.compress(code.tobytes()), fields % code.size)
    return paged(b"q 90 0 0 90 400 90 cm /I Do Q", body, resources=b"/XObject << /I 10 0 R >>", pages=pages)


def as_lines():
    """Each dark module a filled square."""
    code = drawn(scale=1, add_quiet_zones=False)
    squares = [
        b"%.1f %.1f 2.5 2.5 re f" % (300 + 2.5 * x, 300 - 2.5 * y)
        for y in range(code.height)
        for x in range(code.width)
        if not code.getpixel((x, y))
    ]
    return paged(b"\n".join(squares))


def as_tiles():
    """One picture a row of modules."""
    code = drawn(scale=1, add_quiet_zones=False)
    fields = b"/Type /XObject /Subtype /Image /Width %d /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
    rows = [code.crop((0, y, code.width, y + 1)).tobytes() for y in range(code.height)]
    names = b" ".join(b"/I%d %d 0 R" % (y, 10 + y) for y in range(code.height))
    placed = [b"q %d 0 0 3 200 %d cm /I%d Do Q" % (3 * code.width, 400 - 3 * y, y) for y in range(code.height)]
    return paged(
        b"\n".join(placed),
        *(stream(row, fields % code.width) for row in rows),
        resources=b"/XObject << " + names + b" >>",
    )


def read(data, **options):
    features, error = {}, None
    try:
        for one in analyze(Artifact("pages", data, "pages", kind=KIND, **options)):
            assert isinstance(one, Feature)
            features.setdefault(one.name, []).append(one.value)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, error


@pytest.mark.parametrize(
    "data", [as_picture(), as_lines(), as_tiles(), as_picture(pages=2)], ids="picture lines tiles pages".split()
)
def test_codes_on_pages(data):
    features, error = read(data)
    assert error is None
    assert features["qr.text"] == [LINK]
    assert [url.where for url in features["url"]] == ["qr"]


def test_a_document_hands_on_its_pages_when_they_are_few():
    for pages, wanted in ((1, ["pages"]), (LONGEST, ["pages"]), (LONGEST + 1, [])):
        _, children, error = read_document(as_picture(pages))
        assert error is None
        assert [child.name for child in children] == wanted
    assert isinstance(read(as_picture(LONGEST + 1))[1], LimitError)


def test_pages_without_a_code_and_no_pages():
    assert read(paged(b"0 0 m 100 100 l S")) == ({}, None)
    assert isinstance(read(b"%PDF-1.4 nothing")[1], MalformedError)


def test_a_worker_draws_in_its_jail():
    with Pool(1, DEFAULT) as pool:
        ((_, analyses),) = pool.run([Artifact("a.pdf", as_lines(), "a.pdf")])
    document, pages = analyses
    assert (document.analyzers, pages.analyzers) == (("pdf",), (KIND,))
    assert pages.first("qr.text") == LINK
    assert not pages.notes


def test_only_foreseen_errors_come_out_of_broken_documents():
    dice = random.Random(5)
    seeds = [as_picture(), as_lines(), as_tiles()]
    for _ in range(60):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(len(data) // 2, len(data) + 1)]))


def crash(_):
    """What a drawing library might do."""
    yield Feature("qr.text", "x")
    ctypes.string_at(0)


def test_a_crash_while_drawing_costs_the_pages_only(monkeypatch):
    monkeypatch.setitem(load(), KIND, replace(load()[KIND], run=crash))
    with Pool(1, DEFAULT) as pool:
        ((_, analyses),) = pool.run([Artifact("a.pdf", as_lines(), "a.pdf")])
    document, pages = analyses
    assert (document.first("pdf.pages"), document.unscanned) == (1, "")
    assert "SIGSEGV" in pages.unscanned
