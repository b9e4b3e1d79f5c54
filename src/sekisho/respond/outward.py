"""Requests to other systems: built as data, checked against what is allowed, sent without following anything.

Building is apart from sending, so that a dry run can show exactly what would be sent.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from sekisho.model.errors import ResponseError

TIMEOUT_S = 15.0
ANSWER_BYTES = 2_000_000
SECRET_HEADERS = frozenset({"authorization", "x-sekisho-signature"})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it will be sent."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    secret: bool = False
    """The body holds a password; nobody is shown it."""

    def told(self) -> str:
        """Give the request as text without its secrets."""
        lines = [f"{self.method} {self.url}"]
        lines += [f"{name}: {'***' if name.lower() in SECRET_HEADERS else value}" for name, value in self.headers]
        if self.body:
            lines += ["", "***" if self.secret else self.body.decode("utf-8", "replace")]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def document(self) -> dict[str, Any]:
        """Give the body as a JSON object; an empty one where it is none."""
        try:
            read = orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError:
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where requests may go."""

    hosts: frozenset[str] = frozenset()
    """Host names and addresses, lower case; all others are refused."""
    networks: tuple[Network, ...] = ()
    """Private networks that may be reached all the same, and without TLS."""


def allowed(hosts: Iterable[str], networks: Iterable[str] = ()) -> Allowed:
    """Read a list of destinations.

    Raises:
        ResponseError: a network is none.
    """
    found = []
    for one in networks:
        try:
            found.append(ipaddress.ip_network(one.strip(), strict=False))
        except ValueError as error:
            raise ResponseError("is no network", one[:100]) from error
    return Allowed(frozenset(one.strip().lower() for one in hosts if one.strip()), tuple(found))


def check(url: str, where: Allowed) -> SplitResult:
    """Give a URL's parts when requests may go there by name; :func:`send` also looks at the address.

    Raises:
        ResponseError: it is no web address, holds a password, or its host is not on the list.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ResponseError("is no web address", url[:200]) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ResponseError("is no web address", url[:200])
    if not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
        raise ResponseError("holds characters that no web address has", url[:200])
    if parts.username is not None or parts.password is not None:
        raise ResponseError("holds a name or password; give it as a secret", parts.hostname)
    if parts.hostname.lower() not in where.hosts:
        raise ResponseError("is not among the allowed destinations", parts.hostname)
    return parts


def reachable(host: str, port: int, where: Allowed) -> tuple[str, bool]:
    """Give the address to connect to, and whether it lies in a listed network.

    Raises:
        ResponseError: the name has no address, or any of its addresses is private and not listed.
    """
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise ResponseError(f"has no address: {error}", host) from error
    chosen, listed = "", True
    for text in sorted(found):
        address = ipaddress.ip_address(text.partition("%")[0])
        inside = any(_within(address, network) for network in where.networks)
        if not inside and not address.is_global:
            raise ResponseError("is a private address; list its network to allow it", f"{host} ({address})")
        chosen, listed = chosen or text, listed and inside
    return chosen, listed


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def send(request: Request, where: Allowed, timeout_s: float = TIMEOUT_S) -> Answer:
    """Send a request and give what came back, whatever its status; nothing is followed.

    The address is looked up once and connected to, so that a name cannot change between check and use.

    Raises:
        ResponseError: it may not go there, or nobody answers.
    """
    parts = check(request.url, where)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address, listed = reachable(host, port, where)
    if not secure and not listed:
        raise ResponseError("only HTTPS goes to addresses outside the listed networks", host)
    connection = _Pinned(host, port, address, ssl.create_default_context() if secure else None, timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(request.method, path, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(ANSWER_BYTES))
    except (OSError, http.client.HTTPException) as error:
        raise ResponseError(f"does not answer: {error}", host) from error
    finally:
        connection.close()


def sent(request: Request, where: Allowed) -> Answer:
    """Send a request and give what came back.

    Raises:
        ResponseError: it may not go there, nobody answers, or the answer is no success.
    """
    answer = send(request, where)
    if not 200 <= answer.status < 300:
        said = answer.document().get("error")
        text = said.get("message") if isinstance(said, dict) else said
        host = urlsplit(request.url).hostname or ""
        raise ResponseError(f"answered {answer.status}{f': {str(text)[:200]}' if text else ''}", host)
    return answer


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked at, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None, timeout_s: float) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._pinned, self._context = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._pinned, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain
