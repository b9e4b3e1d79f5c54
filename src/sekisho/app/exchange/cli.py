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
    from sekisho.detect.ruleset import RuleSet
    from sekisho.model.result import Result
    from sekisho.respond.wording import Words

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
INDICATORS = """examples:
  sekisho indicators import feed.stix.json misp.json list.csv report.txt --store indicators.db
  sekisho indicators list --store indicators.db --kind domain
  sekisho indicators expire --store indicators.db --yes

exit code 3 when a file or a part of one could not be read; what was refused is shown with its reason
"""
SWEEP = """examples:
  sekisho sweep evidence/ --indicators indicators.db
  sekisho sweep results/*.json --indicators indicators.db --rules new-rules/ --out hits.jsonl

exit code 1 when anything was found
"""
TAXII = """examples:
  sekisho taxii serve result.json --indicators indicators.db --token-file token.txt --organisation corp.yml
  sekisho taxii fetch https://cti.example/root/collections/ID/ --token-file token.txt --out feed.json
  sekisho indicators import feed.json --store indicators.db

"""
ADVISORY = """examples:
  sekisho advisory result.json --for staff --lang ja --timezone Asia/Tokyo --out notice.md
  sekisho advisory result.json --for mail-admin --format html --organisation corp.yml --out mail.html
  sekisho advisory result.json --for csirt --tlp green --format pdf --out share.pdf
  sekisho advisory result.json --for partner --partner hotel.example --lang ja --format pdf --out letter.pdf

Without --out the Markdown is printed. Victims are named only to mail administrators, and to others with --internal.

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
        help="look for new indicators and rules in evidence and in earlier results",
        description="Run indicators, and rules if given, over evidence and over results of earlier runs.",
        epilog=SWEEP,
        **shape,
    )
    sweep.add_argument("paths", nargs="+", metavar="SOURCE", help="evidence, and results of --json")
    sweep.add_argument("--indicators", default="", metavar="FILE", help="a store that sekisho indicators import made")
    sweep.add_argument("--rules", action="append", default=[], metavar="PATH", help="new Sigma rules (repeatable)")
    sweep.add_argument("--lang", choices=("en", "ja"), default=language, help="language (default: from LANG)")
    sweep.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")
    sweep.add_argument("--no-sightings", action="store_true", help="do not count in the store what was seen")
    _out(sweep)
    sweep.set_defaults(run=_sweep)

    group = commands.add_parser("taxii", help="serve and fetch indicators by TAXII 2.1", epilog=TAXII, **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)
    serve = actions.add_parser(
        "serve", help="serve incidents and indicators, read-only, on loopback", epilog=TAXII, **shape
    )
    serve.add_argument("results", nargs="*", metavar="RESULT", help="results of --json")
    serve.add_argument("--indicators", default="", metavar="FILE", help="a store that sekisho indicators import made")
    serve.add_argument("--token-file", required=True, metavar="FILE", help="holds what clients must show")
    serve.add_argument("--port", type=int, default=6100, metavar="N", help="on 127.0.0.1 (default: 6100)")
    _telling(serve, language)
    serve.set_defaults(run=_serve)
    fetch = actions.add_parser("fetch", help="write a collection of others as a bundle", epilog=TAXII, **shape)
    fetch.add_argument("url", metavar="URL", help="https://host/root/collections/ID/")
    fetch.add_argument("--token-file", default="", metavar="FILE", help="holds the token, or the password of --user")
    fetch.add_argument("--user", default="", metavar="NAME", help="for basic authentication")
    fetch.add_argument("--added-after", default="", metavar="TIME", help="only what was added later (RFC 3339)")
    fetch.add_argument("--out", required=True, metavar="FILE", help="write the bundle here; indicators import reads it")
    fetch.set_defaults(run=_fetch)

    advisory = commands.add_parser(
        "advisory",
        help="write a notice for staff, mail administrators, other CSIRTs or a partner",
        description="Tell an incident to those who must act, in Japanese or English.",
        epilog=ADVISORY,
        **shape,
    )
    advisory.add_argument("paths", nargs="+", metavar="SOURCE", help="a result of --json, or evidence")
    readers = ("staff", "mail-admin", "csirt", "partner")
    advisory.add_argument("--for", dest="reader", required=True, choices=readers, help="who reads it")
    advisory.add_argument("--format", choices=("md", "html", "pdf"), default="md", help="(default: md)")
    advisory.add_argument("--issuer", default="", metavar="NAME", help="who tells it")
    advisory.add_argument("--contact", default="", metavar="TEXT", help="whom to ask (default: who tells it)")
    advisory.add_argument(
        "--partner", default="", metavar="DOMAIN", help="the partner to write to, where there are several"
    )
    advisory.add_argument(
        "--addressee", default="", metavar="NAME", help="what the partner is called (default: its domain)"
    )
    advisory.add_argument("--date", default="", metavar="DATE", help="of the notice, YYYY-MM-DD (default: today)")
    advisory.add_argument("--timezone", default="UTC", metavar="ZONE", help="show times in this zone, e.g. Asia/Tokyo")
    _out(advisory)
    _telling(advisory, language)
    shared(advisory)
    advisory.set_defaults(run=_advisory)


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
            line = f"{one.kind:7} {one.confidence:3} {end} {one.sightings:6} {_shown(one.value)}  {_shown(one.source)}"
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
    from sekisho.model.errors import SekishoError, SourceError
    from sekisho.respond import document
    from sekisho.respond.wording import Words

    if not chosen.indicators and not chosen.rules:
        raise SekishoError("nothing to look for; name --indicators or --rules")
    for path in (*chosen.paths, *chosen.rules):
        if not Path(path).exists():
            raise SourceError("no such file or folder", path)
    outcome = sweep.run(chosen.paths, chosen.indicators, chosen.rules, jobs=max(1, chosen.jobs))
    if chosen.indicators and not chosen.no_sightings:
        sweep.record(outcome, chosen.indicators)
    words = Words(chosen.lang, outcome.findings)
    lines = [document.line(one, words, None) for one in outcome.findings]
    save(chosen.out, b"".join(line + b"\n" for line in lines))
    say(sweep.told(outcome, words))
    return FOUND if outcome.findings else PARTIAL if outcome.unread else GOOD


def _serve(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import results, taxii
    from sekisho.model.errors import SekishoError

    token = _token(chosen.token_file)
    if len(token) < 16:
        raise SekishoError("the token must have 16 characters or more")
    if not chosen.results and not chosen.indicators:
        raise SekishoError("nothing to serve; name results or --indicators")
    told = [(path, results.read(path)) for path in chosen.results]
    try:
        server = taxii.listen(taxii.server(told, chosen.indicators, token, _wish(chosen)), chosen.port)
    except OSError as error:
        raise SekishoError(f"port {chosen.port}: {error.strerror}") from error
    say([f"http://127.0.0.1:{server.server_port}/taxii2/"])
    with server:
        server.serve_forever()
    return GOOD


def _fetch(chosen: argparse.Namespace) -> int:
    import orjson

    from sekisho.sources.indicators import taxii

    token = _token(chosen.token_file) if chosen.token_file else ""
    objects = list(taxii.collection(chosen.url, token=token, user=chosen.user, added_after=chosen.added_after))
    save(chosen.out, orjson.dumps({"type": "bundle", "objects": objects}, option=orjson.OPT_INDENT_2))
    say([f"{len(objects)} objects: {chosen.out}"])
    return GOOD


def _token(path: str) -> str:
    """Read a token from a file: on the command line everybody on the machine could read it.

    Raises:
        SourceError: the file cannot be read.
    """
    from sekisho.model.errors import SourceError

    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot be read: {error}", path) from error


def _advisory(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import advisories

    wish = _wish(chosen)
    asked = advisories.Asked(
        chosen.reader,
        chosen.format,
        chosen.issuer,
        chosen.contact,
        chosen.partner,
        chosen.addressee,
        chosen.date,
        chosen.timezone,
    )
    data, others = advisories.write(result_of(chosen.paths, chosen), wish, asked)
    if not chosen.out and chosen.format == "md":
        save("-", data)
    save(chosen.out, data)
    say(others)
    return GOOD


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
