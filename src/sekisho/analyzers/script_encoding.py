"""Microsoft Script Encoder (.jse, .vbe, ``JScript.Encode``): the plain script back from its exchanged letters.

Source: what screnc.exe writes; the tables were checked against encoded files whose own checksums agree.
"""

from __future__ import annotations

import base64
import binascii
import re

from sekisho.model.errors import MalformedError
from sekisho.model.limits import DEFAULT

MARK = "#@~^"
_BLOCK = re.compile(r"#@~\^([A-Za-z0-9+/]{6})==")
_END = re.compile(r"([A-Za-z0-9+/]{6})==\^#~@")
_UNIT = re.compile(r"@[&#*!$]|[\t\x20-\x7f]|[\x00-\x1f]")
_ESCAPED = {"@&": "\n", "@#": "\r", "@*": ">", "@!": "<", "@$": "@"}
_PLAIN = (9, *range(32, 128))
_KEPT = frozenset((60, 62, 64))
"""``< > @`` are escaped instead of exchanged; their rows hold a filler."""
# Which of the three alphabets writes each letter, over and over.
_ORDER = bytes.fromhex(
    "0102000102000200000200020100020001000200010102000002010002000002"
    "0101000200020001000101020001000201000200010102000001010200010002"
)
# For tab and each letter from blank to 0x7f: what the three alphabets write for it.
_WRITTEN = bytes.fromhex("""
    643769 507e2c 225a65 4a4572 613a5b 5e7966 5d5975 5b274c 427645 606376 23622a
    654d43 5f5133 7e5342 4f5220 522063 7a264a 21545a 467138 202b79 266632 632a57
    2a586c 767f2b 477b46 253052 2c314f 296c3d 694970 3f3f3f 27787b 3f3f3f 675f51
    3f3f3f 62297a 41247e 5a2f3b 663947 323341 736f77 4d2156 43755f 712826 394278
    7c466e 534a64 485c74 314867 72367d 6e4b68 707d35 495d22 3f6a55 4b503a 6a6960
    2e236a 7f0971 28706f 356549 7d745c 242c5d 2d7727 544459 373f25 7b6d7c 3d7c23
    6c436d 343828 6d5e31 4e5b39 2b6e7f 305736 6f4c54 743434 6b7262 4c254e 335630
    56735e 3a6873 785509 57474b 773261 3b3524 442e4d 2f646b 594f44 453b21 5c2d37
    684153 366158 587a48 79222e 096050 756b2d 384e29 553d3f 51672f
""")
_ALPHABETS = tuple(
    {chr(written): chr(plain) for plain, written in zip(_PLAIN, _WRITTEN[column::3], strict=True) if plain not in _KEPT}
    for column in range(3)
)


def decode_script_encoder(text: str) -> str:
    """Give the text with every encoded block in it decoded; a block without an end is decoded to the end.

    Raises:
        MalformedError: there is no encoded block.
    """
    text = text[: DEFAULT.text_chars]
    pieces, at = [], 0
    while start := _BLOCK.search(text, at):
        end = _END.search(text, start.end())
        body = text[start.end() : end.start() if end else len(text)]
        pieces += [text[at : start.start()], _decode(body)]
        at = end.end() if end else len(text)
    if not pieces:
        raise MalformedError("no block of the Script Encoder")
    return "".join([*pieces, text[at:]])


def _decode(body: str) -> str:
    place = -1

    def plain(unit: re.Match[str]) -> str:
        nonlocal place
        place += 1
        letter = unit.group()
        return _ESCAPED.get(letter) or _ALPHABETS[_ORDER[place % 64]].get(letter, letter)

    return _UNIT.sub(plain, body)


def checksum_agrees(encoded: str, decoded: str) -> bool:
    """Tell whether one encoded block's own checksum is that of the decoded text."""
    end = _END.search(encoded)
    try:
        expected = base64.b64decode(end.group(1) + "==") if end else b""
    except binascii.Error:
        return False
    return int.from_bytes(expected, "little") == sum(decoded.encode("cp1252", "replace")) & 0xFFFFFFFF
