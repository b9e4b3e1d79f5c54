"""Settings of notifications and e-mail, with a test of each way and what was sent lately."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console.choices import SECURITY, TRANSPORTS, Notify, Post, load, save, words
from sekisho.app.console.notify import WAYS
from sekisho.app.web.access import Admin
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.settings import keep_secrets
from sekisho.app.web.shown import look_of, render
from sekisho.model.errors import SourceError
from sekisho.model.finding import LEVELS

router = APIRouter(prefix="/settings/notifications")
Text = Annotated[str, Form(max_length=500)]
Secret = Annotated[str, Form(max_length=4096)]


@router.get("")
def notifications(request: Request, visitor: Admin) -> Response:
    """Ask who hears of what."""
    database = desk_of(request).database
    return _form(request, load(database, Notify), load(database, Post), "")


@router.post("")
def change(
    request: Request,
    visitor: Admin,
    severity: Text = "high",
    approvals: Annotated[bool, Form()] = False,
    failures: Annotated[bool, Form()] = False,
    language: Text = "en",
    base: Text = "",
    mail_to: Annotated[str, Form(max_length=10_000)] = "",
    syslog: Text = "",
    syslog_transport: Text = "udp",
    smtp: Text = "",
    smtp_security: Text = "starttls",
    smtp_account: Text = "",
    sender: Text = "",
    secret_slack: Secret = "",
    secret_teams: Secret = "",
    secret_smtp: Secret = "",
    forget: Annotated[list[str], Form(max_length=10)] = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Keep who hears of what."""
    desk = desk_of(request)
    told = Notify(
        severity,
        approvals,
        failures,
        language,
        base.strip().rstrip("/"),
        words(mail_to),
        syslog.strip(),
        syslog_transport,
    )
    mail = Post(smtp.strip(), smtp_security, smtp_account.strip(), sender.strip())
    try:
        told.checked()
        mail.checked()
        keep_secrets(desk, {"slack": secret_slack, "teams": secret_teams, "smtp": secret_smtp}, forget)
    except SourceError as error:
        return _form(request, told, mail, str(error), 400)
    with desk.database.change() as base_:
        save(base_, visitor.actor, told)
        save(base_, visitor.actor, mail)
    return RedirectResponse("/settings/notifications?kept=1", 303)


@router.post("/test")
def test(
    request: Request, visitor: Admin, way: Annotated[Literal["slack", "teams", "mail", "syslog"], Form()]
) -> Response:
    """Send a notice that tells of nothing."""
    desk_of(request).notices.test(way, visitor.actor, look_of(request).language)
    return RedirectResponse("/settings/notifications#sent", 303)


def _form(request: Request, told: Notify, mail: Post, failed: str, status: int = 200) -> Response:
    desk = desk_of(request)
    sent = [{**dict(row), "notice": orjson.loads(row["notice"])} for row in desk.notices.recent(20)]
    given = {
        "told": told,
        "mail": mail,
        "failed": failed,
        "kept": request.query_params.get("kept") == "1" and not failed,
        "secrets": desk.vault.known(),
        "levels": LEVELS,
        "security": SECURITY,
        "transports": TRANSPORTS,
        "ways": WAYS,
        "ready": desk.notices.ways(),
        "sent": sent,
    }
    return render(request, "settings_notifications.html", status, **given)
