"""Sign-in by OpenID Connect: the authorization code flow with PKCE, against one issuer.

An account is found by the issuer's subject; the first time by an e-mail address that the issuer has verified. Nobody
gets an account by signing in.

Source: OpenID Connect Core 1.0 (3.1), Discovery 1.0; RFC 7636 (PKCE); RFC 9700 (best practice).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import tomllib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.model.errors import ResponseError, SourceError
from sekisho.respond import outward
from sekisho.respond.outward import Request

KEYS = ("name", "issuer", "client_id", "client_secret", "redirect", "networks")
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Of signatures by a key pair; one that a shared secret or nothing signs is believed by nobody."""
PENDING_S, MOST_PENDING = 600, 1_000  # of sign-ins that were begun
FRESH_S = 3_600  # how long what an issuer publishes is kept
LEEWAY_S = 60


@dataclass(frozen=True, slots=True)
class Config:
    """Who signs people in."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    redirect: str
    """Address of ``/login/oidc/back`` as browsers reach it."""
    networks: tuple[str, ...] = ()
    """Private networks that the issuer may lie in."""


@dataclass(frozen=True, slots=True)
class _Begun:
    nonce: str
    verifier: str
    browser: str
    onward: str
    at: float


def read(path: Path) -> Config:
    """Read who signs people in, from a TOML file.

    Raises:
        SourceError: it cannot be used.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"cannot be read: {error}", str(path)) from error
    if unknown := sorted(set(table) - set(KEYS)):
        raise SourceError(f"{unknown[0]} is none of {', '.join(KEYS)}", str(path))
    for key in KEYS[:-1]:
        if not isinstance(table.get(key), str) or not table[key]:
            raise SourceError(f"{key} must be a text", str(path))
    networks = table.get("networks", [])
    if not isinstance(networks, list) or not all(isinstance(one, str) for one in networks):
        raise SourceError("networks must be a list of texts", str(path))
    config = Config(**{**table, "networks": tuple(networks)})
    try:
        for url in (config.issuer, config.redirect):
            outward.check(url, outward.Allowed(frozenset({urlsplit(url).hostname or ""})))
        outward.allowed((), networks)
    except (ResponseError, ValueError) as error:
        raise SourceError(str(error), str(path)) from error
    return config


class Oidc:
    """Sign-ins that go on, and what the issuer publishes."""

    def __init__(self, config: Config, database: Database) -> None:
        self.name = config.name
        self._config, self._database = config, database
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._lock = Lock()
        self._published: tuple[float, dict[str, Any], dict[str, Any]] | None = None

    def begin(self, onward: str) -> tuple[str, str]:
        """Give where a browser is sent to sign in, and what it keeps until it comes back.

        Raises:
            ResponseError: the issuer does not answer, or is another.
        """
        published, _ = self._issuer()
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        begun = _Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(48), browser, onward, time.monotonic())
        with self._lock:
            self._begun[state] = begun
            while len(self._begun) > MOST_PENDING:
                self._begun.popitem(last=False)
        digest = hashlib.sha256(begun.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": self._config.redirect,
            "scope": "openid email",
            "state": state,
            "nonce": begun.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = str(published["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", browser

    def finish(self, state: str, code: str, browser: str, address: str) -> tuple[str, str]:
        """Give the account of who came back, and where they were going.

        Raises:
            ResponseError: it is not who was sent, the issuer does not vouch for them, or they have no account here.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or time.monotonic() - begun.at > PENDING_S:
            raise ResponseError("the sign-in took too long or was not begun here", self.name)
        if not browser or not secrets.compare_digest(begun.browser.encode(), browser.encode()):
            raise ResponseError("another browser began this sign-in", self.name)
        claims = self._claims(self._token(code, begun.verifier), begun.nonce)
        return self._account(claims, address), begun.onward

    def _issuer(self, *, anew: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give what the issuer publishes: its endpoints and its keys."""
        kept = self._published
        if kept and not anew and time.monotonic() - kept[0] < FRESH_S:
            return kept[1], kept[2]
        issuer = self._config.issuer.rstrip("/")
        published = self._asked(Request("GET", f"{issuer}/.well-known/openid-configuration"), issuer)
        if str(published.get("issuer", "")).rstrip("/") != issuer:
            raise ResponseError("says that it is another issuer", self.name)
        for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(published.get(key), str):
                raise ResponseError(f"publishes no {key}", self.name)
        keys = self._asked(Request("GET", published["jwks_uri"]), published["jwks_uri"])
        self._published = (time.monotonic(), published, keys)
        return published, keys

    def _asked(self, request: Request, url: str) -> dict[str, Any]:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError as error:
            raise ResponseError("publishes what is no web address", self.name) from error
        return outward.sent(request, outward.allowed([host], self._config.networks)).document()

    def _token(self, code: str, verifier: str) -> str:
        """Exchange a code for an ID token."""
        published, _ = self._issuer()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._config.redirect,
            "code_verifier": verifier,
        }
        headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        methods = published.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            pair = f"{quote(self._config.client_id, safe='')}:{quote(self._config.client_secret, safe='')}"
            headers.append(("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
        else:
            form.update(client_id=self._config.client_id, client_secret=self._config.client_secret)
        url = published["token_endpoint"]
        request = Request("POST", url, tuple(headers), urlencode(form).encode(), secret=True)
        token = self._asked(request, url).get("id_token")
        if not isinstance(token, str):
            raise ResponseError("gave no ID token", self.name)
        return token

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """Give what a token says, when the issuer signed it for us, now, for this sign-in."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer()[0]["issuer"]},
            aud={"essential": True, "value": self._config.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        for anew in (False, True):  # the issuer may have changed its keys
            try:
                keys = KeySet.import_key_set(self._issuer(anew=anew)[1])  # type: ignore[arg-type]
                read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
                break
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if anew:
                    raise ResponseError(f"its token is not believed: {type(error).__name__}", self.name) from error
        try:
            registry.validate(read.claims)
        except JoseError as error:
            raise ResponseError(f"its token is not believed: {error}"[:200], self.name) from error
        claims = dict(read.claims)
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._config.client_id:
            raise ResponseError("its token is for somebody else", self.name)
        return claims

    def _account(self, claims: dict[str, Any], address: str) -> str:
        subject = orjson.dumps([claims["iss"], claims["sub"]]).decode()
        email = str(claims.get("email", "")).lower() if claims.get("email_verified") is True else ""
        with self._database.change() as base:
            row = base.execute("SELECT * FROM accounts WHERE subject = ?", (subject,)).fetchone()
            if row is None and email:
                rows = base.execute(
                    "SELECT * FROM accounts WHERE email = ? AND subject IS NULL LIMIT 2", (email,)
                ).fetchall()
                row = rows[0] if len(rows) == 1 else None  # of two nobody knows whose it is
                if row is not None:
                    base.execute("UPDATE accounts SET subject = ? WHERE name = ?", (subject, row["name"]))
                    note(
                        base, Actor(row["name"], address), "account.bind", row["name"], issuer=str(claims["iss"])[:300]
                    )
        if row is None or row["disabled"]:
            with self._database.change() as base:
                note(base, Actor(email[:254] or "unknown", address), "session.refuse", "", issuer=self._config.issuer)
            raise ResponseError("you have no account here", self.name)
        return str(row["name"])
