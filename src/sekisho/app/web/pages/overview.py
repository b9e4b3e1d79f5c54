"""The overview: what is open, what came in, what could not be looked into, and whether the console is well."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Request, Response

from sekisho.app.console.database import Database
from sekisho.app.console.saved import Saved
from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import Look, look_of, render, translations
from sekisho.model.finding import LEVELS

router = APIRouter()
DAY_S, DAYS = 86_400, 42
STATES = (("new", "medium"), ("progress", "low"), ("contained", "c3"), ("closed", "good"))
LITTLE_BYTES = 5 * 1000**3
VERDICTS = ("malicious", "suspicious", "unscanned", "clean")


@router.get("/")
def overview(request: Request, visitor: Viewer) -> Response:
    """Show where things stand."""
    desk, look = desk_of(request), look_of(request)
    database = desk.database
    open_now = database.all(
        "SELECT severity, count(*) AS number FROM incidents JOIN triage ON incident = id "
        "WHERE state != 'closed' AND merged_into = '' GROUP BY severity"
    )
    by_level = {row["severity"]: row["number"] for row in open_now}
    latest = database.all(
        "SELECT i.id, severity, title_en, title_ja, first_at, last_at, hosts, mailboxes, state, assignee "
        "FROM incidents i JOIN triage t ON t.incident = i.id WHERE state != 'closed' AND merged_into = '' "
        "ORDER BY rank DESC, last_at DESC LIMIT 8"
    )
    campaigns = database.all(
        "SELECT id, title, size, last_at, family, family_odds FROM campaigns "
        "WHERE verdict IN ('malicious', 'suspicious') ORDER BY last_at DESC, id LIMIT 5"
    )
    unread = database.all(
        "SELECT id, subject, sender, at FROM messages INDEXED BY messages_unscanned WHERE unscanned > 0 "
        "ORDER BY at DESC LIMIT 5"
    )
    context = {
        "states": states(database, look),
        "campaigns": campaigns,
        "unread": unread,
        "waiting": database.count("SELECT count(*) FROM actions WHERE state = 'proposed'"),
        "health": health(desk),
        "by_level": [(level, by_level.get(level, 0)) for level in reversed(LEVELS)],
        "latest": latest,
        "volume": volume(database, look.language),
        "messages": database.count("SELECT count(*) FROM messages WHERE kind = 'mail'"),
        "unscanned": database.count("SELECT count(*) FROM messages WHERE unscanned > 0"),
        "cases": database.count("SELECT count(*) FROM cases"),
        "jobs": desk.jobs.recent(5),
        "little": LITTLE_BYTES,
        "now": time.time(),
        "alerts": Saved(database).unseen(visitor.name),
    }
    return render(request, "overview.html", **context)


def states(database: Database, look: Look) -> dict[str, Any]:
    """Give incidents by severity and state, as a chart."""
    rows = database.all(
        "SELECT severity, state, count(*) AS number FROM incidents JOIN triage ON incident = id "
        "WHERE merged_into = '' GROUP BY 1, 2"
    )
    counts = {(row["severity"], row["state"]): row["number"] for row in rows}
    levels = [level for level in reversed(LEVELS) if any(key[0] == level for key in counts)]
    word = look.words.word
    return {
        "kind": "stacked",
        "labels": [word("severity", level) for level in levels],
        "series": [
            {
                "name": word("console.state", state),
                "tone": tone,
                "values": [counts.get((one, state), 0) for one in levels],
            }
            for state, tone in STATES
        ],
    }


def health(desk: Desk) -> dict[str, Any]:
    """Give what tells whether the console is well."""
    database = desk.database
    failed = database.all("SELECT case_id, error FROM jobs WHERE state = 'failed' ORDER BY id DESC LIMIT 3")
    return {
        "free": shutil.disk_usage(desk.settings.folder).free,
        "waiting": database.count("SELECT count(*) FROM jobs WHERE state = 'queued'"),
        "failed": failed,
        "unreadable": database.count("SELECT count(*) FROM files WHERE skipped IS NOT NULL"),
        "watch": str(desk.settings.watch or ""),
    }


def volume(database: Database, language: str) -> dict[str, Any]:
    """Give mails a day by verdict, up to the latest mail, as a chart."""
    _ = translations(language).gettext
    soon = int(time.time()) + DAY_S  # a mail may claim to be from the year 9999, and would empty the chart
    last = database.count("SELECT max(at) FROM messages WHERE at <= ?", soon) // DAY_S
    rows = database.all(
        "SELECT at / 86400 AS day, verdict, count(*) AS number FROM messages "
        "WHERE kind = 'mail' AND at >= ? GROUP BY 1, 2",
        (last - DAYS + 1) * DAY_S,
    )
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        counts[row["day"], row["verdict"]] = row["number"]
    days = range(last - DAYS + 1, last + 1) if rows else range(0)
    names = {
        "malicious": _("Malicious"),
        "suspicious": _("Suspicious"),
        "unscanned": _("Not looked into"),
        "clean": _("Clean"),
    }
    return {
        "kind": "stacked",
        "labels": [time.strftime("%m-%d", time.gmtime(day * DAY_S)) for day in days],
        "series": [
            {"name": names[verdict], "tone": verdict, "values": [counts[day, verdict] for day in days]}
            for verdict in VERDICTS
        ],
    }
