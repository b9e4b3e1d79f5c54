"""Indicators: what is kept, what a file would bring, and sweeps over everything stored."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import indicators as kept
from sekisho.app.console import sweeping
from sekisho.app.console.database import Database
from sekisho.app.exchange.store import CONFIDENCE, Terms
from sekisho.app.web.access import Admin, Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.kept import own_names_of
from sekisho.app.web.shown import PAGE_ROWS, look_of, render
from sekisho.model.errors import SekishoError

router = APIRouter(prefix="/indicators")
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Kind = Literal["", "ip", "domain", "url", "email", "md5", "sha1", "sha256", "file"]
Fresh = Literal["fresh", "old", "all"]
Text = Annotated[str, Form(max_length=200)]
UPLOAD_BYTES = 2 * 1024 * 1024  # what the guard lets through; larger feeds come by ``sekisho indicators import``
OLD = {"fresh": False, "old": True, "all": None}


@router.get("")
def indicators(
    request: Request,
    visitor: Viewer,
    kind: Kind = "",
    q: Annotated[str, Query(max_length=200)] = "",
    show: Fresh = "fresh",
    page: Page = 1,
) -> Response:
    """List indicators."""
    database = desk_of(request).database
    skip = (page - 1) * PAGE_ROWS
    found, total = kept.page(database, kind, q, old=OLD[show], most=PAGE_ROWS, skip=skip)
    sweeps = database.all(
        "SELECT s.*, j.state FROM sweeps s LEFT JOIN jobs j ON j.case_id = s.id ORDER BY asked_at DESC, s.id LIMIT 10"
    )
    context = {"indicators": found, "total": total, "page": page, "rows": PAGE_ROWS, "now": int(time.time())}
    return render(request, "indicators.html", **context, kind=kind, q=q, show=show, sweeps=sweeps)


def terms(request: Request, source: str, confidence: int, *, exercise: bool) -> Terms:
    """Give the terms on which indicators are taken."""
    return Terms(int(time.time()), own_names_of(request), exercise, confidence=confidence, source=source.strip())


@router.get("/import")
def import_form(request: Request, visitor: Analyst) -> Response:
    """Ask for a file or a text of indicators."""
    return _import_page(request)


def _import_page(request: Request, status: int = 200, **given: Any) -> Response:
    chosen = {"preview": None, "problem": "", "source": "", "confidence": CONFIDENCE, "exercise": False, "name": ""}
    return render(request, "indicators_import.html", status, **{**chosen, **given})


@router.post("/import")
async def look_into(
    request: Request,
    visitor: Analyst,
    file: UploadFile | None = None,
    text: Annotated[str, Form(max_length=UPLOAD_BYTES)] = "",
    source: Text = "",
    confidence: Annotated[int, Form(ge=0, le=100)] = CONFIDENCE,
    exercise: Annotated[bool, Form()] = False,
) -> Response:
    """Tell what a file or text would bring; nothing is taken yet."""
    database = desk_of(request).database
    named = file is not None and bool(file.filename)
    name = str(file.filename).replace("\\", "/").rpartition("/")[2][:200] if file is not None and named else "text.txt"
    data = await file.read(UPLOAD_BYTES + 1) if file is not None and named else text.encode("utf-8", "replace")
    given: dict[str, Any] = {"source": source, "confidence": confidence, "exercise": exercise, "name": name}
    try:
        on = terms(request, source, confidence, exercise=exercise)
        token = await asyncio.to_thread(kept.keep_upload, database, name, data)
        seen = await asyncio.to_thread(kept.preview, database, token, on, name)
    except SekishoError as error:
        return _import_page(request, 400, problem=str(error), **given)
    return _import_page(request, preview=seen, **given)


@router.post("/import/take")
async def take(
    request: Request,
    visitor: Analyst,
    token: Annotated[str, Form(max_length=64)],
    name: Text = "",
    source: Text = "",
    confidence: Annotated[int, Form(ge=0, le=100)] = CONFIDENCE,
    exercise: Annotated[bool, Form()] = False,
) -> Response:
    """Take what a file brings that was looked into before."""
    on = terms(request, source or name, confidence, exercise=exercise)
    database = desk_of(request).database
    try:
        await asyncio.to_thread(kept.take, database, visitor.actor, token, on, name)
    except SekishoError as error:
        return _import_page(request, 400, problem=str(error), source=source, confidence=confidence)
    return RedirectResponse("/indicators", 303)


@router.post("/remove")
def remove(
    request: Request,
    visitor: Analyst,
    kind: Annotated[str, Form(max_length=10)],
    value: Annotated[str, Form(max_length=2048)],
) -> Response:
    """Forget one indicator."""
    if not kept.forget(desk_of(request).database, visitor.actor, kind, value):
        raise HTTPException(404)
    return RedirectResponse("/indicators", 303)


@router.post("/expire")
def expire(request: Request, visitor: Admin) -> Response:
    """Forget what is old."""
    kept.expire(desk_of(request).database, visitor.actor)
    return RedirectResponse("/indicators", 303)


@router.post("/sweeps")
def sweep(
    request: Request,
    visitor: Analyst,
    known: Annotated[bool, Form()] = False,
    rules: Annotated[bool, Form()] = False,
) -> Response:
    """Have everything stored searched."""
    key = sweeping.ask(desk_of(request).database, visitor.actor, known=known, rules=rules)
    return RedirectResponse(f"/indicators/sweeps/{key}", 303)


@router.get("/sweeps/{sweep_id}")
def swept(
    request: Request,
    visitor: Viewer,
    sweep_id: str,
    rule: Annotated[str, Query(max_length=200)] = "",
    page: Page = 1,
) -> Response:
    """Show what a sweep found."""
    desk = desk_of(request)
    database = desk.database
    row = database.one("SELECT * FROM sweeps WHERE id = ?", sweep_id)
    if row is None:
        raise HTTPException(404)
    hits = database.all(
        "SELECT * FROM sweep_hits WHERE sweep = ? AND ? IN ('', rule_id) ORDER BY number LIMIT ? OFFSET ?",
        sweep_id,
        rule,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    summary, language = orjson.loads(row["summary"]), look_of(request).language
    context = {
        "sweep": row,
        "summary": summary,
        "titles": {one["rule"]: one["titles"][language] for one in summary.get("groups", ())},
        "hits": hits,
        "messages": messages_of(database, [one["event"] for one in hits]),
        "evidence": lambda text: "; ".join(f"{name} = {value}" for name, value in orjson.loads(text)[:3]),
        "rule": rule,
        "total": database.count(
            "SELECT count(*) FROM sweep_hits WHERE sweep = ? AND ? IN ('', rule_id)", sweep_id, rule
        ),
        "page": page,
        "rows": PAGE_ROWS,
        "jobs": desk.jobs.recent(1, sweep_id),
    }
    return render(request, "sweep.html", **context)


def messages_of(database: Database, events: list[str]) -> frozenset[str]:
    """Give which events are messages that have a page."""
    marks = ", ".join("?" * len(events))
    rows = database.all(f"SELECT id FROM messages WHERE id IN ({marks})", *events)
    return frozenset(row["id"] for row in rows)
