"""Notifications: what people should hear of goes to an outbox, and from there out, until it is taken."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

import orjson

import sekisho
from sekisho.app.console.audit import Actor, note
from sekisho.app.console.choices import Notify, Post, Reach, load, place
from sekisho.app.console.database import Database
from sekisho.app.console.vault import Vault
from sekisho.model.errors import ResponseError, SourceError
from sekisho.model.finding import LEVELS
from sekisho.respond import notices, outward, post
from sekisho.respond.notices import Notice
from sekisho.respond.wording import Words

WAYS = ("slack", "teams", "mail", "syslog")
WAIT_S = (10, 60, 300, 1_800, 7_200)  # before each further attempt
KEPT = 2_000
AT_ONCE = 200  # notices made in one look
SYSLOG_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}  # Source: RFC 5426, RFC 3195, RFC 5425


@dataclass(frozen=True, slots=True)
class _News:
    id: str
    notice: Notice | None
    """None: nobody wants to hear of it."""


class Notices:
    """The outbox of a database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def ways(self) -> tuple[str, ...]:
        """Give the ways that are set up."""
        chosen, mail, secrets = load(self._database, Notify), load(self._database, Post), self._vault.known()
        ready = {
            "slack": "slack" in secrets,
            "teams": "teams" in secrets,
            "mail": bool(chosen.mail_to and mail.smtp),
            "syslog": bool(chosen.syslog),
        }
        return tuple(one for one in WAYS if ready[one])

    def look(self) -> bool:
        """Put what is new into the outbox, each thing once, and tell whether there was anything."""
        chosen = load(self._database, Notify)
        news = [*self._incidents(chosen), *self._actions(chosen), *self._jobs(chosen)]
        if not news:
            return False
        ways, now = self.ways(), int(time.time())
        with self._database.change() as base:
            for one in news:
                fresh = base.execute("INSERT OR IGNORE INTO announced VALUES (?, ?)", (one.id, now)).rowcount
                if fresh and one.notice:
                    for way in ways:
                        queue(base, way, one.notice, now)
        return True

    def test(self, way: str, by: Actor, language: str) -> None:
        """Have a notice sent that tells of nothing.

        Raises:
            SourceError: the way is not set up.
        """
        if way not in self.ways():
            raise SourceError("this way is not set up", way[:20])
        words, now = Words(language), int(time.time())
        text = words.get("console.notice.test.text", who=by.name)
        told = Notice("test", "low", words.get("console.notice.test"), text, "test", self._link(""), now)
        with self._database.change() as base:
            queue(base, way, told, now)
            note(base, by, "notice.test", way)

    def send(self) -> bool:
        """Send what waits longest, and tell whether anything waited."""
        now = int(time.time())
        row = self._database.one(
            "SELECT * FROM outbox WHERE state = 'queued' AND next_at <= ? ORDER BY next_at LIMIT 1", now
        )
        if row is None:
            return False
        error = ""
        try:
            self._out(row["way"], Notice(**orjson.loads(row["notice"])))
        except ResponseError as failed:
            error = str(failed)
        attempts = row["attempts"] + 1
        over = attempts > len(WAIT_S)
        state = "sent" if not error else "failed" if over else "queued"
        later = now + (WAIT_S[attempts - 1] if error and not over else 0)
        with self._database.change() as base:
            base.execute(
                "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, error = ? WHERE id = ?",
                (state, attempts, later, error[:500], row["id"]),
            )
            base.execute(
                "DELETE FROM outbox WHERE state != 'queued' AND id <= (SELECT max(id) FROM outbox) - ?", (KEPT,)
            )
        return True

    def recent(self, most: int) -> list[sqlite3.Row]:
        """Give what was sent or waits, the latest first."""
        return self._database.all("SELECT * FROM outbox ORDER BY id DESC LIMIT ?", most)

    def _out(self, way: str, told: Notice) -> None:
        chosen, mail = load(self._database, Notify), load(self._database, Post)
        if way in ("slack", "teams"):
            url = self._vault.get(way)
            if not url:
                raise ResponseError("is not set up", way)
            host = urlsplit(url).hostname or ""
            build = notices.slack if way == "slack" else notices.teams
            try:
                outward.sent(build(url, told), outward.allowed([host], load(self._database, Reach).networks))
            except ResponseError as error:
                raise ResponseError(error.reason, host) from error  # the address itself is a secret
        elif told.to:
            self.mail(mail, notices.letter(mail.sender, (told.to,), told))
        elif way == "mail":
            self.mail(mail, notices.letter(mail.sender, chosen.mail_to, told))
        elif chosen.syslog:
            where = place(chosen.syslog, SYSLOG_PORTS[chosen.syslog_transport])
            notices.send_syslog(where, chosen.syslog_transport, notices.syslog("sekisho", sekisho.__version__, told))

    def mail(self, mail: Post, message: EmailMessage) -> None:
        """Send an e-mail.

        Raises:
            ResponseError: no server takes it.
        """
        if not mail.smtp:
            raise ResponseError("is not set up", "SMTP")
        where = place(mail.smtp, post.PORTS[mail.smtp_security])
        relay = post.Relay(*where, mail.smtp_security, mail.smtp_account, self._vault.get("smtp"))
        post.send(relay, message)

    def _link(self, path: str) -> str:
        base = load(self._database, Notify).base.rstrip("/")
        return f"{base}/{path}" if base else ""

    def _incidents(self, chosen: Notify) -> Iterator[_News]:
        rows = self._database.all(
            "SELECT i.id, severity, rank, title_en, title_ja, hosts, mailboxes, merged_into FROM incidents i "
            "JOIN triage t ON t.incident = i.id "
            "WHERE NOT EXISTS (SELECT 1 FROM announced WHERE announced.id = i.id) LIMIT ?",
            AT_ONCE,
        )
        words = Words(chosen.language)
        for row in rows:
            told = None
            if row["rank"] >= LEVELS.index(chosen.severity) and not row["merged_into"]:
                title = f"{words.word('severity', row['severity'])}: {row[f'title_{chosen.language}']}"
                text = words.get("console.notice.incident.text", hosts=row["hosts"], mailboxes=row["mailboxes"])
                link = self._link(f"incidents/{row['id']}")
                told = Notice("incident", row["severity"], title, text, row["id"], link, int(time.time()))
            yield _News(row["id"], told)

    def _actions(self, chosen: Notify) -> Iterator[_News]:
        rows = self._database.all(
            "SELECT * FROM actions WHERE state = 'proposed' "
            "AND NOT EXISTS (SELECT 1 FROM announced WHERE announced.id = actions.id) LIMIT ?",
            AT_ONCE,
        )
        words = Words(chosen.language)
        for row in rows:
            title = words.get("console.notice.approval", what=words.word("console.do", row["kind"]))
            text = words.get("console.notice.approval.text", who=row["proposed_by"], reason=row["reason"] or "-")
            told = Notice(
                "approval", "medium", title, text, row["id"], self._link(f"actions/{row['id']}"), int(time.time())
            )
            yield _News(row["id"], told if chosen.approvals and load(self._database, Reach).second_person else None)

    def _jobs(self, chosen: Notify) -> Iterator[_News]:
        rows = self._database.all(
            "SELECT jobs.*, name FROM jobs LEFT JOIN cases ON cases.id = case_id WHERE state = 'failed' "
            "AND NOT EXISTS (SELECT 1 FROM announced WHERE announced.id = 'job' || jobs.id) LIMIT ?",
            AT_ONCE,
        )
        words = Words(chosen.language)
        for row in rows:
            title = words.get("console.notice.failed", case=row["name"] or row["case_id"])
            link = self._link(f"cases/{row['case_id']}")
            told = Notice("failed", "medium", title, row["error"], f"job{row['id']}", link, int(time.time()))
            yield _News(f"job{row['id']}", told if chosen.failures else None)


def queue(base: sqlite3.Connection, way: str, told: Notice, now: int) -> None:
    """Put a notice into the outbox, in the transaction of ``base``."""
    base.execute(
        "INSERT INTO outbox (way, notice, made_at, next_at) VALUES (?, ?, ?, ?)",
        (way, orjson.dumps(asdict(told)).decode(), now, now),
    )
