"""The way a mail took, as its trace lines tell: which of them the receiver wrote, and where foreign words begin.

Source: RFC 5321 4.4 (trace lines); the forms of Postfix, sendmail, qmail, Exim, Exchange Online and Gmail.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from sekisho.analyzers.headers import Fields
from sekisho.model.organisation import Organisation
from sekisho.model.registered import belongs, registered_domain

TRACES = 200
"""Received lines that are looked into; the count covers all."""
_FROM = re.compile(
    r"\s*(?:\([^()]{0,300}\)\s*)?from\s+([^\s;()]{1,255})(?:\s*\((?:[^()\s]{1,64}@)?([^\s()\[\]]{1,255}))?",
    re.IGNORECASE,
)
_BY = re.compile(r"\bby\s+([^\s;()]{1,255})", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+(?:pop3|imap)|\bfetchmail\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?<![\w:.])(?:ipv6:)?[0-9a-f]{0,4}:[0-9a-f:.]{2,45}", re.IGNORECASE
)
# Hosts of one organisation under several domains: a hop between them is internal.
# Source: trace lines of Exchange Online and Gmail.
_SAME = {
    **dict.fromkeys(
        ("outlook.com", "exchangelabs.com", "office365.com", "microsoft.com", "hotmail.com"), "outlook.com"
    ),
    **dict.fromkeys(("google.com", "gmail.com", "googlemail.com", "1e100.net"), "google.com"),
}
_EXAMPLES = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))


@dataclass(frozen=True, slots=True)
class Border:
    """Where a mail came in: what stands above that place, the receiver wrote."""

    at: int
    """Position among the fields of the trace line that the first own server wrote; their count when there is none."""
    below: int
    """Position of the next trace line: filters of the first own server write between the two."""
    receiver: str
    """Registered domain of that server, empty when unknown."""
    earlier: frozenset[str] = frozenset()
    """Registered domains of the servers before it, as far as trace lines that anybody may have written tell."""


def border(fields: Fields, organisation: Organisation) -> Border:
    """Find the newest trace line of a hop from outside: from a public address, by a server of somebody else."""
    lines = [(at, header) for at, header in enumerate(fields.headers) if header.name == "received"][:TRACES]
    texts = [header.raw[:4_000].decode("latin-1") for _, header in lines]
    for number, text in enumerate(texts):
        if _inside(text, organisation):
            continue
        below = lines[number + 1][0] if number + 1 < len(lines) else len(fields.headers)
        earlier = frozenset(owner(by[1]) for line in texts[number + 1 :] if (by := _BY.search(line)))
        by = _BY.search(text)
        return Border(lines[number][0], below, owner(by[1]) if by else "", earlier)
    by = _BY.search(texts[0]) if texts else None
    return Border(len(fields.headers), len(fields.headers), owner(by[1]) if by else "")


def _inside(text: str, organisation: Organisation) -> bool:
    """Tell a hop within the receiver's own house, or one that only fetched the mail from its box."""
    sender, receiver = _FROM.match(text), _BY.search(text)
    if sender is None or _WITH.search(text):
        return True
    part = text[: receiver.start()] if receiver else text
    public = [address for address in map(public_address, _ADDRESS.findall(part)[:10]) if address]
    if any(is_relay(name, organisation) for name in (*public, *(_named(sender) or [sender[1]]))):
        return True
    if not public:
        return "." not in sender[1] or receiver is None or _private(part) or owner(sender[1]) == owner(receiver[1])
    if receiver is None:
        return False
    # The name in front is the sender's own claim; where the receiver looked it up, that counts.
    return all(owner(name) == owner(receiver[1]) for name in (sender[1], *_named(sender)))


def _private(text: str) -> bool:
    """Tell whether an address is shown that nobody can reach from outside."""
    return bool(_ADDRESS.search(text))


def _named(sender: re.Match[str]) -> list[str]:
    """Give the name that the receiver found for the address, where it wrote one (Exim and Exchange write none)."""
    name = (sender[2] or "").lower()
    return (
        [name]
        if name
        and ("." in name or name == "unknown")
        and not public_address(name)
        and ":" not in name
        and "=" not in name
        else []
    )


def is_relay(name: str, organisation: Organisation) -> bool:
    """Tell whether a host name, authserv-id or address is one of the organisation's own."""
    if not organisation.relays:
        return False
    if belongs(name, organisation.relays):
        return True
    address = public_address(name)
    return bool(address) and any(ipaddress.ip_address(address) in network for network in _networks(organisation.relays))


@lru_cache(maxsize=8)
def _networks(relays: frozenset[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    found = []
    for one in relays:
        try:
            found.append(ipaddress.ip_network(one, strict=False))
        except ValueError:
            continue
    return tuple(found)


def owner(host: str) -> str:
    """Give the registered domain of a host in a trace, one for all of a mail provider's."""
    name = host.strip("[]()<>.,;").lower()
    tail = ".".join(name.split(".")[-2:])
    if tail in _SAME:  # most hops of most mails
        return _SAME[tail]
    return registered_domain(name)


@lru_cache(maxsize=1_024)
def public_address(text: str) -> str:
    """Give an address as text if it can be reached from anywhere; test networks count, so that examples work."""
    try:
        address = ipaddress.ip_address(text.lower().removeprefix("ipv6:"))
    except ValueError:
        return ""
    if address.is_global and not address.is_multicast:
        return str(address)
    return str(address) if any(address in network for network in _EXAMPLES) else ""
