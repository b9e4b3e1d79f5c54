"""URLs in text: found, refanged, read as a browser would, and written so that nobody clicks on them.

The patterns take half of the file; splitting it would separate what starts a URL from what ends one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge

from ada_url import URL

from sekisho.model.host import canonical_ip, host_tricks
from sekisho.model.toplevel import TOP_LEVEL
from sekisho.model.url import Url

__all__ = ["canonical_ip", "defang", "find_urls", "parse_url", "refang"]

URL_CHARS = 8_192
"""Longest URL kept; what follows is cut. Mail gateways rewrite to a few thousand at most."""
WORK = 16
"""Characters looked at per character of text before a scan gives up: only crafted text gets beyond 2."""
SPECIAL = frozenset({"http", "https", "ftp", "ws", "wss"})
HOST_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

# What may start a URL in running text, found from its colon outwards: searching for the scheme itself is ten times
# slower. Carets are what cmd.exe leaves out; hxxp and [:] are what analysts write.
_LETTERS = r"h\^?(?:t\^?t|x\^?x|t\^?x|x\^?t|\*\*|__)\^?p\^?(?:s|\[s\]|\(s\))?"
_HEAD = re.compile(rf"(?:{_LETTERS}|(?<![a-z0-9])(?:ftps?|fxp|file))\^?[\[(]?$", re.IGNORECASE)
_LAST_LETTERS = frozenset("sSpPeE^])[(")
_SLASHES = re.compile(r"[\])]?\^?(?:(?:\\?/\^?|\\\^?){1,6}\]?|\[//?\]\]?)")
_WWW = re.compile(r"[wW](?<![\w.@/-][wW])[wW]{2}(?:\.|\[\.\])(?=\w)")
# Nothing of this may stand in a URL: blanks, quotes, angle brackets, and the brackets and stops of Japanese text.
_BODY = re.compile(
    r"[^\s\x00-\x20\x7f<>\"'`|\u00a0\u00ab\u00bb\u2018-\u201f\u2026\u2028\u2029\u203b\u3000\u3001\u3008-\u301f\u30fb"
    r"\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1c\uff1e\uff1f\uff3b\uff3d\uff5b\uff5d\uff5e\uff62-\uff65\ufffd]"
    rf"{{1,{URL_CHARS}}}"
)
# What ends a URL in the middle of a word: entities and escapes of the language around it, and the separators that
# loaders keep lists of addresses with (Split("http://a/*http://b/", "*")).
_ENTITY = re.compile(
    r"&(?:quot|apos|lt|gt|nbsp|#34|#39|#60|#62|#160)\b|&&|\\[nrt](?![a-z])|\\[\"']|%00"
    r"|[*,;@!^$+]{1,4}(?=(?:https?|ftp|hxxps?):[/\\]{2})",
    re.IGNORECASE,
)
_LANGUAGE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f"
# Japanese and Korean prose goes on without a blank: such letters belong to a URL only where a new word may begin in
# one, and a particle begins none.
_RUN_ON = re.compile(
    rf"(?<=[0-9A-Za-z)])[{_LANGUAGE}]|(?<=[/=])(?:[\u3092\u306f\u304c\u3078\u3067\u306e\u306b\u3068]"
    r"|\u304b\u3089|\u307e\u3067|\u3088\u308a)"
)
_FULL_STOP = re.compile(r"[\u3002\uff0e\uff61](?![0-9A-Za-z\uff10-\uff5a-]+(?:[.\u3002\uff0e\uff61:/?#\\]|$))")
_STOP = re.compile("[\u3002\uff0e\uff61]")
_PATH = re.compile(r"[/?#\\]")
_BARE = re.compile(r"(?:\.|\[\.\])([a-zA-Z]{2,12}+)(?=/[\w~%?.-])")
_OPENING = {")": "(", "]": "[", "}": "{"}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d{1,5}(?:[/?#]|$))|[a-z][a-z0-9+-]*:", re.IGNORECASE)
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*):([\\/]*)([^\\/?#]*)", re.IGNORECASE)
_JS_ESCAPE = re.compile(r"\\u00([2-7][0-9a-f])|\\x([2-7][0-9a-f])|\\(?=/)", re.IGNORECASE)
_HXXP = re.compile(
    r"\b(?:hxxp|htxp|hxtp|http(?=[\[(]s)|h\*\*p|h__p)(s|\[s\]|\(s\))?(?=\[?:|\(:)|\bfxp(?=\[?:)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\[:\](?=[/\[])|\(:\)(?=//)|\[:(?=//)|(?<=:)\[(?:://|//?)\]|(?<=[pP])\[://\]|(?<=://)\]")
_DOT = re.compile(r"(?<=[\w\]])(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\{dot\}|\[\.(?=\w))|(?<=\w)\.\](?=\w)", re.I)
_AT = re.compile(r"(?<=\w)(?:\[@\]|\(@\)|\[at\]|\(at\))(?=\w)", re.IGNORECASE)
_PERCENT_LETTER = re.compile(r"%(?:3[0-9]|[46][1-9a-f]|[57][0-9a])", re.IGNORECASE)

_CLICKABLE = re.compile(r"\b(https?|hxxps?|ftps?)(:[\\/]{1,3}[^\s/\\?#<>\"']{1,2048})", re.IGNORECASE)
_MAIL_DOT = re.compile(
    r"((?<=[\w.+-])@(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){0,8}[a-z0-9](?:[a-z0-9-]{0,62}))\."
    r"(?=[a-z]{2,24}(?![\w-])(?!\.\w|\[\.))",
    re.IGNORECASE,
)
_IP_DOT = re.compile(r"(?<![\w.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(?=\d{1,3}(?![\w]|\.\d))", re.ASCII)
_HOST_DOT = re.compile(r"(?<=[^\W_])\.([a-zA-Z]{2,12}+)(?![A-Za-z0-9_(-]|\.[A-Za-z0-9]|\[\.)")
PRODUCTS = frozenset({"asp.net", "vb.net", "ado.net", "command.com", "system.net", "system.io"})
"""Names that end like a host and never are one in what we show."""

Span = tuple[int, int]


def find_urls(text: str, where: str, limit: int = 500) -> list[Url]:
    """Give the URLs that stand in a text, each spelling once, in the order they were met.

    Reads ``http https ftp file`` with slashes of either kind, their defanged forms, ``www.``, and host/path forms
    under a top-level domain that is no file extension. Takes time proportional to the text.
    """
    found: dict[str, Url] = {}
    reached = 0
    for start, end in merge(_schemed(text), _bare(text)):
        if start < reached:
            continue
        reached, raw = end, text[start:end]
        if raw in found:
            continue
        url = parse_url(raw, where=where)
        if url.canonical or (url.host and not url.host.strip(HOST_LETTERS) and any(map(str.isalnum, url.host))):
            found[raw] = url
            if len(found) >= limit:
                break
    return list(found.values())


def _starts(text: str) -> Iterator[Span]:
    """Give where a scheme begins and its slashes end."""
    at = -1
    while (at := text.find(":", at + 1)) > 0:
        if text[at - 1] in _LAST_LETTERS and (slashes := _SLASHES.match(text, at + 1)):
            first = max(0, at - 20)
            if head := _HEAD.search(text[first:at]):
                yield first + head.start(), slashes.end()


def _schemed(text: str) -> Iterator[Span]:
    """Give the spans that begin with a scheme or ``www.``."""
    reached, budget = 0, WORK * len(text) + URL_CHARS
    for start, head in merge(_starts(text), (match.span() for match in _WWW.finditer(text))):
        body = _BODY.match(text, head) if start >= reached else None
        if body:
            budget -= len(body.group())
            reached = start + _end_of(text[start : body.end()], head - start)
            if reached > head:
                yield start, reached
        if budget < 0:
            return


def _bare(text: str) -> Iterator[Span]:
    """Give the spans that are a host under a known top-level domain and a path."""
    budget = WORK * len(text) + URL_CHARS
    for tail in _BARE.finditer(text):
        if tail.group(1).lower() not in TOP_LEVEL:
            continue
        before = text[max(0, tail.start() - 253) : tail.start()]
        host = before[len(before.rstrip(HOST_LETTERS + "[]")) :].lstrip(".-[]")
        start = tail.start() - len(host)
        ordinary = start == 0 or not (text[start - 1].isalnum() or text[start - 1] in "@/\\:.%=&~_-[]$#{")
        body = _BODY.match(text, tail.end()) if host and ordinary else None
        if body:
            budget -= len(body.group())
            yield start, start + _end_of(text[start : body.end()], tail.end() - start)
        if budget < 0:
            return


def _end_of(run: str, head: int) -> int:
    """Tell how much of an unbroken run of characters is the URL."""
    if "&" in run or "\\" in run or "%00" in run or run.count("://") > 1:
        cut = _ENTITY.search(run, head)
        run = run[: cut.start()] if cut else run
    if not run.isascii():
        path = _PATH.search(run, head)
        for pattern, start in ((_FULL_STOP, head), (_STOP, path.start() if path else len(run)), (_RUN_ON, head)):
            cut = pattern.search(run, start)
            run = run[: cut.start()] if cut else run
    surplus = {close: run.count(close) - run.count(mate) for close, mate in _OPENING.items()}
    end = len(run)
    while end > head:
        last = run[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in ".,;:!?*~\\^$({\u3002\uff0e\uff61":
            break
        end -= 1
    return end


def parse_url(raw: str, *, where: str = "", shown: str = "", hidden_by: str = "") -> Url:
    """Read one URL as a browser would and name the tricks its spelling plays.

    ``canonical`` is empty when there is no URL in it (a relative reference, an address that overflows). ``hidden_by``
    names what was undone before: it comes first in the result.

    Source: WHATWG URL, "URL parsing", by ada.
    """
    text, tricks = _undo(raw[:URL_CHARS])
    tricks = [trick for trick in hidden_by.replace(",", " ").split() if trick] + tricks
    parts = _PARTS.match(text)
    authority = parts.group(3) if parts else ""
    written = authority.rpartition("@")[2]
    host_part = written if written.startswith("[") else re.sub(r":\d*$", "", written)
    if parts and parts.group(1).lower() in SPECIAL:
        tricks += _spelling(text, parts, authority)
        tricks += host_tricks(host_part)
    try:
        parsed = URL(text) if parts else None
    except ValueError:
        parsed = None
    host = (parsed.hostname if parsed else host_part.lower()).strip("[]")
    return Url(
        raw=raw[:URL_CHARS],
        canonical=parsed.href if parsed else "",
        host=host,
        ip=(canonical_ip(host) or "") if parsed and (":" in host or host[-1:].isdigit()) else "",
        hidden_by=", ".join(dict.fromkeys(tricks)),
        shown=shown,
        where=where,
    )


def _undo(raw: str) -> tuple[str, list[str]]:
    """Give the text a URL parser should see, and what was undone to get it; empty without a host or scheme."""
    text, tricks = raw.encode("utf-8", "replace").decode().strip("\x00\t\n\r\f\x0b \u3000"), []
    if re.search(r"[\t\r\n]", text):
        text = re.sub(r"[\t\r\n]", "", text)
        tricks.append("control-characters")
    if "\\" in text:
        text = _JS_ESCAPE.sub(lambda m: chr(int(m.group(1) or m.group(2) or "2f", 16)) if m.group()[1:] else "", text)
    if "^" in re.split(r"[?#]", text, maxsplit=1)[0]:
        text = text.replace("^", "")
        tricks.append("caret")
    if (clean := refang(text)) != text:
        text = clean
        tricks.append("defanged")
    if text.startswith("//"):
        return "http:" + text, tricks
    if _SCHEME.match(text):
        return text, tricks
    host = re.split(r"[/?#:\\]", text, maxsplit=1)[0]
    bare = host.lower().startswith("www.") or (host.rpartition(".")[2].lower() in TOP_LEVEL and "." in host)
    return ("http://" + text if bare else ""), tricks


def _spelling(text: str, parts: re.Match[str], authority: str) -> list[str]:
    tricks = []
    before_query = re.split(r"[?#]", text, maxsplit=1)[0]
    if "\\" in before_query:
        tricks.append("backslash")
    if len(parts.group(2)) != 2:
        tricks.append("slashes")
    if "@" in authority and parts.group(1).lower() != "ftp":
        tricks.append("userinfo")
    if len(_PERCENT_LETTER.findall(before_query, parts.end())) > 2:
        tricks.append("percent-encoded-path")
    return tricks


def refang(text: str) -> str:
    """Undo what analysts do to URLs so that nobody clicks on them: hxxp, [.], [:]//, [at] and their kin."""
    if "[" not in text and "(" not in text and "{" not in text and not _HXXP.search(text):
        return text
    text = _HXXP.sub(_scheme_of, text)
    return _AT.sub("@", _DOT.sub(".", _SEPARATOR.sub(lambda m: m.group().strip("[]()"), text)))


def _scheme_of(match: re.Match[str]) -> str:
    if match.group()[:1] in "fF":
        return "ftp"
    return "https" if match.group(1) else "http"


def defang(text: str) -> str:
    """Write every URL, address, e-mail address and bare host name in a text so that no program links it.

    ``http`` becomes ``hxxp`` and the last dot of each host ``[.]``. Doing it twice changes nothing more; file names,
    paths and prose stay as they are.
    """
    text = _CLICKABLE.sub(_defang_authority, text)
    text = _MAIL_DOT.sub(r"\1[.]", text)
    text = _IP_DOT.sub(r"\1[.]", text)
    return _HOST_DOT.sub(_defang_host, text)


def _defang_authority(match: re.Match[str]) -> str:
    scheme, rest = match.group(1), match.group(2)
    scheme = {"h": "hxxp" + scheme[4:], "f": "fxp" + scheme[3:]}[scheme[0].lower()]
    if "[" in rest:  # an IPv6 literal, or defanged already
        return scheme + rest
    userinfo, at, host = rest.rpartition("@")
    stem, dot, last = host.rpartition(".")
    return f"{scheme}{userinfo}{at}{stem}{'[.]' if dot else ''}{last}"


def _defang_host(match: re.Match[str]) -> str:
    """Defang the dot before a top-level domain unless what it ends is a path or one of a few product names."""
    text, at = match.string, match.start()
    if match.group(1).lower() not in TOP_LEVEL:
        return match.group()
    before = text[max(0, at - 253) : at]
    host = before[len(before.rstrip(HOST_LETTERS)) :]
    start = at - len(host)
    in_path = start > 0 and text[start - 1] in "/\\%$=&?" and text[max(0, start - 2) : start] not in ("//", "\\\\")
    known = f"{host}{match.group()}".lower() in PRODUCTS
    return match.group() if in_path or known or match.group()[1:].istitle() else f"[.]{match.group()[1:]}"
