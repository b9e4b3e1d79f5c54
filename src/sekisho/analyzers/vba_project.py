"""VBA projects in Office documents, in ``vbaProject.bin`` and in ActiveMime parts: their modules, assessed together."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

from sekisho.analyzers import _powerpoint, analyzer
from sekisho.analyzers._compound import MAGIC, Compound
from sekisho.analyzers._form_texts import document_texts
from sekisho.analyzers._macro_grade import RANK, Assessment, assess
from sekisho.analyzers._macro_report import FEATURES, report
from sekisho.analyzers._ovba import Module, Project, carve, has_project, is_bare, read_projects
from sekisho.analyzers.vba import SOURCE_CHARS
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

ACTIVE_MIME = b"ActiveMime"
PROJECT_CHARS = DEFAULT.text_chars // 2
"""Characters followed of one project: some three seconds (measured)."""
_ZLIB_AT = 0x32
"""Where the compressed part of an ActiveMime file starts. Source: observed; Office writes a 50-byte header."""
_POWERPOINT = "PowerPoint Document".encode("utf-16-le")
_STORED = re.compile(rb"[\x00\x10]\x00\x11\x10.{4}(?:.{4}x[\x01\x5e\x9c\xda]|\xd0\xcf\x11\xe0)", re.S)
_CARVED_NAME = re.compile(r'Attribute VB_Name = "([^"\r\n]{1,255})"')


def may_hold_macros(artifact: Artifact) -> bool:
    """Tell whether to look for a project; looks at bytes only, for most compound files hold none."""
    data = artifact.data
    if data.startswith(ACTIVE_MIME):
        return True
    if not data.startswith(MAGIC):
        return False
    return has_project(data) or (_POWERPOINT in data and bool(_STORED.search(data)))


@analyzer(
    "vba_project",
    features=("vba.project", "vba.code_page", "vba.module", "vba.stomped", "vba.compiled_only", *FEATURES),
    recognise=may_hold_macros,
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read every project: its modules as children first, then what they do together.

    Yields:
        ``vba.project`` (name), ``vba.code_page`` (int), ``vba.module`` (names); one child ``kind="vba"`` a module;
        ``vba.stomped`` (True) with the lost constants as ``vba.compiled_only`` when the source was replaced; then
        everything of ``_macro_report``. The worst grade stands when there are several projects.

    Raises:
        MalformedError: the file or a module is broken; modules are then carved by their first bytes.
        LimitError: a limit was reached; raised last.
    """
    if artifact.data.startswith(ACTIVE_MIME):
        yield artifact.child("activemime.bin", _active_mime(artifact.data), relation="embedded")
        return
    problems: list[str] = []
    found: list[tuple[Project, Mapping[str, str]]] = []
    for data in _sources(artifact.data, problems):
        found += _projects(data, problems)
    worst: tuple[Assessment, list[tuple[str, str]]] | None = None
    for project, texts in found:
        yield from _told(artifact, project)
        pairs = list(_within(project))
        assessment = assess(pairs, sources=texts)
        if worst is None or RANK[assessment.grade] > RANK[worst[0].grade]:
            worst = assessment, pairs
        problems += [
            *project.problems,
            *(f"{module.name}: {module.problem}" for module in project.modules if module.problem),
        ]
    if worst is not None:
        yield from report(artifact, worst[1], worst[0])
    if any(len(module.source) > SOURCE_CHARS for project, _ in found for module in project.modules):
        raise LimitError("text_chars", SOURCE_CHARS)
    if any(sum(len(module.source) for module in project.modules) > PROJECT_CHARS for project, _ in found):
        raise LimitError("text_chars", PROJECT_CHARS)
    if problems:
        raise MalformedError("; ".join(problems)[:500])


def _active_mime(data: bytes) -> bytes:
    """Give the compound file inside an ActiveMime part (``editdata.mso``)."""
    for at in (_ZLIB_AT, data.find(b"x\x9c"), data.find(b"x\x01"), data.find(b"x\xda")):
        if at < 0:
            continue
        try:
            return zlib.decompressobj().decompress(data[at:], DEFAULT.member_bytes)
        except zlib.error:
            continue
    raise MalformedError("ActiveMime part does not decompress", _ZLIB_AT)


def _sources(data: bytes, problems: list[str]) -> Iterator[bytes]:
    """Give the compound files to look into: this one, and those that PowerPoint stores inside a stream."""
    yield data
    if _POWERPOINT not in data:
        return
    try:
        stream = Compound(data).try_read(_powerpoint.STREAM)
    except MalformedError as error:
        problems.append(str(error))
        return
    for _, stored in _powerpoint.stored_objects(stream):
        if has_project(stored):
            yield stored


def _projects(data: bytes, problems: list[str]) -> list[tuple[Project, Mapping[str, str]]]:
    projects: list[tuple[Project, Mapping[str, str]]] = []
    try:
        compound = Compound(data)
        projects = [(project, document_texts(compound, project.place)) for project in read_projects(compound)]
    except MalformedError as error:
        problems.append(str(error))
    if not any(project.modules for project, _ in projects):
        carved = [_carved(source, index) for index, source in enumerate(carve(data))]
        if carved:
            projects = [(Project((), "", 1252, tuple(carved), ()), {})]
    return projects


def _carved(source: bytes, index: int) -> Module:
    text = source.decode("cp1252", "replace")
    name = _CARVED_NAME.search(text)
    return Module(name[1] if name else f"carved{index}", "bas", text, "carved")


def _within(project: Project) -> Iterator[tuple[str, str]]:
    """Give (name, source) of the modules, as far as their text is followed."""
    room = PROJECT_CHARS
    for module in project.modules:
        source = module.source[: min(SOURCE_CHARS, room)]
        room -= len(source)
        yield module.name, source


def _told(artifact: Artifact, project: Project) -> Iterator[Feature | Artifact]:
    if project.name:
        yield Feature("vba.project", project.name)
    yield Feature("vba.code_page", project.code_page)
    for module in project.modules:
        yield Feature("vba.module", module.name)
        data = module.source.encode("utf-8", "surrogatepass")
        yield artifact.child(f"{module.name}.{module.kind}", data, relation="macro", kind="vba")
    lost = [constant for module in project.modules for constant in module.constants]
    if lost and any(_replaced(module) for module in project.modules):
        yield Feature("vba.stomped", True)
        for constant in lost:
            yield Feature("vba.compiled_only", constant)


def _replaced(module: Module) -> bool:
    """Tell whether a module's source was taken away: it is empty, or several of its compiled texts are gone."""
    return bool(module.constants) and (is_bare(module.source) or len(module.constants) >= 2)
