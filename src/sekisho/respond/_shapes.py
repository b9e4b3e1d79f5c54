"""What stays of a command line or a file name when the attacker runs the next wave: its shape."""

from __future__ import annotations

import re

TOKENS = 6
"""Of one command line; more make a rule brittle and no surer."""
COMMAND_CHARS = 8_192
"""Longest command line looked at; cmd.exe takes 8,191. Source: Microsoft, "Command prompt line string limitation"."""
NAME_PARTS = 12
"""Runs of letters and digits in a name that has a grammar; names of more are sentences."""
HOSTS = frozenset(
    """winword.exe excel.exe powerpnt.exe outlook.exe onenote.exe mspub.exe eqnedt32.exe wscript.exe cscript.exe
    mshta.exe rundll32.exe regsvr32.exe hh.exe acrord32.exe wmiprvse.exe""".split()
)
"""Programs that have no business starting an interpreter or loader.

Source: parents in SigmaHQ's rules on suspicious children of Office, scripts and mshta; MITRE ATT&CK T1204.002.
"""
LOADERS = frozenset(
    """cmd.exe powershell.exe pwsh.exe wscript.exe cscript.exe mshta.exe rundll32.exe regsvr32.exe certutil.exe
    bitsadmin.exe msiexec.exe installutil.exe wmic.exe findstr.exe""".split()
)
# Folders that anybody may write to, as they stand in command lines. Source: Windows' default folder rights.
_FOLDERS = (
    "\\ProgramData\\",
    "\\AppData\\Local\\Temp\\",
    "\\AppData\\Roaming\\",
    "\\AppData\\Local\\",
    "\\Users\\Public\\",
    "\\Windows\\Temp\\",
    "\\Downloads\\",
    "\\Windows\\Tasks\\",
    "%tmp%",
    "%temp%",
    "%appdata%",
    "%programdata%",
)
_WORDS = (
    "DownloadString",
    "DownloadFile",
    "DownloadData",
    "Invoke-WebRequest",
    "Net.WebClient",
    "FromBase64String",
    "EncodedCommand",
    "Invoke-Expression",
    "IEX",
    ".replace(",
    "-join",
    "[char]",
    "hidden",
    "bypass",
    "noexit",
    "findstr",
    "DllRegisterServer",
    "javascript:",
    "vbscript:",
    "scrobj",
    "urlcache",
)
_FLAG = re.compile(r"(?<=\s)[-/][A-Za-z]{1,14}(?=[\s:]|$)")
_EXTENSION = re.compile(r"\.(?:dll|ocx|hta|vbs|js|jse|vbe|ps1|bat|cmd|lnk|wsf|chm|cpl|tmp)\b,?", re.I)
_CARETS = re.compile(r"\w\^\w{1,3}\^\w")
_HEX_HOST = re.compile(r"//0x[0-9a-f]{8}|//0[0-7]{3,4}\.", re.I)
_RUN = re.compile(r"[^\W\d_]+|\d+", re.UNICODE)


def tokens(command: str) -> tuple[str, ...]:
    """Give the pieces of a command line that outlive addresses, random names and user names, in order of surprise."""
    text = command[:COMMAND_CHARS]
    low = text.lower()
    found = ["//0x"] if _HEX_HOST.search(text) and "//0x" in low else []
    found += [word for word in _WORDS if word.lower() in low]
    found += [folder for folder in _FOLDERS if folder.lower() in low]
    found += [match[0].lower() for match in _EXTENSION.finditer(text)]
    if "http://" in low or "https://" in low:
        found.append("http")
    # Flags alone say little: Windows' own programs use them all day.
    if found:
        found += [f" {match[0]}" for match in _FLAG.finditer(text)][:2]
    kept: list[str] = []
    for one in found:
        if not any(one.lower() in other.lower() for other in kept):
            kept.append(one)
    return tuple(kept[:TOKENS])


def carets(command: str) -> bool:
    """Tell whether a command line hides its words behind carets."""
    return bool(_CARETS.search(command[:COMMAND_CHARS]))


CARETS = r"\w\^\w{1,3}\^\w"
"""The pattern that :func:`carets` looks for, for rules."""


def grammar(name: str) -> str:
    """Give a regular expression for file names made as this one is; empty where the name shows no grammar.

    Digits become runs of digits of that length, words stay. A name with fewer than two digits or of plain words only
    is left alone: its expression would be the name itself, or fit too much.
    """
    stem, dot, extension = name.rpartition(".")
    if not dot or not extension.isalnum() or len(extension) > 5 or sum(one.isdigit() for one in stem) < 2:
        return ""
    parts, at = [], 0
    for match in _RUN.finditer(stem):
        parts.append(_quoted(stem[at : match.start()]))
        run = match[0]
        parts.append(rf"\d{{{len(run)}}}" if run[0].isdigit() else _quoted(run))
        at = match.end()
    if len(parts) > 2 * NAME_PARTS or sum(part.startswith("\\d") for part in parts) < 2:
        return ""
    parts.append(_quoted(stem[at:]))
    return f"(?i)^{''.join(parts)}\\.{_quoted(extension)}$"


def _quoted(text: str) -> str:
    """Give a text as a pattern; only what has a meaning is escaped, since engines differ on other escapes."""
    return re.sub(r"([.^$*+?{}\[\]|()\\])", r"\\\1", text)
