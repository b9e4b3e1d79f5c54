"""The commands of the store: ``ingest``, ``hunt`` and ``store``; what they need is imported when they are asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from sekisho.app.pipeline import Options
    from sekisho.app.store._search import Where
    from sekisho.app.store.hunt import Looked
    from sekisho.detect.rules import RuleSet
    from sekisho.model.result import Result
    from sekisho.respond.wording import Words

INGEST = """examples:
  sekisho ingest evidence/ --data store
  sekisho ingest mailbox.mbox logs/ --data store --rules sigma/rules --json result.json

what the store holds already, told by its bytes, is left out; a run that was killed is simply started again

"""
HUNT = r"""examples:
  sekisho hunt 'Image|endswith:\regsvr32.exe and not CommandLine|contains:"/s "' --data store
  sekisho hunt 'subject|contains:請求書' --since 2022-04-01 --data store --lang ja
  sekisho hunt 'EventID:(4624 4625) @host|startswith:srv' --by TargetUserName --data store
  sekisho hunt 193.42.36.245 --json - --data store | jq .fields

a question, in Sigma's words:
  field|modifier:value      as in rules; several values in brackets mean any of them
  "a value with blanks"     a quote inside is written twice
  word                      looked for in every field
  and or not ( )            terms side by side mean "and"
  @host @user @source       where an event comes from

"""
STORE = """examples:
  sekisho store status --data store
  sekisho store prune --keep-days 365 --data store

"""


class Common:
    """What the commands take from the command line they belong to."""

    def __init__(
        self,
        printed: Callable[[argparse.Namespace, Callable[[Console], None]], None],
        prepare: Callable[[argparse.Namespace], tuple[RuleSet, Options]],
        finish: Callable[[Result, argparse.Namespace], int],
    ) -> None:
        """``printed`` shows something; ``prepare`` and ``finish`` are what ``investigate`` does before and after."""
        self.printed, self.prepare, self.finish = printed, prepare, finish


def add(commands: Any, options: Callable[[argparse.ArgumentParser], None], common: Common, language: str) -> None:
    """Add the commands; ``options`` adds those of ``investigate``."""
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    ingest = commands.add_parser(
        "ingest",
        help="investigate what is new and keep its events in a store",
        description="Read what the store does not hold yet, tell what it means, and keep every event.",
        epilog=INGEST,
        **shape,
    )
    ingest.add_argument("paths", nargs="+", metavar="PATH", help="files and folders; recognised by content")
    ingest.add_argument("--html", metavar="FILE", help="write a report that opens offline")
    options(ingest)
    ingest.set_defaults(run=lambda chosen: _ingest(chosen, common), logs=True, unmerge=())
    hunt = commands.add_parser(
        "hunt",
        help="find stored events, the latest first",
        description="Find the stored events that answer a question, exactly as a rule would.",
        epilog=HUNT,
        **shape,
    )
    hunt.add_argument("question", help="see below")
    hunt.add_argument("--since", metavar="TIME", help="events from then on: a date, a date and time, or 7d, 12h ago")
    hunt.add_argument("--until", metavar="TIME", help="events up to then")
    hunt.add_argument("--logsource", default="", metavar="P/C/S", help="product/category/service, each may be empty")
    hunt.add_argument("--limit", type=int, default=20, metavar="N", help="events shown at most (default: 20)")
    hunt.add_argument("--by", metavar="FIELD", help="count all answers by the values of a field instead")
    hunt.add_argument("--json", metavar="FILE", help="write whole events, one a line (- for standard output)")
    hunt.set_defaults(run=lambda chosen: _hunt(chosen, common))
    store = commands.add_parser("store", help="show or prune a store", epilog=STORE, **shape)
    actions = store.add_subparsers(metavar="ACTION", required=True)
    status = actions.add_parser("status", help="say what a store holds", epilog=STORE, **shape)
    status.set_defaults(run=lambda chosen: _status(chosen, common))
    prune = actions.add_parser("prune", help="remove old events", epilog=STORE, **shape)
    prune.add_argument("--keep-days", type=int, required=True, metavar="N", help="days before the latest event to keep")
    prune.set_defaults(run=lambda chosen: _prune(chosen, common))
    for one in (ingest, hunt, status, prune):
        one.add_argument("--data", required=True, metavar="DIR", help="the store, a folder")
    for one in (hunt, status, prune):
        one.add_argument("--lang", choices=("en", "ja"), default=language, help="language of the texts")
        one.add_argument("--timezone", default="UTC", metavar="ZONE", help="zone of times, such as Asia/Tokyo")
        one.add_argument("--no-color", action="store_true", help="plain text")


def _ingest(chosen: argparse.Namespace, common: Common) -> int:
    from sekisho.app.progress import reporter
    from sekisho.app.store.ingest import ingest

    rules, options = common.prepare(chosen)
    with reporter(quiet=chosen.quiet) as progress:
        done = ingest(Path(chosen.data), chosen.paths, rules, options, progress)
    words = _words(chosen)
    code = common.finish(done.result, chosen) if done.result is not None else 0
    kept = sum(one.records for one in done.stored)
    print(
        words.get("store.ingested", new=len(done.stored), records=f"{kept:,}", known=len(done.known)), file=sys.stderr
    )
    return code


def _hunt(chosen: argparse.Namespace, common: Common) -> int:
    from sekisho.app.progress import reporter
    from sekisho.app.store.hunt import hunt, tally
    from sekisho.app.store.state import State
    from sekisho.detect.hunting import parse
    from sekisho.respond import hunted

    question, words = parse(chosen.question), _words(chosen)
    with State(Path(chosen.data)) as state, reporter(quiet=False) as progress:
        where = _where(chosen, words)
        if chosen.by:
            found, looked = tally(state, question, chosen.by, where, progress)
            common.printed(chosen, lambda console: hunted.counts(found, chosen.by, words, console))
            _told(sum(found.values()), looked, words, more=False)
            return int(bool(found))
        answers = hunt(state, question, where, limit=max(1, chosen.limit), progress=progress)
    if chosen.json:
        _write(chosen.json, b"".join(line + b"\n" for line in hunted.lines(answers.events)))
    if chosen.json != "-":
        named = [name for name in question.fields if not name.startswith("@")]
        common.printed(chosen, lambda console: hunted.show(answers.events, named, words, console))
    _told(len(answers.events), answers.looked, words, more=answers.more)
    return int(bool(answers.events))


def _told(count: int, looked: Looked, words: Words, *, more: bool) -> None:
    key = "hunt.more" if more else "hunt.all"
    print(words.get(key, count=f"{count:,}", rows=f"{looked.rows:,}", asked=f"{looked.asked:,}"), file=sys.stderr)
    for lost in looked.lost:
        print(f"sekisho: {lost}", file=sys.stderr)


def _status(chosen: argparse.Namespace, common: Common) -> int:
    from sekisho.app.store.state import State
    from sekisho.respond import hunted

    words = _words(chosen)
    with State(Path(chosen.data)) as state:
        held = state.status()
    common.printed(chosen, lambda console: hunted.status(held.logsources, words, console))
    span = {"first": words.time(held.first_ns, date=True), "last": words.time(held.last_ns, date=True)}
    size = f"{held.size_bytes / 1e6:,.1f}"
    print(words.get("store.status", rows=f"{held.rows:,}", inputs=f"{held.inputs:,}", size=size, **span))
    return 0


def _prune(chosen: argparse.Namespace, common: Common) -> int:
    from sekisho.app.store.state import State

    words = _words(chosen)
    with State(Path(chosen.data), write=True) as state:
        old = state.prune(max(0, chosen.keep_days))
    print(words.get("store.pruned", count=f"{sum(one.rows for one in old):,}"))
    return 0


def _where(chosen: argparse.Namespace, words: Words) -> Where:
    from sekisho.app.store._search import Where
    from sekisho.model.event import Logsource

    parts = [part.strip().lower() for part in chosen.logsource.split("/")]
    logsource = Logsource(*(parts + [""] * 3)[:3])
    return Where(logsource, _moment(chosen.since, words), _moment(chosen.until, words, end=True))


def _moment(text: str | None, words: Words, *, end: bool = False) -> int | None:
    """Read a point in time: ISO 8601, or so many days or hours ago; a date alone is its first or last moment.

    Raises:
        SourceError: it is none.
    """
    from sekisho.model.errors import SourceError

    if not text:
        return None
    unit = {"d": "days", "h": "hours"}.get(text[-1:].lower())
    if unit and text[:-1].isdecimal():
        try:
            return int((datetime.now(UTC) - timedelta(**{unit: int(text[:-1])})).timestamp() * 1e9)
        except (OverflowError, ValueError):
            return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SourceError("no time: write 2022-04-25, 2022-04-25T09:30 or 7d", text) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=words.zone)
    if end and len(text) <= len("2022-04-25"):
        moment += timedelta(days=1)
        return int(moment.timestamp()) * 1_000_000_000 - 1
    return int(moment.timestamp() * 1_000_000) * 1_000


def _words(chosen: argparse.Namespace) -> Words:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from sekisho.model.errors import SourceError
    from sekisho.respond.wording import Words

    try:
        zone = ZoneInfo(chosen.timezone) if chosen.timezone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SourceError("no such time zone; give one such as Asia/Tokyo", chosen.timezone) from error
    return Words(chosen.lang, (), zone)


def _write(path: str, data: bytes) -> None:
    from sekisho.model.errors import ResponseError

    if path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror or error}", path) from error
