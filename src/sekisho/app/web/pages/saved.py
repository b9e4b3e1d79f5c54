"""Saved searches: kept, shared, changed, removed, and what those found that alert after investigations."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import hunts
from sekisho.app.console.accounts import Role
from sekisho.app.console.saved import LONGEST_NAME, Saved, Wanted, baseline
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.pages.hunt import Chosen, Range, chosen
from sekisho.app.web.patience import patiently
from sekisho.app.web.shown import render

router = APIRouter(prefix="/hunt/saved")
SearchId = Annotated[str, Path(pattern=r"^s[0-9a-f]{12}$", description="id of a saved search")]


def written(
    name: Annotated[str, Form(max_length=LONGEST_NAME)],
    question: Annotated[str, Form(max_length=hunts.MOST_CHARS)],
    last: Annotated[Range, Form()] = "",
    since: Annotated[str, Form(max_length=40)] = "",
    until: Annotated[str, Form(max_length=40)] = "",
    logsource: Annotated[str, Form(max_length=300)] = "",
    shared: Annotated[bool, Form()] = False,
    alert: Annotated[bool, Form()] = False,
) -> Wanted:
    """Read the form of a saved search."""
    return Wanted(name, question, hunts.Span(last, since, until), logsource, shared, alert)


Sent = Annotated[Wanted, Depends(written)]


@router.get("")
def searches(request: Request, visitor: Viewer) -> Response:
    """List one's own searches and the shared ones."""
    found = Saved(desk_of(request).database).of(visitor.name)
    return render(request, "saved.html", searches=found, run=run)


@router.get("/new")
def new(request: Request, visitor: Analyst, form: Annotated[Chosen, Depends(chosen)]) -> Response:
    """Show the form that keeps a search."""
    given = {"id": "", "name": "", "question": form.question, "last": form.span.last, "since": form.span.since,
             "until": form.span.until, "logsource": form.logsource, "shared": False, "alert": False}  # fmt: skip
    return render(request, "saved_one.html", one=given, own=True, hits=[], ranges=tuple(hunts.RANGES), run=run)


@router.post("")
async def add(request: Request, visitor: Analyst, wanted: Sent) -> Response:
    """Keep a search; what it finds now is nothing new."""
    desk = desk_of(request)

    def kept(watch: hunts.Watch) -> str:
        key = Saved(desk.database).add(wanted, visitor.actor)
        if wanted.alert:
            baseline(desk.database, key)
        return key

    return RedirectResponse(f"/hunt/saved/{await patiently(request, kept, heavy=wanted.alert)}", 303)


@router.get("/{key}")
def one(request: Request, visitor: Viewer, key: SearchId) -> Response:
    """Show a search, and what it found that was new."""
    kept = Saved(desk_of(request).database)
    found = kept.get(key, visitor.name)
    if found is None:
        raise HTTPException(404, "there is no such search")
    own = found["owner"] == visitor.name and visitor.may(Role.ANALYST)
    context = {"hits": kept.hits(key), "ranges": tuple(hunts.RANGES), "run": run}
    return render(request, "saved_one.html", one=found, own=own, **context)


@router.post("/{key}")
async def change(request: Request, visitor: Analyst, key: SearchId, wanted: Sent) -> Response:
    """Change one's own search."""
    desk = desk_of(request)

    def kept(watch: hunts.Watch) -> None:
        if not Saved(desk.database).change(key, wanted, visitor.actor):
            raise HTTPException(404, "there is no such search of yours")
        if wanted.alert:
            baseline(desk.database, key)

    await patiently(request, kept, heavy=wanted.alert)
    return RedirectResponse(f"/hunt/saved/{key}", 303)


@router.post("/{key}/remove")
def remove(request: Request, visitor: Analyst, key: SearchId) -> Response:
    """Remove one's own search; administrators remove any shared one."""
    if not Saved(desk_of(request).database).remove(key, visitor.actor, anybody=visitor.may(Role.ADMIN)):
        raise HTTPException(404, "there is no such search of yours")
    return RedirectResponse("/hunt/saved", 303)


@router.post("/{key}/seen")
def seen(request: Request, visitor: Analyst, key: SearchId) -> Response:
    """Say that a search's hits were looked at."""
    desk: Desk = desk_of(request)
    kept = Saved(desk.database)
    if kept.get(key, visitor.name) is None:
        raise HTTPException(404, "there is no such search")
    kept.seen(key, visitor.actor)
    return RedirectResponse(f"/hunt/saved/{key}", 303)


def run(one: dict[str, str]) -> str:
    """Give the address that runs a search."""
    parts = {"q": one["question"], **{name: one[name] for name in ("last", "since", "until", "logsource") if one[name]}}
    return f"/hunt?{urlencode(parts, errors='replace')}"
