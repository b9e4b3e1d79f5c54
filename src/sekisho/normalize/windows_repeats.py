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

import orjson

from sekisho.model.event import Logsource
from sekisho.normalize.clock import Zones, parse
from sekisho.normalize.commands import HIDES
from sekisho.normalize.exchange import cmdlet
from sekisho.normalize.windows import LOCAL_TIMES, Draft
from sekisho.normalize.windows_logsources import EVENT_TYPES, REGISTRY_CATEGORIES, REGISTRY_KEYS
from sekisho.normalize.windows_mapping import (
    OUTPUTS,
    connection_permitted,
    event_type,
    process_created,
    sysmon,
    value_modified,
)
from sekisho.normalize.windows_shapes import ATTRIBUTES, NESTED, TEXT, Shapes, holds_objects

MAX_CHARS = 96_000_000
"""Of all values kept: 120 to 200 MB."""
MAX_KEPT = 400_000
MAX_LONGEST = 4_000
"""Characters of one combination worth keeping."""
MAX_KINDS = 4_096
"""Kinds, and sets of names, of either shape."""
MAX_HOSTS = 10_000
_HEAD = frozenset({"EventID", "Channel", "Provider_Name"})
_SYSTEM = ("Task", "Opcode", "Keywords", "Level", "Computer")
_DEEPER = frozenset({"eventrecordid", "system_processid", "userid"})
"""Fields of the System element, case-folded, that are not worth following: rules that read them see every record."""
_SECTIONS = 2
"""``System`` and ``EventData``; ``#attributes`` may stand beside them, nothing else."""
_UTC_TIMES = ("UtcTime", "@timestamp")
"""Fields that tell the zone of a local time."""
_SIGNS = frozenset("+-")
_MADE: dict[Any, frozenset[str]] = {
    process_created: frozenset({"User", "IntegrityLevel"}),
    value_modified: frozenset({"TargetObject", "EventType", "User"}),
    connection_permitted: frozenset({"Image", "Initiated", "Protocol"}),
    cmdlet: frozenset({"CmdletParameter"}),
}
"""Outputs of mappings that hold text which is not in the record as it was written."""

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
        self._taught: dict[Any, str] = {}
        self.kinds: list[_Variant] = []
        self.silent = False
        """No keyword can be in the record that was asked for last."""
        self.taught = False
        """Its time has nothing new to teach about local clocks."""
        self._pending: tuple[_Kind, _Variant, tuple[Any, ...]] | None = None

    def begin(self) -> None:
        """Forget what the times of one file taught, before another is read."""
        self._taught.clear()

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
                head = shape.head(raw)
                kind = shape.kinds[head]
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
                head = (system["Channel"], system["Provider"][ATTRIBUTES]["Name"], event_id)
                kind = shape.kinds[head]
                if len(event) - (ATTRIBUTES in event) != _SECTIONS or len(raw) != 1 or type(event_id) is bool:
                    return False
            nested = not NESTED.isdisjoint(map(type, values.values()))
            if nested and bool in map(type, head):
                return False
            variant, key = kind.key(raw, values)
            known = kind.variants[variant]
            if known.glance is None or known.glance(text):
                return False
            self.silent = not kind.makes_texts
            if nested:
                key = _odd(values, key)
            if key in known.kept:
                known.count += 1
                return True
            self._pending = kind, known, key
        except (KeyError, TypeError, AttributeError):  # not seen yet, or of another make: the long way tells
            pass
        return False

    def remember(self, raw: Mapping[str, Any], draft: Draft) -> None:
        """Keep that no rule matched the record that was asked for last."""
        try:
            pending = self._pending or self._find(raw, draft)
            if pending is None:
                return
            kind, known, key = pending
            if known.draft.logsource != draft.logsource or (kind.makes_texts and kind.hides(draft, known.glance)):
                return
        except (KeyError, TypeError, AttributeError):
            return
        chars = sum(len(one) for one in key if type(one) is str)
        if chars <= MAX_LONGEST:
            self._room.take(chars)
            known.kept.add(key)

    def _find(self, raw: Mapping[str, Any], draft: Draft) -> tuple[_Kind, _Variant, tuple[Any, ...]] | None:
        found = self._kind(raw, draft)
        if found is None:
            return None
        kind, values = found
        variant, key = kind.key(raw, values)
        if not NESTED.isdisjoint(map(type, values.values())):
            key = _odd(values, key)
        hash(key)
        known = kind.variants[variant]
        return None if known.glance is None else (kind, known, key)

    def _kind(self, raw: Mapping[str, Any], draft: Draft) -> tuple[_Kind, Mapping[str, Any]] | None:
        event = raw.get("Event")
        if event is None:
            if "EventID" not in raw or "Channel" not in raw:
                return None
            names = tuple(raw)
            shape = self._flat.get(names) or self._new_shape(
                self._flat, names, _FlatShape(self._shapes, names, self._taught)
            )
            head = shape.head(raw)
            shape.learn(raw)
            values, channel = raw, raw["Channel"]
        else:
            values = event["EventData"]
            system = event["System"]
            event_id, channel = system["EventID"], system["Channel"]
            head = (channel, system["Provider"][ATTRIBUTES]["Name"])
            head = (*head, event_id[TEXT] if type(event_id) is dict else event_id)
            if len(event) - (ATTRIBUTES in event) != _SECTIONS or len(raw) != 1:
                return None
            names = tuple(values)
            shape = self._xml.get(names) or self._new_shape(self._xml, names, _XmlShape(names))
        if not {str, int, type(None)}.issuperset(map(type, head)):  # True equals 1
            return None
        kind = shape.kinds.get(head)
        if kind is None:
            if len(self.kinds) >= MAX_KINDS:
                self._forget()
                return None
            kind = shape.kinds[head] = _Kind(self._shapes, shape, draft, self._reads, derived_channel=not channel)
            self.kinds += kind.variants.values()
            self._room.sets += [one.kept for one in kind.variants.values()]
        return (kind, values) if kind.usable else None

    def _new_shape(self, shapes: dict[tuple[str, ...], _Shape], names: tuple[str, ...], shape: _Shape) -> _Shape:
        if len(shapes) >= MAX_KINDS:
            self._forget()
            shapes = self._flat if isinstance(shape, _FlatShape) else self._xml
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

    def getters(self, names: frozenset[str]) -> tuple[Callable[[Mapping[str, Any]], Any], ...]:
        """Give functions of (raw record) that read the values of these fields outside its data."""
        return ()

    def wanted(self, names: frozenset[str]) -> list[str]:
        """Give the names in the data on which fields of these case-folded names depend."""
        raise NotImplementedError


class _FlatShape(_Shape):
    """Everything at top level, some under several names."""

    def __init__(self, shapes: Shapes, names: tuple[str, ...], taught: dict[Any, str]) -> None:
        """``taught``: by host, the hour of its clock of which the zone was told last; shared by all shapes."""
        super().__init__()
        ours, aliases, _ = shapes.flat_names(names)
        self.ours: dict[str, set[str]] = {raw: {name} for raw, name in zip(names, ours, strict=True) if name}
        for alias, name in aliases:
            for raw, known in self.ours.items():
                if alias in known:
                    self.ours[raw] = {*known, name}
        heads = [raw for raw, known in self.ours.items() if not known.isdisjoint(_HEAD)]
        self._head = itemgetter(*heads)
        clocks = [raw for name in LOCAL_TIMES for raw, known in self.ours.items() if name in known]
        self._utc = [raw for name in _UTC_TIMES for raw, known in self.ours.items() if name in known]
        self.clock = clocks[0] if clocks and self._utc else ""
        self._clocks = len(clocks)
        self._host = _picker([raw for raw, known in self.ours.items() if "Computer" in known])
        self._taught = taught

    def head(self, raw: Mapping[str, Any]) -> Any:
        return self._head(raw)

    def tells(self, raw: Mapping[str, Any]) -> bool:
        """Local clocks change their offset at full hours at most, so one record an hour and host teaches all."""
        written, host, alone = raw[self.clock], self._host(raw), self._clocks == 1
        if alone and self._taught.get(host) == written[:13]:
            return True
        if written[-1:] == "Z" or (written[-6:-5] in _SIGNS and written[-3:-2] == ":"):
            return alone or parse(written)[0] is not None
        self._taught.pop(host, None)
        return False

    def learn(self, raw: Mapping[str, Any]) -> None:
        """Take note of the hour of a local time of which the record tells the zone, where the hour is written first."""
        if not self.clock:
            return
        written = raw[self.clock]
        local, known = parse(written)
        utc = next((one for name in self._utc if (one := parse(raw[name])[0]) is not None), None)
        if local is None or known or utc is None or written[4:5] + written[7:8] != "--":
            return
        zones = Zones()
        zones.learn("", local, utc)
        if zones.known(""):
            if len(self._taught) >= MAX_HOSTS:
                self._taught.clear()
            self._taught[self._host(raw)] = written[:13]

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
    def get(raw: Mapping[str, Any]) -> Any:
        value = raw["Event"]["System"].get(name)
        if type(value) is bool:
            raise TypeError  # it equals a number
        return value

    return get


class _Variant:
    """Records of one kind that have the same logsource."""

    __slots__ = ("count", "draft", "glance", "kept")

    def __init__(self, draft: Draft, glance: Glance | None) -> None:
        self.count = 0
        """Records that were not looked at again."""
        self.draft = draft
        """What routes them: of the fields only the names, and the event id."""
        self.glance = glance
        self.kept: set[Any] = set()


class _Kind:
    """Records with the same names, channel, provider and event id."""

    def __init__(
        self, shapes: Shapes, shape: _Shape, draft: Draft, reads: Callable[[Draft], Reads], *, derived_channel: bool
    ) -> None:
        usual: Logsource = draft.route.logsource
        derive = draft.route.derive
        event_id = draft.fields.get("EventID")
        self._registry = usual.category in (REGISTRY_KEYS, "registry_set")
        fields = dict.fromkeys(draft.fields)
        if "EventID" in fields:
            fields["EventID"] = event_id
        self.variants: dict[str | None, _Variant] = {}
        """By the category that the ``EventType`` of registry events tells."""
        names: frozenset[str] = frozenset()
        for category in (None, *sorted(set(REGISTRY_CATEGORIES.values()))) if self._registry else (None,):
            logsource = usual if category is None else usual._replace(category=category)
            one = draft._replace(logsource=logsource, fields=fields, written=None)
            read = reads(one)
            names |= read.names
            self.variants[category] = _Variant(one, read.glance)
        made = _MADE.get(derive, frozenset())
        if derive is sysmon and event_id in EVENT_TYPES:
            made = frozenset({"EventType"})
        names |= {name.casefold() for name in made}
        self._made = (*sorted(made), "Channel") if derived_channel else tuple(sorted(made))
        self._unfolds = usual.category == "process_creation"
        self.makes_texts = bool(self._made) or self._unfolds
        """Whether a keyword may be in them that is not in the record as it was written."""
        if self._unfolds:
            names |= {"commandline"}  # what unfolding it adds is a function of it alone
        outputs = OUTPUTS.get(derive, frozenset()) if derive is not None else frozenset()
        told = any(one.glance is not None for one in self.variants.values())
        self.usable = told and not (names & _DEEPER and isinstance(shape, _XmlShape))
        self._getters = shape.getters(names)
        self._pick = _picker(shape.wanted(names))
        self._flatten, self._derive = shapes.flatten, derive
        self._derived = tuple(sorted(name for name in outputs if name.casefold() in names))
        self._event_id = event_id
        sure = {"EventType", "Message"}.issuperset(shape.wanted(frozenset({"eventtype", "message"})))
        self._only_type = derive is sysmon and set(self._derived) <= {"EventType"} and sure
        self._plain = not (self._getters or self._derived or self._registry)

    def hides(self, draft: Draft, glance: Glance | None) -> bool:
        """Tell whether a keyword may be in what is made of a record."""
        command = draft.fields.get("CommandLine") if self._unfolds else None
        if isinstance(command, str) and HIDES.search(command):
            return True
        made = [draft.fields.get(name) for name in self._made]
        return bool(made) and (glance is None or glance(orjson.dumps(made)))

    def key(self, raw: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str | None, tuple[Any, ...]]:
        """Give the variant of a record and all that decides on it."""
        picked = self._pick(values)
        if self._plain:
            return None, picked
        if self._getters:
            picked += tuple(get(raw) for get in self._getters)
        kind = None
        if self._only_type:
            if self._derived or self._registry:
                kind = event_type(values, self._event_id)
                picked = (*picked, kind)
        elif self._derived or self._registry:
            fields, _ = self._flatten(raw)
            if self._derive is not None:
                self._derive(fields)
            picked += tuple(fields.get(name) for name in self._derived)
            kind = fields.get("EventType")
        return REGISTRY_CATEGORIES.get(kind.lower()) if self._registry and type(kind) is str else None, picked


def _picker(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return (lambda values: (values[names[0]],)) if names else lambda values: ()
