"""One incident as its page tells it: what matters first, and for every sentence the evidence that it rests on.

Incidents that people merged are told as one: their documents are joined here, each stays as it was found.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sekisho.app.console._united import STATES as STATES
from sekisho.app.console._united import united
from sekisho.app.console.database import Database, unpacked
from sekisho.model.finding import LEVELS
from sekisho.model.ids import stable_id

Document = dict[str, Any]
SENTENCES = 6  # that a reader takes in within a minute
PARTS = 49  # merged into one that its page tells
CACHE_BYTES = 2_000_000
QUERIED, DEEPEST = 500, 4  # ids asked for at once; parts of an address that can be a message's own
RECORDS = 40  # of evidence opened at once
FIELDS, VALUE_CHARS = 60, 2_000  # of one record
HIDDEN = frozenset({"body.text", "html.text", "url"})  # whole bodies have their place on the message's page
REF = r"^(?:[aef][0-9a-f]{12}|(?:step|edge|reach|rec|tie|merge|clock|hit|reason)-\d{1,6}|root|node-[0-9a-z]{1,40})$"
_PORT = re.compile(r"^(\[?[^\[\]]*\]?):\d{1,5}$")
_IP = re.compile(r"^[0-9.]+$|^[0-9a-fA-F:]*:[0-9a-fA-F:]+$")
_PAGES = {"sender": "mailbox", "mailbox": "mailbox", "process": "process", "file": "file", "written": "path",
          "registry": "path", "host": "host", "account": "user"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """An incident, or several that were merged."""

    id: str
    parts: tuple[str, ...]
    """Ids of the incidents it is made of; its own first."""
    incident: Document
    findings: dict[str, Document]
    events: dict[str, Document]
    artifacts: dict[str, Document]


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of evidence, as a table of fields."""

    id: str
    kind: str
    """finding event artifact."""
    title: str
    place: str
    """File and record."""
    at: str | None
    level: str
    fields: tuple[tuple[str, str], ...]
    artifact: str = ""
    """Address of an artifact, to find its message by."""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A rule that matched, however often."""

    title: str
    level: str
    count: int
    attack: tuple[str, ...]
    at: str | None
    host: str
    shown: str
    """What the first of them matched on."""
    ref: str
    rule: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why parts of an incident are told as one."""

    text: str
    weight: float
    """Of the strongest merge, 0 to 1."""
    merges: tuple[str, ...]
    """Ids, all of which must be kept apart to take the reason away."""
    evidence: tuple[str, ...]


def load(database: Database, key: str, language: str) -> Story | None:
    """Give an incident with all that was merged into it; None when there is none of this id."""
    column = "doc_ja" if language == "ja" else "doc_en"
    merged = database.all(  # the second condition lets SQLite use the index over merged incidents alone
        "SELECT incident FROM triage WHERE merged_into = ? AND merged_into != '' ORDER BY incident LIMIT ?", key, PARTS
    )
    wanted = [key, *(row["incident"] for row in merged)]
    rows = database.all(
        f"SELECT id, {column} AS doc FROM incidents WHERE id IN ({', '.join('?' * len(wanted))}) "
        "ORDER BY id != ?, first_at, id",
        *wanted,
        key,
    )
    if not rows or rows[0]["id"] != key:
        return None
    return joined([(row["id"], _documents.get(row["doc"])) for row in rows])


class Documents:
    """The documents that were read last, for several people look at the same incidents; nobody may change them."""

    def __init__(self, most_bytes: int) -> None:
        """``most_bytes`` as they are kept; unpacked they take 28 to 40 times as much (measured on three documents)."""
        self._most, self._lock = most_bytes, threading.Lock()
        self._held: OrderedDict[bytes, Document] = OrderedDict()

    def get(self, kept: bytes) -> Document:
        """Unpack a document, or give it as it was unpacked before."""
        name = hashlib.blake2b(kept, digest_size=16).digest() + len(kept).to_bytes(8)
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name]
        document: Document = unpacked(kept)
        with self._lock:
            self._held[name] = document
            while sum(int.from_bytes(one[16:]) for one in self._held) > self._most and self._held:
                self._held.popitem(last=False)
        return document


_documents = Documents(CACHE_BYTES)


def joined(parts: Sequence[tuple[str, Document]]) -> Story:
    """Give incidents as one: steps in order of time, every entity, node and reason once."""
    first, ids = parts[0][1], tuple(key for key, _ in parts)
    if len(parts) == 1:
        return Story(ids[0], ids, first["incident"], first["findings"], first["events"], first["artifacts"])
    whole = united([doc["incident"] for _, doc in parts], ids)
    kept = [{k: v for _, doc in parts for k, v in doc[name].items()} for name in ("findings", "events", "artifacts")]
    return Story(ids[0], ids, whole, *kept)


def sentences(story: Story) -> list[tuple[int, Document]]:
    """Give the few steps that tell the story, in order: of each kind of step the one whose findings weigh most.

    Returns:
        (number of the step, the step) pairs, at most SENTENCES.
    """
    best: dict[str, tuple[float, int]] = {}
    for at, step in enumerate(story.incident["steps"]):
        weight = sum({f["rule_id"]: f["weight"] for f in _findings_of(story, step)}.values())
        kind = step["facts"]["key"]
        weight += (
            2.0 if kind in ("step.mail.delivered", "step.endpoint.opened") else 0.0
        )  # where it began, who let it in
        if weight > best.get(kind, (0.0, 0))[0]:
            best[kind] = (weight, at)
    heaviest = sorted(best.values(), key=lambda one: (-one[0], one[1]))[:SENTENCES]
    return [(at, story.incident["steps"][at]) for at in sorted(at for _, at in heaviest)]


def _findings_of(story: Story, step: Document) -> list[Document]:
    return [story.findings[key] for key in step["evidence"] if key in story.findings]


def highlights(story: Story, language: str) -> list[Highlight]:
    """Give the rules that weigh most, each once with how often it matched and what the first match was on."""
    by_rule: dict[str, list[Document]] = defaultdict(list)
    for key in story.incident["findings"]:
        if key in story.findings:
            by_rule[story.findings[key]["rule_id"]].append(story.findings[key])
    told = []
    for rule, found in by_rule.items():
        first = min(found, key=lambda one: (one["time"] is None, one["time"] or ""))
        values = [
            f"{one['field']}: {text(one['value'])[:160]}" for one in first["evidence"] if one["field"] != "EventID"
        ]
        told.append(
            Highlight(
                title=first["titles"].get(language) or first["title"],
                level=first["level"],
                count=len(found),
                attack=tuple(first["attack"]),
                at=first["time"],
                host=first["host"],
                shown=values[0] if values else "",
                ref=first["id"],
                rule=rule,
            )
        )
    told.sort(key=lambda one: (-LEVELS.index(one.level), one.at or "", one.rule))
    return told


def reasons(story: Story) -> list[Reason]:
    """Give why an incident's parts are one: merges that say the same are one reason, in the order of the first."""
    groups: dict[str, list[Document]] = defaultdict(list)
    for one in story.incident["merges"]:
        groups[one["why"]].append(one)
    return [
        Reason(
            text=said,
            weight=max(one["weight"] for one in some),
            merges=tuple(one["id"] for one in some),
            evidence=tuple(dict.fromkeys(key for one in some for key in one["evidence"])),
        )
        for said, some in groups.items()
    ]


def reach(story: Story) -> dict[str, Any]:
    """Give how far the attack got.

    Returns:
        ``rows``: reached mailboxes and hosts, the furthest first; ``numbers``: type -> state -> how many stand there;
        ``total``: type -> how many.
    """
    numbers: dict[str, Counter[str]] = {"mailbox": Counter(), "host": Counter()}
    for one in story.incident["reached"]:
        numbers[one["type"]][one["state"]] += 1
    hosts = {one["value"].casefold() for one in story.incident["reached"] if one["type"] == "host"}
    for entity in story.incident["entities"]:
        if entity["type"] == "host" and entity["role"] in ("victim", "server", "opener"):
            hosts.add(entity["value"].casefold())
    total = {"mailbox": sum(numbers["mailbox"].values()), "host": len(hosts)}
    return {"rows": story.incident["reached"], "numbers": numbers, "total": total}


def evidence_of(story: Story, ref: str) -> tuple[str, list[str]] | None:
    """Give the sentence that a reference names, and the ids of what it rests on; None when there is no such place."""
    whole = story.incident
    if ref in story.findings or ref in story.events or ref in story.artifacts:
        return "", [ref]
    if ref == "root":
        return whole["root_cause_text"], [whole["root_cause"]] if whole["root_cause"] else []
    name, _, place = ref.partition("-")
    if name == "node":
        edges = [one for one in whole["graph"]["edges"] if place in (one["source"], one["target"])]
        label = next((one["label"] for one in whole["graph"]["nodes"] if one["id"] == place), None)
        return None if label is None else (label, list(dict.fromkeys(x for one in edges for x in one["evidence"])))
    if not place.isdecimal():
        return None
    if name == "hit":
        return _hits(story, int(place))
    if name == "reason":
        given = reasons(story)[int(place) : int(place) + 1]
        return (given[0].text, list(given[0].evidence)) if given else None
    rows = {
        "step": whole["steps"],
        "edge": whole["graph"]["edges"],
        "reach": whole["reached"],
        "rec": whole["recommendations"],
        "tie": whole["identities"],
        "merge": whole["merges"],
        "clock": whole["clocks"],
    }.get(name)
    if rows is None or int(place) >= len(rows):
        return None
    one = rows[int(place)]
    return one.get("what") or one.get("why") or one.get("source", ""), list(one["evidence"])


def _hits(story: Story, number: int) -> tuple[str, list[str]] | None:
    """Give a highlight's title and all findings of its rule."""
    told = highlights(story, "en")
    if number >= len(told):
        return None
    rule = told[number].rule
    found = [key for key in story.incident["findings"] if key in story.findings]
    return "", [key for key in found if story.findings[key]["rule_id"] == rule]


def records(story: Story, ids: Iterable[str], language: str) -> Iterator[Record]:
    """Give pieces of evidence as tables of fields, findings first."""
    order = {"f": 0, "a": 1, "e": 2}
    for key in sorted(dict.fromkeys(ids), key=lambda one: order.get(one[:1], 3)):
        if key in story.findings:
            one = story.findings[key]
            yield Record(
                key,
                "finding",
                one["titles"].get(language) or one["title"],
                f"{_file(one['source'])} {one['record']}",
                one["time"],
                one["level"],
                _shown([("host", one["host"]), ("user", one["user"])], one["evidence"]),
                rule=one["rule_id"],
            )
        elif key in story.artifacts:
            one = story.artifacts[key]
            facts = [("type", one["media_type"]), ("size", one["size"]), ("sha256", one["sha256"])]
            pairs = [{"field": k, "value": v} for k, v in one["features"].items() if k not in HIDDEN]
            yield Record(
                key,
                "artifact",
                one["name"],
                _file(one["address"]),
                None,
                "",
                _shown(facts, pairs),
                artifact=one["address"],
            )
        elif key in story.events:
            one = story.events[key]
            source = " ".join(filter(None, one["logsource"].values()))
            facts = [("host", one["host"]), ("user", one["user"])]
            pairs = [{"field": k, "value": v} for k, v in one["fields"].items()]
            yield Record(
                key, "event", source, f"{_file(one['source'])} {one['record']}", one["time"], "", _shown(facts, pairs)
            )


def _file(address: str) -> str:
    """Give an address without the case's id, which it begins with."""
    return address.partition("/")[2] or address


def text(value: Any) -> str:
    """Give a value of a record as text."""
    return " · ".join(map(str, value)) if isinstance(value, list) else str(value)


def _shown(facts: Iterable[tuple[str, Any]], pairs: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    rows = [(name, text(value)) for name, value in facts]
    rows += [(str(one["field"]), text(one["value"])) for one in pairs]
    return tuple((name[:200], value[:VALUE_CHARS]) for name, value in rows if value not in ("", "-", "None"))[:FIELDS]


def page_of(kind: str, label: str) -> tuple[str, str] | None:
    """Give kind and value of the entity page that a node of the graph belongs to; None for what has no page."""
    if kind == "address":
        host = _PORT.sub(r"\1", label) if label.count(":") == 1 or label.startswith("[") else label
        host = host.strip("[]")
        return ("ip" if _IP.match(host) else "domain", host)
    return (_PAGES[kind], label) if kind in _PAGES else None


def messages_of(database: Database, addresses: Iterable[str]) -> dict[str, str]:
    """Give the id of the message that each artifact lies in, by address; what is not kept is left out.

    A message's id follows from its address, and the address of what lies in it begins with that.
    """
    wanted = {address: _roots(address) for address in addresses}
    tries = list(dict.fromkeys(key for keys in wanted.values() for key in keys))
    known: set[str] = set()
    for start in range(0, len(tries), QUERIED):
        some = tries[start : start + QUERIED]
        rows = database.all(f"SELECT id FROM messages WHERE id IN ({', '.join('?' * len(some))})", *some)
        known.update(row["id"] for row in rows)
    found = {address: next((key for key in keys if key in known), "") for address, keys in wanted.items()}
    return {address: key for address, key in found.items() if key}


def _roots(address: str) -> list[str]:
    """Give the ids that the message of an artifact may have: a mail in a mailbox file has its number in its address."""
    parts = address.split(" » ", DEEPEST)[:DEEPEST]
    return [stable_id("a", " » ".join(parts[: length + 1])) for length in range(len(parts))]
