"""Reported mail: what users forward because it looks wrong becomes evidence, and they get an answer.

A report is hostile twice: it holds a mail of an attacker, and anybody can send one under any name. So nobody is
answered outside the organisation's own domains, and a report's words decide nothing.
"""

from __future__ import annotations

import hashlib
import imaplib
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from sekisho.analyzers import _mime
from sekisho.analyzers.headers import addresses, parameters
from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.cases import Cases
from sekisho.app.console.choices import ADDRESS, Inbox, Post, Reach, load, place
from sekisho.app.console.database import Database
from sekisho.app.console.jobs import Jobs
from sekisho.app.console.notify import queue
from sekisho.app.console.vault import Vault
from sekisho.model.errors import LimitError, ResponseError, SourceError
from sekisho.respond import mailboxes
from sekisho.respond.notices import Notice
from sekisho.respond.wording import Words

ANSWERS = ("malicious", "clean", "looking")
LONGEST_BYTES = 64 * 1024 * 1024  # of a report. Source: mail servers take 10 to 50 MB, and base64 adds a third
POLL_S = 60
AT_ONCE = 50  # reports taken from the mailbox in one go
MOST_SHARING = 200  # other messages that are looked at for whom else it reached
NOTE_CHARS = 2_000
_KANA = range(0x3040, 0x3100)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a report is made of."""

    reporter: str
    """Address in its From field; empty when it has none."""
    subject: str
    note: str
    """What the reporter wrote."""
    language: str
    mail: bytes
    """The suspicious mail."""
    attached: bool
    """False: none was attached, so the forwarded text itself is looked at."""


class Reports:
    """The reports in a database."""

    def __init__(self, database: Database, cases: Cases, jobs: Jobs, vault: Vault) -> None:
        self._database, self._cases, self._jobs, self._vault = database, cases, jobs, vault
        self._polled_at = 0.0

    def receive(self, raw: bytes, by: Actor, came_by: str, reporter: str = "") -> str:
        """Take a report in and give its id; the same report twice is one.

        Args:
            raw: the forwarding mail; the suspicious mail itself when ``reporter`` is given.
            by: whose token or mailbox it came by.
            came_by: ``api`` or ``inbox``.
            reporter: who reports, as told by a gateway or an add-in.

        Raises:
            SourceError: it is no mail, or cannot be kept.
            LimitError: it is too large.
        """
        if len(raw) > LONGEST_BYTES:
            raise LimitError("report_bytes", LONGEST_BYTES)
        digest = hashlib.sha256(raw + b"\0" + reporter.encode("utf-8", "replace")).hexdigest()
        if row := self._database.one("SELECT id FROM reports WHERE digest = ?", digest):
            return str(row["id"])
        told = unfold(raw)
        if reporter:
            told = Forwarded(reporter, told.subject, "", told.language, raw, attached=True)
        key, now = "r" + secrets.token_hex(6), int(time.time())
        case = self._case_of(now)
        added = self._cases.add(case, f"reported/{key}.eml", [told.mail], by)
        with self._database.change() as base:
            base.execute(
                "INSERT OR IGNORE INTO reports (id, at, came_by, reporter, language, subject, note, case_id, path, "
                "digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    now,
                    came_by,
                    _plain(told.reporter)[:254],
                    told.language,
                    _plain(told.subject)[:500],
                    _plain(told.note)[:NOTE_CHARS],
                    case,
                    added.path,
                    digest,
                ),
            )
            row = base.execute("SELECT id FROM reports WHERE digest = ?", (digest,)).fetchone()
            if row["id"] != key:  # the same report came in twice at once
                return str(row["id"])
            note(base, by, "report.receive", key, reporter=_plain(told.reporter)[:254], case=case, path=added.path)
        self._jobs.ask(case, by)
        return key

    def listed(self, most: int, skip: int = 0) -> list[dict[str, Any]]:
        """Give reports, the latest first, with what became of their mails."""
        rows = self._database.all(
            "SELECT reports.*, m.id AS message, m.verdict, m.incident, m.subject AS mail_subject, m.sender, "
            "EXISTS (SELECT 1 FROM cases WHERE cases.id = reports.case_id) AS kept "
            "FROM reports LEFT JOIN messages m ON m.address = reports.case_id || '/' || reports.path "
            "ORDER BY reports.at DESC, reports.id LIMIT ? OFFSET ?",
            most,
            skip,
        )
        return [dict(row) for row in rows]

    def get(self, key: str) -> dict[str, Any] | None:
        """Give a report with what became of its mail."""
        row = self._database.one(
            "SELECT reports.*, m.id AS message, m.verdict, m.incident, m.subject AS mail_subject, m.sender, "
            "m.message_id AS mail_id, EXISTS (SELECT 1 FROM cases WHERE cases.id = reports.case_id) AS kept "
            "FROM reports LEFT JOIN messages m ON m.address = reports.case_id || '/' || reports.path "
            "WHERE reports.id = ?",
            key,
        )
        return dict(row) if row is not None else None

    def others(self, report: dict[str, Any]) -> list[str]:
        """Give the mailboxes that have the mail too, or one with the same file."""
        if not report["message"]:
            return []
        rows = self._database.all(
            "SELECT recipients FROM messages WHERE id IN (SELECT other.ref FROM entities mine "
            "JOIN entities other ON other.kind = mine.kind AND other.value = mine.value AND other.owner = 'message' "
            "WHERE mine.ref = ? AND mine.owner = 'message' AND (mine.kind = 'message' OR mine.kind = 'sha256' "
            "AND mine.role IN ('attachment', 'member')) AND other.ref != mine.ref LIMIT ?)",
            report["message"],
            MOST_SHARING,
        )
        found = {str(one).casefold(): str(one) for row in rows for one in orjson.loads(row["recipients"])}
        return sorted(found.values())

    def proposed(self, report: dict[str, Any]) -> str:
        """Give the answer that fits what is known."""
        verdict = report["verdict"]
        return "malicious" if verdict == "malicious" else "clean" if verdict == "clean" else "looking"

    def text(self, report: dict[str, Any], answer: str) -> tuple[str, str]:
        """Give subject and text of an answer, in the report's language."""
        words = Words(report["language"])
        subject = words.get("console.answer.subject", subject=(report["subject"] or "-")[:120])
        return subject, words.get(f"console.answer.{answer}")

    def may_answer(self, report: dict[str, Any]) -> bool:
        """Tell whether a reporter can be answered by mail: they are ours, and there is a server to send by."""
        domain = report["reporter"].rpartition("@")[2].lower()
        own = load(self._database, Reach).own
        ours = any(domain == one or domain.endswith(f".{one}") for one in own if "/" not in one)
        return bool(ours and ADDRESS.fullmatch(report["reporter"]) and load(self._database, Post).smtp)

    def answer(self, key: str, answer: str, by: Actor) -> None:
        """Answer a reporter: by mail where that may be, else whoever answers does it by hand.

        Raises:
            SourceError: there is no such report, or no such answer.
        """
        report = self.get(key)
        if report is None or answer not in ANSWERS:
            raise SourceError("there is no such report or answer", f"{key[:40]} {answer[:40]}")
        subject, text = self.text(report, answer)
        sends, now = self.may_answer(report), int(time.time())
        with self._database.change() as base:
            base.execute(
                "UPDATE reports SET answer = ?, answered_at = ?, answered_by = ? WHERE id = ?",
                (answer, now, by.name, key),
            )
            if sends:
                queue(base, "mail", Notice("answer", "low", subject, text, key, "", now, report["reporter"]), now)
            note(base, by, "report.answer", key, answer=answer, sent=sends, to=report["reporter"] if sends else "")

    def poll(self) -> bool:
        """Take what lies in the mailbox of reports, once a minute."""
        if time.monotonic() - self._polled_at < POLL_S:
            return False
        chosen, password = load(self._database, Inbox), self._vault.get("inbox")
        if not chosen.imap or not chosen.account or not password:
            return False
        self._polled_at = time.monotonic()
        where = place(chosen.imap, mailboxes.PORTS[chosen.imap_security])
        server = mailboxes.Server(*where, chosen.imap_security, chosen.account, password, chosen.folder)
        failed = ""
        try:
            for raw, uid, imap in _unread(server):
                self._taken(raw)
                imap.uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)")
        except (imaplib.IMAP4.error, OSError, ResponseError, SourceError) as error:
            failed = str(error)[:300]
        self._remember(failed)
        return False

    def trouble(self) -> str:
        """Give why the mailbox of reports could not be read last time; empty when it could."""
        return self._database.setting("inbox.trouble")

    def _remember(self, failed: str) -> None:
        if failed != self.trouble():
            with self._database.change() as base:
                base.execute("INSERT OR REPLACE INTO settings VALUES ('inbox.trouble', ?)", (failed,))

    def _taken(self, raw: bytes) -> None:
        try:
            self.receive(raw, SYSTEM, "inbox")
        except (SourceError, LimitError) as error:
            with self._database.change() as base:
                note(base, SYSTEM, "report.refuse", "", why=str(error)[:300])

    def _case_of(self, now: int) -> str:
        """Give the case that reports of this day are kept in."""
        day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        name = f"reported.{day}"
        kept = self._database.setting(name)
        if kept and self._cases.exists(kept):
            return kept
        case = self._cases.create(f"Reported {day}", SYSTEM)
        with self._database.change() as base:
            base.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, case))
        return case


def unfold(raw: bytes) -> Forwarded:
    """Read who forwarded what: the first attached mail as it was, byte for byte, else the forwarding mail itself.

    Raises:
        SourceError: it is no mail.
    """
    parts: list[_mime.Part] = []
    with suppress(LimitError):  # what came before is enough
        parts.extend(_mime.walk(raw))
    if not parts or not parts[0].fields.names & {"from", "subject", "received", "message-id", "date"}:
        raise SourceError("is no mail")
    fields = parts[0].fields
    sender = next((one.address for one in addresses(fields.raw("from")) if one.address), "")
    subject, own = fields.text("subject"), ""
    for part in parts:
        if part is not parts[0] and _is_mail(part) and (body := _mime.content(raw, part)).strip():
            return Forwarded(sender, subject, own, _language(subject + own), body, attached=True)
        if not own and part.role == "leaf" and part.media_type in ("text/plain", ""):
            own = _decoded(_mime.content(raw, part)[: 4 * NOTE_CHARS], part.parameter("charset"))
    return Forwarded(sender, subject, own, _language(subject + own), raw, attached=False)


def _is_mail(part: _mime.Part) -> bool:
    _, given = parameters(part.fields.raw("content-disposition"))
    names = [part.parameter("name"), *(value for key, value in given if key.startswith("filename"))]
    named = any(name.lower().endswith((".eml", ".msg")) for name in names)
    return part.role == "leaf" and (named or part.media_type == "message/rfc822")


def _decoded(body: bytes, charset: str) -> str:
    for one in (charset, "utf-8", "iso-2022-jp", "cp932"):
        try:
            return body.decode(one or "utf-8").strip()[:NOTE_CHARS]
        except (LookupError, UnicodeError):
            continue
    return body.decode("latin-1")[:NOTE_CHARS]


def _language(text: str) -> str:
    return "ja" if any(ord(char) in _KANA for char in text) else "en"


def _plain(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _unread(server: mailboxes.Server) -> Iterator[tuple[bytes, str, imaplib.IMAP4]]:
    """Give the mails of a folder that nobody has read, each with its UID in the open session."""
    with mailboxes.opened(server, server.account) as imap:
        if imap.select(f'"{server.folder}"')[0] != "OK":
            raise SourceError("there is no such folder", server.folder)
        found = (imap.uid("SEARCH", "UNSEEN")[1][0] or b"").split()
        for number in found[:AT_ONCE]:
            uid = number.decode("ascii")
            parts = imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST_BYTES + 1}>)")[1]
            for part in parts:
                if isinstance(part, tuple):
                    yield part[1], uid, imap
