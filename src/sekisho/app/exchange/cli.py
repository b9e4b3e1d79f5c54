"""The commands that tell others and hear from them: what they take, and which module answers when it is asked."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.app.exchange.export import Wish
    from sekisho.model.result import Result

GOOD, FOUND, USAGE, PARTIAL = range(4)
Options = Callable[[argparse.ArgumentParser], None]
TLP = ("clear", "green", "amber", "amber+strict", "red")
LEFT_SHOWN = 20
EXPORT = """examples:
  sekisho investigate evidence/ --json result.json
  sekisho export result.json --to stix --out incident.stix.json --organisation corp.yml
  sekisho export result.json --to csv
  sekisho export result.json --to sigma --evidence evidence/ --out rules/
  sekisho export evidence/ --to misp --incident ibcdfe079a080 --out event.json

Without --out nothing is written: what would be, and what is left out with its reason, is shown. Victims (mailboxes,
accounts, hosts) are not named unless --internal says that the reader is inside.

"""


def add(commands: Any, shared: Options, language: str) -> None:
    """Add the commands.

    Args:
        commands: where the program's commands are added.
        shared: adds the options that choose which rules are loaded; sets ``load`` to what loads them.
        language: of texts, unless ``--lang`` says otherwise.
    """
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    export = commands.add_parser(
        "export",
        help="write an incident as STIX, MISP, Navigator layer, Sigma, YARA, CSV or OCSF",
        description="Write incidents in the form that other programs read.",
        epilog=EXPORT,
        **shape,
    )
    export.add_argument("paths", nargs="+", metavar="SOURCE", help="a result of --json, or evidence")
    export.add_argument("--to", required=True, choices=FORMATS, help="the form")
    export.add_argument(
        "--evidence", action="append", default=[], metavar="PATH", help="prove rules on it (sigma, yara)"
    )
    _out(export)
    _telling(export, language)
    shared(export)
    export.set_defaults(run=_export)


FORMATS = ("stix", "misp", "navigator", "sigma", "yara", "csv", "ocsf")


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="", metavar="FILE", help="write it here (- for standard output)")


def _telling(parser: argparse.ArgumentParser, language: str) -> None:
    add = parser.add_argument
    add("--incident", action="append", default=[], metavar="ID", help="only this incident (repeatable; default: all)")
    add("--organisation", default="", metavar="FILE", help="YAML: own and partner domains, which are never blocked")
    add("--exercise", action="store_true", help="keep names and addresses reserved for documentation (lab cases)")
    add("--internal", action="store_true", help="name victims: the reader is inside")
    add("--tlp", choices=TLP, default="amber", help="Traffic Light Protocol 2.0 label (default: amber)")
    add("--producer", default="Sekisho", metavar="NAME", help="who tells it")
    add("--lang", choices=("en", "ja"), default=language, help="language of texts (default: from LANG)")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes (default: all cores)")


def result_of(paths: Sequence[str], chosen: argparse.Namespace) -> Result:
    """Read a result document, or investigate evidence.

    Raises:
        SekishoError: a path is not there, or a result cannot be read.
    """
    from sekisho.app.exchange import results
    from sekisho.model.errors import SourceError

    for path in paths:
        if not Path(path).exists():
            raise SourceError("no such file or folder", path)
    if len(paths) == 1 and Path(paths[0]).is_file() and (results.is_result(paths[0]) or paths[0].endswith(".json")):
        return results.read(paths[0])
    from sekisho.app import organisation
    from sekisho.app.pipeline import Options as Run
    from sekisho.app.pipeline import investigate

    whose = organisation.read(chosen.organisation)
    return investigate(paths, chosen.load(chosen), Run(jobs=max(1, chosen.jobs), organisation=whose))


def _wish(chosen: argparse.Namespace) -> Wish:
    from sekisho.app import organisation
    from sekisho.app.exchange.export import Wish
    from sekisho.respond.observed import own_names

    return Wish(
        language=chosen.lang,
        incidents=tuple(chosen.incident),
        own=own_names(organisation.read(chosen.organisation)),
        exercise=chosen.exercise,
        internal=chosen.internal,
        tlp=chosen.tlp,
        producer=chosen.producer,
    )


def _export(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import export
    from sekisho.respond.wording import Words

    result = result_of(chosen.paths, chosen)
    if chosen.to in ("sigma", "yara"):
        return (_sigma if chosen.to == "sigma" else _yara)(result, chosen)
    made = export.export(result, chosen.to, _wish(chosen))
    words = Words(chosen.lang)
    save(chosen.out, made.data)
    listed = [f"{one.kind:7} {words.word('observed', one.role)}: {_shown(one.value)}" for one in made.picked.observed]
    if not chosen.out:
        say(listed[:LEFT_SHOWN], len(listed), words)
    say(made.notes[:LEFT_SHOWN], len(made.notes), words)
    strong = len(made.picked.strong)
    where = chosen.out or words.get("export.nowhere")
    say([words.get("export.written", path=where, count=len(made.picked.observed), strong=strong)])
    return GOOD


def _sigma(result: Result, chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import export

    evidence = _evidence(chosen)
    found, told = export.sigma_rules(result, _wish(chosen), evidence, jobs=max(1, chosen.jobs))
    texts = {f"{_file_name(one.draft.title)}.yml": one.draft.text for one in found}
    _rules(texts, chosen.out)
    say(told)
    return GOOD


def _yara(result: Result, chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import export
    from sekisho.model.errors import SekishoError

    evidence = _evidence(chosen)
    if not evidence:
        raise SekishoError("a result holds no bytes of files; name the evidence with --evidence")
    found, told = export.yara_rules(result, _wish(chosen), evidence, jobs=max(1, chosen.jobs))
    _rules({f"{one.name}.yar": one.text for one in found}, chosen.out, separator="\n")
    say(told)
    return GOOD


def _evidence(chosen: argparse.Namespace) -> list[str]:
    """Give what rules are proved on.

    Raises:
        SourceError: there is no such file or folder.
    """
    from sekisho.app.exchange.results import is_result
    from sekisho.model.errors import SourceError

    for path in chosen.evidence:
        if not Path(path).exists():
            raise SourceError("no such file or folder", path)
    return chosen.evidence or [path for path in chosen.paths if not is_result(path)]


def _rules(texts: dict[str, str], out: str, separator: str = "---\n") -> None:
    """Write rules into a folder that is there or is named with a slash, one a file; else all into one file."""
    if out and (out.endswith("/") or Path(out).is_dir()):
        Path(out).mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            save(str(Path(out) / name), text.encode())
        return
    save(out, separator.join(texts.values()).encode())


def _file_name(title: str) -> str:
    """Give a file name made of a title's letters; a title holds what attackers wrote."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in title.lower())[:100]


def _shown(value: str) -> str:
    from sekisho.respond.wording import safe

    return safe(value)


def say(lines: Sequence[str], total: int = 0, words: Any = None) -> None:
    """Tell the user lines on standard error, so that standard output stays what ``--out -`` asked for."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    if words is not None and total > len(lines):
        sys.stderr.write(f"{words.get('export.more', count=total - len(lines))}\n")


def save(path: str, data: bytes) -> None:
    """Write what was made; nothing where no path is given.

    Raises:
        ResponseError: it cannot be written.
    """
    from sekisho.model.errors import ResponseError

    if not path:
        return
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
