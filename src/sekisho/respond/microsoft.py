"""Microsoft 365 and Defender for Endpoint: mails moved out of mailboxes, hosts cut off the network, and both undone.

Requests are built by functions of their own; :class:`Cloud` signs in and sends them one after another.

Source: Microsoft Graph v1.0 (message: move, permanentDelete; list messages with ``internetMessageId``), Microsoft
identity platform (client credentials), Microsoft Defender for Endpoint API (machine: isolate, unisolate).
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import orjson

from sekisho.model.errors import ResponseError
from sekisho.respond.outward import Allowed, Request, sent

QUARANTINE = "recoverableitemsdeletions"
"""Well-known folder that users see as "Recover deleted items": a soft delete. Source: Graph, mailFolder resource."""
MOST_COPIES = 20  # of one mail in one mailbox; more are no copies but a mistake
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,900}>")
_MAILBOX = re.compile(r"[^\s@<>\",;:()\[\]\\/?#%\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,253}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,253}")


@dataclass(frozen=True, slots=True)
class Application:
    """An application that a tenant's administrator allowed to act."""

    tenant: str
    client: str
    secret: str
    login: str
    """Base address of the sign-in service, without a slash at its end, as the next two."""
    graph: str
    defender: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One mail that was moved, and where it lay."""

    message: str
    id: str
    """Of it where it lies now."""
    folder: str


def sign_in(app: Application, resource: str) -> Request:
    """Give the request for a token that opens a resource."""
    form = {
        "client_id": app.client,
        "client_secret": app.secret,
        "scope": f"{resource}/.default",
        "grant_type": "client_credentials",
    }
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    url = f"{app.login}/{quote(app.tenant, safe='')}/oauth2/v2.0/token"
    return Request("POST", url, headers, urlencode(form).encode(), secret=True)


def find(app: Application, mailbox: str, message: str, token: str = "") -> Request:
    """Give the request for a mailbox's copies of a mail.

    Raises:
        ResponseError: the Message-ID or the mailbox is none.
    """
    if not _MESSAGE_ID.fullmatch(message):
        raise ResponseError("is no Message-ID that can be looked for", ascii(message)[:200])
    text = message.replace("'", "''")  # Source: OData 4.01, 5.1.1.6.1
    query = urlencode(
        {
            "$filter": f"internetMessageId eq '{text}'",
            "$select": "id,parentFolderId,isRead,internetMessageId",
            "$top": MOST_COPIES + 1,
        },
        quote_via=quote,
    )
    return _asked("GET", f"{_box(app, mailbox)}/messages?{query}", token)


def move(app: Application, mailbox: str, key: str, folder: str, token: str = "") -> Request:
    """Give the request that moves a mail."""
    return _asked("POST", f"{_box(app, mailbox)}/messages/{quote(key, safe='')}/move", token, {"destinationId": folder})


def purge(app: Application, mailbox: str, key: str, token: str = "") -> Request:
    """Give the request that deletes a mail so that no user gets it back."""
    return _asked("POST", f"{_box(app, mailbox)}/messages/{quote(key, safe='')}/permanentDelete", token)


def find_host(app: Application, host: str, token: str = "") -> Request:
    """Give the request for a host's id.

    Raises:
        ResponseError: it is no host.
    """
    if not _HOST.fullmatch(host):
        raise ResponseError("is no host", ascii(host)[:200])
    query = urlencode({"$filter": f"startswith(computerDnsName,'{host}')", "$top": 20}, quote_via=quote)
    return _asked("GET", f"{app.defender}/api/machines?{query}", token)


def isolate(app: Application, key: str, comment: str, token: str = "") -> Request:
    """Give the request that cuts a host off."""
    url = f"{app.defender}/api/machines/{quote(key, safe='')}/isolate"
    return _asked("POST", url, token, {"Comment": comment[:500], "IsolationType": "Full"})


def release(app: Application, key: str, comment: str, token: str = "") -> Request:
    """Give the request that lets a host back on the network."""
    url = f"{app.defender}/api/machines/{quote(key, safe='')}/unisolate"
    return _asked("POST", url, token, {"Comment": comment[:500]})


class NoCopyError(ResponseError):
    """A mailbox does not have a mail."""


class Cloud:
    """Somebody signed in as an application; a token is kept until shortly before its end."""

    def __init__(self, app: Application, where: Allowed) -> None:
        """``where``: hosts of the three services."""
        self._app, self._where = app, where
        self._tokens: dict[str, tuple[str, float]] = {}

    def quarantine(self, mailbox: str, message: str) -> list[Moved]:
        """Move a mailbox's copies of a mail to where only recovery finds them.

        Raises:
            ResponseError: it was not done, or the mailbox has no copy.
        """
        token = self._token(self._app.graph)
        moved = []
        for key, folder in self._copies(mailbox, message, token):
            answer = sent(move(self._app, mailbox, key, QUARANTINE, token), self._where).document()
            moved.append(Moved(message, str(answer.get("id", key)), folder))
        return moved

    def restore(self, mailbox: str, moved: Moved) -> None:
        """Move a mail back to where it lay."""
        sent(move(self._app, mailbox, moved.id, moved.folder, self._token(self._app.graph)), self._where)

    def purge(self, mailbox: str, message: str) -> int:
        """Delete a mailbox's copies of a mail for good and give their number."""
        token = self._token(self._app.graph)
        copies = self._copies(mailbox, message, token)
        for key, _ in copies:
            sent(purge(self._app, mailbox, key, token), self._where)
        return len(copies)

    def isolate(self, host: str, comment: str) -> str:
        """Cut a host off the network and give its id.

        Raises:
            ResponseError: it was not done, or the name is none's or several hosts'.
        """
        token = self._token(self._app.defender)
        key = self._host(host, token)
        sent(isolate(self._app, key, comment, token), self._where)
        return key

    def release(self, key: str, comment: str) -> None:
        """Let a host back on the network."""
        sent(release(self._app, key, comment, self._token(self._app.defender)), self._where)

    def _token(self, resource: str) -> str:
        kept, until = self._tokens.get(resource, ("", 0.0))
        if kept and time.monotonic() < until:
            return kept
        told = sent(sign_in(self._app, resource), self._where).document()
        token = told.get("access_token")
        if not isinstance(token, str) or not token:
            raise ResponseError("gave no token", self._app.login)
        lasts = told.get("expires_in")
        self._tokens[resource] = (token, time.monotonic() + (lasts if isinstance(lasts, int) else 600) - 120)
        return token

    def _copies(self, mailbox: str, message: str, token: str) -> list[tuple[str, str]]:
        found = sent(find(self._app, mailbox, message, token), self._where).document().get("value")
        copies = [
            (str(one["id"]), str(one.get("parentFolderId", "inbox")))
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict) and one.get("id") and one.get("internetMessageId") == message
        ]
        if not copies:
            raise NoCopyError("has no copy", mailbox)
        if len(copies) > MOST_COPIES:
            raise ResponseError(f"has more than {MOST_COPIES} mails of this Message-ID; that is none", mailbox)
        return copies

    def _host(self, host: str, token: str) -> str:
        """Give the id of the one host of a name: the whole name, else the only one whose first label it is."""
        found = sent(find_host(self._app, host, token), self._where).document().get("value")
        names = {
            str(one["id"]): str(one.get("computerDnsName", "")).lower()
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict) and one.get("id")
        }
        low = host.lower()
        same = [key for key, name in names.items() if name == low]
        same = same or [key for key, name in names.items() if name.partition(".")[0] == low]
        if len(same) != 1:
            raise ResponseError("is known there under no or several entries", host)
        return same[0]


def _box(app: Application, mailbox: str) -> str:
    if not _MAILBOX.fullmatch(mailbox):
        raise ResponseError("is no mailbox", ascii(mailbox)[:200])
    return f"{app.graph}/v1.0/users/{quote(mailbox, safe='@')}"


def _asked(method: str, url: str, token: str, document: dict[str, str] | None = None) -> Request:
    headers: Sequence[tuple[str, str]] = (("authorization", f"Bearer {token}"), ("accept", "application/json"))
    if document is not None:
        headers = (*headers, ("content-type", "application/json"))
    return Request(method, url, tuple(headers), orjson.dumps(document) if document is not None else b"")
