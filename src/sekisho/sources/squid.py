"""Squid's own access log: ten words a request.

Source: Squid, "Features/LogFormat" (``logformat squid %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources._text_lines import numbered
from sekisho.sources.json_stream import as_utf8

SAMPLE_LINES = 20
NAMES = (
    "time", "elapsed_ms", "client", "squid_result", "bytes_sent", "request_method", "url", "user", "hierarchy",
    "content_type",
)  # fmt: skip
_LINE = re.compile(
    r"(\d{9,10}\.\d{3}) +(-?\d{1,10}) (\S{1,300}) ([A-Z_]{3,40}/(?:\d{3}|-)) (\d{1,19}|-) ([A-Z_-]{1,30}) (.*)",
    re.DOTALL,
)
_HIERARCHY = re.compile(r"[A-Z][A-Z_]{3,40}/\S+$")


def recognise(head: bytes, path: Path) -> bool:
    """Tell by the seven words that Squid writes first; most of the first lines must begin so."""
    text = b"".join(as_utf8([peek(head)]))
    if not text[:9].isdigit():
        return False
    sample = [line for _, line in numbered([text[: text.rfind(b"\n") + 1] or text]) if line][:SAMPLE_LINES]
    return sum(bool(_fields(line)) for line in sample) * 2 > len(sample)


@source("squid", recognise=recognise, event_class="records")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every request of a log.

    Yields:
        A row per line, in file order, with NAMES; its record is the line number. What is ``-`` is left out. A gap for
        each line that is none of the format: in one with blanks in its URL, the words behind count from the end.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    with open_file(path) as file:
        for number, line in numbered(as_utf8(until_break(unpack(file), broken))):
            if line is None:
                yield Gap(str(number), "line is too long")
            elif line.strip("\0 \t"):
                fields = _fields(line)
                yield Row(str(number), fields) if fields else Gap(str(number), "not as Squid writes a request")
    for reason in broken:
        yield Gap("end", reason)


def _fields(line: str) -> dict[str, str]:
    found = _LINE.match(line)
    if found is None:
        return {}
    url, *behind = found[7].rsplit(" ", 3)
    if len(behind) != 3 or not url or not _HIERARCHY.match(behind[1]):
        return {}
    words = (*found.groups()[:6], url, *behind)
    return {name: word for name, word in zip(NAMES, words, strict=True) if word not in ("", "-")}
