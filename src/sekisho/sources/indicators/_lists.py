"""JSON objects of the lists under one name, each read for itself: a file that is cut off gives all before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sekisho.sources import Gap
from sekisho.sources.json_stream import _NEXT_START, _OBJECT, _parse

OBJECTS = 5_000_000
_BETWEEN = re.compile(rb"[\s,]*+")


def objects(data: bytes, name: bytes) -> Iterator[tuple[str, dict[str, Any]] | Gap]:
    """Give the objects of every list called ``name``, with their numbers; a gap for what cannot be read.

    Lists inside those objects are not looked through again; a file with no such list gives nothing.
    """
    start = re.compile(rb'(?<!\\)"' + name + rb'"\s*+:\s*+\[')
    at = number = 0
    while (opened := start.search(data, at)) is not None:
        at = opened.end()
        while number < OBJECTS:
            ahead = _BETWEEN.match(data, at)
            at = ahead.end() if ahead else at
            found = _OBJECT.match(data, at)
            if found is None:
                if at >= len(data) or data[at : at + 1] != b"]":
                    yield Gap(str(number + 1), "the file is cut off or broken here")
                    onward = _NEXT_START.search(data, at)
                    if onward is None:
                        return
                    at = onward.end()
                    continue
                break
            number, at = number + 1, found.end()
            value = _parse(found[0])
            if isinstance(value, dict):
                yield str(number), value
            else:
                yield Gap(str(number), "no JSON object")
