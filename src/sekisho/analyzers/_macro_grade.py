"""How much a macro may do by itself: none, inert, auto_run, auto_exec or obfuscated_exec, with the reasons.

The grade comes from structure: what starts unasked, what that reaches, what it starts, fetches and writes, and how far
the text that does it was hidden. A word alone decides nothing. Writing a plain data file (a log, a CSV) is no reason to
raise the grade; writing something that can run is.

Source: MITRE ATT&CK T1059.005, T1137, T1204.002, T1027.010, T1105; grades as in the project's design.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.analyzers._basic import evaluate
from sekisho.analyzers._basic_objects import MEMORY
from sekisho.analyzers._basic_syntax import parse
from sekisho.analyzers._basic_trace import Trace, Written, base_name
from sekisho.analyzers._basic_tree import Procedure, Unit
from sekisho.analyzers._macro_events import is_automatic, is_touched
from sekisho.analyzers._script import SENSITIVE

NONE, INERT, AUTO_RUN, AUTO_EXEC, OBFUSCATED = "none", "inert", "auto_run", "auto_exec", "obfuscated_exec"
RANK = {NONE: 0, INERT: 1, AUTO_RUN: 2, AUTO_EXEC: 3, OBFUSCATED: 4}
"""Higher does more."""

RUNNABLE = frozenset(
    "exe dll ocx scr com pif cpl sys vbs vbe js jse wsf wsh hta bat cmd ps1 psm1 lnk inf reg jar msi msp chm xll sct"
    " scf gadget application iso img vhd vhdx py drv xlam xla dotm dot wll ppam job appref-ms".split()
)
"""Extensions that Windows or Office runs or loads."""
_DATA = frozenset("txt csv log xml json htm html ini pdf doc docx xls xlsx xlsm xlsb ppt pptx rtf tsv dat prn sql md "
                  "eml ics vcf tmp bak zip bmp jpg jpeg png gif svg kml gpx tex bib yml yaml cfg".split())  # fmt: skip
_LOADED_AT_START = re.compile(
    r"\\(?:win|system|wininit)\.ini$|\\autorun\.inf$|^[a-z]:\\autoexec\.bat$|\\startup\\|\\xlstart\\|startuppath|\\personal\.xls|\\normal\.dot"
)
"""Folders and files that Windows or Office loads at every start."""
_TELLING_KEY = re.compile(
    r"\\(?:run(?:once|services)?(?:ex)?|policies|winlogon|classes|currentcontrolset)(?:\\|$)"
    r"|image file execution options"
    r"|hkcr\\|hkey_classes_root|\\security\\|accessvbom|vbawarnings|virusprotection|excel\\options6|\\software\\microsoft\\windows"
    r"|appcertdlls|\\environment\\|scrnsave|\{",
    re.I,
)
"""Registry keys that start something or lower a guard; what a macro keeps for itself lies elsewhere."""
_INSTALLED = re.compile(
    r'^\W*(?:[a-z]:\\program files(?: \(x86\))?|%programfiles(?:\(x86\))?%)\\[^"]{3,200}\.exe\b'
    r"(?!.*(?:https?:|\.(?:dll|js|vbs|hta|bat|cmd|ps1|py)\b))",
    re.I,
)
"""Programs that an administrator put where a document cannot."""
_DESTROYS = re.compile(
    r"\b(?:format(?:\.com)?\s+[a-z]:|deltree\b|fdisk\b|(?:del|erase|rd|rmdir)\b[^\r\n]{0,40}\b[a-z]:\\(?:windows|winnt|\*|$))",
    re.I,
)
_STARTERS = frozenset({"createthread", "createremotethread", "queueuserapc", "rtlcreateuserthread", "setthreadcontext",
                       "resumethread", "createtimerqueuetimer"})  # fmt: skip
_MACRO_COPY = re.compile(
    r"^\s*(?:wordbasic\s*\.\s*)?(?:makrokopieren|copi(?:ar|er)macro|macrocopier|macrokopi[eë]ren|copiamacro)\b[^=\n]*global:",
    re.I | re.M,
)
"""MacroCopy as other languages' Word called it, which the conversion of old macros left as it was."""
_INTO_TEMPLATE = re.compile(r"normaltemplate\s*\.\s*vbproject\s*\.\s*vbcomponents\s*\.\s*import\b", re.I)
_BINARY_VERBS = ("SaveToFile", "Put", "URLDownloadToFile", "DownloadFile")

_KEYWORDS = {
    "shell": "Shell", "createobject": "CreateObject", "getobject": "GetObject", "wscript.shell": "WScript.Shell",
    "shell.application": "Shell.Application", "scripting.filesystemobject": "Scripting.FileSystemObject",
    "adodb.stream": "ADODB.Stream", "savetofile": "SaveToFile", "msxml2.xmlhttp": "MSXML2.XMLHTTP",
    "microsoft.xmlhttp": "Microsoft.XMLHTTP", "msxml2.serverxmlhttp": "MSXML2.ServerXMLHTTP",
    "winhttp.winhttprequest.5.1": "WinHttp.WinHttpRequest.5.1", "urldownloadtofile": "URLDownloadToFile",
    "urldownloadtofilea": "URLDownloadToFile", "urldownloadtofilew": "URLDownloadToFile",
    "shellexecute": "ShellExecute",
    "shellexecutea": "ShellExecute", "winexec": "WinExec", "createprocessa": "CreateProcess",
    "createprocess": "CreateProcess", "virtualalloc": "VirtualAlloc", "virtualprotect": "VirtualProtect",
    "rtlmovememory": "RtlMoveMemory", "createthread": "CreateThread", "writeprocessmemory": "WriteProcessMemory",
    "createremotethread": "CreateRemoteThread",
    "environ": "Environ", "callbyname": "CallByName", "chr": "Chr", "chrw": "ChrW",
    "strreverse": "StrReverse", "executeexcel4macro": "ExecuteExcel4Macro", "vbproject": "VBProject",
    "codemodule": "CodeModule", "addfromstring": "AddFromString", "insertlines": "InsertLines",
    "organizercopy": "OrganizerCopy", "macrocopy": "MacroCopy", "virusprotection": "VirusProtection",
    "normaltemplate": "NormalTemplate", "regwrite": "RegWrite", "win32_process": "Win32_Process",
    "schedule.service": "Schedule.Service", "internetexplorer.application": "InternetExplorer.Application",
    "sendkeys": "SendKeys", "kill": "Kill", "vbhide": "vbHide", "execute": "Execute", "executeglobal": "ExecuteGlobal",
    "createtextfile": "CreateTextFile", "opentextfile": "OpenTextFile", "xor": "Xor", "ddeinitiate": "DDEInitiate",
    "strconv": "StrConv", "addressof": "AddressOf", "outlook.application": "Outlook.Application",
}  # fmt: skip
_FETCHING = re.compile(
    r"(?:powershell|pwsh|mshta|certutil|bitsadmin|regsvr32|rundll32|msiexec|cmstp|wscript|cscript)\b.*"
    r"(?:https?:|ftp:|\\\\\w|urlcache|/transfer|downloadfile|downloadstring|downloaddata|webrequest|iwr\b)"
    r"|(?:powershell|pwsh)\b.*(?:-e(?:nc?\w*)?\s+[A-Za-z0-9+/=]{16,}|frombase64string|\biex\b|invoke-expression)"
    r"|mshta\b.*(?:vbscript|javascript):",
    re.I | re.S,
)
"""Command lines that bring code in from elsewhere or hide it."""
_OPENER = re.compile(
    r'^\W{0,8}(?:(?:[a-z]:\\|%\w+%\\)(?:[^"\\:]{0,255}\\){0,30})?(?:explorer|notepad|write|winword|excel|powerpnt'
    r"|outlook|iexplore|chrome|msedge|firefox|acrord32|hh)(?:\.exe)?\b(?!.*\.(?:exe|dll|js|vbs|hta|bat|cmd|ps1)\b.*)",
    re.I,
)
"""Programs that show something and take no code."""
_DOCUMENT_OPEN = re.compile(
    r"^(?:https?://|mailto:|file:)\S*$|\.(?:pdf|docx?|xlsx?|pptx?|txt|html?|jpe?g|png|csv)\"?$", re.I
)
_TEXT_SOURCE = re.compile(
    r"\{[^{}]*(?:\.(?:text|caption|value|tag|controltiptext|alttext|alternativetext|variables?|title)\b"
    r"|documentproperties|\.paragraphs|\.content\b|\.range|\bcells|\.shapes|\.comments)[^{}]*\}?",
    re.I,
)
"""A text that only the document itself holds."""
_CHAR_CODES = re.compile(r"\bchr[wb]?\$?\s*\(", re.I)
_NUMBERS = re.compile(r"(?:&H[0-9a-f]{1,4}|-?\d{1,5})(?:\s*,\s*(?:_\s*)?(?:&H[0-9a-f]{1,4}|-?\d{1,5})){39,}", re.I)
_BLOB = re.compile(r'"[A-Za-z0-9+/=]{200,}"|"(?:[0-9A-Fa-f]{2}){100,}"')
_CHAR_CODE_MANY = 12  # in one project; public benign modules use Chr(10), Chr(13), Chr(34) a few times
_WIDTH = 4000  # of a command looked at for grading


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a project does and how far it does it unasked."""

    grade: str
    reasons: tuple[str, ...]
    automatic: tuple[str, ...]
    """Procedures that start unasked, as spelled."""
    keywords: tuple[str, ...]
    trace: Trace = field(repr=False)


def assess(
    modules: Iterable[tuple[str, str]], *, sources: Mapping[str, str] | None = None, whole: bool = True
) -> Assessment:
    """Grade the modules of one project, given as (name, source).

    Args:
        modules: every module there is.
        sources: texts that the document holds, by lower-case name.
        whole: these are all modules of the project.
    """
    pairs = list(modules)
    units = [parse(source, name) for name, source in pairs]
    return _Grader(units, "\n".join(source for _, source in pairs), sources or {}, whole).assessment()


class _Grader:
    def __init__(self, units: list[Unit], source: str, sources: Mapping[str, str], whole: bool) -> None:
        self.units, self.source, self.lower = units, source, source.lower()
        self.whole = whole
        self.procedures = [procedure for unit in units for procedure in unit.procedures]
        self.automatic = [entry for entry in self.procedures if is_automatic(entry.name, entry.module.lower())]
        self.reached = self.reach()
        touched = [entry for entry in self.reached if is_touched(entry.name)]
        entries = dict.fromkeys(f"{entry.module.lower()}.{entry.name}" for entry in self.automatic + touched)
        self.trace = evaluate(units, entries, sources=sources, whole=whole)
        self.reasons: list[str] = []

    def reach(self) -> list[Procedure]:
        """Give every procedure that an automatic one may lead to."""
        by_name: dict[str, list[Procedure]] = {}
        for procedure in self.procedures:
            by_name.setdefault(procedure.name, []).append(procedure)
            by_name.setdefault(f"{procedure.module.lower()}.{procedure.name}", []).append(procedure)
            if is_touched(procedure.name):
                by_name.setdefault(procedure.module.lower(), []).append(procedure)
                for name in () if self.whole else ("load", "show"):  # a form among modules that lost their names
                    by_name.setdefault(name, []).append(procedure)
        seen = {id(entry): entry for entry in self.automatic}
        pending = list(self.automatic)
        while pending:
            for name in pending.pop().mentions:
                for target in by_name.get(name, ()):
                    if id(target) not in seen:
                        seen[id(target)] = target
                        pending.append(target)
        return list(seen.values())

    def assessment(self) -> Assessment:
        executes, writes, downloads, other = self.executes(), self.writes(), self.downloads(), self.other()
        hidden = self.obfuscation()
        automatic = tuple(dict.fromkeys(entry.spelled for entry in self.automatic))
        fetches = self.fetches(bool(downloads))
        grade = self.grade(bool(executes or writes or other), bool(executes or downloads or other), fetches, hidden)
        reasons = [*(f"autoexec:{name}" for name in automatic[:10]), *executes, *writes, *downloads, *other, *hidden]
        return Assessment(grade, tuple(dict.fromkeys(reasons + self.reasons)), automatic, self.keywords(), self.trace)

    def grade(self, acts: bool, reaches_out: bool, fetches: bool, hidden: list[str]) -> str:
        if not self.procedures and not any(unit.body for unit in self.units):
            return NONE
        if self.automatic:
            if hidden and (acts or fetches):
                return OBFUSCATED
            return AUTO_EXEC if acts or fetches or self.copies_itself() or self.destroys() else AUTO_RUN
        if acts and not self.procedures and not self.whole:
            return AUTO_EXEC  # statements outside of procedures: a script, which runs as it is
        # Without a start of its own it may be a tool that a user calls: only what no tool does counts.
        if (fetches or self.injects() or reaches_out) and any(
            not word.startswith((".", "http")) for word in self.hidden_words()
        ):
            return OBFUSCATED
        return AUTO_EXEC if fetches or self.injects() or self.copies_itself() or self.destroys() else INERT

    def fetches(self, downloads: bool) -> bool:
        """Tell whether code is brought in from elsewhere and started."""
        commands = [command.text[:_WIDTH] for command in self.trace.commands]
        if any(_FETCHING.search(text) for text in commands):
            return True
        if not downloads:
            return False
        names = {base_name(written.path).lower() for written in self.trace.files if written.verb != "RegWrite"}
        return any(len(name) > 3 and name in text.lower() for name in names for text in commands)

    def copies_itself(self) -> bool:
        """Tell whether it copies macros into a template or another document, which no editing aid does with these."""
        actions = set(self.trace.actions)
        if "normaltemplate" in self.lower and actions & {"replicates:InsertLines", "replicates:AddFromString"}:
            return True
        if _MACRO_COPY.search(self.source):
            return True
        if "replicates:VBComponents" in actions and _INTO_TEMPLATE.search(self.source):
            return True
        return bool({"replicates:MacroCopy", "replicates:OrganizerCopy"} & actions)

    def destroys(self) -> bool:
        """Tell whether it makes the system unusable, which no tool does."""
        texts = [command.text[:_WIDTH] for command in self.trace.commands]
        texts += [piece for written in self.trace.files for piece in written.content if isinstance(piece, str)]
        return "deletes:system" in self.trace.actions or any(_DESTROYS.search(text[:_WIDTH]) for text in texts)

    # what it does

    def counts(self, token: str) -> bool:
        """Tell whether an action counts: it happens unasked, or nothing here runs unasked and it is all there is."""
        return token in self.trace.auto or not self.automatic

    def executes(self) -> list[str]:
        found: list[str] = []
        hidden = bool(self.hidden_words())
        quiet = [command for command in self.trace.commands if not hidden and self.opens_only(command.text)]
        for token in self.trace.actions:
            if token.startswith("executes:"):
                verb = token.partition(":")[2]
                known = [command for command in self.trace.commands if command.verb == verb]
                if known and all(command in quiet for command in known):
                    self.reasons.append(f"opens:{verb}")
                elif self.counts(token):
                    found.append(token)
                else:
                    self.reasons.append(f"on-demand:{verb}")
        if self.trace.cut and self.automatic:
            found += [token for token in self.named_but_not_seen() if token not in found]
        return found

    def opens_only(self, text: str) -> bool:
        """Tell whether a command only shows something to the user."""
        text = text[:_WIDTH]
        shows = _OPENER.search(text) or _DOCUMENT_OPEN.search(text.strip()) or _INSTALLED.search(text)
        return bool(shows) and not _FETCHING.search(text)

    def named_but_not_seen(self) -> list[str]:
        """Give what the reached code names, when a limit kept it from being followed to its end."""
        names: set[str] = set()
        for procedure in self.reached:
            names |= procedure.mentions
        found = []
        if "wscript.shell" in names and names & {"run", "exec"}:
            found.append("executes:Run")
        return found + [f"executes:{_KEYWORDS[name]}" for name in ("shell", "shellexecute", "winexec") if name in names]

    def writes(self) -> list[str]:
        found: list[str] = []
        for written in self.trace.files:
            kind = self.kind_of(written)
            if kind and (written.automatic or not self.automatic):
                found.append(f"{kind}:{written.verb}")
            elif not kind and written.verb not in ("Copy", "Move"):
                self.reasons.append(f"writes-data:{written.verb}")
        return list(dict.fromkeys(found))

    def kind_of(self, written: Written) -> str:
        """Tell what writing this file amounts to; empty when it is only data."""
        path = written.path.strip().strip('"').lower()
        extension = re.sub(r"[\s\"}]+$", "", path).rpartition(".")[2]
        if written.verb == "RegWrite":
            return "writes" if _TELLING_KEY.search(path) else ""
        if _LOADED_AT_START.search(path):
            return "writes"
        if written.verb == "CreateShortcut":
            target = "".join(piece for piece in written.content if isinstance(piece, str))
            return "writes" if SENSITIVE.search(target) else ""
        if extension in RUNNABLE:
            return "writes"
        if written.verb in ("SaveAs", "Copy", "Move", "CreateShortcut"):
            return ""
        content = b"".join(piece for piece in written.content if isinstance(piece, bytes))
        if content[:2] == b"MZ":
            return "writes"
        if written.verb in _BINARY_VERBS and extension not in _DATA:
            return "writes"
        return ""

    def downloads(self) -> list[str]:
        return [token for token in self.trace.actions if token.startswith("downloads:") and self.counts(token)]

    def other(self) -> list[str]:
        found = [
            token
            for token in self.trace.actions
            if token.startswith(("replicates:", "tampers:VirusProtection", "deletes:")) and self.counts(token)
        ]
        if "mails:Send" in self.trace.auto and "addresslists" in self.lower.replace(" ", ""):
            found.append("mails:AddressLists")
        if {"mails:Send", "hides:DeleteAfterSubmit"} <= self.trace.auto:
            found.append("mails:hidden")
        if self.injects():
            found.append("executes:memory")
        if {"computed:CreateObject", "computed:CallByName"} <= self.trace.auto:
            found.append("executes:CallByName")
        return found

    def injects(self) -> bool:
        """Tell whether the code puts bytes into memory and starts them."""
        names = {external.function for unit in self.units for external in unit.externals}
        declared = (names | {name[:-1] for name in names if name[-1:] in ("a", "w")}) & MEMORY
        allocates = declared & {"virtualalloc", "virtualallocex", "virtualprotect", "virtualprotectex", "heapcreate",
                                "ntallocatevirtualmemory", "ntmapviewofsection", "setthreadcontext"}  # fmt: skip
        if not self.automatic and not declared & _STARTERS:
            return False  # old libraries put a few bytes of code before a window's own, for a user's form
        return bool(allocates) and len(declared) >= 2

    # how it hides

    def obfuscation(self) -> list[str]:
        """Give how the text that matters was hidden, measured against what unfolding brought out."""
        found: list[str] = []
        hidden = self.hidden_words()
        if hidden:
            found.append(f"obfuscation:hidden({','.join(hidden[:5])})")
        codes = len(_CHAR_CODES.findall(self.source))
        if codes >= _CHAR_CODE_MANY and (hidden or codes >= 4 * _CHAR_CODE_MANY):
            found.append(f"obfuscation:char-code({codes})")
        acting = bool(self.trace.commands or self.trace.downloads or self.computed() or self.injects())
        if acting and (_NUMBERS.search(self.source) or _BLOB.search(self.source)):
            found.append("obfuscation:encoded-block")
        if any(_TEXT_SOURCE.fullmatch(command.text.strip()) for command in self.trace.commands):
            found.append("obfuscation:document-text")
        if self.trace.layers:
            found.append("obfuscation:built-code")
        if self.computed():
            found.append("obfuscation:computed-object")
        return found

    def computed(self) -> bool:
        return any(token.startswith("computed:") for token in self.trace.actions)

    def hidden_words(self) -> list[str]:
        """Give the telling words that only unfolding shows."""
        texts = [command.text for command in self.trace.commands] + [address for _, address in self.trace.downloads]
        texts += [*self.trace.objects, *self.trace.strings, *(written.path for written in self.trace.files)]
        words = dict.fromkeys(found.group().lower() for text in texts for found in SENSITIVE.finditer(text[:_WIDTH]))
        return [word for word in words if word not in self.lower]

    def keywords(self) -> tuple[str, ...]:
        return keywords_of(self.units, {name.lower() for name in self.trace.objects})


def keywords_of(units: Iterable[Unit], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the telling names that the code mentions, as Microsoft spells them."""
    names = set(more)
    for unit in units:
        names |= unit.mentions
        for procedure in unit.procedures:
            names |= procedure.mentions
    return tuple(dict.fromkeys(shown for name, shown in _KEYWORDS.items() if name in names))
