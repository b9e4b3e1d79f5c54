"""Incidents are told in forms that others read; what must be proved first is made in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import orjson
from fastapi import Request

from sekisho.app.console import exporting
from sekisho.app.console.audit import Actor
from sekisho.app.console.exporting import File
from sekisho.app.exchange.export import Wish
from sekisho.app.web.desk import desk_of
from sekisho.model.errors import SekishoError

LONGEST_S = 180.0  # of proving; a case of 400 mails takes 25 s on one core


async def told(request: Request, by: Actor, key: str, form: str, wish: Wish) -> File:
    """Give an incident in a form.

    Raises:
        SekishoError: it cannot be told so, or somebody else's rules are being proved.
    """
    database = desk_of(request).database
    if form not in exporting.PROVED:
        made = await asyncio.to_thread(exporting.make, database, key, form, wish)
    else:
        state = request.app.state
        if getattr(state, "proving", False):
            raise SekishoError("other rules are being proved right now; try again in a minute")
        state.proving = True
        try:
            made = await _proved(str(database.folder), key, form, wish)
        finally:
            state.proving = False
    return exporting.keep(database, by, key, form, wish, made)


async def _proved(folder: str, key: str, form: str, wish: Wish) -> tuple[bytes, tuple[str, ...]]:
    """Make rules in a process without threads, which may start workers."""
    given = {name: getattr(wish, name) for name in ("language", "exercise", "internal", "tlp", "producer", "now_ns")}
    given |= {"incidents": list(wish.incidents), "own": sorted(wish.own)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sekisho.app.console.exporting", folder, key, form, orjson.dumps(given).decode()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
        answer = orjson.loads(said)
    except (TimeoutError, orjson.JSONDecodeError) as error:
        raise SekishoError("the rules could not be proved in time") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the workers it started
            await process.wait()
    if "error" in answer:
        raise SekishoError(answer["error"])
    return answer["data"].encode(), tuple(answer["notes"])
