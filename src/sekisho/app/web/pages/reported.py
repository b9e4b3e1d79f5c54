"""Reported mail: what users forwarded, what it turned out to be, whom else it reached, and what they are told."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console.choices import SECURITY, Inbox, load, save
from sekisho.app.console.reported import ANSWERS
from sekisho.app.web.access import Admin, Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.settings import keep_secrets
from sekisho.app.web.shown import PAGE_ROWS, refusal, render
from sekisho.model.errors import SourceError

router = APIRouter()
Text = Annotated[str, Form(max_length=500)]


@router.get("/reported")
def reported(request: Request, visitor: Viewer, page: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> Response:
    """List the reports, the latest first."""
    desk = desk_of(request)
    context = {
        "reports": desk.reports.listed(PAGE_ROWS, (page - 1) * PAGE_ROWS),
        "total": desk.database.count("SELECT count(*) FROM reports"),
        "page": page,
        "rows": PAGE_ROWS,
        "inbox": load(desk.database, Inbox),
        "trouble": desk.reports.trouble(),
    }
    return render(request, "reported.html", **context)


@router.get("/reported/{key}")
def report(request: Request, visitor: Viewer, key: str) -> Response:
    """Show a report."""
    desk = desk_of(request)
    found = desk.reports.get(key)
    if found is None:
        raise HTTPException(404)
    others = desk.reports.others(found)
    context = {
        "report": found,
        "others": others,
        "answers": [(one, *desk.reports.text(found, one)) for one in ANSWERS],
        "fitting": desk.reports.proposed(found),
        "sends": desk.reports.may_answer(found),
    }
    return render(request, "report.html", **context)


@router.post("/reported/{key}/answer")
def answer(
    request: Request, visitor: Analyst, key: str, answer: Annotated[Literal["malicious", "clean", "looking"], Form()]
) -> Response:
    """Answer a reporter."""
    desk = desk_of(request)
    if desk.reports.get(key) is None:
        raise HTTPException(404)
    desk.reports.answer(key, answer, visitor.actor)
    return RedirectResponse(f"/reported/{key}", 303)


@router.get("/settings/reported")
def settings(request: Request, visitor: Admin) -> Response:
    """Ask where reports come in."""
    return _form(request, load(desk_of(request).database, Inbox), "")


@router.post("/settings/reported")
def change(
    request: Request,
    visitor: Admin,
    imap: Text = "",
    imap_security: Text = "tls",
    account: Text = "",
    folder: Text = "INBOX",
    secret_inbox: Annotated[str, Form(max_length=4096)] = "",
    forget: Annotated[list[str], Form(max_length=10)] = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Keep where reports come in."""
    desk = desk_of(request)
    chosen = Inbox(imap.strip(), imap_security, account.strip(), folder.strip())
    try:
        chosen.checked()
        keep_secrets(desk, {"inbox": secret_inbox}, forget)
    except SourceError as error:
        return _form(request, chosen, refusal(request, error), 400)
    with desk.database.change() as base:
        save(base, visitor.actor, chosen)
    return RedirectResponse("/settings/reported?kept=1", 303)


def _form(request: Request, chosen: Inbox, failed: str, status: int = 200) -> Response:
    desk = desk_of(request)
    given = {
        "inbox": chosen,
        "failed": failed,
        "kept": request.query_params.get("kept") == "1" and not failed,
        "secrets": desk.vault.known(),
        "security": SECURITY,
        "trouble": desk.reports.trouble(),
    }
    return render(request, "settings_reported.html", status, **given)
