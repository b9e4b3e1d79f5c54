"""Whether the console is well: for load balancers and monitoring, and the API's own description."""

from __future__ import annotations

import shutil
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel

from sekisho.app.web.access import PUBLIC, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.meters import Meters

router = APIRouter(tags=["health"])
LEAST_FREE_BYTES = 1024**3


class Health(BaseModel):
    """How the console is."""

    well: bool
    database: bool
    free_bytes: int
    jobs_waiting: int


@router.get("/health", tags=[PUBLIC])
def health(request: Request) -> Health:
    """Tell whether the console can work: its database answers and its disk has room."""
    desk = desk_of(request)
    free = shutil.disk_usage(desk.settings.folder).free
    waiting = desk.database.count("SELECT count(*) FROM jobs WHERE state = 'queued'")
    return Health(well=free > LEAST_FREE_BYTES, database=True, free_bytes=free, jobs_waiting=waiting)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, visitor: Viewer) -> PlainTextResponse:
    """Give what the console measures, for Prometheus; a token of scope ``read`` opens it."""
    meters: Meters = request.app.state.meters
    return PlainTextResponse(meters.text(), media_type="text/plain; version=0.0.4")


@router.get("/openapi.json", include_in_schema=False)
def description(request: Request, visitor: Viewer) -> JSONResponse:
    """Give the API's description."""
    told: dict[str, Any] = request.app.openapi()
    return JSONResponse(told)
