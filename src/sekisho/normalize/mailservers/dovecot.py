"""Dovecot: logins to IMAP, POP3 and ManageSieve, what sessions read and deleted, and mails put into mailboxes.

Source: Dovecot documentation, settings ``login_log_format_elements``, ``imap_logout_format``, ``pop3_logout_format``,
``auth_verbose_passwords``, ``auth_username_chars``, ``deliver_log_format``; plugin mail_log.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from sekisho.model.event import Event
from sekisho.normalize.mailservers._common import (
    ABORTED,
    AUTHENTICATION,
    ERROR,
    FAILURE,
    IP,
    MAILBOX,
    MAILFLOW,
    SESSION,
    SUCCESS,
    Fields,
    Line,
    Out,
    known,
)

SERVICE = "dovecot"
MAX_SESSIONS = 65_536
"""Open sessions whose address is remembered."""
MAX_PLACES = 16
"""Places in one line that could be the end of a user name."""

_LEVEL = r"(?:(?:Info|Warning|Error|Fatal|Panic|Debug): )?"
_PROCESS = re.compile(r"(?:\S+ )?([a-z][a-z0-9-]{1,31})(?=[(<:])")
_LOGIN = re.compile(rf"(imap|pop3|managesieve|sieve|submission)-login(?:\(\w+\))?(?:<[^<>]*>)*: {_LEVEL}")
# The usual line: no bracket in the user name, so that there is one way to read it.
_USUAL = re.compile(
    rf"([^<>]*?): user=<([^<>]*)>, (?:method=([\w-]*), )?rip=({IP})(, [^<>]*?)?(?:, session=<([^<>]{{1,64}})>)?$",
    re.DOTALL,
)
_HEAD = re.compile(r": (?=user=<|method=|rip=)")
# The user name is the client's own text; what follows it is not, so the last place where the rest fits is the true one.
_USER_END = re.compile(rf">, (?=(?:method=[\w-]*, )?rip={IP})")
_PLACE = re.compile(rf"(?:method=([\w-]*), )?rip=({IP})")
_LAST_SESSION = re.compile(r", session=<([^<>]{1,64})>$")
_ATTEMPTS = re.compile(r"auth failed, (\d{1,6}) attempts?")
_SAID_BY_SERVER = re.compile(r"\((?:internal failure|auth process|auth service|.{0,60}temporar)", re.IGNORECASE)
_NO_TRY = (
    "no auth attempts", "no_auth_attempts", "disconnected before auth was ready", "client didn't finish",
    "Inactivity during authentication", "before auth",
)  # fmt: skip
_BACKEND = re.compile(r"auth(?:-worker)?(?:-\w+)?(?=[(:<])")
_CONNECTION = re.compile(r"(?:conn \S+ (?:\([^)]*\))?: )?(?:auth-worker<\d+>: )?")
# A user name ends where ",address)" or ",address,<session>)" follows.
_WHO_END = re.compile(rf",({IP})(?:,(?:<([^<>]*)>|[^(),<>]*))?\)(?:<[^<>]*>)*: ")
_WHO = re.compile(r"([a-z][\w-]{1,31})\(")
_PASSWORD = re.compile(r" \((?:SHA1 of )?given password: |; given password: ")
_REQUEST = re.compile(r"request \[\d+\]: ")
_REFUSED = (
    "password mismatch", "unknown user", "user not known", "authentication failure", "invalid credentials",
    "invalid password", "username character disallowed", "user is disabled", "account is", "not allowed",
    "login denied", "policy server refusal", "allow_nets check failed", "too many failed", "user login disabled",
    "authentication failed", "credentials", "empty passwords", "empty username", "no such user", "user not found",
    "passdb lookup failed: user unknown", "expired", "doesn't exist", "permission denied",
)  # fmt: skip
# Source: Linux-PAM, pam_unix(8), what it writes to syslog.
_PAM = re.compile(r"(?:pam_unix(?:\([^)]*\))?: )?authentication failure; logname=")
_PAM_RHOST = re.compile(rf" rhost=({IP})(?: +user=(.*))?$")
_PAM_RUSER = re.compile(r" ruser=(.*) rhost=")
_SESSION = re.compile(rf"(imap|pop3)\((.*?)\)((?:<[^<>]*>)*): {_LEVEL}(.*)", re.DOTALL)
MAX_COUNTS = 40
"""Counts at the end of a session's last line."""
_COUNT = re.compile(r"([a-z_]{2,16})=(\d{1,18})(?:/(\d{1,18}))?[,)]?")
_COUNTS = re.compile(r"(?:[a-z_]{2,16}=\d{1,18}(?:/\d{1,18})?[,)]?(?: |$))++")
_NAMES = {
    "in": "in_bytes", "out": "out_bytes", "body_count": "fetched", "body_bytes": "fetched_bytes",
    "hdr_count": "headers", "deleted": "deleted", "expunged": "expunged", "trashed": "trashed",
    "appended": "appended", "autoexpunged": "autoexpunged",
}  # fmt: skip
_CHANGE = re.compile(
    r"(delete|undelete|expunge|save|copy|append|flag_change|mailbox_create|mailbox_delete|mailbox_rename)"
    r"(?: from (.{0,200}?))?: (?:box=(.{0,200}?)(?:, |$))?"
)
_DELIVERY = re.compile(rf"(lmtp|lda|deliver)\((?:\d+, )?(.*?)\)((?:<[^<>]*>)*): {_LEVEL}(.*)", re.DOTALL)
_STORED = re.compile(r"(?:sieve: )?msgid=(.{0,998}?): (saved|stored|forwarded|discarded|save failed)\b(.*)", re.DOTALL)


class Dovecot:
    """Reads the lines of one file."""

    def __init__(self, out: Out) -> None:
        self.out = out
        self._sessions: OrderedDict[str, str] = OrderedDict()

    def read(self, line: Line) -> Event | None:
        """Give the event of a line; None when it is not understood."""
        if line.message.startswith("dovecot: "):  # some write the name twice
            line = line._replace(message=line.message[9:])
        message = line.message
        found = _LOGIN.match(message)
        if found is not None:
            return self._login(line, found[1], message[found.end() :])
        if message.startswith(("imap(", "pop3(")):
            return self._session(line)
        if message.startswith(("lmtp(", "lda(", "deliver(")):
            return self._delivery(line)
        if message.startswith("auth") or line.program.startswith(("auth", "dovecot-auth", "dovecot(")):
            return self._backend(line)
        if message.startswith(("pam_unix", "authentication failure")):
            return self._pam(line, message)
        return known(line, SERVICE, self.out) if _PROCESS.match(message) else None

    def _login(self, line: Line, protocol: str, text: str) -> Event:
        protocol = "sieve" if protocol == "managesieve" else "smtp" if protocol == "submission" else protocol
        fields: Fields = {"protocol": protocol}
        usual = _USUAL.match(text)
        if usual is not None:
            head, user, method, address, rest, session = usual.groups()
        else:
            head, user, method, address, rest, session = _unusual(text)
        if method:
            fields["method"] = method.upper()
        if address:
            self.out.from_client(fields, address)
        if rest and (", TLS" in rest or ", secured" in rest):
            fields["tls"] = "true"
        if session:
            fields["session"] = session
        fields["result"] = result = _result(head)
        if result != SUCCESS:
            fields["reason"] = head
            if attempts := _ATTEMPTS.search(head):
                fields["attempts"] = int(attempts[1])
        elif "session" in fields and "src_ip" in fields:
            self._remember(fields["session"], fields["src_ip"])
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)

    def _remember(self, session: str, address: str) -> None:
        if len(self._sessions) >= MAX_SESSIONS:
            self._sessions.popitem(last=False)
        self._sessions[session] = address

    def _backend(self, line: Line) -> Event | None:
        """Read what the authentication process says: it knows each attempt, and at times the address."""
        text = line.message
        if ": pam_unix(" in text or _PAM.match(text):
            return self._pam(line, text)
        if found := _BACKEND.match(text):
            # "auth: sql(…", "auth-worker(41): conn …: sql(…", and since 2.4 "auth(user,address,…): sql: …"
            rest = text[found.end() :]
            plain = re.match(rf"(?:\((?:\d+|default)\))?(?:<[^<>]*>)*: {_LEVEL}", rest)
            text = rest[plain.end() :] if plain else f"{found[0].replace('-', '_')}{rest}"
        text = text[_CONNECTION.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing too
        text = re.sub(rf"^{_LEVEL}", "", text)
        who = _WHO.match(text)
        if not who:
            return known(line, SERVICE, self.out)
        places = [place for place, _ in zip(_WHO_END.finditer(text, who.end()), range(MAX_PLACES), strict=False)]
        if not places:
            return known(line, SERVICE, self.out)
        # Where a password is logged, it is the client's own text as well, and stands last; the name, which may then
        # hold no commas (auth_username_chars), ends at the first place.
        end = places[0] if _PASSWORD.search(text) else places[-1]
        reason = text[end.end() :]
        return self._attempt(line, text[who.end() : end.start()], end, reason, who[1])

    def _attempt(self, line: Line, user: str, end: re.Match[str], reason: str, database: str) -> Event:
        reason = re.sub(rf"^{_LEVEL}", "", reason)
        worker = _REQUEST.match(reason)
        if worker:
            reason = re.sub(rf"^{_LEVEL}", "", reason[worker.end() :])
        said = _PASSWORD.split(reason, maxsplit=1)[0]
        folded = said.lower()
        refused = any(word in folded for word in _REFUSED)
        fields: Fields = {"stage": "worker" if worker else "backend", "reason": said, "database": database}
        fields["result"] = FAILURE if refused else ERROR if "fail" in folded or "error" in folded else "info"
        self.out.from_client(fields, end[1])
        if end[2]:
            fields["session"] = end[2]
        if "unknown user" in folded or "not known" in folded or "user not found" in folded:
            fields["unknown_user"] = "true"
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, "" if user == "?" else user)

    def _pam(self, line: Line, text: str) -> Event:
        fields: Fields = {"stage": "backend", "reason": "authentication failure", "database": "pam", "result": FAILURE}
        user = ""
        if place := _PAM_RHOST.search(text):
            self.out.from_client(fields, place[1])
            user = (place[2] or "").strip()
        if not user and (own := _PAM_RUSER.search(text)):
            user = own[1].strip()
        if "authentication failure" not in text:
            fields["result"], fields["reason"] = "info", text
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)

    def _session(self, line: Line) -> Event | None:
        found = _SESSION.match(line.message)
        if not found:
            return None
        protocol, user, marks, text = found.groups()
        session = marks.rpartition("<")[2].rstrip(">") if marks else ""
        fields: Fields = {"protocol": protocol}
        if session:
            fields["session"] = session
            if address := self._sessions.get(session):
                self.out.from_client(fields, address)
        if change := _CHANGE.match(text):
            fields["action"] = change[1]
            if folder := change[3] or change[2]:
                fields["folder"] = folder
            return self.out.event(MAILBOX, SERVICE, line, fields, user)
        at = _counts_at(text)
        if at >= 0:
            for name, count, more in _COUNT.findall(text, at):
                self._count(fields, name, count, more)
            fields["reason"] = text[:at].strip(" :(")
            self._sessions.pop(session, None)
            return self.out.event(SESSION, SERVICE, line, fields, user)
        return known(line, SERVICE, self.out, user=user)

    @staticmethod
    def _count(fields: Fields, name: str, count: str, more: str | None) -> None:
        if name in _NAMES:
            fields[_NAMES[name]] = int(count)
        elif name == "bytes" and more:  # of 1.x and 2.0: read from and written to the client
            fields["in_bytes"], fields["out_bytes"] = int(count), int(more)
        elif name == "retr" and more:
            fields["fetched"], fields["fetched_bytes"] = int(count), int(more)
        elif name == "del":
            fields["deleted"] = int(count)

    def _delivery(self, line: Line) -> Event | None:
        found = _DELIVERY.match(line.message)
        if not found:
            return known(line, SERVICE, self.out)
        _, user, _, text = found.groups()
        if not (stored := _STORED.match(text)):
            return known(line, SERVICE, self.out, user=user)
        message_id, verb, rest = stored.groups()
        fields: Fields = {"recipient": user, "status": "stored", "reply": f"{verb}{rest}"[:1000]}
        if verb == "forwarded":
            fields["status"], fields["recipient"] = "forwarded", rest.strip().removeprefix("to ").strip("<>")
        elif verb != "stored" and verb != "saved":
            fields["status"] = verb.replace("save failed", "deferred")
        fields["message_id"] = message_id.strip("<>")
        fields["direction"] = "store"
        return self.out.event(MAILFLOW, SERVICE, line, fields, user)


def _counts_at(text: str) -> int:
    """Give where the counts at the end of a text begin, -1 where there are none."""
    at = text.rfind(" ", 0, max(text.find("="), 0)) + 1
    if _COUNTS.fullmatch(text, at):
        return at
    at = len(text)
    for word in reversed(text.rsplit(" ", MAX_COUNTS)):
        if not _COUNT.fullmatch(word):
            break
        at -= len(word) + 1
    return at + 1 if at < len(text) else -1


def _unusual(text: str) -> tuple[str, str, str, str, str, str]:
    """Give words before, user name, method, address, words behind and session of a login line of any other form."""
    cut = _HEAD.search(text)
    head, rest = (text[: cut.start()], text[cut.end() :]) if cut else (text, "")
    user = ""
    if rest.startswith("user=<"):
        end = 0
        for mark in _USER_END.finditer(rest):
            end = mark.start()
        user, rest = (rest[6:end], rest[end + 3 :]) if end else ("", "")
    place = _PLACE.match(rest)
    if place is None:
        return head, user, "", "", "", ""
    session = _LAST_SESSION.search(rest)
    return head, user, place[1] or "", place[2], rest, session[1] if session else ""


def _result(head: str) -> str:
    """Tell the result from the words before the user name."""
    if head == "Login" or head.startswith(("Login ", "proxy(", "Proxying", "proxy:")):
        return SUCCESS if not head.startswith("Login aborted") else _failed(head)
    return _failed(head)


def _failed(head: str) -> str:
    if "auth failed" in head or "tried to use dis" in head:  # disabled or disallowed plain-text login
        return FAILURE
    if _SAID_BY_SERVER.search(head) or head.startswith("Maximum number of connections"):
        return ERROR
    return ABORTED
