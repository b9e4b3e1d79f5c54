"""Programs that ship with Windows and do an attacker's work: what a command line makes them do.

Source: the LOLBAS project's list of names; Microsoft's command reference for the options. The wording is ours.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import replace

from sekisho.analyzers._script import Trace
from sekisho.model.urltext import canonical_ip, parse_url

SCHEME = re.compile(r"(?:https?|ftp|file):[/\\]", re.IGNORECASE)
NUMERIC = re.compile(r"(0x[0-9a-f]+|[0-9][0-9a-fx.]*)(?::\d{1,5})?(?:[/\\?].*)?", re.IGNORECASE)
WORD = re.compile(r'(?:\\"|[^\s"]|"(?:\\"|[^"])*"?)+')
_QUOTE = re.compile(r'\\"|"')
SCRIPT_KINDS = {
    "bat": "cmd",
    "cmd": "cmd",
    "ps1": "powershell",
    "psm1": "powershell",
    "vbs": "vbscript",
    "js": "jscript",
}
"""Extension of a written file and the analyser that reads it."""

Handler = Callable[[Trace, list[str], str], list[str]]


def words(line: str) -> list[str]:
    """Split a command line at blanks outside quotes and take the quotes away.

    Source: Microsoft, CommandLineToArgvW.
    """
    return [_QUOTE.sub(lambda quote: quote.group()[1:], word) for word in WORD.findall(line)]


def program_name(word: str) -> str:
    """Give a program's name without folder and extension, lower case."""
    name = re.split(r"[\\/]", word.strip("\"' "))[-1].lower()
    return re.sub(r"\.(?:exe|com)$", "", name)


def describe(trace: Trace, line: str) -> list[str]:
    """Note what one command line does; give the command lines that it starts in turn."""
    parts = words(line)
    if not parts:
        return []
    trace.command(line)
    name = program_name(parts[0])
    if name not in QUIET and not _shows(name, parts):
        trace.call("starts", line)
    handler = HANDLERS.get(name)
    return handler(trace, parts, line) if handler else []


def _shows(name: str, parts: list[str]) -> bool:
    """Tell a program that shows a document which macros cannot stand in."""
    return name in VIEWERS and len(parts) > 1 and all(_SHOWN.search(part.strip("\"'`")) for part in parts[1:])


def starts(trace: Trace, line: str) -> None:
    """Note a command line that a script starts; shells and what they start become layers of it."""
    nested = describe(trace, line)
    if program_name((words(line) or [""])[0]) == "cmd":
        nested = [line]
    for text in nested:
        trace.layer("command", "cmd", text)


def note_address(trace: Trace, word: str) -> str:
    """Give a word as a URL if a downloader would read it as one, else an empty string."""
    if SCHEME.match(word):
        return word
    if (match := NUMERIC.fullmatch(word)) and canonical_ip(match.group(1)):
        url = parse_url("http://" + word, where="script", hidden_by=", ".join(trace.tricks))
        trace.url(replace(url, raw=word))
        return word
    return word if parse_url(word).canonical and not re.match(r"[a-z]:|[a-z]+script:", word, re.IGNORECASE) else ""


def _addresses(trace: Trace, parts: list[str]) -> list[str]:
    return [found for part in parts[1:] if (found := note_address(trace, part.strip("'")))]


def _after(parts: list[str], *options: str) -> str:
    """Give the word after an option, or what is glued to it by a colon or equals sign."""
    for index, part in enumerate(parts):
        low = part.lower()
        for option in options:
            if low == option and index + 1 < len(parts):
                return parts[index + 1]
            if low.startswith((option + ":", option + "=")):
                return part[len(option) + 1 :]
    return ""


def _rest_after(line: str, pattern: str) -> str:
    """Give what follows a pattern in the line, without the quotes around it."""
    match = re.search(pattern, line, re.IGNORECASE)
    rest = line[match.end() :].strip() if match else ""
    if rest[:1] in "\"'" and rest:
        return rest[1:].split(rest[0])[0] if rest.count(rest[0]) <= 2 else rest[1:].rstrip(rest[0])
    return rest


def downloads(trace: Trace, url: str, path: str = "") -> None:
    """Note a download, and where it goes if that is known."""
    trace.call("downloads", f"{url} to {path}" if path else url)
    if path:
        trace.call("writes", path)


def _mshta(trace: Trace, parts: list[str], line: str) -> list[str]:
    inline = re.search(r"\b(javascript|vbscript):(.*)", line, re.IGNORECASE | re.DOTALL)
    if inline:
        kind = "jscript" if inline.group(1).lower() == "javascript" else "vbscript"
        trace.layer(f"mshta.{kind}", kind, inline.group(2).rstrip('"'))
        return []
    for url in _addresses(trace, parts)[:1]:
        downloads(trace, url)
    return []


def _rundll32(trace: Trace, parts: list[str], line: str) -> list[str]:
    if "script:" in line.lower():
        return _mshta(trace, parts, re.sub(r"(?i)\\\.\.\\mshtml[^;]*;?", "", line))
    for url in _addresses(trace, parts):
        downloads(trace, url)
    if "shellexec_rundll" in line.lower():
        return [_rest_after(line, r"shellexec_rundll\S*\s*")]
    return []


def _regsvr32(trace: Trace, parts: list[str], line: str) -> list[str]:
    address = note_address(trace, _after(parts, "/i", "-i"))
    if address:
        downloads(trace, address)
    return []


def _certutil(trace: Trace, parts: list[str], line: str) -> list[str]:
    low = [part.lower().lstrip("-/") for part in parts]
    plain = [part for part in parts[1:] if not part.startswith("-") and not re.match(r"/[a-z]+$", part, re.I)]
    if {"urlcache", "verifyctl", "url"} & set(low):
        urls = _addresses(trace, parts)
        paths = [part for part in plain if part not in urls]
        for url in urls[:1]:
            downloads(trace, url, paths[-1] if paths else "")
    elif {"decode", "decodehex"} & set(low) and len(plain) > 1:
        trace.trick("certutil-decode")
        trace.call("writes", plain[1])
    return []


def _bitsadmin(trace: Trace, parts: list[str], line: str) -> list[str]:
    urls = _addresses(trace, parts)
    for url in urls:
        at = parts.index(url)
        downloads(trace, url, parts[at + 1] if at + 1 < len(parts) else "")
    return []


def _curl(trace: Trace, parts: list[str], line: str) -> list[str]:
    # Options are case-sensitive here: -o names the file, -O takes the name from the URL.
    path = ""
    to_file = ("-o", "--output", "-OutFile", "--output-document", "-O" if program_name(parts[0]) == "wget" else "-o")
    for index, part in enumerate(parts[:-1]):
        if part in to_file or re.fullmatch(r"-[a-zA-Z]*o", part):
            path = parts[index + 1]
    for url in _addresses(trace, [part for part in parts if part != path]):
        downloads(trace, url, path)
    return []


def _fetches(trace: Trace, parts: list[str], line: str) -> list[str]:
    """Any program that loads what its argument names (msiexec /i, hh, certoc, cmstp ...)."""
    glued = [part.split(":", 1)[1] for part in parts[1:] if re.match(r"[-/][a-z]+:.*[/\\]", part, re.IGNORECASE)]
    for url in _addresses(trace, parts + glued):
        downloads(trace, url)
    return []


def _wmic(trace: Trace, parts: list[str], line: str) -> list[str]:
    address = note_address(trace, _after(parts, "/format", "/xsl"))
    if address:
        downloads(trace, address)
    started = _rest_after(line, r"\bcall\s+\"?create\"?\s*")
    return [started] if started else []


def _schtasks(trace: Trace, parts: list[str], line: str) -> list[str]:
    task = _after(parts, "/tr", "-tr")
    if task:
        trace.call("writes", f"scheduled task {_after(parts, '/tn', '-tn')}".strip())
    return [task] if task else []


def _reg(trace: Trace, parts: list[str], line: str) -> list[str]:
    if len(parts) > 2 and parts[1].lower() == "add":
        value = _after(parts, "/v")
        trace.call("writes", parts[2] + (f"\\{value}" if value else ""))
    return []


def _sc(trace: Trace, parts: list[str], line: str) -> list[str]:
    started = _rest_after(line, r"\bbinpath=\s*")
    if started:
        trace.call("writes", f"service {_after(parts, 'create', 'config')}")
    return [started] if started else []


def _runs_option(*options: str) -> Handler:
    """Build the handler of a program that starts what one option says."""

    def run(trace: Trace, parts: list[str], line: str) -> list[str]:
        started = _after(parts, *options)
        return [started] if started else []

    return run


def _runs_rest(trace: Trace, parts: list[str], line: str) -> list[str]:
    rest = re.sub(r'^\s*(?:"[^"]*"|\S+)\s*((?:--?|/)[\w-]+\s+)*', "", line)
    return [rest] if rest else []


def _copies(trace: Trace, parts: list[str], line: str) -> list[str]:
    plain = [part for part in parts[1:] if not re.match(r"/[a-z-]", part, re.IGNORECASE)]
    target = _after(parts, "/d", "-d") if program_name(parts[0]) == "esentutl" else ""
    if target or len(plain) > 1:
        trace.call("writes", target or plain[-1])
    return []


def _script_host(trace: Trace, parts: list[str], line: str) -> list[str]:
    for url in _addresses(trace, parts)[:1]:
        downloads(trace, url)
    return []


def _net(trace: Trace, parts: list[str], line: str) -> list[str]:
    for part in parts[1:]:
        if part.startswith("\\\\"):
            trace.call("connects", part)
    return []


def _powershell(trace: Trace, parts: list[str], line: str) -> list[str]:
    trace.layer("powershell", "powershell", line)
    return []


VIEWERS = frozenset("acrobat acrord32 excel notepad powerpnt winword wordpad write".split())
_SHOWN = re.compile(r"\.(?:csv|docx|ics|jpe?g|log|pdf|png|pptx|rtf|tsv|txt|xlsx)$", re.IGNORECASE)
QUIET = frozenset(
    "assoc attrib break cd chcp chdir cls color curl del dir echo erase exit find findstr ftype goto hostname ipconfig"
    " md mkdir mode more path pause ping popd prompt pushd rd rem ren rename rmdir set setlocal endlocal shift sort"
    " systeminfo taskkill tasklist timeout title tree type ver verify vol wget where whoami".split()
)
"""Names that are noted as commands but start nothing worth a call of their own; what they fetch is."""

HANDLERS: dict[str, Handler] = {
    "bitsadmin": _bitsadmin,
    "certoc": _fetches,
    "certreq": _fetches,
    "certutil": _certutil,
    "cmstp": _fetches,
    "conhost": _runs_rest,
    "configsecuritypolicy": _fetches,
    "copy": _copies,
    "cscript": _script_host,
    "curl": _curl,
    "desktopimgdownldr": _fetches,
    "esentutl": _copies,
    "expand": _copies,
    "explorer": _fetches,
    "extrac32": _copies,
    "findstr": lambda trace, parts, line: [],
    "forfiles": _runs_option("/c", "-c"),
    "hh": _fetches,
    "ieexec": _fetches,
    "installutil": _fetches,
    "makecab": _copies,
    "move": _copies,
    "mpcmdrun": _fetches,
    "mshta": _mshta,
    "msiexec": _fetches,
    "net": _net,
    "odbcconf": _fetches,
    "pcalua": _runs_option("-a", "/a"),
    "powershell": _powershell,
    "presentationhost": _fetches,
    "pwsh": _powershell,
    "reg": _reg,
    "regsvr32": _regsvr32,
    "replace": _copies,
    "robocopy": _copies,
    "rundll32": _rundll32,
    "sc": _sc,
    "schtasks": _schtasks,
    "scriptrunner": _runs_option("-appvscript"),
    "wget": _curl,
    "wmic": _wmic,
    "wscript": _script_host,
    "xcopy": _copies,
}


def decode_certificate(text: str) -> bytes:
    """Undo ``certutil -encode``: base64 between optional BEGIN and END lines; empty when it is none."""
    body = re.sub(r"-----[^-]*-----", "", text)
    try:
        return base64.b64decode(re.sub(r"\s+", "", body), validate=True)
    except (binascii.Error, ValueError):
        return b""
