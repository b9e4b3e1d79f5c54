"""Mails are moved out of mailboxes, and back, over IMAP.

A mail is found by its Message-ID, which its sender chose: SEARCH matches parts of a header, so a Message-ID of ``a``
would find everything. Every hit's header is read and compared as a whole before anything is moved.

Source: RFC 3501 (IMAP4rev1), RFC 4616 (PLAIN with authorization identity), RFC 4315 (UIDPLUS), RFC 6851 (MOVE).
"""

from __future__ import annotations

import imaplib
import ipaddress
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sekisho.model.errors import ResponseError

PORTS = {"tls": 993, "starttls": 143, "none": 143}
TIMEOUT_S = 20.0
MOST_FOLDERS = 500  # of one mailbox
MOST_COPIES = 20  # of one mail in one folder; more are no copies but a mistake
_MESSAGE_ID = re.compile(r"<[\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x7e]{3,900}>")  # printable, without quotes and backslash
_LISTED = re.compile(rb'\(([^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (.+)', re.DOTALL)
_COPIED = re.compile(rb"(\d+) [\d:,]+ (\d+)")
_UNSEEN = (b"\\noselect", b"\\nonexistent", b"\\all")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mailboxes lie, and who may act in all of them."""

    host: str
    port: int
    security: str
    """tls, starttls or none; none goes no further than this machine."""
    account: str
    password: str
    folder: str
    """Where quarantined mails go, in each mailbox."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One mail that was moved."""

    message: str
    folder: str
    """Where it lay, as the server spells it."""
    uid: int
    """Of it in the quarantine; 0 where the server does not say."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order."""

    moved: tuple[Moved, ...]
    failed: str = ""
    """Why the rest was not done."""


def told(server: Server, mailbox: str, messages: Sequence[str]) -> list[str]:
    """Give what would be sent, as text."""
    lines = [f"IMAP {server.host}:{server.port} ({server.security}), {server.account} → {mailbox}"]
    lines += [f'UID SEARCH HEADER Message-ID "{one}"' for one in messages]
    return ["\n".join([*lines, f'UID MOVE … "{server.folder}"'])]


def quarantine(server: Server, mailbox: str, messages: Sequence[str]) -> Outcome:
    """Move mails from all folders of a mailbox to its quarantine.

    Args:
        server: where the mailbox lies.
        mailbox: whose it is, as the server knows it.
        messages: Message-IDs, with their angle brackets.

    Raises:
        ResponseError: nothing was moved.
    """
    for one in messages:
        _searchable(one)
    moved: list[Moved] = []
    failed = ""
    try:
        with opened(server, mailbox) as imap:
            imap.create(_quoted(server.folder))  # there may be one
            for folder in _folders(imap, server.folder):
                imap.select(folder)
                for message in messages:
                    moved += [Moved(message, folder, _move(imap, uid, server.folder)) for uid in _find(imap, message)]
    except (imaplib.IMAP4.error, OSError) as error:
        failed = _reason(error)
    except ResponseError as error:
        failed = error.reason
    if failed and not moved:
        raise ResponseError(failed, mailbox)
    if not moved:
        raise ResponseError("no folder has a copy", mailbox)
    return Outcome(tuple(moved), failed)


def restore(server: Server, mailbox: str, moved: Sequence[Moved]) -> Outcome:
    """Move mails from a mailbox's quarantine to where they lay.

    Raises:
        ResponseError: nothing was moved.
    """
    back: list[Moved] = []
    failed = ""
    try:
        with opened(server, mailbox) as imap:
            if imap.select(_quoted(server.folder))[0] != "OK":
                raise ResponseError("there is no quarantine", mailbox)
            for one in moved:
                found = _find(imap, one.message)
                uid = str(one.uid) if str(one.uid) in found else next(iter(found), "")
                if not uid:
                    failed = f"{one.message} is not in the quarantine any more"
                    continue
                _move(imap, uid, one.folder, quoted=True)
                back.append(one)
    except (imaplib.IMAP4.error, OSError) as error:
        failed = _reason(error)
    if failed and not back:
        raise ResponseError(failed, mailbox)
    return Outcome(tuple(back), failed)


@contextmanager
def opened(server: Server, mailbox: str) -> Iterator[imaplib.IMAP4]:
    """Give a session in a mailbox.

    Raises:
        ResponseError: the mailbox is none, or a password would go over the network in the clear.
    """
    if not mailbox.isascii() or not mailbox.isprintable():
        raise ResponseError("is no mailbox", ascii(mailbox)[:100])
    context = ssl.create_default_context()
    if server.security == "none" and not _is_here(server.host):
        raise ResponseError("a connection without TLS goes no further than this machine", server.host)
    kind: Callable[..., imaplib.IMAP4] = imaplib.IMAP4
    more = {}
    if server.security == "tls":
        kind, more = imaplib.IMAP4_SSL, {"ssl_context": context}
    imap = kind(server.host, server.port, timeout=TIMEOUT_S, **more)
    try:
        if server.security == "starttls":
            imap.starttls(context)
        other = "" if mailbox.casefold() == server.account.casefold() else mailbox
        imap.authenticate("PLAIN", lambda _: f"{other}\0{server.account}\0{server.password}".encode())
        told = b" ".join(one for one in imap.capability()[1] if one).decode("ascii", "replace").upper()
        imap.capabilities = tuple(told.split())  # those from before the sign-in are fewer
        yield imap
    finally:
        try:
            imap.logout()
        except (imaplib.IMAP4.error, OSError):
            imap.shutdown()


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _folders(imap: imaplib.IMAP4, but: str) -> list[str]:
    """Give the folders that may hold mails, quoted; the quarantine is none of them."""
    found = []
    for line in imap.list()[1]:
        whole = b" ".join(line) if isinstance(line, tuple) else line or b""
        match = _LISTED.fullmatch(whole)
        if match is None or any(flag in match[1].lower() for flag in _UNSEEN):
            continue
        name = match[2]
        if isinstance(line, tuple):  # a literal: its length and the name itself
            name = b'"' + line[1].replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        text = name.decode("ascii", "replace")
        plain = text.strip('"')
        if plain != but and text.isprintable():
            found.append(text if text.startswith('"') else f'"{text}"')
    found.sort(key=lambda name: name.upper() != '"INBOX"')
    return found[:MOST_FOLDERS]


def _find(imap: imaplib.IMAP4, message: str) -> list[str]:
    """Give the UIDs of the chosen folder's mails that have exactly this Message-ID.

    Raises:
        ResponseError: there are too many.
    """
    wanted = _searchable(message)
    hits = (imap.uid("SEARCH", "HEADER", "Message-ID", f'"{wanted}"')[1][0] or b"").split()
    if len(hits) > 10 * MOST_COPIES:
        raise ResponseError(f"{len(hits)} mails match; that is no Message-ID", message)
    uids = [hit.decode("ascii") for hit in hits if hit.isdigit()]
    same = [uid for uid in uids if _message_id(imap, uid) == wanted]
    if len(same) > MOST_COPIES:
        raise ResponseError(f"{len(same)} mails have it; that is no Message-ID", message)
    return same


def _message_id(imap: imaplib.IMAP4, uid: str) -> str:
    for part in imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]:
        if isinstance(part, tuple):
            return str(part[1].decode("latin-1")).partition(":")[2].strip()
    return ""


def _move(imap: imaplib.IMAP4, uid: str, folder: str, *, quoted: bool = False) -> int:
    """Move a mail and give its UID there; a server without MOVE copies, marks and expunges just this one."""
    target = folder if quoted else _quoted(folder)
    imap.untagged_responses.pop("COPYUID", None)
    if "MOVE" in imap.capabilities:
        _ok(imap.uid("MOVE", uid, target))
    else:
        _ok(imap.uid("COPY", uid, target))
        _ok(imap.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
        if "UIDPLUS" in imap.capabilities:
            _ok(imap.uid("EXPUNGE", uid))
    said = imap.response("COPYUID")[1]
    match = _COPIED.search(said[-1] or b"") if said else None
    return int(match[2]) if match else 0


def _ok(answer: tuple[str, list[bytes]]) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(b" ".join(one for one in answer[1] if one).decode("utf-8", "replace")[:300])


def _searchable(message: str) -> str:
    if not _MESSAGE_ID.fullmatch(message.strip()):
        raise ResponseError("is no Message-ID that can be looked for", ascii(message)[:200])
    return message.strip()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)
    return said[:300] or type(error).__name__
