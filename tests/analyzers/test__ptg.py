import struct
from random import Random

import pytest

from sekisho.analyzers._ptg import BIFF5, BIFF8, BIFF12, Links, Shared, parse
from sekisho.analyzers._xlm_ast import Name, Ref, render
from sekisho.model.errors import MalformedError


def links(dialect):
    return Links(
        dialect,
        ["first", "second"],
        lambda index, first, last: f"S{index if dialect is not BIFF5 else first}",
        lambda index, number: Name(f"addin{number}"),
        lambda raw: raw.decode("latin-1"),
    )


def text(tokens, dialect=BIFF8, extra=b"", base=(0, 0)):
    return render(parse(bytes.fromhex(tokens), extra, links(dialect), base))


@pytest.mark.parametrize(
    ("tokens", "formula"),
    [
        ("1e0100 1e0200 03", "1+2"),
        ("1e0100 1e0200 03 15 1e0300 05", "(1+2)*3"),
        ("1e0500 13 14", "-5%"),
        ("1f 000000000000f83f", "1.5"),
        ("17 02 00 6161 17 01 01 4230 08", '"aa"&"\u3042"'),
        ("17 01 00 22", '""""'),
        ("1d01", "TRUE"),
        ("1c17", "#REF!"),
        ("24 0000 00c0", "A1"),
        ("24 0400 0100", "$B$5"),
        ("44 0400 0140", "B$5"),
        ("44 0400 0180", "$B5"),
        ("25 0000 0300 00c0 02c0", "A1:C4"),
        ("25 0000 ffff 0000 0200", "$A:$C"),
        ("5a 0300 0400 01c0", "'S3'!B5"),
        ("7b 0300 0000 0100 00c0 00c0", "'S3'!A1:A2"),
        ("23 02000000", "second"),
        ("23 09000000", "#NAME9"),
        ("39 0000 01000000", "addin1"),
        ("1e4100 41 6f00", "CHAR(65)"),
        ("16 1e0100 16 42 03 0100", "IF(,1,)"),
        ("17 01 00 61 42 01 6e00", 'EXEC("a")'),
        ("42 00 3600", "HALT()"),
        ("17 01 00 61 42 01 6080", 'FORMULA("a")'),  # the high bit asks the user first; the number is Cetab
        ("17 01 00 61 42 01 7f81", 'WORKBOOK.HIDE("a")'),
        ("23 01000000 1e0100 42 02 ff00", "first(1)"),
        ("24 0000 0000 42 01 ff00", "$A$1()"),
        ("24 0000 00c0 19 10 0000", "SUM(A1)"),
        ("1e0100 19 40 0002 1e0200 19 40 0001 03", "1 +  2"),
        ("1e0100 19 40 0201 19 40 0401 15", " (1 )"),
        ("1e0100 19 04 0100 aaaa bbbb 1e0200 42 02 6400", "CHOOSE(1,2)"),
        ("19 02 0700 1e0100", "1"),
        ("2a 00000000", "#REF!"),
        ("3c 0100 00000000", "'S1'!#REF!"),
        ("26 00000000 0000 24 0000 00c0 24 0100 00c0 10", "A1,A2"),
        ("24 0000 00c0 24 0100 00c0 11", "A1:A2"),
        ("1e0100 42 01 ee7f", "FUNCTION.32750(1)"),
    ],
)
def test_biff8(tokens, formula):
    assert text(tokens) == formula


def test_offsets_count_from_the_cell():
    assert text("2c ffff ffc0", base=(4, 2)) == "B4"
    assert text("2d 0000 0100 00c0 0100", base=(4, 2)) == "C5:$B$2"


def test_constant_array():
    extra = b"\x01\x00\x00" + b"\x01" + struct.pack("<d", 2) + b"\x02\x01\x00\x00a"
    assert text("60 00000000000000", extra=extra) == '{2,"a"}'


def test_shared():
    assert parse(bytes.fromhex("01 0300 0200"), b"", links(BIFF8)) == Shared(3, 2)
    assert parse(bytes.fromhex("01 03000000"), bytes.fromhex("02000000"), links(BIFF12)) == Shared(3, 2)


@pytest.mark.parametrize(
    ("tokens", "formula"),
    [
        ("17 03 616263", '"abc"'),
        ("24 00c0 00", "A1"),
        ("24 0400 01", "$B$5"),
        ("25 00c0 03c0 00 02", "A1:C4"),
        ("23 0100 000000000000000000000000", "first"),
        ("5a ffff 0000000000000000 0100 0100 00c0 00", "'S1'!A1"),
        ("39 ffff 0000000000000000 0200 000000000000000000000000", "addin2"),
    ],
)
def test_biff5(tokens, formula):
    assert text(tokens, BIFF5) == formula


@pytest.mark.parametrize(
    ("tokens", "formula"),
    [
        ("17 0200 61006200", '"ab"'),
        ("24 ff0f0000 00c0", "A4096"),
        ("25 00000000 ffff0f00 0000 0200", "$A:$C"),
        ("23 02000000", "second"),
        ("3a 0200 00000000 00c0", "'S2'!A1"),
    ],
)
def test_biff12(tokens, formula):
    assert text(tokens, BIFF12) == formula


@pytest.mark.parametrize(
    "tokens", ["", "03", "1e01", "42 05 6e00", "ff", "17 ff 00 61", "21 9600", "1e0100" + "13" * 100, "1800", "60"]
)
def test_malformed(tokens):
    with pytest.raises(MalformedError):
        text(tokens)


def test_long_concatenation_needs_no_recursion():
    tokens = "17 01 00 61" + "17 01 00 62 08" * 3_000
    assert text(tokens).count("&") == 3_000


def test_random_tokens_are_read_or_malformed():
    random = Random(3)
    common = [0x1E, 0x24, 0x25, 0x42, 0x41, 0x17, 0x03, 0x08, 0x15, 0x19, 0x23, 0x3A, 0x60, 0x18, 0x01]
    for _ in range(3_000):
        tokens = bytes(random.choice(common) if random.random() < 0.4 else random.randrange(256) for _ in range(40))
        dialect = random.choice([BIFF5, BIFF8, BIFF12])
        try:
            found = parse(tokens, random.randbytes(30), links(dialect), (5, 5))
        except MalformedError:
            continue
        assert isinstance(found, Shared | Ref) or isinstance(render(found), str)
