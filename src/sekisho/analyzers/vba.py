"""VBA source text: a module of a project, or a bare .bas, .cls or .frm file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._basic_syntax import parse
from sekisho.analyzers._macro_events import AUTOMATIC, is_automatic
from sekisho.analyzers._macro_grade import assess, keywords_of
from sekisho.analyzers._macro_report import FEATURES, report
from sekisho.analyzers._script import script_text
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

HEAD = 65_536
"""Bytes looked at to recognise a source file."""
SOURCE_CHARS = DEFAULT.text_chars // 4
"""Characters parsed of one module; the largest public modules have some 400,000."""

_DOT_NET = re.compile(
    rb"^[ \t]*(?:Imports[ \t]+\w|Namespace[ \t]+\w|Inherits[ \t]+\w|End[ \t]+(?:Class|Namespace)\b)", re.M | re.I
)
_NAMES = (".bas", ".cls", ".frm", ".vba")
_HEADER = re.compile(rb'^(?:\xef\xbb\xbf)?[ \t]*(?:VERSION 1\.0 CLASS|Attribute VB_Name = ")', re.M)
_VBA_ONLY = re.compile(
    rb"^[ \t]*(?:(?:Public|Private|Friend)[ \t]+)?(?:Declare[ \t]+(?:PtrSafe[ \t]+)?(?:Sub|Function)\b"
    rb"|Option[ \t]+(?:Base|Compare|Private)\b"
    rb"|(?:Dim|Public|Private|Static|Const)[ \t]+\w+[ \t]*(?:\([^)\r\n]{0,40}\))?[ \t]+As[ \t]+\w"
    rb"|(?:Sub|Function)[ \t]+\w+[$%&]?[ \t]*\([^)\r\n]{0,300}\bAs[ \t]+\w)",
    re.M | re.I,
)
_REPORT = re.compile(rb"^VBA MACRO \S[^\r\n]{0,300}\r?\nin file: ", re.M)
_REPORT_MODULE = re.compile(
    r"^VBA MACRO (?P<name>\S[^\r\n]{0,300}?)(?:\.(?P<kind>bas|cls|frm|txt))?[ \t]*\r?\n"
    r"in file: [^\r\n]*\r?\n(?:- ){5,}-?[ \t]*\r?\n",
    re.M,
)
_REPORT_END = re.compile(r"^(?:-{60,}|\+-{5,}\+-{5,}\+).*", re.M)
"""Text reports that list modules one after another, as olevba prints them and analysts keep them."""
_PROCEDURE = re.compile(rb"^[ \t]*(?:(?:Public|Private|Friend|Static)[ \t]+)*(?:Sub|Function)[ \t]+(\w+)", re.M | re.I)
_PROCEDURE_END = re.compile(rb"^[ \t]*End[ \t]+(?:Sub|Function)\b", re.M | re.I)
_END = re.compile(rb"end[ \t]+(?:sub|function)")
"""The same in lower-case text, which is found ten times faster: asked first, of every file."""


def is_vba(artifact: Artifact) -> bool:
    """Tell whether it is VBA source: by what only VBA has, by an event procedure, or by its name and any procedure."""
    head = artifact.data[:HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    if b"\0" in head or head.lstrip()[:1] == b"<":
        return False
    if _HEADER.search(head[:4096]) or _REPORT.search(head[:4096]):
        return True
    if not _END.search(head.lower()) or not _PROCEDURE_END.search(head):
        return False
    procedures = [name.decode("latin-1").lower() for name in _PROCEDURE.findall(head)]
    if artifact.name.lower().endswith(_NAMES):
        return bool(procedures)
    if artifact.name.lower().endswith((".vbe", ".wsf", ".asp")):
        return False
    if artifact.name.lower().endswith((".vbs", ".vb")):  # as some keep macros; only Office calls procedures so named
        return bool(AUTOMATIC.intersection(procedures)) and not _DOT_NET.search(head)
    return bool(procedures) and (bool(_VBA_ONLY.search(head)) or any(is_automatic(name, "") for name in procedures))


@analyzer("vba", features=("vba.module", *FEATURES), media_type="text/x-vba", recognise=is_vba)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read one module.

    Yields:
        ``vba.module``, ``vba.autoexec``, ``vba.keywords``; for a bare file everything of ``_macro_report`` too. A
        module that a project handed out is assessed with its project, whose other modules it may call.

    Raises:
        LimitError: the source is longer than is read, or following it reached a limit; raised last.
    """
    source = _restored(script_text(artifact.data))
    name = _module_name(source) or artifact.name.rpartition(".")[0] or artifact.name
    yield Feature("vba.module", name)
    cut = source[:SOURCE_CHARS]
    if artifact.relation == "macro":
        unit = parse(cut, name)
        for procedure in unit.procedures:
            if is_automatic(procedure.name, name.lower()):
                yield Feature("vba.autoexec", procedure.spelled)
        for word in keywords_of([unit]):
            yield Feature("vba.keywords", word)
    else:
        modules = list(_modules(cut)) or list(_joined(cut)) or [(name, cut)]
        yield from report(artifact, modules, assess(modules, sources=_form_texts(cut), whole=len(modules) > 1))
    if len(source) > SOURCE_CHARS:
        raise LimitError("text_chars", SOURCE_CHARS)


def _restored(source: str) -> str:
    """Give code that an office program without VBA kept as remarks. Source: LibreOffice, its import of VBA modules."""
    if "VBA_ModuleType" not in source[:400]:
        return source
    lines = source.splitlines()
    remarks = sum(line.startswith("Rem ") for line in lines)
    if 2 * remarks < len(lines):
        return source
    return "\n".join(line.removeprefix("Rem ") for line in lines if line.startswith("Rem "))


def _modules(text: str) -> Iterator[tuple[str, str]]:
    """Give the modules of a text report; nothing when it is none."""
    for found in _REPORT_MODULE.finditer(text):
        end = _REPORT_END.search(text, found.end())
        source = text[found.end() : end.start() if end else len(text)]
        if found["kind"] != "txt":
            yield found["name"], source
        elif formulas := _sheet_formulas(source):
            yield found["name"], formulas


def _sheet_formulas(text: str) -> str:
    """Give a macro that runs what a report's macro sheet would start; empty when that is nothing."""
    lines = [
        f'ExecuteExcel4Macro "{found[1].replace(chr(34), chr(34) * 2)}"' for found in _SHEET_FORMULA.finditer(text)
    ]
    name = "Auto_Open" if _SHEET_OPENS.search(text) else "sheet"
    return f"Sub {name}()\n" + "\n".join(lines[:MODULES]) + "\nEnd Sub\n" if lines else ""


def _joined(text: str) -> Iterator[tuple[str, str]]:
    """Give the modules of a file that has several one after another; nothing when there is one."""
    starts = list(_MODULE_START.finditer(text))[:MODULES]
    if len(starts) < 2:
        return
    for found, following in zip(starts, [*starts[1:], None], strict=True):
        yield found[1], text[found.end() : following.start() if following else len(text)]


def _form_texts(text: str) -> dict[str, str]:
    """Give the texts of form controls that a report lists, by the names that macros use."""
    texts: dict[str, str] = {}
    for found in _REPORT_VARIABLE.finditer(text):
        value = found["value"]
        value = value[2:-1] if value[:2] in ("b'", 'b"') else value
        for name in (f"{found['form']}.{found['control']}", found["control"]):
            texts.update({f"{name}{member}".lower(): value for member in (".text", ".caption", ".value")})
    return texts


MODULES = 200
_SHEET_FORMULA = re.compile(
    r"^[^\r\n,]{0,200},\$?[A-Z]{1,3}\$?\d{1,7},=?((?:EXEC|CALL|REGISTER|FWRITE\w{0,2})\([^\r\n]{1,4000}\)),",
    re.M | re.I,
)
_SHEET_OPENS = re.compile(r"auto_(?:open|activate|close)", re.I)
_MODULE_START = re.compile(r'^[ \t]*Attribute VB_Name = "([^"\r\n]{1,255})"[ \t]*\r?$', re.M)
_REPORT_VARIABLE = re.compile(
    r"^VBA FORM Variable \"b?'?(?P<control>[\w]{1,80})'?\" IN [^\r\n]{0,300}?/(?P<form>[\w]{1,80})'\s{0,4}\r?\n"
    r"(?:- ){5,}-?[ \t]*\r?\n(?P<value>[^\r\n]{1,20000})",
    re.M,
)
_NAME = re.compile(r'^[ \t]*Attribute VB_Name = "([^"\r\n]{1,255})"', re.M)


def _module_name(source: str) -> str:
    found = _NAME.search(source[:4096])
    return found[1] if found else ""
