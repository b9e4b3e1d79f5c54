"""The second look: logs are asked once more for what the first reading turned out to be about.

A file is read again only when its bytes hold one of the values, so the second look costs a scan of the text and the
reading of few files. Packed logs and those in wide characters are read again without the scan.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

from sekisho.app.intake import Intake
from sekisho.app.logs import Asked, read_logs
from sekisho.correlate.history import History
from sekisho.detect.ruleset import RuleSet
from sekisho.model.event import Logsource
from sekisho.model.limits import Limits
from sekisho.model.observable import Observable

CHUNK_BYTES = 4 * 1024 * 1024
WANTED_CHARS = (4, 255)  # a value shorter or longer than this is not looked for


def second_look(
    history: History,
    logs: Sequence[Intake],
    wanted: Collection[Observable],
    *,
    jobs: int,
    limits: Limits,
    logsource: Logsource | None = None,
) -> int:
    """Add to the history what records of servers and networks name of ``wanted``; give how many are new.

    Windows logs are left out: what processes do was kept the first time.
    """
    shown = {one.value for one in wanted if WANTED_CHARS[0] <= len(one.value) <= WANTED_CHARS[1]}
    found = [
        one for one in logs if one.source is not None and one.source.event_class != "windows" and holds(one.path, shown)
    ]
    if not found:
        return 0
    asked = Asked(wanted=frozenset(wanted), only_wanted=True, logsource=logsource)
    new = 0
    for _, part in read_logs(found, RuleSet([]), jobs=jobs, limits=limits, asked=asked):
        new += history.recall(part.kept)
    return new


def holds(path: Path, shown: Collection[str]) -> bool:
    """Tell whether a file may hold one of some values, whatever their case; a file that is no plain text may."""
    patterns = sorted(value.encode() for value in shown if value.isascii())
    if not patterns:
        return False
    scan = BytesAhoCorasick(patterns)
    overlap = max(map(len, patterns))
    try:
        with path.open("rb") as file:
            before = b""
            while chunk := file.read(CHUNK_BYTES):
                if b"\0" in chunk[:4096] or chunk[:2] == b"\x1f\x8b":
                    return True
                text = before + chunk.lower()
                if scan.find_matches_as_indexes(text):
                    return True
                before = text[-overlap:]
    except OSError:
        return False
    return False
