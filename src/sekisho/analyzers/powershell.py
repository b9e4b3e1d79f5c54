"""PowerShell (.ps1, and the command lines that start it): what it would do in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._powershell_script import unfold_powershell
from sekisho.analyzers._script import FEATURES, features, is_message_or_page, mostly_code, script_text
from sekisho.model.artifact import Artifact, Feature

HEAD_BYTES = 16_384
SIGNS = (
    re.compile(r"^\s*\$[\w:]+\s*\+?=(?!=)", re.MULTILINE),
    re.compile(r"\$(?:env:|_\b|null\b|true\b|false\b|PSScriptRoot\b|Error\w*Preference\b)", re.IGNORECASE),
    re.compile(
        r"\b(?:New-Object|Invoke-\w+|Start-(?:Process|Sleep|BitsTransfer|Job)|Write-(?:Host|Output)|Get-\w+|Set-\w+|Out-\w+|Add-\w+"
        r"|Remove-Item|IEX|IWR)\b",
        re.IGNORECASE,
    ),
    re.compile(r"\[[A-Za-z][\w.]+(?:\[\])?\](?:::|\s*[$('\"]|0x)"),
    re.compile(
        r"^\s*(?:function\s+[\w-]+\s*(?:\([^)]*\))?\s*\{|param\s*\(|foreach\s*\(\s*\$\w+\s+in\b|try\s*\{)",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(r"\s-(?:f|join|split|replace|bxor|eq|ne|match|like)\s", re.IGNORECASE),
)
OTHER = re.compile(
    r"<\?php|#!/|<html|<!doctype|^\s*(?:use strict|my \$|sub \w+ \{|Dim |On Error )", re.IGNORECASE | re.MULTILINE
)


LINE = re.compile(r"[;{}|=]|^\s*#|^\s*[A-Z][a-z]+-[A-Z]\w+|\$\w|^\s*\)")


def recognise(artifact: Artifact) -> bool:
    """Tell whether text is PowerShell: any text under its name, else three of its habits."""
    head = artifact.data[:HEAD_BYTES]
    marked = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not marked and b"\0" in head[:2] + head[4:64]:
        return False
    text = script_text(head)
    if artifact.name.lower().endswith((".ps1", ".psm1", ".psd1")):
        return text.strip()[:1] not in ("", "<")
    if ("$" not in text and "-" not in text) or is_message_or_page(text) or not mostly_code(text, LINE):
        return False
    return sum(bool(sign.search(text)) for sign in SIGNS) >= 3 and not OTHER.search(text)


@analyzer("powershell", features=FEATURES, media_type="text/x-powershell", recognise=recognise)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Unfold a script or a ``powershell ...`` command line.

    Yields:
        ``script.*`` and ``url`` features, then what it decodes, evaluates or writes as children.

    Raises:
        LimitError: it is longer or more folded than the limits allow; what was read stands.
    """
    yield from features(artifact, "powershell", unfold_powershell(script_text(artifact.data)))
