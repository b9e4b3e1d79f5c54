"""Evidence on disk becomes sightings: mails with everything in them, single files, incidents, and notes of trackers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.app import intake
from sekisho.app.campaigns import incidents
from sekisho.app.examine import Pool
from sekisho.app.exchange import results
from sekisho.campaigns import linklist, notes, shapes
from sekisho.campaigns.traits import Evidence, File, traits
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.campaign import Sighting
from sekisho.model.errors import SourceError
from sekisho.model.ids import stable_id
from sekisho.model.limits import DEFAULT
from sekisho.model.organisation import NOBODY
from sekisho.normalize import mail
from sekisho.normalize.artifacts import is_message, time_ns

NOTE_BYTES, LIST_BYTES = 400_000, 64 * 1024 * 1024
FILES = frozenset({"attachment", "member", "embedded", "input"})
CODE = ("vba.unfolded", "script.unfolded", "vba.calls", "xlm.calls", "script.calls")
READERS = ("delivered_to", "recipients")
SELF_SPEAKING = ("image/", "text/plain", "text/html")
"""Media types of parts that are the mail's own looks, not what it delivers."""


@dataclass(slots=True)
class Read:
    """What reading brought beside sightings."""

    mails: int = 0
    notes: int = 0
    links: int = 0
    """Rows of lists of phishing links."""
    files: int = 0
    incidents: int = 0
    unread: int = 0
    undated: int = 0
    reasons: list[str] = field(default_factory=list)


def read(paths: Sequence[str], own: str, jobs: int, told: Read) -> Iterator[Sighting]:
    """Give the sightings of files and folders; ``own`` is the store, which may lie among them."""
    with Pool(jobs, DEFAULT) as pool:
        reports: list[Sighting] = []
        for root, tree in pool.run(_roots(paths, own, reports, told)):
            first = next((one for one in tree if one.address == root.address), None)
            if first is None or (first.unscanned and not first.features):
                told.unread += 1
                continue
            made = of_tree(first, tree)
            told.mails += made.kind == "mail"
            told.files += made.kind == "artifact"
            told.undated += made.at_s is None
            yield made
    yield from reports


def _roots(paths: Sequence[str], own: str, reports: list[Sighting], told: Read) -> Iterator[Artifact]:
    mine = {Path(own + end).resolve() for end in ("", "-wal", "-shm", "-journal")}
    for one in intake.walk(paths, DEFAULT):
        if one.path.resolve() in mine:
            continue
        if one.skipped:
            told.unread += one.failed
            continue
        try:
            if results.is_result(str(one.path)):
                found = list(incidents.of_result(results.read(str(one.path)), one.shown))
                told.incidents += len(found)
                told.undated += sum(each.at_s is None for each in found)
                reports += found
                continue
            if _is_list(one.path):
                reports += _listed(one.path, one.shown, told)
                continue
            note = _note(one.path)
            if note is not None:
                told.notes += 1
                told.undated += note.at_s is None
                reports.append(note)
            elif one.source is None:
                yield intake.artifact(one, ())
            elif one.source.event_class == "artifact":
                yield from (item for item in one.source.read(one.path) if isinstance(item, Artifact))
        except (OSError, SourceError) as error:
            told.unread += 1
            told.reasons.append(f"{one.shown}: {error}")


def _is_list(path: Path) -> bool:
    if path.suffix.lower() != ".csv":
        return False
    with path.open("rb") as file:
        return linklist.recognise(file.read(200).decode("utf-8", "replace"))


def _listed(path: Path, shown: str, told: Read) -> Iterator[Sighting]:
    """Give the links of a list; what exceeds LIST_BYTES is counted as unread."""
    with path.open("rb") as file:
        data = file.read(LIST_BYTES + 1)
    if len(data) > LIST_BYTES:
        told.unread += 1
        told.reasons.append(f"{shown}: only its first {LIST_BYTES} bytes are read")
    for one in linklist.read(data[:LIST_BYTES].decode("utf-8", "replace"), shown):
        if isinstance(one, Sighting):
            told.links += 1
            told.undated += one.at_s is None
            yield one
        else:
            told.unread += 1
            told.reasons.append(f"{shown}:{one.row}: {one.reason}")


def _note(path: Path) -> Sighting | None:
    """Read a tracker's note: a text under a name that says a family, or one with a threat heading."""
    if path.suffix.lower() not in (".txt", "") and not path.name.endswith("IOCs"):
        return None
    with path.open("rb") as file:
        data = file.read(NOTE_BYTES)
    head = data[:400]
    if b"\0" in head or (b"THREAT IDENT" not in head and b"THREAT ATTR" not in head and b" | " not in head):
        return None
    note = notes.read(data.decode("utf-8", "replace"), path.name)
    if not note.family and b"THREAT" not in head:
        return None
    found = traits(note.whole)
    return Sighting(
        stable_id("s", "report", path.name, *found),
        "report",
        note.at_s,
        path.name,
        str(path),
        found,
        family=note.family,
        distributor=note.distributor,
    )


def of_tree(first: Analysis, tree: Sequence[Analysis]) -> Sighting:
    """Give the sighting of a mail or file and all that was found in it.

    A mail is known by what it says, not by its id alone: copies in two mailboxes are one, and a mail that takes
    another's id is not.
    """
    whole = mail.with_facts(tree, NOBODY, None)
    return of_facts(next((one for one in whole if one.address == first.address), first), whole)


def of_facts(head: Analysis, whole: Sequence[Analysis]) -> Sighting:
    """Give the sighting of a mail or file whose tree has the facts of whole mails already, as results have them."""
    evidence = _evidence(head, whole)
    found = traits(evidence)
    at_ns = time_ns(head)
    source = head.address
    if not is_message(head):
        return Sighting(stable_id("s", head.sha256), "artifact", None, head.artifact.name, source, found)
    subject = str(head.first("subject"))
    key = stable_id("s", head.first("message_id"), subject, head.first("sender.address"), *found)
    return Sighting(
        key,
        "mail",
        None if at_ns is None else at_ns // 1_000_000_000,
        subject[:300],
        source,
        found,
        country=_country(head),
        theme=evidence.theme,
        brand=evidence.brand,
    )


def _evidence(head: Analysis, tree: Sequence[Analysis]) -> Evidence:
    by_address = {one.address: one for one in tree}
    inner = [one for one in tree if one.address != head.address and one.artifact.relation in FILES]
    files = [_file(one, by_address) for one in inner if not one.media_type.startswith(SELF_SPEAKING)]
    if not is_message(head):
        files.insert(0, File(head.artifact.name, head.sha256))
    code = [str(value) for one in tree for name in CODE for value in one.values(name)]
    subject = str(head.first("subject"))
    return Evidence(
        subjects=(subject,) if subject else (),
        text=str(head.first("body.text")),
        senders=_senders(head),
        sender_ips=tuple(str(value) for value in head.values("origin.ip")),
        mailers=tuple(str(value) for value in head.values("headers.x_mailer")),
        urls=tuple(dict.fromkeys(url.canonical or url.raw for one in tree for url in one.urls)),
        files=tuple(files),
        macros=tuple(code),
        phones=tuple(str(value) for value in head.values("callback.phone")),
        theme=str(head.first("lure.theme")),
        brand=str(head.first("brand.claimed")),
        stolen_thread=shapes.is_reply(subject) and bool(head.values("thread.quoted_writer")),
    )


def _senders(head: Analysis) -> tuple[str, ...]:
    """Give the sender, unless it is a reader: then it is forged, or the reader forwards what somebody else sent."""
    readers = {str(value).strip(" <>").lower() for name in READERS for value in head.values(name)}
    found = [str(value) for value in head.values("sender.address")[:1]]
    return tuple(one for one in found if one.strip(" <>").lower() not in readers)


def _file(one: Analysis, by_address: dict[str, Analysis]) -> File:
    names: list[str] = []
    current = one
    while current.artifact.parent and not is_message(current) and len(names) < 8:
        names.append(current.artifact.name.rpartition(".")[2].lower()[:5])
        parent = by_address.get(current.artifact.parent)
        if parent is None:
            break
        current = parent
    return File(one.artifact.name, one.sha256, lineage=">".join(reversed(names)) if len(names) > 1 else "")


def _country(head: Analysis) -> str:
    """Give the country of the readers' domain, where its top level is one."""
    for name in READERS:
        for value in head.values(name):
            tail = str(value).strip(" <>").rpartition(".")[2].lower()
            if len(tail) == 2 and tail.isalpha():
                return tail
    return ""
