"""Where evidence of one layer meets another: names, hashes, command strings and addresses that files and hosts share.

Every join says what it rests on and how much that is worth; a value that many unrelated things share joins nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ntpath import basename

from ahocorasick_rs import AhoCorasick

from sekisho.correlate.groups import Groups
from sekisho.correlate.history import CLOCK_SLACK_NS, History, account
from sekisho.correlate.processes import UNSET, Process
from sekisho.correlate.sought import Sought, plain
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.observable import Observable
from sekisho.model.verdict import BAD, Judgement

DAY_NS = 24 * 3600 * 1_000_000_000
OPENED_WITHIN_NS = 30 * DAY_NS  # a mail opened later than a month after it came is another case's start
NAME_CHARS = 5  # a.zip joins nothing
NAME_MAX_CHARS = 255  # no file on a disk has a longer name
STRING_CHARS = 20  # shorter command strings are shared by honest scripts
# What begins alike for so long is the same. Building the search takes time in the square of a pattern's length: 2.8 s
# were measured for 32,000 equal letters, 3 ms for 1,000.
STRING_MAX_CHARS = 1_000
COMMON_NAME = 4  # contents under one name, from which on the name says nothing (image001.png)
COMMON_ADDRESS_HOSTS = 20  # hosts that contact an address, from which on it is a hub
COMMON_STRING_HOSTS = 4  # hosts that run a string, from which on it is part of ordinary work
# Where every machine's programs lie: their paths are in many files and command lines.
EVERYWHERE = ("c:\\windows\\", "c:\\program files", "%systemroot%", "%windir%", "%programfiles")
COMMAND_FEATURES = ("lnk.arguments", "vba.commands", "script.commands", "xlm.calls", "script.unfolded")
TOKEN = re.compile(r"[^\s\"'|&<>^(),;=]{20,}")


@dataclass(frozen=True, slots=True)
class Carried:
    """One file that came in by mail (or lies in the evidence) with its mail and verdict."""

    analysis: Analysis
    judgement: Judgement
    message: Analysis | None
    at_ns: int | None
    """When its mail arrived."""
    mailboxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """An artifact and a host meet."""

    artifact: str
    """Address."""
    process: Process
    event: Event
    how: str
    """opened saved command address hash (catalogue: ``join.*``)."""
    value: str
    """The shared value."""
    weight: float
    """0 to 1."""
    identity: float = 0.0
    """What it adds that the account on the host is the owner of the mailbox."""


@dataclass(slots=True)
class Index:
    """What to look for on the hosts, by lower-cased value."""

    names: dict[str, list[Carried]] = field(default_factory=lambda: defaultdict(list))
    strings: dict[str, list[Carried]] = field(default_factory=lambda: defaultdict(list))
    addresses: dict[str, dict[str, Carried]] = field(default_factory=lambda: defaultdict(dict))
    """Address or host of a URL -> the files that hold it, by their own address."""
    hashes: dict[str, list[Carried]] = field(default_factory=lambda: defaultdict(list))


def join(carried: Sequence[Carried], history: History) -> list[Join]:
    """Find every place where a file from a mail shows up on a host, in order of time.

    Cost: one multi-pattern scan over the command lines and paths, so linear in the events.
    """
    index = _index(carried)
    joins = [*_without_common(_by_text(index, history)), *_by_address(index, history)]
    return sorted(joins, key=lambda one: (one.event.time_ns or 0, one.artifact, one.how))


def _without_common(joins: Iterable[Join]) -> list[Join]:
    """Drop joins by command strings that many hosts run."""
    kept = list(joins)
    hosts: dict[str, set[str]] = defaultdict(set)
    for one in kept:
        if one.how == "command":
            hosts[one.value].add(one.process.host)
    return [one for one in kept if one.how != "command" or len(hosts[one.value]) < COMMON_STRING_HOSTS]


def bodies(tree: Iterable[Analysis]) -> list[Analysis]:
    """Give the parts of a mail that are its own text: where the links of a mail without hostile files stand."""
    return [one for one in tree if one.artifact.relation == "body" or one.artifact.parent is None]


def in_time(carried: Carried, at_ns: int | None) -> bool:
    """Tell whether an event can follow from the mail's arrival."""
    if carried.at_ns is None or at_ns is None:
        return True
    return carried.at_ns - CLOCK_SLACK_NS <= at_ns <= carried.at_ns + OPENED_WITHIN_NS


def _index(carried: Sequence[Carried]) -> Index:
    index = Index()
    for one in carried:
        name = basename(one.analysis.artifact.name.replace("/", "\\")).lower()
        if (
            one.analysis.artifact.relation in ("attachment", "member", "input")
            and NAME_CHARS <= len(name) <= NAME_MAX_CHARS
            and "." in name
        ):
            index.names[name].append(one)
        if one.analysis.sha256:
            index.hashes[one.analysis.sha256].append(one)
        if one.judgement.verdict in BAD:
            for text in _strings(one.analysis):
                index.strings[text].append(one)
            for url in one.analysis.urls:
                if url.host:
                    index.addresses[(url.ip or url.host).lower()][one.analysis.address] = one
    for name in [
        name for name, ones in index.names.items() if len({one.analysis.sha256 for one in ones}) >= COMMON_NAME
    ]:
        del index.names[name]
    return index


def sought(carried: Sequence[Carried], wanted: Iterable[Observable]) -> Sought:
    """Give what names an event of a host into a story: what mails and files look like there, and what they name.

    Args:
        carried: every mail and file with its judgement.
        wanted: what hostile mails name (:func:`sekisho.correlate.wanted.of_mails`).
    """
    index = _index(carried)
    hostile = {*index.strings, *index.addresses, *(what.value.lower() for what in wanted)} - {""}
    honest: dict[str, list[str]] = {}
    for values in (index.names, index.hashes):
        for value, ones in values.items():
            if any(one.judgement.verdict in BAD for one in ones):
                hostile.add(value)
            honest[value] = [one.analysis.sha256 for one in ones]
    patterns = tuple(sorted(hostile | honest.keys()))
    return Sought(patterns, frozenset(hostile), _kin(patterns, honest))


def _kin(patterns: Sequence[str], shared: Mapping[str, Iterable[str]]) -> tuple[int, ...]:
    """Number patterns so that those of one file, its names and its digest, have one number."""
    groups = Groups()
    for value, others in shared.items():
        for other in others:
            groups.join(value, other)
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(groups.find(value), number) for number, value in enumerate(patterns))


def _strings(analysis: Analysis) -> Iterator[str]:
    """Give the distinctive strings that a file would put on a command line."""
    for name in COMMAND_FEATURES:
        for value in analysis.values(name):
            if not isinstance(value, str):
                continue
            if name != "script.unfolded" and len(folded := plain(value)) >= STRING_CHARS:
                yield folded[:STRING_MAX_CHARS]
            tokens = (token[:STRING_MAX_CHARS].lower() for token in TOKEN.findall(value[:100_000]))
            yield from (token for token in tokens if not token.startswith(EVERYWHERE))


def _by_text(index: Index, history: History) -> Iterator[Join]:
    patterns = sorted({*index.names, *index.strings, *index.hashes})
    if not patterns:
        return
    scan = AhoCorasick(patterns)
    for process in history.processes():
        if process.creation is not None:
            lines = f"{process.command_line}\n{process.image}".lower()
            text = f"{lines}\n{plain(process.unfolded or process.command_line)}\n{process.hashes}"
            for number in sorted({match[0] for match in scan.find_matches_as_indexes(text, overlapping=True)}):
                yield from _of_process(patterns[number], index, process, process.creation, text)
        for event in process.actions:
            if event.logsource.category in ("file_event", "create_stream_hash"):
                path = str(event.fields.get("TargetFilename") or "").lower()
                text = f"{path}\n{str(event.fields.get('Hash') or '').lower()}"
                for number in sorted({match[0] for match in scan.find_matches_as_indexes(text, overlapping=True)}):
                    yield from _of_file(patterns[number], index, process, event, path)


def _of_process(pattern: str, index: Index, process: Process, event: Event, text: str) -> Iterator[Join]:
    for how, found, weight in (
        ("opened", index.names.get(pattern, ()), 0.8),
        ("hash", index.hashes.get(pattern, ()), 1.0),
        ("command", index.strings.get(pattern, ()), 0.9),
    ):
        if how == "opened" and found and not _whole(pattern, text):
            continue
        for one in found:
            if in_time(one, event.time_ns):
                yield Join(one.analysis.address, process, event, how, pattern, weight + _identity(one, process.user))


def _of_file(pattern: str, index: Index, process: Process, event: Event, path: str) -> Iterator[Join]:
    if pattern in index.names and _whole(pattern, path.partition(":zone")[0]):
        for one in index.names[pattern]:
            if in_time(one, event.time_ns):
                yield Join(one.analysis.address, process, event, "saved", pattern, 0.7 + _identity(one, process.user))
    for one in index.hashes.get(pattern, ()):
        if in_time(one, event.time_ns):
            yield Join(one.analysis.address, process, event, "saved", pattern, 1.0)


def _whole(name: str, text: str) -> bool:
    """Tell whether a file name stands in a text as a whole name, not as the end of a longer one."""
    return re.search(r"(?<![\w.-])" + re.escape(name) + r"(?![\w-])", text) is not None


def _identity(one: Carried, user: str) -> float:
    """Give what it adds that the account on the host is the owner of the mailbox."""
    return 0.2 if user and account(user) in {account(mailbox) for mailbox in one.mailboxes} else 0.0


def _by_address(index: Index, history: History) -> Iterator[Join]:
    if not index.addresses:
        return
    found: dict[str, list[tuple[Process, Event]]] = defaultdict(list)
    hosts: dict[str, set[str]] = defaultdict(set)
    for process in history.processes():
        for event in process.actions:
            for value in addresses_of(event):
                if value in index.addresses:
                    found[value].append((process, event))
                    hosts[value].add(process.host)
    for value, seen in found.items():
        if len(hosts[value]) >= COMMON_ADDRESS_HOSTS:
            continue
        for process, event in seen:
            for one in index.addresses[value].values():
                if in_time(one, event.time_ns):
                    weight, mine = 0.6 / len(hosts[value]), _identity(one, process.user or event.user)
                    yield Join(one.analysis.address, process, event, "address", value, weight, mine)


def addresses_of(event: Event) -> Iterable[str]:
    """Give the addresses and names that a network or DNS event goes to, lower case."""
    values = [event.fields.get(name) for name in ("DestinationIp", "DestinationHostname", "QueryName")]
    return [str(value).lower().rstrip(".") for value in values if value not in UNSET]
