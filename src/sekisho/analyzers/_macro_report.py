"""How an assessed macro is told: features in order of weight, then what it would start and write as children."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.analyzers._basic import unfold
from sekisho.analyzers._basic_trace import Trace, Written, base_name
from sekisho.analyzers._macro_grade import Assessment
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.url import Url
from sekisho.model.urltext import find_urls

__all__ = ["FEATURES", "base_name", "calls", "children", "content", "report", "urls"]

FEATURES = (
    "macro.grade",
    "macro.reason",
    "vba.autoexec",
    "vba.keywords",
    "vba.commands",
    "vba.calls",
    "vba.strings",
    "vba.tricks",
    "vba.unfolded",
    "url",
)
CHILDREN = 40
"""Commands and files handed on of one project."""
_ONLY_UNKNOWN = re.compile(r"\s*\{[^{}]*\}\s*")


def report(
    artifact: Artifact, modules: Iterable[tuple[str, str]], assessment: Assessment
) -> Iterator[Feature | Artifact]:
    """Say what macros do.

    Yields:
        ``macro.grade`` and ``macro.reason``; ``vba.*`` as declared in ``FEATURES``; URLs; one child ``kind="cmd"`` for
        each command line and one child for each file whose content the macro holds.

    Raises:
        LimitError: following what runs by itself reached a limit; raised last.
    """
    trace = assessment.trace
    pairs = list(modules)
    yield Feature("macro.grade", assessment.grade)
    for name, values in (
        ("macro.reason", assessment.reasons),
        ("vba.autoexec", assessment.automatic),
        ("vba.keywords", assessment.keywords),
        ("vba.commands", tuple(dict.fromkeys(command.text for command in trace.commands))),
        ("vba.calls", tuple(calls(trace))),
        ("vba.strings", tuple(trace.strings)),
        ("vba.tricks", tuple(trace.tricks)),
    ):
        for value in values:
            yield Feature(name, value)
    for name, source in pairs:
        text = unfold(source, trace.folded.get(name, {}))
        if text != source:
            yield Feature("vba.unfolded", text[: DEFAULT.text_chars])
    for url in urls(trace, "\n".join(source for _, source in pairs), "macro"):
        yield Feature("url", url)
    yield from children(artifact, trace)
    if trace.cut in ("steps", "text_chars"):
        raise LimitError(trace.cut, getattr(DEFAULT, trace.cut))


def calls(trace: Trace) -> Iterator[str]:
    """Give what was done as ``verb object`` lines."""
    for name in trace.objects:
        yield f"creates {name}"
    for _, address in trace.downloads:
        yield f"downloads {address}"
    for written in trace.files:
        yield f"writes {written.path}"
    for command in trace.commands:
        yield f"starts {command.text}"
    if {"replicates:CopyFile", "replicates:Copy"} & set(trace.actions):
        yield "copies itself"


def urls(trace: Trace, source: str, where: str) -> Iterator[Url]:
    """Give every URL of the source and of what it came to; the tricks that hid it are added."""
    tricks = ", ".join(trace.tricks)
    texts = [command.text for command in trace.commands] + [address for _, address in trace.downloads]
    seen: set[str] = set()
    for url in find_urls("\n".join([*texts, *trace.strings]), where):
        key = url.canonical or url.raw
        if key not in seen:
            seen.add(key)
            hidden = ", ".join(filter(None, [tricks, url.hidden_by]))
            yield url if url.raw in source else replace(url, hidden_by=hidden)
    for url in find_urls(source, where):
        if (url.canonical or url.raw) not in seen:
            seen.add(url.canonical or url.raw)
            yield url


def children(artifact: Artifact, trace: Trace) -> Iterator[Artifact]:
    """Give command lines, written files and built code of other languages."""
    for command in trace.commands[:CHILDREN]:
        if not _ONLY_UNKNOWN.fullmatch(command.text) and not command.text.lower().startswith("script:"):
            yield artifact.child(command.verb, command.text.encode("utf-8", "replace"), relation="decoded", kind="cmd")
    for written in trace.files[:CHILDREN]:
        data = content(written)
        if data is not None:
            yield artifact.child(base_name(written.path), data, relation="decoded")
    for language, source in trace.layers[:CHILDREN]:
        if "vb" not in language:
            yield artifact.child("script", source.encode("utf-8", "replace"), relation="decoded", kind="jscript")


def content(written: Written) -> bytes | None:
    """Give a written file's bytes, None when too little of them is known to be of use."""
    if written.verb in ("RegWrite", "WriteProfile", "CreateShortcut") or not written.content:
        return None
    data = b"".join(
        piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace") for piece in written.content
    )
    return None if len(data.strip()) < 8 or _ONLY_UNKNOWN.fullmatch(data[:2000].decode("utf-8", "replace")) else data
