"""Clocks: how far one log's times are from another's, from what both of them saw.

A mail's Received line and its row of the tracking log, a machine's connection and the proxy's line for it, a logon on
both sides: each pair gives a difference. The offset is where most of the things seen agree; where they do not agree,
nothing is said and nothing corrected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

SECOND_NS = 1_000_000_000
FURTHEST_NS = 26 * 3600 * SECOND_NS  # a wrong date is no clock's offset; a wrong zone is at most this (ISO 8601 zones)
WINDOW_NS = 90 * SECOND_NS  # what two honest logs of one act differ by: a proxy logs at the end of a transfer
LEAST_THINGS = 3  # seen by both that agree; two can agree by chance
LEAST_SHARE = 0.6  # of all things seen by both
SAME_NS = 30 * SECOND_NS  # smaller offsets change no join and are not told
TIMES_OF_ONE = 20  # sightings of one thing on each side that are compared


class Seen(NamedTuple):
    """One thing that a log saw, under a name that other logs use too."""

    source: str
    thing: tuple[str, ...]
    """("message", id), ("contact", party, host) or ("logon", account, address)."""
    at_ns: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Shift:
    """What to take from a log's times to have the others'."""

    source: str
    offset_ns: int
    things: int
    evidence: tuple[str, ...]


def shifts(reference: Iterable[Seen], others: Iterable[Seen]) -> dict[str, Shift]:
    """Give the offset of each log that is off by more than half a minute and that enough things show, by source.

    Args:
        reference: what mails and machines say, whose clocks are taken for right.
        others: what the logs in question say.
    """
    known: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for one in reference:
        if len(known[one.thing]) < TIMES_OF_ONE:
            known[one.thing].append(one)
    asked: dict[str, dict[tuple[str, ...], list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for one in others:
        if one.thing in known and len(asked[one.source][one.thing]) < TIMES_OF_ONE:
            asked[one.source][one.thing].append(one)
    found = {}
    for source, things in sorted(asked.items()):
        shift = _shift(source, things, known)
        if shift is not None and abs(shift.offset_ns) > SAME_NS:
            found[source] = shift
    return found


def _shift(
    source: str, things: Mapping[tuple[str, ...], list[Seen]], known: Mapping[tuple[str, ...], list[Seen]]
) -> Shift | None:
    """Find the narrow window of differences that most things agree on, the one nearest to none where they tie."""
    differences = sorted(
        (theirs.at_ns - ours.at_ns, thing, theirs.evidence, ours.evidence)
        for thing, ones in things.items()
        for theirs in ones
        for ours in known[thing]
        if abs(theirs.at_ns - ours.at_ns) <= FURTHEST_NS
    )
    best: tuple[int, int, int, int] | None = None
    inside: dict[tuple[str, ...], int] = defaultdict(int)
    start = 0
    for end, one in enumerate(differences):
        inside[one[1]] += 1
        while one[0] - differences[start][0] > WINDOW_NS:
            gone = differences[start][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            start += 1
        rank = (len(inside), -abs(one[0] + differences[start][0]) // 2, start, end)
        if best is None or rank[:2] > best[:2]:
            best = rank
    if best is None or best[0] < LEAST_THINGS or best[0] < LEAST_SHARE * len(things):
        return None
    agreed = differences[best[2] : best[3] + 1]
    offset = int(median(one[0] for one in agreed))
    nearest = min(agreed, key=lambda one: abs(one[0] - offset))
    return Shift(source, offset, best[0], (nearest[2], nearest[3]))
