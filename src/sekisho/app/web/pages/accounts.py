"""Accounts: who may come in and what they may do; and everybody's own, with its password, tokens and sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console.accounts import FEED, LOCAL, SCOPES, SHORTEST_PASSWORD, Role, Visitor
from sekisho.app.web.access import COOKIE, Admin, Brake, DeniedError, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.shown import look_of, refusal, render, translations
from sekisho.model.errors import SourceError

router = APIRouter()
Name = Annotated[str, Form(max_length=64)]
Password = Annotated[str, Form(max_length=1024)]
Email = Annotated[str, Form(max_length=254)]
RoleWord = Literal["viewer", "analyst", "responder", "admin"]
_tries = Brake(5, 1 / 30)


@router.get("/settings/accounts")
def accounts(request: Request, visitor: Admin) -> Response:
    """List the accounts."""
    return _accounts(request, "")


@router.post("/settings/accounts")
def add(
    request: Request,
    visitor: Admin,
    name: Name,
    role: Annotated[RoleWord, Form()],
    password: Password = "",
    email: Email = "",
) -> Response:
    """Make an account."""
    desk = desk_of(request)
    gettext = translations(look_of(request).language).gettext
    first = not desk.accounts.exist()
    if first and role != "admin":
        return _accounts(request, gettext("the first account has to be an administrator's"), 400)
    if not password and (not email or first):
        return _accounts(request, gettext("a password is needed"), 400)
    try:
        desk.accounts.add(name, Role.of(role), password, visitor.actor, email.strip().lower())
    except SourceError as error:
        return _accounts(request, refusal(request, error), 400)
    if first:  # who started the console is nobody any more
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer
    return RedirectResponse("/settings/accounts", 303)


@router.post("/settings/accounts/{name}")
def change(
    request: Request,
    visitor: Admin,
    name: str,
    role: Annotated[Literal["", "viewer", "analyst", "responder", "admin"], Form()] = "",
    password: Password = "",
    email: Annotated[str | None, Form(max_length=254)] = None,
    disabled: Annotated[Literal["", "yes", "no"], Form()] = "",
) -> Response:
    """Change an account's role, password or address, or disable it."""
    try:
        desk_of(request).accounts.change(
            name,
            visitor.actor,
            role=Role.of(role) if role else None,
            password=password or None,
            disabled={"yes": True, "no": False}.get(disabled),
            email=email.strip().lower() if email is not None else None,
        )
    except SourceError as error:
        return _accounts(request, refusal(request, error), 400)
    return RedirectResponse("/settings/accounts", 303)


@router.get("/account")
def own(request: Request, visitor: Viewer) -> Response:
    """Show one's own account."""
    return _own(request, visitor)


@router.post("/account/password")
def password(request: Request, visitor: Viewer, before: Password, after: Password, again: Password) -> Response:
    """Change one's own password; all sessions end."""
    desk, gettext = desk_of(request), translations(look_of(request).language).gettext
    _in_person(visitor)
    if not _tries.take(visitor.name.lower()):
        return _own(request, visitor, failed=gettext("Too many tries. Wait half a minute."), status=429)
    if after != again:
        return _own(request, visitor, failed=gettext("The two new passwords are not the same."), status=400)
    if not desk.accounts.check(visitor.name, before):
        return _own(request, visitor, failed=gettext("The present password is wrong."), status=400)
    try:
        desk.accounts.change(visitor.name, visitor.actor, password=after)
    except SourceError as error:
        return _own(request, visitor, failed=refusal(request, error), status=400)
    return RedirectResponse("/login", 303)


@router.post("/account/tokens")
def make_token(
    request: Request,
    visitor: Viewer,
    name: Annotated[str, Form(max_length=100)],
    days: Annotated[int, Form(ge=1, le=731)],
    scope: Annotated[list[str], Form(max_length=10)] = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Make a token; its secret is shown this once."""
    _in_person(visitor)
    try:
        _, secret = desk_of(request).accounts.make_token(visitor.name, name, frozenset(scope), days, visitor.actor)
    except SourceError as error:
        return _own(request, visitor, failed=refusal(request, error), status=400)
    return _own(request, visitor, secret=secret)


@router.post("/account/tokens/{key}/end")
def end_token(request: Request, visitor: Viewer, key: str) -> Response:
    """End one of one's own tokens."""
    desk_of(request).accounts.revoke(visitor.name, key, visitor.actor)
    return RedirectResponse("/account", 303)


@router.post("/account/sessions/end")
def end_sessions(request: Request, visitor: Viewer) -> Response:
    """End one's other sessions."""
    _in_person(visitor)
    desk_of(request).accounts.end_others(visitor)
    return RedirectResponse("/account", 303)


def _in_person(visitor: Visitor) -> None:
    """Let nobody who only holds a token change what an account is opened with.

    Raises:
        DeniedError: they came by a token.
    """
    if not visitor.session:
        raise DeniedError(403, "role")


def _accounts(request: Request, failed: str, status: int = 200) -> Response:
    desk = desk_of(request)
    given = {"accounts": desk.accounts.listed(), "roles": list(Role), "failed": failed, "shortest": SHORTEST_PASSWORD}
    return render(request, "settings_accounts.html", status, **given)


def _own(request: Request, visitor: Visitor, *, failed: str = "", secret: str = "", status: int = 200) -> Response:
    accounts = desk_of(request).accounts
    row = desk_of(request).database.one("SELECT password != '' AS password FROM accounts WHERE name = ?", visitor.name)
    given = {
        "tokens": accounts.tokens(visitor.name),
        "sessions": accounts.sessions(visitor.name),
        "scopes": [*(name for name, role in SCOPES.items() if visitor.role >= role), FEED],
        "password": visitor.name != LOCAL and row is not None and bool(row["password"]),
        "failed": failed,
        "secret": secret,
        "shortest": SHORTEST_PASSWORD,
    }
    return render(request, "account.html", status, **given)
