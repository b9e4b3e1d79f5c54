"""What spreadsheets fetch or start by links rather than macros: DDE and web queries (the DDE of OOXML is in ``ooxml``).

Source: [MS-XLS] 2.4.271 SupBook and 2.5.277 VirtualPath, 2.4.345 (queries); [ECMA-376-1] 18.13 (connections); the
forms of DDE in text files as public reports on "CSV injection" show them; Microsoft's description of .iqy files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from sekisho.analyzers import _inflate, analyzer
from sekisho.analyzers._compound import MAGIC, Compound
from sekisho.analyzers._office_xml import try_elements
from sekisho.analyzers._script import script_text
from sekisho.analyzers._zip_directory import packed, read_directory
from sekisho.analyzers.ooxml import is_ooxml
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT, MIB
from sekisho.model.urltext import find_urls, parse_url

LINKS = 50
"""Links given of one file."""
_TEXT_NAMES = (".csv", ".tsv", ".tab", ".prn", ".dif", ".slk", ".txt")
_TEXT_TYPES = ("text/csv", "text/tab-separated-values", "application/csv", "application/vnd.ms-excel")
_QUERY_NAME = ".iqy"
_QUERY = re.compile(rb"\s{0,20}WEB\s{0,8}\r?\n\s{0,8}\d{1,3}\s{0,8}\r?\n", re.IGNORECASE)
_SERVICE = re.compile(r"(\s{0,4})'?([\w.\\:]{0,200}[A-Za-z])'?(?:\([A-Z]{2,10})?\s{0,4}(?:[=+@(,-]|E;|\s)")
"""What stands before the bar, read backwards."""
_STARTS_FORMULA = re.compile(r"(?:^|[\t,;|^\"' ])\"?[=+@-]|;E")
_QUOTED = re.compile(r"\s{0,4}'((?:[^'\r\n]|''){1,4000})'\s{0,4}!")
_PLAIN = re.compile(r"([^'!\s,;\"][^'!\r\n,;\"]{0,1000})!")
_BARS = 10_000
"""Bars looked at in one text."""
_CLIMB = re.compile(r"^(?:\\?(?:\.\.\\){1,20}|\\\.\.\\)")
_SUPBOOK, _BOF = 0x01AE, 0x0809
_QUERY_TEXT = 0x00DC
_RECORDS = 300_000
_PROG_ID = re.compile(r"[A-Za-z]\w{0,40}\.[\w.]{1,60}")


def has_links(artifact: Artifact) -> bool:
    """Tell whether it may hold one: by content where there is a mark, by name for text."""
    data, name = artifact.data, artifact.name.lower()
    if data.startswith(MAGIC):
        return b"W\0o\0r\0k\0b\0o\0o\0k" in data or b"B\0o\0o\0k\0" in data
    if data.startswith(b"PK"):
        return b"xl/connections" in data and is_ooxml(artifact)
    if _QUERY.match(data):
        return name.endswith(_QUERY_NAME) or b"://" in data[:2_000]
    return _is_text_table(artifact, name) and b"!" in data and b"|" in data


def _is_text_table(artifact: Artifact, name: str) -> bool:
    return (name.endswith(_TEXT_NAMES) or artifact.declared_type in _TEXT_TYPES) and b"\0" not in artifact.data[2:512:2]


@analyzer("sheet_links", recognise=has_links, features=("sheet.dde", "sheet.ole_link", "sheet.web_query", "url"))
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Find links.

    Yields:
        ``sheet.dde`` as ``service|topic``, with a child ``kind="cmd"`` of what it would start; ``sheet.ole_link`` for
        links to documents of other programs; ``sheet.web_query`` with a ``url``.

    Raises:
        MalformedError: the file is broken.
        LimitError: there are more than LINKS.
    """
    data = artifact.data
    if data.startswith(MAGIC):
        found = _workbook(Compound(data))
    elif data.startswith(b"PK"):
        found = _connections(data)
    elif _QUERY.match(data):
        found = iter([("query", data.split(b"\n", 3)[2].strip().decode("latin-1")[:4_000])])
    else:
        found = _text(script_text(data[: DEFAULT.text_chars]))
    for number, (kind, value) in enumerate(dict.fromkeys(found)):
        if number >= LINKS:
            raise LimitError("features", LINKS)
        yield from _told(artifact, kind, value)


def _told(artifact: Artifact, kind: str, value: str) -> Iterator[Feature | Artifact]:
    if kind == "query":
        yield Feature("sheet.web_query", value)
        url = parse_url(value, where="query")
        if url.canonical:
            yield Feature("url", url)
    elif kind == "ole":
        yield Feature("sheet.ole_link", value)
    else:
        yield Feature("sheet.dde", value)
        line = command_line(value)
        yield artifact.child("DDE", line.encode("utf-8", "replace"), relation="decoded", kind="cmd")
        yield from (Feature("url", url) for url in find_urls(line, "dde"))


def command_line(link: str) -> str:
    """Give what a link starts: its service with the topic as arguments, or the topic where that climbs to a program."""
    service, _, topic = link.partition("|")
    topic = topic.strip()
    if _CLIMB.match(topic):
        return _CLIMB.sub(r"\\", topic)
    return f"{service} {topic}".strip()


def _workbook(compound: Compound) -> Iterator[tuple[str, str]]:
    """Read the records of an Excel 97-2003 workbook that name other programs and queries."""
    for stream in filter(None, map(compound.try_read, ("Workbook", "Book"))):
        at = 0
        for _ in range(_RECORDS):
            if at + 4 > len(stream):
                break
            kind, size = (
                int.from_bytes(stream[at : at + 2], "little"),
                int.from_bytes(stream[at + 2 : at + 4], "little"),
            )
            body = stream[at + 4 : at + 4 + size]
            at += 4 + size
            if kind == _SUPBOOK and size > 5:
                yield from _supporting(_string(body[2:]))
            elif kind == _QUERY_TEXT and (address := _query_address(_string(body[2:]) + "\n" + _string(body))):
                yield "query", address


def _string(body: bytes) -> str:
    """Give a string with its count and flag of width. Source: [MS-XLS] 2.5.294 XLUnicodeString."""
    count, wide = int.from_bytes(body[:2], "little"), bool(body[2:3] and body[2] & 1)
    return body[3 : 3 + count * (1 + wide)].decode("utf-16-le" if wide else "cp1252", "replace")


def _supporting(path: str) -> Iterator[tuple[str, str]]:
    service, separator, topic = path.partition("\x03")
    if separator and service:
        yield "ole" if _PROG_ID.fullmatch(service) else "dde", f"{service}|{topic}"


def _query_address(text: str) -> str:
    found = re.search(
        r"(?:URL;|^)((?:https?|ftp|file):[^\s\x00]{4,4000}|URL;([^\s\x00]{4,4000}))", text, re.IGNORECASE | re.M
    )
    return found[1].removeprefix("URL;") if found else ""


def _connections(data: bytes) -> Iterator[tuple[str, str]]:
    for entry in read_directory(data).entries[: 5 * DEFAULT.children]:
        if entry.name.lower().replace("\\", "/") == "xl/connections.xml":
            part = _inflate.inflate(iter((bytes(packed(data, entry)),)), entry.method, 4 * MIB, "member_bytes")
            for element in try_elements(part, "webPr", "connection")[0]:
                address = element.attributes.get("url") or element.attributes.get("sourceFile") or ""
                if "://" in address or address.startswith("\\\\"):
                    yield "query", address[:4_000]


def _text(text: str) -> Iterator[tuple[str, str]]:
    """Find DDE formulas in delimited text: an equals sign or its like, a service, a bar and a topic."""
    for match in islice(re.finditer(r"\|", text), _BARS):
        start = max(text.rfind("\n", max(0, match.start() - 260), match.start()) + 1, match.start() - 260)
        before = text[start : match.start()]
        service = _SERVICE.match(before[::-1])
        if not service or not _STARTS_FORMULA.search(before):
            continue
        topic = _QUOTED.match(text, match.end()) or (None if service[1] else _PLAIN.match(text, match.end()))
        if topic:
            yield "dde", f"{service[2][::-1]}|{topic[1].replace(chr(39) * 2, chr(39))}"
