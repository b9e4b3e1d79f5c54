"""Who may do what: a visitor is known by a session's cookie or a token, and every route says which role it needs."""

from __future__ import annotations

import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from sekisho.app.console.accounts import FEED, Role, Visitor
from sekisho.app.web.desk import desk_of

COOKIE, CSRF_HEADER, CSRF_FIELD = "sekisho_session", "x-csrf-token", "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FEEDS = "/api/v1/feeds/"
PUBLIC = "public"
"""Tag of routes that anybody may ask."""


class DeniedError(Exception):
    """A request that is not answered, and why; pages and API word it in their own ways."""

    def __init__(self, status: int, reason: str) -> None:
        """``reason`` is one of the keys that ``pages/errors.html`` words."""
        super().__init__(reason)
        self.status, self.reason = status, reason


class Needs:
    """A dependency that lets through who may do what a role may."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request) -> Visitor:
        """Give the visitor.

        Raises:
            DeniedError: they are not known (401), may not do this (403), or another site sent their browser (403).
        """
        visitor = visitor_of(request)
        if visitor is None:
            raise DeniedError(401, "signed-out")
        if not visitor.may(self.role):
            raise DeniedError(403, "role")
        if request.method not in SAFE and visitor.csrf and not await _meant(request, visitor):
            raise DeniedError(403, "csrf")
        return visitor


def needs(role: Role) -> Any:
    """Give what a route that needs a role depends on."""
    return Depends(Needs(role))


class NeedsFeed(Needs):
    """A dependency that also lets through who may read block lists and nothing else."""

    def __init__(self) -> None:
        super().__init__(Role.VIEWER)

    async def __call__(self, request: Request) -> Visitor:
        """Give the visitor.

        Raises:
            DeniedError: they are not known (401) or may not do this (403).
        """
        visitor = visitor_of(request)
        if visitor is not None and FEED in visitor.scopes:
            return visitor
        return await super().__call__(request)


Viewer = Annotated[Visitor, needs(Role.VIEWER)]
Analyst = Annotated[Visitor, needs(Role.ANALYST)]
Responder = Annotated[Visitor, needs(Role.RESPONDER)]
Admin = Annotated[Visitor, needs(Role.ADMIN)]
Feeder = Annotated[Visitor, Depends(NeedsFeed())]


def role_of(dependency: Dependency | Any) -> Role | None:
    """Give the role that a dependency asks for; None when it asks for none."""
    call: Callable[..., Any] | None = getattr(dependency, "call", None) or getattr(dependency, "dependency", None)
    return call.role if isinstance(call, Needs) else None


def visitor_of(request: Request) -> Visitor | None:
    """Give who sent a request; None when nobody whom the console believes."""
    known: Visitor | None
    if hasattr(request.state, "visitor"):
        known = request.state.visitor
        return known
    desk, address = desk_of(request), request.client.host if request.client else ""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":  # a browser sends it by itself, so it opens what changes nothing
        secret = basic_password(secret) if request.url.path.startswith(FEEDS) else ""
    if scheme.lower() in ("bearer", "basic") and secret:
        known = desk.accounts.bearer(secret.strip(), address)
    else:
        cookie = request.cookies.get(COOKIE, "")
        known = desk.accounts.visitor(cookie, address) if cookie else None
    request.state.visitor = known
    return known


def basic_password(given: str) -> str:
    """Give the password of Basic authentication, which is all that many firewalls send. Source: RFC 7617."""
    try:
        return base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:  # no base64, or no ASCII
        return ""


async def _meant(request: Request, visitor: Visitor) -> bool:
    """Tell whether the visitor's own page sent a request that changes something."""
    given = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "")
    if not given and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        field = (await request.form()).get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    return secrets.compare_digest(given.encode(), visitor.csrf.encode())


class Brake:
    """Counts what somebody does, and says when it is too much: a bucket that fills again as time goes by."""

    MOST = 10_000  # of those remembered, so that many addresses cannot fill the memory

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``burst`` at once, ``per_second`` in the long run."""
        self._burst, self._rate, self._clock = burst, per_second, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> bool:
        """Tell whether they may once more."""
        now = self._clock()
        left, at = self._left.pop(who, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._rate)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        while len(self._left) > self.MOST:
            self._left.popitem(last=False)
        return allowed
