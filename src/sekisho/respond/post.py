"""E-mail goes out over SMTP: notices, and answers to who reported a mail."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from sekisho.model.errors import ResponseError

PORTS = {"tls": 465, "starttls": 587, "none": 25}
TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Relay:
    """A server that takes mail from here."""

    host: str
    port: int
    security: str
    """tls, starttls or none; passwords go over none on this machine only."""
    account: str
    password: str


def send(relay: Relay, message: EmailMessage) -> None:
    """Send a message to the recipients in its header.

    Raises:
        ResponseError: the server does not take it.
    """
    if relay.account and relay.security == "none" and not _is_here(relay.host):
        raise ResponseError("a password goes over TLS only", relay.host)
    context = ssl.create_default_context()
    try:
        if relay.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, timeout=TIMEOUT_S, context=context)
        else:
            session = smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT_S)
        with session:
            if relay.security == "starttls":
                session.starttls(context=context)
            if relay.account:
                session.login(relay.account, relay.password)
            session.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise ResponseError(f"does not take the mail: {error}"[:300], f"{relay.host}:{relay.port}") from error


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
