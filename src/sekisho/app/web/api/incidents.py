"""Incidents: listed, read with their evidence, triaged, commented, told as one and apart again, and tuned away."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import story, triage, tune
from sekisho.app.console.database import Database
from sekisho.app.console.triage import Change, MissingError, StaleError, Wanted
from sekisho.app.console.tuning_file import day, worded
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.exclusions import today
from sekisho.app.web.shown import look_of

router = APIRouter(tags=["incidents"])
Key = Annotated[str, Path(pattern=r"^i[0-9a-f]{12}$", description="id of an incident")]
IncidentId = Annotated[str, Field(pattern=r"^i[0-9a-f]{12}$")]
MergeId = Annotated[str, Field(pattern=r"^g[0-9a-f]{12}$")]
Version = Annotated[int, Field(ge=0, le=2**53)]
State = Literal["new", "progress", "contained", "closed"]
Disposition = Literal["", "true_positive", "benign", "false_positive", "duplicate"]


class Given(BaseModel):
    """What a program sends; what is not known is refused, so that a slip does not pass for done."""

    model_config = ConfigDict(extra="forbid")


class Decision(Given):
    """A change of an incident's triage; what is left out stays as it is."""

    version: Version = Field(description="of the triage that was read; 409 when somebody changed it since")
    state: State | None = None
    assignee: str | None = Field(None, max_length=64, description="an account; empty for nobody")
    disposition: Disposition | None = None
    reason: str | None = Field(None, max_length=triage.LONGEST_REASON, description="needed to close")


class Shown(Given):
    """An incident as it was read."""

    id: IncidentId
    version: Version


class Bulk(Given):
    """The same change of several incidents: of all or of none."""

    incidents: list[Shown] = Field(min_length=1, max_length=triage.MOST_AT_ONCE)
    state: State | None = None
    assignee: str | None = Field(None, max_length=64)
    disposition: Disposition | None = None
    reason: str | None = Field(None, max_length=triage.LONGEST_REASON)


class Said(Given):
    """A comment."""

    text: str = Field(min_length=1, max_length=triage.LONGEST_COMMENT)


class Others(Given):
    """Incidents to be told together with another."""

    incidents: list[IncidentId] = Field(min_length=1, max_length=19)


class Part(Given):
    """An incident to be told by itself again."""

    part: IncidentId


class Merges(Given):
    """Merges of the correlation, by the ids in the incident's document."""

    merges: list[MergeId] = Field(min_length=1, max_length=triage.MOST_MERGES)


class Exclusion(Given):
    """What to leave out of a rule's findings."""

    rule: str = Field(max_length=200, description="id of a rule")
    reason: str = Field(min_length=1, max_length=triage.LONGEST_REASON)
    until: str = Field("", max_length=20, description="last day, as 2027-03-31; empty for no end")
    host: str = Field("", max_length=300)
    user: str = Field("", max_length=300)
    match: dict[str, str] = Field(default_factory=dict, max_length=tune.MOST_VALUES, description="field to value")


class Number(Given):
    """An exclusion, by the number of its entry in the audit log."""

    number: Annotated[int, Field(ge=0, le=2**53)]


class Head(BaseModel):
    """The incident that several are told under."""

    id: str


class Asked(BaseModel):
    """An investigation that waits or runs."""

    job: int


class Kept(BaseModel):
    """A comment that was kept."""

    id: int


@router.get("/incidents")
def incidents(
    request: Request,
    visitor: Viewer,
    severity: Literal["", "informational", "low", "medium", "high", "critical"] = "",
    state: Literal["", "open", "new", "progress", "contained", "closed"] = "open",
    assignee: Annotated[str, Query(max_length=64)] = "",
    disposition: Disposition = "",
    text: Annotated[str, Query(max_length=200)] = "",
    sort: Literal["severity", "latest", "first", "score", "changed"] = "severity",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """List incidents; `total` is how many there are in all."""
    wanted = Wanted(severity, state, assignee, disposition, text, sort)
    rows, total = triage.listed(desk_of(request).database, wanted, limit, offset)
    return {"total": total, "incidents": [{**row, "attack": row["attack"].split()} for row in map(dict, rows)]}


@router.post("/incidents/triage", status_code=204, responses={409: {}})
def decide_many(request: Request, visitor: Analyst, given: Bulk) -> None:
    """Change several incidents."""
    shown = [(one.id, one.version) for one in given.incidents]
    _change(desk_of(request).database, shown, given, visitor.actor)


@router.get("/incidents/{incident_id}", responses={404: {}})
def incident(
    request: Request,
    visitor: Viewer,
    incident_id: Key,
    language: Annotated[Literal["", "en", "ja"], Query(description="of its sentences")] = "",
) -> dict[str, Any]:
    """Give an incident with its findings, events and artifacts, as the result schema has them, and its triage."""
    database = desk_of(request).database
    told = story.load(database, incident_id, language or look_of(request).language)
    row = triage.of(database, incident_id)
    if told is None or row is None:
        raise HTTPException(404, "there is no such incident")
    return {
        "id": incident_id,
        "parts": told.parts[1:],
        "triage": dict(row),
        "incident": told.incident,
        "findings": told.findings,
        "events": told.events,
        "artifacts": told.artifacts,
    }


@router.get("/incidents/{incident_id}/history", responses={404: {}})
def history(request: Request, visitor: Viewer, incident_id: Key) -> list[dict[str, Any]]:
    """Give what was done to an incident, the latest first."""
    database = _known(request, incident_id)
    parts = database.all("SELECT incident FROM triage WHERE merged_into = ?", incident_id)
    return triage.history(database, [incident_id, *(row["incident"] for row in parts)])


@router.patch("/incidents/{incident_id}", responses={404: {}, 409: {}})
def decide(request: Request, visitor: Analyst, incident_id: Key, given: Decision) -> dict[str, Any]:
    """Change an incident's triage and give it as it is then."""
    database = desk_of(request).database
    _change(database, [(incident_id, given.version)], given, visitor.actor)
    row = triage.of(database, incident_id)
    return dict(row) if row is not None else {}


def _change(database: Database, shown: list[tuple[str, int]], given: Decision | Bulk, by: Any) -> None:
    try:
        triage.change(database, shown, Change(given.state, given.assignee, given.disposition, given.reason), by)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    except StaleError as error:
        raise HTTPException(409, str(error)) from error


@router.get("/incidents/{incident_id}/comments", responses={404: {}})
def comments(request: Request, visitor: Viewer, incident_id: Key) -> list[dict[str, Any]]:
    """Give the comments on an incident, the oldest first."""
    return [dict(row) for row in triage.comments(_known(request, incident_id), [incident_id])]


@router.post("/incidents/{incident_id}/comments", status_code=201, responses={404: {}})
def say(request: Request, visitor: Analyst, incident_id: Key, given: Said) -> Kept:
    """Keep a comment."""
    return Kept(id=triage.comment(_known(request, incident_id), incident_id, given.text, visitor.actor))


@router.post("/incidents/{incident_id}/merge", responses={404: {}})
def merge(request: Request, visitor: Analyst, incident_id: Key, given: Others) -> Head:
    """Tell others together with this one, under the gravest."""
    try:
        return Head(id=triage.merge(desk_of(request).database, [incident_id, *given.incidents], visitor.actor))
    except MissingError as error:
        raise HTTPException(404, str(error)) from error


@router.post("/incidents/{incident_id}/unmerge", status_code=204, responses={404: {}})
def unmerge(request: Request, visitor: Analyst, incident_id: Key, given: Part) -> None:
    """Undo a merge: tell one by itself again."""
    try:
        triage.unmerge(desk_of(request).database, incident_id, given.part, visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error


@router.post("/incidents/{incident_id}/split", status_code=202, responses={404: {}})
def split(request: Request, visitor: Analyst, incident_id: Key, given: Merges) -> Asked:
    """Keep apart what the correlation united, and have the case investigated anew."""
    desk = desk_of(request)
    try:
        case = triage.split(desk.database, incident_id, given.merges, visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    return Asked(job=desk.jobs.ask(case, visitor.actor))


@router.post("/incidents/{incident_id}/unsplit", status_code=202, responses={404: {}})
def unsplit(request: Request, visitor: Analyst, incident_id: Key, given: Merges) -> Asked:
    """Undo a split of the incident's case, and have it investigated anew."""
    desk = desk_of(request)
    row = desk.database.one("SELECT case_id FROM incidents WHERE id = ?", incident_id)
    if row is None:
        raise HTTPException(404, "there is no such incident")
    try:
        triage.unsplit(desk.database, row["case_id"], given.merges, visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    return Asked(job=desk.jobs.ask(row["case_id"], visitor.actor))


@router.get("/incidents/{incident_id}/exclusions", responses={404: {}})
def exclusions(request: Request, visitor: Viewer, incident_id: Key) -> dict[str, Any]:
    """Give what could be left out of an incident's findings, and what is already."""
    database, language = desk_of(request).database, look_of(request).language
    told = story.load(database, incident_id, language)
    if told is None:
        raise HTTPException(404, "there is no such incident")
    proposed = [
        {"rule": one.rule, "title": one.title, "level": one.level, "findings": one.count, "host": one.host,
         "user": one.user, "match": dict(one.values)}
        for one in tune.proposals(told, language)
    ]  # fmt: skip
    kept = [
        {name: one[name] for name in ("number", "at", "who", "entry")} for one in tune.excluded(database, incident_id)
    ]
    return {"proposed": proposed, "kept": kept}


@router.post("/incidents/{incident_id}/exclusions/preview", responses={404: {}})
def preview(request: Request, visitor: Analyst, incident_id: Key, given: Exclusion) -> dict[str, Any]:
    """Count what an exclusion would have taken out of what the console holds; nothing is changed."""
    wanted = _wanted(given)
    effect = tune.effect(_known(request, incident_id), wanted, today())
    return {
        "findings": effect.findings,
        "of": effect.of,
        "incidents": [{"id": one, "loses": lost, "has": has} for one, lost, has in effect.incidents],
        "emptied": effect.emptied,
        "outside": effect.outside,
        "partly": effect.partly,
        "entry": worded(wanted.entry),
    }


@router.post("/incidents/{incident_id}/exclusions", status_code=201, responses={404: {}})
def exclude(request: Request, visitor: Analyst, incident_id: Key, given: Exclusion) -> dict[str, str]:
    """Write an exclusion into the tuning file and give the entry; it applies from the next investigation on."""
    wanted = _wanted(given)
    tune.exclude(_known(request, incident_id), incident_id, wanted, visitor.actor, today())
    return {"entry": worded(wanted.entry)}


@router.post("/incidents/{incident_id}/exclusions/undo", status_code=204, responses={404: {}})
def include(request: Request, visitor: Analyst, incident_id: Key, given: Number) -> None:
    """Take an exclusion back."""
    tune.include(_known(request, incident_id), incident_id, given.number, visitor.actor)


def _wanted(given: Exclusion) -> tune.Exclusion:
    clean = triage.clean
    values = tuple((clean(field), clean(value)) for field, value in given.match.items())
    return tune.Exclusion(
        (clean(given.rule),), clean(given.reason), day(given.until), clean(given.host), clean(given.user), values
    )


def _known(request: Request, incident_id: str) -> Database:
    database = desk_of(request).database
    if database.one("SELECT 1 FROM incidents WHERE id = ?", incident_id) is None:
        raise HTTPException(404, "there is no such incident")
    return database
