"""Reported mail: gateways and add-ins hand in what users report."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from sekisho.app.console.reported import LONGEST_BYTES
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.model.errors import LimitError

router = APIRouter(tags=["reported"])
Key = Annotated[str, Path(pattern=r"^r[0-9a-f]{12}$", description="id of a report")]
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "not possible"},
    404: {"description": "there is none"},
    413: {"description": "too large"},
}


class Received(BaseModel):
    """A report that was taken in."""

    id: str


class Answer(BaseModel):
    """What a reporter is told."""

    answer: Literal["malicious", "clean", "looking"]


@router.post(
    "/reported",
    status_code=201,
    responses=REFUSED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def receive(
    request: Request,
    visitor: Analyst,
    reporter: Annotated[
        str,
        Query(max_length=254, pattern=r"^[^\s\x00-\x1f<>\",;]*$", description="given: the body is the suspicious mail"),
    ] = "",
) -> Received:
    """Take in a report: the mail by which a user forwards another, or the suspicious mail itself with its reporter."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BYTES:
            raise LimitError("report_bytes", LONGEST_BYTES)
    key = await run_in_threadpool(desk_of(request).reports.receive, bytes(body), visitor.actor, "api", reporter)
    return Received(id=key)


@router.get("/reported")
def reported(
    request: Request, visitor: Viewer, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[dict[str, Any]]:
    """List reports, the latest first, with the verdicts on their mails."""
    return desk_of(request).reports.listed(limit)


@router.get("/reported/{key}", responses=REFUSED)
def report(request: Request, visitor: Viewer, key: Key) -> dict[str, Any]:
    """Give a report, and the mailboxes that have the mail too."""
    reports = desk_of(request).reports
    found = reports.get(key)
    if found is None:
        raise HTTPException(404, "there is no such report")
    return {**found, "others": reports.others(found)}


@router.post("/reported/{key}/answer", status_code=204, responses=REFUSED)
def answer(request: Request, visitor: Analyst, key: Key, given: Answer) -> None:
    """Answer a reporter: by mail where that may be, else it is marked as answered."""
    reports = desk_of(request).reports
    if reports.get(key) is None:
        raise HTTPException(404, "there is no such report")
    reports.answer(key, given.answer, visitor.actor)
