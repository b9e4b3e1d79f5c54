"""What can be asked of a store: which campaigns, why, what they are, and how they went over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from sekisho.campaigns import activity, arrival, clusters, labels, waves, weights
from sekisho.model.campaign import Campaign, Decision, Dossier, Guess, Link, Sighting
from sekisho.model.errors import SekishoError

BY = ("campaign", "family", "theme", "brand", "country", "all")
NAMED = 20
CHECKED = 200
"""Latest labelled sightings that tell how often guesses are right."""
GUESSED = 200
"""Members of a campaign that are guessed from; more say the same."""
TEXTS = 5_000
"""Values of a campaign that are told as evidence, the commonest first."""
WRITTEN = frozenset("url.full url.host url.ip file.name file.lineage c2.host sender.address macro.path".split())
"""Kinds of traits whose values stand in the evidence as they are; those of others are shapes and hashes."""


class Answers:
    """A store's content, clustered once."""

    def __init__(self, sightings: list[Sighting], decisions: list[Decision]) -> None:
        self.index = clusters.index(sightings)
        self.campaigns = clusters.campaigns(self.index, clusters.links(self.index), decisions)
        self.by_id = {one.id: one for one in self.index.sightings}
        self._labelled = [one for one in self.index.sightings if one.family or one.distributor or one.theme]
        self._home = {member: one for one in self.campaigns for member in one.members}
        self._models: dict[tuple[str, str], labels.Labels] = {}

    def campaign(self, key: str) -> Campaign:
        """Find a campaign by its id, an id it once had, or a member's id.

        Raises:
            SekishoError: there is none.
        """
        for one in self.campaigns:
            if one.id == key:
                return one
        if key in self._home:
            return self._home[key]
        for one in self.campaigns:  # an older id is that of a sighting that was first then
            if any(clusters.campaign([self.by_id[member]]).id == key for member in one.members):
                return one
        raise SekishoError(f"no campaign or sighting {key[:80]}")

    def sighting(self, key: str) -> str:
        """Give the id of a sighting, or of the first one of a campaign."""
        return key if key in self.by_id else self.campaign(key).anchor

    def explain(self, first: str, second: str) -> dict[str, Any]:
        """Tell what links two sightings, and what they share that counts nothing."""
        one, two = (self.index.place[self.sighting(key)] for key in (first, second))
        link = self.index.link(min(one, two), max(one, two))
        homes = [self._home.get(key) for key in (link.a, link.b)]
        return {
            "a": link.a,
            "b": link.b,
            "score": round(link.score, 3),
            "probability": round(link.probability, 4),
            "wave": round(self._wave(link), 4),
            "prior": weights.PRIOR,
            "time": link.time_weight,
            "shared": [
                {
                    "kind": each.trait.kind,
                    "value": each.trait.value,
                    "carriers": each.carriers,
                    "weight": round(each.weight, 3),
                    "ignored": each.ignored,
                }
                for each in link.shared
            ],
            "same_campaign": homes[0] is not None and homes[0] is homes[1],
        }

    def guesses(self, campaign: Campaign) -> dict[str, Guess]:
        """Give family, distributor and theme of a campaign, from labelled sightings outside and inside it."""
        told = {}
        for what in ("family", "distributor", "theme"):
            own = Counter(name for key in campaign.members if (name := getattr(self.by_id[key], what)))
            if own:
                (name, count), total = own.most_common(1)[0], sum(own.values())
                told[what] = Guess(what, name, (count + 0.5) / (total + 1.0))
            elif what == "family":
                told[what] = labels.answer(self._learned(what, campaign))
            elif what == "distributor":  # who spreads one family is no answer for another
                told[what] = labels.answer(self._learned(what, campaign, told["family"].name))
        return told

    def _learned(self, what: str, campaign: Campaign, family: str = "") -> tuple[Guess, ...]:
        model = self._model(what, family)
        traits = {trait for key in campaign.members[:GUESSED] for trait in self.by_id[key].traits}
        at_s = (campaign.last_at_s or 0) + 1
        return model.calibrated(model.guess(traits, at_s), at_s)

    def _model(self, what: str, family: str = "") -> labels.Labels:
        """Give what labelled sightings teach, the latest of them asked first as if their labels were not known."""
        if (what, family) in self._models:
            return self._models[what, family]
        model = labels.Labels(what)
        taught = [one for one in self._labelled if getattr(one, what) and one.at_s is not None]
        taught = [one for one in taught if family in ("", one.family)]
        for number, one in enumerate(taught):
            at_s, name = one.at_s or 0, getattr(one, what)
            if number >= len(taught) - CHECKED:
                model.check(model.guess(one.traits, at_s - labels.APART_S), name, at_s)
            model.learn(one.traits, name, at_s)
        self._models[what, family] = model
        return model

    def _wave(self, link: Link) -> float:
        """Give the probability of one wave, from earlier labels too where there are any."""
        left, right = self.by_id[link.a], self.by_id[link.b]
        model = self._model("family")
        guesses = [
            (Guess("family", one.family, 1.0),) if one.family else model.guess(one.traits, one.at_s or 0)
            for one in (left, right)
        ]
        agreement = waves.agreement(*guesses)
        return waves.chance(link.evidence, clusters.days_between(left, right), agreement)

    def document(self, campaign: Campaign, *, full: bool = False, doubted: int = 0) -> dict[str, Any]:
        """Give a campaign as JSON holds it; ``doubted`` is how many links are told, the weakest, where not all are."""
        told: dict[str, Any] = {
            "id": campaign.id,
            "title": campaign.title,
            "count": len(campaign.members),
            "undated": campaign.undated,
            "first": _when(campaign.first_at_s),
            "last": _when(campaign.last_at_s),
            "guesses": {
                what: {"name": one.name, "probability": round(one.probability, 3)}
                for what, one in self.guesses(campaign).items()
            },
            "volume": [[day.isoformat(), count] for day, count in campaign.volume],
        }
        if full:
            told["members"] = list(campaign.members)
            told["common"] = [[*trait, count] for trait, count in campaign.common]
            links = sorted(campaign.links, key=lambda one: one.score)[:doubted] if doubted else campaign.links
            told["links"] = [asdict(one) for one in links]
            told["refused"] = [asdict(one) for one in campaign.refused]
            told["techniques"], told["texts"] = self._evidence(campaign)
        return told

    def dossier(self, campaign: Campaign) -> Dossier:
        """Give a campaign with what others are told of it."""
        known = tuple(one for one in self.guesses(campaign).values() if one.name != "unknown")
        hubs = frozenset(trait for trait, (_, why) in self.index.worth.items() if why in ("hub", "spread"))
        return Dossier(campaign, tuple(self.by_id[key] for key in campaign.members), known, hubs)

    def _evidence(self, campaign: Campaign) -> tuple[list[str], list[str]]:
        """Give techniques, and titles and values as written, of all members: what attribution weighs."""
        techniques, texts = Counter[str](), Counter[str]()
        for key in campaign.members:
            one = self.by_id[key]
            techniques.update(value for kind, value in one.traits if kind == "technique")
            texts.update({one.title, *(value for kind, value in one.traits if kind in WRITTEN)} - {""})
        return _commonest(techniques), _commonest(texts)[:TEXTS]

    def series(self, by: str) -> dict[str, dict[str, list[date]]]:
        """Give days with repeats, by series and source (the kind of sighting)."""
        told: dict[str, dict[str, list[date]]] = {}
        for one in self.index.sightings:
            home = self._home.get(one.id)
            name = "all" if by == "all" else (home.id if home else "") if by == "campaign" else str(getattr(one, by))
            if name and one.day is not None:
                told.setdefault(name, {}).setdefault(one.kind, []).append(one.day)
        return told

    def trend(self, by: str, only: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Give each series, or ``only`` those of these names, with its volume, silences and surges, largest first."""
        found = {name: days for name, days in self.series(by).items() if only is None or name in only}
        watched: dict[str, set[date]] = {}
        for sources in self.series("all").values():
            for source, days in sources.items():
                watched.setdefault(source, set()).update(days)
        looked: Mapping[str, list[date]] = {source: sorted(days) for source, days in watched.items()}
        rows = []
        for name, sources in found.items():
            counts = Counter(day for days in sources.values() for day in days)
            quiet = activity.silences(sources, looked)
            rows.append(
                {
                    "name": name,
                    "count": sum(counts.values()),
                    "volume": [[day.isoformat(), counts[day]] for day in sorted(counts)],
                    "silences": [{**_dated(asdict(one)), "delay_days": one.delay_days} for one in quiet],
                    "surges": [_dated(asdict(one)) for one in activity.surges(counts)],
                }
            )
        return sorted(rows, key=lambda row: (-int(str(row["count"])), str(row["name"])))

    def arrivals(self, country: str, since: date) -> list[dict[str, Any]]:
        """Give warnings that families reached a country: by readers of mails, and senders that reports name."""
        samples = []
        for one in self.index.sightings:
            if one.family and one.day is not None:
                tails = (
                    [one.country]
                    if one.country
                    else [v.rpartition(".")[2] for k, v in one.traits if k == "sender.domain"]
                )
                samples.append(arrival.Sample(one.day, one.family, sum(tail == country for tail in tails), len(tails)))
        returns = {}
        watched = self.series("all").get("all", {})
        for family, sources in self.series("family").items():
            ended = [one.until for one in activity.silences(sources, watched) if one.until is not None]
            days = [day for some in sources.values() for day in some]
            returns[family] = max([*ended, min(days)])  # new in the record counts as come back
        return [
            {**_dated(asdict(one)), "lead_days": one.lead_days} for one in arrival.arrivals(samples, since, returns)
        ]


def _commonest(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda one: (-counts[one], one))


def _dated(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def _when(at_s: int | None) -> str:
    return "" if at_s is None else datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
