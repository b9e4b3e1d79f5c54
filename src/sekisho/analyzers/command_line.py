"""Command lines with their disguise taken off: carets, quotes, variables, nested shells, encoded PowerShell."""

from __future__ import annotations

import re
from typing import Any

from sekisho.analyzers._cmd_shell import Shell, kind_of
from sekisho.analyzers._jscript_fold import unfold_jscript
from sekisho.analyzers._powershell_script import unfold_powershell
from sekisho.analyzers._programs import describe, program_name, words
from sekisho.analyzers._script import Layer, Trace, Unfolded, script_text
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

__all__ = ["Unfolded", "unfold", "unfold_shell"]

LAYERS = 8
"""Encoded scripts in encoded scripts that one command line may unfold to."""


def unfold(command_line: str) -> Unfolded:
    """Give what one process command line does in the end, the scripts encoded in it included.

    A line that starts PowerShell itself never went through cmd.exe and is read by PowerShell's rules. Nothing is
    raised: ``cut`` names the limit when one stopped the reading.
    """
    outer = unfold_shell(command_line)
    return _with_layers(command_line, outer)


def unfold_shell(text: str, *, batch: bool = False) -> Unfolded:
    """Give a command line or batch file as cmd.exe would execute it; encoded scripts stay layers."""
    text = text[: DEFAULT.text_chars]
    trace = Trace()
    first = (words(text[:400]) or [""])[0]
    if not batch and (program_name(first) in ("powershell", "pwsh") or OPTION.match(text)):
        describe(trace, text if not text.lstrip().startswith("-") else f"powershell {text}")
        return trace.result(text, text)
    if not batch and SCRIPT.match(text):
        trace.layer("script", "powershell", text)
        return trace.result(text, text)
    shell = Shell(trace, batch=batch)
    try:
        final = shell.run(text)
    except LimitError as error:
        trace.cut, final = error.limit, text
    for path, *printed in shell.files.values():
        if any(chunk.strip() for chunk in printed):
            trace.layer(path, kind_of(path), "\n".join(printed))
    return trace.result(text, final)


OPTION = re.compile(
    r"\s*-(?:e(?:nc?(?:odedcommand)?|c)?|w(?:in(?:dowstyle)?)?|nop(?:rofile)?|noni\w*|ex(?:ec(?:utionpolicy)?)?|ep|"
    r"c(?:ommand)?|sta|f(?:ile)?|nol\w*)\s",
    re.IGNORECASE,
)
"""Arguments that a shortcut gives to powershell.exe without naming it."""


SCRIPT = re.compile(r"\s*\$[\w:]{1,60}\s*=|\s*(?:IEX|Invoke-\w+|\[\w+(?:\.\w+)+\]::)\b", re.IGNORECASE)
"""PowerShell that stands where a command line was expected."""


def _with_layers(command_line: str, outer: Unfolded) -> Unfolded:
    """Add what the encoded scripts do to what the line itself does."""
    done = [outer]
    waiting = list(outer.layers)
    while waiting and len(done) <= LAYERS:
        inner = _read_layer(waiting.pop(0))
        if inner:
            done.append(inner)
            waiting.extend(inner.layers)
    return Unfolded(
        text="\n".join(part.text for part in done),
        tricks=_merged(done, "tricks"),
        urls=tuple({url.canonical or url.raw: url for part in reversed(done) for url in part.urls}.values()),
        calls=_merged(done, "calls"),
        commands=_merged(done, "commands"),
        layers=_merged(done, "layers"),
        cut=next((part.cut for part in done if part.cut), ""),
    )


def _merged(parts: list[Unfolded], name: str) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(value for part in parts for value in getattr(part, name)))


def _read_layer(layer: Layer) -> Unfolded | None:
    readers = {"cmd": unfold_shell, "powershell": unfold_powershell, "jscript": unfold_jscript}
    reader = readers.get(layer.kind)
    return reader(script_text(layer.data)) if reader else None
