"""Search: one box over everything; what is called exactly so opens at once."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console.searching import MOST_CHARS, Found, search
from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import render

router = APIRouter(prefix="/search")
PAGES = {"incident": "/incidents/", "case": "/cases/", "message-page": "/messages/"}


@router.get("")
def everything(
    request: Request,
    visitor: Viewer,
    q: Annotated[str, Query(max_length=MOST_CHARS)] = "",
    all: Annotated[bool, Query(description="show hits even if one thing is called exactly so")] = False,
) -> Response:
    """Search everything."""
    found = search(desk_of(request).database, q)
    if not all and (only := target(found)):
        return RedirectResponse(only, 303)
    return render(request, "search.html", found=found, q=q, place=place)


def target(found: Found) -> str:
    """Give the page of the only thing that is called exactly so; empty when there is none, or several."""
    return place(*found.exact[0]) if len(found.exact) == 1 else ""


def place(kind: str, value: str) -> str:
    """Give the page of a thing."""
    if kind in PAGES:
        return PAGES[kind] + value
    return f"/entities/{kind}?value={quote(value, safe='', errors='replace')}"
