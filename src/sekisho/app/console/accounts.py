"""Accounts, sessions and tokens of the console: who may do what, and for how long they are believed."""

from __future__ import annotations

import enum
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.model.errors import SourceError

LOCAL = "local"
"""The account of who started a console that has no accounts yet."""
IDLE_S, LONGEST_S = 60 * 60, 12 * 60 * 60  # of a session. Source: OWASP ASVS 4.0.3, 3.3.2 (level 2)
SEEN_EVERY_S = 60  # a session's time is written no more often
SHORTEST_PASSWORD = 12  # Source: OWASP ASVS 4.0.3, 2.1.1
LONGEST_PASSWORD = 1024
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
TOKEN = "sekisho_"


class Role(enum.IntEnum):
    """What an account may do; each may do what the ones before may."""

    VIEWER = 1
    """Look."""
    ANALYST = 2
    """Add evidence, triage, tune."""
    RESPONDER = 3
    """Act on mailboxes, hosts and block lists; take attachments."""
    ADMIN = 4
    """Accounts, settings, deletion."""

    @property
    def word(self) -> str:
        """As it is written."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """Read a role's word.

        Raises:
            ValueError: there is no such role.
        """
        for role in cls:
            if role.word == word:
                return role
        raise ValueError(f"no such role: {word}")


SCOPES = {"read": Role.VIEWER, "triage": Role.ANALYST, "respond": Role.RESPONDER, "admin": Role.ADMIN}
"""What a token may be for: no more than its account's role either."""
FEED = "feed"
"""Scope of a token that reads block lists and nothing else: it lies in the settings of a firewall."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whom the console believes."""

    name: str
    role: Role
    address: str = ""
    csrf: str = ""
    """What forms of this session carry; empty for tokens, which no browser sends by itself."""
    session: str = ""
    """Digest of the session; empty for tokens."""
    scopes: frozenset[str] = frozenset(SCOPES)

    @property
    def actor(self) -> Actor:
        """As the audit log names them."""
        return Actor(self.name, self.address)

    def may(self, role: Role) -> bool:
        """Tell whether this visitor may do what a role may."""
        return self.role >= role and any(SCOPES[scope] >= role for scope in self.scopes if scope in SCOPES)


class Accounts:
    """The accounts in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exist(self) -> bool:
        """Tell whether anybody has an account; until then whoever started the console is its only user."""
        return bool(self._database.count("SELECT count(*) FROM accounts"))

    def add(self, name: str, role: Role, password: str, by: Actor, email: str = "") -> None:
        """Make an account; without a password only sign-in by OpenID Connect opens it.

        Raises:
            SourceError: the name is taken or not allowed, or the password too short.
        """
        if not NAME.fullmatch(name) or name.lower() in (LOCAL, "sekisho"):
            raise SourceError("is no name for an account: letters, digits and . _ @ - only, 64 at most", name)
        kept = hashed(password) if password else ""
        with self._database.change() as base:
            if base.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone():
                raise SourceError("there is an account of this name", name)
            base.execute(
                "INSERT INTO accounts (name, role, password, email, created_at) VALUES (?, ?, ?, ?, ?)",
                (name, role.word, kept, email, int(time.time())),
            )
            note(base, by, "account.add", name, role=role.word)

    def change(
        self,
        name: str,
        by: Actor,
        *,
        role: Role | None = None,
        password: str | None = None,
        disabled: bool | None = None,
        email: str | None = None,
    ) -> None:
        """Change an account; sessions of one whose password changed or that is disabled end.

        Raises:
            SourceError: there is no such account, the password is too short, or it is the last administrator.
        """
        kept = None if password is None else hashed(password)
        with self._database.change() as base:
            row = base.execute("SELECT * FROM accounts WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise SourceError("there is no such account", name)
            loses = (role is not None and role < Role.ADMIN) or disabled
            others = "SELECT 1 FROM accounts WHERE role = 'admin' AND NOT disabled AND name != ?"
            if row["role"] == "admin" and loses and not base.execute(others, (name,)).fetchone():
                raise SourceError("is the last administrator; make another first", name)
            base.execute(
                "UPDATE accounts SET role = coalesce(?, role), password = coalesce(?, password), "
                "disabled = coalesce(?, disabled), email = coalesce(?, email) WHERE name = ?",
                (role.word if role else None, kept, disabled, email, name),
            )
            if email is not None and email != row["email"]:  # whoever signs in by it next may be somebody else
                base.execute("UPDATE accounts SET subject = NULL WHERE name = ?", (name,))
            if kept is not None or disabled or role is not None:
                base.execute("DELETE FROM sessions WHERE account = ?", (row["name"],))
            changed: dict[str, Any] = {
                "role": role.word if role else None,
                "password": kept is not None,
                "disabled": disabled,
            }
            if email is not None:
                changed["email"] = email
            note(base, by, "account.change", name, **changed)

    def listed(self) -> list[dict[str, Any]]:
        """Give the accounts without their passwords, with when each was last seen."""
        rows = self._database.all(
            "SELECT name, role, email, disabled, created_at, password != '' AS password, "
            "subject IS NOT NULL AS subject, (SELECT max(seen_at) FROM sessions WHERE account = name) AS seen_at "
            "FROM accounts ORDER BY name LIMIT 5000"
        )
        return [dict(row) for row in rows]

    def tokens(self, account: str) -> list[dict[str, Any]]:
        """Give an account's tokens without their secrets."""
        rows = self._database.all(
            "SELECT id, name, scopes, created_at, expires_at, used_at FROM tokens WHERE account = ? "
            "ORDER BY created_at DESC LIMIT 1000",
            account,
        )
        return [{**dict(row), "scopes": row["scopes"].split()} for row in rows]

    def revoke(self, account: str, key: str, by: Actor) -> None:
        """End a token.

        Raises:
            SourceError: the account has no such token.
        """
        with self._database.change() as base:
            if not base.execute("DELETE FROM tokens WHERE id = ? AND account = ?", (key, account)).rowcount:
                raise SourceError("there is no such token", key[:40])
            note(base, by, "token.end", key, account=account)

    def sessions(self, account: str) -> list[dict[str, Any]]:
        """Give an account's sessions that are not over."""
        now = int(time.time())
        rows = self._database.all(
            "SELECT digest, created_at, seen_at, address FROM sessions "
            "WHERE account = ? AND seen_at >= ? AND created_at >= ? ORDER BY seen_at DESC LIMIT 200",
            account,
            now - IDLE_S,
            now - LONGEST_S,
        )
        return [dict(row) for row in rows]

    def end_others(self, visitor: Visitor) -> None:
        """End all sessions of a visitor but this one."""
        with self._database.change() as base:
            base.execute("DELETE FROM sessions WHERE account = ? AND digest != ?", (visitor.name, visitor.session))
            note(base, visitor.actor, "session.end_others")

    def check(self, name: str, password: str) -> bool:
        """Tell whether a password opens an account; it takes as long when there is no such account."""
        from argon2 import PasswordHasher
        from argon2.exceptions import InvalidHashError, VerificationError

        row = self._database.one("SELECT password, disabled FROM accounts WHERE name = ?", name[:64])
        kept = row["password"] if row is not None and row["password"] and not row["disabled"] else _nobody()
        try:
            right = PasswordHasher().verify(kept, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        return bool(right) and row is not None and kept == row["password"]

    def begin(self, name: str, address: str) -> str:
        """Begin a session and give its secret, which only the visitor's browser keeps."""
        secret, now = secrets.token_urlsafe(32), int(time.time())
        row = self._database.one("SELECT name FROM accounts WHERE name = ?", name)
        account = row["name"] if row is not None else LOCAL
        with self._database.change() as base:
            base.execute("DELETE FROM sessions WHERE seen_at < ? OR created_at < ?", (now - IDLE_S, now - LONGEST_S))
            base.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (_digest(secret), account, secrets.token_urlsafe(32), now, now, address),
            )
            note(base, Actor(account, address), "session.begin")
        return secret

    def end(self, visitor: Visitor) -> None:
        """End a session."""
        with self._database.change() as base:
            base.execute("DELETE FROM sessions WHERE digest = ?", (visitor.session,))
            note(base, visitor.actor, "session.end")

    def visitor(self, secret: str, address: str) -> Visitor | None:
        """Give whose session a secret opens; None when it is none's, or over."""
        now = int(time.time())
        row = self._database.one(
            "SELECT sessions.*, accounts.role, accounts.disabled FROM sessions "
            "LEFT JOIN accounts ON accounts.name = sessions.account WHERE digest = ?",
            _digest(secret),
        )
        if row is None or row["seen_at"] < now - IDLE_S or row["created_at"] < now - LONGEST_S:
            return None
        if row["account"] == LOCAL and row["role"] is None:
            if self.exist():
                return None
            role = Role.ADMIN
        elif row["role"] is None or row["disabled"]:
            return None
        else:
            role = Role.of(row["role"])
        if row["seen_at"] < now - SEEN_EVERY_S:
            with self._database.change() as base:
                base.execute("UPDATE sessions SET seen_at = ? WHERE digest = ?", (now, row["digest"]))
        return Visitor(row["account"], role, address, row["csrf"], row["digest"])

    def make_token(self, account: str, name: str, scopes: frozenset[str], days: int, by: Actor) -> tuple[str, str]:
        """Make a token of an account, for programs, and give its id and its secret: it is shown this once.

        Raises:
            SourceError: a scope is not known, or it ends never or later than in two years.
        """
        if not scopes or not scopes <= {*SCOPES, FEED}:
            raise SourceError(f"scopes are {', '.join([*SCOPES, FEED])}", " ".join(sorted(scopes)))
        if not 1 <= days <= 731:
            raise SourceError("a token ends after 1 to 731 days", str(days))
        key, secret, now = "t" + secrets.token_hex(6), TOKEN + secrets.token_urlsafe(32), int(time.time())
        with self._database.change() as base:
            base.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (key, _digest(secret), account, name[:100], " ".join(sorted(scopes)), now, now + days * 86_400),
            )
            note(base, by, "token.add", key, account=account, name=name[:100], scopes=sorted(scopes), days=days)
        return key, secret

    def bearer(self, secret: str, address: str) -> Visitor | None:
        """Give who a token stands for; None when it is none, or over."""
        now = int(time.time())
        row = self._database.one(
            "SELECT tokens.*, accounts.role, accounts.disabled FROM tokens "
            "LEFT JOIN accounts ON accounts.name = tokens.account WHERE digest = ?",
            _digest(secret),
        )
        if row is None or row["expires_at"] < now or row["disabled"]:
            return None
        if row["role"] is None and (row["account"] != LOCAL or self.exist()):
            return None
        role = Role.of(row["role"]) if row["role"] else Role.ADMIN
        if (row["used_at"] or 0) < now - SEEN_EVERY_S:
            with self._database.change() as base:
                base.execute("UPDATE tokens SET used_at = ? WHERE id = ?", (now, row["id"]))
        return Visitor(row["account"], role, address, scopes=frozenset(row["scopes"].split()))


def hashed(password: str) -> str:
    """Give what is kept of a password.

    Raises:
        SourceError: it is too short or too long.
    """
    from argon2 import PasswordHasher

    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise SourceError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", "password")
    return PasswordHasher().hash(password)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _nobody() -> str:
    """Give the hash of a password that nobody has, so that a wrong name costs what a wrong password costs."""
    return "$argon2id$v=19$m=65536,t=3,p=4$c2VraXNob3Nla2lzaG8$Wm9uZSBvZiBub2JvZHkncyBwYXNzd29yZCAzMiBieXRlcw"
