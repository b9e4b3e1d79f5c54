"""The audit log: who did what, whether the chain holds, and all of it as CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from sekisho.app.console.audit import Asked, broken, entries, table
from sekisho.app.web.access import Admin
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import PAGE_ROWS, render

router = APIRouter(prefix="/settings/audit")
Text = Annotated[str, Query(max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("")
def audit(
    request: Request,
    visitor: Admin,
    who: Text = "",
    action: Text = "",
    target: Text = "",
    since: Text = "",
    until: Text = "",
    before: Number = None,
    check: bool = False,
) -> Response:
    """List entries, the latest first."""
    desk = desk_of(request)
    rows = entries(desk.database, _asked(who, action, target, since, until, before), PAGE_ROWS + 1)
    context = {
        "entries": rows[:PAGE_ROWS],
        "more": rows[PAGE_ROWS - 1]["number"] if len(rows) > PAGE_ROWS else 0,
        "filter": {"who": who, "action": action, "target": target, "since": since, "until": until},
        "checked": check,
        "broken": broken(desk.database) if check else None,
        "total": desk.database.count("SELECT max(number) FROM audit"),
    }
    return render(request, "settings_audit.html", **context)


@router.get("/export.csv")
def export(
    request: Request,
    visitor: Admin,
    who: Text = "",
    action: Text = "",
    target: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """Give entries as CSV."""
    pieces = table(desk_of(request).database, _asked(who, action, target, since, until, None))
    head = {"content-disposition": 'attachment; filename="sekisho-audit.csv"'}
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=head)


def _asked(who: str, action: str, target: str, since: str, until: str, before: int | None) -> Asked:
    """Read a filter; a day that is none is no bound."""
    end = _day(until)
    return Asked(
        who.strip(), action.strip(), target.strip(), _day(since), end + 86_400 if end is not None else None, before
    )


def _day(text: str) -> int | None:
    from datetime import UTC, datetime

    try:
        return int(datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
