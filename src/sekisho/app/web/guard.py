"""What every request and answer goes through: host, origin, size, pace, and headers that keep hostile mail inert."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sekisho.app.web.access import SAFE, Brake

BODY_BYTES = 2 * 1024 * 1024  # of a form or JSON; uploads have a limit of their own
UPLOADS = "/api/v1/cases/"
CYTOSCAPE_STYLE = "'sha256-pgvDUBa4IjFA2yuSJ2cqcyxmNYJMborsd0ORcRv9vw8='"  # the one rule that library writes itself
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {CYTOSCAPE_STYLE}; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
INERT = "default-src 'none'; style-src 'self'; sandbox; frame-ancestors 'self'"
"""Policy of a page that shows what a mail holds: nothing in it runs, loads or leads anywhere."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}
REQUESTS_BURST, REQUESTS_PER_S = 400, 60.0  # of one address; a page asks for some ten things


class Guard:
    """The outermost layer of the console."""

    def __init__(self, app: ASGIApp, names: Iterable[str], port: int) -> None:
        """``names``: hosts it answers to."""
        self._app, self._port = app, port
        self._names = frozenset(name.lower() for name in names)
        self._brake = Brake(REQUESTS_BURST, REQUESTS_PER_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name not in told:
                        told[name] = value
            await send(message)

        if refused is not None:
            await PlainTextResponse(refused[1] + "\n", refused[0])(scope, receive, guarded)
            return
        limited = receive if scope["path"].startswith(UPLOADS) else _limited(receive)
        try:
            await self._app(scope, limited, guarded)
        except TooLargeError:
            text = f"a request of this kind has {BODY_BYTES} bytes at most\n"
            await PlainTextResponse(text, 413)(scope, receive, guarded)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Give status and reason of a request that goes no further."""
        host = host_of(headers.get("host", ""))
        if host not in self._names:
            return 421, "This console does not answer to that host name; sekisho serve --name adds one."
        if scope["method"] not in SAFE and not _same_origin(headers):
            return 403, "Another site sent this request."
        length = headers.get("content-length", "0")
        if not scope["path"].startswith(UPLOADS) and (not length.isdigit() or int(length) > BODY_BYTES):
            return 413, f"A request of this kind has {BODY_BYTES} bytes at most."
        address = scope["client"][0] if scope.get("client") else ""
        if not scope["path"].startswith("/static/") and not self._brake.take(address):
            return 429, "Too many requests; wait a moment."
        return None


class TooLargeError(Exception):
    """A request's body is larger than its kind may be."""


def _limited(receive: Receive) -> Receive:
    """Give the pieces of a body until it is too large: its length may be unknown or a lie."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_BYTES:
            raise TooLargeError
        return message

    return limited


def host_of(header: str) -> str:
    """Give a Host header's name, lower case, without its port."""
    name = header.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0].lstrip("[")
    return name.rpartition(":")[0] if ":" in name else name


def _same_origin(headers: Headers) -> bool:
    """Tell whether a request that changes something does not come from another site's page.

    Source: Fetch Metadata Request Headers (W3C), 2.1; RFC 6454, 7.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin.partition("://")[2].lower() == headers.get("host", "").lower()


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
