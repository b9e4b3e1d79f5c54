"""Ways to act on other systems: each says what it can do, what it would send, and how to take it back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sekisho.app.console.choices import Reach, load, place
from sekisho.app.console.database import Database
from sekisho.app.console.vault import Vault
from sekisho.model.errors import ResponseError
from sekisho.respond import feed, mailboxes, microsoft, webhook
from sekisho.respond.outward import sent

KINDS = ("quarantine", "purge", "block", "isolate", "reset", "collect")
"""What can be done; ``purge`` deletes mails for good."""
Receipt = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do to one target."""

    action: str
    kind: str
    incident: str
    reason: str
    target_kind: str
    target: str
    messages: tuple[str, ...]
    """Message-IDs, of targets that are mailboxes."""
    by: str


class Way(Protocol):
    """A way to act."""

    name: str
    kinds: tuple[str, ...]
    undoes: tuple[str, ...]
    """Kinds that can be taken back."""

    def lacks(self) -> str:
        """Give the key of what must be set first; empty when it can be used."""

    def told(self, task: Task) -> list[str]:
        """Give what would be sent, one text a request or command, without secrets."""

    def do(self, task: Task) -> Receipt:
        """Do it and give what is needed to take it back.

        Raises:
            ResponseError: it was not done, or not wholly.
        """

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Take it back.

        Raises:
            ResponseError: it was not taken back.
        """


class PartlyError(ResponseError):
    """Something was done, but not all; the receipt says what."""

    def __init__(self, reason: str, target: str, receipt: dict[str, Any]) -> None:
        """``receipt``: what is needed to take back what was done."""
        super().__init__(reason, target)
        self.receipt = receipt


class Lists:
    """The console's own block lists, which gateways read as feeds."""

    name: str = "lists"
    kinds: tuple[str, ...] = ("block",)
    undoes: tuple[str, ...] = ("block",)

    def __init__(self, database: Database, days: int) -> None:
        self._database, self._days = database, days

    def lacks(self) -> str:
        """Give nothing: the lists are always there."""
        return ""

    def told(self, task: Task) -> list[str]:
        """Give the line that the feed will have."""
        kept = feed.listable(task.target_kind, task.target)
        return [f"/api/v1/feeds/{task.target_kind}.txt\n+ {kept}"] if kept else []

    def do(self, task: Task) -> Receipt:
        """Put a value on its list."""
        value, now = feed.listable(task.target_kind, task.target), int(time.time())
        if value is None:
            raise ResponseError("cannot stand on a block list", task.target)
        until = now + self._days * 86_400 if self._days else None
        with self._database.change() as base:
            row = (task.target_kind, value, task.action, now, until, task.by, task.reason)
            base.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return {"value": value}

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Take a value from its list; another action may keep it there."""
        with self._database.change() as base:
            base.execute(
                "DELETE FROM blocks WHERE kind = ? AND value = ? AND action = ?",
                (task.target_kind, receipt.get("value", task.target), task.action),
            )
        return receipt


class Webhook:
    """A signed request to whatever listens at an address."""

    name: str = "webhook"
    kinds: tuple[str, ...] = KINDS
    undoes: tuple[str, ...] = KINDS

    def __init__(self, chosen: Reach, key: str) -> None:
        self._chosen, self._key = chosen, key

    def lacks(self) -> str:
        """Give what is not set."""
        return "webhook" if not self._chosen.webhook else "webhook_key" if not self._key else ""

    def told(self, task: Task) -> list[str]:
        """Give the request."""
        return [webhook.build(self._chosen.webhook, _document(task, "do"), "", 0, "…").told()]

    def do(self, task: Task) -> Receipt:
        """Send it."""
        return self._send(task, "do")

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Ask the receiver to take it back."""
        return {**receipt, "undo": self._send(task, "undo")}

    def _send(self, task: Task, order: str) -> Receipt:
        nonce = secrets.token_urlsafe(18)
        request = webhook.build(self._chosen.webhook, _document(task, order), self._key, int(time.time()), nonce)
        return {"status": sent(request, self._chosen.where()).status, "nonce": nonce}


class Imap:
    """An IMAP server on which one account may act in all mailboxes."""

    name: str = "imap"
    kinds: tuple[str, ...] = ("quarantine",)
    undoes: tuple[str, ...] = ("quarantine",)

    def __init__(self, chosen: Reach, password: str) -> None:
        host, port = place(chosen.imap, mailboxes.PORTS[chosen.imap_security])
        self._password = password
        self._server = mailboxes.Server(
            host,
            port,
            chosen.imap_security,
            chosen.imap_account,
            password,
            chosen.imap_folder,
        )

    def lacks(self) -> str:
        """Give what is not set."""
        if not self._server.host or not self._server.account:
            return "imap"
        return "" if self._password else "imap_password"

    def told(self, task: Task) -> list[str]:
        """Give the commands."""
        return mailboxes.told(self._server, task.target, task.messages)

    def do(self, task: Task) -> Receipt:
        """Move the mails to the quarantine."""
        outcome = mailboxes.quarantine(self._server, task.target, task.messages)
        receipt = {"moved": [[one.message, one.folder, one.uid] for one in outcome.moved]}
        if outcome.failed:
            raise PartlyError(outcome.failed, task.target, receipt)
        missing = len(set(task.messages) - {one.message for one in outcome.moved})
        return {**receipt, "said": f"{len(outcome.moved)} moved" + (f", {missing} not found" if missing else "")}

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Move them back."""
        moved = [mailboxes.Moved(*one) for one in receipt.get("moved", ())]
        outcome = mailboxes.restore(self._server, task.target, moved)
        if outcome.failed:
            left = [one for one in moved if one not in outcome.moved]
            kept = {"moved": [[one.message, one.folder, one.uid] for one in left]}
            raise PartlyError(outcome.failed, task.target, kept)
        return {"said": f"{len(outcome.moved)} moved back"}


class _Microsoft:
    """What both of Microsoft's services need."""

    def __init__(self, chosen: Reach, secret: str) -> None:
        self._app = microsoft.Application(
            chosen.tenant,
            chosen.client,
            secret,
            chosen.login_base,
            chosen.graph_base,
            chosen.defender_base,
        )
        self._cloud = microsoft.Cloud(self._app, chosen.microsoft())

    def lacks(self) -> str:
        """Give what is not set."""
        if not self._app.tenant or not self._app.client:
            return "client"
        return "" if self._app.secret else "client_secret"


class Graph(_Microsoft):
    """Mailboxes in Microsoft 365."""

    name: str = "graph"
    kinds: tuple[str, ...] = ("quarantine", "purge")
    undoes: tuple[str, ...] = ("quarantine",)

    def told(self, task: Task) -> list[str]:
        """Give the requests."""
        requests = [microsoft.sign_in(self._app, self._app.graph)]
        for message in task.messages:
            requests.append(microsoft.find(self._app, task.target, message))
            if task.kind == "purge":
                requests.append(microsoft.purge(self._app, task.target, "ID"))
            else:
                requests.append(microsoft.move(self._app, task.target, "ID", microsoft.QUARANTINE))
        return [one.told() for one in requests]

    def do(self, task: Task) -> Receipt:
        """Move or delete the mails."""
        moved: list[list[str]] = []
        done, missing, failed = 0, 0, ""
        for message in task.messages:
            try:
                if task.kind == "purge":
                    done += self._cloud.purge(task.target, message)
                else:
                    found = self._cloud.quarantine(task.target, message)
                    moved += [[one.message, one.id, one.folder] for one in found]
                    done += len(found)
            except microsoft.NoCopyError:
                missing += 1
            except ResponseError as error:
                failed = failed or str(error)
        receipt: Receipt = {"moved": moved} if moved else {}
        if not done:
            raise ResponseError(failed or "has no copy", task.target)
        if failed:
            raise PartlyError(failed, task.target, receipt)
        said = f"{done} {'deleted' if task.kind == 'purge' else 'moved'}"
        return {**receipt, "said": said + (f", {missing} not found" if missing else "")}

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Move the mails back."""
        moved = [microsoft.Moved(*one) for one in receipt.get("moved", ())]
        for at, one in enumerate(moved):
            try:
                self._cloud.restore(task.target, one)
            except ResponseError as error:
                left = {"moved": [[each.message, each.id, each.folder] for each in moved[at:]]}
                raise PartlyError(error.reason, task.target, left) from error
        return {"said": f"{len(moved)} moved back"}


class Defender(_Microsoft):
    """Hosts under Microsoft Defender for Endpoint."""

    name: str = "defender"
    kinds: tuple[str, ...] = ("isolate",)
    undoes: tuple[str, ...] = ("isolate",)

    def told(self, task: Task) -> list[str]:
        """Give the requests."""
        requests = (
            microsoft.sign_in(self._app, self._app.defender),
            microsoft.find_host(self._app, task.target),
            microsoft.isolate(self._app, "ID", _comment(task)),
        )
        return [one.told() for one in requests]

    def do(self, task: Task) -> Receipt:
        """Cut the host off."""
        return {"machine": self._cloud.isolate(task.target, _comment(task))}

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Let the host back."""
        self._cloud.release(str(receipt.get("machine", "")), _comment(task))
        return {}


def _comment(task: Task) -> str:
    return f"Sekisho {task.action} {task.incident} {task.by}: {task.reason}"


class Hand:
    """Somebody does it, and says so here."""

    name: str = "hand"
    kinds: tuple[str, ...] = KINDS
    undoes: tuple[str, ...] = KINDS

    def lacks(self) -> str:
        """Give nothing: people can always act."""
        return ""

    def told(self, task: Task) -> list[str]:
        """Give nothing: nothing is sent."""
        return []

    def do(self, task: Task) -> Receipt:
        """Take the word of who says that it is done."""
        return {"by": task.by}

    def undo(self, task: Task, receipt: Receipt) -> Receipt:
        """Take the word of who says that it is taken back."""
        return receipt


def ways(database: Database, vault: Vault) -> Sequence[Way]:
    """Give the ways as they are set now."""
    chosen = load(database, Reach)
    return (
        Lists(database, chosen.block_days),
        Webhook(chosen, vault.get("webhook")),
        Imap(chosen, vault.get("imap")),
        Graph(chosen, vault.get("graph")),
        Defender(chosen, vault.get("graph")),
        Hand(),
    )


def _document(task: Task, order: str) -> Receipt:
    """Give what a receiver is told."""
    return {
        "version": 1,
        "order": order,
        "action": task.action,
        "kind": task.kind,
        "incident": task.incident,
        "reason": task.reason,
        "target": {"kind": task.target_kind, "value": task.target, "messages": list(task.messages)},
        "by": task.by,
    }
