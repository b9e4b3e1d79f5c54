#!/usr/bin/env python3
"""Measure campaigns and trends on public data beside the project; nothing of it is kept.

Run: .venv/bin/python bench/campaigns/evaluate.py [--early] [PART ...]
Parts: family pairs activity arrival clusters purity links

Protocol: labels are guessed for each note from earlier notes only (days before its own). Up to March 2022 is for
development, April 2022 and later is reported apart; ``--early`` leaves it out. Family: notes of executemalware that
name one. Distributor: Qakbot notes of both trackers that name one. Pairs: two notes are of one wave when they name the
same one (``obama175``), or, where neither names one, the same family and distributor within a day. As that truth itself
asks for nearness in time, pairs within a day are ranked apart too: there, time tells nothing.
"""

from __future__ import annotations

import csv
import itertools
import math
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from sekisho.campaigns import activity, arrival, clusters, labels, linklist, notes, traits, waves, weights
from sekisho.model.campaign import Guess, Sighting
from sekisho.model.registered import registered_domain

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TRACKERS = ("executemalware", "pr0xylife-emotet", "pr0xylife-qakbot")
LATE = datetime(2022, 4, 1, tzinfo=UTC).timestamp()
EARLY, PARTS_IN_TIME = "--early", ("to 2022-03", "from 2022-04")
HALF_DAY_S, DAY_S = 43_200, 86_400
RUNS = 3
LINK_MONTHS = ("202106", "202206")
KNOWN = (("emotet", "2021-11-15"), ("emotet", "2022-11-02"), ("qakbot", "2021-09-21"), ("qakbot", "2022-09-08"))
"""(family, day of return) of mission chapter 6, as the trackers date it."""


def say(text: str, end: str = "\n") -> None:
    """Print a line."""
    sys.stdout.write(text + end)


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
    """Report accuracy of one label over all notes, and over those whose label was seen before, and calibration."""
    model, told = labels.Labels(what), {part: Counter[str]() for part in PARTS_IN_TIME}
    sure: dict[str, list[tuple[float, float, bool]]] = {part: [] for part in PARTS_IN_TIME}
    for note in some:
        name, found, at_s = getattr(note, what), traits.traits(note.mail), note.at_s or 0
        ranked = model.guess(found, at_s - HALF_DAY_S)
        if ranked:
            part = PARTS_IN_TIME[at_s >= LATE]
            count, seen, right = told[part], [one for _, one, _ in model.seen], ranked[0].name == name
            count["all"] += 1
            count["known"] += name in seen
            count["right"] += right
            count["most"] += Counter(seen).most_common(1)[0][0] == name
            best = model.calibrated(ranked, at_s - HALF_DAY_S)[0]
            sure[part].append((ranked[0].probability, best.probability, right))
        model.check(ranked, name, at_s)
        model.learn(found, name, at_s)
    for part in PARTS_IN_TIME[:1] if EARLY in sys.argv else PARTS_IN_TIME:
        count = told[part]
        right, every, known = count["right"], count["all"], count["known"]
        say(
            f"{what} {part}: {right / every:.3f} of {every}, {right / known:.3f} of {known} whose label was seen before"
        )
        say(f"    most frequent label so far: {count['most'] / every:.3f}")
        raw, calibrated = ([(row[which], row[2]) for row in sure[part]] for which in (0, 1))
        say(f"    calibration error {apart(calibrated):.3f} (raw {apart(raw):.3f}), ", end="")
        say(f"Brier {brier(calibrated):.3f} (raw {brier(raw):.3f})")


def apart(pairs: list[tuple[float, bool]], bins: int = 10) -> float:
    """Give the expected calibration error over bins of equal width."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for probability, right in pairs:
        groups[min(int(probability * bins), bins - 1)].append((probability, right))
    return sum(abs(sum(p for p, _ in group) - sum(right for _, right in group)) for group in groups) / len(pairs)


def brier(pairs: list[tuple[float, bool]]) -> float:
    """Give the mean squared distance of probabilities from what was so."""
    return sum((probability - right) ** 2 for probability, right in pairs) / len(pairs)


def pairs() -> None:
    """Rank pairs of notes by what they share and by the probability of one wave; average precision."""
    everything = {f"{tracker}/{name}": note for tracker, name, note in tracker_notes()}
    made = clusters.index(
        Sighting(key, "report", note.at_s, key, "", traits.traits(note.whole)) for key, note in everything.items()
    )
    crews = crew_guesses([(one, everything[one.id]) for one in made.sightings])
    for late, part in list(enumerate(PARTS_IN_TIME))[: 1 if EARLY in sys.argv else None]:
        some = [at for at, one in enumerate(made.sightings) if ((one.at_s or 0) >= LATE) == late]
        rows, shared = [], [0, 0]
        for first, second in itertools.combinations(some, 2):
            left, right = made.sightings[first], made.sightings[second]
            same, days = together(everything[left.id], everything[right.id]), clusters.days_between(left, right)
            evidence, agreement = made.evidence(first, second), waves.agreement(crews[first], crews[second])
            waved = (waves.log_odds(evidence, days), waves.log_odds(evidence, days, agreement))
            rows.append((same, (days or 0) <= waves.NEAR_DAYS, made.score(first, second), *waved))
            if set(left.traits) & set(right.traits):
                shared[same] += 1
        positives = sum(row[0] for row in rows)
        told = f"{positives} of {len(rows)} pairs; any shared value: {shared[1] / sum(shared):.3f}"
        say(f"pairs {part}: {told}")
        for name, column in (("campaign score", 2), ("one wave", 3), ("one wave, with earlier labels", 4)):
            whole = precision([(row[column], row[0]) for row in rows])
            near = [(row[column], row[0]) for row in rows if row[1]]
            say(f"    {name}: average precision {whole:.3f}, among the {len(near)} within a day {precision(near):.3f}")
        for name, column in (("one wave", 3), ("one wave, with earlier labels", 4)):
            sure = [(weights.probability(row[column]), row[0]) for row in rows if row[1]]
            say(f"    {name}: calibration error within a day {apart(sure):.3f}")


def crew_guesses(some: list[tuple[Sighting, notes.Note]]) -> list[tuple[Guess, ...]]:
    """Guess family and distributor of each note, sorted by time, from those of earlier days."""
    model, found = labels.Labels("crew"), []
    for one, note in some:
        found.append(model.guess(one.traits, (note.at_s or 0) - HALF_DAY_S))
        if note.family:
            model.learn(one.traits, f"{note.family}/{note.distributor}", note.at_s or 0)
    return found


def together(one: notes.Note, two: notes.Note) -> bool:
    """Tell whether two notes are of one wave."""
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
    made = clusters.index(some)
    for one in found[:4]:
        inside = [made.place[member] for member in one.members]
        linked = [made.score(*pair) >= weights.LINK_AT for pair in itertools.combinations(sorted(inside), 2)]
        say(f"    {len(inside)} mails: {sum(linked) / len(linked):.2f} of all pairs are linked by themselves")
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
    started, begun = time.perf_counter(), time.process_time()
    clusters.cluster(many)
    took, used = time.perf_counter() - started, time.process_time() - begun
    say(
        f"{len(many)} mails (twenty copies, a week apart): {len(many) / took:.0f} mails/s, "
        f"{len(many) / used:.0f} by time of the processor"
    )


def purity() -> None:
    """Cluster notes: how many pairs of one campaign are of one family, and how many pairs of one wave are together."""
    for late, part in list(enumerate(PARTS_IN_TIME))[: 1 if EARLY in sys.argv else None]:
        some = {f"{tracker}/{name}": note for tracker, name, note in tracker_notes()}
        some = {key: note for key, note in some.items() if ((note.at_s or 0) >= LATE) == late}
        found = clusters.cluster(
            Sighting(key, "report", note.at_s, key, "", traits.traits(note.whole)) for key, note in some.items()
        )
        home = {member: one.id for one in found for member in one.members}
        count = Counter[str]()
        for one, two in itertools.combinations(some, 2):
            inside, wave = one in home and home[one] == home.get(two), together(some[one], some[two])
            count["inside"] += inside
            count["family"] += inside and some[one].family == some[two].family
            count["wave"] += wave
            count["kept"] += wave and inside
        say(
            f"notes {part}: {len(found)} campaigns, largest {[len(one.members) for one in found[:6]]}; "
            f"{count['family'] / count['inside']:.3f} of {count['inside']} pairs are of one family, "
            f"{count['kept'] / count['wave']:.3f} of pairs of one wave are together"
        )


def links() -> None:
    """Cluster a month of listed links without their brands: how many pairs of one campaign are of one brand."""
    for month in LINK_MONTHS[: 1 if EARLY in sys.argv else None]:
        path = SHARED / "intel" / "jpcert-phishurl" / month[:4] / f"{month}.csv"
        found = list(linklist.read(path.read_text(encoding="utf-8", errors="replace"), path.name))
        listed = [one for one in found if isinstance(one, Sighting)]
        plain = [replace(one, traits=tuple(each for each in one.traits if each.kind != "brand")) for one in listed]
        started = time.perf_counter()
        made = clusters.cluster(plain)
        took = time.perf_counter() - started
        brand = {one.id: one.brand for one in listed}
        inside = same = 0
        for one in made:
            counted = Counter(brand[key] for key in one.members)
            inside += math.comb(len(one.members), 2)
            same += sum(math.comb(count, 2) for count in counted.values())
        total = sum(math.comb(count, 2) for count in Counter(brand.values()).values())
        held = sum(len(one.members) for one in made)
        say(
            f"links of {month}: {len(listed)} ({len(found) - len(listed)} unread), {len(listed) / took:.0f} a second; "
            f"{len(made)} campaigns hold {held}, largest {[len(one.members) for one in made[:5]]}; "
            f"{same / max(1, inside):.3f} of {inside} pairs are of one brand "
            f"(any two: {total / math.comb(len(brand), 2):.3f})"
        )


PARTS = {
    "family": family,
    "pairs": pairs,
    "activity": dormancy,
    "arrival": reach,
    "clusters": phishing,
    "purity": purity,
    "links": links,
}


def main() -> int:
    """Run the parts named, or all."""
    if not SHARED.is_dir():
        say("skipped: no real data beside the project")
        return 0
    for name in [one for one in sys.argv[1:] if one != EARLY] or PARTS:
        say(f"== {name}")
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
