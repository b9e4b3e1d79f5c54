"""Settings of notifications and e-mail, with a test of each way and what was sent lately."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from sekisho.app.console.choices import SECURITY, TRANSPORTS, Notify, Post, load, save, words
from sekisho.app.console.notify import WAYS
from sekisho.app.web.access import Admin
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.settings import keep_secrets
from sekisho.app.web.shown import look_of, refusal, render
from sekisho.model.errors import SourceError
from sekisho.model.finding import LEVELS

router = APIRouter(prefix="/settings/notifications")


@router.get("")
def notifications(request: Request, visitor: Admin) -> Response:
    """Ask who hears of what."""
    database = desk_of(request).database
    return _form(request, load(database, Notify), load(database, Post), "")


class NotifyForm(BaseModel):
    """What the page sends."""

    severity: str = Field("high", max_length=20)
    approvals: bool = False
    failures: bool = False
    language: str = Field("en", max_length=20)
    base: str = Field("", max_length=500)
    mail_to: str = Field("", max_length=10_000)
    syslog: str = Field("", max_length=500)
    syslog_transport: str = Field("udp", max_length=20)
    smtp: str = Field("", max_length=500)
    smtp_security: str = Field("starttls", max_length=20)
    smtp_account: str = Field("", max_length=500)
    sender: str = Field("", max_length=500)
    secret_slack: str = Field("", max_length=4096)
    secret_teams: str = Field("", max_length=4096)
    secret_smtp: str = Field("", max_length=4096)
    forget: list[str] = Field([], max_length=10)

    def told(self) -> Notify:
        """Give who hears of what."""
        return Notify(
            self.severity,
            self.approvals,
            self.failures,
            self.language,
            self.base.strip().rstrip("/"),
            words(self.mail_to),
            self.syslog.strip(),
            self.syslog_transport,
        )

    def mail(self) -> Post:
        """Give how mail is sent."""
        return Post(self.smtp.strip(), self.smtp_security, self.smtp_account.strip(), self.sender.strip())


@router.post("")
def change(request: Request, visitor: Admin, form: Annotated[NotifyForm, Form()]) -> Response:
    """Keep who hears of what."""
    desk, told, mail = desk_of(request), form.told(), form.mail()
    given = {"slack": form.secret_slack, "teams": form.secret_teams, "smtp": form.secret_smtp}
    try:
        told.checked()
        mail.checked()
        keep_secrets(desk, given, form.forget)
    except SourceError as error:
        return _form(request, told, mail, refusal(request, error), 400)
    with desk.database.change() as base:
        save(base, visitor.actor, told)
        save(base, visitor.actor, mail)
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
