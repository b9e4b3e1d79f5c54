"""Rules: listed, explained, covered, tuned, tried, checked, added and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import rulebook, trying, tuning_file
from sekisho.app.console.rulebook import Book, Hits, Known, Wanted
from sekisho.app.console.trying import Asked, clean
from sekisho.app.console.tuning_file import ChangedError, New
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.aside import answered
from sekisho.app.web.desk import desk_of
from sekisho.app.web.kept import rulebook_of
from sekisho.app.web.pages.rules import asked_of
from sekisho.app.web.shown import look_of
from sekisho.detect.tuning import MAX_CHARS

router = APIRouter(tags=["rules"])
RuleId = Annotated[str, Path(max_length=200, description="id of a rule")]
Word = Annotated[str, Query(max_length=100)]
Text = Annotated[str, Field(max_length=500)]
Level = Literal["", "informational", "low", "medium", "high", "critical"]


class Tuned(BaseModel):
    """An entry of the tuning file, to be written."""

    action: Literal["disable", "exclude", "level"] = Field(description="switch off; findings do not count; new level")
    reason: str = Field(max_length=500)
    level: Level = Field("", description="for action level")
    hosts: list[Text] = Field([], max_length=50)
    users: list[Text] = Field([], max_length=50)
    match: dict[Text, list[Text]] = Field({}, max_length=20, description="field with modifiers, and its values")
    until: date | None = Field(None, description="last day")
    seen: str = Field("", max_length=64, description="digest of the file that you saw; empty: do not care")


class TuningText(BaseModel):
    """A whole tuning file."""

    text: str = Field(max_length=MAX_CHARS)
    seen: str = Field(max_length=64, description="digest of the file that it replaces")


class RuleText(BaseModel):
    """A rule file."""

    text: str = Field(max_length=trying.RULE_CHARS)


class Attempt(BaseModel):
    """A rule and an event to try it on."""

    rule: str = Field("", max_length=200, description="id of a rule that is loaded")
    text: str = Field("", max_length=trying.RULE_CHARS, description="or a rule as YAML")
    event: str = Field(max_length=trying.EVENT_CHARS, description="JSON: one event, a list, or one a line")
    logsource: str = Field("", max_length=130, description="product/category/service; empty: the rule's")


@contextmanager
def told() -> Iterator[None]:
    """Answer 409 when somebody else was faster."""
    try:
        yield
    except ChangedError as error:
        raise HTTPException(409, error.reason) from error


def entry(one: Known, hits: Hits) -> dict[str, Any]:
    """Give a rule in a list."""
    rule, source = one.rule, one.rule.logsource
    return {
        "id": rule.id,
        "title": rule.title,
        "titles": dict(rule.texts),
        "level": rule.level,
        "status": rule.status,
        "logsource": {"product": source.product, "category": source.category, "service": source.service},
        "attack": rule.attack,
        "state": one.state,
        "origin": one.origin,
        "findings": hits.count,
        "last_finding_at": hits.last_at,
    }


@router.get("/rules")
def rules(
    request: Request,
    visitor: Viewer,
    q: Annotated[str, Query(max_length=200)] = "",
    level: Level = "",
    logsource: Word = "",
    attack: Word = "",
    tactic: Word = "",
    state: Literal["", "on", "off", "tuned"] = "",
    origin: Literal["", "own", "given", "added"] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """List the rules that are loaded, the gravest first."""
    kept = rulebook_of(request)
    book, hits = kept.book(), kept.hits()
    wanted = Wanted(q, level, logsource.lower(), attack, tactic.lower(), state, origin)
    found = [one for one in book.known if wanted(one)]
    shown = [entry(one, hits.get(one.rule.id, Hits())) for one in found[offset : offset + limit]]
    failed = [{"path": one.path, "line": one.line, "reason": one.reason} for one in book.failed[:100]]
    answer: dict[str, Any] = clean({"total": len(found), "rules": shown, "failed": failed})
    return answer


@router.get("/rules/coverage")
def coverage(request: Request, visitor: Viewer) -> list[dict[str, Any]]:
    """Count rules and findings by tactic and technique."""
    found = rulebook_of(request).coverage()
    return [{"tactic": tactic, "techniques": [asdict(cell) for cell in cells]} for tactic, cells in found]


@router.get("/rules/coverage/layer")
def layer(request: Request, visitor: Viewer) -> Response:
    """Give the coverage as a layer for the ATT&CK Navigator."""
    made = rulebook.layer(rulebook_of(request).book().known, look_of(request).language)
    return Response(made, media_type="application/json")


@router.get("/rules/tuning")
def tuning(request: Request, visitor: Viewer) -> dict[str, Any]:
    """Give the tuning file, and what names its content."""
    return _tuning(request)


def _tuning(request: Request) -> dict[str, Any]:
    held = tuning_file.text(desk_of(request).database)
    book = rulebook_of(request).book()
    entries = [
        {
            "number": one.number,
            "action": one.action,
            "level": one.level,
            "reason": one.reason,
            "until": one.until and one.until.isoformat(),
            "expired": one.expired,
            "rules": None if one.rules is None else sorted(one.rules)[:1000],
        }
        for one in book.tuning.entries
    ]
    failed = [{"line": one.line, "error": one.error} for one in book.tuning.failed]
    told: dict[str, Any] = clean({"seen": tuning_file.digest(held), "text": held, "entries": entries, "failed": failed})
    return told


@router.put("/rules/tuning")
def replace_tuning(request: Request, visitor: Analyst, given: TuningText) -> dict[str, Any]:
    """Put another text in the tuning file's place."""
    kept = rulebook_of(request)
    with told():
        tuning_file.replace(desk_of(request).database, visitor.actor, given.text, kept.book().rules, given.seen)
    kept.forget()
    return _tuning(request)


@router.delete("/rules/tuning/{number}")
def remove_tuning(
    request: Request,
    visitor: Analyst,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    seen: Annotated[str, Query(max_length=64)] = "",
) -> dict[str, Any]:
    """Take an entry out of the tuning file."""
    kept = rulebook_of(request)
    with told():
        tuning_file.remove(desk_of(request).database, visitor.actor, number, kept.book().rules, seen)
    kept.forget()
    return _tuning(request)


@router.post("/rules/try")
async def attempt(request: Request, visitor: Viewer, given: Attempt) -> dict[str, Any]:
    """Try a rule on an event: what matches, what is missing, and why."""
    book, language = rulebook_of(request).book(), look_of(request).language
    if not given.text.strip() and given.rule not in book.by_id:
        raise HTTPException(404, "there is no such rule")
    return await answered(request, asked_of(book, given.rule, given.text, given.event, given.logsource, language))


@router.post("/rules/check")
async def check(request: Request, visitor: Viewer, given: RuleText) -> dict[str, Any]:
    """Check rules as `sekisho rules check` does; nothing is kept."""
    return await answered(request, Asked(look_of(request).language, given.text))


@router.put("/rules/files/{name}")
async def keep(
    request: Request,
    visitor: Analyst,
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,110}\.ya?ml$")],
    given: RuleText,
) -> dict[str, Any]:
    """Keep a rule file that can run; one of the same name is replaced."""
    found = await answered(request, Asked(look_of(request).language, given.text))
    if not found["usable"]:
        raise HTTPException(400, "; ".join(one["text"] for one in found["doubts"][:10]) or "there is no rule")
    rulebook.keep(desk_of(request).database, visitor.actor, name, given.text)
    rulebook_of(request).forget()
    return {"name": name, "rules": found["rules"]}


@router.get("/rules/{rule_id}")
def rule(request: Request, visitor: Viewer, rule_id: RuleId) -> dict[str, Any]:
    """Give a rule as it is written, with its tuning and its findings by day."""
    kept = rulebook_of(request)
    book = kept.book()
    one = _known(book, rule_id)
    days = rulebook.by_day(desk_of(request).database, rule_id, 90)
    answer: dict[str, Any] = clean(
        {
            **entry(one, kept.hits().get(rule_id, Hits())),
            "description": one.rule.description,
            "falsepositives": one.rule.falsepositives,
            "references": one.rule.references,
            "fields": one.rule.fields,
            "text": rulebook.written(one.rule),
            "tuning": [
                {"number": number, "action": action, "level": level, "reason": reason, "shared": shared}
                for number, action, level, reason, shared in rulebook.entries_of(book, rule_id)
            ],
            "days": [{"at": day * rulebook.DAY_S, "findings": count} for day, count in days],
        }
    )
    return answer


@router.post("/rules/{rule_id}/tuning", status_code=201)
def tune(request: Request, visitor: Analyst, rule_id: RuleId, given: Tuned) -> dict[str, Any]:
    """Switch a rule off, or say where its findings do not count or count otherwise."""
    kept = rulebook_of(request)
    book = kept.book()
    _known(book, rule_id)
    new = New(
        (rule_id,),
        given.reason,
        action="disable" if given.action == "disable" else "",
        level=given.level if given.action == "level" else "",
        hosts=tuple(given.hosts),
        users=tuple(given.users),
        match={name: tuple(values) for name, values in given.match.items()} or None,
        until=given.until,
    )
    with told():
        tuning_file.add(desk_of(request).database, visitor.actor, new, book.rules, given.seen)
    kept.forget()
    return _tuning(request)


@router.delete("/rules/{rule_id}", status_code=204)
def discard(request: Request, visitor: Analyst, rule_id: RuleId) -> None:
    """Take away the file of a rule that was added here."""
    kept = rulebook_of(request)
    rulebook.discard(desk_of(request).database, visitor.actor, _known(kept.book(), rule_id).rule)
    kept.forget()


def _known(book: Book, rule_id: str) -> Known:
    one = book.by_id.get(rule_id)
    if one is None:
        raise HTTPException(404, "there is no such rule")
    return one
