"""How incidents are told to others by TAXII: where, to whom it may go, and what is in it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console import sharing
from sekisho.app.web.access import Admin, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import render
from sekisho.respond.taxii import ROOT

router = APIRouter(prefix="/indicators/sharing")


@router.get("")
def show(request: Request, visitor: Viewer) -> Response:
    """Show how incidents are told."""
    database = desk_of(request).database
    wish = sharing.wish(database)
    objects = sharing.state(database)[0]
    place = f"{str(request.base_url).rstrip('/')}{ROOT}collections/{sharing.INCIDENTS}/"
    return render(request, "sharing.html", wish=wish, objects=objects, place=place)


@router.post("")
def change(
    request: Request,
    visitor: Admin,
    tlp: Annotated[Literal["clear", "green", "amber", "amber+strict", "red"], Form()],
    exercise: Annotated[bool, Form()] = False,
    internal: Annotated[bool, Form()] = False,
) -> Response:
    """Choose how incidents are told; what was told before is told anew."""
    desk = desk_of(request)
    sharing.choose(desk.database, visitor.actor, tlp=tlp, exercise=exercise, internal=internal)
    desk.jobs.ask(sharing.KIND, visitor.actor, sharing.KIND)
    return RedirectResponse("/indicators/sharing", 303)
