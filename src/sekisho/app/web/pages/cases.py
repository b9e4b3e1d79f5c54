"""Evidence: cases, what lies in them, and how far their investigation is."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.web.access import Admin, Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import PAGE_ROWS, fragment, render

router = APIRouter(prefix="/cases")
INCIDENTS = 100  # of a case on its page; the list of incidents has all
Page = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("")
def cases(request: Request, visitor: Viewer, page: Page = 1) -> Response:
    """List the cases, the latest first, with a place to drop new evidence."""
    desk = desk_of(request)
    rows = desk.database.all(
        "SELECT cases.*, (SELECT count(*) FROM files WHERE case_id = cases.id) AS files, "
        "(SELECT count(*) FROM incidents WHERE case_id = cases.id) AS incidents "
        "FROM cases ORDER BY changed_at DESC, id LIMIT ? OFFSET ?",
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    total = desk.database.count("SELECT count(*) FROM cases")
    return render(request, "cases.html", cases=rows, total=total, page=page, rows=PAGE_ROWS, jobs=desk.jobs.recent(8))


@router.get("/jobs")
def jobs(request: Request, visitor: Viewer, case: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Give the piece of a page that tells how far investigations are."""
    found = desk_of(request).jobs.recent(8, case)
    return HTMLResponse(fragment(request, "parts/jobs.html", jobs=found))


@router.get("/{case_id}")
def case(request: Request, visitor: Viewer, case_id: str, page: Page = 1) -> Response:
    """Show a case: what was given, what of it was read, and what was found."""
    desk = desk_of(request)
    row = desk.database.one("SELECT * FROM cases WHERE id = ?", case_id)
    if row is None:
        raise HTTPException(404)
    files = desk.database.all(
        "SELECT * FROM files WHERE case_id = ? ORDER BY skipped IS NULL, path LIMIT ? OFFSET ?",
        case_id,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    incidents = desk.database.all(
        "SELECT i.id, severity, title_en, title_ja, first_at, state, assignee FROM incidents i "
        "JOIN triage t ON t.incident = i.id WHERE case_id = ? ORDER BY rank DESC, first_at LIMIT ?",
        case_id,
        INCIDENTS,
    )
    context = {
        "case": row,
        "summary": orjson.loads(row["summary"]),
        "files": files,
        "total": desk.database.count("SELECT count(*) FROM files WHERE case_id = ?", case_id),
        "bytes": desk.database.count("SELECT sum(bytes) FROM files WHERE case_id = ?", case_id),
        "page": page,
        "rows": PAGE_ROWS,
        "incidents": incidents,
        "jobs": desk.jobs.recent(3, case_id),
    }
    return render(request, "case.html", **context)


@router.post("/{case_id}/investigate")
def investigate(request: Request, visitor: Analyst, case_id: str) -> Response:
    """Have a case investigated anew."""
    desk = desk_of(request)
    if not desk.cases.exists(case_id):
        raise HTTPException(404)
    desk.jobs.ask(case_id, visitor.actor)
    return RedirectResponse(f"/cases/{case_id}", 303)


@router.post("/{case_id}/delete")
def delete(request: Request, visitor: Admin, case_id: str, sure: Annotated[str, Form()] = "") -> Response:
    """Delete a case for good."""
    desk_of(request).cases.delete(case_id, visitor.actor)
    return RedirectResponse("/cases", 303)
