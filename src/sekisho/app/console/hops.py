"""Header fields of a mail as people read them: each with what is odd about it, and the way it took as a table.

Source: RFC 5322 3.6 (which fields may stand once), RFC 5321 4.4 (trace lines).
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sekisho.analyzers._maildate import utc
from sekisho.analyzers.headers import Header

MOST_FIELDS, MOST_HOPS = 400, 60
LONGEST_VALUE = 4_000  # characters of one value
SLOW_S = 3_600  # between two servers; greylisting takes minutes, RFC 5321 4.5.4.1 asks for a retry after thirty
BACK_S = 120  # by which clocks of two servers may differ
# RFC 5322 3.6, with the fields of MIME (RFC 2045) that decide how a mail is read.
ONCE = frozenset(
    "date from sender reply-to to cc bcc message-id in-reply-to references subject mime-version content-type".split()
)
_ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CLAUSE = re.compile(r"(?:^|[\s)])(from|by|via|with|id|for)\s+", re.IGNORECASE)
_ADDRESS = re.compile(r"\[(?:ipv6:)?([0-9a-f:.]{3,45})\]|(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One header field."""

    name: str
    """Lower case."""
    value: str
    """Decoded, on one line."""
    odd: tuple[str, ...]
    """twice: may stand only once; acting: holds characters that steer what is shown; raw: bytes beyond ASCII."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One server that took the mail, as it or somebody else wrote."""

    sender: str
    """Name that the sending side gave, with what was found out about it."""
    address: str
    receiver: str
    protocol: str
    at: str
    """ISO 8601 in UTC; empty when it cannot be read."""
    delay_s: int | None
    """Since the hop before; None when one of the two has no time."""
    odd: tuple[str, ...]
    """slow backwards timeless private."""


def told(headers: Sequence[Header]) -> list[Field]:
    """Give the fields as they follow one another, MOST_FIELDS at most."""
    counts = Counter(one.name for one in headers)
    fields = []
    for one in headers[:MOST_FIELDS]:
        text = one.text
        odd = (
            *(("twice",) if one.name in ONCE and counts[one.name] > 1 else ()),
            *(("acting",) if _ACTING.search(text) else ()),
            *(("raw",) if not one.folded.isascii() else ()),
        )
        fields.append(Field(one.name, text[:LONGEST_VALUE], odd))
    return fields


def hops(headers: Sequence[Header]) -> list[Hop]:
    """Give the way a mail took, the first server first."""
    lines = [one.raw[:LONGEST_VALUE].decode("latin-1") for one in headers if one.name == "received"][:MOST_HOPS]
    found: list[Hop] = []
    before: datetime | None = None
    for line in reversed(lines):
        front, _, date = line.rpartition(";")
        at = utc(date) if front else ""
        clauses = _clauses(front or line)
        address = _address(clauses.get("from", ""))
        moment = datetime.fromisoformat(at.replace("Z", "+00:00")) if at else None
        delay = int((moment - before).total_seconds()) if moment and before else None
        odd = (
            *(("timeless",) if not at else ()),
            *(("backwards",) if delay is not None and delay < -BACK_S else ()),
            *(("slow",) if delay is not None and delay > SLOW_S else ()),
            *(("private",) if address and _is_private(address) else ()),
        )
        found.append(
            Hop(
                clauses.get("from", "")[:300],
                address,
                clauses.get("by", "")[:300],
                clauses.get("with", "").partition(" ")[0][:40],
                at,
                delay,
                odd,
            )
        )
        before = moment or before
    return found


def _clauses(line: str) -> dict[str, str]:
    """Give the clauses of a trace line by their first words; a word within brackets starts none."""
    starts = [one for one in _CLAUSE.finditer(line) if line.count("(", 0, one.start()) <= line.count(")", 0, one.end())]
    found: dict[str, str] = {}
    ends = [*(one.start() for one in starts[1:]), len(line)]
    for one, end in zip(starts, ends, strict=False):
        found.setdefault(one[1].lower(), line[one.end() : end].strip())
    return found


def _address(text: str) -> str:
    for bracketed, plain in _ADDRESS.findall(text)[:10]:
        try:
            return str(ipaddress.ip_address(bracketed or plain))
        except ValueError:
            continue
    return ""


def _is_private(address: str) -> bool:
    """Tell an address that nobody reaches from outside; those of documentation stand for public ones."""
    one = ipaddress.ip_address(address)
    return one.is_loopback or one.is_link_local or any(one in network for network in _PRIVATE)


# Source: RFC 1918, RFC 4193.
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
