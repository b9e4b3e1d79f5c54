"""What of a campaign may be told to others: its values, techniques, subjects and senders, gathered once for every form.

A store of campaigns holds whatever mails somebody added, so what only mails show is for hunting. Fit to block is what
an incident or a tracker's note says the malware itself spoke to or was.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import orjson

from sekisho.model.campaign import Dossier, Guess, Sighting
from sekisho.model.indicator import canonical
from sekisho.model.warninglists import why_not
from sekisho.respond import navigator
from sekisho.respond._discreet import Hide, keep, readers_hider
from sekisho.respond.observed import WEAK, LeftOut, Observed, Picked
from sekisho.respond.wording import Words, safe

MOST = 5_000
"""Values of one campaign; those that most members carry come first."""
NAMED = 20
"""Members named for a value."""
# Kind of trait: kind of value and role.
TOLD = {
    "url.host": ("domain", "linked"),
    "url.ip": ("ip", "linked"),
    "sender.address": ("email", "sender"),
    "sender.ip": ("ip", "sent_from"),
    "file.sha256": ("sha256", "carried"),
    "file.md5": ("md5", "carried"),
    "file.name": ("file", "named"),
    "c2.host": ("domain", "contacted"),
}
VOUCHED = {"incident": 85, "report": 70}
"""Confidence in what a kind of sighting says that malware is or speaks to. Source: own setting; a note is hearsay."""
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")


def picked(dossier: Dossier, own: frozenset[str] = frozenset(), *, exercise: bool = False) -> Picked:
    """Give the values of a campaign, those to block first, then by how many members carry them.

    Args:
        dossier: the campaign.
        own: names and addresses of one's own and of partners.
        exercise: let values pass that are reserved for documentation.
    """
    carriers: dict[tuple[str, str, str], list[Sighting]] = defaultdict(list)
    left: dict[tuple[str, str], LeftOut] = {}
    for one in dossier.members:
        for trait in one.traits:
            if trait.kind not in TOLD:
                continue
            kind, role = TOLD[trait.kind]
            kind = "ip" if kind == "domain" and canonical("ip", trait.value) else kind
            value = canonical(kind, trait.value)
            if value is None:
                left.setdefault((kind, trait.value), LeftOut(kind, trait.value, "no_value"))
            elif reason := why_not(kind, value, own, exercise=exercise):
                left.setdefault((kind, value), LeftOut(kind, value, reason))
            elif trait in dossier.everybodys:
                left.setdefault((kind, value), LeftOut(kind, value, "everybodys"))
            else:
                carriers[kind, value, role].append(one)
    found = [_observed(*key, some) for key, some in carriers.items()]
    order = sorted(found, key=lambda one: (not one.strong, -len(carriers[one.kind, one.value, one.role]), one.value))
    return Picked(tuple(_once(order))[:MOST], tuple(left.values()))


def _observed(kind: str, value: str, role: str, some: list[Sighting]) -> Observed:
    vouched = [VOUCHED[one.kind] for one in some if one.kind in VOUCHED]
    strong = bool(vouched) and (role == "contacted" or kind in ("sha256", "md5"))
    times = [one.at_s * 1_000_000_000 for one in some if one.at_s is not None]
    return Observed(
        kind,
        value,
        role,
        strong,
        max(vouched) if strong else WEAK[role],
        tuple(one.id for one in some[:NAMED]),
        min(times, default=None),
        max(times, default=None),
    )


def _once(order: list[Observed]) -> Iterator[Observed]:
    """Leave out a value's weaker roles."""
    seen: set[tuple[str, str]] = set()
    for one in order:
        if (one.kind, one.value) not in seen:
            seen.add((one.kind, one.value))
            yield one


def techniques(dossier: Dossier) -> list[tuple[str, int]]:
    """Give techniques with how many members show them, commonest first."""
    counted = Counter(value for one in dossier.members for kind, value in one.traits if kind == "technique")
    known = {key: count for key, count in counted.items() if _TECHNIQUE.fullmatch(key)}
    return sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))


def guessed(guess: Guess, words: Words) -> str:
    """Word a guess with its probability."""
    what = words.word("campaigns.by", guess.what)
    return words.get("campaign_told.guess", what=what, name=safe(guess.name), probability=f"{guess.probability:.0%}")


def commonest(dossier: Dossier, kind: str) -> list[str]:
    """Give the values of one kind of trait, commonest first; ``title`` gives the titles of mails."""
    if kind == "title":
        counted = Counter(one.title for one in dossier.members if one.title and one.kind != "report")
    else:
        counted = Counter(trait.value for one in dossier.members for trait in one.traits if trait.kind == kind)
    return sorted(counted, key=lambda one: (-counted[one], one))


def counts(dossier: Dossier) -> dict[str, int]:
    """Give how many members there are of each kind: mail artifact incident report."""
    return dict(sorted(Counter(one.kind for one in dossier.members).items()))


def times_ns(dossier: Dossier, kind: str = "") -> tuple[int, ...]:
    """Give when members, all or of one kind, were seen, in order; undated ones left out."""
    some = [one for one in dossier.members if kind in ("", one.kind)]
    return tuple(one.at_s * 1_000_000_000 for one in some if one.at_s is not None)


def subject_of(dossier: Dossier) -> str:
    """Give the commonest subject; what the campaign is called where no mail has one."""
    return next(iter(commonest(dossier, "title")), "") or dossier.campaign.title or dossier.campaign.id


def hider(dossier: Dossier, *, internal: bool) -> Hide:
    """Give what takes readers' addresses out of a text, unless the reader is inside."""
    return keep if internal else readers_hider(commonest(dossier, "sender.address"))


def layer(dossier: Dossier, words: Words) -> bytes:
    """Give an ATT&CK Navigator layer in which a technique scores the sightings that show it."""
    named = {key: [(dossier.campaign.id, "medium")] * count for key, count in techniques(dossier)}
    top = max([2, *map(len, named.values())])
    legend = (words.get("export.layer.one"), words.get("export.layer.many", count=top))
    made = navigator.layer(named, words.get("export.layer"), dossier.campaign.id, top=top, legend=legend)
    return orjson.dumps(made, option=orjson.OPT_INDENT_2)
