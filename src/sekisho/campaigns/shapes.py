"""What stays the same when an attacker changes names, numbers and links: shapes of texts, file names and URLs."""

from __future__ import annotations

import re
import unicodedata
import zlib

TEXT_CHARS = 6_000
"""Of a text; the rest of a long mail is mostly quotes."""
SHINGLE = 4
"""Words in a passage."""
SKETCH = 8
"""Passages kept of a text: with eight, two texts that are half equal share four on average."""
WORD_CHARS = 40
SEGMENTS = 8
_LINK = re.compile(r"(?:https?|ftp|hxxps?)://[^\s<>\"']{1,2000}|\bwww\.[^\s<>\"']{1,2000}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_WORD = re.compile(r"[^\W\d_]+|\d+|[€$£¥]")
_MONTHS = "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september"
MONTHS = frozenset((_MONTHS + " october november december").split())
_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w]|_")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NUMBER = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-f]{8,}")
_VOWELS = frozenset("aeiouy")
_REPLY = re.compile(
    r"^(?:\s*(?:re|fw|fwd|aw|wg|sv|rv|tr|antw|odp|回复|答复|転送|返信)\s*(?:\[\d+\])?\s*[:：])+", re.IGNORECASE
)
RANDOM_CHARS = 6
"""Letters from which a word may be judged random by how cases and digits mix."""


def words(text: str) -> list[str]:
    """Give the words of a text in lower case; links, addresses, numbers and months become marks.

    Scripts without blanks give pairs of letters.
    """
    plain = unicodedata.normalize("NFKC", text[:TEXT_CHARS]).lower()
    plain = _ADDRESS.sub(" \ue000 ", _LINK.sub(" \ue001 ", plain))
    found: list[str] = []
    for piece in _WORD.findall(plain.replace("\ue000", " mailmark ").replace("\ue001", " linkmark ")):
        if piece[0].isdigit():
            found.append("0")
        elif piece in MONTHS:
            found.append("month")
        elif _WIDE.match(piece):
            found += [piece[at : at + 2] for at in range(max(1, len(piece) - 1))]
        else:
            found.append(piece[:WORD_CHARS])
    return found


def passages(text: str) -> tuple[str, ...]:
    """Sketch a text by a few of its passages, chosen by hash so that similar texts choose the same ones.

    Gives up to SKETCH numbers in hex; fewer for a short text, none for one of under three words.

    Source: bottom-k sketches, Broder 1997, "On the resemblance and containment of documents".
    """
    found = words(text)
    if len(found) < 3:
        return ()
    size = min(SHINGLE, len(found))
    hashes = {
        zlib.crc32(" ".join(found[at : at + size]).encode("utf-8", "replace")) for at in range(len(found) - size + 1)
    }
    return tuple(f"{one:08x}" for one in sorted(hashes)[:SKETCH])


def subject_shape(subject: str) -> str:
    """Give a subject without reply marks, its names of months and numbers as marks; empty when nothing is left."""
    return " ".join(words(_REPLY.sub("", subject[:300])))[:200]


def is_reply(subject: str) -> bool:
    """Tell whether a subject says that it replies or forwards."""
    return bool(_REPLY.match(subject[:300]))


def name_shape(name: str) -> str:
    """Give a file name's shape: ``REJ-123456789-Apr-12.zip`` is ``rej-9#-month-2#.zip``.

    Words stay, unless they look random; runs of digits become their length; the extension stays.
    """
    stem, dot, extension = name[:200].strip().rpartition(".")
    if not dot or len(extension) > 6:
        stem, extension = name[:200].strip(), ""
    made = "".join(_piece_shape(one) for one in _PIECE.findall(stem)) or "-"
    return f"{made}.{extension.lower()}" if extension else made


def _piece_shape(piece: str) -> str:
    if piece[0].isdigit():
        return f"{_length(len(piece))}#"
    lower = piece.lower()
    if lower in MONTHS:
        return "month"
    return "rnd" if looks_random(piece) else lower


def _length(count: int) -> str:
    """Give a length as a class, so that 7 and 8 digits are one grammar."""
    return (
        str(count) if count <= 4 else "5-6" if count <= 6 else "7-8" if count <= 8 else "9-10" if count <= 10 else "11+"
    )


def looks_random(word: str) -> bool:
    """Tell letters that no language makes: cases mixed inside, or hardly a vowel among many."""
    if len(word) < 5:
        return False
    inner = word[1:]
    mixed = any(one.isupper() for one in inner) and any(one.islower() for one in word)
    vowels = sum(one in _VOWELS for one in word.lower())
    return mixed or (len(word) >= RANDOM_CHARS and word.isascii() and vowels * 5 < len(word))


def split_url(url: str) -> tuple[str, str, str]:
    """Give host (lower case, no port), path and query of a URL; empty strings for what is no URL."""
    rest = url[:2_000].partition("://")[2] or url[:2_000]
    head, _, query = rest.partition("?")
    host, slash, path = head.partition("/")
    host = host.rpartition("@")[2].lower()
    if not host.startswith("["):
        host = host.partition(":")[0]
    return host.strip("."), (slash + path).partition("#")[0], query.partition("#")[0]


def path_shape(path: str) -> str:
    """Give the grammar of a URL's path: ``/urf/b0/UjIEDgB5.zip`` is ``/l/m/r8.zip``.

    ``l`` lower-case word, ``w`` several words joined by hyphens, ``n7-8`` digits, ``m`` short mix, ``r8`` random with
    its length class, ``h`` long hex; a final extension stays.
    """
    parts = [one for one in path.split("/") if one][:SEGMENTS]
    if not parts:
        return "/"
    made = [_segment(one) for one in parts[:-1]]
    stem, dot, extension = parts[-1].rpartition(".")
    if dot and 1 <= len(extension) <= 5 and extension.isalnum():
        made.append(f"{_segment(stem)}.{extension.lower()}")
    else:
        made.append(_segment(parts[-1]))
    return "/" + "/".join(made) + ("/" if path.endswith("/") else "")


def _segment(text: str) -> str:
    if text.isdigit():
        return f"n{_length(len(text))}"
    if "." in text and all(one.isdigit() for one in text.split(".")):
        return "n.n"
    pieces = [one for one in re.split(r"[-_]", text[:120]) if one]
    if len(pieces) > 1:
        tail = f"-n{_length(len(pieces[-1]))}" if pieces[-1].isdigit() else ""
        body = pieces[:-1] if tail else pieces
        if all(one.isalpha() and not looks_random(one) for one in body):
            return ("w" if len(body) > 1 else "l") + tail
    if text.isalpha() and text.islower() and not looks_random(text):
        return "l"
    if _HEX.fullmatch(text) and any(one.isdigit() for one in text):
        return "h"
    return "m" if len(text) <= 4 else f"r{_length(len(text))}"


def query_shape(query: str) -> str:
    """Give the names of a query's fields, sorted, with the shapes of their values left out."""
    names = sorted({one.partition("=")[0].lower()[:20] for one in query.split("&")[:20] if one})
    return "&".join(_NUMBER.sub("0", one) for one in names)


def local_shape(address: str) -> str:
    """Give the grammar of an address before its ``@``: words and digits as classes; ``info`` and its kin stay."""
    local = address.partition("@")[0].lower()[:64]
    if local in ROLES:
        return local
    return "".join(
        f"{_length(len(one))}#" if one[0].isdigit() else one if not one.isalpha() else "a"
        for one in _PIECE.findall(local)
    )


ROLES = frozenset(
    "info admin sales contact office support billing accounts accounting account noreply no-reply service marketing hr "
    "postmaster webmaster finance purchase mail".split()
)
