"""Cases and their evidence: made, filled, investigated, deleted; and how far investigations are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, StreamingResponse

from sekisho.app.console.archiving import export
from sekisho.app.console.cases import pieces
from sekisho.app.console.unpacking import unpack
from sekisho.app.web.access import Admin, Analyst, Responder, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import look_of, translations

router = APIRouter(tags=["cases"])
CaseId = Annotated[str, Path(pattern=r"^c[0-9a-f]{12}$", description="id of a case")]
STREAM_EVERY_S, STREAM_S = 0.7, 3600.0
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewCase(BaseModel):
    """A case to be made."""

    name: str = Field(max_length=200, description="what people call it")


class Made(BaseModel):
    """A case that was made."""

    id: str


class Asked(BaseModel):
    """An investigation that waits or runs."""

    job: int


class GivenFolder(BaseModel):
    """What became of a ZIP."""

    new: int
    known: int = Field(description="files whose bytes the case has already")
    kept_whole: str | None = Field(description="why it was not unpacked but kept as one file")


class Given(BaseModel):
    """What became of a file."""

    path: str
    sha256: str
    bytes: int
    new: bool = Field(description="false: the case has these bytes already, under this path")


@router.get("/cases")
def cases(request: Request, visitor: Viewer, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
    """List the cases, the latest first."""
    rows = desk_of(request).database.all("SELECT * FROM cases ORDER BY changed_at DESC, id LIMIT ?", limit)
    return [{**row, "summary": orjson.loads(row["summary"]), "apart": row["apart"].split()} for row in map(dict, rows)]


@router.post("/cases", status_code=201)
def create(request: Request, visitor: Analyst, given: NewCase) -> Made:
    """Make an empty case."""
    return Made(id=desk_of(request).cases.create(given.name, visitor.actor))


@router.post("/cases/{case_id}/files", status_code=201, openapi_extra=BODY)
async def add(
    request: Request,
    visitor: Analyst,
    case_id: CaseId,
    path: Annotated[str, Query(min_length=1, max_length=4000, description="name, with folders")],
) -> Given:
    """Add a file; the body is the file as it is. The same bytes twice change nothing."""
    desk = _known(request, case_id)
    async with desk.cases.received(path, request.stream(), desk.settings.upload_bytes) as place:
        added = await asyncio.to_thread(desk.cases.add, case_id, path, pieces(place), visitor.actor)
    return Given(path=added.path, sha256=added.digest, bytes=added.size_bytes, new=added.new)


@router.post("/cases/{case_id}/archive", status_code=201, openapi_extra=BODY)
async def add_archive(
    request: Request,
    visitor: Analyst,
    case_id: CaseId,
    path: Annotated[str, Query(min_length=1, max_length=4000, description="name of the ZIP")],
) -> GivenFolder:
    """Add a folder that comes as a ZIP; one that has a password or unpacks to too much is kept as one file."""
    desk = _known(request, case_id)
    most = desk.settings.upload_bytes
    async with desk.cases.received(path, request.stream(), most) as place:
        done = await asyncio.to_thread(unpack, desk.cases, case_id, path, place, most, visitor.actor)
    new = sum(one.new for one in done.added)
    return GivenFolder(new=new, known=len(done.added) - new, kept_whole=done.kept_whole or None)


@router.get(
    "/cases/{case_id}/export", response_class=FileResponse, responses={200: {"content": {"application/zip": {}}}}
)
def export_case(request: Request, visitor: Responder, case_id: CaseId) -> FileResponse:
    """Give a case with its evidence as a ZIP; the password is ``infected``."""
    desk = _known(request, case_id)
    place = export(desk.database, desk.cases, case_id, visitor.actor)
    gone = BackgroundTask(place.unlink, missing_ok=True)
    return FileResponse(place, media_type="application/zip", filename=f"sekisho-{case_id}.zip", background=gone)


@router.get("/cases/{case_id}/files")
def files(request: Request, visitor: Viewer, case_id: CaseId) -> list[dict[str, Any]]:
    """List a case's files with what was read of them."""
    rows = _known(request, case_id).database.all(
        "SELECT * FROM files WHERE case_id = ? ORDER BY path LIMIT 100000", case_id
    )
    return [dict(row) for row in rows]


@router.post("/cases/{case_id}/investigate", status_code=202)
def investigate(request: Request, visitor: Analyst, case_id: CaseId) -> Asked:
    """Have a case investigated as a whole."""
    return Asked(job=_known(request, case_id).jobs.ask(case_id, visitor.actor))


@router.delete("/cases/{case_id}", status_code=204)
def delete(request: Request, visitor: Admin, case_id: CaseId) -> None:
    """Delete a case with its evidence and all that was found in it."""
    _known(request, case_id).cases.delete(case_id, visitor.actor)


@router.get("/jobs")
def jobs(request: Request, visitor: Viewer, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[dict[str, Any]]:
    """List investigations, those that run or wait first."""
    from dataclasses import asdict

    return [asdict(one) for one in desk_of(request).jobs.recent(limit)]


@router.get("/jobs/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(request: Request, visitor: Viewer) -> StreamingResponse:
    """Tell whenever investigations move, as server-sent events named ``jobs``; ends after an hour."""
    desk, language = desk_of(request), look_of(request).language
    return StreamingResponse(_moves(request, desk, language), media_type="text/event-stream")


async def _moves(request: Request, desk: Desk, language: str) -> AsyncIterator[bytes]:
    """Give an event when a job's row changed, and a comment now and then, which keeps the connection."""
    gettext, before, quiet, left = translations(language).ugettext, None, 0, int(STREAM_S / STREAM_EVERY_S)
    while left > 0 and not await request.is_disconnected():
        left -= 1
        row = await asyncio.to_thread(
            desk.database.one,
            "SELECT sum(state IN ('queued', 'running')), sum(done), max(id), sum(state = 'done'), group_concat(stage) "
            "FROM (SELECT * FROM jobs ORDER BY id DESC LIMIT 20)",
        )
        now, quiet = tuple(row or ()), quiet + 1
        if now != before:
            running = (row[0] if row else 0) or 0
            told = {"running": running, "text": gettext("%(count)s running") % {"count": running}}
            yield b"event: jobs\ndata: " + orjson.dumps(told) + b"\n\n"
            before, quiet = now, 0
        elif quiet > 20:
            yield b": here\n\n"
            quiet = 0
        await asyncio.sleep(STREAM_EVERY_S)


def _known(request: Request, case_id: str) -> Desk:
    desk = desk_of(request)
    if not desk.cases.exists(case_id):
        raise HTTPException(404, "there is no such case")
    return desk
