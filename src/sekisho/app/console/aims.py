"""What an action may be aimed at, and how far the attack got there: from incidents, mails and single values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import orjson

from sekisho.app.console.choices import Reach, load
from sekisho.app.console.database import Database, unpacked
from sekisho.app.console.ways import KINDS
from sekisho.model.errors import SourceError
from sekisho.model.indicator import canonical
from sekisho.model.warninglists import why_not
from sekisho.respond import feed

MOST_TARGETS = 1_000  # of one action
MOST_MESSAGES = 200  # of one mailbox in one action
TARGET_KINDS = {
    "quarantine": ("mailbox",),
    "purge": ("mailbox",),
    "block": feed.KINDS,
    "isolate": ("host",),
    "reset": ("user", "mailbox"),
    "collect": ("path", "file", "host"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that an action may be aimed at."""

    kind: str
    value: str
    messages: tuple[str, ...] = ()
    """Message-IDs that would be touched, of a mailbox."""
    reached: str = ""
    """How far it got there: received, opened, ran, contacted; empty when not known."""
    why_not: str = ""
    """Key of why it should not be touched (catalogue: ``left_out.*``); it cannot be chosen then."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action as it may be proposed."""

    kind: str
    why: str
    """In the reader's language."""
    candidates: tuple[Candidate, ...]

    @property
    def opened(self) -> int:
        """Targets where it went further than the mailbox."""
        return sum(one.reached not in ("", "received") for one in self.candidates)


class Aims:
    """What a database knows of targets."""

    def __init__(self, database: Database, own: frozenset[str] = frozenset()) -> None:
        """``own``: names and networks that must never be blocked, besides those in the settings."""
        self._database, self._own = database, own

    def of_incident(self, incident: str, language: str = "en") -> list[Proposal]:
        """Give what an incident's recommendations propose.

        Raises:
            SourceError: there is no such incident.
        """
        column = "doc_ja" if language == "ja" else "doc_en"
        row = self._database.one(f"SELECT {column} AS doc FROM incidents WHERE id = ?", incident)
        if row is None:
            raise SourceError("there is no such incident", incident)
        told = unpacked(row["doc"])["incident"]
        reached = {one["value"].casefold(): one["state"] for one in told["reached"]}
        copies = self._copies(incident)
        found = []
        for one in told["recommendations"]:
            if one["action"] not in KINDS:
                continue
            values = one["targets"]
            if one["action"] == "quarantine":  # the recommendation names the first of them
                boxes = [each["value"] for each in told["reached"] if each["type"] == "mailbox"]
                values = list({each.casefold(): each for each in (*values, *boxes)}.values())[:MOST_TARGETS]
            chosen = [self._candidate(one["action"], value, reached, copies) for value in values]
            found.append(Proposal(one["action"], one["why"], tuple(each for each in chosen if each)))
        return [one for one in found if one.candidates]

    def of_value(self, kind: str, value: str) -> list[Proposal]:
        """Give what can be done about one value: a mail's Message-ID, an address, a hash, a host, an account."""
        if kind == "message":
            found = [Candidate("mailbox", mailbox, (value,)) for mailbox in self._recipients(value)]
            return [Proposal("quarantine", "", tuple(found))] if found else []
        proposals = []
        for action in KINDS:
            if kind in TARGET_KINDS[action] and action not in ("quarantine", "purge"):
                candidate = self._candidate(action, value, {}, {})
                if candidate:
                    proposals.append(Proposal(action, "", (candidate,)))
        return proposals

    def seen(self, kind: str, value: str) -> tuple[int, int]:
        """Give how many mails and how many incidents know a value."""
        rows = self._database.all(
            "SELECT owner, count(DISTINCT ref) AS number FROM entities WHERE kind = ? AND value = ? GROUP BY owner",
            kind,
            value[:400],
        )
        counts = {row["owner"]: row["number"] for row in rows}
        return counts.get("message", 0), counts.get("incident", 0)

    def chosen(self, kind: str, chosen: Iterable[tuple[str, str]], incident: str, message: str) -> list[Candidate]:
        """Give the targets that somebody chose as the console knows them.

        Raises:
            SourceError: one cannot be a target, or must not be touched.
        """
        copies, reached = (self._copies(incident), self._reached(incident)) if incident else ({}, {})
        if message:
            copies = {one.casefold(): [message] for one in self._recipients(message)}
        found: dict[tuple[str, str], Candidate] = {}
        for target_kind, value in chosen:
            if target_kind not in TARGET_KINDS[kind] or not value or not value.isprintable():
                raise SourceError(f"cannot be a target of {kind}", f"{target_kind[:40]} {value[:100]!a}")
            candidate = self._candidate(kind, value, reached, copies)
            if kind == "block":
                kept = canonical(target_kind, value)
                listed = feed.listable(target_kind, kept) if kept else None
                if listed is None:
                    raise SourceError(f"is no {target_kind} that a list can hold", value[:100])
                reason = why_not(target_kind, listed, self._own_names(), exercise=True)
                candidate = Candidate(target_kind, listed, why_not=reason)
            if candidate is None or candidate.why_not:
                why = candidate.why_not if candidate else "no_value"
                raise SourceError(f"must not be touched, or nothing is known of it ({why})", value[:100])
            found[target_kind, candidate.value] = replace(candidate, kind=target_kind)
        if not 1 <= len(found) <= MOST_TARGETS:
            raise SourceError(f"an action has 1 to {MOST_TARGETS} targets", kind)
        return list(found.values())

    def _own_names(self) -> frozenset[str]:
        return self._own | frozenset(load(self._database, Reach).own)

    def _candidate(
        self, action: str, value: str, reached: dict[str, str], copies: dict[str, list[str]]
    ) -> Candidate | None:
        """Give what a value is as a target of a kind of action; None when it cannot be one."""
        if action in ("quarantine", "purge"):
            messages = copies.get(value.casefold()) or []
            how = reached.get(value.casefold(), "")
            return Candidate("mailbox", value[:400], tuple(messages), how, "" if messages else "no_value")
        if action == "block":
            for kind in ("ip", "sha256", "url", "domain"):
                listed = feed.listable(kind, value) if kind != "domain" or "/" not in value else None
                if listed:
                    reason = why_not(kind, listed, self._own_names(), exercise=True)
                    return Candidate(kind, listed, why_not=reason)
            return None
        return Candidate(TARGET_KINDS[action][0], value[:400], (), reached.get(value.casefold(), ""))

    def _reached(self, incident: str) -> dict[str, str]:
        row = self._database.one("SELECT doc_en FROM incidents WHERE id = ?", incident)
        if row is None:
            raise SourceError("there is no such incident", incident[:40])
        return {one["value"].casefold(): one["state"] for one in unpacked(row["doc_en"])["incident"]["reached"]}

    def _copies(self, incident: str) -> dict[str, list[str]]:
        """Give the Message-IDs of an incident's mails by the mailbox that they went to."""
        row = self._database.one("SELECT doc_en FROM incidents WHERE id = ?", incident)
        if row is None:
            raise SourceError("there is no such incident", incident[:40])
        advised = unpacked(row["doc_en"])["incident"]["recommendations"]
        mails = [key for one in advised if one["action"] == "quarantine" for key in one["evidence"]]
        rows = self._database.all(
            "SELECT message_id, recipients FROM messages "
            "WHERE id IN (SELECT value FROM json_each(?)) AND message_id != ''",
            orjson.dumps(mails).decode(),
        )
        found: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            for one in orjson.loads(row["recipients"]):
                mine = found[str(one).casefold()]
                if row["message_id"] not in mine and len(mine) < MOST_MESSAGES:
                    mine.append(row["message_id"])
        return found

    def _recipients(self, message: str) -> list[str]:
        """Give who got a mail of this Message-ID, as far as is known."""
        rows = self._database.all(
            "SELECT recipients FROM messages WHERE id IN "
            "(SELECT ref FROM entities WHERE kind = 'message' AND value = ? AND owner = 'message') LIMIT 1000",
            message[:400],
        )
        return list(dict.fromkeys(str(one) for row in rows for one in orjson.loads(row["recipients"])))[:MOST_TARGETS]
