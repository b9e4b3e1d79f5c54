"""How long things are kept: chosen by an administrator, who sees first what would go."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console import retention
from sekisho.app.console.retention import Policy
from sekisho.app.web.access import Admin
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import render

router = APIRouter(prefix="/settings/retention")
SHOWN = 50
GB = 1000**3
Days = Annotated[int, Form(ge=0, le=36_500)]


@router.get("")
def show(request: Request, visitor: Admin) -> Response:
    """Show what is kept how long, and what that removes."""
    return _page(request, retention.policy(desk_of(request).database), tried=False)


@router.post("")
def choose(
    request: Request,
    visitor: Admin,
    case_days: Days = 0,
    case_gb: Annotated[int, Form(ge=0, le=1_000_000)] = 0,
    event_days: Days = 0,
    step: Annotated[str, Form()] = "try",
) -> Response:
    """Show what another choice would remove, or keep to it from now on."""
    chosen = Policy(case_days, case_gb * GB, event_days)
    if step != "keep":
        return _page(request, chosen, tried=True)
    retention.choose(desk_of(request).database, chosen, visitor.actor)
    return RedirectResponse("/settings/retention", 303)


def _page(request: Request, chosen: Policy, *, tried: bool) -> Response:
    database = desk_of(request).database
    due = retention.due(database, chosen, time.time())
    context = {
        "chosen": chosen,
        "tried": tried,
        "due": due[:SHOWN],
        "count": len(due),
        "gb": chosen.case_bytes // GB,
        "bytes": database.count("SELECT sum(bytes) FROM files"),
    }
    return render(request, "retention.html", **context)
