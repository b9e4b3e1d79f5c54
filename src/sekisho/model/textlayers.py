r"""The layers under which a text may be written so that a filter reads one thing and a browser another.

Each layer is one decoder that some program on the way applies: a web server (``%3C``), a page (``&lt``, ``&#60``), a
script (``\u003c``, ``\74``), a shop that turns full-width letters into plain ones (``＜script＞``), a browser of old.

Source: WHATWG, URL (percent-encoding) and HTML 13.2.5.72 (character references, also without semicolon); ECMA-262,
12.9.4 and annex B (escapes); ECMA-262 annex B.2.1 (``%u``); RFC 2152 (UTF-7); RFC 3629, 10 (overlong forms); PHP
manual, mb_convert_kana (option ``a``), which EC-CUBE applies to addresses; Microsoft, best-fit table of code page 1252.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

ROUNDS = 5
"""Times that the decoders are gone through: a text coded more often than this is not read by any page either."""
MAX_CHARS = 65_536


class Layer(NamedTuple):
    """A text as it reads with some of its coding undone."""

    text: str
    how: tuple[str, ...]
    """The decoders applied, in order; empty for the text as it is."""


_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})", re.IGNORECASE)
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}")
_OVERLONG_TEXT = re.compile("[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]")
_BACKSLASH = re.compile(
    r"\\(?:u\{0{0,6}([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-3][0-7]{1,2}|[4-7][0-7]))"
)
_BYTES = re.compile(r"(?:\\x[89a-fA-F][0-9a-fA-F])+")
_UTF7 = re.compile(r"\+([A-Za-z0-9+/]{3,200})(?:-|(?![A-Za-z0-9+/]))")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\xad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffd]"
)
_HIGH_BIT = re.compile("[\xa0-\xff]")
_HIGH_TAG = re.compile("\xbc[/a-zA-Z\xe1-\xfa]")
_INNER = re.compile(r"<!--.{0,200}?-->|/\*.{0,200}?\*/|</?script[\s/]{0,8}>", re.IGNORECASE | re.DOTALL)
_SPLIT = re.compile(r"<[a-z]{0,12}<|<[a-z]{1,12}/\*|[a-z]<!--|[a-z]/\*[^*]{0,200}\*/[a-z]", re.IGNORECASE)

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDE |= {0x3000: 0x20, 0xFE64: 0x3C, 0xFE65: 0x3E, 0xFE66: 0x3D, 0xFE60: 0x26, 0xFE59: 0x28, 0xFE5A: 0x29}
_WIDE |= {0xFE55: 0x3A, 0xFE68: 0x5C, 0xFE5F: 0x23}
_FIT = {0x2039: 0x3C, 0x203A: 0x3E, 0x2329: 0x3C, 0x232A: 0x3E, 0x3008: 0x3C, 0x3009: 0x3E, 0x02BA: 0x22, 0x02B9: 0x27}
_FIT |= {0x2032: 0x27, 0x2033: 0x22, 0x2035: 0x60, 0x2044: 0x2F, 0x2215: 0x2F}
_HAS_WIDE = re.compile("[\uff01-\uff5e\ufe55-\ufe68]")
_HAS_FIT = re.compile("[\u2039\u203a\u2329\u232a\u3008\u3009\u02ba\u02b9\u2032\u2033\u2035\u2044\u2215]")


def layers(text: str) -> Iterator[Layer]:
    """Give a text as it is, then each reading of it that another decoder makes; none comes twice.

    At most ROUNDS times through the decoders; of a longer text the first MAX_CHARS characters count.
    """
    text = text[:MAX_CHARS]
    yield Layer(text, ())
    if not _CODED.search(text):
        return
    seen, how = {text}, ()
    names: tuple[str, ...] = how
    for _ in range(ROUNDS):
        before = text
        for name, marks, decode in DECODERS:
            if marks.search(text) is None:
                continue
            decoded = decode(text)
            if decoded != text and decoded not in seen:
                seen.add(decoded)
                text, names = decoded, (*names, name)
                yield Layer(text, names)
        if text == before or not _CODED.search(text):
            return


def percent(text: str) -> str:
    """Undo percent-encoding, ``%u`` included; bytes are read as UTF-8 (overlong forms too), else Shift_JIS."""
    return _PERCENT.sub(_bytes_of, _PERCENT_U.sub(lambda found: chr(int(found[1], 16)), text))


def _bytes_of(found: re.Match[str]) -> str:
    raw = bytes.fromhex(found[0].replace("%", ""))
    if _OVERLONG.search(raw):
        raw = _OVERLONG.sub(lambda sequence: chr(_value(sequence[0])).encode(), raw)
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _value(sequence: bytes) -> int:
    value = sequence[0] & (0x1F if len(sequence) == 2 else 0x0F if len(sequence) == 3 else 0x07)
    for byte in sequence[1:]:
        value = value << 6 | byte & 0x3F
    return value


def _overlong(text: str) -> str:
    return _OVERLONG_TEXT.sub(lambda found: chr(_value(found[0].encode("latin-1"))), text)


def _backslash(text: str) -> str:
    return _BACKSLASH.sub(_escaped, _BYTES.sub(_byte_run, text))


def _byte_run(found: re.Match[str]) -> str:
    """Decode bytes above ASCII that a log or a script wrote one by one: UTF-8 if they are, else code points."""
    raw = bytes.fromhex(found[0].replace("\\x", ""))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _escaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    code = int(digits, 16) if digits else int(found[4], 8)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else found[0]


def _utf7(text: str) -> str:
    return _UTF7.sub(_utf7_run, text)


def _utf7_run(found: re.Match[str]) -> str:
    """Decode a run that gives at least one mark of markup; anything else is ordinary text with a plus in it."""
    run = found[1]
    try:
        raw = base64.b64decode(run + "=" * (-len(run) % 4))
        decoded = raw[: len(raw) // 2 * 2].decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return found[0]
    return decoded if not set(decoded).isdisjoint("<>\"'&=") and decoded.isascii() else found[0]


def _high_bit(text: str) -> str:
    return _HIGH_BIT.sub(lambda found: chr(ord(found[0]) & 0x7F), text)


def _whole(text: str) -> str:
    """Take out what a filter would take out, once: what is left may be a tag only then."""
    return _INNER.sub("", text)


DECODERS: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("percent", re.compile(r"%(?:[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})", re.IGNORECASE), percent),
    ("entity", re.compile(r"&(?:#[xX]?[0-9a-fA-F]|[a-zA-Z])"), html.unescape),
    ("escape", re.compile(r"\\[ux0-7]"), _backslash),
    ("overlong", _OVERLONG_TEXT, _overlong),
    ("full-width", _HAS_WIDE, lambda text: text.translate(_WIDE)),
    ("best-fit", _HAS_FIT, lambda text: text.translate(_FIT)),
    ("utf-7", re.compile(r"\+A[A-Za-z0-9]"), _utf7),
    ("unseen", _UNSEEN, lambda text: _UNSEEN.sub("", text)),
    ("high-bit", _HIGH_TAG, _high_bit),
    ("split", _SPLIT, _whole),
)
"""Name, what a text must hold for it, and the decoder."""
NAMES = tuple(name for name, _, _ in DECODERS)
_CODED = re.compile(
    "[%&\\\\+<*\x00-\x08\x0e-\x1f\x7f\xad\xbc\xc0\xc1\xe0\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\ufeff\ufffd\uff01-\uff5e\ufe55-\ufe68\u3000\u2039\u203a\u2329\u232a\u3008\u3009\u02ba\u02b9\u2032\u2033\u2035\u2044\u2215]"
)
"""What at least one of the decoders needs."""
