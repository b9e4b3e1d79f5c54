"""Incidents of earlier results become sightings: what the attack did and spoke to, beside what its mails look like."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.campaigns.traits import Evidence, File, traits
from sekisho.model.artifact import Analysis
from sekisho.model.campaign import Sighting
from sekisho.model.ids import stable_id
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.normalize.artifacts import is_message
from sekisho.respond.observed import Observed, pick, used
from sekisho.respond.wording import Words

CALLED = ("ip", "domain", "url")


def of_result(result: Result, source: str) -> Iterator[Sighting]:
    """Give a sighting for each incident of a result, dated by its first step.

    Its traits are the subjects, senders and links of its mails, its hostile files, the hosts that its processes spoke
    to, and its techniques. Values that warning lists name are left out, as in exports; names that are reserved for
    documentation are kept, for they harm nobody.
    """
    analyses = {one.id: one for one, _ in result.artifacts}
    words = Words("en", result.findings)
    attack = {one.id: one.attack for one in result.findings}
    for incident in result.incidents:
        mails = [analyses[key] for key in used(incident) if key in analyses and is_message(analyses[key])]
        techniques = [key for step in incident.steps for key in step.attack]
        techniques += [key for one in incident.findings for key in attack.get(one, ())]
        observed = pick(result, [incident], exercise=True).observed
        found = traits(_evidence(mails, observed, finest(techniques)))
        subject = next((str(one.first("subject")) for one in mails if one.first("subject")), "")
        key = stable_id("s", "incident", incident.id, *found)
        title = (subject or words.say(incident.title))[:300]
        yield Sighting(key, "incident", _seconds(incident), title, f"{source}#{incident.id}", found)


def _evidence(mails: list[Analysis], observed: tuple[Observed, ...], techniques: tuple[str, ...]) -> Evidence:
    return Evidence(
        subjects=tuple(dict.fromkeys(str(one.first("subject")) for one in mails if one.first("subject"))),
        text=next((str(one.first("body.text")) for one in mails if one.first("body.text")), ""),
        senders=_values(observed, ("sender",), ("email",)),
        sender_ips=_values(observed, ("sent_from",), ("ip",)),
        urls=_values(observed, ("linked", "carried"), ("url",)),
        files=tuple(
            File(one.name, one.value) for one in observed if one.role in ("carried", "dropped") and one.kind == "sha256"
        ),
        contacts=tuple(one.value for one in observed if one.role == "contacted" and one.kind in CALLED and one.strong),
        techniques=techniques,
    )


def _values(observed: tuple[Observed, ...], roles: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.value for one in observed if one.role in roles and one.kind in kinds)


def finest(techniques: list[str]) -> tuple[str, ...]:
    """Give techniques, each once and sorted, without those of which a sub-technique is among them."""
    whole = {one.partition(".")[0] for one in techniques if "." in one}
    return tuple(sorted(set(techniques) - whole))


def _seconds(incident: Incident) -> int | None:
    return None if incident.first_at_ns is None else incident.first_at_ns // 1_000_000_000
