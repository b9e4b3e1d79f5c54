"""The ``sekisho campaigns`` commands: what they take, and how answers are shown."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.app.campaigns.answers import Answers
    from sekisho.respond.wording import Words

CLEAN, FINDINGS, USAGE, PARTIAL = range(4)
CAMPAIGNS = """examples:
  sekisho campaigns add mails/ notes/ --store campaigns.db
  sekisho campaigns add result.json --store campaigns.db
  sekisho campaigns list --store campaigns.db
  sekisho campaigns show c0123456789ab --store campaigns.db
  sekisho campaigns explain s0123456789ab s456789abcdef --store campaigns.db
  sekisho campaigns split s0123456789ab s456789abcdef --reason "other sender crew" --store campaigns.db
  sekisho campaigns undo --store campaigns.db
  sekisho campaigns trend --by family --html trend.html --store campaigns.db

the same mails give the same campaigns and ids in whatever order they are added

"""


def add(commands: Any, language: str) -> None:
    """Add the commands."""
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": CAMPAIGNS}
    group = commands.add_parser("campaigns", help="group mails into campaigns, and follow them over time", **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, text: str, run: Any) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=text, **shape)
        made.add_argument("--store", required=True, metavar="FILE", help="the store, one SQLite file")
        made.add_argument("--lang", choices=("en", "ja"), default=language, help="language of texts")
        made.set_defaults(run=run)
        return made

    one = action(
        "add", "add mails, mailboxes, files, results of investigate, trackers' notes and lists of phishing links", _add
    )
    one.add_argument("paths", nargs="+", metavar="PATH")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")
    one = action("list", "list campaigns, largest first", _list)
    one.add_argument("--most", type=int, default=50, metavar="N", help="show so many (default 50)")
    one.add_argument("--json", action="store_true", help="as JSON")
    one = action("show", "show one campaign: members, links, what it probably is", _show)
    one.add_argument("id", metavar="ID", help="of a campaign, now or earlier, or of a member")
    one.add_argument("--json", action="store_true", help="as JSON")
    one = action("explain", "tell why two sightings or campaigns are linked, or not", _explain)
    one.add_argument("ids", nargs=2, metavar="ID")
    one.add_argument("--json", action="store_true", help="as JSON")
    for name, text, verdict in (
        ("split", "say that two do not belong together", "apart"),
        ("merge", "say that two belong together", "same"),
    ):
        one = action(name, text, _decide)
        one.add_argument("ids", nargs=2, metavar="ID")
        one.add_argument("--reason", default="", metavar="TEXT")
        one.set_defaults(verdict=verdict)
    one = action("decide", "take decisions from a file: lines of same|apart ID ID reason", _decide_file)
    one.add_argument("file", metavar="FILE")
    action("undo", "take the last decision back", _undo)
    one = action("label", "name the family or distributor of a campaign or sighting", _label)
    one.add_argument("id", metavar="ID")
    one.add_argument("--family", default="", metavar="NAME")
    one.add_argument("--distributor", default="", metavar="NAME")
    one = action("trend", "show volume by day, silences, returns, surges and arrivals", _trend)
    one.add_argument("--by", choices=("campaign", "family", "theme", "brand", "country", "all"), default="family")
    one.add_argument("--country", default="jp", metavar="CODE", help="warn of families that reach it (default jp)")
    one.add_argument("--since", default="", metavar="DATE", help="warn from this day on; before it is background")
    one.add_argument("--html", metavar="FILE", help="write a report that opens offline")
    one.add_argument("--json", action="store_true", help="as JSON")


def _add(chosen: argparse.Namespace) -> int:
    from sekisho.app.campaigns import sightings
    from sekisho.app.campaigns.store import Store

    missing = [path for path in chosen.paths if not Path(path).exists()]
    if missing:
        _say([f"sekisho: no such file or folder: {', '.join(missing)}"], sys.stderr)
        return USAGE
    told = sightings.Read()
    with Store(chosen.store, write=True) as store:
        new = store.add(sightings.read(chosen.paths, chosen.store, min(max(1, chosen.jobs), 64), told))
    words = _words(chosen)
    counts = {
        "mails": told.mails,
        "files": told.files,
        "notes": told.notes,
        "links": told.links,
        "incidents": told.incidents,
        "undated": told.undated,
    }
    _say([words.get("campaigns.added", new=new, unread=told.unread, **counts), *told.reasons[:5]])
    return PARTIAL if told.unread else CLEAN


def _answers(chosen: argparse.Namespace) -> Answers:
    from sekisho.app.campaigns.answers import Answers
    from sekisho.app.campaigns.store import Store

    with Store(chosen.store) as store:
        return Answers(store.sightings(), store.decisions())


def _list(chosen: argparse.Namespace) -> int:
    found, words = _answers(chosen), _words(chosen)
    rows = [found.document(one) for one in found.campaigns[: max(0, chosen.most)]]
    if chosen.json:
        return _json({"campaigns": rows, "sightings": len(found.by_id)})
    held = sum(len(one.members) for one in found.campaigns)
    total = len(found.by_id)
    _say([words.get("campaigns.total", campaigns=len(found.campaigns), held=held, alone=total - held)])
    _say([_line(row, words) for row in rows])
    return CLEAN


def _line(row: dict[str, Any], words: Words) -> str:
    from sekisho.respond.wording import safe

    dates = f"{row['first'][:10]} … {row['last'][:10]}" if row["first"] else words.get("campaigns.no_date")
    named = [
        f"{words.word('campaigns.by', what)} {safe(one['name'])} {one['probability']:.0%}"
        for what, one in row["guesses"].items()
        if one["name"] != "unknown"
    ]
    told = f"  [{', '.join(named)}]" if named else ""
    return f"{row['id']}  {row['count']:5}  {dates}  {safe(row['title'][:60])}{told}"


def _name(name: str, words: Words) -> str:
    from sekisho.respond.wording import safe

    return words.get("campaigns.unknown") if name == "unknown" else safe(name)


def _show(chosen: argparse.Namespace) -> int:
    from datetime import date

    from sekisho.respond.volume import bars
    from sekisho.respond.wording import safe

    found, words = _answers(chosen), _words(chosen)
    one = found.campaign(chosen.id)
    told = found.document(one, full=True)
    if chosen.json:
        return _json(told)
    lines = [_line(told, words), *bars({date.fromisoformat(day): count for day, count in told["volume"]}, (), words)]
    lines += ["", words.get("campaigns.common")]
    lines += [f"  {count:5}  {kind} = {safe(value)}" for kind, value, count in told["common"]]
    lines += ["", words.get("campaigns.links")]
    for link in sorted(one.links, key=lambda link: link.score)[:20]:
        best = ", ".join(
            f"{each.trait.kind} = {safe(each.trait.value)} (+{each.weight:.1f})" for each in link.shared[:3]
        )
        lines.append(f"  {link.probability:6.1%}  {link.a} – {link.b}  {best}")
    if one.refused:
        lines += ["", words.get("campaigns.refused")]
        lines += [f"  {link.probability:6.1%}  {link.a} – {link.b}" for link in one.refused]
    lines += ["", words.get("campaigns.members")]
    shown = [found.by_id[key] for key in one.members[:50]]
    lines += [f"  {each.id}  {each.day or words.get('campaigns.no_date')}  {safe(each.title)}" for each in shown]
    _say(lines)
    return CLEAN


def _explain(chosen: argparse.Namespace) -> int:
    from sekisho.respond.wording import safe

    words = _words(chosen)
    told = _answers(chosen).explain(*chosen.ids)
    if chosen.json:
        return _json(told)
    lines = [words.get("campaigns.odds", probability=f"{told['probability']:.1%}", score=f"{told['score']:+.2f}")]
    lines.append(f"  {told['prior']:+6.2f}  {words.get('campaigns.prior')}")
    lines.append(f"  {told['time']:+6.2f}  {words.get('campaigns.time')}")
    for one in told["shared"]:
        why = f"  ({words.word('campaigns.ignored', one['ignored'])})" if one["ignored"] else ""
        carried = words.get("campaigns.carriers", count=one["carriers"])
        lines.append(f"  {one['weight']:+6.2f}  {one['kind']} = {safe(one['value'])}  {carried}{why}")
    lines.append(words.get("campaigns.wave", probability=f"{told['wave']:.1%}"))
    lines.append(words.get("campaigns.together" if told["same_campaign"] else "campaigns.separate"))
    _say(lines)
    return CLEAN


def _decide(chosen: argparse.Namespace) -> int:
    from sekisho.app.campaigns.store import Store
    from sekisho.model.campaign import Decision

    found = _answers(chosen)
    first, second = (found.sighting(key) for key in chosen.ids)
    with Store(chosen.store, write=True) as store:
        store.decide(Decision(chosen.verdict, first, second, chosen.reason[:500]))
    _say([_words(chosen).get(f"campaigns.{chosen.verdict}", first=first, second=second)])
    return CLEAN


def _decide_file(chosen: argparse.Namespace) -> int:
    from sekisho.app.campaigns.store import Store
    from sekisho.model.campaign import Decision
    from sekisho.model.errors import SourceError

    found, kept = _answers(chosen), []
    try:
        lines = Path(chosen.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", chosen.file) from error
    for number, line in enumerate(lines, 1):
        parts = line.split(maxsplit=3)
        if not parts or parts[0].startswith("#"):
            continue
        if len(parts) < 3 or parts[0] not in ("same", "apart"):
            raise SourceError(f"line {number}: write same or apart, two ids and a reason", chosen.file)
        first, second = (found.sighting(key) for key in parts[1:3])
        kept.append(Decision(parts[0], first, second, "".join(parts[3:])[:500]))
    with Store(chosen.store, write=True) as store:
        for one in kept:
            store.decide(one)
    _say([_words(chosen).get("campaigns.decided", count=len(kept))])
    return CLEAN


def _undo(chosen: argparse.Namespace) -> int:
    from sekisho.app.campaigns.store import Store

    with Store(chosen.store) as there:
        there.decisions()
    with Store(chosen.store, write=True) as store:
        one = store.undo()
    _say([_words(chosen).get("campaigns.undone", verdict=one.verdict, first=one.a, second=one.b)])
    return CLEAN


def _label(chosen: argparse.Namespace) -> int:
    from sekisho.app.campaigns.store import Store

    found = _answers(chosen)
    keys = [chosen.id] if chosen.id in found.by_id else list(found.campaign(chosen.id).members)
    with Store(chosen.store, write=True) as store:
        count = store.label(keys, chosen.family, chosen.distributor)
    _say([_words(chosen).get("campaigns.labelled", count=count)])
    return CLEAN


def _trend(chosen: argparse.Namespace) -> int:
    from datetime import date

    from sekisho.model.errors import ResponseError, SekishoError
    from sekisho.respond import volume

    found, words = _answers(chosen), _words(chosen)
    try:
        since = date.fromisoformat(chosen.since) if chosen.since else None
    except ValueError as error:
        raise SekishoError(f"--since {chosen.since}: write a day as 2022-01-01") from error
    rows = found.trend(chosen.by)
    warned = found.arrivals(chosen.country.lower(), since) if since else []
    if chosen.json:
        return _json({"by": chosen.by, "series": rows, "arrivals": warned})
    alarms = [told_arrival(one, chosen.country, words) for one in warned]
    sections, lines = [], []
    end = max((one.day for one in found.by_id.values() if one.day is not None), default=None)
    for row in rows[:50]:
        counts = {date.fromisoformat(day): count for day, count in row["volume"]}
        quiet = [_span(one) for one in row["silences"]]
        told = [*told_silences(row, words), *told_surges(row, words)]
        lines += [f"{_name(row['name'], words)}: {row['count']}", *volume.bars(counts, quiet, words, end), *told, ""]
        sections.append((volume.svg(row["name"], counts, quiet, words, end), told))
    if not rows:
        lines.append(words.get("campaigns.no_series", by=words.word("campaigns.by", chosen.by)))
        sections.append(("", lines))
    if chosen.html:
        text = volume.page(words.get("campaigns.trend"), [*sections, ("", alarms)], words)
        try:
            Path(chosen.html).write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise ResponseError(f"cannot be written: {error.strerror}", chosen.html) from error
    _say([*lines, *alarms])
    return CLEAN


def _span(silence: dict[str, Any]) -> tuple[Any, Any]:
    from datetime import date

    after, until = (silence[name] and date.fromisoformat(silence[name]) for name in ("after", "until"))
    return after, until


def told_silences(row: dict[str, Any], words: Words) -> list[str]:
    """Say where a series was silent."""
    told = []
    for one in row["silences"]:
        key = "campaigns.returned" if one["until"] else "campaigns.dormant"
        odds = f"{one['probability']:.1%}"
        filled = {name: one[name] for name in ("after", "until", "days", "watched_days", "called_at", "delay_days")}
        told.append(words.get(key, odds=odds, **filled))
    return told


def told_surges(row: dict[str, Any], words: Words) -> list[str]:
    """Say where it rose."""
    return [
        words.get("campaigns.surge", at=one["at"], count=one["count"], expected=f"{one['expected']:.1f}")
        for one in row["surges"]
    ]


def told_arrival(one: dict[str, Any], country: str, words: Words) -> str:
    """Say that a family reached a country."""
    odds, usual = f"{one['probability']:.0%}", f"{one['background']:.2%}"
    filled = {name: one[name] for name in ("family", "at", "hits", "total", "first_hit", "lead_days")}
    return words.get("campaigns.arrival", country=country.upper(), odds=odds, usual=usual, **filled)


def _words(chosen: argparse.Namespace) -> Words:
    from sekisho.respond.wording import Words

    return Words(chosen.lang)


def _say(lines: Sequence[str], out: Any = None) -> None:
    stream = out or sys.stdout
    for line in lines:
        stream.write(line.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8") + "\n")


def _json(told: Any) -> int:
    import json

    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=True) + "\n")
    return CLEAN
