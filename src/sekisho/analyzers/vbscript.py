"""VBScript (.vbs, .vbe, .wsf, script blocks of pages): what it would start, fetch and write, its disguise taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._basic import evaluate, unfold
from sekisho.analyzers._basic_syntax import parse
from sekisho.analyzers._basic_trace import Trace
from sekisho.analyzers._macro_report import base_name, calls, content, urls
from sekisho.analyzers._script import FEATURES, Layer, Unfolded, features, script_text
from sekisho.analyzers.script_encoding import MARK, decode_script_encoder
from sekisho.analyzers.vba import SOURCE_CHARS, is_vba
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

HEAD = 65_536
_MODULE = "script"
_NAMES = (".vbs", ".vbe")
_COMPONENT = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<(?:job|package|scriptlet|component)\b", re.I)
_BLOCK = re.compile(r"<script\b([^>]{0,500})>(.*?)</script\s*>", re.I | re.S)
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.S)
_OTHER_LANGUAGE = re.compile(
    rb"^[ \t]*(?:var[ \t]|function[ \t]*\w*[ \t]*\([^)\r\n]*\)[ \t]*\{|Imports[ \t]+System|Namespace[ \t]|param[ \t]*\("
    rb"|\$\w+[ \t]*=|#include|import[ \t])",
    re.M | re.I,
)
_HABITS = (
    re.compile(rb"^[ \t]*Dim[ \t]+\w+(?:[ \t]*\([^)\r\n]*\))?(?:[ \t]*,[ \t]*\w+)*[ \t]*\r?$", re.M | re.I),
    re.compile(rb"^[ \t]*Set[ \t]+\w+[ \t]*=[ \t]*\S", re.M | re.I),
    re.compile(rb"^[ \t]*On[ \t]+Error[ \t]+(?:Resume|GoTo)\b", re.M | re.I),
    re.compile(rb"\b(?:Create|Get)Object[ \t]*\([^)\r\n]*\)[ \t]*(?:\.|\r?$|:)", re.M | re.I),
    re.compile(rb"^[ \t]*(?:Private[ \t]+|Public[ \t]+)?(?:Sub|Function)[ \t]+\w+", re.M | re.I),
    re.compile(rb"^[ \t]*End[ \t]+(?:Sub|Function|If|With|Class)\b", re.M | re.I),
    re.compile(rb"(?:^|:)[ \t]*Execute(?:Global)?\b[ \t(]", re.M | re.I),
    re.compile(rb"\bWScript\.\w", re.I),
    re.compile(rb"^[ \t]*(?:Loop|Wend|Next)(?:[ \t]+\w+)?[ \t]*\r?$", re.M | re.I),
    re.compile(rb"\bChrW?[ \t]*\([ \t]*(?:&H)?[\w+*/ -]+\)[ \t]*&", re.I),
    re.compile(rb"^[ \t]*If\b.{1,200}\bThen\b", re.M | re.I),
)
"""Three of them make a script."""


def is_vbscript(artifact: Artifact) -> bool:
    """Tell VBScript: encoded, a script component, or any text under its name, or three habits of the language."""
    head = artifact.data[:HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    if b"\0" in head:
        return False
    name = artifact.name.lower()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(MARK.encode()):
        return not name.endswith((".jse", ".js"))
    if _COMPONENT.match(head):
        return b"<script" in head.lower()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or name.endswith(
        (".js", ".ps1", ".py", ".bat", ".cmd", ".php", ".eml")
    ):
        return False
    if _OTHER_LANGUAGE.search(head) or is_vba(artifact):
        return False
    if name.endswith(_NAMES):
        return bool(head.strip())  # text under a script's name: Windows would run it, whatever its habits
    return sum(bool(habit.search(head)) for habit in _HABITS) >= 3


@analyzer("vbscript", features=FEATURES, media_type="text/vbscript", recognise=is_vbscript)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Follow a script from its first line.

    Yields:
        The features of ``_script``; one child ``kind="cmd"`` for each command line, one child for each file whose
        content the script holds; the blocks of a script component as children.

    Raises:
        LimitError: a limit was reached; raised last.
    """
    source = script_text(artifact.data)
    if _COMPONENT.match(artifact.data[:HEAD]):
        yield from _component(artifact, source)
        return
    encoded = MARK in source
    if encoded:
        try:
            source = decode_script_encoder(source)
        except MalformedError:
            encoded = False
    if source[:9].lower() == "vbscript:":
        source = source[9:]
    cut = source[:SOURCE_CHARS]
    trace = evaluate([parse(cut, _MODULE, vbscript=True)])
    if encoded:
        trace.tricks["script-encoder"] += 1
    yield from features(artifact, "vbscript", told(cut, trace))
    if len(source) > SOURCE_CHARS:
        raise LimitError("text_chars", SOURCE_CHARS)


def told(source: str, trace: Trace) -> Unfolded:
    """Give what following the script showed, in the words that all scripts share."""
    texts = [unfold(source, trace.folded.get(_MODULE, {}))]
    texts += [layer for language, layer in trace.layers if "vb" in language]
    layers = [Layer(command.verb, "cmd", command.text.encode("utf-8", "replace")) for command in trace.commands]
    for written in trace.files:
        data = content(written)
        if data is not None:
            layers.append(Layer(base_name(written.path), "", data))
    layers += [
        Layer("script", "jscript", text.encode("utf-8", "replace")) for kind, text in trace.layers if "vb" not in kind
    ]
    evaluated = (f"evaluates {text.strip()[:200]}" for _, text in trace.layers if text.strip())
    return Unfolded(
        text="\r\n".join(texts),
        tricks=tuple(trace.tricks),
        urls=tuple(urls(trace, source, "script")),
        calls=tuple(dict.fromkeys((*calls(trace), *evaluated))),
        commands=tuple(dict.fromkeys(command.text for command in trace.commands)),
        layers=tuple(layers),
        cut=trace.cut if trace.cut in ("steps", "text_chars") else "",
    )


def _component(artifact: Artifact, source: str) -> Iterator[Artifact]:
    """Give the script blocks of a .wsf or .sct file; a block without a language is JScript."""
    for index, found in enumerate(_BLOCK.finditer(source)):
        if index >= 100:
            return
        kind = "vbscript" if "vbs" in found[1].lower() else "jscript"
        inner = _CDATA.search(found[2])
        text = (inner[1] if inner else found[2]).strip()
        if text:
            suffix = "vbs" if kind == "vbscript" else "js"
            yield artifact.child(
                f"script{index + 1}.{suffix}", text.encode("utf-8", "replace"), relation="embedded", kind=kind
            )
