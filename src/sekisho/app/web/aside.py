"""What somebody pasted is looked into aside, in a process with bounds: a rule can be written to take for ever."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
from typing import Any

import orjson
from fastapi import Request

from sekisho.app.console.trying import CPU_S, Asked
from sekisho.model.errors import LimitError, SekishoError

LONGEST_S = 3.0 * CPU_S  # by the clock: others may use the processor too
MOST = 2
"""Answers worked on at a time."""


async def answered(request: Request, asked: Asked) -> dict[str, Any]:
    """Check or try a rule in a process of its own.

    Raises:
        SekishoError: it cannot be done and why, it took too long, or too much of the kind is being done.
    """
    state = request.app.state
    if getattr(state, "aside", 0) >= MOST:
        raise SekishoError("other rules are being tried right now; try again in a moment")
    state.aside = getattr(state, "aside", 0) + 1
    try:
        return await worked_out(asked)
    finally:
        state.aside -= 1


async def worked_out(asked: Asked) -> dict[str, Any]:
    """Give the answer of a new process.

    Raises:
        SekishoError: it cannot be done and why, or it took too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sekisho.app.console.trying"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(pickle.dumps(asked)), LONGEST_S)
        told: dict[str, Any] = orjson.loads(said)
    except (TimeoutError, orjson.JSONDecodeError) as error:
        raise LimitError("rule_cpu_s", CPU_S) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if "error" in told:
        raise SekishoError(told["error"])
    return told
