"""What an administrator chose in the console: where it may reach out to, and how. No secrets stand here."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.model.errors import ResponseError, SourceError
from sekisho.model.finding import LEVELS
from sekisho.respond import outward
from sekisho.respond.wording import LANGUAGES

FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,60}")
PLACE = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
ADDRESS = re.compile(r"[^\s@<>\",;:()\[\]\\\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,253}")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,20}[a-z0-9-]{2,63}")
SECURITY = ("tls", "starttls", "none")
TRANSPORTS = ("udp", "tcp", "tls")
MOST = 500  # entries of one list
LONGEST = 500  # characters of one value
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reach:
    """How the console acts on other systems."""

    second_person: bool = False
    """Who proposed an action cannot approve it."""
    own: tuple[str, ...] = ()
    """Own and partners' domains and networks: they are never blocked; reporters there get answers."""
    hosts: tuple[str, ...] = ()
    """Destinations of requests."""
    networks: tuple[str, ...] = ()
    """Private networks that may be reached."""
    block_days: int = 90
    """How long a value stays on the block lists; 0 for ever."""
    webhook: str = ""
    imap: str = ""
    """``host`` or ``host:port``."""
    imap_security: str = "tls"
    imap_account: str = ""
    """Signs in, and acts in the mailboxes of others."""
    imap_folder: str = "Quarantine"
    tenant: str = ""
    client: str = ""
    login_base: str = "https://login.microsoftonline.com"
    graph_base: str = "https://graph.microsoft.com"
    defender_base: str = "https://api.securitycenter.microsoft.com"

    def checked(self) -> Reach:
        """Give the choices back when they can be used.

        Raises:
            SourceError: what cannot.
        """
        where = _lists(self)
        for url in (self.webhook, self.login_base, self.graph_base, self.defender_base):
            if url:
                _url(url)
        if self.webhook:
            _allowed(self.webhook, where)
        _place(self.imap)
        _one_of(self.imap_security, SECURITY)
        if not FOLDER.fullmatch(self.imap_folder):
            raise SourceError("is no name of a folder: letters, digits, blanks and . _ / - only", self.imap_folder)
        for name in (self.tenant, self.client):
            if name and not re.fullmatch(r"[A-Za-z0-9.-]{1,100}", name):
                raise SourceError("is no identifier", name)
        if not 0 <= self.block_days <= 3650:
            raise SourceError("days are 0 to 3650", str(self.block_days))
        return self

    def where(self) -> outward.Allowed:
        """Give where requests may go."""
        return outward.allowed(self.hosts, self.networks)

    def microsoft(self) -> outward.Allowed:
        """Give where requests to Microsoft's services, or what stands in for them, may go."""
        hosts = {_host(one) for one in (self.login_base, self.graph_base, self.defender_base)}
        return outward.allowed(hosts, self.networks)


@dataclass(frozen=True, slots=True)
class Post:
    """How the console sends e-mail."""

    smtp: str = ""
    """``host`` or ``host:port``."""
    smtp_security: str = "starttls"
    smtp_account: str = ""
    sender: str = ""

    def checked(self) -> Post:
        """Give the choices back when they can be used.

        Raises:
            SourceError: what cannot.
        """
        _place(self.smtp)
        _one_of(self.smtp_security, SECURITY)
        if self.sender and not ADDRESS.fullmatch(self.sender):
            raise SourceError("is no address", self.sender[:100])
        if self.smtp and not self.sender:
            raise SourceError("a sender's address is needed", "sender")
        return self


@dataclass(frozen=True, slots=True)
class Notify:
    """Who hears of what."""

    severity: str = "high"
    """Incidents from here on."""
    approvals: bool = True
    failures: bool = True
    language: str = "en"
    base: str = ""
    """Address under which people reach the console, for links."""
    mail_to: tuple[str, ...] = ()
    syslog: str = ""
    """``host`` or ``host:port``."""
    syslog_transport: str = "udp"

    def checked(self) -> Notify:
        """Give the choices back when they can be used.

        Raises:
            SourceError: what cannot.
        """
        _one_of(self.severity, LEVELS)
        _one_of(self.language, LANGUAGES)
        _one_of(self.syslog_transport, TRANSPORTS)
        _place(self.syslog)
        if self.base:
            _url(self.base)
        if len(self.mail_to) > 50:
            raise SourceError("addresses are 50 at most", "mail_to")
        for one in self.mail_to:
            if not ADDRESS.fullmatch(one):
                raise SourceError("is no address", one[:100])
        return self


@dataclass(frozen=True, slots=True)
class Inbox:
    """The mailbox that users forward suspicious mail to."""

    imap: str = ""
    """``host`` or ``host:port``."""
    imap_security: str = "tls"
    account: str = ""
    folder: str = "INBOX"

    def checked(self) -> Inbox:
        """Give the choices back when they can be used.

        Raises:
            SourceError: what cannot.
        """
        _place(self.imap)
        _one_of(self.imap_security, SECURITY)
        if not FOLDER.fullmatch(self.folder):
            raise SourceError("is no name of a folder", self.folder[:100])
        return self


def place(text: str, port: int) -> tuple[str, int]:
    """Give host and port of a place as it was written."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", text)
    host, given = (match[1].strip("[]"), match[2]) if match else (text, None)
    return host, min(int(given), 65_535) if given else port


def load(database: Database, kind: type[T]) -> T:
    """Give what was chosen of a kind, or its defaults."""
    return _read(kind, database.setting(_name(kind)))


def save(base: sqlite3.Connection, by: Actor, chosen: Any) -> None:
    """Keep choices in the transaction of ``base``; the audit log gets what changed."""
    name = _name(type(chosen))
    row = base.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    before, now = asdict(_read(type(chosen), row["value"] if row else "")), asdict(chosen)
    base.execute(
        "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, orjson.dumps(now).decode()),
    )
    changed = {key: value for key, value in now.items() if value != before[key]}
    note(base, by, "settings.change", name, changed=changed)


def words(text: str) -> tuple[str, ...]:
    """Give the entries of a list that somebody wrote, by lines, blanks or commas."""
    return tuple(dict.fromkeys(one.lower() for one in re.split(r"[\s,]+", text.strip()) if one))


def _name(kind: type[Any]) -> str:
    return kind.__name__.lower()


def _read(kind: type[T], text: str) -> T:
    read = orjson.loads(text) if text else {}
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in read.items() if key in known}
    return kind(**given)


def _lists(chosen: Reach) -> outward.Allowed:
    for values in (chosen.own, chosen.hosts, chosen.networks):
        if len(values) > MOST or any(len(one) > LONGEST for one in values):
            raise SourceError(f"a list has {MOST} entries at most", "settings")
    for one in chosen.own:
        if not DOMAIN.fullmatch(one) and not _network(one):
            raise SourceError("is no domain and no network", one)
    try:
        return chosen.where()
    except ResponseError as error:
        raise SourceError(error.reason, error.target) from error


def _network(text: str) -> bool:
    try:
        outward.allowed((), (text,))
    except ResponseError:
        return False
    return True


def _url(url: str) -> None:
    _allowed(url, outward.Allowed(frozenset({_host(url)})))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError as error:
        raise SourceError("is no web address", url[:100]) from error


def _allowed(url: str, where: outward.Allowed) -> None:
    if len(url) > LONGEST:
        raise SourceError("is too long", url[:100])
    try:
        outward.check(url, where)
    except (ResponseError, ValueError) as error:
        raise SourceError(getattr(error, "reason", "is no web address"), url[:100]) from error


def _place(text: str) -> None:
    if text and not PLACE.fullmatch(text):
        raise SourceError("is no host, or host:port", text[:100])


def _one_of(value: str, values: Sequence[str]) -> None:
    if value not in values:
        raise SourceError(f"is none of {', '.join(values)}", value[:100])
