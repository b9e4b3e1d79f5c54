"""Calendar files and invitations (.ics): who invites to what, which links and files come with it, what an alarm does.

Source: RFC 5545 3.1 (lines), 3.6 (components), 3.8 (properties); RFC 5546 (methods); RFC 2445 4.8.6.1 (PROCEDURE
alarms, which start a program).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers import _mime, analyzer, charset
from sekisho.analyzers._locations import is_outside, remote_of
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls, parse_url

LINES, ATTENDEES, TEXTS, FILES = 100_000, 500, 200, 100
_FOLD = re.compile(r"\r?\n[ \t]")
_PARAMETER = re.compile(r';([\w-]{1,60})=("[^"]{0,2000}"|[^";:]{0,2000})')
_NAME = re.compile(r"([A-Za-z][\w-]{0,60})((?:;[\w-]{1,60}=(?:\"[^\"]{0,2000}\"|[^\";:]{0,2000})){0,30}):")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SHOWN = {"SUMMARY": "summary", "LOCATION": "location", "DESCRIPTION": "text", "COMMENT": "text", "DTSTART": "start"}
_LINKED = frozenset({"URL", "LOCATION", "DESCRIPTION", "SUMMARY", "COMMENT", "CONFERENCE", "X-GOOGLE-CONFERENCE"})


@dataclass(frozen=True, slots=True)
class Line:
    """One content line."""

    name: str
    parameters: dict[str, str]
    value: str


def _recognise(artifact: Artifact) -> bool:
    head = artifact.data[:512].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head[:15].upper() == b"BEGIN:VCALENDAR"


@analyzer(
    "calendar",
    recognise=_recognise,
    media_type="text/calendar",
    features=(
        *("calendar.method", "calendar.product", "calendar.summary", "calendar.location", "calendar.text"),
        *("calendar.start", "calendar.organizer", "calendar.organizer_name", "calendar.attendee", "calendar.events"),
        *("calendar.attachment", "calendar.alarm", "calendar.remote_host", "calendar.is_outside", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the invitation.

    Yields:
        ``calendar.method`` (REQUEST, PUBLISH …), ``calendar.product``; the texts of its events, each once;
        ``calendar.organizer`` and ``calendar.attendee`` (addresses); ``calendar.attachment`` for each file named,
        ``calendar.alarm`` (display, audio, email, procedure), ``calendar.remote_host`` of files on shares and
        ``calendar.is_outside`` (a host of the internet); ``calendar.events`` (count); ``url``; then files it
        holds and its HTML text as children.

    Raises:
        LimitError: it has more lines than are read.
    """
    source = charset.decode(artifact.data)[0][: DEFAULT.text_chars]
    lines = _FOLD.sub("", source).splitlines()
    seen: set[tuple[str, str]] = set()
    files: list[Artifact] = []
    links: list[str] = []
    events = attached = 0
    for line in map(_parse, lines[:LINES]):
        if line is None:
            continue
        events += line.name == "BEGIN" and line.value.upper() == "VEVENT"
        attached += line.name == "ATTACH"
        if line.name == "ATTACH" and attached > FILES:
            continue
        for feature in _features(line):
            key = (feature.name, str(feature.value))
            if key not in seen and len(seen) < ATTENDEES + TEXTS:
                seen.add(key)
                yield feature
        if line.name in _LINKED:
            links.append(_plain(line.value))
        if len(files) < FILES and (child := _file(line, artifact, len(files) + 1)):
            files.append(child)
    yield Feature("calendar.events", events)
    yield from (Feature("url", url) for url in find_urls("\n".join(links)[: DEFAULT.text_chars], "text"))
    yield from files
    if len(lines) > LINES:
        raise LimitError("steps", LINES)


def _parse(text: str) -> Line | None:
    head = _NAME.match(text)
    if head is None:
        return None
    parameters = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(head[2])}
    return Line(head[1].upper(), parameters, text[head.end() :])


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _features(line: Line) -> Iterator[Feature]:
    value = line.value.strip()
    if line.name in _SHOWN and value:
        yield Feature(f"calendar.{_SHOWN[line.name]}", _plain(value)[:20_000])
    elif line.name == "METHOD":
        yield Feature("calendar.method", value.upper()[:40])
    elif line.name == "PRODID":
        yield Feature("calendar.product", value[:200])
    elif line.name == "ORGANIZER":
        yield Feature("calendar.organizer", _address(value))
        if line.parameters.get("CN"):
            yield Feature("calendar.organizer_name", line.parameters["CN"][:400])
    elif line.name == "ATTENDEE":
        yield Feature("calendar.attendee", _address(value))
    elif line.name == "ACTION":
        yield Feature("calendar.alarm", value.lower()[:40])
    elif line.name == "ATTACH" and not _is_inline(line):
        yield Feature("calendar.attachment", value[:2_000])
        remote = remote_of(value, "href")
        if remote is not None:
            yield Feature("calendar.remote_host", remote.host)
            yield Feature("calendar.is_outside", is_outside(remote.host))
        url = remote.url if remote else parse_url(value, where="href")
        if url.canonical and not value.lower().startswith(("cid:", "mailto:", "data:")):
            yield Feature("url", url)


def _address(value: str) -> str:
    return re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)[:400].lower()


def _is_inline(line: Line) -> bool:
    return (
        line.parameters.get("VALUE", "").upper() == "BINARY" or line.parameters.get("ENCODING", "").upper() == "BASE64"
    )


def _file(line: Line, artifact: Artifact, number: int) -> Artifact | None:
    """Give the file or the HTML text that a line holds."""
    if line.name == "ATTACH" and _is_inline(line):
        names = ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-ORACLE-FILENAME")
        name = next((line.parameters[key] for key in names if line.parameters.get(key)), f"attachment{number}")
        media = line.parameters.get("FMTTYPE", "").lower()
        data = _mime.base64(line.value.encode("ascii", "replace"))
        return artifact.child(name, data, relation="attachment", declared_type=media)
    if line.name == "X-ALT-DESC" and "html" in line.parameters.get("FMTTYPE", "").lower():
        return artifact.child(
            "description.html", _plain(line.value).encode(), relation="embedded", declared_type="text/html"
        )
    return None
