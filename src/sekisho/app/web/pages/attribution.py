"""Who may be behind an incident or a campaign: ranked answers with what speaks for and against each."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from sekisho.app.console import behind
from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import look_of, render

router = APIRouter()


@router.get("/incidents/{incident_id}/attribution")
async def of_incident(request: Request, visitor: Viewer, incident_id: str) -> Response:
    """Weigh who may be behind an incident."""
    database, look = desk_of(request).database, look_of(request)
    row = database.one("SELECT title_en, title_ja FROM incidents WHERE id = ?", incident_id)
    if row is None:
        raise HTTPException(404)
    told = await asyncio.to_thread(behind.of_incident, database, incident_id, look.language)
    title = row["title_ja"] if look.language == "ja" else row["title_en"]
    return render(request, "attribution.html", told=told, title=title, back=f"/incidents/{incident_id}")


@router.get("/campaigns/{campaign_id}/attribution")
async def of_campaign(request: Request, visitor: Viewer, campaign_id: str) -> Response:
    """Weigh who may be behind a campaign."""
    database = desk_of(request).database
    row = database.one("SELECT title FROM campaigns WHERE id = ?", campaign_id)
    if row is None:
        raise HTTPException(404)
    told = await asyncio.to_thread(behind.of_campaign, database, campaign_id, look_of(request).language)
    return render(request, "attribution.html", told=told, title=row["title"], back=f"/campaigns/{campaign_id}")
