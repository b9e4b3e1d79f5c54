"""``sekisho indicators`` and ``sekisho sweep``: what they take, and which module answers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sekisho.app.exchange._options import FOUND, GOOD, PARTIAL, out_option, save, say, shown, writer

if TYPE_CHECKING:
    from sekisho.detect.ruleset import RuleSet
    from sekisho.model.finding import Finding
    from sekisho.model.indicator import Indicator
    from sekisho.respond.wording import Words

INDICATORS = """examples:
  sekisho indicators import feed.stix.json misp.json list.csv report.txt --store indicators.db
  sekisho indicators list --store indicators.db --kind domain
  sekisho indicators expire --store indicators.db --yes

exit code 3 when a file or a part of one could not be read; what was refused is shown with its reason
"""
SWEEP = """examples:
  sekisho sweep evidence/ --indicators indicators.db
  sekisho sweep results/*.json --indicators indicators.db --rules new-rules/ --out hits.jsonl
  sekisho sweep --data store --indicators indicators.db --rules new-rules/ --out hits.jsonl

exit code 1 when anything was found
"""


def add(commands: Any, language: str) -> None:
    """Add the commands; ``language`` is that of texts, unless ``--lang`` says otherwise."""
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    group = commands.add_parser("indicators", help="keep indicators that others share", epilog=INDICATORS, **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text, epilog=INDICATORS, **shape)
        parser.add_argument("--store", required=True, metavar="FILE", help="the store, one SQLite file")
        parser.add_argument("--lang", choices=("en", "ja"), default=language, help="language (default: from LANG)")
        parser.set_defaults(run=run)
        return parser

    learn = action("import", "add STIX, MISP, CSV or plain text", _import)
    learn.add_argument("files", nargs="+", metavar="FILE", help="recognised by content")
    learn.add_argument("--source", default="", metavar="NAME", help="who tells it (default: what the file says)")
    learn.add_argument("--confidence", type=int, default=50, metavar="N", help="of what is told without one, 0 to 100")
    learn.add_argument(
        "--age", action="append", default=[], metavar="KIND=DAYS", help="when a kind is old (repeatable)"
    )
    learn.add_argument("--organisation", default="", metavar="FILE", help="YAML: own and partner domains, never taken")
    learn.add_argument("--exercise", action="store_true", help="take what is reserved for documentation (lab cases)")
    listing = action("list", "show what is kept", _list)
    listing.add_argument("--kind", default="", metavar="KIND", help="ip domain url email md5 sha1 sha256 file")
    listing.add_argument("--old", action="store_true", help="only what has expired")
    listing.add_argument("--csv", action="store_true", help="as CSV, raw")
    expire = action("expire", "forget what has expired", _expire)
    expire.add_argument("--yes", action="store_true", help="really; else it is only counted")

    sweep = commands.add_parser(
        "sweep",
        help="look for new indicators and rules in evidence, in earlier results and in the store",
        description="Run indicators, and rules if given, over evidence, results of earlier runs and stored events.",
        epilog=SWEEP,
        **shape,
    )
    sweep.add_argument("paths", nargs="*", metavar="SOURCE", help="evidence, and results of --json")
    sweep.add_argument("--data", default="", metavar="DIR", help="a store that sekisho ingest made: every event in it")
    sweep.add_argument("--indicators", default="", metavar="FILE", help="a store that sekisho indicators import made")
    sweep.add_argument("--rules", action="append", default=[], metavar="PATH", help="new Sigma rules (repeatable)")
    sweep.add_argument("--lang", choices=("en", "ja"), default=language, help="language (default: from LANG)")
    sweep.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")
    sweep.add_argument("--no-sightings", action="store_true", help="do not count in the store what was seen")
    out_option(sweep)
    sweep.set_defaults(run=_sweep)


def with_indicators(rules: RuleSet, path: str) -> RuleSet:
    """Give rules with the indicators of a store beside them; as they are where no store is named.

    Raises:
        SourceError: there is no such store.
    """
    if not path:
        return rules
    import time

    from sekisho.app.exchange.store import Store
    from sekisho.detect.indicators import Index

    with Store(path) as store:
        index = Index(store.active(int(time.time())))
    index.ready()
    return rules.looking_for(index)


def _import(chosen: argparse.Namespace) -> int:
    import time

    from sekisho.app import organisation
    from sekisho.app.exchange import store as stored
    from sekisho.model.indicator import AGE_DAYS
    from sekisho.respond.observed import own_names
    from sekisho.respond.wording import Words

    terms = stored.Terms(
        int(time.time()),
        own_names(organisation.read(chosen.organisation)),
        chosen.exercise,
        {**AGE_DAYS, **_ages(chosen.age)},
        max(0, min(100, chosen.confidence)),
        chosen.source,
    )
    with stored.Store(chosen.store, write=True) as store:
        counts = stored.learn(chosen.files, store, terms)
    words = Words(chosen.lang)
    for path, gap in counts.gaps:
        say([words.get("indicators.gap", file=path, record=gap.record or "-", reason=gap.reason)])
    say([words.get("export.left_out", value=value, why=_why(reason, words)) for value, reason in counts.examples])
    for reason, count in counts.refused.most_common():
        say([words.get("indicators.refused", count=count, why=_why(reason, words))])
    say([words.get("indicators.imported", told=counts.told, kept=counts.kept, store=chosen.store)])
    return PARTIAL if counts.unread else GOOD


def _why(reason: str, words: Words) -> str:
    return words.word("left_out", reason)


def _ages(written: Sequence[str]) -> dict[str, int]:
    """Read ``kind=days``.

    Raises:
        SekishoError: it is none.
    """
    from sekisho.model.errors import SekishoError
    from sekisho.model.indicator import KINDS

    ages = {}
    for one in written:
        kind, _, days = one.partition("=")
        if kind not in KINDS or not days.isdigit() or not 0 < int(days[:6]) <= 36_500:
            raise SekishoError(f"--age {one}: write kind=days, e.g. url=30; kinds: {' '.join(KINDS)}")
        ages[kind] = int(days)
    return ages


def _list(chosen: argparse.Namespace) -> int:
    import time

    from sekisho.app.exchange.store import Store
    from sekisho.respond import blocklist

    with Store(chosen.store) as store:
        found = store.all(chosen.kind, old=chosen.old, now=int(time.time()))
        if chosen.csv:
            save("-", blocklist.of_indicators(list(found)))
            return GOOD
        for one in found:
            end = time.strftime("%Y-%m-%d", time.gmtime(one.until_at or 0))
            line = f"{one.kind:7} {one.confidence:3} {end} {one.sightings:6} {shown(one.value)}  {shown(one.source)}"
            sys.stdout.write(f"{line}\n")
    return GOOD


def _expire(chosen: argparse.Namespace) -> int:
    import time

    from sekisho.app.exchange.store import Store
    from sekisho.respond.wording import Words

    with Store(chosen.store, write=True) as store:
        count = store.expire(int(time.time()), really=chosen.yes)
    say([Words(chosen.lang).get("indicators.expired" if chosen.yes else "indicators.would_expire", count=count)])
    return GOOD


def _sweep(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import sweep
    from sekisho.app.progress import reporter
    from sekisho.model.errors import SekishoError, SourceError
    from sekisho.respond import document
    from sekisho.respond.wording import Words

    if not chosen.indicators and not chosen.rules:
        raise SekishoError("nothing to look for; name --indicators or --rules")
    if not chosen.paths and not chosen.data:
        raise SekishoError("nowhere to look; name evidence, results or --data")
    for path in (*chosen.paths, *chosen.rules):
        if not Path(path).exists():
            raise SourceError("no such file or folder", path)
    words = Words(chosen.lang)
    write = writer(chosen.out)
    with reporter(quiet=False) as progress:

        def keep(found: list[Finding], indicators: Mapping[str, Indicator]) -> None:
            write(b"".join(document.line(one, words, None) + b"\n" for one in found))
            if chosen.indicators and not chosen.no_sightings:
                sweep.record(found, indicators, chosen.indicators)

        kept = sweep.Kept(Path(chosen.data), progress) if chosen.data else None
        jobs = max(1, chosen.jobs)
        outcome = sweep.run(chosen.paths, chosen.indicators, chosen.rules, jobs=jobs, kept=kept, keep=keep)
    say(sweep.told(outcome, words))
    return FOUND if outcome.total else PARTIAL if outcome.unread else GOOD
