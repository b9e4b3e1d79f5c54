"""Lists and reports as plain text: one value a line, host files, or values amid prose, defanged or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sekisho.model.errors import SourceError
from sekisho.model.indicator import guess
from sekisho.model.toplevel import TOP_LEVEL
from sekisho.sources import Gap
from sekisho.sources.indicators import Told

LINE_CHARS = 64 * 1024
WORDS = 2_000  # of one line
_AROUND = "\"'`<>(){}|,;:!?、。「」『』（）・*"
_WORD = re.compile(r"[^\s,;|\u3000、。「」『』（）]{4,2048}")


def read(path: Path) -> Iterator[Told | Gap]:
    """Give the values of each line; a gap only for a line that looks like a value and is none.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", str(path)) from error
    with file:
        number, going_on = 0, False
        while line := file.readline(LINE_CHARS):
            ended = line.endswith("\n")
            number += not going_on
            going_on = not ended
            yield from _line(number, line.strip())


def _line(number: int, line: str) -> Iterator[Told | Gap]:
    if not line or line.startswith(("#", "//", ";", "!")):
        return
    alone = line.partition(" #")[0].partition("\t#")[0].strip()
    if " " not in alone and "\t" not in alone:
        if guess(alone) is not None:
            yield Told(alone, str(number))
        else:
            yield from _words(number, alone, [Gap(str(number), f"no address, name or hash: {alone[:60]}")])
        return
    yield from _words(number, line, [])


def _words(number: int, line: str, otherwise: list[Gap]) -> Iterator[Told | Gap]:
    """Give what stands amid prose; a name there must end in a known top-level domain, or file names would be hosts."""
    seen = False
    for at, match in enumerate(_WORD.finditer(line)):
        if at >= WORDS:
            yield Gap(str(number), f"more than {WORDS} words in one line")
            return
        word = match[0].strip(_AROUND).rstrip(".")
        found = guess(word)
        if found and (found[0] not in ("domain", "email") or _known(found[1])):
            seen = True
            yield Told(word, str(number), found[0])
    if not seen:
        yield from otherwise


def _known(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in TOP_LEVEL or last.startswith("xn--")
