"""Indicators that others share: one file a format, each giving what its file tells, unjudged.

Whether a value is one, may be looked for and is still fresh is decided by whoever imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sekisho.model.errors import SourceError
from sekisho.sources import Gap

HEAD_BYTES = 64 * 1024
WHOLE_BYTES = 256 * 1024 * 1024
"""Largest JSON file read; tables and texts are read line by line and may be of any size."""
NOTE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One value as its file tells it."""

    value: str
    """As written; hostile."""
    place: str
    """Line number or object id."""
    kind: str = ""
    """One of ``model.indicator.KINDS``; empty where the file does not say."""
    confidence: int | None = None
    first_at: int | None = None
    last_at: int | None = None
    until_at: int | None = None
    """UTC seconds."""
    source: str = ""
    note: str = ""
    sightings: int = 0


Reader = Callable[[Path], Iterator[Told | Gap]]


def reader_of(path: Path) -> tuple[str, Reader]:
    """Give name and reader of a file of indicators, told by its content.

    Raises:
        SourceError: it cannot be read.
    """
    from sekisho.sources.indicators import misp, stix, table, text

    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", str(path)) from error
    for name, module in (("stix", stix), ("misp", misp), ("table", table)):
        if module.recognise(head, path):
            return name, module.read
    return "text", text.read


def whole(path: Path) -> bytes:
    """Give a file's bytes.

    Raises:
        SourceError: it cannot be read, or is larger than WHOLE_BYTES.
    """
    try:
        if path.stat().st_size > WHOLE_BYTES:
            raise SourceError(f"is larger than {WHOLE_BYTES >> 20} MiB; split it", str(path))
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", str(path)) from error


def seconds(value: object) -> int | None:
    """Read a time in seconds or in any ISO 8601 form; None for what is none."""
    text = str(value or "").strip().strip('"')
    if not text or len(text) > 40:
        return None
    if text.isdigit():
        number = int(text[:13])
        return number // 1000 if len(text) == 13 else number if 8 < len(text) < 12 else None
    try:
        at = datetime.fromisoformat(text.replace(" UTC", "Z"))
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def percent(value: object) -> int | None:
    """Read a confidence from 0 to 100, or a word for one. Source: STIX 2.1, appendix A, "None / Low / Med / High"."""
    text = str(value if value is not None else "").strip().lower().removesuffix("%")
    words = {"none": 0, "low": 15, "med": 50, "medium": 50, "high": 85}
    if text in words:
        return words[text]
    try:
        return max(0, min(100, round(float(text))))
    except (ValueError, OverflowError):
        return None
