"""Logs of the company's mail servers: Dovecot on the store, Postfix at the edge, as rsyslog writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sekisho.app.lab.corp import DOMAIN, MX, STORE, STORE_IP
from sekisho.app.lab.textlog import TextLog

LAYER = "server"


class MailServerLogs:
    """Two logs of one case."""

    def __init__(self, case: str) -> None:
        self.random = Random(f"{case}/mail servers")
        self.imap = TextLog("mail/mbx01.log", LAYER, newline="\n")
        self.smtp = TextLog("mail/mx.log", LAYER, newline="\n")
        self.all = (self.imap, self.smtp)
        self._count = 0

    def login(self, at: datetime, user: str, address: str, key: str = "") -> str:
        """Write an accepted IMAP login; gives its session."""
        session = self._session()
        self._dovecot(
            at,
            f"imap-login: Login: user=<{user}@{DOMAIN}>, method=PLAIN, rip={address}, lip={STORE_IP}, "
            f"mpid={2000 + self._count}, TLS, session=<{session}>",
            key,
        )
        return session

    def failure(self, at: datetime, user: str, address: str, key: str = "") -> None:
        """Write a refused IMAP login, as the login process and the password back end tell it."""
        session = self._session()
        self._dovecot(at, f"auth: passwd-file({user}@{DOMAIN},{address},<{session}>): Password mismatch", key)
        self._dovecot(
            at + timedelta(seconds=2),
            f"imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{user}@{DOMAIN}>, method=PLAIN, "
            f"rip={address}, lip={STORE_IP}, TLS, session=<{session}>",
            key,
        )

    def logout(self, at: datetime, user: str, session: str, bodies: int, key: str = "") -> None:
        """Write the end of a session that fetched so many mails."""
        size = bodies * (18_000 + self.random.randrange(9_000))
        self._dovecot(
            at,
            f"imap({user}@{DOMAIN})<{2000 + self._count}><{session}>: Disconnected: Logged out in={300 + 40 * bodies} "
            f"out={size + 4_000} deleted=0 expunged=0 trashed=0 hdr_count={bodies + 3} hdr_bytes={900 * bodies} "
            f"body_count={bodies} body_bytes={size}",
            key,
        )

    def visit(self, at: datetime, user: str, address: str, bodies: int) -> None:
        """Write an ordinary session of some minutes."""
        session = self.login(at, user, address)
        self.logout(at + timedelta(minutes=self.random.randrange(1, 20)), user, session, bodies)

    def submitted(
        self, at: datetime, user: str, address: str, recipients: list[str], message_id: str = "", key: str = ""
    ) -> None:
        """Write a mail that somebody logged in to send, and its deliveries."""
        queue_id = self._queue_id()
        message_id = message_id or f"{queue_id.lower()}@{DOMAIN}"
        client = f"submission/smtpd[71]: {queue_id}: client=unknown[{address}], sasl_method=PLAIN, "
        self._postfix(at, f"{client}sasl_username={user}@{DOMAIN}")
        self._mail(at, queue_id, message_id, f"{user}@{DOMAIN}", len(recipients))
        for number, recipient in enumerate(recipients):
            self._delivered(at + timedelta(seconds=1 + number % 3), queue_id, recipient, key)

    def received(self, at: datetime, sender: str, recipient: str) -> None:
        """Write a mail from outside."""
        queue_id, address = self._queue_id(), f"198.51.100.{self.random.randrange(30, 60)}"
        host = f"out.{sender.rpartition('@')[2]}"
        self._postfix(at, f"smtpd[70]: connect from {host}[{address}]")
        self._postfix(at, f"smtpd[70]: {queue_id}: client={host}[{address}]")
        self._mail(at, queue_id, f"{queue_id.lower()}@{host}", sender, 1)
        self._delivered(at + timedelta(seconds=1), queue_id, recipient, "")

    def _mail(self, at: datetime, queue_id: str, message_id: str, sender: str, recipients: int) -> None:
        self._postfix(at, f"cleanup[72]: {queue_id}: message-id=<{message_id}>")
        size = self.random.randrange(2_000, 90_000)
        self._postfix(at, f"qmgr[73]: {queue_id}: from=<{sender}>, size={size}, nrcpt={recipients} (queue active)")

    def _delivered(self, at: datetime, queue_id: str, recipient: str, key: str) -> None:
        domain = recipient.rpartition("@")[2]
        if domain == DOMAIN:
            way = f"lmtp[74]: {queue_id}: to=<{recipient}>, relay={STORE}[{STORE_IP}]:24"
        else:
            way = f"smtp[75]: {queue_id}: to=<{recipient}>, relay=mx.{domain}[198.51.100.{len(domain) + 60}]:25"
        self._postfix(at, f"{way}, delay=1.1, delays=0.1/0/0.4/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok)", key)

    def _dovecot(self, at: datetime, text: str, key: str = "") -> None:
        self.imap.add(at, f"{at.isoformat(timespec='microseconds')} {STORE.partition('.')[0]} dovecot: {text}", key)

    def _postfix(self, at: datetime, text: str, key: str = "") -> None:
        self.smtp.add(at, f"{at.isoformat(timespec='microseconds')} {MX.partition('.')[0]} postfix/{text}", key)

    def _session(self) -> str:
        self._count += 1
        return f"lab{self._count:07}AAAA"

    def _queue_id(self) -> str:
        self._count += 1
        return f"{0x4A00000000 + self._count * 7:010X}"
