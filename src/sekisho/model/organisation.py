"""Who the evidence belongs to: what makes a sender one's own, known, or worth impersonating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose name is worth borrowing."""

    names: tuple[str, ...]
    """Every way the name is written, the usual one first."""
    addresses: frozenset[str] = frozenset()
    """Every address that is really theirs, private ones included; lower case."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """What its owner says about an organisation; everything may be empty."""

    domains: frozenset[str] = frozenset()
    """Own mail domains, lower case."""
    partners: frozenset[str] = frozenset()
    """Domains of those one has business with, lower case."""
    people: tuple[Person, ...] = ()
    relays: frozenset[str] = frozenset()
    """Own mail servers and gateways: names, domains, authserv-ids, addresses or networks (CIDR); lower case."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """DKIM key records by the name they are published under (``selector._domainkey.domain``), lower case."""


NOBODY = Organisation()
"""Nothing is known about whose mail it is."""
