"""Campaigns: what belongs together and why, how it went over time, and what people decide about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.campaigns.cli import told_arrival, told_silences, told_surges
from sekisho.app.console import campaigns as kept
from sekisho.app.console.accounts import Visitor
from sekisho.app.console.database import unpacked
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import PAGE_ROWS, Look, look_of, render, translations

router = APIRouter(prefix="/campaigns")
Page = Annotated[int, Query(ge=1, le=1_000_000)]
By = Literal["all", "family", "theme", "brand", "country"]
Verdict = Literal["hostile", "all"]
Key = Annotated[str, Form(max_length=64)]
REFUSED, COMMON, DECISIONS = 20, 15, 20


@router.get("")
def campaigns(
    request: Request,
    visitor: Viewer,
    show: Verdict = "hostile",
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Literal["last", "size"] = "last",
    page: Page = 1,
) -> Response:
    """List campaigns: those that do harm, or all."""
    database = desk_of(request).database
    where = (
        "(? = 'all' OR verdict IN ('malicious', 'suspicious')) "
        "AND (? = '' OR instr(lower(title || ' ' || family), lower(?)))"
    )
    values = (show, q, q)
    order = {"last": "last_at DESC", "size": "size DESC"}[sort]
    rows = database.all(
        "SELECT id, title, size, first_at, last_at, messages, recipients, incidents, verdict, family, family_odds, "
        f"theme, theme_odds FROM campaigns WHERE {where} ORDER BY {order}, id LIMIT ? OFFSET ?",
        *values,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    total = database.count(f"SELECT count(*) FROM campaigns WHERE {where}", *values)
    context = {"campaigns": rows, "total": total, "page": page, "rows": PAGE_ROWS, "show": show, "q": q, "sort": sort}
    alone = database.count("SELECT count(*) FROM sightings") if not total else 0
    return render(request, "campaigns.html", **context, sightings=alone)


@router.get("/trends")
def trends(request: Request, visitor: Viewer, by: By = "all") -> Response:
    """Show volumes by day with silences, returns and surges, and families that reach Japan."""
    database, look = desk_of(request).database, look_of(request)
    end = str(kept.trend(database, "end") or "")
    rows = kept.trend(database, by)[:20]
    series = []
    for row in rows:
        alarms = [*told_silences(row, look.words), *told_surges(row, look.words)]
        series.append({"row": row, "chart": chart(row, end, look), "alarms": alarms})
    arrivals = [told_arrival(one, kept.COUNTRY, look.words) for one in kept.trend(database, "arrivals")[:20]]
    return render(request, "trends.html", series=series, arrivals=arrivals, by=by, end=end)


def chart(row: dict[str, Any], end: str, look: Look) -> dict[str, Any]:
    """Give a series as a chart: a bar a day, silences marked."""
    _ = translations(look.language).gettext
    drawn = kept.bars(row["volume"], row["silences"], end)
    marks = [
        {"from": first, "to": last, "name": look.words.get("campaigns.silent", days=days)}
        for first, last, days in drawn.marks
    ]
    name = _("Messages a day") if drawn.step_days == 1 else _("Messages in %(days)s days") % {"days": drawn.step_days}
    return {
        "kind": "bars",
        "labels": list(drawn.labels),
        "series": [{"name": name, "tone": "0", "values": list(drawn.values)}],
        "marks": marks,
    }


@router.post("/undo")
def undo(request: Request, visitor: Analyst) -> Response:
    """Take the last decision back."""
    desk = desk_of(request)
    kept.undo(desk.database, visitor.actor)
    return _again(desk, visitor, "/campaigns")


def _again(desk: Desk, visitor: Visitor, onward: str) -> Response:
    """Have campaigns computed anew, and go on."""
    desk.jobs.ask(kept.KIND, visitor.actor, kept.KIND)
    return RedirectResponse(onward, 303)


@router.get("/{campaign_id}")
def campaign(request: Request, visitor: Viewer, campaign_id: str, page: Page = 1) -> Response:
    """Show a campaign."""
    desk, look = desk_of(request), look_of(request)
    database = desk.database
    row = database.one("SELECT * FROM campaigns WHERE id = ?", campaign_id)
    if row is None:
        raise HTTPException(404)
    doc = unpacked(row["doc"])
    members = database.all(
        "SELECT c.sighting, c.kind, c.at, c.title, s.ref, m.verdict, m.sender, "
        "(SELECT count(*) FROM sightings t WHERE t.sighting = c.sighting) AS copies "
        "FROM campaign_members c LEFT JOIN sightings s ON s.ref = "
        "(SELECT min(ref) FROM sightings t WHERE t.sighting = c.sighting) LEFT JOIN messages m ON m.id = s.ref "
        "WHERE c.campaign = ? ORDER BY c.number LIMIT ? OFFSET ?",
        campaign_id,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    others = database.all(
        "SELECT id, title, size FROM campaigns WHERE id != ? ORDER BY last_at DESC LIMIT 200", row["id"]
    )
    context = {
        "campaign": row,
        "doc": doc,
        "chart": chart({"volume": doc["volume"], "silences": doc["silences"]}, "", look),
        "alarms": [*told_silences(doc, look.words), *told_surges(doc, look.words)],
        "members": members,
        "titles": _titles(desk, doc),
        "total": database.count("SELECT count(*) FROM campaign_members WHERE campaign = ?", campaign_id),
        "page": page,
        "rows": PAGE_ROWS,
        "others": others,
        "decisions": kept.decisions(database)[:DECISIONS],
        "common": doc["common"][:COMMON],
        "refused": doc["refused"][:REFUSED],
        "jobs": desk.jobs.recent(2, ""),
    }
    return render(request, "campaign.html", **context)


def _titles(desk: Desk, doc: dict[str, Any]) -> dict[str, str]:
    """Give the titles of the sightings that links name."""
    keys = {key for link in (*doc["links"], *doc["refused"][:REFUSED]) for key in (link["a"], link["b"])}
    marks = ", ".join("?" * len(keys))
    rows = desk.database.all(f"SELECT sighting, title FROM campaign_members WHERE sighting IN ({marks})", *keys)
    return {row["sighting"]: row["title"] for row in rows}


@router.post("/{campaign_id}/split")
def split(
    request: Request, visitor: Analyst, campaign_id: str, member: Key, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Say that a member does not belong to a campaign."""
    desk = desk_of(request)
    anchor = kept.anchor_of(desk.database, campaign_id)
    kept.decide(desk.database, visitor.actor, "apart", anchor, member, reason)
    return _again(desk, visitor, f"/campaigns/{campaign_id}")


@router.post("/{campaign_id}/merge")
def merge(
    request: Request, visitor: Analyst, campaign_id: str, other: Key, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Say that two campaigns are one."""
    desk = desk_of(request)
    first, second = (kept.anchor_of(desk.database, key) for key in (campaign_id, other))
    kept.decide(desk.database, visitor.actor, "same", first, second, reason)
    return _again(desk, visitor, f"/campaigns/{campaign_id}")


@router.post("/{campaign_id}/label")
def label(
    request: Request,
    visitor: Analyst,
    campaign_id: str,
    family: Annotated[str, Form(max_length=80)] = "",
    distributor: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Name the family or distributor of a campaign."""
    desk = desk_of(request)
    kept.label(desk.database, visitor.actor, campaign_id, family, distributor)
    return _again(desk, visitor, f"/campaigns/{campaign_id}")
