"""An incident: understood in a minute, every sentence with its evidence, and what people decide about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import chain, story, triage
from sekisho.app.console.indexing import seconds
from sekisho.app.console.triage import Change, MissingError, StaleError
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import Look, fragment, look_of, render, shown, translations, when
from sekisho.model.errors import SourceError
from sekisho.model.incident import Text
from sekisho.model.urltext import defang
from sekisho.respond.wording import ACTING

router = APIRouter(prefix="/incidents/{key}")
Key = Annotated[str, Path(pattern=r"^i[0-9a-f]{12}$")]
Layer = Literal["", "mail", "file", "endpoint", "network", "server"]
LAYERS = ("mail", "file", "endpoint", "network", "server")
STEPS, LISTED = 150, 60
"""Rows that the page shows of the timeline at once, and of each kind of evidence."""


@router.get("")
def incident(
    request: Request,
    visitor: Viewer,
    key: Key,
    layer: Layer = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Show an incident; one that is told under another leads there."""
    database, look = desk_of(request).database, look_of(request)
    row = triage.of(database, key)
    if row is not None and row["merged_into"]:
        return RedirectResponse(f"/incidents/{row['merged_into']}", 303)
    return _page(request, key, look, layer=layer, page=page)


def _page(request: Request, key: str, look: Look, status: int = 200, /, **more: Any) -> Response:
    database = desk_of(request).database
    told, row = story.load(database, key, look.language), triage.of(database, key)
    if told is None or row is None:
        raise HTTPException(404)
    kept = database.one(
        "SELECT i.id, case_id, severity, i.verdict, score, first_at, last_at, attack, name, apart FROM incidents i "
        "JOIN cases c ON c.id = case_id WHERE i.id = ?",
        key,
    )
    layer, page = more.pop("layer", ""), more.pop("page", 1)
    steps = [(at, one) for at, one in enumerate(told.incident["steps"]) if layer in ("", one["layer"])]
    artifacts = list(told.artifacts.items())[:LISTED]
    context = {
        "key": key,
        "row": kept,
        "triage": row,
        "told": told,
        "doc": told.incident,
        "moment": moment_in(look),
        "sentences": story.sentences(told),
        "highlights": story.highlights(told, look.language),
        "unknown": [said(one, look) for one in told.incident["unknown_facts"]],
        "reach": story.reach(told),
        "reach_chart": reach_chart(told, look),
        "graph": drawn(told, look),
        "steps": steps[(page - 1) * STEPS : page * STEPS],
        "steps_total": len(steps),
        "step_rows": STEPS,
        "page": page,
        "layer": layer,
        "layers": [one for one in LAYERS if any(step["layer"] == one for step in told.incident["steps"])],
        "listed": LISTED,
        "artifacts": artifacts,
        "messages": story.messages_of(database, [one["address"] for _, one in artifacts]),
        "reasons": story.reasons(told),
        "parts": _titles(request, told.parts[1:], look),
        "related": _titles(request, [one["incident"] for one in told.incident["related"][:20]], look),
        "comments": triage.comments(database, told.parts),
        "history": triage.history(database, told.parts),
        "people": triage.people(database),
        "others": _titles_near(request, kept["case_id"] if kept else "", told.parts, look),
        "states": triage.STATES,
        "dispositions": triage.DISPOSITIONS,
        "stale": None,
        "theirs": [],
        "failed": "",
        "typed": dict(row),
        **more,
    }
    return render(request, "incident.html", status, **context)


def moment_in(look: Look) -> Callable[[str | None], str]:
    """Give what shows a document's time in the reader's zone."""
    return lambda at: when(seconds(at), look)


def full(value: str) -> str:
    """Give a value of a record whole, as text that cannot act on a screen."""
    return defang(
        ACTING.sub(lambda match: "\u2424 " if match[0] == "\n" else f"\u2039{ord(match[0]):04X}\u203a", value)
    )


def said(facts: dict[str, Any], look: Look) -> str:
    """Word a sentence anew from what it was made of, its times in the reader's zone."""
    return look.words.say(Text(facts["key"], tuple((name, value) for name, value in facts.items() if name != "key")))


def drawn(told: story.Story, look: Look) -> dict[str, list[dict[str, Any]]]:
    """Give the graph as it is drawn: placed, worded, defanged, each node with the page of what it is."""
    from urllib.parse import quote

    given = told.incident["graph"]
    nodes, edges = chain.placed(given["nodes"], given["edges"])
    word, moment = look.words.word, moment_in(look)
    targets = {edge["target"] for edge in edges}
    out = []
    for one in nodes:
        place = story.page_of(one["type"], one["label"]) if one["count"] == 1 else None
        kind = word("type", "mailbox" if one["type"] == "sender" else one["type"])
        label = f"{kind} × {one['count']}" if one["count"] > 1 else defang(shown(one["label"], 160))
        out.append(
            {
                "id": one["id"],
                "label": label,
                "kind": kind,
                "layer": one["layer"],
                "verdict": one["verdict"] or "",
                "root": one["id"] not in targets,
                "x": one["x"],
                "y": one["y"],
                "href": f"/entities/{place[0]}?value={quote(place[1], safe='')}" if place else "",
            }
        )
    whole = len(edges) == len(given["edges"]) and all(one["count"] == 1 for one in nodes)
    lines = []
    for at, edge in enumerate(edges):
        count = f" × {edge['count']}" if edge.get("count", 1) > 1 else ""
        lines.append(
            {
                "source": edge["source"],
                "target": edge["target"],
                "label": word("edge", edge["relation"]) + count,
                "at": moment(edge["at"]),
                "ref": f"edge-{at}" if whole else "",  # a line that stands for several has no record of its own
            }
        )
    return {"nodes": out, "edges": lines}


def reach_chart(told: story.Story, look: Look) -> dict[str, Any]:
    """Give how many mailboxes and hosts stand at each state, as a chart."""
    word, numbers = look.words.word, story.reach(told)["numbers"]
    _ = translations(look.language).gettext
    kinds = [("mailbox", _("Mailboxes"), 0), ("host", _("Hosts"), 1)]
    return {
        "kind": "bars",
        "labels": [word("console.reach", state) for state in story.STATES] if any(numbers.values()) else [],
        "series": [
            {"name": name, "tone": tone, "values": [numbers[kind][state] for state in story.STATES]}
            for kind, name, tone in kinds
            if numbers[kind]
        ],
    }


def _titles(request: Request, keys: Any, look: Look) -> list[dict[str, Any]]:
    """Give id, title, severity and state of incidents that are still there, in the order given."""
    keys = list(keys)
    if not keys:
        return []
    column = "title_ja" if look.language == "ja" else "title_en"
    rows = desk_of(request).database.all(
        f"SELECT i.id, {column} AS title, severity, state, merged_into FROM incidents i "
        f"JOIN triage t ON t.incident = i.id WHERE i.id IN ({', '.join('?' * len(keys))})",
        *keys,
    )
    return sorted(map(dict, rows), key=lambda one: keys.index(one["id"]))


def _titles_near(request: Request, case: str, parts: tuple[str, ...], look: Look) -> list[dict[str, Any]]:
    """Give other incidents of the same case that could be told as one with this."""
    rows = desk_of(request).database.all(
        "SELECT i.id FROM incidents i JOIN triage t ON t.incident = i.id WHERE case_id = ? AND merged_into = '' "
        "ORDER BY rank DESC, last_at DESC LIMIT 60",
        case,
    )
    return _titles(request, [row["id"] for row in rows if row["id"] not in parts], look)


@router.get("/evidence/{ref}")
def evidence(request: Request, visitor: Viewer, key: Key, ref: Annotated[str, Path(pattern=story.REF)]) -> Response:
    """Show what a sentence rests on: as a piece beside it, or as a page of its own."""
    database, look = desk_of(request).database, look_of(request)
    told = story.load(database, key, look.language)
    if told is None:
        raise HTTPException(404)
    found = evidence_at(told, ref)
    if found is None:
        raise HTTPException(404)
    sentence, ids = found
    records = list(story.records(told, ids[: story.RECORDS], look.language))
    nodes = drawn(told, look)["nodes"] if ref.startswith("node-") else []
    node = next((one for one in nodes if f"node-{one['id']}" == ref), None)
    context = {
        "key": key,
        "ref": ref,
        "doc": told.incident,
        "sentence": sentence,
        "records": records,
        "more": max(0, len(ids) - story.RECORDS),
        "node": node,
        "members": _members(told, ref),
        "moment": moment_in(look),
        "full": full,
        "messages": story.messages_of(database, [one.artifact for one in records if one.artifact]),
    }
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(fragment(request, "parts/evidence.html", **context))
    return render(request, "evidence.html", **context)


def evidence_at(told: story.Story, ref: str) -> tuple[str, list[str]] | None:
    """Give what a reference names, drawn groups of nodes included."""
    if ref.startswith(f"node-{chain.COLLAPSED}"):
        return "", []
    return story.evidence_of(told, ref)


def _members(told: story.Story, ref: str) -> list[str]:
    if not ref.startswith(f"node-{chain.COLLAPSED}"):
        return []
    nodes, _ = chain.placed(told.incident["graph"]["nodes"], told.incident["graph"]["edges"])
    return next((one["members"] for one in nodes if f"node-{one['id']}" == ref), [])


@router.post("/triage")
def decide(
    request: Request,
    visitor: Analyst,
    key: Key,
    version: Annotated[int, Form(ge=0, le=2**53)],
    state: Annotated[str, Form(max_length=20)],
    assignee: Annotated[str, Form(max_length=64)] = "",
    disposition: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=triage.LONGEST_REASON)] = "",
    seen: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    """Change an incident's triage; if somebody else did so meanwhile, show both and change nothing."""
    database, look = desk_of(request).database, look_of(request)
    typed = {"state": state, "assignee": assignee, "disposition": disposition, "reason": reason.replace("\r\n", "\n")}
    before = _read(seen)
    own: dict[str, Any] = {name: value for name, value in typed.items() if before.get(name) != value}
    try:
        triage.change(database, [(key, version)], Change(**own), visitor.actor)
    except MissingError as error:
        raise HTTPException(404) from error
    except StaleError as error:
        theirs = [(name, str(before.get(name, "")), error.now[name]) for name in typed]
        theirs = [one for one in theirs if one[1] != one[2]]
        return _page(request, key, look, 409, stale=error.now, theirs=theirs, typed={**dict(error.now), **own})
    except SourceError as error:
        return _page(request, key, look, 400, failed=translations(look.language).gettext(error.reason), typed=typed)
    if own.get("disposition") == "false_positive":
        return RedirectResponse(f"/incidents/{key}/tuning", 303)
    return RedirectResponse(f"/incidents/{key}", 303)


def _read(seen: str) -> dict[str, Any]:
    """Give the triage that a form was made from; nothing when it does not say."""
    import orjson

    try:
        before = orjson.loads(seen or "{}")
    except orjson.JSONDecodeError:
        before = {}
    return before if isinstance(before, dict) else {}


@router.post("/comments")
def say(
    request: Request,
    visitor: Analyst,
    key: Key,
    text: Annotated[str, Form(max_length=triage.LONGEST_COMMENT)],
) -> Response:
    """Keep a comment."""
    try:
        triage.comment(desk_of(request).database, key, text, visitor.actor)
    except MissingError as error:
        raise HTTPException(404) from error
    return RedirectResponse(f"/incidents/{key}#comments", 303)


@router.post("/merge")
def merge(request: Request, visitor: Analyst, key: Key, other: Annotated[list[str], Form()]) -> Response:
    """Tell other incidents together with this one."""
    try:
        head = triage.merge(desk_of(request).database, [key, *other], visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    return RedirectResponse(f"/incidents/{head}", 303)


@router.post("/unmerge")
def unmerge(request: Request, visitor: Analyst, key: Key, part: Annotated[str, Form(max_length=20)]) -> Response:
    """Tell one by itself again."""
    try:
        triage.unmerge(desk_of(request).database, key, part, visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    return RedirectResponse(f"/incidents/{key}#why", 303)


@router.post("/split")
def split(request: Request, visitor: Analyst, key: Key, merge: Annotated[list[str], Form()]) -> Response:
    """Keep apart what the correlation united, and have the case investigated anew."""
    desk = desk_of(request)
    try:
        case = triage.split(desk.database, key, " ".join(merge).split(), visitor.actor)
    except MissingError as error:
        raise HTTPException(404) from error
    desk.jobs.ask(case, visitor.actor)
    return RedirectResponse(f"/cases/{case}", 303)


@router.post("/unsplit")
def unsplit(request: Request, visitor: Analyst, key: Key, merge: Annotated[list[str], Form()]) -> Response:
    """Let the correlation unite again what was kept apart in this incident's case, and have it investigated anew."""
    desk = desk_of(request)
    row = desk.database.one("SELECT case_id FROM incidents WHERE id = ?", key)
    if row is None:
        raise HTTPException(404)
    try:
        triage.unsplit(desk.database, row["case_id"], " ".join(merge).split(), visitor.actor)
    except MissingError as error:
        raise HTTPException(404, str(error)) from error
    desk.jobs.ask(row["case_id"], visitor.actor)
    return RedirectResponse(f"/cases/{row['case_id']}", 303)
