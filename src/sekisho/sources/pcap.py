"""Packet captures: recognised and named as not read, because Zeek and Suricata read them far better than we would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source

# Both byte orders, times in micro- and nanoseconds, and the newer format's section header block.
# Source: draft-ietf-opsawg-pcap, "General File Structure"; draft-ietf-opsawg-pcapng, section 4.1.
MAGICS = tuple(map(bytes.fromhex, ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d")))
SECTION_HEADER, BYTE_ORDERS = b"\n\r\r\n", (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")
NOT_READ = (
    "a packet capture, which only Zeek or Suricata read: install one of them and bubblewrap and add --captures zeek "
    "or --captures suricata, or give the logs that they write"
)


def recognise(head: bytes, path: Path) -> bool:
    """Tell a capture by its magic number."""
    return head[:4] in MAGICS or (head[:4] == SECTION_HEADER and head[8:12] in BYTE_ORDERS)


@source("pcap", recognise=recognise, event_class="records")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Give one gap that says what would read the capture."""
    yield Gap("", NOT_READ)
