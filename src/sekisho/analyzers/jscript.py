"""JavaScript and JScript (.js, .jse, .wsf, scripts of HTML pages): what the script would do in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._jscript_fold import unfold_jscript
from sekisho.analyzers._script import FEATURES, features, is_message_or_page, mostly_code, script_text
from sekisho.analyzers.script_encoding import MARK, decode_script_encoder
from sekisho.model.artifact import Artifact, Feature

HEAD_BYTES = 16_384
SIGNS = (
    re.compile(r"\b(?:var|let|const)\s+[\w$]+\s*(?:=|;|,)"),
    re.compile(r"\bfunction\b\s*[\w$]*\s*\([^)]*\)\s*\{|=>\s*[{(\w]"),
    re.compile(
        r"\b(?:WScript|document|window|module|exports|console|JSON|Math)\s*\.|\bnew\s+ActiveXObject\b|\brequire\s*\("
    ),
    re.compile(r"[;})]\s*(?:$|//|/\*)", re.MULTILINE),
    re.compile(r"\b(?:eval|unescape|parseInt|String\.fromCharCode|atob)\s*\("),
    re.compile(r"===|!==|\breturn\b[^\n]{0,200};|\btypeof\b"),
)
OTHER = re.compile(
    r"^\s*(?:#include|#!|<\?|using\s+[\w.]+;|package\s|import\s+java|Dim\s|Sub\s|Attribute VB_|@echo|param\s*\()"
    r"|^\s*(?:def\s+\w+\(.*:\s*$|from\s+[\w.]+\s+import\s|template\s*<|namespace\s+\w+|class\s+\w+[^{]*[:>]\s*$|our\s+[$@%])|\bpublic\s+class\b"
    r"|\$\w+\s*=\s*New-Object",
    re.IGNORECASE | re.MULTILINE,
)
BASIC = re.compile(
    r"^\s*(?:Dim|Set|Sub|End (?:Sub|If|Function)|On Error|Const|MsgBox|Function \w+)\b", re.IGNORECASE | re.MULTILINE
)
# Possessive: else a page of thirty comments is tried in a thousand million ways before it is seen to be no job.
JOB = re.compile(r"(?><\?[^>]*>\s*|<!--.*?-->\s*)*+<(?:job|package|component|scriptlet)\b", re.IGNORECASE | re.DOTALL)
JOB_SCRIPT = re.compile(r"<script\b([^>]{0,400})>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)


LINE = re.compile(r"[;{}(,]\s*$|=>|//|^\s*\*|[)\]}]|=\s")


def recognise(artifact: Artifact) -> bool:
    """Tell JavaScript: any text under its name, else three of its habits; or a Windows Script Host job."""
    head = artifact.data[:HEAD_BYTES]
    if head[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" in head[:2] + head[4:64]:
        return False
    text = script_text(head).lstrip("\ufeff \t\r\n")
    if text.startswith(MARK):
        return True
    if text.startswith("<"):
        return _is_job(text)
    if text[:1] == "{" and text.lstrip("{ \r\n\t")[:1] == '"':
        return False  # JSON
    if artifact.name.lower().endswith((".js", ".jse", ".mjs")):
        return bool(text)
    if is_message_or_page(text) or not mostly_code(text, LINE):
        return False
    return sum(bool(sign.search(text)) for sign in SIGNS) >= 3 and not OTHER.search(text)


def _is_job(text: str) -> bool:
    return JOB.match(text) is not None


@analyzer("jscript", features=FEATURES, media_type="text/javascript", recognise=recognise)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Unfold a script; a Windows Script Host job gives one child for each script in it.

    Yields:
        ``script.*`` and ``url`` features, then what it decodes, evaluates or writes as children.

    Raises:
        LimitError: it is longer or more folded than the limits allow; what was read stands.
    """
    text = script_text(artifact.data)
    bare = text.lstrip("\ufeff \t\r\n")
    if not artifact.kind and bare.startswith("<"):
        yield from _job(artifact, text)
    elif bare.startswith(MARK) and BASIC.search(decoded := decode_script_encoder(bare)):
        yield Feature("script.language", "vbscript")
        yield Feature("script.tricks", "script-encoder")
        yield artifact.child("decoded.vbs", decoded.encode("utf-8", "replace"), relation="decoded", kind="vbscript")
    else:
        yield from features(artifact, "jscript", unfold_jscript(text))


def _job(artifact: Artifact, text: str) -> Iterator[Feature | Artifact]:
    yield Feature("script.language", "wsf")
    for count, match in enumerate(JOB_SCRIPT.finditer(text), 1):
        language = match.group(1).lower()
        kind = "vbscript" if "vb" in language else "jscript"
        body = re.sub(r"^\s*<!\[CDATA\[|\]\]>\s*$", "", match.group(2))
        if body.strip():
            yield artifact.child(f"script{count}", body.encode("utf-8", "replace"), relation="embedded", kind=kind)
