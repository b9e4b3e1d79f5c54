"""Rules: which are loaded, what each means and found, on or off, what they cover, tried on an event, and new ones."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import rulebook, trying, tuning_file
from sekisho.app.console.database import Database, unpacked
from sekisho.app.console.rulebook import Book, Hits, Wanted
from sekisho.app.console.trying import Asked
from sekisho.app.console.tuning_file import New
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.aside import answered
from sekisho.app.web.desk import desk_of
from sekisho.app.web.kept import rulebook_of
from sekisho.app.web.shown import PAGE_ROWS, look_of, render, translations
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.tuning import MAX_CHARS
from sekisho.model.attack import name_of
from sekisho.model.errors import SekishoError
from sekisho.model.event import Logsource
from sekisho.model.finding import LEVELS

router = APIRouter(prefix="/rules")
Level = Literal["", "informational", "low", "medium", "high", "critical"]
State = Literal["", "on", "off", "tuned"]
Origin = Literal["", "own", "given", "added"]
Word = Annotated[str, Query(max_length=100)]
Text = Annotated[str, Form(max_length=500)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]
DAYS = 90
FINDINGS = 25


@router.get("")
def rules(
    request: Request,
    visitor: Viewer,
    q: Annotated[str, Query(max_length=200)] = "",
    level: Level = "",
    logsource: Word = "",
    attack: Word = "",
    tactic: Word = "",
    state: State = "",
    origin: Origin = "",
    hit: bool = False,
    sort: Literal["level", "hits", "title"] = "level",
    page: Page = 1,
) -> Response:
    """List the rules that are loaded."""
    kept = rulebook_of(request)
    book, hits, language = kept.book(), kept.hits(), look_of(request).language
    wanted = Wanted(q, level, logsource.lower(), attack, tactic.lower(), state, origin)
    found = [one for one in book.known if wanted(one) and (not hit or one.rule.id in hits)]
    if sort == "hits":
        found.sort(key=lambda one: -hits.get(one.rule.id, Hits()).count)
    elif sort == "title":
        found.sort(key=lambda one: one.title(language).casefold())
    sources = sorted({part for one in book.known for part in _parts(one.rule.logsource)})
    context = {
        "rules": found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
        "total": len(found),
        "of": len(book.known),
        "off": sum(one.state == "off" for one in book.known),
        "failed": book.failed[:50],
        "failures": len(book.failed),
        "hits": hits,
        "sources": sources,
        "page": page,
        "rows": PAGE_ROWS,
    }
    return render(request, "rules.html", **context, wanted=wanted, hit=hit, sort=sort)


def _parts(source: Logsource) -> list[str]:
    return [part for part in (source.product, source.category, source.service) if part]


@router.get("/coverage")
def coverage(request: Request, visitor: Viewer) -> Response:
    """Show which ATT&CK techniques the rules look for, tactic by tactic."""
    kept = rulebook_of(request)
    book = kept.book()
    tactics = kept.coverage()
    techniques = {cell.technique for _, cells in tactics for cell in cells}
    return render(
        request,
        "rules_coverage.html",
        tactics=tactics,
        techniques=len(techniques),
        rules=sum(bool(one.rule.attack) and one.state != "off" for one in book.known),
        name_of=name_of,
    )


@router.get("/coverage/layer")
def layer(request: Request, visitor: Viewer) -> Response:
    """Give the coverage as a layer for the ATT&CK Navigator."""
    headers = {"content-disposition": 'attachment; filename="sekisho-coverage.json"'}
    made = rulebook.layer(rulebook_of(request).book().known, look_of(request).language)
    return Response(made, media_type="application/json", headers=headers)


@router.get("/try")
def try_form(
    request: Request,
    visitor: Viewer,
    rule: Annotated[str, Query(max_length=200)] = "",
    case: Annotated[str, Query(max_length=64)] = "",
    finding: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Ask for a rule and an event; a stored event is filled in."""
    event, logsource = stored_event(desk_of(request).database, case, finding) if finding else ("", "")
    book = rulebook_of(request).book()
    known = book.by_id.get(rule)
    if rule and known is None:
        raise HTTPException(404)
    return _try_page(request, rule=rule, text="", event=event, logsource=logsource, known=known)


@router.post("/try")
async def try_out(
    request: Request,
    visitor: Viewer,
    event: Annotated[str, Form(max_length=trying.EVENT_CHARS)],
    rule: Annotated[str, Form(max_length=200)] = "",
    text: Annotated[str, Form(max_length=trying.RULE_CHARS)] = "",
    logsource: Annotated[str, Form(max_length=130)] = "",
) -> Response:
    """Try a rule on an event and say why it matches or does not."""
    book = rulebook_of(request).book()
    known = book.by_id.get(rule) if not text.strip() else None
    given: dict[str, Any] = {"rule": rule, "text": text, "event": event, "logsource": logsource, "known": known}
    try:
        asked = asked_of(book, rule, text, event, logsource, look_of(request).language)
        trial = await answered(request, asked)
    except SekishoError as error:
        return _try_page(request, 400, problem=str(error), **given)
    return _try_page(request, trial=trial, **given)


def asked_of(book: Book, rule: str, text: str, event: str, logsource: str, language: str) -> Asked:
    """Give what is asked about a rule that is pasted, or else one that is loaded.

    Raises:
        SourceError: there is no such rule, or it reads no events itself.
    """
    if text.strip():
        return Asked(language, text, event, logsource)
    chosen = trying.chosen(book.rules, rule, "")
    return Asked(language, rulebook.whole(chosen.compiled.rule), event, logsource, RuleSet([chosen.compiled]))


def _try_page(request: Request, status: int = 200, **given: Any) -> Response:
    return render(request, "rules_try.html", status, **{"trial": None, "problem": "", **given})


def stored_event(database: Database, case: str, finding: str) -> tuple[str, str]:
    """Give the event of a finding as text to be edited, and its logsource; what its evidence shows where it is gone."""
    row = database.one("SELECT * FROM findings WHERE case_id = ? AND id = ?", case, finding)
    if row is None:
        raise HTTPException(404)
    held = database.one("SELECT doc_en FROM incidents WHERE id = ?", row["incident"]) if row["incident"] else None
    if held is not None:
        document = unpacked(held["doc_en"])
        if (event := document["events"].get(row["event"])) is not None:
            source = event["logsource"]
            words = [source[name] or "" for name in ("product", "category", "service")]
            return trying.as_json(event["fields"]), "/".join(words).rstrip("/")
        if (part := document["artifacts"].get(row["event"])) is not None:
            return trying.as_json(part["features"]), ""
    fields: dict[str, Any] = {}
    for one in orjson.loads(row["evidence"]):
        fields.setdefault(str(one["field"]), one["value"])
    return trying.as_json(fields), ""


@router.get("/add")
def add_form(request: Request, visitor: Analyst) -> Response:
    """Ask for a new rule."""
    return render(request, "rules_add.html", text="", name="", checked=None, problem="")


@router.post("/add")
async def add(
    request: Request,
    visitor: Analyst,
    text: Annotated[str, Form(max_length=trying.RULE_CHARS)] = "",
    name: Annotated[str, Form(max_length=130)] = "",
    keep: Annotated[str, Form(max_length=4)] = "",
    file: UploadFile | None = None,
) -> Response:
    """Check a new rule, and keep it when it is meant and can run."""
    if file is not None and file.filename:
        text = (await file.read(trying.RULE_CHARS * 4)).decode("utf-8-sig", "replace")
        name = name or file.filename.replace("\\", "/").rpartition("/")[2]
    text = text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    shown = {"text": text, "name": name}
    try:
        place = rulebook.named(name if name.endswith((".yml", ".yaml")) else f"{name}.yml") if keep else ""
        checked = await answered(request, Asked(look_of(request).language, text))
        if not keep or not checked["usable"]:
            return render(request, "rules_add.html", 200, checked=checked, problem="", **shown)
        kept = rulebook_of(request)
        rulebook.keep(desk_of(request).database, visitor.actor, place, text)
        kept.forget()
    except SekishoError as error:
        return render(request, "rules_add.html", 400, checked=None, problem=str(error), **shown)
    return RedirectResponse("/rules?origin=added", 303)


@router.get("/tuning")
def tuning(request: Request, visitor: Viewer) -> Response:
    """Show the tuning file as it is."""
    return _tuning_page(request)


def _tuning_page(request: Request, status: int = 200, problem: str = "", text: str | None = None) -> Response:
    desk, book = desk_of(request), rulebook_of(request).book()
    held = tuning_file.text(desk.database)
    context = {
        "entries": book.tuning.entries[:1000],
        "failed": book.tuning.failed[:100],
        "by_id": book.by_id,
        "text": held if text is None else text,
        "seen": tuning_file.digest(held),
        "problem": problem,
    }
    return render(request, "rules_tuning.html", status, **context)


@router.post("/tuning")
def replace_tuning(
    request: Request,
    visitor: Analyst,
    seen: Annotated[str, Form(max_length=64)],
    text: Annotated[str, Form(max_length=MAX_CHARS)] = "",
) -> Response:
    """Put another text in the tuning file's place."""
    kept = rulebook_of(request)
    try:
        tuning_file.replace(desk_of(request).database, visitor.actor, text, kept.book().rules, seen)
    except SekishoError as error:
        return _tuning_page(request, 400, str(error), text)
    kept.forget()
    return RedirectResponse("/rules/tuning", 303)


@router.post("/tuning/remove")
def remove_tuning(
    request: Request,
    visitor: Analyst,
    number: Annotated[int, Form(ge=1, le=1_000_000)],
    seen: Annotated[str, Form(max_length=64)],
    next: Annotated[str, Form(max_length=300)] = "/rules/tuning",
) -> Response:
    """Take an entry out of the tuning file."""
    kept = rulebook_of(request)
    tuning_file.remove(desk_of(request).database, visitor.actor, number, kept.book().rules, seen)
    kept.forget()
    return RedirectResponse(next if next.startswith("/rules/") else "/rules/tuning", 303)


@router.get("/{rule_id}")
def rule(request: Request, visitor: Viewer, rule_id: str, page: Page = 1) -> Response:
    """Show what a rule is, what it found, and what is noted of it."""
    return _rule_page(request, rule_id, page)


def _rule_page(request: Request, rule_id: str, page: int = 1, status: int = 200, problem: str = "") -> Response:
    desk, kept, look = desk_of(request), rulebook_of(request), look_of(request)
    book = kept.book()
    one = book.by_id.get(rule_id)
    if one is None:
        raise HTTPException(404)
    database = desk.database
    days = rulebook.by_day(database, rule_id, DAYS)
    _ = translations(look.language).gettext
    chart = {
        "kind": "bars",
        "labels": [time.strftime("%Y-%m-%d", time.gmtime(day * rulebook.DAY_S)) for day, _count in days],
        "series": [{"name": _("Findings"), "tone": one.rule.level, "values": [count for _day, count in days]}],
    }
    context = {
        "rule": one.rule,
        "known": one,
        "title": one.title(look.language),
        "name_of": name_of,
        "levels": LEVELS,
        "yaml": rulebook.written(one.rule),
        "entries": rulebook.entries_of(book, rule_id),
        "seen": tuning_file.digest(tuning_file.text(database)),
        "chart": chart,
        "findings": database.all(
            "SELECT * FROM findings WHERE rule_id = ? ORDER BY at DESC LIMIT ? OFFSET ?",
            rule_id,
            FINDINGS,
            (page - 1) * FINDINGS,
        ),
        "total": database.count("SELECT count(*) FROM findings WHERE rule_id = ?", rule_id),
        "refuted": database.all(
            "SELECT t.incident, t.reason, t.changed_by, t.changed_at FROM triage t "
            "WHERE t.disposition LIKE 'false%' AND t.incident IN "
            "(SELECT incident FROM findings WHERE rule_id = ? ORDER BY at DESC LIMIT 2000) "
            "ORDER BY t.changed_at DESC LIMIT 20",
            rule_id,
        ),
        "evidence": evidence_text,
        "page": page,
        "rows": FINDINGS,
        "problem": problem,
    }
    return render(request, "rule.html", status, **context)


def evidence_text(kept: str) -> str:
    """Give a finding's evidence as one line."""
    return "; ".join(f"{one['field']} = {one['value']}" for one in orjson.loads(kept)[:4])


@router.post("/{rule_id}/tune")
def tune(
    request: Request,
    visitor: Analyst,
    rule_id: str,
    action: Annotated[Literal["disable", "exclude", "level"], Form()],
    reason: Text = "",
    level: Annotated[Level, Form()] = "",
    host: Text = "",
    user: Text = "",
    field: Annotated[str, Form(max_length=200)] = "",
    value: Annotated[str, Form(max_length=tuning_file.LONGEST)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    seen: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Switch a rule off, or say where its findings do not count or count otherwise."""
    kept = rulebook_of(request)
    book = kept.book()
    if rule_id not in book.by_id:
        raise HTTPException(404)
    off = action == "disable"
    try:
        new = New(
            (rule_id,),
            reason,
            action="disable" if off else "",
            level=level if action == "level" else "",
            hosts=() if off else _words(host),
            users=() if off else _words(user),
            match={field.strip(): (value,)} if field.strip() and not off else None,
            until=tuning_file.day(until),
        )
        tuning_file.add(desk_of(request).database, visitor.actor, new, book.rules, seen)
    except SekishoError as error:
        return _rule_page(request, rule_id, 1, 400, str(error))
    kept.forget()
    return RedirectResponse(f"/rules/{_quoted(rule_id)}", 303)


@router.post("/{rule_id}/discard")
def discard(request: Request, visitor: Analyst, rule_id: str) -> Response:
    """Take a rule that was added here away again."""
    kept = rulebook_of(request)
    one = kept.book().by_id.get(rule_id)
    if one is None:
        raise HTTPException(404)
    rulebook.discard(desk_of(request).database, visitor.actor, one.rule)
    kept.forget()
    return RedirectResponse("/rules?origin=added", 303)


def _words(given: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in given.split(",") if part.strip())


def _quoted(rule_id: str) -> str:
    from urllib.parse import quote

    return quote(rule_id, safe="")
