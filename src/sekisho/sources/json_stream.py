"""JSON records out of a stream of any size: one a line, one array, or pretty-printed one after another."""

from __future__ import annotations

import json
import re
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, Span

BLOCK_BYTES = 1 << 20
MAX_RECORD_BYTES = 16 << 20
"""Longest record; the largest that Windows writes is 64 KiB of binary XML, some 400 KiB as JSON."""
MAX_DEPTH = 16
"""Deepest nesting of objects in a pretty-printed record; the deepest shape known (ECS in Winlogbeat) has 6."""
GZIP_MAGIC = b"\x1f\x8b"

_STRING = rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"'
# An escaped backslash, a whole surrogate pair, or half of one: only the last is replaced.
_SURROGATES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF_CHARS = 6


def _object_pattern() -> re.Pattern[bytes]:
    """Give the pattern of one balanced object: possessive throughout, so each try is one pass over the bytes."""
    body = rb"\{(?:[^{}\"]++|" + _STRING + rb")*+\}"
    for _ in range(MAX_DEPTH - 1):
        body = rb"\{(?:[^{}\"]++|" + _STRING + rb"|" + body + rb")*+\}"
    return re.compile(body, re.DOTALL)


_OBJECT = _object_pattern()
_BETWEEN = re.compile(rb"[\s,\[\]]*+")
_NEXT_START = re.compile(rb"\n[ \t]*+(?=\{)|\}\s*+,\s*+(?=\{)")


def inflate(stream: BinaryIO) -> Iterator[bytes]:
    """Give a gzip stream's bytes, member after member, in blocks of at most BLOCK_BYTES.

    Raises:
        zlib.error: the stream breaks; everything before the break was given.
        EOFError: the stream ends inside a member.
    """
    engine = zlib.decompressobj(wbits=31)
    waiting = stream.read(BLOCK_BYTES)
    while waiting:
        block = engine.decompress(waiting, BLOCK_BYTES)
        if block:
            yield block
        waiting = engine.unconsumed_tail
        if engine.eof:
            waiting = engine.unused_data.lstrip(b"\0") or stream.read(BLOCK_BYTES).lstrip(b"\0")
            engine = zlib.decompressobj(wbits=31)
            if not waiting:
                return
        elif not waiting:
            waiting = stream.read(BLOCK_BYTES)
    if not engine.eof:
        raise EOFError("compressed stream ends early")


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Give a plain stream in blocks."""
    while block := stream.read(BLOCK_BYTES):
        yield block


def as_utf8(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same text as UTF-8 without a byte order mark; UTF-16 is told by its mark or its zero bytes."""
    parts = iter(parts)
    first = b""
    for part in parts:
        first += part
        if len(first) >= 4:
            break
    encoding = _utf16(first)
    if not encoding:
        yield first.removeprefix(BOM_UTF8)
        yield from parts
        return
    decoder = getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).removeprefix("\ufeff").encode()
    for part in parts:
        yield decoder.decode(part).encode()
    yield decoder.decode(b"", True).encode()


def _utf16(first: bytes) -> str:
    if first.startswith(BOM_UTF16_LE) or first[1:2] == b"\0" != first[:1]:
        return "utf-16-le"
    if first.startswith(BOM_UTF16_BE) or first[:1] == b"\0" != first[1:2]:
        return "utf-16-be"
    return ""


def records(parts: Iterable[bytes]) -> Iterator[Row | Gap]:
    """Give every JSON object of a UTF-8 text.

    Yields:
        One row per object; its record is the line number (one object a line) or the ordinal of the object, from 1.
        A gap for whatever is no object, with the same numbers.
    """
    even = _even(parts)
    start = b""
    for part in even:
        start += part
        text = start.lstrip()
        if b"\n" in text or text[:1] not in (b"{", b"") or len(start) > MAX_RECORD_BYTES:
            break
    rest = chain([start], even)
    first = start.lstrip().partition(b"\n")[0]
    if first.startswith(b"{") and isinstance(_parse(first), dict):
        return _lines(rest)
    return _objects(rest)


def _even(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts, so that a long record does not cost a copy for each of them."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= BLOCK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _lines(parts: Iterator[bytes], before: int = 0) -> Iterator[Row | Gap]:
    """Read one object a line, after so many lines; one that is too long is skipped without being held."""
    number, carry, skipping = before, b"", False
    loads = orjson.loads
    for part in parts:
        head, *lines = part.split(b"\n")
        if not lines:
            carry = b"" if skipping else carry + head
        else:
            lines.insert(0, b"" if skipping else carry + head)
            carry, skipping = lines.pop(), False
            for line in lines:
                number += 1
                try:
                    fields = loads(line)
                except ValueError:
                    fields = None
                if type(fields) is dict:
                    yield Row(str(number), fields, line)
                else:
                    yield from _odd_line(number, line)
        if len(carry) > MAX_RECORD_BYTES:
            yield Gap(str(number + 1), f"line is longer than {MAX_RECORD_BYTES >> 20} MiB")
            carry, skipping = b"", True
    if carry:
        yield from _odd_line(number + 1, carry)


def split_lines(path: Path, size: int) -> Iterator[Span]:
    """Cut a plain file of one JSON object a line into spans of about ``size`` bytes; nothing for any other file."""
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK_BYTES)
            if next(as_utf8([head]), b"") != head or not isinstance(_parse(head.partition(b"\n")[0]), dict):
                return
            yield from line_spans(file, size)
    except OSError:
        return  # reading it as a whole says why


def line_spans(file: BinaryIO, size: int) -> Iterator[Span]:
    """Cut a file into spans of whole lines, each of about ``size`` bytes."""
    file.seek(0)
    start, lines, read, first = 0, 0, 0, 1
    for block in blocks(file):
        if read - start >= size and (at := block.find(b"\n")) >= 0:
            lines += 1
            yield Span(start, read + at + 1, first)
            start, first = read + at + 1, lines + 1
            lines -= 1
        lines += block.count(b"\n")
        read += len(block)
    if start < read:
        yield Span(start, read, first)


def read_lines(path: Path, span: Span) -> Iterator[Row | Gap]:
    """Give the rows of one span, numbered as in the whole file.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    with file:
        file.seek(span.start)
        yield from _lines(stretch(file, span.end - span.start), span.first - 1)


def stretch(file: BinaryIO, left: int) -> Iterator[bytes]:
    """Give the next so many bytes of a file in blocks."""
    while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
        left -= len(block)
        yield block


def _odd_line(number: int, line: bytes) -> Iterator[Row | Gap]:
    """Read what strict JSON refuses: blank lines, a comma at the end, lone surrogates, bytes that are no UTF-8."""
    line = line.strip().rstrip(b",")
    if not line.strip(b"[]\0"):
        return
    fields = _parse(line)
    if isinstance(fields, dict):
        yield Row(str(number), fields)
    else:
        yield Gap(str(number), "line is no JSON object")


def _objects(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Read objects that may span lines, separated by white space, commas and brackets."""
    number, buffer, at, ended = 0, b"", 0, False
    wanted = BLOCK_BYTES
    while True:
        at = _BETWEEN.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing too
        found = _OBJECT.match(buffer, at)
        if found:
            number, at, wanted = number + 1, found.end(), BLOCK_BYTES
            fields = _parse(found[0])
            yield Row(str(number), fields, found[0]) if isinstance(fields, dict) else Gap(str(number), "no JSON object")
            continue
        left = len(buffer) - at
        if not ended and left < MAX_RECORD_BYTES:
            buffer, ended = _refill(buffer[at:], parts, left + wanted)
            at, wanted = 0, min(wanted * 2, MAX_RECORD_BYTES)
            continue
        if not left:
            return
        number += 1
        yield Gap(str(number), "no JSON object: skipped to the next that starts like one")
        onward = _NEXT_START.search(buffer, at)
        at = onward.end() if onward else len(buffer)
        wanted = BLOCK_BYTES


def _refill(buffer: bytes, parts: Iterator[bytes], size: int) -> tuple[bytes, bool]:
    """Give the buffer grown to ``size`` bytes or more, and whether the stream has ended."""
    pieces, have = [buffer], len(buffer)
    while have < size:
        piece = next(parts, None)
        if piece is None:
            return b"".join(pieces), True
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces), False


def _parse(text: bytes) -> Any:
    """Give the value of a JSON text, or None when nothing can be made of it."""
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    loose = _SURROGATES.sub(_whole, text.decode("utf-8", "replace"))
    try:
        return json.loads(loose, strict=False)
    except (ValueError, RecursionError):
        return None


def _whole(found: re.Match[str]) -> str:
    return "\\ufffd" if len(found[0]) == _HALF_CHARS else found[0]
