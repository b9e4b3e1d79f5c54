"""Who the evidence belongs to: what makes a sender one's own, known, or worth impersonating."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Organisation:
    """What its owner says about an organisation; everything may be empty."""

    domains: frozenset[str] = frozenset()
    """Own mail domains, lower case."""


NOBODY = Organisation()
"""Nothing is known about whose mail it is."""
