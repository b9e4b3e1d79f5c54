"""Observables: typed values that records of different layers share."""

from __future__ import annotations

from typing import NamedTuple


class Observable(NamedTuple):
    """A value of a kind, in the one form that equal values share."""

    type: str
    """ip domain url account mailbox message sha256 file host session order sid."""
    value: str


class Sighting(NamedTuple):
    """An observable in one record, and the part it plays there."""

    what: Observable
    role: str
    """actor: it did this. object: it was touched, sent or contacted. target: it was tried without success.
    receiver: a mail was addressed to it."""
