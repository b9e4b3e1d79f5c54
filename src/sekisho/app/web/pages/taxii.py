"""TAXII 2.1, read-only: what incidents tell, for the programs of those whom somebody gave a token.

A token goes as ``Authorization: Bearer``, or as the password of any user where a client knows basic authentication.

Source: TAXII Version 2.1, OASIS Standard of 10 June 2021; RFC 7617 (basic authentication).
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from sekisho.app.console import sharing
from sekisho.app.console.accounts import Role, Visitor
from sekisho.app.web.access import Needs, basic_password
from sekisho.app.web.desk import Desk, desk_of
from sekisho.respond import taxii
from sekisho.respond.taxii import Collection, Server

router = APIRouter(prefix="/taxii2")
TITLE = "Sekisho"
LET_IN = "let in before"
"""What the server is shown in place of the token, which was looked at here."""


class Reads(Needs):
    """Lets through who may look, and takes a token as a password too."""

    async def __call__(self, request: Request) -> Visitor:
        """Give the visitor.

        Raises:
            DeniedError: they are not known.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            address = request.client.host if request.client else ""
            request.state.visitor = desk_of(request).accounts.bearer(basic_password(value), address)
        return await super().__call__(request)


Reader = Annotated[Visitor, Depends(Reads(Role.VIEWER))]


@router.get("/")
@router.get("/{rest:path}")
async def answer(request: Request, visitor: Reader, rest: str = "") -> Response:
    """Answer a client: discovery, the one API root, its collection, objects and manifest."""
    desk = desk_of(request)
    held = await asyncio.to_thread(_collection, request, desk)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    headers = {"accept": request.headers.get("accept", ""), "authorization": f"Bearer {LET_IN}"}
    made = await asyncio.to_thread(taxii.answer, Server(TITLE, (held,), LET_IN), taxii.Request("GET", target, headers))
    return Response(made.body, made.status, dict(made.headers))


def _collection(request: Request, desk: Desk) -> Collection:
    """Give the collection, read anew when it changed."""
    kept: tuple[tuple[int, ...], Collection] | None = getattr(request.app.state, "told", None)
    now = sharing.state(desk.database)
    if kept is None or kept[0] != now:
        kept = (now, sharing.collection(desk.database))
        request.app.state.told = kept
    return kept[1]
