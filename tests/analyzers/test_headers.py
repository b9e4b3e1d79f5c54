"""Header fields: folding, encoded words, parameters, address lists."""

from __future__ import annotations

import base64
import random
from urllib.parse import quote

import pytest

from sekisho.analyzers.headers import OPENING_BYTES, Address, addresses, decoded, opening, parameters, split

JAPANESE = "株式会社の請求書をお送りします"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_fields_folding_and_end():
    data = b"From a@x Mon\nSubject: one\r\n two\r\n\tthree\r\nX-Empty:\r\nTo : a@b.example\r\n\r\nbody: no"
    fields, at = split(data)
    assert [header.name for header in fields.headers] == ["subject", "x-empty", "to"]
    assert fields.text("subject") == "one two three"
    assert data[at:] == b"body: no"


def test_the_opening_is_what_the_whole_message_says():
    dice = random.Random(5)
    pieces = [
        b"Subject: x\n",
        b" folded\n",
        b"no field\n",
        b"\n",
        b"--b\n",
        b"X-A: " + b"a" * 90 + b"\n",
        b"\0\r",
        b"Y" * 99,
    ]
    for size in (0, 900, OPENING_BYTES - 700, OPENING_BYTES - 60, OPENING_BYTES - 5, OPENING_BYTES + 50):
        for _ in range(25):
            data = b"From: a@b.example\n" + (b"X-Long: " + b"b" * 70 + b"\n") * (size // 79)
            data += b"".join(dice.choices(pieces, k=30)) + b"z" * dice.choice((0, 3, 2_000))
            fields, at = opening(data)
            whole, end = split(data)
            assert (fields.headers, at) == (whole.headers, end)


def test_line_that_is_no_field():
    fields, _ = split(b"Subject: x\nwrapped badly\nTo: a@b.example\n\nbody")
    assert fields.text("subject") == "x wrapped badly"
    assert fields.text("to") == "a@b.example"
    data = b"Subject: x\nThis is the body, without a blank line.\nMore.\n"
    assert data[split(data)[1] :].startswith(b"This is the body")
    data = b"Subject: x\n--b\nContent-Type: text/plain\n\nbody"
    assert data[split(data)[1] :].startswith(b"--b")


@pytest.mark.parametrize("codec", ["utf-8", "iso2022_jp", "shift_jis", "euc_jp"])
@pytest.mark.parametrize("cut", [1, 4, 7, 8, 11, 13])
def test_encoded_words_cut_inside_a_character(codec, cut):
    data = JAPANESE.encode(codec)
    words = f"=?{codec}?B?{b64(data[:cut])}?=\r\n =?{codec.upper()}?b?{b64(data[cut:])}?="
    assert decoded(words.encode()) == JAPANESE
    quoted = "".join(f"={byte:02X}" for byte in data[cut:])
    assert decoded(f"=?{codec}?B?{b64(data[:cut])}?= =?{codec}?Q?{quoted}?=".encode()) == JAPANESE


def test_base64_cut_inside_a_group_and_without_padding():
    text = b64(JAPANESE.encode()).rstrip("=")
    assert decoded(f"=?utf-8?B?{text[:10]}?= =?utf-8?B?{text[10:]}?=".encode()) == JAPANESE
    assert decoded(b"=?utf-8?B?4 4 G C?=") == "あ"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?UTF-8?q?a_b=20c d?= e", "a b c d e"),
        (b"Re: =?utf-8?Q?=E3=81=82?=", "Re: あ"),
        (b"=?utf-8*ja?B?44GC?=", "あ"),
        (b"=?us-ascii?Q?what?_no?=", "what? no"),
        (b"=?utf-8?B?44GC?=plain=?utf-8?B?44GE?=", "あplainい"),
        (b"=?utf-8?B?44GC", "=?utf-8?B?44GC"),
        (b"=?utf-8?B?broken =?utf-8?B?44GC?=", "=?utf-8?B?broken あ"),
        (JAPANESE.encode(), JAPANESE),
        (JAPANESE.encode("iso2022_jp"), JAPANESE),
        (JAPANESE.encode("cp932"), JAPANESE),
        (b"plain  text", "plain text"),
    ],
)
def test_decoded(raw, text):
    assert decoded(raw) == text


def test_parameters_of_all_kinds():
    name = quote("請求書")
    raw = f"attachment; filename*0*=utf-8''{name}; filename*1=\"%.zip\"; size=12".encode()
    assert parameters(raw) == ("attachment", [("filename", "請求書%.zip"), ("size", "12")])
    raw = f'attachment; filename="=?iso-2022-jp?B?{b64("請求書.zip".encode("iso2022_jp"))}?="'.encode()
    assert parameters(raw)[1] == [("filename", "請求書.zip")]
    assert parameters("attachment; filename=請求書.zip".encode("cp932"))[1] == [("filename", "請求書.zip")]
    raw = b"attachment; filename*=iso-2022-jp''" + quote("表.xls".encode("iso2022_jp")).encode()
    assert parameters(raw)[1] == [("filename", "表.xls")]


@pytest.mark.parametrize(
    ("raw", "main", "found"),
    [
        (b"multipart/mixed boundary=abc", "multipart/mixed", [("boundary", "abc")]),
        (b'a/b;boundary = "a b;c" ; x=y z=1', "a/b", [("boundary", "a b;c"), ("x", "y"), ("z", "1")]),
        (b"a/b; name=my file name.doc", "a/b", [("name", "my file name.doc")]),
        (b'a/b; name="open.zip', "a/b", [("name", "open.zip")]),
        (b"; name=x", "", [("name", "x")]),
        (b'a/b; name="C:\\temp\\x.exe"', "a/b", [("name", "C:\\temp\\x.exe")]),
        (b'a/b; name="say \\"hi\\".txt"', "a/b", [("name", 'say "hi".txt')]),
        (b"", "", []),
    ],
)
def test_parameters_that_are_malformed(raw, main, found):
    assert parameters(raw) == (main, found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '"Yamada, Taro" <A@Example.com>, b@x.example (Bob)',
            [("Yamada, Taro", "a@example.com"), ("Bob", "b@x.example")],
        ),
        ("グループ: =?utf-8?B?5bGx55Sw?= <y@x.example>; z@x.example;", [("山田", "y@x.example"), ("", "z@x.example")]),
        ("undisclosed-recipients:;", []),
        ("ceo@bank.example <crook@evil.example>", [("ceo@bank.example", "crook@evil.example")]),
        ("Suzuki, Taro <t@x.example>", [("Suzuki, Taro", "t@x.example")]),
        ('"Foo <a@b.example>', [("Foo", "a@b.example")]),
        ("<mailto:foo@x.example>", [("", "foo@x.example")]),
        ("A B C d@x.example", [("A B C", "d@x.example")]),
        ('"john doe"@x.example', [("", '"john doe"@x.example')]),
        ("name only", [("name only", "")]),
        ("<>", []),
        ("<@relay.example:u@x.example>", [("", "u@x.example")]),
    ],
)
def test_addresses(text, found):
    assert addresses(text.encode()) == [Address(*pair) for pair in found]


@pytest.mark.parametrize("codec", ["iso2022_jp", "cp932", "utf-8", "euc_jp"])
def test_addresses_with_raw_japanese(codec):
    assert addresses("山田太郎 <a@x.example>".encode(codec)) == [Address("山田太郎", "a@x.example")]


def test_address_that_is_wholly_encoded():
    raw = f"=?utf-8?B?{b64('山田 <q@x.example>'.encode())}?=".encode()
    assert addresses(raw) == [Address("山田", "q@x.example")]
    assert addresses(raw)[0].domain == "x.example"


def test_nothing_raises():
    chance = random.Random(2)
    pieces = [
        b"=?",
        b"?B?",
        b"?Q?",
        b"?=",
        b'"',
        b"<",
        b">",
        b"(",
        b")",
        b"@",
        b";",
        b"*0*=",
        b"''",
        b"%",
        b"\\",
        b"\x1b$B",
    ]
    pieces += [b"\xe3\x81", b"name", b"=", b" ", b"\n", b":", b",", b"utf-8", b"iso-2022-jp"]
    for _ in range(400):
        raw = b"".join(chance.choices(pieces, k=chance.randrange(30)))
        decoded(raw)
        parameters(raw)
        addresses(raw)
        split(raw)
