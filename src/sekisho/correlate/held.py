"""Held: events of hosts as few bytes, until it is known which hosts a story is about.

Most of what hosts do belongs to no story, but which of it does is known only when all logs are read. Some thousand
events are packed together: each field name once for all events of its kind, then compressed. Of ordinary Sysmon events
40 to 60 bytes each are left of the 1,500 that the same events take as objects (``./dev bench stories``).
"""

from __future__ import annotations

import pickle
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from ntpath import basename
from typing import Any
from zlib import crc32

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from sekisho.model.event import Event, Logsource

LEVEL = 3  # of Zstandard: its default, at which packing takes a hundredth of the time that reading a log takes
WRITES = ("file_event", "create_stream_hash")
HOST, FIELDS = 4, 9  # columns of a packed row: its host, and where its fields begin


@dataclass(frozen=True, slots=True)
class Held:
    """A stretch of events, packed; made by :func:`hold`."""

    packed: bytes
    hosts: dict[str, int]
    """How many events of each host, lower case."""
    names: array[int]
    """Checksums of the names of files that these events write."""

    def writes(self, checksums: Collection[int]) -> bool:
        """Tell whether a file of some names may be written here."""
        return bool(checksums) and not set(self.names).isdisjoint(checksums)


def hold(events: Sequence[tuple[int, Event, bool]]) -> Held | None:
    """Pack a stretch of events; nothing where there are none.

    Args:
        events: place in the stretch, the event, and whether it names something sought.
    """
    if not events:
        return None
    kinds: dict[tuple[Logsource, tuple[str, ...]], int] = {}
    rows: list[tuple[Any, ...]] = []
    hosts: Counter[str] = Counter()
    names = set()
    for index, one, touched in events:
        kind = kinds.setdefault((one.logsource, tuple(one.fields)), len(kinds))
        place = (one.time_ns, one.host, one.user, one.source, one.record, one.parts)
        rows.append((index, kind, touched, *place, *one.fields.values()))
        hosts[one.host.lower()] += 1
        if one.logsource.category in WRITES:
            names.add(checksum(written(one)))
    packed = zstd.compress(pickle.dumps((list(kinds), rows), pickle.HIGHEST_PROTOCOL), LEVEL)
    return Held(packed, dict(hosts), array("L", sorted(names)))


def release(held: Held, hosts: Collection[str] | None = None) -> Iterator[tuple[int, Event, bool]]:
    """Give the events of some hosts again, or of all, in order, as :func:`hold` was given them."""
    kinds, rows = pickle.loads(zstd.decompress(held.packed))
    if hosts is not None and not held.hosts.keys() <= set(hosts):
        wanted = {host for host in {row[HOST] for row in rows} if host.lower() in hosts}
        rows = [row for row in rows if row[HOST] in wanted]
    for row in rows:
        index, kind, touched, at, host, user, source, record, parts = row[:FIELDS]
        logsource, names = kinds[kind]
        fields = dict(zip(names, row[FIELDS:], strict=True))
        yield index, Event(logsource, fields, at, host, user, source, record, parts), touched


def written(event: Event) -> str:
    """Give the name of the file that an event writes, lower case, without the stream that Windows marks it by."""
    path = str(event.fields.get("TargetFilename") or "").lower()
    return basename(path.partition(":zone")[0])


def checksum(name: str) -> int:
    """Give what a name is looked for by; equal names have equal ones, unequal ones seldom."""
    return crc32(name.encode("utf-8", "surrogatepass"))
