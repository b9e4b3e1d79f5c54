"""URLs: what was written, what it means, and how it was hidden."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Url:
    """One URL as found and as a browser would read it."""

    raw: str
    canonical: str
    """WHATWG serialisation with a dotted IPv4 host; empty when it cannot be parsed."""
    host: str = ""
    ip: str = ""
    """Dotted or bracket-less address when the host is one, else empty."""
    hidden_by: str = ""
    """Comma-separated tricks in the order they were undone (``caret, hex-ip``), empty when none."""
    shown: str = ""
    """Text that the reader sees in place of it, when it differs."""
    where: str = ""
    """Where it stood: text, href, form, script, macro, arguments, header."""

    def __reduce__(self) -> tuple[type[Url], tuple[str, ...]]:
        """Pickle by what it is made of, as features are."""
        return Url, (self.raw, self.canonical, self.host, self.ip, self.hidden_by, self.shown, self.where)
