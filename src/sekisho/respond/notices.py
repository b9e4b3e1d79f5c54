"""Notices in the forms that people and machines read: Slack, Teams, e-mail, syslog with CEF, a signed webhook.

What a notice tells of was written by an attacker in part: every form escapes what would act in it.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Any

import orjson

from sekisho.model.errors import ResponseError
from sekisho.respond.outward import Request
from sekisho.respond.wording import safe

LONGEST = 1_500  # characters of a title or text in a message to people
SEVERITIES = {"informational": 1, "low": 3, "medium": 5, "high": 8, "critical": 10}
"""As CEF counts. Source: ArcSight Common Event Format, "Severity"."""
SYSLOG_SEVERITIES = {"informational": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
"""Source: RFC 5424, 6.2.1, table 2."""
FACILITY = 13  # log audit. Source: RFC 5424, 6.2.1, table 1
SYSLOG_BYTES = 8_192
TIMEOUT_S = 10.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people should hear of."""

    kind: str
    """incident, approval, failed or test (catalogue: ``console.notice.*``)."""
    severity: str
    title: str
    """In the reader's language; hostile in part."""
    text: str
    id: str
    """Of what it tells of."""
    link: str
    """Where it is shown; our own address, or empty."""
    at: int
    """Seconds UTC."""
    to: str = ""
    """Whom alone it goes to, by e-mail."""


def slack(url: str, notice: Notice) -> Request:
    """Give a message for a Slack incoming webhook. Source: Slack API, "Formatting text for app surfaces"."""
    link = f"\n<{notice.link}>" if notice.link else ""
    text = f"*{_slack(notice.title)}*\n{_slack(notice.text)}{link}"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text[:2_900]}}]
    return _json(url, {"text": _slack(notice.title), "blocks": blocks})


def teams(url: str, notice: Notice) -> Request:
    """Give an Adaptive Card for a Teams workflow. Source: Adaptive Cards schema 1.4; Teams, "incoming webhook"."""
    body = [
        {"type": "TextBlock", "text": _markdown(notice.title), "weight": "Bolder", "size": "Medium", "wrap": True},
        {"type": "TextBlock", "text": _markdown(notice.text), "wrap": True},
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Sekisho", "url": notice.link}]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return _json(url, {"type": "message", "attachments": [content]})


def letter(sender: str, recipients: tuple[str, ...], notice: Notice) -> EmailMessage:
    """Give an e-mail."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"], message["To"] = sender, ", ".join(recipients)
    message["Subject"] = f"{'' if notice.to else '[Sekisho] '}{_line(safe(notice.title))}"[:200]
    message["Date"] = format_datetime(datetime.fromtimestamp(notice.at, UTC))
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers. Source: RFC 3834, 5
    message.set_content("\n".join(one for one in (safe(notice.title), "", *notice.text.split("\n"), "", notice.link)))
    return message


def syslog(host: str, version: str, notice: Notice) -> bytes:
    """Give a record: RFC 5424 around CEF.

    Args:
        host: name of this machine.
        version: of the program.
        notice: what it tells.

    Source: RFC 5424, 6; ArcSight Common Event Format 25, "Header" and "Extension" escapes.
    """
    priority = FACILITY * 8 + SYSLOG_SEVERITIES.get(notice.severity, 6)
    moment = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    header = "|".join(_cef_header(one) for one in ("Sekisho", "Sekisho", version, notice.kind, notice.title[:512]))
    extension = {
        "rt": str(notice.at * 1000),
        "externalId": notice.id,
        "msg": notice.text[:1023],
        "request": notice.link,
    }
    told = " ".join(f"{name}={_cef_value(value)}" for name, value in extension.items() if value)
    name = re.sub(r"[^\x21-\x7e]", "", host)[:255] or "-"
    text = f"CEF:0|{header}|{SEVERITIES.get(notice.severity, 1)}|{told}"
    line = f"<{priority}>1 {moment} {name} sekisho - {notice.kind} - \ufeff{text}"
    return line.encode("utf-8", "replace")[:SYSLOG_BYTES]


def send_syslog(place: tuple[str, int], transport: str, record: bytes) -> None:
    """Send a record; ``transport`` is udp, tcp or tls.

    Raises:
        ResponseError: it cannot be sent.

    Source: RFC 5426 (UDP), RFC 6587 3.4.1 and RFC 5425 4.3 (octet counting over TCP and TLS).
    """
    try:
        if transport == "udp":
            family, kind, number, _, address = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, number) as one:
                one.sendto(record, address)
            return
        with socket.create_connection(place, TIMEOUT_S) as plain:
            framed = b"%d %s" % (len(record), record)
            if transport == "tls":
                with ssl.create_default_context().wrap_socket(plain, server_hostname=place[0]) as safe_one:
                    safe_one.sendall(framed)
            else:
                plain.sendall(framed)
    except OSError as error:
        raise ResponseError(f"cannot be reached: {error}", f"{place[0]}:{place[1]}") from error


def _json(url: str, document: dict[str, Any]) -> Request:
    return Request(
        "POST", url, (("content-type", "application/json"), ("user-agent", "sekisho")), orjson.dumps(document)
    )


def _slack(text: str) -> str:
    """Give text in which nothing is a link, a mention or formatting."""
    plain = _shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\u2060\\1", plain)


def _markdown(text: str) -> str:
    """Give text in which a card finds no link and no formatting."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~-])", r"\\\1", _shown(text))


def _shown(text: str) -> str:
    return "\n".join(safe(line) for line in text.split("\n"))[:LONGEST]


def _line(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _cef_header(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace("|", "\\|")


def _cef_value(text: str) -> str:
    lines = [_line(one) for one in text.replace("\r\n", "\n").split("\n")]
    return "\\n".join(one.replace("\\", "\\\\").replace("=", "\\=") for one in lines)
