"""Who is who: mailbox, account, SID, host and address of one person or machine, as the logs themselves show it.

A tie says that two names mean the same for a while, how sure that is, and which record says so. Nothing is tied by
guessing but the oldest custom of mail: that the local part of a company's address is the account's name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sekisho.correlate.observables import account_of, outside
from sekisho.model.event import Event
from sekisho.model.observable import Observable

MAX_TIES = 200_000  # distinct pairs remembered; a company of 20,000 people has some five each
LEASE_NS = 24 * 3600 * 1_000_000_000  # an address is taken to stay with its machine for a day around a sighting
# How sure a tie is, 0 to 100 (STIX confidence). A log that states both names in one record is surest; a custom is not.
STATED, OBSERVED, CUSTOM = 95, 80, 60
AT_DESK = frozenset(("2", "7", "10", "11"))  # interactive, unlock, remote desktop, cached: Microsoft, event 4624


class Tie(NamedTuple):
    """Two names of one thing."""

    left: Observable
    right: Observable
    confidence: int
    why: str
    """logon process connection lease directory custom (catalogue: ``why.tie.*``)."""
    evidence: str
    """Id of the first record that shows it; empty for a custom."""
    first_ns: int | None
    last_ns: int | None
    times: int


@dataclass(slots=True)
class Seen:
    """What is known of a tie while events stream by."""

    confidence: int
    why: str
    evidence: str
    first_ns: int | None
    last_ns: int | None
    times: int = 1


class Identities:
    """Collects ties as events stream by."""

    def __init__(self) -> None:
        """Start empty."""
        self._seen: dict[tuple[Observable, Observable], Seen] = {}
        self._leases: dict[str, list[tuple[int, str]]] | None = None
        self._spans: dict[str, list[tuple[int, int, str]]] = {}
        self._of: dict[Observable, list[Tie]] | None = None

    def learn(self, event: Event) -> None:
        """Take the ties that one record states."""
        for left, right, confidence, why in _stated(event):
            known = self._seen.get((left, right))
            if known is None or known.confidence < confidence:
                self._add(left, right, Seen(confidence, why, event.id, event.time_ns, event.time_ns))
            else:  # the usual case, at every process: no id is made for it
                known.times += 1
                _widen(known, event.time_ns, event.time_ns)

    def give(self, seen: dict[tuple[Observable, Observable], Seen]) -> None:
        """Add what another collected."""
        for (left, right), one in seen.items():
            self._add(left, right, one)

    def take(self) -> dict[tuple[Observable, Observable], Seen]:
        """Hand on what was collected and start anew."""
        seen, self._seen = self._seen, {}
        return seen

    def ties(self, what: Observable) -> list[Tie]:
        """Give what is known of one name, surest first."""
        if self._of is None:
            self._of = defaultdict(list)
            for (left, right), one in self._seen.items():
                tie = Tie(left, right, one.confidence, one.why, one.evidence, one.first_ns, one.last_ns, one.times)
                self._of[left].append(tie)
                self._of[right].append(tie)
            for ties in self._of.values():
                ties.sort(key=lambda tie: (-tie.confidence, -tie.times, tie.left, tie.right))
        return self._of.get(what, [])

    def host_of(self, address: str, at_ns: int | None = None) -> str:
        """Give the machine that had an address, at a moment when one is given; empty when nothing shows it.

        Of a machine that had it again and again only the first and last sighting are known. Between these it is taken
        to have kept the address, unless another machine had it meanwhile.
        """
        if self._leases is None:
            self._leases = defaultdict(list)
            for (left, right), one in self._seen.items():
                if left.type == "ip" and right.type == "host":
                    self._leases[left.value] += [(at or 0, right.value) for at in {one.first_ns, one.last_ns}]
                    if one.first_ns is not None and one.last_ns is not None:
                        self._spans.setdefault(left.value, []).append((one.first_ns, one.last_ns, right.value))
            for lease in self._leases.values():
                lease.sort()
        leases = self._leases.get(address, [])
        if not leases:
            return ""
        if at_ns is None:
            return leases[-1][1] if len({host for _, host in leases}) == 1 else ""
        place = bisect_right(leases, (at_ns, "\U0010ffff"))
        near = [one for one in leases[max(0, place - 1) : place + 1] if not one[0] or abs(one[0] - at_ns) <= LEASE_NS]
        if near:
            return min(near, key=lambda one: abs(one[0] - at_ns))[1]
        spans = self._spans.get(address, ())
        kept = next((one for one in spans if one[0] <= at_ns <= one[1]), None)
        return kept[2] if kept and all(one is kept or one[1] < kept[0] or one[0] > kept[1] for one in spans) else ""

    def _add(self, left: Observable, right: Observable, one: Seen) -> None:
        known = self._seen.get((left, right))
        if known is None:
            if len(self._seen) < MAX_TIES:
                self._seen[left, right] = one
            return
        known.times += one.times
        if one.confidence > known.confidence:
            known.confidence, known.why, known.evidence = one.confidence, one.why, one.evidence
        _widen(known, one.first_ns, one.last_ns)


def _widen(known: Seen, first_ns: int | None, last_ns: int | None) -> None:
    """Have a tie hold from the earlier to the later of both."""
    if first_ns is not None and (known.first_ns is None or first_ns < known.first_ns):
        known.first_ns = first_ns
    if last_ns is not None and (known.last_ns is None or last_ns > known.last_ns):
        known.last_ns = last_ns


def custom(mailbox: str) -> Tie:
    """Give the tie of a company's mailbox to the account of the same name."""
    left, right = Observable("mailbox", mailbox.lower()), Observable("account", account_of(mailbox))
    return Tie(left, right, CUSTOM, "custom", "", None, None, 1)


@lru_cache(maxsize=65_536)
def bare_host(name: str) -> str:
    """Give a machine's name without its domain, lower case."""
    return name if name.replace(".", "").isdigit() else name.partition(".")[0].lower()


def _stated(event: Event) -> Iterator[tuple[Observable, Observable, int, str]]:
    """Give the ties that one record states."""
    fields, source = event.fields, event.logsource
    host = _host(event.host)
    if fields.get("EventID") in (4624, "4624"):
        yield from _logon(event, host)
    elif source.category == "network_connection" and host.value:
        address = str(fields.get("SourceIp") or "")
        if address and str(fields.get("Initiated", "true")).lower() == "true" and _is_of_machine(address):
            yield Observable("ip", address), host, STATED, "connection"
    elif source.category == "process_creation" and host.value:
        account = _account(event.user)
        if account.value:
            yield account, host, OBSERVED, "process"
        return
    elif source.service == "dhcp" or "assigned_addr" in fields:
        address = str(fields.get("assigned_addr") or fields.get("assigned_ip") or fields.get("client_addr") or "")
        name = bare_host(str(fields.get("host_name") or fields.get("client_fqdn") or ""))
        if address and name:
            yield Observable("ip", address), Observable("host", name), STATED, "lease"
    principal = str(
        fields.get("userPrincipalName") or fields.get("UserPrincipalName") or fields.get("AccountUpn") or ""
    )
    bare = str(fields.get("AccountName") or fields.get("onPremisesSamAccountName") or "")
    if "@" in principal and (name := account_of(bare or principal)):
        confidence = STATED if bare else CUSTOM
        yield Observable("mailbox", principal.lower()), Observable("account", name), confidence, "directory"
    sid = str(fields.get("AccountSid") or "")
    if sid.startswith("S-1-5-21-") and (name := account_of(bare)):
        yield Observable("account", name), Observable("sid", sid), STATED, "directory"


@lru_cache(maxsize=65_536)
def _host(name: str) -> Observable:
    return Observable("host", bare_host(name))


@lru_cache(maxsize=65_536)
def _account(name: str) -> Observable:
    return Observable("account", account_of(name))


def _logon(event: Event, host: Observable) -> Iterator[tuple[Observable, Observable, int, str]]:
    fields = event.fields
    name = account_of(str(fields.get("TargetUserName") or ""))
    if not name:
        return
    account = Observable("account", name)
    if (sid := str(fields.get("TargetUserSid") or "")).startswith("S-1-5-21-"):
        yield account, Observable("sid", sid), STATED, "logon"
    if str(fields.get("LogonType")) in AT_DESK and host.value:
        yield account, host, STATED, "logon"
    station = bare_host(str(fields.get("WorkstationName") or ""))
    address = str(fields.get("IpAddress") or "").removeprefix("::ffff:")
    if station not in ("", "-") and _is_of_machine(address) and str(fields.get("LogonType")) == "3":
        yield Observable("ip", address), Observable("host", station), OBSERVED, "logon"


def _is_of_machine(address: str) -> bool:
    """Tell whether an address can be a machine's own inside a network."""
    return bool(address) and not address.startswith(("127.", "::1", "fe80", "169.254.", "0.")) and not outside(address)


def told(ties: Iterable[Tie]) -> tuple[Tie, ...]:
    """Give ties each once, surest first."""
    return tuple(sorted(dict.fromkeys(ties), key=lambda tie: (-tie.confidence, tie.left, tie.right)))
