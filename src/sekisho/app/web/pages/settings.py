"""Settings: where the console may reach out to and how; only administrators change them."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from sekisho.app.console.accounts import Role
from sekisho.app.console.choices import SECURITY, Reach, load, save, words
from sekisho.app.web.access import Admin, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import look_of, refusal, render, translations
from sekisho.model.errors import SourceError

router = APIRouter(prefix="/settings")


@router.get("")
def settings(request: Request, visitor: Viewer) -> Response:
    """Show what can be set, and how the console was started."""
    desk = desk_of(request)
    context = {
        "settings": desk.settings,
        "people": desk.database.count("SELECT count(*) FROM accounts WHERE NOT disabled"),
        "reach": load(desk.database, Reach),
    }
    return render(request, "settings.html", **context)


@router.get("/response")
def response(request: Request, visitor: Admin) -> Response:
    """Ask how the console acts on other systems."""
    return _form(request, load(desk_of(request).database, Reach), "")


class ReachForm(BaseModel):
    """What the page of response sends."""

    second_person: bool = False
    own: str = Field("", max_length=60_000)
    hosts: str = Field("", max_length=60_000)
    networks: str = Field("", max_length=60_000)
    block_days: int = Field(90, ge=0, le=3650)
    webhook: str = Field("", max_length=500)
    imap: str = Field("", max_length=500)
    imap_security: str = Field("tls", max_length=20)
    imap_account: str = Field("", max_length=500)
    imap_folder: str = Field("Quarantine", max_length=100)
    tenant: str = Field("", max_length=200)
    client: str = Field("", max_length=200)
    login_base: str = Field("", max_length=500)
    graph_base: str = Field("", max_length=500)
    defender_base: str = Field("", max_length=500)
    secret_webhook: str = Field("", max_length=4096)
    secret_imap: str = Field("", max_length=4096)
    secret_graph: str = Field("", max_length=4096)
    forget: list[str] = Field([], max_length=10)

    def chosen(self) -> Reach:
        """Give the choices; services without an address have their usual one."""
        usual, lists = Reach(), ("own", "hosts", "networks")
        given = {one.name: getattr(self, one.name) for one in fields(Reach)}
        texts = {name: value.strip() for name, value in given.items() if isinstance(value, str)}
        bases = {name: texts[name].rstrip("/") or getattr(usual, name) for name in texts if name.endswith("_base")}
        return Reach(**{**given, **texts, **bases, **{name: words(given[name]) for name in lists}})


@router.post("/response")
def change_response(request: Request, visitor: Admin, form: Annotated[ReachForm, Form()]) -> Response:
    """Keep how the console acts on other systems."""
    desk, chosen = desk_of(request), form.chosen()
    gettext = translations(look_of(request).language).gettext
    if chosen.second_person and _approvers(desk) < 2:
        return _form(request, chosen, gettext("two accounts that may approve are needed first"), 400)
    given = {"webhook": form.secret_webhook, "imap": form.secret_imap, "graph": form.secret_graph}
    try:
        chosen.checked()
        keep_secrets(desk, given, form.forget)
    except SourceError as error:
        return _form(request, chosen, refusal(request, error), 400)
    with desk.database.change() as base:
        save(base, visitor.actor, chosen)
    return RedirectResponse("/settings/response?kept=1", 303)


def keep_secrets(desk: Desk, given: dict[str, str], forget: list[str]) -> None:
    """Keep the secrets that were written, and forget those that were ticked.

    Raises:
        SourceError: one cannot be kept.
    """
    for name, value in given.items():
        if value:
            desk.vault.keep(name, value)
        elif name in forget:
            desk.vault.keep(name, "")


def _approvers(desk: Desk) -> int:
    return sum(Role.of(one["role"]) >= Role.RESPONDER and not one["disabled"] for one in desk.accounts.listed())


def _form(request: Request, reach: Reach, failed: str, status: int = 200) -> Response:
    desk = desk_of(request)
    given = {
        "reach": reach,
        "failed": failed,
        "kept": request.query_params.get("kept") == "1" and not failed,
        "secrets": desk.vault.known(),
        "security": SECURITY,
        "approvers": _approvers(desk),
    }
    return render(request, "settings_response.html", status, **given)
