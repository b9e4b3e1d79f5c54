"""What of an incident an advisory tells, gathered once for every reader and language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sekisho.model.artifact import Analysis
from sekisho.model.incident import Incident
from sekisho.model.registered import registered_domain
from sekisho.model.result import Result
from sekisho.respond.observed import Picked, used

OPENED = ("step.endpoint.opened", "step.endpoint.ran")


@dataclass(frozen=True, slots=True)
class Mail:
    """One delivered copy, as its headers say."""

    subject: str
    sender: str
    shown: str
    """Display name."""
    at_ns: int | None
    mailbox: str
    message_id: str
    origin: str
    files: tuple[str, ...]
    authenticated: bool
    """The sending domain vouched for it."""
    results: tuple[str, str, str]
    """SPF, DKIM, DMARC."""
    named: tuple[str, ...]
    """Addresses of others that it shows as its writer or quotes."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What every reader's page is made from."""

    incident: Incident
    mails: tuple[Mail, ...]
    picked: Picked
    hosts: int
    mailboxes: tuple[str, ...]
    opened: bool
    contacted: bool
    persisted: bool
    password: bool
    asks_to_enable: bool
    times_ns: tuple[int, ...] = field(default=())

    def unique(self, name: str) -> list[str]:
        """Give the different values of one field of the mails, most frequent first."""
        values: dict[str, int] = {}
        for mail in self.mails:
            given = getattr(mail, name)
            for one in given if isinstance(given, tuple) else (given,):
                if one:
                    values[one] = values.get(one, 0) + 1
        return sorted(values, key=lambda one: -values[one])


def gather(result: Result, incident: Incident, picked: Picked) -> Facts:
    """Give the facts of an incident."""
    keys = set(used(incident))
    held = [one for one, _ in result.artifacts if one.id in keys]
    mails = tuple(_mail(one) for one in held if one.values("message_id") or one.values("sender.address"))
    roots = {one.address for one in held if one.values("message_id")}
    inside = [one for one, _ in result.artifacts if any(one.address.startswith(f"{root} » ") for root in roots)]
    names = [step.what.key for step in incident.steps]
    boxes = [one.value for one in incident.entities if one.type == "mailbox" and one.role in ("opener", "recipient")]
    return Facts(
        incident,
        mails,
        picked,
        len({one.value for one in incident.entities if one.type == "host"}),
        tuple(dict.fromkeys(boxes)),
        any(name in OPENED for name in names),
        any(step.layer == "network" for step in incident.steps),
        "step.endpoint.persisted" in names,
        any(one.values("archive.password") for one in inside),
        any(one.values("lure.enable_content") for one in inside),
        tuple(mail.at_ns for mail in mails if mail.at_ns is not None),
    )


def _mail(one: Analysis) -> Mail:
    def first(name: str) -> str:
        return str(one.first(name))

    named = [str(value) for name in ("thread.quoted_writer", "identity.name_address") for value in one.values(name)]
    return Mail(
        first("subject"),
        first("sender.address"),
        first("sender.name"),
        _ns(first("received_at") or first("sent_at")),
        first("delivered_to"),
        first("message_id"),
        first("origin.ip"),
        tuple(dict.fromkeys(str(value) for value in one.values("attachment.name"))),
        first("auth.sender") == "authenticated",
        (first("auth.spf") or "-", first("auth.dkim") or "-", first("auth.dmarc") or "-"),
        tuple(dict.fromkeys(name for name in named if "@" in name)),
    )


def _ns(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def partners(facts: Facts) -> dict[str, str]:
    """Give the domains of those to write to, and why.

    ``account``: their own server sent it. ``stolen``: it quotes their mail or bears their name.
    """
    found: dict[str, str] = {}
    for mail in facts.mails:
        sender = registered_domain(mail.sender.rpartition("@")[2])
        if mail.authenticated and sender:
            found[sender] = "account"
        for name in mail.named:
            other = registered_domain(name.rpartition("@")[2])
            if other and other != sender:
                found.setdefault(other, "stolen")
    return found
