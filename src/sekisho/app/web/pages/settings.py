"""Settings: where the console may reach out to and how; only administrators change them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console.accounts import Role
from sekisho.app.console.choices import SECURITY, Reach, load, save, words
from sekisho.app.web.access import Admin, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import look_of, render, translations
from sekisho.model.errors import SourceError

router = APIRouter(prefix="/settings")
Text = Annotated[str, Form(max_length=500)]
Long = Annotated[str, Form(max_length=60_000)]


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


@router.post("/response")
def change_response(
    request: Request,
    visitor: Admin,
    second_person: Annotated[bool, Form()] = False,
    own: Long = "",
    hosts: Long = "",
    networks: Long = "",
    block_days: Annotated[int, Form(ge=0, le=3650)] = 90,
    webhook: Text = "",
    imap: Text = "",
    imap_security: Text = "tls",
    imap_account: Text = "",
    imap_folder: Text = "Quarantine",
    tenant: Text = "",
    client: Text = "",
    login_base: Text = "",
    graph_base: Text = "",
    defender_base: Text = "",
    secret_webhook: Annotated[str, Form(max_length=4096)] = "",
    secret_imap: Annotated[str, Form(max_length=4096)] = "",
    secret_graph: Annotated[str, Form(max_length=4096)] = "",
    forget: Annotated[list[str], Form(max_length=10)] = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Keep how the console acts on other systems."""
    desk = desk_of(request)
    kept = Reach()
    chosen = Reach(
        second_person=second_person,
        own=words(own),
        hosts=words(hosts),
        networks=words(networks),
        block_days=block_days,
        webhook=webhook.strip(),
        imap=imap.strip(),
        imap_security=imap_security,
        imap_account=imap_account.strip(),
        imap_folder=imap_folder.strip(),
        tenant=tenant.strip(),
        client=client.strip(),
        login_base=login_base.strip().rstrip("/") or kept.login_base,
        graph_base=graph_base.strip().rstrip("/") or kept.graph_base,
        defender_base=defender_base.strip().rstrip("/") or kept.defender_base,
    )
    gettext = translations(look_of(request).language).gettext
    if second_person and _approvers(desk) < 2:
        return _form(request, chosen, gettext("two accounts that may approve are needed first"), 400)
    try:
        chosen.checked()
        keep_secrets(desk, {"webhook": secret_webhook, "imap": secret_imap, "graph": secret_graph}, forget)
    except SourceError as error:
        return _form(request, chosen, str(error), 400)
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
        "reach": replace(reach),
        "failed": failed,
        "kept": request.query_params.get("kept") == "1" and not failed,
        "secrets": desk.vault.known(),
        "security": SECURITY,
        "approvers": _approvers(desk),
    }
    return render(request, "settings_response.html", status, **given)
