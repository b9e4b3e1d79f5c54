"""What a running console keeps in memory between requests, made when it is first asked for."""

from __future__ import annotations

import argparse

from fastapi import Request

from sekisho.app.console import work
from sekisho.app.console.rulebook import Rulebook
from sekisho.app.web.desk import Desk, desk_of


def work_options(desk: Desk) -> argparse.Namespace:
    """Give the options that the console's investigations run with."""
    parser = argparse.ArgumentParser()
    work.options(parser)
    return parser.parse_args(list(desk.settings.work))


def rulebook_of(request: Request) -> Rulebook:
    """Give the rules of the console that a request came to."""
    state = request.app.state
    if not hasattr(state, "rulebook"):
        desk = desk_of(request)
        state.rulebook = Rulebook(desk.database, work_options(desk))
    found: Rulebook = state.rulebook
    return found
