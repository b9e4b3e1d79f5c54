"""Text from bytes whose charset label is missing, vague or wrong, as mail has it.

Source: RFC 2045 to 2047 for labels; WHATWG Encoding for what a label means in practice (iso-8859-1 is windows-1252,
gb2312 is gb18030, shift_jis is code page 932); the rest from the decode matrix of real Japanese mail.
"""

from __future__ import annotations

import codecs
import re
from functools import cache, lru_cache

from sekisho.analyzers import _iso2022jp
from sekisho.analyzers._charset_data import COMMON, LABELS

_JIS = "iso-2022-jp"
_LATIN = frozenset({"windows-1252", "us-ascii"})
_SAFE = re.compile(r"(?:cp|iso8859|koi8|mac|utf|iso2022|big5|gb|hz|euc|shift|johab|ptcp|tis|hp|kz|ascii|latin)")
"""Python codecs that are charsets; the others compress, escape or cost quadratic time."""
_HIGH = re.compile(rb"[\x80-\xff]")
_ESCAPES = re.compile(rb"\x1b[$(&]|[\x0e\x0f]")
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([IJ]|\$\()")
_C1 = {i: bytes((i,)).decode("cp1252") for i in range(0x80, 0xA0) if i not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_SAMPLE = 4_096
"""Bytes that a guess between charsets looks at, from the first byte above ASCII on."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Weight of one character in a guess. Kana cannot come about by accident in any East Asian charset but by a
# misread EUC, where half-width kana and rare kanji do.
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fc]")
_POINTS = re.compile(
    "[\u3000-\u3002\u300c-\u3011\uff01\uff08\uff09\uff0c\uff0d\uff10-\uff1f\uff21-\uff5a\u2460-\u2473]"
)
_HALF = re.compile("[\uff61-\uff9f]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_BAD = re.compile("[\ufffd\u0080-\u009f\ue000-\uf8ff]|[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ACCENTED = re.compile("[\u00c0-\u017f\u2013-\u2026\u20ac\u0152-\u0178\u00a0]")


def decode(data: bytes, label: str | None = None) -> tuple[str, str]:
    """Give the text and the name of the charset that it was really read with.

    The label is followed unless the bytes contradict it: they do not decode, or they are plainly UTF-8 or Japanese
    under a label that is neither. Never raises; what cannot be read becomes U+FFFD.
    """
    codec = codec_of(label)
    if data.isascii() and codec not in ("utf-7", "utf-16", "hz") and not _ESCAPES.search(data):
        if b"\0" not in data:
            text = data.decode("ascii")
            if codec == _JIS and "$" in text:
                text = _iso2022jp.decode(data)
            return text, codec or "us-ascii"
        if wide := _wide(data, codec):
            return wide
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace"), name
    if codec == _JIS or (codec in ("", "us-ascii", "utf-8", *_LATIN) and _JIS_ESCAPE.search(data)):
        return _jis(data)
    return _labelled(data, codec) if codec else guess(data)


@lru_cache(maxsize=512)
def codec_of(label: str | None) -> str:
    """Give the codec a charset label stands for, empty for none or one that nobody knows."""
    if not label:
        return ""
    name = label.strip(" \t\"'<>;,").lower().replace("_", "-").replace(" ", "-")
    if name.startswith("charset="):
        name = name[8:]
    if name in LABELS:
        return LABELS[name]
    if not re.fullmatch(r"[a-z0-9.:+-]{2,30}", name):
        return ""
    try:
        found = codecs.lookup(re.sub(r"^windows-(?=\d)", "cp", name).replace("x-", "", 1)).name
    except (LookupError, ValueError):
        return ""
    return found if _SAFE.match(found) else ""


def guess(data: bytes) -> tuple[str, str]:
    """Give the text of unlabelled bytes by the charset that makes the best sense of them."""
    if _JIS_ESCAPE.search(data):
        return _jis(data)
    if wide := _wide(data, ""):
        return wide
    if data.isascii():
        return data.decode("ascii"), "us-ascii"
    if text := _utf8(data):
        return text, "utf-8"
    name = _best(data)
    return _read(data, name), name


def _labelled(data: bytes, codec: str) -> tuple[str, str]:
    if codec == "utf-16":
        return _wide(data, codec) or (data.decode("utf-16-le", "replace"), "utf-16-le")
    if codec == "utf-8":
        return _as_utf8(data)
    if codec == "utf-7":
        return _read(data, codec), codec
    if codec in _LATIN or codec.startswith(("iso8859", "cp125", "koi8", "mac")):
        return _single_byte(data, codec)
    text = _strict(data, codec)
    other = _utf8(data)
    if other and (text is None or score(other, "") > score(text, codec) + 0.2):
        return other, "utf-8"
    if text is not None:
        return _swapped(data, codec, text) or (text, codec)
    name = _best(data, codec)
    return _read(data, name), name


def _swapped(data: bytes, codec: str, text: str) -> tuple[str, str] | None:
    """Read Shift_JIS sent as EUC-JP and the reverse, which decode into rare kanji or half-width kana."""
    if codec not in ("cp932", "euc-jp") or (rate := score(text[:_SAMPLE], codec)) >= 0.8:
        return None
    name = "cp932" if codec == "euc-jp" else "euc-jp"
    other = _strict(data, name)
    if other is None or not _KANA.search(other) or score(other[:_SAMPLE], name) < rate + 0.5:
        return None
    return other, name


def _as_utf8(data: bytes) -> tuple[str, str]:
    """Read bytes labelled UTF-8: a few bad ones are damage, many are another charset."""
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text[:_SAMPLE] if character > "\x7f" and character != "\ufffd")
    if good >= 4 * min(bad, text.count("\ufffd", 0, _SAMPLE)):
        return text, "utf-8"
    if wide := _wide(data, ""):
        return wide
    name = _best(data)
    return _read(data, name), name


def _single_byte(data: bytes, codec: str) -> tuple[str, str]:
    """Read bytes labelled with a charset that cannot fail, unless they are plainly something else."""
    if text := _utf8(data):
        return text, "utf-8"
    for name in ("cp932", "euc-jp"):
        text = _strict(_sample(data), name) or ""
        if len(_KANA.findall(text)) >= 2 and score(text, name) > 1.2:
            return _read(data, name), name
    if codec == "us-ascii":
        name = _best(data)
        return _read(data, name), name
    return _read(data, codec), codec


def _jis(data: bytes) -> tuple[str, str]:
    escaped = bool(_ESCAPES.search(data))
    if b"\x0e" in data:
        return _iso2022jp.decode(data), "cp50221"
    if escaped or data.isascii():
        try:
            return data.decode("iso2022_jp"), _JIS
        except UnicodeDecodeError:
            pass
        if b"\x1b." in data or b"\x1b$A" in data or b"\x1b$(" in data:
            try:
                return data.decode("iso2022_jp_2"), "iso-2022-jp-2"
            except UnicodeDecodeError:
                pass
        return _iso2022jp.decode(data), "cp50221"
    if text := _utf8(data):
        return text, "utf-8"
    name = _best(data, _JIS)
    return _read(data, name), name


def _wide(data: bytes, codec: str) -> tuple[str, str] | None:
    """Read UTF-16 without a mark, told by where its zero bytes stand (Japanese: by its high bytes)."""
    if len(data) < 4 and codec != "utf-16":
        return None
    head = data[: _SAMPLE & ~1]
    even, odd, half = head[::2].count(0), head[1::2].count(0), max(1, len(head) // 2)
    if odd > 0.3 * half and odd > 3 * even:
        return data.decode("utf-16-le", "replace"), "utf-16-le"
    if even > 0.3 * half and even > 3 * odd:
        return data.decode("utf-16-be", "replace"), "utf-16-be"
    if codec != "utf-16":
        return None
    texts = [(data.decode(name, "replace"), name) for name in ("utf-16-be", "utf-16-le")]
    return max(texts, key=lambda pair: score(pair[0][:_SAMPLE], ""))


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A text cut off in the middle of its last character is still UTF-8.
        if error.start >= len(data) - 3 and error.start > 3 and error.reason == "unexpected end of data":
            text = data.decode("utf-8", "replace")
            return text if any(character > "\x7f" for character in text[:-1][:_SAMPLE]) else None
        return None


def _strict(data: bytes, codec: str) -> str | None:
    try:
        if codec == "windows-1252":
            return _read(data, codec)
        return data.decode({"euc-jp": "euc_jp", "us-ascii": "ascii"}.get(codec, codec))
    except (UnicodeDecodeError, LookupError, ValueError):
        return _euc_strict(data) if codec == "euc-jp" else None


def _read(data: bytes, codec: str) -> str:
    """Decode with a codec of ours, whatever is in the bytes."""
    if codec == "windows-1252":
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1").translate(_C1)
    if codec == _JIS:
        return _iso2022jp.decode(data)
    if codec == "euc-jp":
        try:
            return data.decode("euc_jp")
        except UnicodeDecodeError:
            return _euc(data)
    if codec == "us-ascii":
        return data.decode("ascii", "replace")
    try:
        return data.decode(codec, "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")


_EUC = re.compile(rb"[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}|.", re.DOTALL)


def _euc(data: bytes) -> str:
    """Read EUC-JP with the NEC and IBM rows of code page 51932, which Python's codec lacks."""
    pieces: list[str] = []
    for match in _EUC.finditer(data):
        piece = match[0]
        if piece[0] < 0x80:
            pieces.append(piece.decode("ascii"))
        elif len(piece) == 2 and piece[0] != 0x8E:
            pieces.append(_iso2022jp.character(piece[0] & 0x7F, piece[1] & 0x7F))
        else:
            pieces.append(piece.decode("euc_jp", "replace"))
    return "".join(pieces)


def _euc_strict(data: bytes) -> str | None:
    text = _euc(data)
    return None if "\ufffd" in text else text


def _sample(data: bytes) -> bytes:
    """Cut the part that a guess looks at: it starts at the first high byte, which starts a character."""
    first = _HIGH.search(data)
    if first is None or len(data) <= _SAMPLE:
        return data
    return data[first.start() : first.start() + _SAMPLE]


def _best(data: bytes, labelled: str = "") -> str:
    """Choose among the charsets that mail is sent in; ties go to Japanese, then to the label."""
    sample = _sample(data)
    scores: list[tuple[float, str]] = []
    for name in ("cp932", "euc-jp", "gb18030", "cp949", "big5hkscs", "windows-1252"):
        text = _strict(sample, name)
        if text is None:
            text = _read(sample, name)
        bonus = 0.15 if name == labelled else 0.05 if name in ("cp932", "euc-jp") else 0.0
        scores.append((score(text, name) + bonus, name))
    return max(scores, key=lambda pair: pair[0])[1]


def score(text: str, codec: str) -> float:
    """Rate how much a reading looks like what people write: about 0 for chance, 1 to 2 for prose."""
    odd = [character for character in text if character > "\x7f" or character < " "]
    high = "".join(character for character in odd if character not in "\r\n\t\f")
    if not high:
        return 1.0
    han = _HAN.findall(high)
    total = -8.0 * len(_BAD.findall(high)) + 1.4 * len(_POINTS.findall(high)) + 0.2 * len(_HALF.findall(high))
    kana = len(_KANA.findall(high))
    if codec in ("gb18030", "big5hkscs"):
        common = sum(1 for character in han if character in COMMON["zh"])
        total += 0.5 * len(han) + 1.0 * common - 0.5 * kana
    elif codec == "cp949":
        hangul = _HANGUL.findall(high)
        total += 0.6 * len(hangul) - 0.3 * len(han) + 0.9 * sum(1 for one in hangul if one in COMMON["ko"])
    elif codec == "windows-1252":
        total += _latin(text, high)
    else:
        first = _first_level()
        common = sum(1 for character in han if character in COMMON["ja"])
        level = sum(1 for character in han if character in first)
        if len(_HALF.findall(high)) == len(high):
            total += 0.8 * len(high)
        total += 2.0 * kana + 0.7 * level + 0.8 * common - 0.6 * (len(han) - level) + 0.8 * len(_HANGUL.findall(high))
        total += 0.8 * len(_ACCENTED.findall(high)) if not codec else -0.5 * len(_ACCENTED.findall(high))
    return total / len(high)


def _latin(text: str, high: str) -> float:
    """Accented letters stand alone in words of plain ones; runs of them are a misread charset."""
    runs = re.findall(r"[\u0080-\uffff]{3,}", text)
    crowded = sum(map(len, runs))
    return 1.0 * len(_ACCENTED.findall(high)) - 1.2 * crowded


@cache
def _first_level() -> frozenset[str]:
    """Give the kanji of JIS level 1, what Japanese is written with (2,965; 2 ms once)."""
    rows = (_iso2022jp.shift_jis(lead, trail) for lead in range(0x30, 0x50) for trail in range(0x21, 0x7F))
    return frozenset("".join(pair.decode("cp932", "ignore") for pair in rows))
