"""Actions and block lists: proposed, approved, done, taken back; and the feeds that gateways read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console.response import Action, StateError
from sekisho.app.web.access import Analyst, Feeder, Responder, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import look_of
from sekisho.model.errors import SourceError
from sekisho.respond import feed

router = APIRouter(tags=["actions"])
Key = Annotated[str, Path(pattern=r"^x[0-9a-f]{12}$", description="id of an action")]
FeedKind = Literal["ip", "domain", "url", "sha256"]
State = Literal["", "open", "proposed", "approved", "running", "done", "partly", "failed", "undone", "refused"]
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "not possible"},
    404: {"description": "there is none"},
    409: {"description": "not in this state"},
}


class ChosenTarget(BaseModel):
    """Something to act on."""

    kind: Literal["mailbox", "ip", "domain", "url", "sha256", "host", "user", "path", "file"]
    value: str = Field(min_length=1, max_length=2000)


class NewAction(BaseModel):
    """An action to be proposed."""

    kind: Literal["quarantine", "purge", "block", "isolate", "reset", "collect"]
    way: Literal["lists", "webhook", "imap", "graph", "defender", "hand"]
    targets: list[ChosenTarget] = Field(min_length=1, max_length=1000)
    incident: str = Field("", max_length=64)
    message: str = Field("", max_length=1000, description="Message-ID of the mail to quarantine, without an incident")
    reason: str = Field("", max_length=1000)


class Named(BaseModel):
    """An action that was proposed."""

    id: str


@router.get("/actions")
def actions(
    request: Request,
    visitor: Viewer,
    state: State = "",
    incident: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[dict[str, Any]]:
    """List actions, the latest first."""
    return [dict(row) for row in desk_of(request).response.listed(state, limit, 0, incident)]


@router.post("/actions", status_code=201, responses=REFUSED)
def propose(request: Request, visitor: Analyst, given: NewAction) -> Named:
    """Propose an action; nothing is done before it is approved and run."""
    chosen = [(one.kind, one.value) for one in given.targets]
    key = desk_of(request).response.propose(
        given.kind,
        given.way,
        chosen,
        visitor.actor,
        incident=_clean(given.incident),
        message=_clean(given.message),
        reason=_clean(given.reason),
    )
    return Named(id=key)


@router.get("/actions/{key}", responses=REFUSED)
def action(request: Request, visitor: Viewer, key: Key) -> dict[str, Any]:
    """Give an action with its targets and what became of each."""
    return _whole(request, _known(request, key))


@router.get("/actions/{key}/plan", responses=REFUSED)
def plan(request: Request, visitor: Viewer, key: Key) -> list[dict[str, Any]]:
    """Give what running it would send, without sending anything: the dry run."""
    _known(request, key)
    return [
        {"kind": target.kind, "target": target.value, "sends": texts}
        for target, texts in desk_of(request).response.plan(key)
    ]


@router.post("/actions/{key}/{order}", responses=REFUSED)
def order(
    request: Request, visitor: Responder, key: Key, order: Literal["approve", "refuse", "run", "undo"]
) -> dict[str, Any]:
    """Approve or refuse an action, have it done, or have it taken back; the latter two happen soon after the answer."""
    response = desk_of(request).response
    _known(request, key)
    does = {"approve": response.approve, "refuse": response.refuse, "run": response.run, "undo": response.undo}
    try:
        does[order](key, visitor.actor)
    except StateError as error:
        raise HTTPException(409, str(error)) from error
    return _whole(request, _known(request, key))


@router.get("/incidents/{incident}/proposals", responses=REFUSED)
def proposals(
    request: Request, visitor: Viewer, incident: Annotated[str, Path(pattern=r"^i[0-9a-f]{12}$")]
) -> list[dict[str, Any]]:
    """Give what an incident's recommendations propose, and whom it would touch."""
    try:
        found = desk_of(request).response.aims.of_incident(incident, look_of(request).language)
    except SourceError as error:
        raise HTTPException(404, str(error)) from error
    return [{**asdict(one), "opened": one.opened} for one in found]


@router.get("/feeds/{kind}.txt", response_class=PlainTextResponse)
def lines(request: Request, visitor: Feeder, kind: FeedKind) -> PlainTextResponse:
    """Give a block list, one value a line, for gateways and firewalls.

    A token may also be sent as the password of Basic authentication, under any name.
    """
    return PlainTextResponse(feed.lines(desk_of(request).response.blocked(kind)))


@router.get("/feeds/{kind}.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def table(request: Request, visitor: Feeder, kind: FeedKind) -> Response:
    """Give a block list with who blocked what, when and why."""
    return Response(
        feed.table(desk_of(request).response.blocked(kind)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="sekisho-{kind}.csv"'},
    )


def _known(request: Request, key: str) -> Action:
    found = desk_of(request).response.get(key)
    if found is None:
        raise HTTPException(404, "there is no such action")
    return found


def _whole(request: Request, found: Action) -> dict[str, Any]:
    response = desk_of(request).response
    return {**asdict(found), "targets": [asdict(one) for one in response.targets(found.id)]}


def _clean(text: str) -> str:
    """Give a text that a database takes."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
