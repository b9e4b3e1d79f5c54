"""PDF documents: what opening one would do, whom its links lead to, and which files it carries."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sekisho.analyzers import analyzer, pdf_pages
from sekisho.analyzers._pdf_file import HEADER_WITHIN, Document, Object
from sekisho.analyzers._pdf_syntax import Ref, Value, text_of
from sekisho.analyzers.identify import TEXT, UNKNOWN, media_type
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from sekisho.model.url import Url
from sekisho.model.urltext import find_urls, parse_url

TEXT_CHARS = 10_000
"""Characters of a script or command kept as a feature; the child has all of it."""
URLS = 4_000
"""Addresses of one document, below what one artifact's features may be in all."""
_HEADER = re.compile(rb"%PDF-(\d{1,2}\.\d{1,2})?")
_ANY_OBJECT = re.compile(rb"obj[\0\t\n\f\r ]{0,8}<<")
_MIME = re.compile(rb"mime-version[\t ]{0,8}:", re.IGNORECASE)
MIME_TRIES = 1_000
FLAWS = 10
"""Broken parts noted; the first is reported."""
UPDATES = 10_000
"""Revisions counted."""
UNASKED_STEPS = 20_000
"""Actions followed from what starts them: some for each of a thousand pages."""
_ACTIONS = {
    "JavaScript": ("JS",),
    "Launch": ("F", "Win", "Mac", "Unix"),
    "URI": ("URI",),
    "SubmitForm": ("F",),
    "GoToR": ("F",),
    "GoToE": ("F", "T"),
    "ImportData": ("F",),
    "Rendition": ("JS", "R"),
    "RichMediaExecute": ("TA", "CMD"),
}
"""Action types that reach out of the document, each with a key that tells it from other dictionaries with an /S.

Source: ISO 32000-1 table 198."""
_UNASKED = frozenset({"O", "C", "PO", "PC", "PV", "PI", "WC", "WS", "DS", "WP", "DP"})
"""Triggers that need no click: opening, closing, showing, saving, printing. Source: ISO 32000-1 tables 194 to 197."""
_PROGRAM = re.compile(
    r"(?i)\.(?:exe|com|scr|pif|bat|cmd|vb[se]|jse?|ws[fh]|hta|ps1|msi|lnk|cpl|jar|reg|scf|url|settingcontent-ms)\b"
    r"|^[\w\\/:%-]*\\?(?:cmd|powershell|pwsh|mshta|[wc]script|rundll32|regsvr32|certutil)\b"
)
_XFA_SCRIPT = re.compile(rb"<(?:\w{1,20}:)?script\b([^>]{0,500})>")
_XFA_END = re.compile(rb"</(?:\w{1,20}:)?script\s{0,8}>")


def is_pdf(artifact: Artifact) -> bool:
    """Tell whether a header stands where readers look for one, behind bytes that are no format of their own."""
    if b"%PDF-" not in artifact.data[:HEADER_WITHIN] or not _ANY_OBJECT.search(artifact.data):
        return False
    return media_type(artifact.data) in (UNKNOWN, TEXT)


@analyzer(
    "pdf",
    media_type="application/pdf",
    magic=b"%PDF-",
    recognise=is_pdf,
    features=(
        "pdf.version",
        "pdf.pages",
        "pdf.updates",
        "pdf.encrypted",
        "pdf.password",
        "pdf.title",
        "pdf.author",
        "pdf.producer",
        "pdf.form",
        "pdf.action",
        "pdf.auto_action",
        "pdf.javascript",
        "pdf.launch",
        "pdf.target",
        "pdf.embedded",
        "pdf.mime",
        "url",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read all objects, those of earlier revisions and of object streams too.

    Yields:
        ``pdf.version``, ``pdf.pages``, ``pdf.updates`` (revisions after the first), ``pdf.encrypted``,
        ``pdf.password`` (only one that is not empty), ``pdf.title``, ``pdf.author``, ``pdf.producer``, ``pdf.form``;
        ``pdf.action`` once for each kind of action, ``pdf.auto_action`` for those that need no click;
        ``pdf.javascript`` and ``pdf.launch`` with a child each; ``pdf.target`` (files and addresses that forms and
        remote jumps name); ``pdf.embedded`` with the file as a child; ``pdf.mime`` with a web archive as
        a child; ``url``; the document once more as a child ``pages``, to be looked at, when it is short.

    Raises:
        MalformedError: it holds no object, or a part of it cannot be read.
        LimitError: it is larger or more intricate than any real one.
    """
    document = Document(artifact.data, artifact.passwords)
    yield from _facts(document)
    if document.locked:
        yield artifact.child(artifact.name, b"", relation="decoded", unscanned=document.locked)
    finder = _Finder(artifact, document)
    yield from finder.read()
    yield from _mime(artifact, document)
    if _is_shown(document):
        password = (document.key.password,) if document.key else ()
        yield artifact.child("pages", artifact.data, relation="decoded", kind=pdf_pages.KIND, passwords=password)
    if flaw := next(iter([*document.flaws, *finder.flaws]), None):
        raise flaw
    if not document.objects:
        raise MalformedError("PDF without any object")


def _facts(document: Document) -> Iterator[Feature]:
    header = _HEADER.search(document.data[: HEADER_WITHIN + 8])
    if header and header[1]:
        yield Feature("pdf.version", header[1].decode("ascii"), header.start())
    yield Feature("pdf.pages", _pages(document))
    yield Feature("pdf.updates", _updates(document))
    encrypted = document.key is not None or bool(document.locked)
    yield Feature("pdf.encrypted", encrypted)
    if document.key and document.key.password:
        yield Feature("pdf.password", document.key.password)
    information = document.trailer("Info")
    if isinstance(information, dict) and not document.locked:
        for key in ("Title", "Author", "Producer"):
            value = document.resolve(information.get(key))
            if isinstance(value, bytes) and (text := text_of(value).strip("\0 ")):
                yield Feature(f"pdf.{key.lower()}", text[:1_000])


def _pages(document: Document) -> int:
    pages = sum(one.fields.get("Type") == "Page" for one in document.latest.values())
    counts = [one.fields.get("Count") for one in document.latest.values() if one.fields.get("Type") == "Pages"]
    return pages or max((count for count in counts if isinstance(count, int)), default=0)


def _is_shown(document: Document) -> bool:
    """Tell whether its pages are few enough, and drawn at all, to look at them as a reader would."""
    if document.locked or len(document.data) > pdf_pages.LARGEST_BYTES:
        return False
    pages = [one for one in document.latest.values() if one.fields.get("Type") == "Page"]
    return len(pages) <= pdf_pages.LONGEST and any("Contents" in one.fields for one in pages)


def _updates(document: Document) -> int:
    """Count the revisions after the first; a linearized file has two ends from the start."""
    marks = itertools.islice(re.finditer(rb"startxref", document.data), UPDATES)
    ends = sum(not document.in_stream(match.start()) for match in marks)
    linearized = any("Linearized" in one.fields for one in document.objects[:5])
    return max(0, ends - 1 - linearized)


def _mime(artifact: Artifact, document: Document) -> Iterator[Feature | Artifact]:
    """Give the web archive that Word finds in a file which PDF readers open as a PDF.

    Source: JPCERT/CC, "MalDoc in PDF - Detection bypass by embedding a malicious Word file into a PDF file", 2023.
    """
    for match in itertools.islice(_MIME.finditer(document.data), MIME_TRIES):
        if not document.in_stream(match.start()):
            yield Feature("pdf.mime", True, match.start())
            yield artifact.child("web archive.mht", document.data[match.start() :], relation="overlay")
            return


class _Finder:
    """Walks every dictionary of a document and hands out what matters, each thing once."""

    def __init__(self, artifact: Artifact, document: Document) -> None:
        self.artifact, self.document = artifact, document
        self.flaws: list[MalformedError | LimitError] = []
        self.seen: set[tuple[str, object]] = set()
        self.files: set[int] = set()
        self.scripts = self.launches = self.urls = self.steps = 0

    def read(self) -> Iterator[Feature | Artifact]:
        for one in self.document.objects:
            yield from self._guarded(self._object(one))
        for one in self.document.objects:
            if one.fields.get("Type") == "EmbeddedFile" and one.body is not None:
                yield from self._guarded(self._file(one, f"embedded file {one.number}"))

    def _guarded(self, part: Iterator[Feature | Artifact]) -> Iterator[Feature | Artifact]:
        try:
            yield from part
        except (MalformedError, LimitError) as error:
            if not self.document.locked and len(self.flaws) < FLAWS:
                self.flaws.append(error)

    def _object(self, one: Object) -> Iterator[Feature | Artifact]:
        pending: list[Value] = [one.value]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                yield from self._guarded(self._dictionary(value, one.at))
                pending.extend(value.values())
            elif isinstance(value, list):
                pending.extend(value)

    def _dictionary(self, fields: dict[str, Value], at: int) -> Iterator[Feature | Artifact]:
        kind = str(fields.get("S", ""))
        if kind in _ACTIONS and any(key in fields for key in _ACTIONS[kind]):
            yield from self._once("pdf.action", kind, at)
        if "JS" in fields:
            yield from self._once("pdf.action", "JavaScript", at)
            yield from self._guarded(self._script(fields["JS"], at))
        if kind == "Launch":
            yield from self._guarded(self._launch(fields, at))
        elif kind in ("SubmitForm", "GoToR", "GoToE", "ImportData"):
            yield from self._target(fields.get("F"), at)
        elif kind == "URI" or ("URI" in fields and not kind):
            yield from self._guarded(self._link(fields.get("URI"), at))
        if "OpenAction" in fields:
            yield from self._unasked(fields["OpenAction"], at)
        if "AA" in fields:
            yield from self._triggers(fields, at)
        if "JavaScript" in fields and ("Type" not in fields or "EmbeddedFiles" in fields):
            yield from self._tree(fields["JavaScript"], at)
        if "XFA" in fields or ("Fields" in fields and "Type" not in fields and "S" not in fields):
            yield from self._once("pdf.form", True, at)
            yield from self._guarded(self._xfa(fields.get("XFA"), at))
        if "EF" in fields:
            yield from self._guarded(self._file_specification(fields, at))

    def _once(self, name: str, value: str | bool, at: int) -> Iterator[Feature]:
        if (name, value) not in self.seen:
            self.seen.add((name, value))
            yield Feature(name, value, at)

    def _unasked(self, value: Value, at: int) -> Iterator[Feature]:
        """Name the kinds of an action and of those that follow it."""
        pending, steps = [value], 0
        while pending and steps < 50:
            steps += 1
            self.steps += 1
            if self.steps > UNASKED_STEPS:
                raise LimitError("steps", UNASKED_STEPS)
            action = self.document.resolve(pending.pop())
            if isinstance(action, list):
                pending.extend(action[:50])
            elif isinstance(action, dict):
                kind = str(action.get("S", ""))
                if kind in _ACTIONS:
                    yield from self._once("pdf.auto_action", kind, at)
                pending.append(action.get("Next"))

    def _triggers(self, fields: dict[str, Value], at: int) -> Iterator[Feature]:
        actions = self.document.resolve(fields["AA"])
        if not isinstance(actions, dict) or "FT" in fields or ("Parent" in fields and fields.get("Type") != "Page"):
            names = _UNASKED - {"C"}  # in a form field it is the calculation
        else:
            names = _UNASKED
        for name in sorted(names.intersection(actions if isinstance(actions, dict) else ())):
            yield from self._unasked(actions[name], at)

    def _tree(self, value: Value, at: int) -> Iterator[Feature]:
        """Tell that a document has scripts of its own, which run when it is opened. Source: ISO 32000-1 12.6.4.16."""
        tree = self.document.resolve(value)
        if isinstance(tree, dict) and ("Names" in tree or "Kids" in tree):
            yield from self._once("pdf.auto_action", "JavaScript", at)

    def _script(self, value: Value, at: int) -> Iterator[Feature | Artifact]:
        text = self._text(value)
        yield from self._script_text(text, at)

    def _script_text(self, text: str, at: int) -> Iterator[Feature | Artifact]:
        text = text.strip("\0\t\r\n ")
        if not text or ("script", text) in self.seen:
            return
        self.seen.add(("script", text))
        self.scripts += 1
        yield Feature("pdf.javascript", text[:TEXT_CHARS], at)
        yield self.artifact.child(
            f"script {self.scripts}.js", text.encode("utf-8", "replace"), relation="embedded", kind="jscript"
        )
        yield from self._urls(find_urls(text[: DEFAULT.text_chars], "script"), at)

    def _text(self, value: Value) -> str:
        """Give the text of a string or stream."""
        target = self.document.target(value)
        if target and target.body is not None:
            return text_of(self.document.stream(target))
        found = self.document.resolve(value)
        return text_of(found) if isinstance(found, bytes) and not self.document.locked else ""

    def _xfa(self, value: Value, at: int) -> Iterator[Feature | Artifact]:
        """Give the scripts of an XML form."""
        found = value if self.document.target(value) and self._is_stream(value) else self.document.resolve(value)
        parts = found if isinstance(found, list) else [found]
        for part in parts[:100]:
            target = self.document.target(part)
            if target is None or target.body is None or ("xfa", target.number) in self.seen:
                continue
            self.seen.add(("xfa", target.number))
            data = self.document.stream(target)
            for start in _XFA_SCRIPT.finditer(data):
                end = _XFA_END.search(data, start.end(), start.end() + DEFAULT.text_chars)
                if b"javascript" in start[1].lower() and end:
                    yield from self._script_text(data[start.end() : end.start()].decode("utf-8", "replace"), at)
                if end is None:
                    break

    def _is_stream(self, value: Value) -> bool:
        target = self.document.target(value)
        return target is not None and target.body is not None

    def _launch(self, fields: dict[str, Value], at: int) -> Iterator[Feature | Artifact]:
        for part in (fields, *(self.document.resolve(fields.get(key)) for key in ("Win", "Unix", "Mac"))):
            if not isinstance(part, dict):
                continue
            program, parameters = self._file_name(part.get("F")), self._text(part.get("P"))
            command = f"{program} {parameters}".strip()
            if not command or ("launch", command) in self.seen:
                continue
            self.seen.add(("launch", command))
            yield Feature("pdf.launch", command[:TEXT_CHARS], at)
            yield from self._urls(find_urls(command[: DEFAULT.text_chars], "arguments"), at)
            if parameters.strip() or _PROGRAM.search(program):
                self.launches += 1
                data = command.encode("utf-8", "replace")
                yield self.artifact.child(f"launch {self.launches}", data, relation="embedded", kind="cmd")

    def _target(self, value: Value, at: int) -> Iterator[Feature]:
        name = self._file_name(value)
        if name and ("target", name) not in self.seen:
            self.seen.add(("target", name))
            yield Feature("pdf.target", name[:TEXT_CHARS], at)
            url = parse_url(name, where="form")
            yield from self._urls([url] if url.canonical else [], at)

    def _link(self, value: Value, at: int) -> Iterator[Feature]:
        raw = self._text(value) if not isinstance(value, dict) else ""
        if raw and ("link", raw) not in self.seen:
            if self.urls >= URLS:
                raise LimitError("features", URLS)
            self.seen.add(("link", raw))
            url = parse_url(raw, where="link")
            yield from self._urls([url] if url.canonical else [], at)

    def _urls(self, urls: Iterable[Url], at: int) -> Iterator[Feature]:
        for url in urls:
            key = ("url", (url.canonical or url.raw, url.where))
            if key not in self.seen:
                self.seen.add(key)
                self.urls += 1
                yield Feature("url", url, at)

    def _file_name(self, value: Value) -> str:
        """Give the name in a file specification: a string or a dictionary. Source: ISO 32000-1 7.11.3."""
        found: Any = self.document.resolve(value)
        if isinstance(found, dict):
            names = (self._text(found.get(key)) for key in ("UF", "F", "Unix", "DOS", "Mac"))
            return next((name for name in names if name), "").strip("\0")
        return text_of(found).strip("\0") if isinstance(found, bytes) and not self.document.locked else ""

    def _file_specification(self, fields: dict[str, Value], at: int) -> Iterator[Feature | Artifact]:
        streams = self.document.resolve(fields["EF"])
        name = self._file_name(fields) or self._text(fields.get("Desc"))
        if name:
            yield from self._once("pdf.embedded", name[:1_000], at)
        for value in streams.values() if isinstance(streams, dict) else ():
            target = self.document.target(value) if isinstance(value, Ref) else None
            if target is not None and target.body is not None:
                yield from self._file(target, name or f"embedded file {target.number}")

    def _file(self, one: Object, name: str) -> Iterator[Artifact]:
        if one.at in self.files:
            return
        self.files.add(one.at)
        short = re.split(r"[\\/]", name)[-1] or name
        if self.document.locked:
            yield self.artifact.child(short, b"", relation="embedded", unscanned=self.document.locked)
            return
        try:
            data = self.document.stream(one)
        except (LimitError, MalformedError) as error:
            yield self.artifact.child(short, b"", relation="embedded", unscanned=str(error))
            raise
        yield self.artifact.child(short, data, relation="embedded")
