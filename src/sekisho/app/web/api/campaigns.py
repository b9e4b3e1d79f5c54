"""Campaigns, trends, who may be behind them, and incidents in the forms that other programs read."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import behind, campaigns
from sekisho.app.console.accounts import Visitor
from sekisho.app.console.database import unpacked
from sekisho.app.exchange.export import Wish
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.kept import own_names_of
from sekisho.app.web.shown import look_of
from sekisho.app.web.telling import told

router = APIRouter(tags=["campaigns"])
Key = Annotated[str, Path(pattern=r"^[a-z][0-9a-f]{12}$", description="id of a campaign")]
IncidentId = Annotated[str, Path(pattern=r"^i[0-9a-f]{12}$", description="id of an incident")]
COLUMNS = ", ".join(
    "id title size first_at last_at messages recipients incidents verdict family family_odds theme theme_odds".split()
)


class Decided(BaseModel):
    """What a person says about two sightings."""

    verdict: Literal["same", "apart"]
    first: str = Field(max_length=64, description="id of a sighting")
    second: str = Field(max_length=64)
    reason: str = Field("", max_length=500)


class Named(BaseModel):
    """What a campaign is called."""

    family: str = Field("", max_length=80)
    distributor: str = Field("", max_length=80)


class Asked(BaseModel):
    """A computation that waits or runs."""

    job: int


@router.get("/campaigns")
def listed(
    request: Request,
    visitor: Viewer,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List campaigns, those with the latest sightings first."""
    rows = desk_of(request).database.all(
        f"SELECT {COLUMNS} FROM campaigns ORDER BY last_at DESC, id LIMIT ? OFFSET ?", limit, offset
    )
    return [dict(row) for row in rows]


@router.get("/campaigns/trends")
def trends(
    request: Request, visitor: Viewer, by: Literal["all", "family", "theme", "brand", "country"] = "all"
) -> dict[str, Any]:
    """Give volumes by day with silences and surges, and families that reach Japan."""
    database = desk_of(request).database
    return {
        "by": by,
        "end": campaigns.trend(database, "end") or "",
        "series": campaigns.trend(database, by),
        "arrivals": campaigns.trend(database, "arrivals"),
    }


@router.post("/campaigns/decisions", status_code=202)
def decide(request: Request, visitor: Analyst, given: Decided) -> Asked:
    """Say that two sightings belong together or not; campaigns are computed anew."""
    desk = desk_of(request)
    campaigns.decide(desk.database, visitor.actor, given.verdict, given.first, given.second, given.reason)
    return _again(desk, visitor)


@router.delete("/campaigns/decisions/last", status_code=202)
def undo(request: Request, visitor: Analyst) -> Asked:
    """Take the last decision back."""
    desk = desk_of(request)
    campaigns.undo(desk.database, visitor.actor)
    return _again(desk, visitor)


def _again(desk: Desk, visitor: Visitor) -> Asked:
    return Asked(job=desk.jobs.ask(campaigns.KIND, visitor.actor, campaigns.KIND))


@router.get("/campaigns/{campaign_id}")
def one(request: Request, visitor: Viewer, campaign_id: Key) -> dict[str, Any]:
    """Give a campaign with what links it, and its first 1,000 members."""
    database = desk_of(request).database
    row = database.one(f"SELECT {COLUMNS}, doc FROM campaigns WHERE id = ?", campaign_id)
    if row is None:
        raise HTTPException(404, "there is no such campaign")
    members = database.all(
        "SELECT sighting, kind, at, title FROM campaign_members WHERE campaign = ? ORDER BY number LIMIT 1000",
        campaign_id,
    )
    columns = {name: row[name] for name in COLUMNS.split(", ")}
    return {**columns, **unpacked(row["doc"]), "members": [dict(each) for each in members]}


@router.put("/campaigns/{campaign_id}/label", status_code=202)
def label(request: Request, visitor: Analyst, campaign_id: Key, given: Named) -> Asked:
    """Name the family or distributor of a campaign."""
    desk = desk_of(request)
    if desk.database.one("SELECT 1 FROM campaigns WHERE id = ?", campaign_id) is None:
        raise HTTPException(404, "there is no such campaign")
    campaigns.label(desk.database, visitor.actor, campaign_id, given.family, given.distributor)
    return _again(desk, visitor)


@router.get("/campaigns/{campaign_id}/attribution")
async def behind_campaign(request: Request, visitor: Viewer, campaign_id: Key) -> dict[str, Any]:
    """Weigh who may be behind a campaign."""
    database = desk_of(request).database
    if database.one("SELECT 1 FROM campaigns WHERE id = ?", campaign_id) is None:
        raise HTTPException(404, "there is no such campaign")
    return await asyncio.to_thread(behind.of_campaign, database, campaign_id, look_of(request).language)


@router.get("/incidents/{incident_id}/attribution")
async def behind_incident(request: Request, visitor: Viewer, incident_id: IncidentId) -> dict[str, Any]:
    """Weigh who may be behind an incident."""
    database = desk_of(request).database
    if database.one("SELECT 1 FROM incidents WHERE id = ?", incident_id) is None:
        raise HTTPException(404, "there is no such incident")
    return await asyncio.to_thread(behind.of_incident, database, incident_id, look_of(request).language)


@router.get("/incidents/{incident_id}/export/{form}", responses={200: {"content": {"application/octet-stream": {}}}})
async def export(
    request: Request,
    visitor: Analyst,
    incident_id: IncidentId,
    form: Literal["stix", "misp", "navigator", "sigma", "yara", "csv", "ocsf"],
    language: Literal["en", "ja"] = "en",
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = "amber",
    exercise: bool = False,
    internal: bool = False,
) -> Response:
    """Give an incident in a form that another program reads; victims are left out unless the reader is inside."""
    if desk_of(request).database.one("SELECT 1 FROM incidents WHERE id = ?", incident_id) is None:
        raise HTTPException(404, "there is no such incident")
    wish = Wish(language, (incident_id,), own_names_of(request), exercise, internal, tlp)
    made = await told(request, visitor.actor, incident_id, form, wish)
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return Response(made.data, media_type=made.media_type, headers=headers)
