"""The page of one thing: everything known of a mailbox, an account, a host, an address, a file or a link."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import entities, hunts
from sekisho.app.console.accounts import Role
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.hunt import failure, table
from sekisho.app.web.patience import patiently
from sekisho.app.web.shown import Look, fragment, look_of, render, shown
from sekisho.model.errors import SekishoError

router = APIRouter(prefix="/entities")
Kind = Annotated[
    Literal["mailbox", "user", "host", "process", "file", "path", "url", "domain", "ip", "sha256", "message",
            "registry", "account", "sid"],
    Path(description="what it is"),
]  # fmt: skip
Value = Annotated[str, Query(min_length=1, max_length=400, description="as it is called")]
LAYERS = {
    **dict.fromkeys(("mailbox", "message"), "mail"),
    **dict.fromkeys(("file", "sha256"), "file"),
    **dict.fromkeys(("host", "user", "process", "path", "registry", "account", "sid"), "endpoint"),
    **dict.fromkeys(("ip", "domain", "url"), "network"),
}
EVENTS, DRAWN = 20, 10


@router.get("/{kind}")
def entity(request: Request, visitor: Viewer, kind: Kind, value: Value) -> Response:
    """Show everything known of a thing; events from the store come as a piece loaded after."""
    database, look = desk_of(request).database, look_of(request)
    known = entities.known(database, kind, value)
    near = entities.related(database, kind, value) if known.uses else []
    context = {
        "known": known,
        "kind": kind,
        "value": known.value,
        "incidents": entities.incidents(database, kind, value),
        "messages": entities.messages(database, kind, value),
        "findings": entities.findings(database, kind, value),
        "near": near,
        "graph": graph(known, near, look),
        "identities": entities.identities(database, kind, value),
        "indicators": entities.indicators(database, kind, value),
        "notes": entities.notes(database, kind, value),
        "action": entities.ACTIONS.get(kind, ""),
        "question": entities.hunt_for(kind, known.value),
        "link": link,
        "kinds": entities.KINDS,
        "longest": entities.LONGEST_NOTE,
    }
    return render(request, "entity.html", **context)


def link(kind: str, value: str, piece: str = "") -> str:
    """Give the address of a thing's page."""
    return f"/entities/{kind}{piece}?value={quote(value, safe='', errors='replace')}"


def graph(known: entities.Known, near: list[entities.Near], look: Look) -> dict[str, Any]:
    """Give a thing and what is named together with it as a graph."""
    nodes: list[dict[str, Any]] = [
        {
            "id": "n0",
            "label": shown(known.value, 160),
            "kind": known.kind,
            "layer": LAYERS.get(known.kind, ""),
            "root": True,
        }
    ]
    edges = []
    for at, one in enumerate(near[:DRAWN], 1):
        layer, name = LAYERS.get(one.kind, ""), f"n{at}"
        href = link(one.kind, one.value) if one.kind in entities.KINDS else ""
        nodes.append({"id": name, "label": shown(one.value, 160), "kind": one.kind, "layer": layer, "href": href})
        edges.append(
            {"source": "n0", "target": name, "label": look.words.word("console.known.role", one.role), "at": ""}
        )
    return {"nodes": nodes, "edges": edges}


@router.get("/{kind}/events")
async def events(request: Request, visitor: Viewer, kind: Kind, value: Value) -> Response:
    """Give the piece of the page with the latest events that name the thing."""

    def found(watch: hunts.Watch) -> Response:
        asked, context = entities.asked_for(kind, value), dict[str, Any]()
        try:
            if asked is not None:
                answers = hunts.answers(desk_of(request).settings.folder, asked, EVENTS, watch)
                context = {**table(answers, []), "more": answers.more}
        except SekishoError as error:
            return HTMLResponse(f'<p class="bad">{failure(error, look_of(request))}</p>')
        question = asked.question.text if asked else ""
        piece = fragment(request, "parts/entity_events.html", **context, question=question, ask=_ask)
        return HTMLResponse(piece)

    try:
        return await patiently(request, found)
    except hunts.BusyError as error:
        return HTMLResponse(f'<p class="muted">{failure(error, look_of(request))}</p>')


def _ask(text: str) -> str:
    return "/hunt?" + urlencode({"q": text}, errors="replace")


@router.post("/{kind}/notes")
def add(
    request: Request,
    visitor: Analyst,
    kind: Kind,
    value: Value,
    text: Annotated[str, Form(min_length=1, max_length=entities.LONGEST_NOTE)],
) -> Response:
    """Note something about a thing."""
    entities.add_note(desk_of(request).database, kind, value, text, visitor.actor)
    return RedirectResponse(link(kind, value) + "#notes", 303)


@router.post("/{kind}/notes/{number}/remove")
def remove(
    request: Request, visitor: Analyst, kind: Kind, value: Value, number: Annotated[int, Path(ge=1, le=2**62)]
) -> Response:
    """Remove one's own note; administrators remove anybody's."""
    anybody = visitor.may(Role.ADMIN)
    if not entities.remove_note(desk_of(request).database, number, visitor.actor, anybody=anybody):
        raise HTTPException(404, "there is no such note of yours")
    return RedirectResponse(link(kind, value) + "#notes", 303)
