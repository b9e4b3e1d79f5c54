"""``sekisho export``: a result, or one of its incidents, in the form that another program reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sekisho.app.exchange import samples
from sekisho.app.exchange.proving import Proof, notes, offered, prove
from sekisho.model.errors import SekishoError
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond import blocklist, misp, navigator, ocsf, sigma, stix
from sekisho.respond._discreet import hider, keep
from sekisho.respond.observed import Picked, discreet, pick
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words
from sekisho.respond.yara import Made

FORMATS = ("stix", "misp", "navigator", "sigma", "yara", "csv", "ocsf")
SHARED = ("stix", "misp")
"""Forms that leave the house; block lists and a SIEM's findings stay in it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be exported, and to whom."""

    language: str = "en"
    incidents: tuple[str, ...] = ()
    """Ids; empty for all."""
    own: frozenset[str] = frozenset()
    """Names and addresses that must never be blocked."""
    exercise: bool = False
    internal: bool = False
    """The reader is inside: victims are named."""
    tlp: str = "amber"
    producer: str = "Sekisho"
    now_ns: int = field(default_factory=time.time_ns)
    """For what has no time of its own."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is written, and what is said about it."""

    data: bytes
    picked: Picked
    notes: tuple[str, ...] = ()
    """Lines for the user, worded."""


def chosen(result: Result, ids: Sequence[str]) -> tuple[Incident, ...]:
    """Give the incidents of these ids, all where none is named.

    Raises:
        SekishoError: there is no such incident.
    """
    known = {one.id: one for one in result.incidents}
    missing = [key for key in ids if key not in known]
    if missing:
        there = ", ".join(known) or "none"
        raise SekishoError(f"no incident {missing[0]} in the result; there are: {there}")
    return tuple(known[key] for key in ids) if ids else result.incidents


def export(result: Result, form: str, wish: Wish) -> Export:
    """Give a result in one of FORMATS but ``sigma`` and ``yara``, which must be proved against evidence first.

    Raises:
        SekishoError: there is no such incident.
    """
    incidents = chosen(result, wish.incidents)
    words = Words(wish.language, result.findings)
    picked = pick(result, incidents, wish.own, exercise=wish.exercise)
    how = telling(result, incidents, wish)
    if form in SHARED:
        picked = discreet(picked, how.hide)
    makers: dict[str, Callable[[], bytes]] = {
        "stix": lambda: stix.bundle(result, incidents, picked, words, how),
        "misp": lambda: misp.events(result, incidents, picked, words, how),
        "navigator": lambda: navigator.of_incidents(result, incidents, words, how.hide),
        "csv": lambda: blocklist.rows(picked.observed, words),
        "ocsf": lambda: ocsf.lines(result, incidents, picked, words, how.at_ns),
    }
    return Export(makers[form](), picked, tuple(blocklist.left_out(picked.left_out, words)))


def sigma_rules(
    result: Result, wish: Wish, evidence: Sequence[str] = (), *, jobs: int = 1
) -> tuple[list[Proof], tuple[str, ...]]:
    """Give the rules that are offered, and what is said about all that were tried.

    Raises:
        SekishoError: there is no such incident.
    """
    words, found, told = Words(wish.language), [], []
    for incident in chosen(result, wish.incidents):
        picked = pick(result, (incident,), wish.own, exercise=wish.exercise)
        proofs = prove(
            sigma.drafts(result, incident, picked.observed, wish.producer), result, incident, evidence, jobs=jobs
        )
        found += offered(proofs)
        told += notes(proofs, words, evidence=bool(evidence))
    return found, tuple(told)


def yara_rules(
    result: Result, wish: Wish, evidence: Sequence[str], *, jobs: int = 1
) -> tuple[list[Made], tuple[str, ...]]:
    """Give the rules that are offered, and what is said about each hostile file.

    Raises:
        SekishoError: there is no such incident.
    """
    words, found, told = Words(wish.language), [], []
    for incident in chosen(result, wish.incidents):
        held = samples.collect(result, incident, evidence, jobs=jobs)
        hide = keep if wish.internal else hider((incident,))
        for made, why in samples.rules(held, incident, wish.producer, hide):
            if not why:
                found.append(made)
                told.append(words.get("export.yara.offered", name=made.sample.name, others=len(held.clean)))
            else:
                told.append(words.get(f"export.yara.{why}", name=made.sample.name))
        if held.left:
            told.append(words.get("export.yara.left", count=held.left))
    return found, tuple(told)


def telling(result: Result, incidents: Sequence[Incident], wish: Wish) -> Telling:
    """Give how to tell: the newest time of the evidence, so that the same evidence gives the same bytes."""
    times = [at for one in incidents for at in (one.first_at_ns, one.last_at_ns) if at is not None]
    times += [one.time_ns for one in result.events if one.time_ns is not None] if not times else []
    at = max(times, default=wish.now_ns)
    return Telling(wish.tlp, wish.producer, at, keep if wish.internal else hider(incidents))
