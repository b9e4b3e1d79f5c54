"""A PowerShell script, or a command line that starts PowerShell, with its disguise taken off."""

from __future__ import annotations

import base64
import binascii
import re

from sekisho.analyzers._powershell_commands import run
from sekisho.analyzers._powershell_parse import Reader
from sekisho.analyzers._programs import starts
from sekisho.analyzers._script import Trace, Unfolded
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

_PROGRAM = re.compile(
    r"\s*(?:\"[^\"\n]*(?:powershell|pwsh)(?:\.exe)?\"|[^\s\"]*(?:powershell|pwsh)(?:\.exe)?)(?=\s|$)", re.IGNORECASE
)
_OPTION = re.compile(r"\s*[-/\u2013\u2014\u2015]([A-Za-z`^]+):?(?=\s|$|[\"'])")
_WORD = re.compile(r"\s*(\"(?:[^\"\\]|\\.|\"\")*\"|'[^']*'|\S+)")
# Full names of what powershell.exe takes, in the order an abbreviation is looked up. Source: powershell.exe -?.
TAKES_VALUE = tuple(
    "encodedarguments version psconsolefile inputformat outputformat windowstyle executionpolicy configurationname"
    " custompipename settingsfile workingdirectory ep if of wd".split()
)
SWITCHES = tuple("nologo noexit sta mta noprofile noninteractive login help interactive sshservermode".split())


def unfold_powershell(text: str) -> Unfolded:
    """Give what a script or a ``powershell ...`` command line does in the end."""
    text = text[: DEFAULT.text_chars]
    trace = Trace()
    final = text
    try:
        program = _PROGRAM.match(text)
        if program or _OPTION.match(text):
            final = _command_line(text, program.end() if program else 0, trace)
        else:
            final = read_script(text, trace)
    except LimitError as error:
        trace.cut = error.limit
    return trace.result(text, final)


def read_script(text: str, trace: Trace) -> str:
    """Read one script; give its final text, up to where a limit stopped it."""
    reader = Reader(text, trace, run)
    try:
        return reader.script()
    except LimitError as error:
        trace.cut = error.limit
        return reader.folded(0, len(text))


def _command_line(text: str, at: int, trace: Trace) -> str:
    """Read the options, then what is to be executed."""
    while option := _OPTION.match(text, at):
        name = re.sub(r"[`^]", "", option.group(1)).lower()
        following = _WORD.match(text, option.end())
        value = following.group(1).strip("\"'") if following else ""
        if name == "ec" or "encodedcommand".startswith(name):
            return _encoded(text, option.start(), value, trace)
        if "command".startswith(name):
            return text[: option.end()] + " " + _script(text[option.end() :], trace)
        if "file".startswith(name):
            starts(trace, text[option.end() :].strip())
            return text
        if name == "nop" or any(full.startswith(name) for full in SWITCHES):
            at = option.end()
        elif any(full.startswith(name) for full in TAKES_VALUE):
            if name[0] == "w" and value.lower() in ("hidden", "h", "1", "hi", "hid", "hidd", "hidde"):
                trace.trick("hidden-window")
            at = following.end() if following else len(text)
        else:
            break
    rest = text[at:]
    if _looks_encoded(rest.strip()):
        return _encoded(text, at, rest.strip(), trace)
    return text[:at] + " " + _script(rest, trace) if rest.strip() else text


def _script(rest: str, trace: Trace) -> str:
    """Read what stands after -Command: the quotes that only served the outer shell go first."""
    script = rest.strip()
    if script[:1] == '"' and not re.match(r'"[^"]*"\s*[.+|;,-]', script):
        script = script[1:].removesuffix('"')
    if '\\"' in script:  # as the C runtime hands it to powershell.exe: bare quotes go, escaped ones stay
        script = re.sub(r'\\"|"', lambda quote: quote.group()[1:], script)
    elif '""' in script[1:-1]:
        script = script.replace('""', '"')
    if script[:2] == "& " and script[2:].strip()[:1] == "{" and script.endswith("}"):
        script = script[2:].strip()[1:-1]
    return read_script(script, trace)


def _looks_encoded(text: str) -> bool:
    return len(text) > 40 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text) is not None and decode_command(text) != ""


def _encoded(text: str, at: int, value: str, trace: Trace) -> str:
    script = decode_command(value)
    if not script:
        return text[:at] + " " + read_script(text[at:].lstrip(" -/").partition(" ")[2], trace)
    trace.trick("base64")
    trace.grow(len(script))
    trace.layer("encoded-command", "powershell", script)
    return text[:at] + " -command " + script


def decode_command(value: str) -> str:
    """Give the script of -EncodedCommand: UTF-16LE as documented, else UTF-8; empty when it is neither."""
    if not re.fullmatch(r"[A-Za-z0-9+/=\s]+", value):
        return ""
    clean = re.sub(r"[=\s]", "", value)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    try:
        data = base64.b64decode(clean + "=" * (-len(clean) % 4))
    except (binascii.Error, ValueError):
        return ""
    wide = data.count(0) * 3 > len(data)
    try:
        text = data.decode("utf-16-le", "ignore") if wide else data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-16-le", "ignore")  # text without ASCII letters, or no text at all
        return text if sum(mark.isprintable() or mark.isspace() for mark in text) > len(text) * 0.9 else ""
    return text if text.strip("\0 ") else ""
