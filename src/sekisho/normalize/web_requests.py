"""What a web request asks for once its encoding is undone, so that rules need not know every way to write a letter."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from sekisho.normalize._flatten import Fields

DECODED = "cs-uri.decoded"
ROUNDS = 3
"""Source: IIS decodes a path once and an application its own copy once more; one round is to spare."""
MAX_URI_CHARS = 16_384
"""Source: Microsoft Learn, "Http.sys registry settings": UrlSegmentMaxLength and MaxFieldLength end far below that."""
_UNICODE = re.compile(r"%u([0-9a-fA-F]{4})", re.IGNORECASE)
_ENCODED = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_TRACE = re.compile(
    r"&CorrelationID=(?:<empty>|[0-9a-f-]{36});&cafeReqId=[0-9a-f-]{36};(?:&encoding=;)?$", re.IGNORECASE
)
"""What Exchange's front end adds to the query in the log of IIS, another one for each request."""
_SLASHES = re.compile(r"[/\\]+(?:\.?[/\\]+)*")


def decoded(fields: Fields, stem: str = "cs-uri-stem", query: str = "cs-uri-query", name: str = DECODED) -> None:
    """Give path and query of a web request as one text with its encoding undone, under ``cs-uri.decoded``.

    ``%40`` and ``%u0040`` become ``@`` however often they are encoded, up to ROUNDS; runs of slashes, backslashes and
    ``/./`` in the path become one slash. Case stays, since rules compare without it. A mark that the encoding hides
    (``%3f``) does not move the border between path and query: the first plain ``?`` is the one that the log drew. The
    ids that Exchange adds to each request are left out, so that like requests stay alike.
    """
    path, asked = fields.get(stem), fields.get(query)
    if type(path) is not str:
        return
    asked = asked[:MAX_URI_CHARS].removeprefix("?") if type(asked) is str else ""
    if asked[-1:] == ";":
        asked = _TRACE.sub("", asked)
    path = plain(path[:MAX_URI_CHARS])
    if "//" in path or "\\" in path or "/./" in path:
        path = _SLASHES.sub("/", path)
    fields[name] = f"{path}?{plain(asked)}" if asked else path


def plain(text: str) -> str:
    """Undo percent encoding, ROUNDS times at most; bytes that are no UTF-8 are read as Latin-1."""
    for _ in range(ROUNDS):
        if "%" not in text:
            break
        once = _ENCODED.sub(_letters, _UNICODE.sub(lambda found: chr(int(found[1], 16)), text))
        if once == text:
            break
        text = once
    return text


def _letters(found: re.Match[str]) -> str:
    data = unquote_to_bytes(found[0])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
