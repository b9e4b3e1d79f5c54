"""Search over everything, and saved searches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import hunts
from sekisho.app.console.accounts import Role
from sekisho.app.console.saved import LONGEST_NAME, Saved, Wanted, baseline
from sekisho.app.console.searching import MOST_CHARS, search
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.patience import patiently

MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such one, or it is somebody else's"}}
router = APIRouter(tags=["search"])
SearchId = Annotated[str, Path(pattern=r"^s[0-9a-f]{12}$", description="id of a saved search")]


class Group(BaseModel):
    """Hits of one kind."""

    kind: str = Field(description="entities, incidents, messages, files, comments, notes, rules or searches")
    total: int
    more: bool = Field(description="true: there are more than total")
    rows: list[dict[str, Any]]


class Exact(BaseModel):
    """Something that is called exactly so."""

    kind: str
    value: str


class Found(BaseModel):
    """What a search gave."""

    text: str = Field(description="what was looked for, refanged")
    exact: list[Exact]
    groups: list[Group]


class KeptSearch(BaseModel):
    """A search to be kept."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    question: str = Field(min_length=1, max_length=hunts.MOST_CHARS, description="a question, or a Sigma rule as YAML")
    last: Literal["", "1h", "24h", "7d", "30d", "90d"] = Field("", description="time before the latest event")
    since: str = Field("", max_length=40, description="ISO 8601")
    until: str = Field("", max_length=40, description="ISO 8601")
    logsource: str = Field("", max_length=300, description="product/category/service, each may be empty")
    shared: bool = False
    alert: bool = Field(False, description="run after each investigation")

    @property
    def wanted(self) -> Wanted:
        """As it is kept."""
        span = hunts.Span(self.last, self.since, self.until)
        return Wanted(self.name, self.question, span, self.logsource, self.shared, self.alert)


class Made(BaseModel):
    """A search that was kept."""

    id: str


@router.get("/search")
def everything(
    request: Request, visitor: Viewer, q: Annotated[str, Query(min_length=1, max_length=MOST_CHARS)]
) -> Found:
    """Search incidents, messages, files, comments, notes, rules and the names of everything; defanged input is read."""
    found = search(desk_of(request).database, q)
    return Found(
        text=found.text,
        exact=[Exact(kind=kind, value=value) for kind, value in found.exact],
        groups=[Group(kind=one.kind, total=one.total, more=one.more, rows=list(one.rows)) for one in found.groups],
    )


@router.get("/searches")
def searches(request: Request, visitor: Viewer) -> list[dict[str, Any]]:
    """List one's own saved searches and the shared ones."""
    return Saved(desk_of(request).database).of(visitor.name)


@router.post("/searches", status_code=201)
async def add(request: Request, visitor: Analyst, given: KeptSearch) -> Made:
    """Keep a search."""
    desk = desk_of(request)

    def kept(watch: hunts.Watch) -> str:
        key = Saved(desk.database).add(given.wanted, visitor.actor)
        if given.alert:
            baseline(desk.database, key)
        return key

    return Made(id=await patiently(request, kept, heavy=given.alert))


@router.get("/searches/{key}", responses=MISSING)
def one(request: Request, visitor: Viewer, key: SearchId) -> dict[str, Any]:
    """Give a saved search with what it found after investigations."""
    kept = Saved(desk_of(request).database)
    found = kept.get(key, visitor.name)
    if found is None:
        raise HTTPException(404, "there is no such search")
    return {**found, "hits": [dict(row) for row in kept.hits(key)]}


@router.put("/searches/{key}", status_code=204, responses=MISSING)
async def change(request: Request, visitor: Analyst, key: SearchId, given: KeptSearch) -> None:
    """Change one's own search."""
    desk = desk_of(request)

    def kept(watch: hunts.Watch) -> bool:
        done = Saved(desk.database).change(key, given.wanted, visitor.actor)
        if done and given.alert:
            baseline(desk.database, key)
        return done

    if not await patiently(request, kept, heavy=given.alert):
        raise HTTPException(404, "there is no such search of yours")


@router.delete("/searches/{key}", status_code=204, responses=MISSING)
def remove(request: Request, visitor: Analyst, key: SearchId) -> None:
    """Remove one's own search; administrators remove any shared one."""
    if not Saved(desk_of(request).database).remove(key, visitor.actor, anybody=visitor.may(Role.ADMIN)):
        raise HTTPException(404, "there is no such search of yours")
