"""Records that repeat what no rule matched before, told from the raw record before anything else is done with it.

Logs say the same things over and over: of a million events, some tenth differs in what rules read. For each kind of
record (its names, channel, provider and event id) this knows the raw values on which every field that rules read
depends, and keeps those combinations that no rule matched. What it tells is exact: a record that it knows would have
been normalised and matched to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Protocol

from sekisho.normalize.windows import LOCAL_TIMES, Draft
from sekisho.normalize.windows_logsources import REGISTRY_CATEGORIES, REGISTRY_KEYS
from sekisho.normalize.windows_mapping import OUTPUTS, event_type, sysmon
from sekisho.normalize.windows_shapes import ATTRIBUTES, NESTED, TEXT, Shapes, holds_objects

MAX_CHARS = 96_000_000
"""Of all values kept: 120 to 200 MB."""
MAX_KEPT = 400_000
MAX_LONGEST = 4_000
"""Characters of one combination worth keeping."""
MAX_KINDS = 4_096
_HEAD = frozenset({"EventID", "Channel", "Provider_Name"})
_SYSTEM = ("Task", "Opcode", "Keywords", "Level", "Computer")
_DEEPER = frozenset({"eventrecordid", "system_processid", "userid"})
"""Fields of the System element, case-folded, that are not worth following: rules that read them see every record."""
_USUAL_SECTIONS = 3
_REGISTRY = frozenset({REGISTRY_KEYS, "registry_set", *REGISTRY_CATEGORIES.values()})

Glance = Callable[[Any], bool]
"""Tells whether a keyword may stand in a record's JSON text."""


class Reads(Protocol):
    """What decides whether any rule matches records of one kind."""

    @property
    def names(self) -> frozenset[str]:
        """Case-folded names of the fields that rules read."""

    @property
    def glance(self) -> Glance | None:
        """Looks for keywords in the raw text; None when that cannot tell."""


class Repeats:
    """The memory of one matcher, for one file after another; ``reads`` asks it about one kind of record."""

    def __init__(self, reads: Callable[[Draft], Reads], share: int = 1) -> None:
        """``share``: how many such memories there are on this machine; together they keep MAX_CHARS and MAX_KEPT."""
        self._reads, self._shapes, self._share = reads, Shapes(), share
        self._flat: dict[tuple[str, ...], _Shape] = {}
        self._xml: dict[tuple[str, ...], _Shape] = {}
        self._room = _Room(share)
        self.kinds: list[_Kind] = []
        self.silent = False
        """No keyword can be in the record that was asked for last."""
        self.taught = False
        """Its time has nothing new to teach about local clocks."""
        self._pending: tuple[_Kind, Any, tuple[Any, ...]] | None = None

    def begin(self) -> None:
        """Forget what the times of one file taught, before another is read."""
        for shape in self._flat.values():
            shape.forget()

    def seen(self, raw: Mapping[str, Any], text: bytes | str) -> bool:
        """Tell whether no rule matches a record because one like it matched none; never so for unusual ones.

        ``text`` is the record as the JSON it was read from. Afterwards ``silent`` tells whether no keyword can be in
        it.
        """
        self.silent = self.taught = False
        self._pending = None
        try:
            event = raw.get("Event")
            if event is None:
                shape = self._flat[tuple(raw)]
                values = raw
                kind = shape.kinds[shape.head(raw)]
                if shape.clock and not shape.tells(raw):
                    return False
                self.taught = True
            else:
                values = event["EventData"]
                shape = self._xml[tuple(values)]
                system = event["System"]
                event_id = system["EventID"]
                if type(event_id) is dict:
                    event_id = event_id[TEXT]
                kind = shape.kinds[system["Channel"], system["Provider"][ATTRIBUTES]["Name"], event_id]
                if len(event) > _USUAL_SECTIONS or "UserData" in event:
                    return False
            if kind.glance is None or kind.glance(text):
                return False
            self.silent = True
            variant, key = kind.key(raw, values)
            if not NESTED.isdisjoint(map(type, values.values())):
                key = _odd(values, key)
            if key in kind.kept[variant]:
                kind.count += 1
                return True
            self._pending = kind, variant, key
        except (KeyError, TypeError, AttributeError):  # not seen yet, or of another make: the long way tells
            pass
        return False

    def remember(self, raw: Mapping[str, Any], draft: Draft) -> None:
        """Keep that no rule matched the record that was asked for last."""
        try:
            pending = self._pending or self._find(raw, draft)
        except (KeyError, TypeError, AttributeError):
            return
        if pending is None:
            return
        kind, variant, key = pending
        if kind.variants.setdefault(variant, draft.logsource) != draft.logsource:
            return
        chars = sum(len(one) for one in key if type(one) is str)
        if chars <= MAX_LONGEST:
            kept = kind.kept.get(variant)
            if kept is None:
                kept = kind.kept[variant] = set()
                self._room.sets.append(kept)
            self._room.take(chars)
            kept.add(key)

    def _find(self, raw: Mapping[str, Any], draft: Draft) -> tuple[_Kind, Any, tuple[Any, ...]] | None:
        found = self._kind(raw, draft)
        if found is None:
            return None
        kind, values = found
        variant, key = kind.key(raw, values)
        if not NESTED.isdisjoint(map(type, values.values())):
            key = _odd(values, key)
        hash(key)
        return kind, variant, key

    def _kind(self, raw: Mapping[str, Any], draft: Draft) -> tuple[_Kind, Mapping[str, Any]] | None:
        event = raw.get("Event")
        if event is None:
            if "EventID" not in raw or "Channel" not in raw:
                return None
            names = tuple(raw)
            shape = self._flat.get(names) or self._new_shape(self._flat, names, _FlatShape(self._shapes, names))
            head = shape.head(raw)
            shape.learn(raw)
            values = raw
        else:
            values = event["EventData"]
            system = event["System"]
            event_id = system["EventID"]
            head = (system["Channel"], system["Provider"][ATTRIBUTES]["Name"])
            head = (*head, event_id[TEXT] if type(event_id) is dict else event_id)
            if len(event) > _USUAL_SECTIONS or "UserData" in event or len(raw) != 1:
                return None
            names = tuple(values)
            shape = self._xml.get(names) or self._new_shape(self._xml, names, _XmlShape(names))
        kind = shape.kinds.get(head)
        if kind is None:
            if len(self.kinds) >= MAX_KINDS:
                self._forget()
                return None
            kind = shape.kinds[head] = _Kind(self._shapes, shape, draft, self._reads(draft))
            self.kinds.append(kind)
        return (kind, values) if kind.usable else None

    def _new_shape(self, shapes: dict[tuple[str, ...], _Shape], names: tuple[str, ...], shape: _Shape) -> _Shape:
        shapes[names] = shape
        return shape

    def _forget(self) -> None:
        """Start anew: no real log has so many kinds of record."""
        self._flat, self._xml, self._room = {}, {}, _Room(self._share)
        self.kinds.clear()


def _odd(values: Mapping[str, Any], key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the key of a record with lists or truth values among its fields.

    Raises:
        TypeError: it has objects in it, which add fields, or truth values among what decides, which equal numbers.
    """
    if holds_objects(values) or bool in map(type, key):
        raise TypeError
    return (*key, "odd")  # such records are read otherwise: their nulls are left out


class _Room:
    """Counts what is kept and empties all of it when it is too much."""

    def __init__(self, share: int) -> None:
        self.share = share
        self.sets: list[set[Any]] = []
        self.chars = self.count = 0

    def take(self, chars: int) -> None:
        """Account for one more combination."""
        if self.chars + chars > MAX_CHARS // self.share or self.count >= MAX_KEPT // self.share:
            for one in self.sets:
                one.clear()
            self.chars = self.count = 0
        self.chars += chars
        self.count += 1


class _Shape:
    """Records with the same names."""

    clock = ""

    def __init__(self) -> None:
        self.kinds: dict[Any, _Kind] = {}

    def head(self, raw: Mapping[str, Any]) -> Any:
        """Give what tells the kind of a flat record."""
        raise NotImplementedError

    def tells(self, raw: Mapping[str, Any]) -> bool:
        """Tell whether the time of a record needs no look at it, or teaches nothing new."""
        raise NotImplementedError

    def learn(self, raw: Mapping[str, Any]) -> None:
        """Take note that a record of a local time was looked at."""

    def forget(self) -> None:
        """Forget what was taken note of."""

    def getters(self, names: frozenset[str]) -> tuple[Callable[[Mapping[str, Any]], Any], ...]:
        """Give functions of (raw record) that read the values of these fields outside its data."""
        return ()

    def wanted(self, names: frozenset[str]) -> list[str]:
        """Give the names in the data on which fields of these case-folded names depend."""
        raise NotImplementedError


class _FlatShape(_Shape):
    """Everything at top level, some under several names."""

    def __init__(self, shapes: Shapes, names: tuple[str, ...]) -> None:
        super().__init__()
        ours, aliases, _ = shapes.flat_names(names)
        self.ours: dict[str, set[str]] = {raw: {name} for raw, name in zip(names, ours, strict=True) if name}
        for alias, name in aliases:
            for raw, known in self.ours.items():
                if alias in known:
                    self.ours[raw] = {*known, name}
        heads = [raw for raw, known in self.ours.items() if not known.isdisjoint(_HEAD)]
        self._head = itemgetter(*heads)
        self.clock = next((name for name in LOCAL_TIMES if name in names), "")
        self._hosts = [raw for raw, known in self.ours.items() if "Computer" in known]
        self._taught: dict[Any, str] = {}

    def head(self, raw: Mapping[str, Any]) -> Any:
        return self._head(raw)

    def tells(self, raw: Mapping[str, Any]) -> bool:
        """Local clocks change their offset at full hours at most, so one record an hour and host teaches all."""
        written = raw[self.clock]
        return bool(written[-1:] == "Z" or self._taught[self._host(raw)] == written[:13])

    def learn(self, raw: Mapping[str, Any]) -> None:
        if self.clock:
            self._taught[self._host(raw)] = raw[self.clock][:13]

    def forget(self) -> None:
        self._taught.clear()

    def _host(self, raw: Mapping[str, Any]) -> Any:
        return tuple(raw[name] for name in self._hosts)

    def wanted(self, names: frozenset[str]) -> list[str]:
        return [raw for raw, known in self.ours.items() if any(name.casefold() in names for name in known)]


class _XmlShape(_Shape):
    """The element tree of EVTX records."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names

    def getters(self, names: frozenset[str]) -> tuple[Callable[[Mapping[str, Any]], Any], ...]:
        return tuple(_of_system(name) for name in _SYSTEM if name.casefold() in names)

    def wanted(self, names: frozenset[str]) -> list[str]:
        return [raw for raw in self.names if raw.replace(" ", "").casefold() in names]


def _of_system(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda raw: raw["Event"]["System"].get(name)


class _Kind:
    """Records with the same names, channel, provider and event id."""

    def __init__(self, shapes: Shapes, shape: _Shape, draft: Draft, reads: Reads) -> None:
        self.count = 0
        """Records that were not looked at again."""
        self.draft = draft
        """The first of them."""
        self.glance = reads.glance
        names = reads.names
        if draft.logsource.category == "process_creation":
            names |= {"commandline"}  # what unfolding it adds is a function of it alone
        derive = draft.route.derive
        outputs = OUTPUTS.get(derive, frozenset()) if derive is not None else frozenset()
        self.usable = reads.glance is not None and not (names & _DEEPER and isinstance(shape, _XmlShape))
        self.kept: dict[Any, set[Any]] = {}
        self.variants: dict[Any, Any] = {}
        """By what tells variants of the logsource apart (``EventType`` of registry events): the logsource."""
        self._getters = shape.getters(names)
        self._pick = _picker(shape.wanted(names))
        self._registry = draft.logsource.category in _REGISTRY
        self._flatten, self._derive = shapes.flatten, derive
        self._derived = tuple(sorted(name for name in outputs if name.casefold() in names))
        self._event_id = draft.fields.get("EventID")
        self._only_type = derive is sysmon and set(self._derived) <= {"EventType"}
        self._plain = not (self._getters or self._derived or self._registry)

    def key(self, raw: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
        """Give the variant of a record and all that decides on it."""
        picked = self._pick(values)
        if self._plain:
            return None, picked
        variant = None
        if self._getters:
            picked += tuple(get(raw) for get in self._getters)
        if self._only_type:
            kind = event_type(values, self._event_id)
            picked = (*picked, kind)
            variant = kind if self._registry else None
        elif self._derive is not None and (self._derived or self._registry):
            fields, _ = self._flatten(raw)
            self._derive(fields)
            picked += tuple(fields.get(name) for name in self._derived)
            variant = fields.get("EventType") if self._registry else None
        elif self._registry:
            variant = values.get("EventType")
        return variant, picked


def _picker(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return (lambda values: (values[names[0]],)) if names else lambda values: ()
