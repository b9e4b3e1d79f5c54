"""What correlations read of a hit: the values it is grouped by, counted by or calculated with.

A hit is an event and a finding on it. A correlation's own finding is a hit as well: its event is ``Joined``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, product
from operator import itemgetter
from typing import Any, TypeAlias

from sekisho.detect._values import key_of, number_of, text_of
from sekisho.model.event import Event
from sekisho.model.finding import Finding

MAX_GROUPS_OF_HIT = 100
"""Groups that one hit may join when fields have several values; more are counted and left out."""

Key: TypeAlias = str | tuple[str, ...]
ValuesOf: TypeAlias = Callable[[Any], Sequence[Any]]
COLUMNS = frozenset({"host", "user", "source"})
MAX_KNOWN = 100_000  # groups whose folded form is remembered, for each rule of each correlation
LARGEST = 2**63  # no counter of a log goes beyond it; sums and means of such numbers stay finite
NOBODY = frozenset({"", "-"})  # what Windows writes where there is no account


Hit: TypeAlias = tuple[Any, Finding]
"""An ``Event`` or ``Joined``, and the finding on it."""


class Joined:
    """What stands for an event where a correlation's finding is a hit: the values of all that contributed."""

    __slots__ = ("hits", "names", "time_ns", "values")

    def __init__(self, time_ns: int, names: Sequence[str], key: Sequence[str], hits: Sequence[Hit]) -> None:
        """``names`` and ``key`` are what it was grouped by; ``hits`` those kept as its evidence."""
        self.time_ns = time_ns
        self.names, self.values, self.hits = names, key, hits

    @property
    def fields(self) -> Joined:
        """It answers for its fields itself."""
        return self

    def get(self, name: str) -> Any:
        """Give the value it was grouped by, else the distinct values of what contributed."""
        if name in self.names:
            return self.values[self.names.index(name)]
        return list(dict.fromkeys(text for event, _ in self.hits for text in texts(event, name)))


def texts(event: Any, name: str) -> list[str]:
    """Give the distinct values of a field as folded text; none when there is no such field, or nothing in it.

    A field of this exact name comes first, then the common columns ``host``, ``user`` and ``source``, then a field
    whose name differs in case only.
    """
    fields = event.fields
    value = fields.get(name)
    if value is None and isinstance(event, Event):
        if name in COLUMNS:
            value = column(event, name)
        elif (written := key_of(fields, name)) is not None:
            value = fields[written]
    values = value if isinstance(value, (list, tuple)) else (value,)
    found = (text_of(one).casefold() for one in values if one is not None)
    return list(dict.fromkeys(text for text in found if text))


def column(event: Event, name: str) -> str:
    r"""Give a common column; of ``CORP\sato`` and ``sato@corp.example`` the account name ``sato``."""
    if name == "user":
        user = event.user.rpartition("\\")[2].partition("@")[0].strip()
        return "" if user in NOBODY else user
    value = event.host if name == "host" else event.source
    return "" if value in NOBODY else value


class GroupReader:
    """Gives the groups of hits. What fields were read as before is looked up, so the usual case is one lookup.

    The group of one field is its text, of several a tuple of texts.
    """

    __slots__ = ("known", "names", "written")

    def __init__(self, names: Sequence[str]) -> None:
        """``names`` are those of the event's fields."""
        self.names = tuple(names)
        self.known: dict[Any, Key] = {} if names else {(): ()}
        """Group by what ``written`` gives; holds texts only."""
        self.written: Callable[[Any], Any] = itemgetter(*names) if names else _nothing
        """Gives a group's values as they are in the fields. Raises KeyError where there is none."""

    def read(self, event: Any) -> Key | list[Key] | None:
        """Give the group that is not known yet: None where a field is missing, a list where there are several."""
        if not self.names:
            return ()
        values = [texts(event, name) for name in self.names]
        if not all(values):
            return None
        if len(values) == 1:
            found: list[Key] = [*values[0][: MAX_GROUPS_OF_HIT + 1]]
        else:
            found = list(islice(product(*values), MAX_GROUPS_OF_HIT + 1))
        if len(found) > 1:
            return found
        self._remember(event, found[0])
        return found[0]

    def _remember(self, event: Any, key: Key) -> None:
        get = event.fields.get
        values = tuple([get(name) for name in self.names])
        if all(type(value) is str and value for value in values):
            if len(self.known) >= MAX_KNOWN:
                self.known.clear()
            self.known[values if len(values) > 1 else values[0]] = key


def _nothing(_fields: Any) -> tuple[str, ...]:
    return ()


def value_reader(names: Sequence[str]) -> ValuesOf:
    """Make the function that gives the values a hit counts for; of several fields every combination."""
    name, wanted = names[0], tuple(names)

    def of_one(event: Any) -> Sequence[Any]:
        value = event.fields.get(name)
        return (value.casefold(),) if type(value) is str and value else texts(event, name)

    def of_several(event: Any) -> Sequence[Any]:
        return list(islice(product(*(texts(event, one) for one in wanted)), MAX_GROUPS_OF_HIT))

    return of_one if len(wanted) == 1 else of_several


def number_reader(name: str) -> ValuesOf:
    """Make the function that gives the numbers of a field; texts that are no numbers are left out."""

    def numbers(event: Any) -> Sequence[Any]:
        value = event.fields.get(name)
        if type(value) is int and -LARGEST <= value <= LARGEST:
            return (value,)
        values = value if isinstance(value, (list, tuple)) else texts(event, name) if value is None else (value,)
        found = (one if type(one) is int else number_of(one) for one in values if not isinstance(one, bool))
        return [one for one in found if one is not None and -LARGEST <= one <= LARGEST]

    return numbers
