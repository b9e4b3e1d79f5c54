"""Schemathesis asks every call of the API what its description allows, and what it does not; none may fail the server."""

import contextlib
import os
import signal

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import booleans, data
from schemathesis import GenerationMode

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.web.server import create

LONG_S = 3600
ANSWER_S = 100  # rules made from an incident are proved before they are given, which takes some seconds
EXAMPLES = int(os.environ.get("SEKISHO_EXAMPLES", "4"))  # of each call; a hundred on demand


def answers(operation, mode, headers, real):
    """Ask one call and give its answers; half of what is right asks for things that are there, not for made-up ids."""
    seen = []

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), draw=data())
    def ask(case, draw):
        if mode is GenerationMode.POSITIVE and draw.draw(booleans()):
            case.path_parameters.update({name: real[name] for name in case.path_parameters if name in real})
        answer = case.call(headers=headers, timeout=ANSWER_S)
        seen.append((answer.status_code, case.method, case.formatted_path, answer.content[:200]))

    with contextlib.suppress(Unsatisfiable):  # a call without anything that could be wrong
        ask()
    return seen


def test_no_call_of_the_api_fails_the_server(desk):
    signal.setitimer(signal.ITIMER_REAL, LONG_S)  # instead of the end that other tests have
    app = create(desk)
    desk.accounts.add("robot", Role.ADMIN, "correct horse battery", SYSTEM)
    _, token = desk.accounts.make_token("robot", "x", frozenset({"read", "triage", "respond", "admin"}), 1, SYSTEM)
    app.add_api_route("/described", app.openapi, include_in_schema=False)
    headers = {"authorization": f"Bearer {token}", "host": "127.0.0.1:8765"}
    real = {
        f"{name}_id": desk.database.one(f"SELECT id FROM {name}s ORDER BY id")["id"]
        for name in ("case", "incident", "message")
    }
    seen = []
    for found in schemathesis.openapi.from_asgi("/described", app, headers=headers).get_all_operations():
        operation = found.ok()
        if not operation.path.endswith("/stream"):  # ends after an hour
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                seen += answers(operation, mode, headers, real)
    assert {200, 404, 422} <= {status for status, *_ in seen}
    assert [one for one in seen if one[0] >= 500] == []
