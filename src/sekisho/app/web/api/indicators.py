"""Indicators: listed, taken from files, forgotten; and sweeps over everything stored."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import indicators as kept
from sekisho.app.console import sweeping
from sekisho.app.exchange.store import CONFIDENCE, Terms
from sekisho.app.web.access import Admin, Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.kept import own_names_of

router = APIRouter(tags=["indicators"])
Kind = Literal["ip", "domain", "url", "email", "md5", "sha1", "sha256", "file"]
SweepId = Annotated[str, Path(pattern=r"^s[0-9a-f]{12}$", description="id of a sweep")]
OLD = {"fresh": False, "old": True, "all": None}
TEXT_CHARS = 1_900_000  # what the guard lets through of JSON


class Given(BaseModel):
    """A file of indicators."""

    text: str = Field(max_length=TEXT_CHARS, description="STIX, MISP, CSV or text, recognised by content")
    name: str = Field("indicators.txt", max_length=200, description="its ending helps to recognise it")
    source: str = Field("", max_length=200, description="who tells it; empty: what the file says")
    confidence: int = Field(CONFIDENCE, ge=0, le=100, description="where none is told")
    exercise: bool = Field(False, description="keep names reserved for documentation")
    dry: bool = Field(False, description="only tell what would be taken")


class Taken(BaseModel):
    """What became of a file."""

    told: int
    kept: int
    refused: dict[str, int] = Field(description="values left out, by reason")


class Sweep(BaseModel):
    """What to look for."""

    indicators: bool = True
    rules: bool = Field(False, description="those that were added to the console")


class Asked(BaseModel):
    """A sweep that waits or runs."""

    id: str


@router.get("/indicators")
def listed(
    request: Request,
    visitor: Viewer,
    kind: Kind | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    show: Literal["fresh", "old", "all"] = "fresh",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:
    """List indicators."""
    found, total = kept.page(desk_of(request).database, kind or "", q, old=OLD[show], most=limit, skip=offset)
    return {"total": total, "indicators": [asdict(one) for one in found]}


@router.post("/indicators/import")
async def take(request: Request, visitor: Analyst, given: Given) -> Taken:
    """Take a file of indicators; your own names, warning lists and what has expired are left out."""
    database = desk_of(request).database
    source = given.source.strip() or ("" if given.dry else given.name)
    terms = Terms(int(time.time()), own_names_of(request), given.exercise, confidence=given.confidence, source=source)
    data = given.text.encode("utf-8", "replace")
    token = await asyncio.to_thread(kept.keep_upload, database, given.name, data)
    if given.dry:
        seen = await asyncio.to_thread(kept.preview, database, token, terms, given.name)
        kept.discard(database, token)
        return Taken(told=seen.told, kept=seen.kept, refused=seen.refused)
    counts = await asyncio.to_thread(kept.take, database, visitor.actor, token, terms, given.name)
    return Taken(told=counts.told, kept=counts.kept, refused=dict(counts.refused))


@router.delete("/indicators", status_code=204)
def forget(
    request: Request, visitor: Analyst, kind: Kind, value: Annotated[str, Query(min_length=1, max_length=2048)]
) -> None:
    """Forget one indicator."""
    if not kept.forget(desk_of(request).database, visitor.actor, kind, value):
        raise HTTPException(404, "there is no such indicator")


@router.post("/indicators/expire")
def expire(request: Request, visitor: Admin) -> dict[str, int]:
    """Forget what is old."""
    return {"forgotten": kept.expire(desk_of(request).database, visitor.actor)}


@router.post("/sweeps", status_code=202)
def sweep(request: Request, visitor: Analyst, given: Sweep) -> Asked:
    """Have every stored event searched."""
    database = desk_of(request).database
    return Asked(id=sweeping.ask(database, visitor.actor, known=given.indicators, rules=given.rules))


@router.get("/sweeps")
def sweeps(request: Request, visitor: Viewer) -> list[dict[str, Any]]:
    """List sweeps, the latest first."""
    rows = desk_of(request).database.all(
        "SELECT id, asked_by, asked_at, ended_at, total FROM sweeps ORDER BY asked_at DESC, id LIMIT 200"
    )
    return [dict(row) for row in rows]


@router.get("/sweeps/{sweep_id}")
def swept(
    request: Request,
    visitor: Viewer,
    sweep_id: SweepId,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """Give what a sweep found."""
    database = desk_of(request).database
    row = database.one("SELECT * FROM sweeps WHERE id = ?", sweep_id)
    if row is None:
        raise HTTPException(404, "there is no such sweep")
    hits = database.all(
        "SELECT * FROM sweep_hits WHERE sweep = ? ORDER BY number LIMIT ? OFFSET ?", sweep_id, limit, offset
    )
    shown = [{**dict(one), "evidence": orjson.loads(one["evidence"])} for one in hits]
    return {**dict(row), "summary": orjson.loads(row["summary"]), "hits": shown}
