"""Response: what is proposed, approved, done and taken back, and the page on which actions are put together."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console.response import STATES, Action
from sekisho.app.console.ways import KINDS
from sekisho.app.web.access import Analyst, Responder, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import PAGE_ROWS, fragment, look_of, render

router = APIRouter(prefix="/actions")
State = Literal["", "open", "proposed", "approved", "running", "done", "partly", "failed", "undone", "refused"]
Page = Annotated[int, Query(ge=1, le=1_000_000)]
ValueKind = Literal["", "message", "ip", "domain", "url", "sha256", "host", "user", "mailbox", "path", "file"]


@router.get("")
def actions(
    request: Request,
    visitor: Viewer,
    state: State = "",
    incident: Annotated[str, Query(max_length=64)] = "",
    page: Page = 1,
) -> Response:
    """List the actions, the latest first."""
    response = desk_of(request).response
    context = {
        "actions": response.listed(state, PAGE_ROWS, (page - 1) * PAGE_ROWS, incident),
        "total": response.count(state, incident),
        "waiting": response.count("proposed"),
        "state": state,
        "states": STATES,
        "incident": incident,
        "page": page,
        "rows": PAGE_ROWS,
        "second": response.second_person,
    }
    return render(request, "actions.html", **context)


@router.get("/propose")
def compose(
    request: Request,
    visitor: Analyst,
    incident: Annotated[str, Query(max_length=64)] = "",
    kind: ValueKind = "",
    value: Annotated[str, Query(max_length=2048)] = "",
) -> Response:
    """Show what can be done about an incident or a value, and whom it would touch."""
    desk = desk_of(request)
    row = None
    if incident:
        row = desk.database.one("SELECT id, title_en, title_ja, severity FROM incidents WHERE id = ?", incident)
        if row is None:
            raise HTTPException(404)
        proposals = desk.response.aims.of_incident(incident, look_of(request).language)
    else:
        proposals = desk.response.aims.of_value(kind, value) if kind and value else []
    context = {
        "proposals": proposals,
        "incident": row,
        "kind": kind,
        "value": value,
        "seen": desk.response.aims.seen(kind, value) if kind and value else (0, 0),
        "ways": {one: [(way.name, way.lacks()) for way in desk.response.ways(one)] for one in KINDS},
        "second": desk.response.second_person,
    }
    return render(request, "action_propose.html", **context)


@router.post("/propose")
def propose(
    request: Request,
    visitor: Analyst,
    action: Annotated[str, Form(max_length=20)],
    way: Annotated[str, Form(max_length=20)],
    target: Annotated[list[str], Form(max_length=1000)] = [],  # noqa: B006  FastAPI copies it
    incident: Annotated[str, Form(max_length=64)] = "",
    message: Annotated[str, Form(max_length=1000)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Propose an action; its own page shows what it would send."""
    chosen = [(kind, value) for kind, _, value in (one.partition(":") for one in target)]
    key = desk_of(request).response.propose(
        action, way, chosen, visitor.actor, incident=incident, message=message, reason=reason
    )
    return RedirectResponse(f"/actions/{key}", 303)


@router.get("/{key}")
def action(request: Request, visitor: Viewer, key: str) -> Response:
    """Show an action: its targets, what became of each, and what running it would send."""
    desk, found = _known(request, key)
    context = _context(desk, found)
    incident = None
    if found.incident:
        incident = desk.database.one("SELECT id, title_en, title_ja FROM incidents WHERE id = ?", found.incident)
    trail = desk.database.all(
        "SELECT at, who, action, detail FROM audit WHERE target = ? ORDER BY number DESC LIMIT 100", key
    )
    return render(request, "action.html", **context, incident=incident, trail=trail)


@router.get("/{key}/targets")
def targets(request: Request, visitor: Viewer, key: str) -> Response:
    """Give the piece of the page that tells how far an action is."""
    desk, found = _known(request, key)
    headers = {} if found.state == "running" else {"hx-refresh": "true"}
    return HTMLResponse(fragment(request, "parts/action_targets.html", **_context(desk, found)), headers=headers)


@router.post("/{key}/approve")
def approve(request: Request, visitor: Responder, key: str) -> Response:
    """Agree to an action."""
    desk, _ = _known(request, key)
    desk.response.approve(key, visitor.actor)
    return RedirectResponse(f"/actions/{key}", 303)


@router.post("/{key}/refuse")
def refuse(request: Request, visitor: Responder, key: str) -> Response:
    """Turn an action down."""
    desk, _ = _known(request, key)
    desk.response.refuse(key, visitor.actor)
    return RedirectResponse(f"/actions/{key}", 303)


@router.post("/{key}/run")
def run(request: Request, visitor: Responder, key: str) -> Response:
    """Have an action done."""
    desk, _ = _known(request, key)
    desk.response.run(key, visitor.actor)
    return RedirectResponse(f"/actions/{key}", 303)


@router.post("/{key}/undo")
def undo(request: Request, visitor: Responder, key: str) -> Response:
    """Have an action taken back."""
    desk, _ = _known(request, key)
    desk.response.undo(key, visitor.actor)
    return RedirectResponse(f"/actions/{key}", 303)


def _known(request: Request, key: str) -> tuple[Desk, Action]:
    desk = desk_of(request)
    found = desk.response.get(key)
    if found is None:
        raise HTTPException(404)
    return desk, found


def _context(desk: Desk, found: Action) -> dict[str, object]:
    targets = desk.response.targets(found.id)
    open_now = found.state in ("proposed", "approved", "partly", "failed")
    return {
        "action": found,
        "targets": targets,
        "opened": sum(one.reached not in ("", "received") for one in targets),
        "messages": len({message for one in targets for message in one.messages}),
        "plan": desk.response.plan(found.id)[:200] if open_now else [],
        "second": desk.response.second_person,
        "undoable": desk.response.can_undo(found),
    }
