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


def own_names_of(request: Request) -> frozenset[str]:
    """Give the names and addresses that the console's organisation must never block or tell.

    Raises:
        SourceError: the file about the organisation cannot be read any more.
    """
    from sekisho.app import organisation
    from sekisho.respond.observed import own_names

    return own_names(organisation.read(work_options(desk_of(request)).organisation))
