"""Macros of OpenDocument files: Basic modules graded like VBA, the events that start them, other scripts, DDE.

Basic of LibreOffice is near enough to VBA to be followed by the same evaluator, once the services that it starts
programs with carry the names that Windows gives theirs.

Source: OASIS OpenDocument 1.3 part 3, 3.12 office:scripts and 14.4 event listeners; LibreOffice's API reference
(SystemShellExecute, SimpleFileAccess, oleautomation.Factory) and Basic runtime (Shell takes the arguments third).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from sekisho.analyzers import _inflate, analyzer
from sekisho.analyzers._macro_grade import assess
from sekisho.analyzers._macro_report import FEATURES, report
from sekisho.analyzers._office_xml import try_elements
from sekisho.analyzers._zip_directory import Entry, packed, read_directory
from sekisho.analyzers.vba import SOURCE_CHARS
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

PART_BYTES = 8 * MIB
MODULES = 200
_MARK = b"application/vnd.oasis.opendocument"
_MODULE = re.compile(r"Basic/[^/]{1,200}/[^/]{1,200}\.xml", re.IGNORECASE)
_LISTS = re.compile(r"(?:^|/)(?:script|dialog)(?:-lb|-lc)?\.xml$|-l[bc]\.xml$", re.IGNORECASE)
_SCRIPT = re.compile(r"Scripts/(python|javascript|beanshell|java)/.{1,300}", re.IGNORECASE)
_ADDRESS = re.compile(r"vnd\.sun\.star\.script:([^?]{1,300})", re.IGNORECASE)
_CLICKED = re.compile(
    r"click|performaction|approveaction|mouse(?:press|releas|down|up)|key|changed|focus|textchange", re.I
)
"""Events that wait for the reader; all others of a document happen by themselves."""
_RENAMED = (
    (re.compile(r"createUnoService\s*\(\s*\"com\.sun\.star\.system\.SystemShellExecute\"\s*\)", re.I),
     'CreateObject("Shell.Application")'),
    (re.compile(r"\.execute\s*\((?=[^()\n]{0,500},)", re.I), ".ShellExecute("),
    (re.compile(r"\b\w{1,60}\.createInstance\s*\(", re.I), "CreateObject("),
    (re.compile(r"(?<![\w.])Shell(?=\s*[(\"])", re.I), "StarShell"),
    (re.compile(r"\b\w{1,60}\.loadComponentFromURL\s*\(", re.I),
     'CreateObject("InternetExplorer.Application").Navigate('),
)  # fmt: skip
_RUNTIME = (
    'Function StarShell(p, Optional w, Optional a, Optional s)\nStarShell = Shell(p & " " & a, w)\nEnd Function\n'
)


def is_open_document(artifact: Artifact) -> bool:
    """Tell whether it is an OpenDocument package that has something to run, or to link."""
    data = artifact.data
    if not data.startswith(b"PK\x03\x04") or _MARK not in data:
        return False
    return any(mark in data for mark in (b"Basic/", b"Scripts/", b"content.xml"))


@analyzer(
    "odf_macros",
    recognise=is_open_document,
    features=("odf.event", "odf.module", "odf.script", "odf.dde", *FEATURES),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read modules, scripts and what starts them.

    Yields:
        ``odf.event`` as ``event: address``; ``odf.module`` with the source as a child; ``odf.script`` (path) with the
        script as a child; ``odf.dde`` as ``application|topic|item``; everything of ``_macro_report`` where there are
        modules.

    Raises:
        MalformedError: a part is broken; the others have been read.
        LimitError: following the macros reached a limit; raised last.
    """
    problems: list[MalformedError | LimitError] = []
    directory = read_directory(artifact.data)
    entries = {entry.name: entry for entry in directory.entries[: 5 * DEFAULT.children]}
    events, links = _content(artifact.data, entries, problems)
    yield from (Feature("odf.event", f"{name}: {address}"[:1_000]) for name, address in events)
    yield from (Feature("odf.dde", link) for link in links)
    modules = list(_modules(artifact.data, entries, problems))
    for name, source in modules:
        yield Feature("odf.module", name)
        yield artifact.child(f"{name}.bas", source.encode("utf-8", "replace"), relation="macro", kind="vba")
    for name, entry in entries.items():
        if _SCRIPT.fullmatch(name) and not entry.is_directory:
            yield Feature("odf.script", name)
            yield artifact.child(name, _part(artifact.data, entry, problems), relation="macro")
    if modules:
        followed = [(name, _as_vba(source)) for name, source in modules]
        assessment = assess([*followed, ("StarRuntime", _RUNTIME), ("StarEvents", _starts(events))])
        yield from report(artifact, modules, assessment)
    if problems:
        raise problems[0]


def _content(
    data: bytes, entries: dict[str, Entry], problems: list[MalformedError | LimitError]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Give events with the address of what they start, and DDE links."""
    events: dict[tuple[str, str], None] = {}
    links: dict[str, None] = {}
    for name in ("content.xml", "styles.xml", "settings.xml"):
        if name not in entries:
            continue
        part = _part(data, entries[name], problems)
        if b"event-listener" not in part and b"dde-" not in part:
            continue
        for element in try_elements(part, "event-listener", "event", "dde-source", "dde-connection-decl")[0]:
            attributes = element.attributes
            if address := attributes.get("href") or attributes.get("macro-name", ""):
                events[attributes.get("event-name", ""), unquote(address)] = None
            if "dde-application" in attributes:
                parts = (attributes.get(f"dde-{key}", "") for key in ("application", "topic", "item"))
                links["|".join(parts)[:2_000]] = None
    return list(events)[: DEFAULT.children], list(links)[: DEFAULT.children]


def _modules(
    data: bytes, entries: dict[str, Entry], problems: list[MalformedError | LimitError]
) -> Iterator[tuple[str, str]]:
    count = 0
    for path, entry in entries.items():
        if not _MODULE.fullmatch(path) or _LISTS.search(path):
            continue
        found, problem = try_elements(_part(data, entry, problems), "module")
        if problem:
            problems.append(MalformedError(f"{path}: {problem}"))
        for element in found[:1]:
            name = element.attributes.get("name") or path.rpartition("/")[2].removesuffix(".xml")
            yield name[:200], element.text[:SOURCE_CHARS]
            count += 1
        if count >= MODULES:
            problems.append(LimitError("children", MODULES))
            return


def _part(data: bytes, entry: Entry, problems: list[MalformedError | LimitError]) -> bytes:
    try:
        return _inflate.inflate(iter((bytes(packed(data, entry)),)), entry.method, PART_BYTES, "member_bytes")
    except (MalformedError, LimitError) as error:
        problems.append(error)
        return b""


def _as_vba(source: str) -> str:
    for pattern, name in _RENAMED:
        source = pattern.sub(name, source)
    return source


def _starts(events: list[tuple[str, str]]) -> str:
    """Give a module that calls, when the document opens, what its events would."""
    lines = []
    for event, address in events:
        found = _ADDRESS.match(address)
        name = (found[1] if found else address).rpartition(".")[2]
        if name.isidentifier() and not _CLICKED.search(event):
            lines.append(f"Call {name}")
    return "Sub Auto_Open()\n" + "\n".join(dict.fromkeys(lines)) + "\nEnd Sub\n" if lines else ""
