"""Steady beats: who calls whom again and again at nearly the same interval, as implants ask for orders.

Connections stream by in any order, from any number of readers; of each pair only the moments are kept, within bounds.
What comes out are events of ``product: network, category: beacon``, so that rules say which beat is one too many.

Source: the measures are those that RITA made common (interval and dispersion per pair of addresses), with the median
and its absolute deviation in place of means, because nights and lost packets make outliers of honest and other beats.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from sekisho.model.event import Event, Logsource
from sekisho.model.host import is_address, is_inside

BEACON = Logsource("network", "beacon", "")
CATEGORIES = frozenset({"firewall", "tls", "proxy", "network_connection"})
FIELDS = (
    "src_ip", "dst_ip", "dst_port", "beacon.count", "beacon.interval", "beacon.jitter", "beacon.share",
    "beacon.span", "beacon.sources", "beacon.named", "beacon.names",
)  # fmt: skip

MAX_PAIRS = 50_000
MAX_MOMENTS = 500
"""Kept of one pair: 8 hours of a call a minute. All of all pairs take 200 MB at the very most."""
MAX_NAMES = 50_000
NAMES_SHOWN = 3
MIN_COUNT = 8
"""Calls below which no beat is told of: fewer fall into step by chance."""
MAX_JITTER = 0.5
AT_ONCE_MS = 1_000
"""Connections this close are one call: programs open several, and one shows in several logs."""
NEAR = 0.25
"""Share of the median by which an interval may differ to count as on the beat."""
NS_PER_MS = 1_000_000

Key = tuple[str, str, int]


class Place(NamedTuple):
    """Where the first call of a pair is found."""

    time_ms: int
    source: str
    record: str


@dataclass(slots=True)
class Pair:
    """One source, one destination, one port."""

    first: Place
    host: str = ""
    moments: array[int] = field(default_factory=lambda: array("q"))
    """Milliseconds since 1970, in the order they came by."""


@dataclass(slots=True)
class Heard:
    """What one reader heard, to be given to another."""

    pairs: dict[Key, Pair] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Address to a name by which it was called."""
    dropped: int = 0
    """Connections of pairs beyond MAX_PAIRS."""

    def document(self) -> list[Any]:
        """Give it as JSON can hold it."""
        pairs = [[*key, *one.first, one.host, list(one.moments)] for key, one in self.pairs.items()]
        return [pairs, self.names, self.dropped]

    @classmethod
    def of(cls, written: Any) -> Heard:
        """Read what :meth:`document` gave."""
        pairs, names, dropped = written
        heard = cls({}, names, dropped)
        for source, destination, port, at, path, record, host, moments in pairs:
            heard.pairs[source, destination, port] = Pair(Place(at, path, record), host, array("q", moments))
        return heard


class Beacons:
    """Listens to connections; asked in the end for the beats among them."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._heard = Heard()

    def add(self, event: Event) -> None:
        """Hear one event; what is no connection from inside tells at most a name."""
        category, fields = event.logsource.category, event.fields
        if category == "dns":
            self._answers(fields)
        elif category in CATEGORIES and event.time_ns is not None:
            source, destination, port, name = _ends(category, fields)
            if name and is_address(destination):
                self._name(destination, name)
            if destination and is_inside(source) and not _is_group(destination):
                place = Place(event.time_ns // NS_PER_MS, event.source, event.record)
                self._call((source, destination, port), place, event.host)

    def take(self) -> Heard:
        """Give what was heard so far and start anew: how a worker hands its share on."""
        heard, self._heard = self._heard, Heard()
        return heard

    def give(self, heard: Heard) -> None:
        """Add what another one heard."""
        own = self._heard
        own.dropped += heard.dropped
        for address, name in heard.names.items():
            self._name(address, name)
        for key, other in heard.pairs.items():
            pair = own.pairs.get(key)
            if pair is not None:
                both = sorted([*pair.moments, *other.moments])  # the earliest, whoever is read first
                pair.moments = array("q", both[:MAX_MOMENTS])
                if other.first < pair.first:
                    pair.first, pair.host = other.first, other.host
            elif len(own.pairs) < MAX_PAIRS:
                own.pairs[key] = other
            else:
                own.dropped += len(other.moments)

    def notes(self) -> list[str]:
        """Give a sentence for what was not heard."""
        dropped = self._heard.dropped
        return [f"{dropped} connections were not looked at for steady beats, a limit was reached"] if dropped else []

    def events(self) -> Iterator[Event]:
        """Give an event for each pair with a beat, by source, destination and port."""
        sources: dict[str, set[str]] = defaultdict(set)
        for source, destination, _ in self._heard.pairs:
            sources[destination].add(source)
        for key, pair in sorted(self._heard.pairs.items()):
            if (beat := beat_of(pair.moments)) is not None:
                yield self._event(key, pair, beat, len(sources[key[1]]))

    def _call(self, key: Key, place: Place, host: str) -> None:
        pairs = self._heard.pairs
        pair = pairs.get(key)
        if pair is None:
            if len(pairs) >= MAX_PAIRS:
                self._heard.dropped += 1
                return
            pair = pairs[key] = Pair(place, host)
        elif place < pair.first:
            pair.first, pair.host = place, host
        if len(pair.moments) < MAX_MOMENTS:
            pair.moments.append(place.time_ms)

    def _name(self, address: str, name: str) -> None:
        names = self._heard.names
        if address in names or len(names) < MAX_NAMES:
            names[address] = min(name, names.get(address, name))

    def _answers(self, fields: Mapping[str, Any]) -> None:
        query, answers = fields.get("query"), fields.get("answer")
        if type(query) is str and query:
            for one in answers[:20] if type(answers) is list else (answers,):
                if is_address(one):
                    self._name(str(one), query[:253].lower())

    def _event(self, key: Key, pair: Pair, beat: Beat, sources: int) -> Event:
        source, destination, port = key
        name = destination if not is_address(destination) else self._heard.names.get(destination, "")
        fields = {
            "src_ip": source,
            "dst_ip": destination,
            "dst_port": port,
            "beacon.count": beat.calls,
            "beacon.interval": beat.interval_s,
            "beacon.jitter": beat.jitter,
            "beacon.share": beat.share,
            "beacon.span": beat.span_s,
            "beacon.sources": sources,
            "beacon.named": "true" if name else "false",
        }
        if name:
            fields["beacon.names"] = name
        place = pair.first
        parts = ("beacon", source, destination, str(port))
        time_ns = place.time_ms * NS_PER_MS
        return Event(BEACON, fields, time_ns, pair.host, "", place.source, place.record, parts)


class Beat(NamedTuple):
    """How steadily one pair's calls follow one another."""

    calls: int
    """Those at once count as one."""
    interval_s: float
    """The median."""
    jitter: float
    """Median absolute deviation of the intervals, as a share of the median."""
    share: float
    """Of the intervals that lie within NEAR of the median."""
    span_s: float
    """From the first call to the last."""


def beat_of(moments: Iterable[int]) -> Beat | None:
    """Give the beat of moments in milliseconds, in any order; None when they are few or have none."""
    calls: list[int] = []
    for at in sorted(moments):
        if not calls or at - calls[-1] >= AT_ONCE_MS:
            calls.append(at)
    if len(calls) < MIN_COUNT:
        return None
    gaps = [later - earlier for earlier, later in pairwise(calls)]
    middle = median(gaps)
    jitter = median(abs(gap - middle) for gap in gaps) / middle
    if jitter > MAX_JITTER:
        return None
    share = sum(abs(gap - middle) <= NEAR * middle for gap in gaps) / len(gaps)
    return Beat(
        len(calls), round(middle / 1e3, 1), round(jitter, 3), round(share, 2), round((calls[-1] - calls[0]) / 1e3)
    )


def _ends(category: str, fields: Mapping[str, Any]) -> tuple[str, str, int, str]:
    """Give source, destination, port and, where it is known, the name that was called."""
    if category == "network_connection":
        if str(fields.get("Initiated", "true")).lower() == "false":
            return "", "", 0, ""
        name = fields.get("DestinationHostname")
        source, destination, port = (fields.get(one) for one in ("SourceIp", "DestinationIp", "DestinationPort"))
    else:
        name = fields.get("tls.server_name" if category == "tls" else "url.host")
        source, destination, port = (fields.get(one) for one in ("src_ip", "dst_ip", "dst_port"))
        if category == "proxy" and not destination:
            destination, port = fields.get("url.ip") or name, port or 0
    called = str(name).lower()[:253] if name not in (None, "", "-") and not is_address(name) else ""
    return _text(source), _text(destination).lower(), _number(port), called


def _text(value: Any) -> str:
    return value[:253] if type(value) is str else ""


def _number(value: Any) -> int:
    if type(value) is int:
        return value if 0 <= value < 1 << 16 else 0
    return int(value) if type(value) is str and value.isascii() and value.isdigit() and len(value) < 6 else 0


def _is_group(address: str) -> bool:
    """Tell a multicast or broadcast address. Source: RFC 5771, RFC 4291 2.7, RFC 919."""
    first = address.partition(".")[0]
    return (
        (first.isdigit() and len(first) == 3 and 224 <= int(first) <= 255)
        or address.startswith("ff0")
        or address.endswith(".255")
    )
