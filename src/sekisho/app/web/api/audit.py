"""The audit log, for archives and SIEMs."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from sekisho.app.console.audit import Asked, broken, entries
from sekisho.app.web.access import Admin
from sekisho.app.web.desk import desk_of

router = APIRouter(tags=["audit"])
Text = Annotated[str, Query(max_length=200)]
Number = Annotated[int | None, Query(ge=0, le=2**53)]


class Chain(BaseModel):
    """Whether the audit log is whole."""

    whole: bool
    broken_at: int | None = Field(description="number of the first entry that does not follow from the one before")
    entries: int


@router.get("/audit")
def audit(
    request: Request,
    visitor: Admin,
    who: Text = "",
    action: Text = "",
    target: Text = "",
    since: Number = None,
    until: Number = None,
    before: Number = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> list[dict[str, Any]]:
    """List entries, the latest first; ``before`` is the number of the last one of the page before."""
    asked = Asked(who, action, target, since, until, before)
    rows = entries(desk_of(request).database, asked, limit)
    return [{**dict(row), "detail": orjson.loads(row["detail"])} for row in rows]


@router.get("/audit/chain")
def chain(request: Request, visitor: Admin) -> Chain:
    """Check that every entry follows from the one before."""
    database = desk_of(request).database
    at = broken(database)
    return Chain(whole=at is None, broken_at=at, entries=database.count("SELECT max(number) FROM audit"))
