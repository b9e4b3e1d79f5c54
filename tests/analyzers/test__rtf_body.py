"""RTF bodies of Outlook: decompression and de-encapsulation."""

from __future__ import annotations

import random

import compressed_rtf
import pytest

from sekisho.analyzers._rtf_body import decompressed, unpacked

PLAIN = rb"{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0\fcharset128 MS;}{\f1\fcharset0 Arial;}}\f0 \'90\'bf\'8b\'81\'8f\'91\par next\f1 \'e9}"
PAGE = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}{\f2\fcharset128 MS;}}{\colortbl\red0;}"
    rb"{\*\htmltag64 <html>}{\*\htmltag96 <p class=\{a\}>}\htmlrtf \par ignored \htmlrtf0 {\*\mhtmltag84 no}Caf\'e9 "
    rb"\f2 \'93\'fa\'96{\*\htmltag4 }\'7b\f0 \u26085 ?\u-10179 ?\u-8704 ?{\*\htmltag104 </p>\par}{\*\unknown no}{\pict 00}}"
)


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("rtf", [PLAIN, PAGE, PAGE * 15])
def test_decompressed(rtf, compress):
    assert decompressed(compressed_rtf.compress(rtf, compressed=compress)) == rtf


def test_text_in_its_fonts_charset():
    assert unpacked(PLAIN) == ("請求書\r\nnexté", False)


def test_page():
    text, is_html = unpacked(PAGE)
    assert is_html
    assert text.replace("\r\n", "") == "<html><p class={a}>Café 日本日😀</p>"


def test_damage_gives_what_there_is():
    chance = random.Random(5)
    sample = compressed_rtf.compress(PAGE * 4)
    assert decompressed(b"") == decompressed(b"x" * 40) == b""
    assert unpacked(b"no rtf") == ("", False)
    for _ in range(300):
        data = bytearray(sample[: chance.randrange(len(sample))])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        unpacked(decompressed(bytes(data)))
    for _ in range(300):
        data = bytearray(PAGE)
        data[chance.randrange(len(data))] = chance.randrange(256)
        unpacked(bytes(data))
