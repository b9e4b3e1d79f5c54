"""Incidents: the list that a shift begins with."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import PAGE_ROWS, render

router = APIRouter(prefix="/incidents")
Severity = Literal["", "informational", "low", "medium", "high", "critical"]
State = Literal["", "open", "new", "progress", "contained", "closed"]


@router.get("")
def incidents(
    request: Request,
    visitor: Viewer,
    severity: Severity = "",
    state: State = "open",
    assignee: Annotated[str, Query(max_length=64)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """List incidents, the gravest and latest first."""
    database = desk_of(request).database
    where = (
        "merged_into = '' AND ? IN ('', severity) AND (? IN ('', state) OR (? = 'open' AND state != 'closed')) "
        "AND ? IN ('', assignee)"
    )
    chosen = (severity, state, state, assignee)
    rows = database.all(
        "SELECT i.id, i.case_id, severity, score, title_en, title_ja, first_at, last_at, hosts, mailboxes, attack, "
        "state, assignee, disposition, name FROM incidents i JOIN triage t ON t.incident = i.id "
        "JOIN cases c ON c.id = i.case_id "
        f"WHERE {where} ORDER BY rank DESC, last_at DESC, i.id LIMIT ? OFFSET ?",
        *chosen,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    total = database.count(
        f"SELECT count(*) FROM incidents i JOIN triage t ON t.incident = i.id WHERE {where}", *chosen
    )
    people = [row["name"] for row in database.all("SELECT name FROM accounts WHERE NOT disabled ORDER BY name")]
    context = {"incidents": rows, "total": total, "page": page, "rows": PAGE_ROWS, "people": people}
    return render(request, "incidents.html", **context, severity=severity, state=state, assignee=assignee)
