"""An incident to be saved: as STIX, MISP, rules and lists, and as notices in Japanese and English."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from sekisho.app.console import exporting
from sekisho.app.console.exporting import File
from sekisho.app.exchange.advisories import Asked
from sekisho.app.exchange.export import Wish
from sekisho.app.web.access import Analyst
from sekisho.app.web.desk import desk_of
from sekisho.app.web.kept import own_names_of
from sekisho.app.web.shown import look_of, render
from sekisho.app.web.telling import told
from sekisho.model.errors import SekishoError

router = APIRouter(prefix="/incidents/{incident_id}/export")
Form = Literal["stix", "misp", "navigator", "sigma", "yara", "csv", "ocsf"]
Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]
Language = Literal["en", "ja"]
Word = Annotated[str, Query(max_length=200)]


@router.get("")
def choose(request: Request, visitor: Analyst, incident_id: str) -> Response:
    """Ask in which form and for whom."""
    return _page(request, incident_id)


def _page(request: Request, incident_id: str, status: int = 200, problem: str = "") -> Response:
    database = desk_of(request).database
    row = database.one("SELECT id, title_en, title_ja, severity FROM incidents WHERE id = ?", incident_id)
    if row is None:
        raise HTTPException(404)
    return render(request, "export.html", status, incident=row, problem=problem)


@router.get("/advisory")
async def advisory(
    request: Request,
    visitor: Analyst,
    incident_id: str,
    reader: Literal["staff", "mail-admin", "csirt", "partner"] = "staff",
    form: Literal["md", "html", "pdf"] = "md",
    language: Language = "ja",
    tlp: Tlp = "amber",
    issuer: Word = "",
    contact: Word = "",
    partner: Word = "",
    exercise: bool = False,
    internal: bool = False,
) -> Response:
    """Give a notice for its readers."""
    desk = desk_of(request)
    wish = Wish(language, (incident_id,), own_names_of(request), exercise, internal, tlp)
    asked = Asked(reader, form, issuer, contact, partner, zone=look_of(request).zone)
    try:
        made = await asyncio.to_thread(exporting.advise, desk.database, visitor.actor, incident_id, wish, asked)
    except SekishoError as error:
        return _page(request, incident_id, 400, str(error))
    return saved(made)


@router.get("/{form}")
async def export(
    request: Request,
    visitor: Analyst,
    incident_id: str,
    form: Form,
    language: Language = "en",
    tlp: Tlp = "amber",
    exercise: bool = False,
    internal: bool = False,
) -> Response:
    """Give an incident in a form that another program reads."""
    wish = Wish(language, (incident_id,), own_names_of(request), exercise, internal, tlp)
    try:
        made = await told(request, visitor.actor, incident_id, form, wish)
    except SekishoError as error:
        return _page(request, incident_id, 400, str(error))
    return saved(made)


def saved(made: File) -> Response:
    """Give a file to be saved, never to be shown here."""
    headers = {
        "content-disposition": f'attachment; filename="{made.name}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(made.data, media_type=made.media_type, headers=headers)
