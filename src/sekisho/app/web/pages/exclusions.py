"""From a false positive to an exclusion: proposed, its effect counted, written, and taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console import story, triage, tune
from sekisho.app.console.tune import Exclusion
from sekisho.app.console.tuning_file import day, worded
from sekisho.app.web.access import Analyst, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import look_of, render, translations
from sekisho.model.errors import SekishoError, SourceError

router = APIRouter(prefix="/incidents/{key}/tuning")
Key = Annotated[str, Path(pattern=r"^i[0-9a-f]{12}$")]
DAYS = 90  # an exclusion is looked at again after that, unless somebody says otherwise


@router.get("")
def exclusions(request: Request, visitor: Viewer, key: Key) -> Response:
    """Show what could be left out, and what was."""
    return _page(request, key)


def _page(request: Request, key: str, status: int = 200, /, **more: Any) -> Response:
    database, look = desk_of(request).database, look_of(request)
    told, row = story.load(database, key, look.language), triage.of(database, key)
    if told is None or row is None:
        raise HTTPException(404)
    context = {
        "key": key,
        "title": told.incident["title"],
        "triage": row,
        "proposals": tune.proposals(told, look.language),
        "kept": tune.excluded(database, key),
        "until": (today() + timedelta(days=DAYS)).isoformat(),
        "asked": None,
        "effect": None,
        "entry": "",
        "titles": {},
        "failed": "",
        **more,
    }
    return render(request, "tuning.html", status, **context)


def today() -> date:
    """Give the date where the console runs: tuning files mean it."""
    return datetime.now().astimezone().date()


@router.post("")
def write(
    request: Request,
    visitor: Analyst,
    key: Key,
    rule: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(max_length=triage.LONGEST_REASON)] = "",
    until: Annotated[str, Form(max_length=20)] = "",
    host: Annotated[str, Form(max_length=300)] = "",
    user: Annotated[str, Form(max_length=300)] = "",
    value: Annotated[list[str] | None, Form()] = None,
    act: Annotated[Literal["preview", "write"], Form()] = "preview",
) -> Response:
    """Count what an exclusion would take out, or write it."""
    database, look = desk_of(request).database, look_of(request)
    typed = {"rule": rule, "reason": reason, "until": until, "host": host, "user": user, "value": value or []}
    try:
        wanted = Exclusion((rule,), triage.clean(reason), day(until), host.strip(), user.strip(), _pairs(value or []))
        if act == "write":
            tune.exclude(database, key, wanted, visitor.actor, today())
            return RedirectResponse(f"/incidents/{key}/tuning", 303)
        effect = tune.effect(database, wanted, today())
    except SekishoError as error:
        reason = translations(look.language).gettext(error.reason) if isinstance(error, SourceError) else str(error)
        return _page(request, key, 400, asked=typed, failed=reason)
    column = "title_ja" if look.language == "ja" else "title_en"
    ids = [one[0] for one in effect.incidents[:20]]
    rows = database.all(
        f"SELECT i.id, {column} AS title, severity, state, disposition FROM incidents i JOIN triage t "
        f"ON t.incident = i.id WHERE i.id IN ({', '.join('?' * len(ids))})",
        *ids,
    )
    titles = {row["id"]: row for row in rows}
    return _page(request, key, asked=typed, effect=effect, titles=titles, entry=worded(wanted.entry))


def _pairs(values: list[str]) -> tuple[tuple[str, str], ...]:
    """Read the chosen (field, value) pairs of the form; what is none of them is left out."""
    told = []
    for one in values[: tune.MOST_VALUES]:
        try:
            pair = orjson.loads(one)
        except orjson.JSONDecodeError:
            continue
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
            told.append((pair[0], pair[1]))
    return tuple(told)


@router.post("/undo")
def undo(request: Request, visitor: Analyst, key: Key, number: Annotated[int, Form(ge=0, le=2**53)]) -> Response:
    """Take an exclusion back."""
    tune.include(desk_of(request).database, key, number, visitor.actor)
    return RedirectResponse(f"/incidents/{key}/tuning", 303)
