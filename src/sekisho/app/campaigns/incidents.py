"""Incidents of earlier results become sightings: what the attack did and spoke to, beside what its mails look like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sekisho.campaigns.traits import Evidence, File, traits
from sekisho.model.artifact import Analysis
from sekisho.model.campaign import Sighting
from sekisho.model.ids import stable_id
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.model.verdict import Judgement
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
    whole = _Parts(result)
    words = Words("en", result.findings)
    attack = {one.id: one.attack for one in result.findings}
    for incident in result.incidents:
        mails = [analyses[key] for key in used(incident) if key in analyses and is_message(analyses[key])]
        techniques = [key for step in incident.steps for key in step.attack]
        techniques += [key for one in incident.findings for key in attack.get(one, ())]
        observed = pick(whole.of(incident), [incident], exercise=True).observed
        found = traits(_evidence(mails, observed, finest(techniques)))
        subject = next((str(one.first("subject")) for one in mails if one.first("subject")), "")
        key = stable_id("s", "incident", incident.id, *found)
        title = (subject or words.say(incident.title))[:300]
        yield Sighting(key, "incident", _seconds(incident), title, f"{source}#{incident.id}", found)


class _Parts:
    """A result, cut into what each incident needs: a result may hold as many incidents as it holds mails."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.events = {one.id: one for one in result.events}
        self.findings = {one.id: one for one in result.findings}
        parents = {one.address: one.artifact.parent or "" for one, _ in result.artifacts}
        roots: dict[str, str] = {}
        self.root_of: dict[str, str] = {}
        self.trees: dict[str, list[tuple[Analysis, Judgement]]] = defaultdict(list)
        for pair in result.artifacts:
            root = _root(pair[0].address, parents, roots)
            self.root_of[pair[0].id] = root
            self.trees[root].append(pair)

    def of(self, incident: Incident) -> Result:
        """Give a result with only what an incident stands on, and the trees of its files."""
        keys = used(incident)
        roots = dict.fromkeys(self.root_of[key] for key in keys if key in self.root_of)
        return replace(
            self.result,
            artifacts=tuple(pair for root in roots for pair in self.trees[root]),
            events=tuple(self.events[key] for key in keys if key in self.events),
            findings=tuple(self.findings[key] for key in incident.findings if key in self.findings),
            incidents=(incident,),
        )


def _root(address: str, parents: Mapping[str, str], roots: dict[str, str]) -> str:
    """Give the outermost artifact around one, and note it for all on the way; a ring ends where it began."""
    way: dict[str, None] = {}
    while address not in roots and address not in way and parents.get(address, "") in parents:
        way[address] = None
        address = parents[address]
    root = roots.get(address, address)
    roots.update(dict.fromkeys((*way, address), root))
    return root


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
