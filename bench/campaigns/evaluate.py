#!/usr/bin/env python3
"""Measure campaigns and trends on public data beside the project; nothing of it is kept.

Run: .venv/bin/python bench/campaigns/evaluate.py [family] [pairs] [activity] [arrival] [clusters]

Protocol: labels are guessed for each note from earlier notes only (days before its own). Up to March 2022 is for
development, April 2022 and later is reported apart. Family: notes of executemalware that name one. Distributor: Qakbot
notes of both trackers that name one. Pairs: two notes are of one campaign when they name the same wave (``obama175``),
or, where neither names one, the same family and distributor within a day.
"""

from __future__ import annotations

import csv
import itertools
import random
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from sekisho.campaigns import activity, arrival, clusters, labels, notes, traits
from sekisho.model.campaign import Sighting
from sekisho.model.registered import registered_domain

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TRACKERS = ("executemalware", "pr0xylife-emotet", "pr0xylife-qakbot")
LATE = datetime(2022, 4, 1, tzinfo=UTC).timestamp()
HALF_DAY_S, DAY_S = 43_200, 86_400
RUNS = 3
KNOWN = (("emotet", "2021-11-15"), ("emotet", "2022-11-02"), ("qakbot", "2021-09-21"), ("qakbot", "2022-09-08"))
"""(family, day of return) of mission chapter 6, as the trackers date it."""


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def tracker_notes() -> list[tuple[str, str, notes.Note]]:
    """Give (tracker, name, note), dated ones only, in order of time."""
    found = []
    for tracker in TRACKERS:
        for path in sorted((SHARED / "intel" / tracker).iterdir()):
            note = notes.read(path.read_text(encoding="utf-8", errors="replace"), path.name)
            if note.at_s is not None:
                found.append((tracker, path.name, note))
    return sorted(found, key=lambda row: (row[2].at_s, row[1]))


def family() -> None:
    """Guess family and distributor from the mail stage, rolling in time."""
    everything = tracker_notes()
    guess("family", [note for tracker, _, note in everything if tracker == "executemalware" and note.family])
    guess("distributor", [note for *_, note in everything if note.family == "qakbot" and note.distributor])


def guess(what: str, some: list[notes.Note]) -> None:
    """Report accuracy of one label over all notes, and over those whose label was seen before."""
    model, told = labels.Labels(what), {"to 2022-03": Counter[str](), "from 2022-04": Counter[str]()}
    for note in some:
        name, found = getattr(note, what), traits.traits(note.mail)
        ranked = model.guess(found, (note.at_s or 0) - HALF_DAY_S)
        if ranked:
            count = told["from 2022-04" if (note.at_s or 0) >= LATE else "to 2022-03"]
            seen = [one for _, one, _ in model.seen]
            count["all"] += 1
            count["known"] += name in seen
            count["right"] += ranked[0].name == name
            count["most"] += Counter(seen).most_common(1)[0][0] == name
        model.learn(found, name, note.at_s or 0)
    for part, count in told.items():
        right, every, known = count["right"], count["all"], count["known"]
        say(
            f"{what} {part}: {right / every:.3f} of {every}, {right / known:.3f} of {known} whose label was seen before"
        )
        say(f"    most frequent label so far: {count['most'] / every:.3f}")


def pairs() -> None:
    """Rank pairs of notes by score; average precision."""
    everything = {f"{tracker}/{name}": note for tracker, name, note in tracker_notes()}
    made = clusters.index(
        Sighting(key, "report", note.at_s, key, "", traits.traits(note.whole)) for key, note in everything.items()
    )
    worthy = {trait for trait, (value, _) in made.worth.items() if value > 0}
    kinds = {number: frozenset(one.traits) & worthy for number, one in enumerate(made.sightings)}
    for part, late in (("to 2022-03", False), ("from 2022-04", True)):
        some = [at for at, one in enumerate(made.sightings) if ((one.at_s or 0) >= LATE) is late]
        ranked, any_value = [], []
        for first, second in itertools.combinations(some, 2):
            same = together(*(everything[made.sightings[one].id] for one in (first, second)))
            ranked.append((made.score(first, second, kinds), same))
            shares = bool(set(made.sightings[first].traits) & set(made.sightings[second].traits))
            any_value.append((shares, same))
        linked = sum(same for shares, same in any_value if shares) / max(1, sum(shares for shares, _ in any_value))
        positives = sum(same for _, same in ranked)
        told = f"{positives} of {len(ranked)} pairs; any shared value: {linked:.3f}"
        say(f"pairs {part}: average precision {precision(ranked):.3f} ({told})")


def together(one: notes.Note, two: notes.Note) -> bool:
    """Tell whether two notes are of one campaign."""
    if one.wave or two.wave:
        return one.wave == two.wave
    near = abs((one.at_s or 0) - (two.at_s or 0)) <= 1.5 * DAY_S
    return near and bool(one.family) and (one.family, one.distributor) == (two.family, two.distributor)


def precision(ranked: list[tuple[float, bool]]) -> float:
    """Give the average precision of a ranking."""
    hits, total = 0, 0.0
    for place, (_, same) in enumerate(sorted(ranked, key=lambda one: -one[0]), 1):
        if same:
            hits += 1
            total += hits / place
    return total / max(1, hits)


def activity_rows() -> list[tuple[str, str, date]]:
    """Give (source, family, day) of the activity table."""
    with (SHARED / "intel" / "family_activity_days.csv").open(encoding="utf-8") as file:
        return [(row["source"], row["family"], date.fromisoformat(row["date"])) for row in csv.DictReader(file)]


def silences() -> dict[str, tuple[activity.Silence, ...]]:
    """Give the silences of each family."""
    rows = activity_rows()
    watched: dict[str, set[date]] = {}
    for source, _, day in rows:
        watched.setdefault(source, set()).add(day)
    looked = {source: sorted(days) for source, days in watched.items()}
    series = activity.merged(rows)
    return {
        name: activity.silences({one: sorted(days) for one, days in by.items()}, looked) for name, by in series.items()
    }


def dormancy() -> None:
    """List the silences called, and which of the known ones are among them."""
    found = silences()
    for name, some in sorted(found.items()):
        for one in some:
            told = f"called {one.called_at}, return alarm after {one.delay_days} days"
            say(f"{name}: {one.after} to {one.until}, {one.days} days, {one.probability:.3f}, {told}")
    for name, back in KNOWN:
        hit = any(one.until and abs((one.until - date.fromisoformat(back)).days) <= 7 for one in found[name])
        say(f"known return of {name} on {back}: {'found' if hit else 'MISSED'}")


def reach() -> None:
    """Warn of families whose senders are Japanese; the background is the time before 2022."""
    samples = []
    for tracker, _, note in tracker_notes():
        if tracker == "executemalware" and note.family:
            domains = {registered_domain(one.rpartition("@")[2].lower()) for one in note.mail.senders}
            day = datetime.fromtimestamp(note.at_s or 0, UTC).date()
            samples.append(arrival.Sample(day, note.family, sum(one.endswith(".jp") for one in domains), len(domains)))
    since = date(2022, 1, 1)
    returns = {
        name: max(day for one in some if (day := one.until) and day < since)
        for name, some in silences().items()
        if any(one.until and one.until < since for one in some)
    }
    for one in arrival.arrivals(samples, since, returns):
        say(
            f"arrival of {one.family}: {one.at}, {one.probability:.2f}, {one.hits} of {one.total}"
            f" against {one.background:.4f}, {one.lead_days} days before the peak week"
        )


def phishing() -> None:
    """Cluster real phishing: speed with and without parsing, and sameness under other orders and increments."""
    from sekisho.app.campaigns import sightings

    folder = SHARED / "mail" / "phishing_pot"
    started = time.perf_counter()
    some = list(sightings.read([str(folder)], "none.db", 2, sightings.Read()))
    parsing = time.perf_counter() - started
    timed = []
    for _ in range(RUNS):
        started = time.perf_counter()
        found = clusters.cluster(some)
        timed.append(time.perf_counter() - started)
    took = statistics.median(timed)
    say(f"{len(some)} mails: {len(some) / took:.0f} mails/s clustered, {len(some) / (took + parsing):.0f} with parsing")
    say(f"{len(found)} campaigns, largest {[len(one.members) for one in found[:8]]}")
    same = 0
    for seed in range(RUNS):
        shuffled = list(some)
        random.Random(seed).shuffle(shuffled)
        same += clusters.cluster(shuffled) == found
    say(f"the same result in {same} of {RUNS} other orders")
    ordered = sorted(some, key=lambda one: (one.at_s is None, one.at_s or 0, one.id))
    early = clusters.cluster(ordered[: len(ordered) // 2])
    anchors = {member for one in found for member in one.members}
    kept = sum(one.anchor in anchors for one in early)
    say(f"{kept} of {len(early)} campaigns of the first half are found by their id later")
    many = [
        Sighting(f"{one.id}-{copy}", one.kind, one.at_s and one.at_s + copy * 7 * DAY_S, one.title, "", one.traits)
        for copy in range(20)
        for one in some
    ]
    started = time.perf_counter()
    clusters.cluster(many)
    say(f"{len(many)} mails (twenty copies, a week apart): {len(many) / (time.perf_counter() - started):.0f} mails/s")


PARTS = {"family": family, "pairs": pairs, "activity": dormancy, "arrival": reach, "clusters": phishing}


def main() -> int:
    """Run the parts named, or all."""
    if not SHARED.is_dir():
        say("skipped: no real data beside the project")
        return 0
    for name in sys.argv[1:] or PARTS:
        say(f"== {name}")
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
