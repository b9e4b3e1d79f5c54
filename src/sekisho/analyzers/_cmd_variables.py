"""Environment variables of cmd.exe: their defaults, and the cutting and replacing that hides words in them."""

from __future__ import annotations

import re

from sekisho.analyzers._script import Trace

VALUE_CHARS = 32_767
"""Source: Microsoft, environment variables, maximum size."""

# Source: Windows 10 defaults for a user named "user"; the letters at fixed places are what obfuscators cut out.
DEFAULTS = {
    "allusersprofile": r"C:\ProgramData",
    "appdata": r"C:\Users\user\AppData\Roaming",
    "commonprogramfiles": r"C:\Program Files\Common Files",
    "commonprogramfiles(x86)": r"C:\Program Files (x86)\Common Files",
    "commonprogramw6432": r"C:\Program Files\Common Files",
    "comspec": r"C:\Windows\system32\cmd.exe",
    "driverdata": r"C:\Windows\System32\Drivers\DriverData",
    "homedrive": "C:",
    "homepath": r"\Users\user",
    "localappdata": r"C:\Users\user\AppData\Local",
    "os": "Windows_NT",
    "path": r"C:\Windows\system32;C:\Windows;C:\Windows\System32\Wbem;C:\Windows\System32\WindowsPowerShell\v1.0"
    "\\",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    "processor_architecture": "AMD64",
    "programdata": r"C:\ProgramData",
    "programfiles": r"C:\Program Files",
    "programfiles(x86)": r"C:\Program Files (x86)",
    "programw6432": r"C:\Program Files",
    "psmodulepath": r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules",
    "public": r"C:\Users\Public",
    "sessionname": "Console",
    "systemdrive": "C:",
    "systemroot": r"C:\Windows",
    "temp": r"C:\Users\user\AppData\Local\Temp",
    "tmp": r"C:\Users\user\AppData\Local\Temp",
    "userprofile": r"C:\Users\user",
    "windir": r"C:\Windows",
}
FIXED = frozenset({"comspec", "systemroot", "windir", "systemdrive", "programdata", "allusersprofile", "public", "os"})
"""The same on every machine, so written out; the others stay by name, which says more than our guess."""

_PERCENT = re.compile(r"%([^%\s:=&|<>^\"!][^%:=&|<>\"!]{0,80}?)(?::([^%\n]{1,200}?))?%")
_DELAYED = re.compile(r"!([^!\s:=&|<>^\"%][^!:=&|<>\"%]{0,80}?)(?::([^!\n]{1,200}?))?!")
_SLICE = re.compile(r"~\s*(-?\d{1,6})?\s*(?:,\s*(-?\d{1,6})?)?\s*")


class Variables:
    """The environment a command line runs in."""

    def __init__(self, trace: Trace) -> None:
        """Start with nothing set beyond Windows' own."""
        self.trace = trace
        self.set: dict[str, str] = {}
        self.delayed = False
        self.drop_unknown = False
        """True in batch files, where an unknown variable is nothing; on a command line it stays as written."""

    def assign(self, name: str, value: str) -> None:
        """Set a variable, or forget it when the value is empty."""
        key = name.strip('"').lower()
        if value:
            self.set[key] = value[:VALUE_CHARS]
        else:
            self.set.pop(key, None)

    def expand(self, text: str, *, final: bool = True) -> str:
        """Put values in the place of ``%x%`` and ``!x!``; ``final`` decides what becomes of unknown ones."""
        drop = final and self.drop_unknown
        if "%" in text:
            text = _PERCENT.sub(lambda match: self._value(match, drop), text)
        if "!" in text and (self.delayed or self.set):
            text = _DELAYED.sub(lambda match: self._value(match, final and self.delayed), text)
        return text

    def _value(self, match: re.Match[str], drop: bool) -> str:
        name, change = match.group(1).lower(), match.group(2)
        self.trace.step()
        if name in self.set:
            self.trace.trick("set-variable")
            value = self.set[name]
        elif name in DEFAULTS:
            if change is None and name not in FIXED:
                return match.group()
            if change is not None:
                self.trace.trick("environment-substring")
            value = DEFAULTS[name]
        else:
            return "" if drop and not name[0].isdigit() else match.group()
        self.trace.step(len(value) // 32)
        return changed(value, change) if change is not None else value


def changed(value: str, change: str) -> str:
    """Give ``%x:~start,length%`` or ``%x:old=new%`` of a value.

    Source: cmd.exe, ``set /?``.
    """
    if cut := _SLICE.fullmatch(change):
        start = int(cut.group(1) or 0)
        start = max(0, len(value) + start) if start < 0 else start
        if cut.group(2) is None:
            return value[start:]
        length = int(cut.group(2))
        return value[start : length if length < 0 else start + length]
    old, equals, new = change.partition("=")
    if not equals or not old:
        return value
    if old.startswith("*"):
        at = value.lower().find(old[1:].lower()) if len(old) > 1 else -1
        return new + value[at + len(old) - 1 :] if at >= 0 else value
    return re.sub(re.escape(old), lambda _: new, value, flags=re.IGNORECASE)[:VALUE_CHARS]
