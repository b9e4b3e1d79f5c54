"""Mailbox files (mbox): one artifact a message, whatever the size of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sekisho.model.artifact import SEPARATOR, Artifact
from sekisho.model.errors import SourceError
from sekisho.model.limits import DEFAULT
from sekisho.sources import Gap, Row, source

MAX_LINE_BYTES = 1 << 20
"""Longer lines are read in pieces; only the first piece can be a separator."""
# "From someone@example Mon Apr 25 10:00:00 2022", also with a zone or an ISO date; Thunderbird writes "From - Mon …".
# Source: RFC 4155, appendix A (default format).
_DATED = re.compile(rb"From [^\r\n]*?\b(?:\d{4}-\d\d-\d\d[T ]\d|\w{3},? +(?:\w{3} +\d|\d{1,2} \w{3})[^\r\n]*? \d{4})")
_HEADER = re.compile(rb"(?:>?From |[!-9;-~]+[ \t]*:)")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def recognise(head: bytes, path: Path) -> bool:
    """Tell a mailbox by a separator line followed by a header line."""
    first, _, rest = head.lstrip(b"\r\n").partition(b"\n")
    if not first.startswith(b"From "):
        return False
    return _HEADER.match(rest) is not None if rest else _DATED.match(first) is not None


@source("mbox", recognise=recognise, event_class="artifact")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Split a mailbox into its messages, without the separator lines and the quoting of ``From`` in bodies.

    Yields:
        One artifact per message, in file order, named and addressed by its ordinal from 1. A message above the
        limit ``input_bytes`` comes without bytes and says so in ``unscanned``. A gap for text before the first
        separator.

    Raises:
        SourceError: the file cannot be opened.

    Source: RFC 4155, appendix A; mboxrd quoting as qmail's mbox(5) describes it. mboxo differs only for lines that
    began with ``>From`` before they were stored, which it cannot tell apart.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    with file:
        for ordinal, message in enumerate(_messages(file)):
            if ordinal:
                yield _artifact(path, ordinal, message)
            elif message is None or message.strip():
                yield Gap("0", "text before the first separator line was not read")


def _artifact(path: Path, ordinal: int, message: bytes | None) -> Artifact:
    name = f"message-{ordinal}.eml"
    return Artifact(
        name=name,
        data=b"" if message is None else _QUOTED.sub(rb"\1", message),
        address=f"{path}{SEPARATOR}{name}",
        kind="eml",
        declared_type="message/rfc822",
        unscanned="" if message is not None else f"limit reached: input_bytes = {DEFAULT.input_bytes}",
    )


def _messages(file: BinaryIO) -> Iterator[bytes | None]:
    """Give what stands before the first separator, then each message; None for one that is too large."""
    held = bytearray()
    size, first, fresh = 0, True, True
    line = file.readline(MAX_LINE_BYTES)
    while line:
        following = file.readline(MAX_LINE_BYTES)
        if fresh and line.startswith(b"From ") and _separates(line, following, first=first and not size):
            yield _whole(held, size)
            held, size, first = bytearray(), 0, False
        else:
            size += len(line)
            if size <= DEFAULT.input_bytes:
                held += line
            else:
                held.clear()
        fresh = line.endswith(b"\n")
        line = following
    yield _whole(held, size)


def _separates(line: bytes, following: bytes, *, first: bool) -> bool:
    """Tell a separator from body text: it carries a date and a header line follows; the first may lack the date."""
    if following.strip(b"\r\n") and not _HEADER.match(following):
        return False
    return first or _DATED.match(line) is not None


def _whole(held: bytearray, size: int) -> bytes | None:
    """Give the message without the blank line that belongs to the next separator."""
    if size > DEFAULT.input_bytes:
        return None
    for blank in (b"\r\n", b"\n"):
        if held.endswith(b"\n" + blank):
            return bytes(held[: -len(blank)])
    return bytes(held)
