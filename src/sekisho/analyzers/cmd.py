"""Command lines and batch files (.bat, .cmd): what cmd.exe would run in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._script import FEATURES, features, is_message_or_page, script_text
from sekisho.analyzers.command_line import unfold_shell
from sekisho.model.artifact import Artifact, Feature

HEAD_BYTES = 4_096
SIGNS = re.compile(
    r"^\s*@?(?:echo\s+off\b|setlocal\b|set\s+(?:/[ap]\s+)?\"?\w+=|goto\s+:\w+\s*$|(?:%comspec%|cmd(?:\.exe)?)\s+/[a-z]|::"
    r"|if\s+(?:not\s+)?exist\s|for\s+(?:/\w\s+)?.{0,40}%%\w\s+in\s*\(|start\s+/|chcp\s+\d|(?:call|del|copy)\s+\S*[%\\])",
    re.IGNORECASE | re.MULTILINE,
)
STRONG = re.compile(r"^\s*@echo\s+off\b", re.IGNORECASE | re.MULTILINE)
NAMED = (".bat", ".cmd")


def recognise(artifact: Artifact) -> bool:
    """Tell whether text is a batch file: by its name, by ``@echo off``, else by three kinds of its lines."""
    head = artifact.data[:HEAD_BYTES]
    if b"\0" in head[:64] and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return False
    text = script_text(head) if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head.decode("latin-1")
    if text.lstrip()[:1] in ("<", "{"):
        return False
    if artifact.name.lower().endswith(NAMED):
        return bool(text.strip())
    if is_message_or_page(text):
        return False
    return (
        STRONG.search(text) is not None or len({match.group().split()[0].lower() for match in SIGNS.finditer(text)}) > 2
    )


@analyzer("cmd", features=FEATURES, media_type="text/x-msdos-batch", recognise=recognise)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Unfold one command line or a batch file.

    Yields:
        ``script.*`` and ``url`` features, then what it carries or writes as children: encoded PowerShell, decoded
        files, echoed scripts.

    Raises:
        LimitError: it is longer or more folded than the limits allow; what was read stands.
    """
    text = script_text(artifact.data)
    batch = not artifact.kind or "\n" in text.strip() or artifact.name.lower().endswith(NAMED)
    yield from features(artifact, "cmd", unfold_shell(text, batch=batch))
