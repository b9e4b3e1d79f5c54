"""Hunt: a question to all stored events, its answers as a table, over time and counted by a field."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import hunts
from sekisho.app.console.answers import address, as_csv, columns, summary, text_of, unfolded, whole
from sekisho.app.console.saved import Saved
from sekisho.app.store.hunt import Answers
from sekisho.app.store.state import State
from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.patience import patiently
from sekisho.app.web.shown import Look, fragment, look_of, render, translations
from sekisho.detect.hunting import narrowed, term
from sekisho.model.errors import RuleError, SekishoError
from sekisho.model.event import Event
from sekisho.respond import hunted

router = APIRouter(prefix="/hunt")
SHOWN, EXPORTED = 50, 10_000
COMMONEST, RAREST = 20, 10
CELL = 1_000  # characters of a value that a table reads; it shows fewer
COPIED = 1_000_000  # characters of an event that a page holds for copying
EXAMPLES = (
    "Image|endswith:\\regsvr32.exe CommandLine|contains:..\\",
    "ParentImage|endswith:(\\winword.exe \\excel.exe \\outlook.exe) not Image|endswith:\\splwow64.exe",
    "subject|contains:請求書",
    "EventID:(4624 4625) @host|startswith:srv",
    "DestinationPort|gt:1024 DestinationIp|cidr:203.0.113.0/24",
    "203.0.113.143",
)
Range = Literal["", "1h", "24h", "7d", "30d", "90d"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the form of the page holds."""

    question: str
    span: hunts.Span
    logsource: str
    limit: int
    by: str


def chosen(
    q: Annotated[str, Query(max_length=hunts.MOST_CHARS)] = "",
    last: Range = "",
    since: Annotated[str, Query(max_length=40)] = "",
    until: Annotated[str, Query(max_length=40)] = "",
    logsource: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=hunts.MOST_ROWS)] = SHOWN,
    by: Annotated[str, Query(max_length=200)] = "",
) -> Chosen:
    """Read the form."""
    return Chosen(q, hunts.Span(last, since, until), logsource, limit, by.strip())


Form = Annotated[Chosen, Depends(chosen)]


@router.get("")
async def hunt(request: Request, visitor: Viewer, form: Form) -> Response:
    """Show the form and, when something was asked, the latest answers."""
    try:
        return await patiently(
            request, lambda watch: _page(request, form, watch, visitor.name), heavy=bool(form.question.strip())
        )
    except hunts.BusyError as error:
        reason = error
        return await patiently(request, lambda watch: _page(request, form, watch, visitor.name, reason), heavy=False)


def _page(
    request: Request, form: Chosen, watch: hunts.Watch, name: str, busy: hunts.BusyError | None = None
) -> Response:
    desk, look = desk_of(request), look_of(request)
    with State(desk.settings.folder) as state:
        held = state.status()
    context: dict[str, Any] = {
        "form": form,
        "held": held,
        "logsources": [("/".join(one), hunted.shown_logsource(one), rows) for one, rows in held.logsources],
        "examples": EXAMPLES,
        "saved": Saved(desk.database).of(name)[:30],
        "ranges": tuple(hunts.RANGES),
        "answers": None,
        "problem": None,
        "failed": "",
        "zone": look.zone,
        "link": link(form),
    }
    if busy:
        context["failed"] = failure(busy, look)
    elif form.question.strip():
        try:
            context.update(_asked(desk, look, form, watch))
        except RuleError as error:
            context["problem"] = hunts.problem(error, form.question)
        except SekishoError as error:
            context["failed"] = failure(error, look)
    return render(request, "hunt.html", **context)


def _asked(desk: Desk, look: Look, form: Chosen, watch: hunts.Watch) -> dict[str, Any]:
    """Ask, and give what the page shows of the answers."""
    folder, began = desk.settings.folder, time.perf_counter()
    with State(folder) as state:
        one = hunts.asked(state, form.question, form.span, form.logsource, look.tz)
    told: dict[str, Any] = {"rule": one.rule, "wanted": hunted.shown_logsource(one.where.logsource)}
    if form.by:
        found, looked = hunts.counts(folder, one, form.by, watch)
        told.update(counted=_counted(found), narrowed=narrowed, term_of=term)
        return {**told, "answers": None, "looked": looked, "spent": time.perf_counter() - began}
    answers = hunts.answers(folder, one, form.limit, watch)
    named = [name for name in one.question.fields if not name.startswith(("@", "*"))]
    told.update(table(answers, named))
    if not answers.more:
        bars = hunts.bars_of_events(answers.events, look.tz)
        told["bars"], told["chart"] = bars, chart(bars, look)
    return {**told, "answers": answers, "looked": answers.looked, "spent": time.perf_counter() - began}


def table(answers: Answers, named: list[str]) -> dict[str, Any]:
    """Give events as the rows of a table."""
    names = columns(answers.events, named)
    rows = [
        {
            "at": None if one.time_ns is None else one.time_ns / hunts.NS,
            "logsource": hunted.shown_logsource(one.logsource),
            "host": one.host,
            "user": one.user,
            "cells": [text_of(one.fields.get(name))[:CELL] for name in names],
            "summary": [] if names else [(name, text[:CELL]) for name, text in summary(one, named)],
            "address": address(one),
        }
        for one in answers.events
    ]
    return {
        "columns": names,
        "rows": rows,
        "with_host": any(row["host"] for row in rows),
        "with_user": any(row["user"] for row in rows),
        "with_logsource": len({row["logsource"] for row in rows}) > 1,
    }


def link(form: Chosen) -> Callable[..., str]:
    """Give what writes the address of this hunt with some of it changed."""

    def changed(path: str = "/hunt", **parts: object) -> str:
        now = {
            "q": form.question,
            "last": form.span.last,
            "since": form.span.since,
            "until": form.span.until,
            "logsource": form.logsource,
            "limit": form.limit if form.limit != SHOWN else "",
            "by": form.by,
        }
        left = {name: value for name, value in {**now, **parts}.items() if value not in ("", None)}
        return f"{path}?{urlencode(left, errors='replace')}"

    return changed


def failure(error: SekishoError, look: Look) -> str:
    """Say why a hunt gave nothing, and what to do."""
    _ = translations(look.language).ugettext
    if isinstance(error, hunts.LeftError):
        return str(
            _("This took too long and was ended. Narrow the time or the kind of log, or add a term that names a text.")
        )
    if isinstance(error, hunts.BusyError):
        return str(_("Two hunts are running already. Try again in a moment."))
    return str(error)


def _counted(found: Counter[str]) -> dict[str, Any]:
    """Give the commonest and the rarest values, and how many lie between."""
    rows = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    few = len(rows) <= COMMONEST + RAREST
    common, rare = (rows, []) if few else (rows[:COMMONEST], rows[-RAREST:])
    return {
        "common": common,
        "rare": rare,
        "between": len(rows) - len(common) - len(rare),
        "values": len(rows),
        "total": sum(found.values()),
        "most": rows[0][1] if rows else 1,
        "cut": len(rows) > hunts.MOST_VALUES,
    }


def chart(bars: hunts.Bars, look: Look) -> dict[str, Any]:
    """Give counts over time as a chart."""
    _ = translations(look.language).ugettext
    form = "%Y-%m-%d" if bars.step_s >= 86_400 else "%m-%d %H:%M" if bars.step_s >= 60 else "%H:%M:%S"
    words = look.words
    labels = [_label(at, form, words.zone) for at, _count in bars.bars]
    values = [count for _at, count in bars.bars]
    return {"kind": "bars", "labels": labels, "series": [{"name": _("Events"), "values": values}]}


def _label(at: int, form: str, zone: Any) -> str:
    from datetime import datetime

    try:
        return datetime.fromtimestamp(at, zone).strftime(form)
    except (ValueError, OverflowError, OSError):
        return str(at)


@router.get("/times")
async def times(request: Request, visitor: Viewer, form: Form) -> Response:
    """Give the piece of the page that shows how all answers lie in time."""
    return await patiently(request, lambda watch: _times(request, form, watch))


def _times(request: Request, form: Chosen, watch: hunts.Watch) -> Response:
    desk, look = desk_of(request), look_of(request)
    try:
        with State(desk.settings.folder) as state:
            one = hunts.asked(state, form.question, form.span, form.logsource, look.tz)
        bars = hunts.over_time(desk.settings.folder, one, look.tz, watch)
    except SekishoError as error:
        return HTMLResponse(fragment(request, "parts/hunt_times.html", bars=None, failed=failure(error, look)))
    context = {"bars": bars, "chart": chart(bars, look), "failed": ""}
    return HTMLResponse(fragment(request, "parts/hunt_times.html", **context))


@router.get("/event")
async def event(
    request: Request,
    visitor: Viewer,
    source: Annotated[str, Query(max_length=8_000)],
    record: Annotated[str, Query(max_length=8_000)],
    id: Annotated[str, Query(pattern=r"^e[0-9a-f]{12}$")],
    at: Annotated[str, Query(pattern=r"^(-?[0-9]{1,19})?$")] = "",
    logsource: Annotated[str, Query(max_length=300)] = "",
    q: Annotated[str, Query(max_length=hunts.MOST_CHARS)] = "",
    last: Range = "",
    since: Annotated[str, Query(max_length=40)] = "",
    until: Annotated[str, Query(max_length=40)] = "",
    of: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show one event with all its fields, as a page or a piece of one.

    ``q`` and what follows are the hunt that found it, which its values can narrow; ``of`` is that one's logsource.
    """
    hunted_by = Chosen("", hunts.Span(last, since, until), of, SHOWN, "")

    def found(watch: hunts.Watch) -> Response:
        folder = desk_of(request).settings.folder
        one = hunts.event(folder, logsource, int(at) if at else None, source, record, id)
        if one is None:
            raise HTTPException(404, "the store has no such event; it may have been pruned")
        question = "" if "detection:" in q else q
        line = next(iter(hunted.lines([one]))).decode("utf-8", "replace")
        context = {
            "event": one,
            "fields": whole(one),
            "question": question,
            "narrowed": narrowed,
            "unfolded": unfolded,
            "logsource": logsource,
            "at": None if one.time_ns is None else one.time_ns / hunts.NS,
            "line": line if len(line) <= COPIED else "",
            "ask": lambda text: link(hunted_by)(q=text),
        }
        if request.headers.get("hx-request"):
            return HTMLResponse(fragment(request, "parts/event.html", **context))
        return render(request, "event.html", **context)

    return await patiently(request, found, heavy=False)


@router.get("/export")
async def export(request: Request, visitor: Viewer, form: Form, form_of: Literal["csv", "json"] = "json") -> Response:
    """Give the latest answers as a file: CSV, or JSON with one event a line."""

    def made(watch: hunts.Watch) -> Response:
        desk, look = desk_of(request), look_of(request)
        with State(desk.settings.folder) as state:
            one = hunts.asked(state, form.question, form.span, form.logsource, look.tz)
        answers = hunts.answers(desk.settings.folder, one, EXPORTED, watch, most=EXPORTED)
        return download(answers.events, form_of)

    return await patiently(request, made)


def download(events: tuple[Event, ...], form: str) -> Response:
    """Give events as a file to be kept."""
    data = as_csv(events) if form == "csv" else b"".join(one + b"\n" for one in hunted.lines(events))
    kind = "text/csv" if form == "csv" else "application/x-ndjson"
    name = f"sekisho-hunt.{'csv' if form == 'csv' else 'jsonl'}"
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
