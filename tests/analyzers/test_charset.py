"""Charsets: every row of the Japanese decode matrix, wrong labels, and anything at all."""

from __future__ import annotations

import random

import pytest

from sekisho.analyzers import _iso2022jp as iso2022jp
from sekisho.analyzers import charset

PLAIN = "本日は晴天なり。会議資料のご確認をお願いします"
VENDOR = "株式会社①㈱様へのご請求書を送付いたします。"
KANA = "ﾃｽﾄﾒｰﾙ"
CHINESE = "您好，请查收附件中的发票镕"
KOREAN = "안녕하세요 똠방"


def jis(text: str) -> bytes:
    """Write CP50221: two-byte characters of code page 932 in their JIS positions."""
    out, inside = bytearray(), False
    for character in text:
        pair = character.encode("cp932")
        if len(pair) == 2:
            lead, trail = pair
            row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + (trail >= 0x9F)
            cell = trail - 0x9F if trail >= 0x9F else trail - 0x40 - (trail > 0x7F)
            out += (b"" if inside else b"\x1b$B") + bytes((row + 0x21, cell + 0x21))
        else:
            out += (b"\x1b(B" if inside else b"") + pair
        inside = len(pair) == 2
    return bytes(out) + (b"\x1b(B" if inside else b"")


def low(text: str) -> bytes:
    return bytes(byte & 0x7F for byte in text.encode("cp932"))


RIGHT = [
    (PLAIN.encode("iso2022_jp"), "ISO-2022-JP", PLAIN),
    (jis(VENDOR), "iso-2022-jp", VENDOR),
    (jis(VENDOR), "cp50221", VENDOR),
    (jis(VENDOR), "cp50220", VENDOR),
    (jis(VENDOR), "iso-2022-jp-ms", VENDOR),
    (jis(VENDOR), "ISO-2022-JP-2", VENDOR),
    (PLAIN.encode("shift_jis"), "Shift_JIS", PLAIN),
    (VENDOR.encode("cp932"), "Shift_JIS", VENDOR),
    (VENDOR.encode("cp932"), "windows-31j", VENDOR),
    (VENDOR.encode("cp932"), "x-sjis", VENDOR),
    (VENDOR.encode("cp932"), "cp932", VENDOR),
    (PLAIN.encode("euc_jp"), "EUC-JP", PLAIN),
    (PLAIN.encode("euc_jp"), "x-euc-jp", PLAIN),
    (b"\xad\xa1\xad\xea" + "テスト".encode("euc_jp"), "euc-jp", "①㈱テスト"),
    ("丂".encode("euc_jp"), "euc-jp", "丂"),  # JIS X 0212 by SS3
    (VENDOR.encode(), "utf-8", VENDOR),
    (VENDOR.encode("utf-8-sig"), "utf-8", VENDOR),
    (KANA.encode("cp932"), "shift_jis", KANA),
    (b"\x1b(I" + low("ﾃｽﾄ") + b"\x1b(B abc", "iso-2022-jp", "ﾃｽﾄ abc"),
    (b"\x0e" + low("ﾃｽﾄ") + b"\x0f abc", "iso-2022-jp", "ﾃｽﾄ abc"),
    (b"$BF|K\\(B to you", "iso-2022-jp", "日本 to you"),  # a gateway took the ESC bytes out
    (CHINESE.encode("gbk"), "gb2312", CHINESE),
    (CHINESE.encode("gb18030"), "GB18030", CHINESE),
    (KOREAN.encode("cp949"), "ks_c_5601-1987", KOREAN),
    ("香港嘅".encode("big5hkscs"), "big5-hkscs", "香港嘅"),
    ("שלום".encode("iso8859-8"), "iso-8859-8-i", "שלום"),
    ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
    ("l’été – 5 €".encode("cp1252"), "iso-8859-1", "l’été – 5 €"),
    (PLAIN.encode("utf-7"), "utf-7", PLAIN),
    (PLAIN.encode("utf-16"), "utf-16", PLAIN),
    (PLAIN.encode("utf-16-be"), "utf-16", PLAIN),
    (b"plain", "us-ascii", "plain"),
]
MISLABELLED = [
    (VENDOR.encode("cp932"), "iso-2022-jp", "cp932"),
    (VENDOR.encode("cp932"), "utf-8", "cp932"),
    (VENDOR.encode("cp932"), "us-ascii", "cp932"),
    (VENDOR.encode("cp932"), "iso-8859-1", "cp932"),
    (VENDOR.encode("cp932"), None, "cp932"),
    (VENDOR.encode(), "shift_jis", "utf-8"),
    (VENDOR.encode(), "iso-2022-jp", "utf-8"),
    (VENDOR.encode(), "windows-1252", "utf-8"),
    (VENDOR.encode(), "gb2312", "utf-8"),
    (VENDOR.encode(), "x-unknown", "utf-8"),
    (VENDOR.encode(), None, "utf-8"),
    (jis(VENDOR), "x-unknown", "cp50221"),
    (jis(VENDOR), "utf-8", "cp50221"),
    (jis(VENDOR), None, "cp50221"),
]


@pytest.mark.parametrize(("data", "label", "text"), RIGHT)
def test_label_is_read_as_it_is_meant(data, label, text):
    assert charset.decode(data, label)[0] == text


@pytest.mark.parametrize(("data", "label", "used"), MISLABELLED)
def test_wrong_or_missing_label_is_overruled(data, label, used):
    assert charset.decode(data, label) == (VENDOR, used)


@pytest.mark.parametrize("label", [None, "x-unknown", "shift_jis", "utf-8"])
@pytest.mark.parametrize("text", [PLAIN, "重要なお知らせ", "請求書の件"])
def test_euc_under_another_name(text, label):
    assert charset.decode(text.encode("euc_jp"), label) == (text, "euc-jp")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("請求書", "cp932"),
        ("請求書", "euc_jp"),
        ("您好，请查收附件中的发票", "gbk"),
        ("안녕하세요", "cp949"),
        (KANA, "cp932"),
        ("café déjà vu", "cp1252"),
        ("Grüße aus Köln", "cp1252"),
    ],
)
def test_guess_without_label(text, codec):
    assert charset.decode(text.encode(codec))[0] == text


def test_damaged_utf8_stays_utf8():
    text, used = charset.decode(PLAIN.encode()[:-1], "utf-8")
    assert used == "utf-8"
    assert text.startswith(PLAIN[:-1])
    assert charset.decode("a\ufffdb e\u2069f".encode(), "utf-8") == ("a\ufffdb e\u2069f", "utf-8")
    assert charset.decode(PLAIN.encode()[:30] + b"\xff" + PLAIN.encode()[30:], "utf-8")[1] == "utf-8"


@pytest.mark.parametrize("label", ["idna", "punycode", "rot13", "base64", "unicode_escape", "undefined", "\0", "é" * 9])
def test_codecs_that_are_no_charsets_are_not_used(label):
    assert charset.codec_of(label) == ""
    assert charset.decode(b"caf\xe9", label)[0] == "café"


def test_never_raises():
    chance = random.Random(1)
    names = "iso-2022-jp utf-8 shift_jis euc-jp gb2312 big5 utf-16 utf-7 hz iso-2022-kr iso-2022-jp-2 us-ascii latin1"
    labels = [None, "cp949", *names.split()]
    for _ in range(600):
        data = bytes(chance.choices((0x1B, 0x24, 0x42, 0x28, 0x0E, *range(256)), k=chance.randrange(60)))
        text, used = charset.decode(data, chance.choice(labels))
        assert isinstance(text, str)
        assert used


def test_jis_reader_reads_what_the_standard_codec_reads():
    assert iso2022jp.decode(PLAIN.encode("iso2022_jp")) == PLAIN
    assert iso2022jp.decode("丂".encode("iso2022_jp_1")) == "丂"
    assert iso2022jp.decode(b"\x1b(Ja\\b~\x1b(B\\") == "a¥b‾\\"
    assert iso2022jp.decode(b"\x1b$B$\x1b(B.") == "\ufffd."
