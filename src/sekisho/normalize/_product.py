"""What tells the records of one product, and the names that rules use for their fields."""

from __future__ import annotations

from typing import NamedTuple

Aliases = tuple[tuple[str, ...], ...]


class Product(NamedTuple):
    """One kind of record."""

    product: str
    category: str
    service: str
    """``{name}`` stands for the value of that field."""
    needs: tuple[str, ...]
    """Lower case."""
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Field and its values, lower case."""
    aliases: Aliases = ()
    """The name rules use, and where the record has it: the first that is there."""
    opened: tuple[str, ...] = ()
    """Prefixes, lower case: what is below is also given without them."""
    whole: tuple[tuple[str, str], ...] = ()
    """The name rules use for an object as JSON text, and its path in the record."""
    derive: str = ""
    """What :mod:`sekisho.normalize._records_derive` works out besides."""
    also: tuple[str, ...] = ()
    """Services of which the record gives one more event each."""
    ends: tuple[str, str] | tuple[()] = ()
    """Fields with the two addresses of a connection: the inside one is the host of the event."""
    time: str = ""
    """Field, lower case, that says when it happened, where the usual one says when it was logged."""
    ahead_h: int = 0
    """Hours that times without a zone are ahead of UTC, for programs that know but one zone."""
