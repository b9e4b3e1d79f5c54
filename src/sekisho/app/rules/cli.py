"""The ``sekisho rules`` commands: what they take and which module answers, imported when it is asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.app.rules._show import Screen
    from sekisho.app.rules._texts import Texts

GOOD, BAD, USAGE = range(3)
Options = Callable[[argparse.ArgumentParser], None]
RULES = """examples:
  sekisho rules check rules/ --samples tests/rules
  sekisho rules test rules/ --samples tests/rules
  sekisho rules list --level high+ --technique T1059
  sekisho rules explain mshta_remote PC-0142.evtx
  sekisho rules coverage --navigator layer.json
  sekisho rules new shortcut_in_iso --kind mail --title "Shortcut in a Disk Image"

"""
CHECK = """examples:
  sekisho rules check rules/
  sekisho rules check rules/mail/my_rule.yml --samples tests/rules
  sekisho rules check sigma/rules --ignore wildcards_both --json

exit codes: 0 nothing to say, 1 problems, 2 usage
"""
TEST = """examples:
  sekisho rules test rules/ --samples tests/rules
  sekisho rules test sigma/rules/windows

samples: <samples>/<folder of the rule>/<name>/{hit,miss}*: JSON events in Sigma's field names, or logs; the same in
<name>/ beside the rule; and the logs that a rule's regression_tests_path names (SigmaHQ). Of a correlation:
{hit,miss}*.timeline.json, a list of {"time": ..., "logsource": "product/category/service", "user": ..., "fields": {}};
the rules that it joins must be below the paths too.

exit codes: 0 every sample does what it should, 1 one does not, 2 usage
"""
LIST = """examples:
  sekisho rules list
  sekisho rules list --rules sigma/rules --logsource windows/process_creation --level high+
  sekisho rules list --rules sigma/rules --stats stats.json --sort cost

"""
EXPLAIN = """examples:
  sekisho rules explain mshta_remote PC-0142.evtx#1844
  sekisho rules explain a7ab77e1-f19d-5c9a-8d1f-29cce89b894c PC-0142.evtx
  sekisho rules explain rules/mail/lnk_reads_itself.yml invoice.eml
  echo '{"Image": "C:\\\\x\\\\mshta.exe", "CommandLine": "mshta a.hta"}' | sekisho rules explain mshta_remote -

Without #RECORD: the first record that matches, else those that come nearest to it.
"""
COVERAGE = """examples:
  sekisho rules coverage
  sekisho rules coverage --rules sigma/rules --navigator layer.json

Open the layer with "Open Existing Layer" in the ATT&CK Navigator.
"""
NEW = """examples:
  sekisho rules new shortcut_in_iso --kind mail --title "Shortcut in a Disk Image"
  sekisho rules new odd_lookup --kind endpoint --title "Odd Lookup" --logsource windows/dns_query

"""


def add(commands: Any, shared: Options, language: str) -> None:
    """Add the commands.

    Args:
        commands: where the program's commands are added.
        shared: adds the options that choose which rules are loaded; sets ``load`` to what loads them.
        language: of texts, unless ``--lang`` says otherwise.
    """
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    group = commands.add_parser("rules", help="check, test, list, explain and write rules", epilog=RULES, **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, text: str, epilog: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text, epilog=epilog, **shape)
        parser.add_argument("--lang", choices=("en", "ja"), default=language, help="language (default: from LANG)")
        parser.add_argument("--json", action="store_true", help="write JSON to standard output instead of text")
        parser.add_argument("--no-color", action="store_true", help="no colours (also NO_COLOR)")
        parser.set_defaults(run=run)
        return parser

    check = action("check", "find what cannot run and what is doubtful, with file and line", CHECK, _check)
    check.add_argument("paths", nargs="+", metavar="PATH", help="rule files and folders")
    check.add_argument("--samples", default="", metavar="DIR", help="also name rules without samples below this folder")
    check.add_argument("--ignore", action="append", default=[], metavar="CODE", help="leave this out (repeatable)")
    _placeholders(check)

    test = action("test", "run rules against their hit and miss samples", TEST, _test)
    test.add_argument("paths", nargs="+", metavar="PATH", help="rule files and folders")
    test.add_argument("--samples", default="", metavar="DIR", help="folder of samples (see below)")
    _placeholders(test)
    fits = "fit the rules to our events by a pySigma pipeline: a file, or tm-v1 (repeatable)"
    test.add_argument("--pipeline", action="append", default=[], metavar="FILE", help=fits)

    listing = action("list", "list the rules that are loaded, and those that cannot run", LIST, _list)
    shared(listing)
    listing.add_argument("--logsource", default="", metavar="NAME", help="e.g. windows/process_creation, or one part")
    listing.add_argument("--level", default="", metavar="LEVEL", help="e.g. high; high+ is high and above")
    listing.add_argument("--technique", default="", metavar="ID", help="e.g. T1059, sub-techniques included")
    listing.add_argument(
        "--stats", default="", metavar="FILE", help="what sekisho detect --stats wrote: ran, hits, cost"
    )
    listing.add_argument("--sort", choices=("level", "title", "cost", "hits"), default="level", help="(default: level)")

    explain = action("explain", "show why a rule matches an event or does not", EXPLAIN, _explain)
    explain.add_argument("rule", metavar="RULE", help="a rule's id, title, file name or file")
    explain.add_argument(
        "event", metavar="EVENT", help="a log, mail, file or JSON, with #RECORD or without; - for JSON"
    )
    shared(explain)

    coverage = action("coverage", "show which ATT&CK techniques the rules look for", COVERAGE, _coverage)
    shared(coverage)
    coverage.add_argument("--navigator", default="", metavar="FILE", help="write an ATT&CK Navigator layer")

    new = action("new", "write a rule to fill in, and its empty samples", NEW, _new)
    new.add_argument("name", metavar="NAME", help="file name without ending: lower-case letters, digits and _")
    new.add_argument("--kind", required=True, choices=("mail", "endpoint", "correlation"))
    new.add_argument("--title", required=True, metavar="TEXT")
    new.add_argument("--logsource", default="", metavar="NAME", help="product/category/service, e.g. email/message")
    new.add_argument("--out", default="rules", metavar="DIR", help="folder of rules (default: rules)")
    new.add_argument("--samples", default="", metavar="DIR", help="folder of samples (default: tests/rules)")


def _placeholders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--placeholders", default="", metavar="FILE", help="YAML: values for %%names%% in rules")


def _check(chosen: argparse.Namespace) -> int:
    from sekisho.app.progress import reporter
    from sekisho.app.rules import check
    from sekisho.app.ruleset import read_placeholders
    from sekisho.detect.lint import CODES

    if unknown := [code for code in chosen.ignore if code not in CODES]:
        return _wrong(f"--ignore {unknown[0]}: no such code; there are: {', '.join(CODES)}")
    if _missing([*chosen.paths, *filter(None, [chosen.samples])]):
        return USAGE
    words = read_placeholders(chosen.placeholders)
    with reporter(quiet=False) as progress:
        found = check.check(
            chosen.paths, samples=chosen.samples, ignored=chosen.ignore, placeholders=words, progress=progress
        )
    _answer(
        chosen, lambda texts: check.document(found, texts), lambda texts, screen: check.render(found, texts, screen)
    )
    return BAD if found.problems else GOOD


def _test(chosen: argparse.Namespace) -> int:
    from sekisho.app.progress import reporter
    from sekisho.app.rules import prove
    from sekisho.app.ruleset import read_placeholders

    if _missing([*chosen.paths, *filter(None, [chosen.samples])]):
        return USAGE
    words = read_placeholders(chosen.placeholders)
    with reporter(quiet=False) as progress:
        proofs = prove.prove(
            chosen.paths, folder=chosen.samples, placeholders=words, fitted=chosen.pipeline, progress=progress
        )
    _answer(
        chosen, lambda texts: prove.document(proofs, texts), lambda texts, screen: prove.render(proofs, texts, screen)
    )
    return GOOD if all(one.passed for one in proofs) else BAD


def _list(chosen: argparse.Namespace) -> int:
    from sekisho.app.rules import listing
    from sekisho.model.finding import LEVELS

    if chosen.level and chosen.level.rstrip("+").lower() not in LEVELS:
        return _wrong(f"--level {chosen.level}: one of {', '.join(LEVELS)}, with + behind it for that and above")
    if chosen.sort in ("cost", "hits") and not chosen.stats:
        return _wrong(f"--sort {chosen.sort} needs --stats FILE, which sekisho detect --stats writes")
    if _missing(chosen.rules):
        return USAGE
    stats = listing.read_stats(chosen.stats) if chosen.stats else None
    wanted = listing.Wanted(chosen.logsource, chosen.level, chosen.technique)
    found = listing.listed(chosen.load(chosen), wanted, stats, chosen.sort)
    _answer(chosen, lambda _: listing.document(found), lambda texts, screen: listing.render(found, texts, screen))
    return GOOD


def _explain(chosen: argparse.Namespace) -> int:
    from sekisho.app.rules import explain
    from sekisho.app.rules._chosen import choose

    if _missing(chosen.rules):
        return USAGE
    answer = explain.explain(choose(chosen.rule, chosen), chosen.event)
    _answer(chosen, lambda _: explain.document(answer), lambda texts, screen: explain.render(answer, texts, screen))
    return GOOD


def _coverage(chosen: argparse.Namespace) -> int:
    from sekisho.app.rules import coverage
    from sekisho.app.rules._show import dump
    from sekisho.app.rules._texts import Texts
    from sekisho.app.rules.listing import every
    from sekisho.app.rules.skeleton import save

    if _missing(chosen.rules):
        return USAGE
    rules = every(chosen.load(chosen))
    texts = Texts(chosen.lang)
    layer = coverage.layer(rules, "Sekisho", texts)
    if chosen.navigator:
        save(Path(chosen.navigator), dump(layer))

    def say(texts: Texts, screen: Screen) -> None:
        coverage.render(rules, texts, screen)
        if chosen.navigator:
            screen.line(texts.get("coverage.written", path=chosen.navigator))

    _answer(chosen, lambda _: layer, say)
    return GOOD


def _new(chosen: argparse.Namespace) -> int:
    from datetime import datetime

    from sekisho.app.rules import skeleton

    paths = skeleton.create(
        chosen.name,
        kind=chosen.kind,
        title=chosen.title,
        day=datetime.now().astimezone().date(),
        logsource=chosen.logsource,
        folder=chosen.out,
        samples=chosen.samples,
    )

    def say(texts: Texts, screen: Screen) -> None:
        for path in paths:
            screen.line(texts.get("new.written", path=path))
        screen.line(texts.get("new.next"))
        screen.line(f"  sekisho rules check {paths[0]}")
        if len(paths) > 1:
            screen.line(f"  sekisho rules test {paths[0]} --samples {paths[1].parents[2]}")

    _answer(chosen, lambda _: [str(path) for path in paths], say)
    return GOOD


def _answer(
    chosen: argparse.Namespace, document: Callable[[Texts], Any], render: Callable[[Texts, Screen], None]
) -> None:
    """Show an answer as text, or write it as JSON."""
    from sekisho.app.rules._show import Screen, write_json
    from sekisho.app.rules._texts import Texts

    texts = Texts(chosen.lang)
    if chosen.json:
        write_json(document(texts))
        return
    screen = Screen(no_color=chosen.no_color)
    render(texts, screen)
    screen.show()


def _missing(paths: list[str]) -> bool:
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        _wrong(f"no such file or folder: {', '.join(missing)}")
    return bool(missing)


def _wrong(text: str) -> int:
    sys.stderr.write(f"sekisho: {text}\n")
    return USAGE
