"""The console as one application: pages and API found in their folders, guarded, started and stopped."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

import sekisho
from sekisho.app.web import api, pages, shown
from sekisho.app.web.access import DeniedError
from sekisho.app.web.desk import Desk
from sekisho.app.web.guard import Guard, is_loopback
from sekisho.app.web.meters import Meters
from sekisho.app.web.shown import render
from sekisho.model.errors import LimitError, SekishoError

HERE = Path(__file__).parent
API = "/api/v1"
TYPED = 15  # characters of a value that somebody may have typed rather than chosen
DESCRIPTION = """What the console's pages do, for programs.

Send a token, made on the console's account page, as `Authorization: Bearer sekisho_...`. Its scopes say what it may:
`read`, `triage`, `respond`, `admin`. Times are seconds UTC. Errors are `{"error": reason, "detail": text}`.
"""


def create(desk: Desk) -> FastAPI:
    """Give the application of a console; its jobs run while it does."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        desk.supervisor.start()
        desk.upkeep.start()
        desk.courier.start()
        yield
        desk.courier.stop()
        desk.upkeep.stop()
        desk.supervisor.stop()
        desk.readers.close()
        desk.database.close()

    app = FastAPI(
        title="Sekisho console",
        version=sekisho.__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=running,
    )
    app.state.desk = desk
    for router in routers(api):
        app.include_router(router, prefix=API)
    for router in routers(pages):
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.mount("/vendor", StaticFiles(directory=HERE / "vendor", check_dir=False), name="vendor")
    app.add_exception_handler(DeniedError, _denied)
    app.add_exception_handler(SekishoError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(sqlite3.OperationalError, _unkept)
    app.add_exception_handler(OSError, _unkept)
    settings = desk.settings
    names = {settings.host, *settings.names} | (
        {"localhost", "127.0.0.1", "::1"} if is_loopback(settings.host) else set()
    )
    app.state.meters = Meters(desk.database, settings.folder)
    app.add_middleware(Guard, names=names, meters=app.state.meters)
    return app


def routers(package: object) -> Iterator[APIRouter]:
    """Give the router of each file in a folder."""
    for found in pkgutil.iter_modules(package.__path__):  # type: ignore[attr-defined]
        if not found.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{found.name}").router  # type: ignore[attr-defined]


def _for_program(request: Request) -> bool:
    return request.url.path.startswith((API, "/metrics", "/health", "/taxii2"))


def _answer(request: Request, status: int, reason: str, detail: str) -> Response:
    if _for_program(request):
        return JSONResponse({"error": reason, "detail": detail}, status)
    return render(request, "error.html", status, status=status, reason=reason, detail=detail)


async def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeniedError)
    if error.status == 401 and not _for_program(request):
        if request.headers.get("hx-request"):  # a piece of a page: the whole page goes to the sign-in
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        if request.method == "GET":
            return RedirectResponse(f"/login?next={request.url.path}", 303)
        return render(request, "expired.html", 401, typed=await _typed(request))
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
    answer = _answer(request, error.status, error.reason, "")
    answer.headers.update(headers)
    return answer


async def _typed(request: Request) -> list[str]:
    """Give what somebody typed into a form whose session is over, longest first; passwords and keys are not shown."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return []
    form = await request.form()
    texts = {
        value
        for name, value in form.multi_items()
        if isinstance(value, str) and len(value) >= TYPED and not name.startswith(("password", "secret", "csrf", "key"))
    }
    return sorted(texts, key=lambda text: (-len(text), text))[:10]


async def _refused(request: Request, error: Exception) -> Response:
    status = 413 if isinstance(error, LimitError) else 400
    assert isinstance(error, SekishoError)
    return _answer(request, status, "refused", str(error) if _for_program(request) else shown.refusal(request, error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10])
    return _answer(request, 422, "invalid", told)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = {404: "missing", 405: "method"}.get(error.status_code, "refused")
    answer = _answer(request, error.status_code, reason, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _unkept(request: Request, error: Exception) -> Response:
    """Say that nothing was changed, when the disk is full or the database is held too long."""
    return _answer(request, 503, "unkept", str(error))
