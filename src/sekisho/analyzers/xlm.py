"""Excel 4.0 (XLM) macros in .xls, .xlsb, .xlsm and .slk: their text, and what running them would do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from sekisho.analyzers import _biff8, _xlsb, _xlsm, analyzer
from sekisho.analyzers._compound import MAGIC as COMPOUND
from sekisho.analyzers._compound import Compound
from sekisho.analyzers._office_zip import Parts
from sekisho.analyzers._sylk import read_sylk
from sekisho.analyzers._xlm_ast import render
from sekisho.analyzers._xlm_book import AUTO_NAMES, WORKSHEET, Book, Sheet, auto_rank, place_text
from sekisho.analyzers._xlm_commands import EXECUTES, functions_in
from sekisho.analyzers._xlm_evaluator import run_book
from sekisho.analyzers._xlm_state import Action, Outcome
from sekisho.analyzers._xlm_values import Value, shown
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError, SekishoError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls

STREAMS = tuple(name.encode("utf-16-le") + b"\0\0" for name in ("Workbook", "WORKBOOK", "Book", "BOOK"))
"""Directory entries of a workbook; compared without case when the file is opened."""
BARE_STREAMS = (b"\x09\x08\x10\x00\x00\x06", b"\x09\x08\x08\x00\x00\x06", b"\x09\x08\x08\x00\x00\x05")
"""A workbook stream outside of any container, which Excel opens too: BOF of BIFF8 and BIFF5."""
BOOKS = 8
"""Workbooks looked at in one compound file: the file's own and embedded ones."""
FORMULAS, CELLS, CHILDREN = 20_000, 5_000, 200
"""Most formulas, constants and commands handed on."""
_SYLK_RECORD = re.compile(rb"[\r\n](?:C|NN|NE|O|P|F|B);")
_ZIP_WORKBOOK = re.compile(r"(?i)(?:^|[/\\])(?:workbook[^/\\]*\.(?:xml|bin)|macrosheets[/\\].*)$")

FEATURES = (
    "xlm.sheet",
    "xlm.hidden",
    "xlm.auto_open",
    "xlm.hidden_name",
    "xlm.formula",
    "xlm.cell",
    "xlm.calls",
    "xlm.strings",
    "xlm.sandbox_check",
    "xlm.file_written",
    "url",
    "macro.grade",
    "macro.reason",
)


def _recognise(artifact: Artifact) -> bool:
    """Tell whether the bytes can be a workbook; opening it decides."""
    data = artifact.data
    if data.startswith(COMPOUND):
        return any(stream in data for stream in STREAMS)
    if data.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" not in data and b"[content_types].xml" not in data:
            return False
        try:
            return any(_ZIP_WORKBOOK.search(name) for name in Parts(data).names)
        except MalformedError:
            return False
    return data.startswith(b"ID;") and _SYLK_RECORD.search(data, 0, 65_536) is not None


@analyzer("xlm", features=FEATURES, magic=BARE_STREAMS, recognise=_recognise)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read macro sheets, emulate them, and grade what they would do; nothing for a workbook without any.

    Yields:
        For each workbook with macro sheets: ``xlm.sheet`` and ``xlm.hidden`` (visible, hidden or very_hidden) of each
        macro sheet in turn; ``xlm.auto_open`` (``Auto_Open=Macro1!$A$1``) in the order Excel runs them;
        ``xlm.hidden_name``; ``xlm.formula`` (``Macro1!A1 =HALT()``) row by row and ``xlm.cell`` (constants of macro
        sheets); ``xlm.calls``, what running it would do with final values, in order; ``xlm.sandbox_check``,
        ``xlm.file_written``, ``xlm.strings``, ``url``; ``macro.grade`` and ``macro.reason``. Command lines are
        children of kind cmd, written files children to be recognised.

    Raises:
        MalformedError: the container or a formula could not be read; the rest was given before.
        LimitError: the macro ran longer than the limit, or holds more than is handed on.
    """
    problem: SekishoError | None = None
    try:
        for book in _books(artifact):
            yield from _describe(book)
            outcome = run_book(book)
            yield from _results(artifact, book, outcome)
            problem = problem or outcome.limit or next(iter(book.problems), None)
    except SekishoError as met:
        problem = problem or met
    if problem is not None:
        raise problem


def _books(artifact: Artifact) -> Iterator[Book]:
    """Give the workbooks with macro sheets."""
    data = artifact.data
    if data.startswith(COMPOUND):
        books = (_biff8.read_workbook(stream) for stream in _streams(data))
    elif data.startswith(b"PK"):
        books = (book for book in [_open_xml(Parts(data))])
    elif data.startswith(b"ID;"):
        books = (book for book in [read_sylk(data, PurePosixPath(artifact.name).stem or "Sheet1")])
    else:
        books = (book for book in [_biff8.read_workbook(data)])
    yield from (book for book in books if book is not None and book.macro_sheets())


def _streams(data: bytes) -> Iterator[bytes]:
    """Give the workbook streams of a compound file, its own first.

    Raises:
        MalformedError: the container is damaged beyond reading.
    """
    container = Compound(data)
    paths = [path for path in container.entries if path and path[-1].lower() in ("workbook", "book")]
    for path in sorted(paths, key=len)[:BOOKS]:
        yield container.read(*path)


def _open_xml(parts: Parts) -> Book | None:
    path = parts.workbook() or next((n for n in ("xl/workbook.xml", "xl/workbook.bin") if parts.find(n)), "")
    if not path:
        return None
    return _xlsb.read_workbook(parts, path) if path.endswith(".bin") else _xlsm.read_workbook(parts, path)


def _describe(book: Book) -> Iterator[Feature]:
    """Give what the file says, before anything is run."""
    for sheet in book.macro_sheets():
        yield Feature("xlm.sheet", sheet.name)
        yield Feature("xlm.hidden", sheet.hidden)
    for name in book.auto_names():
        yield Feature("xlm.auto_open", f"{name.name}={render(name.value) if name.value is not None else ''}")
    for name in book.names:
        if name.hidden:
            yield Feature("xlm.hidden_name", f"{name.name}={render(name.value) if name.value is not None else ''}")
    formulas = cells = chars = 0
    for sheet in book.macro_sheets():
        for text in _listing(book, sheet):
            formulas, chars = formulas + 1, chars + len(text)
            if formulas <= FORMULAS and chars <= DEFAULT.text_chars:
                yield Feature("xlm.formula", text)
        for text in _constants(sheet):
            cells, chars = cells + 1, chars + len(text)
            if cells <= CELLS and chars <= DEFAULT.text_chars:
                yield Feature("xlm.cell", text)
    if formulas > FORMULAS or cells > CELLS or chars > DEFAULT.text_chars:
        book.problems.append(LimitError("text_chars", DEFAULT.text_chars))


def _listing(book: Book, sheet: Sheet) -> Iterator[str]:
    for place, text in book.listing(sheet):
        yield f"{place_text(sheet.name, place)} {text}"


def _constants(sheet: Sheet) -> Iterator[str]:
    for place, cell in sorted(sheet.cells.items(), key=lambda item: item[0]):
        if cell.formula is None and cell.value is not None and not cell.broken:
            value = cell.value if isinstance(cell.value, str) else shown(cell.value)
            yield f"{place_text(sheet.name, place)} {value}"


def _results(artifact: Artifact, book: Book, outcome: Outcome) -> Iterator[Feature | Artifact]:
    """Give what running the macros brought to light."""
    for action in outcome.actions:
        yield Feature("xlm.calls", action.text)
    for check in outcome.checks:
        yield Feature("xlm.sandbox_check", check)
    for path in outcome.files:
        yield Feature("xlm.file_written", path)
    for text in outcome.strings:
        yield Feature("xlm.strings", text)
    yield from _urls(book, outcome)
    grade, reasons = grade_of(book, outcome)
    yield Feature("macro.grade", grade)
    for reason in reasons:
        yield Feature("macro.reason", reason)
    yield from _children(artifact, outcome)


def _urls(book: Book, outcome: Outcome) -> Iterator[Feature]:
    """Give each URL once: from final values first, then from formulas and constants that nothing reached."""
    texts = [arg if isinstance(arg, str) else shown(arg) for action in outcome.actions for arg in action.args]
    texts += outcome.strings
    for sheet in book.macro_sheets():
        texts += [text for _, text in book.listing(sheet)[:FORMULAS]]
        texts += [cell.value for cell in sheet.cells.values() if isinstance(cell.value, str)]
    seen: set[str] = set()
    chars = 0
    for text in dict.fromkeys(texts):
        if "/" not in text and "www." not in text:
            continue
        chars += len(text)
        if chars > DEFAULT.text_chars or len(seen) > CHILDREN:
            break
        for url in find_urls(text, "macro"):
            if (url.canonical or url.raw) not in seen:
                seen.add(url.canonical or url.raw)
                yield Feature("url", url)


def _children(artifact: Artifact, outcome: Outcome) -> Iterator[Artifact]:
    """Give command lines to be unfolded, and files that the macro writes."""
    commands = dict.fromkeys(text for action in outcome.actions if (text := command_of(action)))
    for text in list(commands)[:CHILDREN]:
        yield artifact.child("EXEC", text.encode("utf-8", "replace"), relation="decoded", kind="cmd")
    for path, lines in list(outcome.files.items())[:CHILDREN]:
        name = re.split(r"[\\/]", path)[-1] or "file"
        yield artifact.child(name, "".join(lines).encode("utf-8", "replace"), relation="decoded")


def command_of(action: Action) -> str:
    """Give the command line that an action starts, empty when it starts none.

    Source: Win32 WinExec, CreateProcess, ShellExecute: the place of the command among their parameters.
    """
    if action.name == "EXEC":
        return _plain(action.args[:1])
    if action.name != "CALL" or len(action.args) < 4:
        return ""
    procedure = str(action.args[1]).lower()
    if procedure.startswith("shellexecute"):
        return _plain(action.args[5:7])
    if procedure.startswith("createprocess"):
        return _plain(action.args[4:5]) or _plain(action.args[3:4])
    return _plain(action.args[3:4]) if procedure == "winexec" else ""


def _plain(values: tuple[Value, ...]) -> str:
    return " ".join(value if isinstance(value, str) else shown(value) for value in values if value not in (None, 0.0))


def grade_of(book: Book, outcome: Outcome) -> tuple[str, list[str]]:
    """Grade the macros of a workbook that has macro sheets, and name what the grade rests on.

    Gives inert (nothing starts them), auto_run, auto_exec (and they start, load or write something) or
    obfuscated_exec (and they put together at run time what they start).
    """
    acts = {action.name for action in outcome.actions}
    static = {
        name
        for sheet in book.macro_sheets()
        for cell in sheet.cells.values()
        if cell.formula is not None
        for name in functions_in(cell.formula)
    }
    executes = (acts | static) & EXECUTES
    built = any(action.built and action.name in EXECUTES for action in outcome.actions)
    facts = {
        **{AUTO_NAMES[rank]: True for name in book.auto_names() if (rank := auto_rank(name.name)) is not None},
        "very_hidden_sheet": any(sheet.hidden == "very_hidden" for sheet in book.macro_sheets()),
        "hidden_sheet": any(sheet.hidden == "hidden" for sheet in book.macro_sheets()),
        "hidden_worksheet": any(sheet.hidden != "visible" for sheet in book.sheets if sheet.kind == WORKSHEET),
        "hidden_name": any(name.hidden for name in book.auto_names()),
        "runtime_formula": outcome.written_ran,
        "built_arguments": built,
        "char_codes": "CHAR" in static,
        "starts_program": "EXEC" in executes or any(map(command_of, outcome.actions)),
        "calls_library": bool(executes & {"CALL", "REGISTER", "REGISTER.ID"}),
        "downloads": any(_downloads(action) for action in outcome.actions),
        "writes_file": bool(executes & {"FWRITE", "FWRITELN", "SAVE.AS", "SAVE.COPY.AS"}),
        "deletes_file": "FILE.DELETE" in executes,
        "sandbox_check": bool(outcome.checks),
        "date_dependent": outcome.clock_read,
        "hides_sheet": "WORKBOOK.HIDE" in acts,
        "schedules": "ON.TIME" in acts,
    }
    reasons = [reason for reason, holds in facts.items() if holds]
    if not book.auto_names():
        return "inert", reasons
    if not executes:
        return "auto_run", reasons
    return ("obfuscated_exec" if outcome.written_ran or built else "auto_exec"), reasons


def _downloads(action: Action) -> bool:
    return action.name == "CALL" and any(
        isinstance(arg, str) and re.match(r"urldownload|internetopenurl|winhttpopen", arg, re.IGNORECASE)
        for arg in action.args[1:2]
    )
