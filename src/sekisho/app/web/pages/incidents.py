"""Incidents: the list that a shift begins with, and decisions about several at once."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import triage
from sekisho.app.console.triage import Change, MissingError, StaleError, Wanted
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.entry import local
from sekisho.app.web.shown import PAGE_ROWS, look_of, render, translations
from sekisho.model.errors import SourceError

router = APIRouter(prefix="/incidents")
Severity = Literal["", "informational", "low", "medium", "high", "critical"]
State = Literal["", "open", "new", "progress", "contained", "closed"]
Disposition = Literal["", "true_positive", "benign", "false_positive", "duplicate"]
Sort = Literal["severity", "latest", "first", "score", "changed"]
UNCHANGED = "-"
_SHOWN = re.compile(r"(i[0-9a-f]{12}):([0-9]{1,15})")


@router.get("")
def incidents(
    request: Request,
    visitor: Viewer,
    severity: Severity = "",
    state: State = "open",
    assignee: Annotated[str, Query(max_length=64)] = "",
    disposition: Disposition = "",
    text: Annotated[str, Query(max_length=200)] = "",
    sort: Sort = "severity",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """List incidents, the gravest and latest first unless another order is asked for."""
    wanted = Wanted(severity, state, assignee, disposition, text, sort)
    return _list(request, wanted, page)


def _list(request: Request, wanted: Wanted, page: int = 1, status: int = 200, /, **more: Any) -> Response:
    database = desk_of(request).database
    rows, total = triage.listed(database, wanted, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    context = {
        "incidents": rows,
        "total": total,
        "page": page,
        "rows": PAGE_ROWS,
        "people": triage.people(database),
        "wanted": wanted,
        "states": triage.STATES,
        "dispositions": triage.DISPOSITIONS,
        "sorts": tuple(triage.SORTS),
        "unchanged": UNCHANGED,
        "failed": "",
        "chosen": (),
        "typed": {"state": UNCHANGED, "assignee": UNCHANGED, "disposition": UNCHANGED, "reason": ""},
        **more,
    }
    return render(request, "incidents.html", status, **context)


@router.post("/bulk")
def decide(
    request: Request,
    visitor: Analyst,
    incident: Annotated[list[str] | None, Form()] = None,
    state: Annotated[str, Form(max_length=20)] = UNCHANGED,
    assignee: Annotated[str, Form(max_length=64)] = UNCHANGED,
    disposition: Annotated[str, Form(max_length=20)] = UNCHANGED,
    reason: Annotated[str, Form(max_length=triage.LONGEST_REASON)] = "",
    back: Annotated[str, Form(max_length=1000)] = "/incidents",
    act: Annotated[Literal["triage", "merge"], Form()] = "triage",
) -> Response:
    """Change several incidents, or tell them as one: all of them or none."""
    database, _ = desk_of(request).database, translations(look_of(request).language).gettext
    typed = {"state": state, "assignee": assignee, "disposition": disposition, "reason": reason}
    chosen = incident or []
    shown = [(one[1], int(one[2])) for one in map(_SHOWN.fullmatch, chosen) if one]
    keys = tuple(key for key, _version in shown)
    if not shown or len(shown) > triage.MOST_AT_ONCE:
        told = _("Choose 1 to %(most)s incidents.") % {"most": triage.MOST_AT_ONCE}
        return _list(request, Wanted(), 1, 400, failed=told, typed=typed)
    try:
        if act == "merge":
            return RedirectResponse(f"/incidents/{triage.merge(database, keys, visitor.actor)}", 303)
        given = {name: None if value == UNCHANGED else value for name, value in typed.items()}
        given["reason"] = reason.replace("\r\n", "\n") or None
        triage.change(database, shown, Change(**given), visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    except StaleError as error:
        told = _("%(who)s changed %(incident)s meanwhile. Nothing was changed; look at it and send it again.") % {
            "who": error.now["changed_by"] or "?",
            "incident": error.incident,
        }
        return _list(request, Wanted(state="", ids=keys), 1, 409, failed=told, chosen=keys, typed=typed)
    except SourceError as error:
        told = _(error.reason)
        return _list(request, Wanted(state="", ids=keys), 1, 400, failed=told, chosen=keys, typed=typed)
    return RedirectResponse(local(back), 303)
