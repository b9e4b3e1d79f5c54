"""Events with what their fields say between the lines: where everything that is worked out comes together."""

from __future__ import annotations

from collections.abc import Callable

from sekisho.model.event import Event
from sekisho.normalize import injections
from sekisho.normalize.commands import Unfolded, enrich
from sekisho.normalize.requests import described


def completed(event: Event, unfold: Callable[[str], Unfolded], find: injections.Find) -> Event:
    """Give an event with unfolded command lines, described requests and queries, and script found in texts.

    Args:
        event: any event.
        unfold: what a command line does in the end (:func:`sekisho.analyzers.command_line.unfold`).
        find: script in a text (:func:`sekisho.model.injection.find_injection`).
    """
    return injections.enrich(described(enrich(event, unfold)), find)
