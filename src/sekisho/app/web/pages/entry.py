"""Coming in and going out: the first key, sign-in, sign-out, and how the console looks."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sekisho.app.console.accounts import LOCAL, LONGEST_S
from sekisho.app.console.audit import Actor, note
from sekisho.app.web.access import COOKIE, PUBLIC, Brake, DeniedError, Viewer
from sekisho.app.web.desk import Desk, desk_of
from sekisho.app.web.shown import LOOK, THEMES, look_of, render, translations, zones
from sekisho.respond.wording import LANGUAGES

router = APIRouter()
TRIES, TRIES_PER_S = (
    5,
    1 / 30,
)  # of one name, and of one address. Source: OWASP ASVS 4.0.3, 2.2.1 asks for fewer than 100 an hour
YEAR_S = 365 * 86_400
_names, _addresses = Brake(TRIES, TRIES_PER_S), Brake(4 * TRIES, 4 * TRIES_PER_S)


@router.get("/start", tags=[PUBLIC])
def start(request: Request, key: str = "") -> Response:
    """Let in who started a console that has no accounts."""
    desk = desk_of(request)
    if desk.accounts.exist() or not secrets.compare_digest(key.encode(), desk.key.encode()):
        raise DeniedError(401, "signed-out")
    return let_in(request, desk, LOCAL, "/")


@router.get("/favicon.ico", tags=[PUBLIC])
def icon() -> Response:
    """Lead browsers that ask without being told to where the icon is."""
    return RedirectResponse("/static/sekisho.svg", 308)


@router.get("/login", tags=[PUBLIC])
def login(request: Request, next: str = "/") -> Response:
    """Ask who it is."""
    return asked(request, next, "", "")


@router.post("/login", tags=[PUBLIC])
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Let in who knows an account's password; who guesses has to wait."""
    desk, address = desk_of(request), request.client.host if request.client else ""
    _ = translations(look_of(request).language).gettext
    if not _names.take(name.lower()) or not _addresses.take(address):
        return asked(request, next, name, _("Too many tries. Wait half a minute."), 429)
    if not desk.accounts.check(name, password):
        with desk.database.change() as base:
            note(base, Actor(name, address), "session.refuse")
        return asked(request, next, name, _("Name or password is wrong."), 401)
    return let_in(request, desk, name, next)


def asked(request: Request, onward: str, name: str, failed: str, status: int = 200) -> Response:
    """Ask who it is, and say what was wrong."""
    desk = desk_of(request)
    given = {
        "accounts": desk.accounts.exist(),
        "next": local(onward),
        "failed": failed,
        "name": name,
        "oidc": desk.oidc.name if desk.oidc else "",
    }
    return render(request, "login.html", status, **given)


def local(path: str) -> str:
    """Give a path of this console; what would lead anywhere else becomes the overview."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path else "/"


def let_in(request: Request, desk: Desk, name: str, onward: str) -> Response:
    """Begin a session and go on."""
    secret = desk.accounts.begin(name, request.client.host if request.client else "")
    answer = RedirectResponse(local(onward), 303)
    answer.set_cookie(
        COOKIE, secret, max_age=LONGEST_S, httponly=True, samesite="lax", secure=desk.settings.secure, path="/"
    )
    return answer


@router.post("/logout")
def sign_out(request: Request, visitor: Viewer) -> Response:
    """End the session."""
    desk_of(request).accounts.end(visitor)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/look")
def look(
    request: Request,
    visitor: Viewer,
    language: Annotated[str, Form()],
    theme: Annotated[str, Form()] = "auto",
    zone: Annotated[str, Form()] = "UTC",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Keep how somebody wants to see the console."""
    kept = "|".join(
        [
            language if language in LANGUAGES else "en",
            theme if theme in THEMES else "auto",
            zone if zone in zones() else "UTC",
        ]
    )
    answer = RedirectResponse(local(next), 303)
    answer.set_cookie(LOOK, kept, max_age=YEAR_S, samesite="lax", secure=desk_of(request).settings.secure, path="/")
    return answer
