"""Campaigns in the console: each mail and incident of a case is a sighting, and what belongs together is computed.

Sightings, labels and decisions lie in ``campaigns.db``, as ``sekisho campaigns`` keeps them; the console's database has
what was computed from them last, so that no page computes anything. A case's sightings replace those it had before.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from sekisho.app.attribution import families as known_families
from sekisho.app.campaigns import incidents, sightings
from sekisho.app.campaigns.answers import BY, Answers
from sekisho.app.campaigns.store import Store
from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.database import Database, packed, unpacked
from sekisho.app.console.jobs import Jobs
from sekisho.attribute import families as weighing
from sekisho.attribute.families import Family
from sekisho.model.artifact import Analysis
from sekisho.model.campaign import Campaign, Decision, Sighting
from sekisho.model.errors import SekishoError, SourceError
from sekisho.model.result import Result

NAME = "campaigns.db"
KIND = "campaigns"
"""Of the job that computes them anew after somebody decided something."""
MOST_SIGHTINGS = 20_000
"""That are compared, the latest; older ones stay in the store. Measured on made-up sightings with nine traits each on a
busy machine: some 2 ms each."""
MOST_CAMPAIGNS = 3_000
"""That are kept for pages: those with the latest sightings."""
TOLD = 300
"""Of these, whose guesses and silences are computed."""
LINKS, MEMBERS, SERIES = 60, 5_000, 60
BACKGROUND_DAYS = 60
"""Before the last sighting: arrivals are told of these days, what was before is what is usual."""
COUNTRY = "jp"
BARS = 120  # of a chart; longer series are drawn by several days a bar
ORDER = ("", "clean", "unscanned", "suspicious", "malicious")
CASE_CHARS = 13


def feed(database: Database, case_id: str, result: Result) -> int:
    """Put a case's mails and incidents into the store, in place of what it had; give how many are new."""
    made = list(_of_mails(result))
    found = [(one.source.rpartition("#")[2], one) for one in incidents.of_result(result, case_id)]
    rows = [(ref, case_id, "message", one.id) for ref, one in made]
    rows += [(ref, case_id, "incident", one.id) for ref, one in found]
    everything = [one for _, one in (*made, *found)]
    with Store(str(database.folder / NAME), write=True) as store:
        store.keep_only(case_id, {one.id for one in everything})
        new = store.add(everything)
    with database.change() as base:
        base.execute("DELETE FROM sightings WHERE case_id = ?", (case_id,))
        base.executemany("INSERT OR REPLACE INTO sightings VALUES (?, ?, ?, ?)", rows)
    return new


def _of_mails(result: Result) -> Iterator[tuple[str, Sighting]]:
    """Give the sighting of each mail and file that was given, with the id of its root."""
    trees: dict[str, list[Analysis]] = defaultdict(list)
    root = ""
    for one, _ in result.artifacts:
        if one.artifact.parent is None:
            root = one.address  # a tree's parts follow its root
        trees[root].append(one)
    for tree in trees.values():
        if not (tree[0].unscanned and not tree[0].features):
            yield tree[0].id, sightings.of_facts(tree[0], tree)


def refresh(database: Database, report: Callable[[str, int, int, str], None] = lambda *_: None) -> int:
    """Compute the campaigns from the store, and give how many there are.

    Raises:
        SourceError: the store cannot be read or written.
    """
    report(KIND, 0, 0, "")
    path = database.folder / NAME
    if not path.exists():
        return 0
    cases = {row["id"] for row in database.all("SELECT id FROM cases")}
    with Store(str(path), write=True) as store:
        for gone in store.places() - cases:
            if len(gone) == CASE_CHARS and gone.startswith("c"):  # a case that was deleted
                store.keep_only(gone, ())
        seen, decisions = store.sightings(), store.decisions()
    latest = sorted(seen, key=lambda one: (one.at_s or 0, one.id))[-MOST_SIGHTINGS:]
    answers = Answers(latest, decisions)
    campaigns = sorted(answers.campaigns, key=lambda one: (-(one.last_at_s or 0), one.id))[:MOST_CAMPAIGNS]
    rows, members = _rows(database, answers, campaigns, report)
    trends = _trends(answers)
    with database.change() as base:
        base.execute(
            "DELETE FROM sightings WHERE case_id NOT IN (SELECT id FROM cases)",
        )
        for table in ("campaigns", "campaign_members", "trends"):
            base.execute(f"DELETE FROM {table}")
        base.executemany(f"INSERT INTO campaigns VALUES ({', '.join('?' * 14)})", rows)
        base.executemany("INSERT INTO campaign_members VALUES (?, ?, ?, ?, ?, ?)", members)
        base.executemany(
            "INSERT INTO trends VALUES (?, ?)", [(name, packed(_clean(doc))) for name, doc in trends.items()]
        )
    return len(rows)


@dataclass(slots=True)
class _Seen:
    """What the console's messages and incidents say about sightings."""

    verdict: dict[str, str]
    messages: dict[str, int]
    recipients: dict[str, set[str]]
    incidents: dict[str, int]


def _looked_up(database: Database) -> _Seen:
    seen = _Seen({}, defaultdict(int), defaultdict(set), defaultdict(int))
    rows = database.base.execute(
        "SELECT s.sighting, m.verdict, m.recipients FROM sightings s JOIN messages m ON m.id = s.ref "
        "WHERE s.kind = 'message'"
    )
    for key, verdict, recipients in rows:
        if ORDER.index(verdict) > ORDER.index(seen.verdict.get(key, "")):
            seen.verdict[key] = verdict
        seen.messages[key] += 1
        seen.recipients[key].update(orjson.loads(recipients)[:200])
    for (key,) in database.base.execute("SELECT sighting FROM sightings WHERE kind = 'incident'"):
        seen.incidents[key] += 1
        seen.verdict[key] = "malicious"
    return seen


def _rows(
    database: Database, answers: Answers, campaigns: Sequence[Campaign], report: Callable[[str, int, int, str], None]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    seen = _looked_up(database)
    series = {row["name"]: row for row in answers.trend("campaign", {one.id for one in campaigns[:TOLD]})}
    _, listed = known_families.read()
    rows, members = [], []
    for at, one in enumerate(campaigns):
        report(KIND, at, len(campaigns), one.title)
        doc = _document(answers, one, series.get(one.id), full=at < TOLD)
        verdict = max((seen.verdict.get(key, "") for key in one.members), key=ORDER.index, default="")
        family = _family(doc, listed, one) if at < TOLD and verdict in ("malicious", "suspicious") else ("", 0.0)
        theme = doc["guesses"].get("theme", {"name": "", "probability": 0.0})
        rows.append(
            (
                one.id,
                one.title,
                len(one.members),
                one.first_at_s,
                one.last_at_s,
                sum(seen.messages.get(key, 0) for key in one.members),
                len(set().union(*(seen.recipients.get(key, set()) for key in one.members))),
                sum(seen.incidents.get(key, 0) for key in one.members),
                verdict,
                *family,
                theme["name"],
                theme["probability"],
                packed(doc),
            )
        )
        for number, key in enumerate(one.members[:MEMBERS]):
            member = answers.by_id[key]
            members.append((one.id, number, key, member.kind, member.at_s, member.title))
    return rows, members


def _document(answers: Answers, one: Campaign, series: dict[str, Any] | None, *, full: bool) -> dict[str, Any]:
    """Give what the page of a campaign shows; of the many links, the weakest, which are the ones to doubt."""
    if full:
        doc = answers.document(one, full=True, doubted=LINKS)
    else:
        doc = {"id": one.id, "title": one.title, "count": len(one.members), "undated": one.undated, "guesses": {}}
        doc |= {"volume": [[day.isoformat(), count] for day, count in one.volume], "common": [], "links": []}
        doc |= {"refused": [], "techniques": [], "texts": []}
    doc.pop("members", None)
    doc["silences"] = series["silences"] if series else []
    doc["surges"] = series["surges"] if series else []
    doc["anchor"] = one.anchor
    cleaned: dict[str, Any] = _clean(doc)
    return cleaned


def _clean(value: Any) -> Any:
    """Give a value as JSON can hold it: what mails say may hold half letters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list | tuple) else value


def _family(doc: dict[str, Any], listed: tuple[Family, ...], one: Campaign) -> tuple[str, float]:
    """Give the family and its probability: as people labelled it, else by the signs that attribution knows."""
    guess = doc["guesses"].get("family")
    if guess and guess["name"] != "unknown":
        return guess["name"], guess["probability"]
    day = None if one.first_at_s is None else datetime.fromtimestamp(one.first_at_s, UTC).date()
    signs = weighing.Seen(tuple(doc["texts"][:500]), tuple(doc["techniques"]), day)
    found = weighing.weigh(listed, signs, "family", subject=one.id, reference="", language="en")
    if not found.hypotheses or found.band == "unknown":
        return "", 0.0
    return found.hypotheses[0].name, found.hypotheses[0].probability


def _trends(answers: Answers) -> dict[str, Any]:
    """Give the series that the page of trends shows, and the families that reach the country."""
    told: dict[str, Any] = {}
    for by in BY:
        if by != "campaign":
            told[by] = answers.trend(by)[:SERIES]
    days = [one.day for one in answers.by_id.values() if one.day is not None]
    told["end"] = max(days).isoformat() if days else ""
    told["arrivals"] = answers.arrivals(COUNTRY, max(days) - timedelta(days=BACKGROUND_DAYS)) if days else []
    return told


def after_investigation(database: Database, case_id: str, result: Result) -> None:
    """Feed, and have campaigns computed in one job for all cases that wait; what goes wrong is noted."""
    try:
        feed(database, case_id, result)
        Jobs(database).ask(KIND, SYSTEM, KIND)
    except (SekishoError, sqlite3.Error, OSError, ValueError) as error:
        with database.change() as base:
            note(base, SYSTEM, "campaign.fail", case_id, reason=str(error)[:500])


def decide(database: Database, by: Actor, verdict: str, first: str, second: str, reason: str) -> None:
    """Say that two sightings belong together (``same``) or not (``apart``).

    Raises:
        SourceError: one of them is none, or they are the same.
    """
    known = {
        row["sighting"]
        for row in database.all("SELECT sighting FROM campaign_members WHERE sighting IN (?, ?)", first, second)
    }
    if first == second or known != {first, second}:
        raise SourceError("name two sightings of campaigns", f"{first} {second}"[:200])
    with Store(str(database.folder / NAME), write=True) as store:
        store.decide(Decision(verdict, first, second, reason[:500]))
    with database.change() as base:
        note(base, by, f"campaign.{verdict}", first, other=second, reason=reason[:500])


def anchor_of(database: Database, key: str) -> str:
    """Give the first sighting of a campaign.

    Raises:
        SourceError: there is no such campaign.
    """
    row = database.one("SELECT sighting FROM campaign_members WHERE campaign = ? AND number = 0", key)
    if row is None:
        raise SourceError("there is no such campaign", key[:100])
    return str(row["sighting"])


def undo(database: Database, by: Actor) -> Decision:
    """Take the last decision back.

    Raises:
        SekishoError: there is none.
    """
    if not (database.folder / NAME).exists():
        raise SekishoError("no decision to undo")
    with Store(str(database.folder / NAME), write=True) as store:
        one = store.undo()
    with database.change() as base:
        note(base, by, "campaign.undo", one.a, other=one.b, verdict=one.verdict)
    return one


def decisions(database: Database) -> list[Decision]:
    """Give what people decided, the latest first."""
    if not (database.folder / NAME).exists():
        return []
    with Store(str(database.folder / NAME)) as store:
        return store.decisions()[::-1]


def label(database: Database, by: Actor, key: str, family: str, distributor: str) -> int:
    """Name the family or distributor of all members of a campaign.

    Raises:
        SourceError: there is no such campaign, or nothing was named.
    """
    family, distributor = family.strip()[:80], distributor.strip()[:80]
    if not family and not distributor:
        raise SourceError("name a family or a distributor", key)
    keys = [row["sighting"] for row in database.all("SELECT sighting FROM campaign_members WHERE campaign = ?", key)]
    if not keys:
        raise SourceError("there is no such campaign", key[:100])
    with Store(str(database.folder / NAME), write=True) as store:
        count = store.label(keys, family, distributor)
    with database.change() as base:
        note(base, by, "campaign.label", key, family=family, distributor=distributor)
    return count


@dataclass(frozen=True, slots=True)
class Bars:
    """A series drawn as bars."""

    labels: tuple[str, ...]
    values: tuple[int, ...]
    marks: tuple[tuple[str, str, int], ...]
    """Silences: first and last label, and days."""
    step_days: int


def bars(volume: Sequence[Sequence[Any]], silences: Sequence[dict[str, Any]], end: str = "") -> Bars:
    """Draw counts by day, up to the end of the record, several days a bar where there are too many."""
    counts = {date.fromisoformat(day): int(count) for day, count in volume}
    if not counts:
        return Bars((), (), (), 1)
    first = min(counts)
    last = max(max(counts), date.fromisoformat(end) if end else date.min)
    step = max(1, -(-((last - first).days + 1) // BARS))
    size = (last - first).days // step + 1
    values = [0] * size
    for day, count in counts.items():
        values[(day - first).days // step] += count
    labels = tuple((first + timedelta(days=at * step)).isoformat() for at in range(size))
    marks = []
    for one in silences:
        after = date.fromisoformat(one["after"])
        until = date.fromisoformat(one["until"]) if one["until"] else last + timedelta(days=1)
        start = min(max(0, (after - first).days // step + 1), size - 1)
        stop = min(max(start, (until - first).days // step - 1), size - 1)
        marks.append((labels[start], labels[stop], (until - after).days - 1))
    return Bars(labels, tuple(values), tuple(marks), step)


def home_of(database: Database, ref: str) -> tuple[str, str] | None:
    """Give id and title of the campaign that a message or incident is in; None when it stands alone."""
    row = database.one(
        "SELECT c.id, c.title FROM sightings s JOIN campaign_members m ON m.sighting = s.sighting "
        "JOIN campaigns c ON c.id = m.campaign WHERE s.ref = ?",
        ref,
    )
    return (row["id"], row["title"]) if row is not None else None


def trend(database: Database, name: str) -> Any:
    """Give a stored series; an empty list where nothing was computed yet."""
    row = database.one("SELECT doc FROM trends WHERE series = ?", name)
    return unpacked(row["doc"]) if row is not None else []
