"""Everything known of a mailbox, an account, a host, an address, a file or a link."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import entities
from sekisho.app.console.accounts import Role
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.entities import Kind, Value

MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such one, or it is somebody else's"}}
router = APIRouter(tags=["entities"])


class Note(BaseModel):
    """A note about an entity."""

    text: str = Field(min_length=1, max_length=entities.LONGEST_NOTE)


class Made(BaseModel):
    """A note that was kept."""

    id: int


@router.get("/entities/{kind}")
def entity(request: Request, visitor: Viewer, kind: Kind, value: Value) -> dict[str, Any]:
    """Give everything known of a thing; of one that nothing names, that it has no uses."""
    database = desk_of(request).database
    known = entities.known(database, kind, value)
    rows = {
        "incidents": entities.incidents(database, kind, value),
        "messages": entities.messages(database, kind, value),
        "findings": entities.findings(database, kind, value),
        "notes": entities.notes(database, kind, value),
    }
    return {
        "kind": kind,
        "value": known.value,
        "uses": known.uses,
        "first_at": known.first_at,
        "last_at": known.last_at,
        "roles": [{"owner": owner, "role": role, "count": count} for owner, role, count in known.roles],
        "same_name": [{"kind": other, "value": name} for other, name in known.others],
        "related": [asdict(one) for one in entities.related(database, kind, value)],
        "identities": entities.identities(database, kind, value),
        "indicators": entities.indicators(database, kind, value),
        "question": entities.hunt_for(kind, known.value),
        **{name: [dict(row) for row in found] for name, found in rows.items()},
    }


@router.post("/entities/{kind}/notes", status_code=201)
def add(request: Request, visitor: Analyst, kind: Kind, value: Value, given: Note) -> Made:
    """Note something about a thing."""
    return Made(id=entities.add_note(desk_of(request).database, kind, value, given.text, visitor.actor))


@router.delete("/entities/notes/{number}", status_code=204, responses=MISSING)
def remove(request: Request, visitor: Analyst, number: Annotated[int, Path(ge=1, le=2**62)]) -> None:
    """Remove one's own note; administrators remove anybody's."""
    anybody = visitor.may(Role.ADMIN)
    if not entities.remove_note(desk_of(request).database, number, visitor.actor, anybody=anybody):
        raise HTTPException(404, "there is no such note of yours")
