"""The ``sekisho attribute`` commands: what they take and what answers, imported when it is asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from sekisho.model.attribution import Attribution

GOOD, USAGE = 0, 2
ATTRIBUTE = """examples:
  sekisho attribute learn enterprise-attack.json --out attack.index
  sekisho attribute rank result.json --attack attack.index --html who.html
  sekisho campaigns show c0123456789ab --json --store campaigns.db > campaign.json
  sekisho attribute rank --campaign campaign.json --attack attack.index
  sekisho attribute rank --techniques T1566.001,T1218.010 --software S0650 --attack attack.index --lang ja
  sekisho attribute compare old.json new.json --corpus samples/

Techniques alone do not identify an actor. ATT&CK's data is not part of Sekisho: get it from attack.mitre.org.

"""


def add(commands: Any, language: str) -> None:
    """Add the commands.

    Args:
        commands: where the program's commands are added.
        language: of texts, unless ``--lang`` says otherwise.
    """
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": ATTRIBUTE}
    group = commands.add_parser("attribute", help="weigh who may be behind it, with evidence for and against", **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text, **shape)
        parser.set_defaults(run=run)
        return parser

    learn = action("learn", "build an index from ATT&CK's data and learn from its reports", _learn)
    learn.add_argument("file", metavar="FILE", help="ATT&CK's STIX bundle, or its relations with dated citations")
    learn.add_argument("--out", required=True, metavar="INDEX", help="the index to write")

    rank = action("rank", "rank families, distributors and actors for an incident or for techniques", _rank)
    rank.add_argument("result", nargs="?", default="", metavar="RESULT", help="JSON of investigate or scan, or a list")
    rank.add_argument("--incident", default="", metavar="ID", help="only this incident of the result")
    rank.add_argument("--campaign", default="", metavar="FILE", help="JSON of campaigns show, or a list of your own")
    rank.add_argument("--techniques", default="", metavar="ID,...", help="ATT&CK ids, e.g. T1566.001,T1218.010")
    rank.add_argument("--software", default="", metavar="ID,...", help="ATT&CK ids, e.g. S0650")
    rank.add_argument(
        "--attack", default="", metavar="INDEX", help="what learn wrote; without it, no actors are ranked"
    )
    rank.add_argument("--families", default="", metavar="FILE", help="TOML of families (default: Sekisho's own)")
    rank.add_argument("--before", default="", metavar="DATE", help="use only reports of earlier days")

    compare = action("compare", "compare two samples or incidents side by side, old against new", _compare)
    compare.add_argument("old", metavar="OLD", help='JSON {"name": ..., "features": {kind: [values]}}, or a result')
    compare.add_argument("new", metavar="NEW", help="the same of what is in question")
    compare.add_argument("--corpus", default="", metavar="DIR", help="other samples, to tell rare values from common")
    for parser in (rank, compare):
        parser.add_argument("--lang", choices=("en", "ja"), default=language, help="language (default: from LANG)")
        parser.add_argument("--json", default="", metavar="FILE", help="write JSON (- for standard output)")
        parser.add_argument("--html", default="", metavar="FILE", help="write a page that opens offline")
        parser.add_argument("--no-color", action="store_true", help="no colours (also NO_COLOR)")
        parser.add_argument("--quiet", action="store_true", help="nothing on the screen: files only")


def _learn(chosen: argparse.Namespace) -> int:
    from sekisho.app.attribution import index

    known, model = index.write(chosen.file, chosen.out)
    actors = sum(one.kind == "actor" for one in known.names.values())
    told = [f"{known.title}: {actors} actors, {len(known.uses)} relations, learnt from {model.learnt_from} reports"]
    sys.stdout.write("\n".join([*told, *known.notes]) + "\n")
    return GOOD


def _rank(chosen: argparse.Namespace) -> int:
    from sekisho.respond import attribution
    from sekisho.respond.wording import Words

    if not any((chosen.result, chosen.campaign, chosen.techniques, chosen.software)):
        sys.stderr.write("sekisho: name a RESULT, or --campaign, --techniques or --software\n")
        return USAGE
    judged = _judge(chosen)
    words = Words(chosen.lang)
    if chosen.json:
        _put(chosen.json, attribution.dump(judged, words))
    if chosen.html:
        _put(chosen.html, attribution.page(judged, words).encode("utf-8", "backslashreplace"))
    if not chosen.quiet and chosen.json != "-":
        _print(chosen, lambda console: attribution.show(judged, words, console))
    return GOOD


def _judge(chosen: argparse.Namespace) -> list[Attribution]:
    """Give the families, the distributors and, with an index, the actors."""
    from datetime import date

    from sekisho.app.attribution import judging, subject
    from sekisho.model.errors import SekishoError

    path = chosen.result or chosen.campaign
    asked = subject.read(path, chosen.incident) if path else subject.Subject("", (), (), (), None)
    techniques, software = _ids(chosen.techniques), _ids(chosen.software)
    try:
        before = date.fromisoformat(chosen.before) if chosen.before else None
    except ValueError as error:
        raise SekishoError(f"--before {chosen.before}: write YYYY-MM-DD") from error
    whole = subject.Subject(
        asked.name or ", ".join((*techniques, *software)),
        (*asked.techniques, *techniques),
        (*asked.software, *software),
        asked.texts,
        asked.at,
    )
    judged = judging.judge(whole, chosen.lang, attack=chosen.attack, known=chosen.families, before=before)
    return [one for one in judged if one.hypotheses or one.kind == "actor" or path]


def _ids(text: str) -> tuple[str, ...]:
    return tuple(one.strip().upper() for one in text.split(",") if one.strip())


def _compare(chosen: argparse.Namespace) -> int:
    from sekisho.app.attribution import subject
    from sekisho.attribute.side_by_side import compare
    from sekisho.respond import comparison
    from sekisho.respond.wording import Words

    paths = sorted(Path(chosen.corpus).glob("*.json")) if chosen.corpus else []
    given = {Path(chosen.old).resolve(), Path(chosen.new).resolve()}
    corpus = [subject.features(str(path)) for path in paths if path.resolve() not in given]
    made = compare(subject.features(chosen.old), subject.features(chosen.new), corpus)
    words = Words(chosen.lang)
    if chosen.json:
        _put(chosen.json, comparison.dump(made, words))
    if chosen.html:
        _put(chosen.html, comparison.page(made, words).encode("utf-8", "backslashreplace"))
    if not chosen.quiet and chosen.json != "-":
        _print(chosen, lambda console: comparison.show(made, words, console))
    return GOOD


def _print(chosen: argparse.Namespace, tell: Callable[[Console], None]) -> None:
    from rich.console import Console

    seen = sys.stdout.isatty()
    console = Console(
        highlight=False, markup=False, emoji=False, no_color=chosen.no_color or not seen, width=None if seen else 140
    )
    tell(console)


def _put(path: str, data: bytes) -> None:
    from sekisho.model.errors import ResponseError

    try:
        if path == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            Path(path).write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror}", path) from error
