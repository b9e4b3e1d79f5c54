"""The Script Encoder's letter exchange, forwards (in the test) and back."""

import base64
import random

import pytest

from sekisho.analyzers import script_encoding as encoding
from sekisho.model.errors import LimitError, MalformedError

ESCAPES = {"\n": "@&", "\r": "@#", ">": "@*", "<": "@!", "@": "@$"}


def encode(text):
    """Do what screnc.exe does."""
    back = [{plain: written for written, plain in alphabet.items()} for alphabet in encoding._ALPHABETS]
    place, out = -1, []
    for letter in text:
        if ord(letter) > 127:
            out.append(letter)
            continue
        place += 1
        out.append(ESCAPES.get(letter) or back[encoding._ORDER[place % 64]].get(letter, letter))
    body = "".join(out)
    length = base64.b64encode(len(body).to_bytes(4, "little")).decode()
    total = sum(text.encode("cp1252", "replace")) & 0xFFFFFFFF
    return f"#@~^{length}{body}{base64.b64encode(total.to_bytes(4, 'little')).decode()}^#~@"


def test_a_block_written_by_microsoft_decodes_and_its_checksum_agrees():
    # Made by screnc.exe; found in a public web page's first line.
    block = "#@~^IAAAAA==~U+.7+MR?1Db2Y:kh+KEO~{PFZT!Z!!,DwoAAA==^#~@"
    decoded = encoding.decode_script_encoder(block)
    assert decoded == " Server.ScriptTimeout = 1000000 "
    assert encoding.checksum_agrees(block, decoded)


def test_all_letters_at_all_places():
    rng = random.Random(2)
    text = "".join(rng.choices([chr(code) for code in (9, 10, 13, *range(32, 128))], k=5_000))
    block = encode(text)
    assert encoding.decode_script_encoder(block) == text
    assert encoding.checksum_agrees(block, text)


def test_text_around_and_several_blocks():
    text = f"<script>{encode('var a;')}</script>{encode('var b;')}"
    assert encoding.decode_script_encoder(text) == "<script>var a;</script>var b;"


def test_a_block_without_end_is_decoded_to_the_end():
    assert encoding.decode_script_encoder(encode("var abcdef = 1;")[:22]).startswith("var abc")


def test_no_block():
    with pytest.raises(MalformedError):
        encoding.decode_script_encoder("var a;")


def test_mutations_raise_nothing_else():
    rng = random.Random(4)
    block = encode("eval(unescape('%61')); // あ") * 3
    for _ in range(300):
        text = list(block)
        for _ in range(rng.randint(1, 9)):
            text[rng.randrange(len(text))] = chr(rng.choice((0, 64, 35, 94, 200, 0x3042)))
        try:
            decoded = encoding.decode_script_encoder("".join(text[: rng.randint(0, len(text))]))
        except (MalformedError, LimitError):
            continue
        encoding.checksum_agrees(block, decoded)
