"""Accounts and tokens: who may do what, for programs that provision them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console.accounts import Role
from sekisho.app.web.access import Admin, DeniedError, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.model.errors import SourceError

router = APIRouter(tags=["accounts"])
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", description="name of an account")]
RoleWord = Literal["viewer", "analyst", "responder", "admin"]
EMAIL = r"^$|^[^\s@\x00]{1,64}@[A-Za-z0-9.-]{1,253}$"
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "not possible"},
    404: {"description": "there is none"},
}


class NewAccount(BaseModel):
    """An account to be made."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    role: RoleWord
    password: str = Field("", max_length=1024, description="empty: sign-in by OpenID Connect only")
    email: str = Field("", pattern=EMAIL, max_length=254)


class Changes(BaseModel):
    """What is to be changed; what is left out stays."""

    role: RoleWord | None = None
    password: str | None = Field(None, max_length=1024)
    disabled: bool | None = None
    email: str | None = Field(None, pattern=EMAIL, max_length=254)


class NewToken(BaseModel):
    """A token to be made."""

    name: str = Field(max_length=100)
    scopes: list[Literal["read", "triage", "respond", "admin", "feed"]] = Field(min_length=1, max_length=5)
    days: int = Field(90, ge=1, le=731)


class Secret(BaseModel):
    """A token that was made; its secret is told this once."""

    id: str
    secret: str


@router.get("/accounts")
def accounts(request: Request, visitor: Admin) -> list[dict[str, Any]]:
    """List the accounts."""
    return desk_of(request).accounts.listed()


@router.post("/accounts", status_code=201, responses=REFUSED)
def add(request: Request, visitor: Admin, given: NewAccount) -> dict[str, str]:
    """Make an account."""
    desk = desk_of(request)
    if not desk.accounts.exist() and (given.role != "admin" or not given.password):
        raise HTTPException(400, "the first account is an administrator's, with a password")
    if not given.password and not given.email:
        raise HTTPException(400, "a password or an e-mail address is needed")
    desk.accounts.add(given.name, Role.of(given.role), _clean(given.password), visitor.actor, given.email.lower())
    return {"name": given.name}


@router.patch("/accounts/{name}", status_code=204, responses=REFUSED)
def change(request: Request, visitor: Admin, name: Name, given: Changes) -> None:
    """Change an account."""
    if desk_of(request).database.one("SELECT 1 FROM accounts WHERE name = ?", name) is None:
        raise HTTPException(404, "there is no such account")
    desk_of(request).accounts.change(
        name,
        visitor.actor,
        role=Role.of(given.role) if given.role else None,
        password=_clean(given.password) if given.password is not None else None,
        disabled=given.disabled,
        email=given.email.lower() if given.email is not None else None,
    )


@router.get("/account")
def own(request: Request, visitor: Viewer) -> dict[str, Any]:
    """Tell who this is, what it may do, and its tokens."""
    tokens = desk_of(request).accounts.tokens(visitor.name)
    return {"name": visitor.name, "role": visitor.role.word, "scopes": sorted(visitor.scopes), "tokens": tokens}


@router.post("/account/tokens", status_code=201, responses=REFUSED)
def make_token(request: Request, visitor: Viewer, given: NewToken) -> Secret:
    """Make a token of one's own; a token cannot make another."""
    if not visitor.session:
        raise DeniedError(403, "role")
    accounts = desk_of(request).accounts
    name = given.name.replace("\x00", "").encode("utf-8", "replace").decode()
    key, secret = accounts.make_token(visitor.name, name, frozenset(given.scopes), given.days, visitor.actor)
    return Secret(id=key, secret=secret)


@router.delete("/account/tokens/{key}", status_code=204, responses=REFUSED)
def end_token(request: Request, visitor: Viewer, key: Annotated[str, Path(pattern=r"^t[0-9a-f]{12}$")]) -> None:
    """End a token of one's own."""
    try:
        desk_of(request).accounts.revoke(visitor.name, key, visitor.actor)
    except SourceError as error:
        raise HTTPException(404, str(error)) from error


def _clean(password: str) -> str:
    """Give a password that can be hashed.

    Raises:
        HTTPException: it holds half a character.
    """
    try:
        password.encode()
    except UnicodeEncodeError as error:
        raise HTTPException(400, "a password is text") from error
    return password
