"""Sign-in by OpenID Connect: to the issuer and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from sekisho.app.console.oidc import PENDING_S, Oidc
from sekisho.app.web.access import PUBLIC, Brake
from sekisho.app.web.desk import desk_of
from sekisho.app.web.pages.entry import asked, let_in, local
from sekisho.app.web.shown import look_of, translations
from sekisho.model.errors import ResponseError

router = APIRouter(prefix="/login/oidc")
COOKIE = "sekisho_oidc"
Text = Annotated[str, Query(max_length=4096)]
_addresses = Brake(20, 1 / 3)


@router.get("", tags=[PUBLIC])
def begin(request: Request, next: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """Send a browser to the issuer."""
    oidc = _oidc(request)
    _ = translations(look_of(request).language).gettext
    if not _addresses.take(request.client.host if request.client else ""):
        return asked(request, next, "", _("Too many tries. Wait half a minute."), 429)
    try:
        url, browser = oidc.begin(local(next))
    except ResponseError as error:
        return asked(request, next, "", str(error), 502)
    answer = RedirectResponse(url, 303)
    secure = desk_of(request).settings.secure
    answer.set_cookie(
        COOKIE, browser, max_age=PENDING_S, httponly=True, samesite="lax", secure=secure, path="/login/oidc"
    )
    return answer


@router.get("/back", tags=[PUBLIC])
def back(request: Request, state: Text = "", code: Text = "", error: Text = "") -> Response:
    """Let in whom the issuer vouches for."""
    desk, oidc = desk_of(request), _oidc(request)
    address = request.client.host if request.client else ""
    _ = translations(look_of(request).language).gettext
    if error or not code:
        return asked(request, "/", "", _("The sign-in was broken off."), 400)
    try:
        name, onward = oidc.finish(state, code, request.cookies.get(COOKIE, ""), address)
    except ResponseError as failed:
        return asked(request, "/", "", str(failed), 403)
    answer = let_in(request, desk, name, onward)
    answer.delete_cookie(COOKIE, path="/login/oidc")
    return answer


def _oidc(request: Request) -> Oidc:
    oidc = desk_of(request).oidc
    if oidc is None:
        raise HTTPException(404)
    return oidc
