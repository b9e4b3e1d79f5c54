"""The command line: a thin face on the pipeline.

Heavy modules are imported by the command that needs them, so that ``--help`` answers at once
(``tests/bench/bench_start.py`` measures it).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sekisho.app.attribution import cli as attribution
from sekisho.app.campaigns import cli as campaigns
from sekisho.app.exchange import cli as exchange
from sekisho.app.rules import cli as rules
from sekisho.app.store import cli as store
from sekisho.app.web import cli as web

if TYPE_CHECKING:
    from rich.console import Console

    from sekisho.app.pipeline import Options
    from sekisho.detect.rules import RuleSet
    from sekisho.model.history import Memory
    from sekisho.model.result import Result
    from sekisho.respond.wording import Words

CLEAN, FINDINGS, USAGE, PARTIAL, INTERNAL = range(5)
MAX_JOBS = 64  # each worker may take what limits.py gives it; more of them only compete
EXIT_CODES = """exit codes:
  0  clean            everything was read and nothing was found
  1  findings         something malicious or suspicious was found
  2  usage            the command or a path is wrong
  3  partly unscanned nothing was found, but something could not be read
  4  internal error   a fault of Sekisho's own; please report it
"""
INVESTIGATE = """examples:
  sekisho investigate evidence/
  sekisho investigate mailbox.mbox PC-0142.evtx --rules sigma/rules --html report.html
  sekisho investigate evidence/ --lang ja --timezone Asia/Tokyo --json result.json

"""
SCAN = """examples:
  sekisho scan invoice.eml
  sekisho scan *.eml --json - | jq '.artifacts[] | select(.verdict != "clean") | .address'
  sekisho scan sample.zip --password infected

"""
LEVELS = ("informational", "low", "medium", "high", "critical")
DETECT = """examples:
  sekisho detect logs/ --rules sigma/rules
  sekisho detect Security.evtx archive.jsonl.zst --rules sigma/rules --out findings.jsonl --level medium
  sekisho detect trail/ --logsource aws//cloudtrail --rules sigma/rules --stats stats.json

"""
LAB = """examples:
  sekisho lab list
  sekisho lab make emotet-lnk-vbs --out lab
  sekisho lab make all --out lab

"""
ORGANISATION = """an organisation file (YAML, every part optional):
  domains: [corp.example]
  partners: [partner.example]
  people:
    - {name: 山田 太郎, also: [Taro Yamada], addresses: [taro@corp.example]}
  relays: [mx.corp.example, 192.0.2.0/24]   # own servers: only what they say of a sender counts
  dkim_keys: keys.txt                       # lines of: selector._domainkey.domain v=DKIM1; k=rsa; p=...

"""
SENDERS = """examples:
  sekisho senders learn archive.mbox mails/ --store senders.db
  sekisho senders show --store senders.db
  sekisho senders show suzuki@partner.example partner.example --store senders.db
  sekisho investigate evidence/ --senders senders.db

learning a mail twice changes nothing; a mail is judged only by what came before it

"""
TUNING = """examples:
  sekisho tuning check tuning.yml
  sekisho tuning check tuning.yml --rules sigma/rules

exit code 1 when an entry cannot be used, has expired or names a rule that is not loaded

"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except KeyboardInterrupt:
        print("sekisho: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _abandon_output()
        return CLEAN
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """Say what went wrong; a fault of our own also says where, for the report."""
    from sekisho.model.errors import SekishoError

    if isinstance(error, SekishoError):
        print(f"sekisho: {error}", file=sys.stderr)
        return USAGE
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    print(f"sekisho: internal error at {place}: {type(error).__name__}: {error}", file=sys.stderr)
    print("sekisho: please report this line with the command you ran", file=sys.stderr)
    return INTERNAL


def _parser() -> argparse.ArgumentParser:
    import sekisho

    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(
        prog="sekisho",
        description="Tell what a malicious mail did: mail, files, endpoint and network in one explained incident.",
        epilog=EXIT_CODES,
        **shape,
    )
    parser.add_argument("--version", action="version", version=f"sekisho {sekisho.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    investigate = commands.add_parser(
        "investigate",
        help="read a folder of mixed evidence and tell the story",
        description="Read mails, files and endpoint logs, join them, and tell what happened.",
        epilog=INVESTIGATE + ORGANISATION + EXIT_CODES,
        **shape,
    )
    investigate.add_argument("paths", nargs="+", metavar="PATH", help="files and folders; recognised by content")
    investigate.add_argument("--html", metavar="FILE", help="write a report that opens offline")
    text = "keep apart what the merge of this id united (the report names each; give it again for more)"
    investigate.add_argument("--unmerge", metavar="ID", action="append", default=[], help=text)
    _evidence_options(investigate)
    investigate.set_defaults(run=_investigate, logs=True)

    scan = commands.add_parser(
        "scan",
        help="analyse single files: verdict, reasons, what is inside",
        description="Analyse files and mails, recursively, and give a verdict with its reasons.",
        epilog=SCAN + ORGANISATION + EXIT_CODES,
        **shape,
    )
    scan.add_argument("paths", nargs="+", metavar="FILE", help="files and folders; every file is analysed")
    _shared(scan)
    scan.set_defaults(run=_investigate, logs=False, html=None, unmerge=(), logsource="", captures="")

    detect = commands.add_parser(
        "detect",
        help="run Sigma rules over logs of any size: findings as JSON lines, counts on the screen",
        description="Run every rule over every log, on all cores and in bounded memory.",
        epilog=DETECT + EXIT_CODES,
        **shape,
    )
    detect.add_argument("paths", nargs="+", metavar="PATH", help="log files and folders; recognised by content")
    _detect_options(detect)
    detect.set_defaults(run=_detect)

    lab = commands.add_parser("lab", help="make inert, labelled lab cases", epilog=LAB, **shape)
    actions = lab.add_subparsers(metavar="ACTION", required=True)
    make = actions.add_parser("make", help="write a case", epilog=LAB, **shape)
    make.add_argument("case", help="a case's name, all, or mixed-week: all at once in one company")
    make.add_argument("--out", required=True, metavar="DIR", help="folder to write it under")
    make.set_defaults(run=_lab_make)
    actions.add_parser("list", help="list the cases").set_defaults(run=_lab_list)

    tuning = commands.add_parser("tuning", help="check tuning files", epilog=TUNING, **shape)
    actions = tuning.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="show what each entry would apply to", epilog=TUNING, **shape)
    check.add_argument("files", nargs="+", metavar="FILE", help="tuning files")
    _rules_from(check)
    check.set_defaults(run=_tuning_check)

    senders = commands.add_parser("senders", help="learn and show who writes to a mailbox", epilog=SENDERS, **shape)
    actions = senders.add_subparsers(metavar="ACTION", required=True)
    learn = actions.add_parser("learn", help="add the mails of files and folders", epilog=SENDERS, **shape)
    learn.add_argument("paths", nargs="+", metavar="PATH", help="mails, mailboxes and folders")
    learn.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")
    learn.set_defaults(run=_senders_learn)
    show = actions.add_parser("show", help="show what a store knows", epilog=SENDERS, **shape)
    show.add_argument("addresses", nargs="*", metavar="ADDRESS", help="addresses or domains")
    show.set_defaults(run=_senders_show)
    for action in (learn, show):
        action.add_argument("--store", required=True, metavar="FILE", help="the store, one SQLite file")

    rules.add(commands, _rules_from, _language())
    store.add(commands, _evidence_options, store.Common(_printed, _prepared, _told), _language())
    web.add(commands)
    attribution.add(commands, _language())
    exchange.add(commands, _rules_from, _language())
    campaigns.add(commands, _language())

    doctor = commands.add_parser("doctor", help="show what this machine offers: jail, rules, versions")
    doctor.set_defaults(run=_doctor)
    return parser


def _evidence_options(parser: argparse.ArgumentParser) -> None:
    _logsource_option(parser)
    _shared(parser)


def _shared(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    add = parser.add_argument
    add("--json", metavar="FILE", help="write the whole result as JSON (- for standard output)")
    add("--organisation", default="", metavar="FILE", help="YAML: whose mail it is: domains, people, partners, relays")
    add(
        "--dkim-keys", default="", metavar="FILE", help="verify signatures with these keys (name and TXT record a line)"
    )
    add("--senders", default="", metavar="FILE", help="who wrote before: a store that sekisho senders learn made")
    text = "known indicators: a store that sekisho indicators import made; they only add findings"
    add("--indicators", default="", metavar="FILE", help=text)
    add("--password", action="append", default=[], metavar="WORD", help="try this on encrypted files (repeatable)")
    text = "change a bound on hostile input, e.g. member_bytes=200m or wall_s=60 (repeatable)"
    add("--limit", action="append", default=[], metavar="NAME=VALUE", help=text)


def _detect_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", metavar="FILE", help="write findings here, one JSON object a line; an interrupted run goes on")
    add("--events", action="store_true", help="write the whole event with each finding")
    add("--level", choices=LEVELS, default=LEVELS[0], help="leave out findings below this level")
    add("--stats", metavar="FILE", help="write what each rule did; sekisho rules list --stats FILE shows it")
    _logsource_option(parser)
    _common(parser)


def _logsource_option(parser: argparse.ArgumentParser) -> None:
    text = "what records are that do not say it: product/category/service, e.g. aws//cloudtrail"
    parser.add_argument("--logsource", default="", metavar="P/C/S", help=text)
    text = "have packet captures read by this program, if installed, in a sandbox (default: they are named as not read)"
    parser.add_argument("--captures", default="", choices=("zeek", "suricata"), help=text)


def _common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _rules_from(parser)
    add("--tuning", action="append", default=[], metavar="FILE", help="exclusions and levels of your own (repeatable)")
    add("--lang", choices=("en", "ja"), default=_language(), help="language of texts (default: from LANG)")
    add("--timezone", default="UTC", metavar="ZONE", help="show times in this zone, e.g. Asia/Tokyo (default: UTC)")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes (default: all cores)")
    add("--no-color", action="store_true", help="no colours (also NO_COLOR)")
    add("--quiet", action="store_true", help="no story and no progress: exit code and files only")


def _rules_from(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rules", action="append", default=[], metavar="PATH", help="a folder of public Sigma rules too (repeatable)")
    add(
        "--pipeline",
        action="append",
        default=[],
        metavar="FILE",
        help="fit the rules of --rules to our events by a pySigma pipeline: a file, or tm-v1 (repeatable)",
    )
    add("--placeholders", default="", metavar="FILE", help="YAML: values for the %%names%% that rules expand")
    add("--no-cache", action="store_true", help="do not keep loaded rules for the next run")
    parser.set_defaults(load=_load)


def _load(chosen: argparse.Namespace) -> RuleSet:
    """Load the rules that the options of :func:`_rules_from` choose."""
    from sekisho.app import ruleset

    for note in ruleset.pipeline_notes(chosen.pipeline):
        print(f"sekisho: {note}", file=sys.stderr)
    return ruleset.load(
        chosen.rules, cache=not chosen.no_cache, fitted=chosen.pipeline, placeholders=chosen.placeholders
    )


def _language() -> str:
    return "ja" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ja") else "en"


def _investigate(chosen: argparse.Namespace) -> int:
    from sekisho.app.progress import reporter

    rules, options = _prepared(chosen)
    from sekisho.app.pipeline import investigate

    with reporter(quiet=chosen.quiet) as progress:
        result = investigate(chosen.paths, rules, options, progress)
    return _told(result, chosen)


def _prepared(chosen: argparse.Namespace) -> tuple[RuleSet, Options]:
    """Check what was asked for, and load what is needed to do it."""
    from sekisho.model import limits

    bounds = limits.configure(chosen.limit)  # before anything that keeps to them is imported
    from sekisho.app import organisation, tuning
    from sekisho.app.pipeline import Options
    from sekisho.app.progress import reporter

    _zone(chosen.timezone)
    _need([*chosen.paths, *chosen.rules, *chosen.tuning])
    for path in filter(None, (chosen.html, chosen.json)):
        _check_target(path)
    whose = organisation.read(chosen.organisation, chosen.dkim_keys)
    memory = _memory(chosen.senders)
    with reporter(quiet=chosen.quiet) as progress:
        progress("rules", 0, 0, "")
        rules = exchange.with_indicators(_load(chosen), chosen.indicators)
        options = Options(
            jobs=min(max(1, chosen.jobs), MAX_JOBS),
            passwords=tuple(chosen.password),
            limits=bounds,
            logs=chosen.logs,
            tuning=tuning.read(chosen.tuning, rules),
            logsource=_logsource(chosen.logsource),
            captures=chosen.captures,
            organisation=whose,
            memory=memory,
            apart=tuple(chosen.unmerge),
        )
    return rules, options


def _told(result: Result, chosen: argparse.Namespace) -> int:
    """Write and show a result as asked, and give the exit code that it stands for."""
    _write(result, chosen, _zone(chosen.timezone))
    return _exit_code(result)


def _memory(path: str) -> Memory | None:
    if not path:
        return None
    from sekisho.app.senders import Store

    return Store(path)


def _senders_learn(chosen: argparse.Namespace) -> int:
    from sekisho.app import senders

    _need(chosen.paths)
    counts = senders.learn(chosen.paths, chosen.store, min(max(1, chosen.jobs), MAX_JOBS))
    print(" · ".join(f"{name}: {count}" for name, count in counts.items()))
    return PARTIAL if counts["unread"] else CLEAN


def _senders_show(chosen: argparse.Namespace) -> int:
    from sekisho.app import senders

    print("\n".join(senders.show(chosen.store, chosen.addresses)))
    return CLEAN


def _detect(chosen: argparse.Namespace) -> int:
    import json

    from sekisho.app import tuning
    from sekisho.app.detection import Options, detect
    from sekisho.app.progress import reporter
    from sekisho.model.errors import ResponseError

    zone = _zone(chosen.timezone)
    _need([*chosen.paths, *chosen.rules, *chosen.tuning])
    _check_findings_target(chosen)
    with reporter(quiet=chosen.quiet) as progress:
        progress("rules", 0, 0, "")
        rules = _load(chosen)
        options = Options(
            jobs=min(max(1, chosen.jobs), MAX_JOBS),
            tuning=tuning.read(chosen.tuning, rules),
            tuning_text="\0".join(Path(path).read_text(encoding="utf-8", errors="replace") for path in chosen.tuning),
            logsource=_logsource(chosen.logsource),
            captures=chosen.captures,
            level=chosen.level,
            events=chosen.events,
            statistics=bool(chosen.stats),
            language=chosen.lang,
            out=Path(chosen.out) if chosen.out else None,
        )
        try:
            found, statistics = detect(chosen.paths, rules, options, progress)
        except OSError as error:
            raise ResponseError(f"cannot be written: {error.strerror or error}", chosen.out or "findings") from error
        except KeyboardInterrupt:
            if chosen.out:
                print("sekisho: interrupted; the same command goes on where this one stopped", file=sys.stderr)
                return 130
            raise
    if chosen.stats:
        told = statistics.document(found.counts.events, {one.id: one.fields for one in rules.rules})
        _save(chosen.stats, json.dumps(told, indent=1).encode() + b"\n")
    if not chosen.quiet:
        from sekisho.respond import detections
        from sekisho.respond.wording import Words

        _printed(chosen, lambda console: detections.show(found, Words(chosen.lang, (), zone), console, options.out))
    if found.counts.rules:
        return FINDINGS
    return PARTIAL if any(one.failed for one in found.inputs) else CLEAN


def _logsource(text: str) -> Any:
    """Read ``product/category/service``, of which any part may be empty.

    Raises:
        SekishoError: it has more parts.
    """
    from sekisho.model.errors import SekishoError
    from sekisho.model.event import Logsource

    if not text:
        return None
    parts = text.lower().split("/")
    if len(parts) > 3 or not any(parts):
        raise SekishoError(f"--logsource {text}: write product/category/service, e.g. aws//cloudtrail")
    return Logsource(*parts)


def _need(paths: Sequence[str]) -> None:
    """Refuse paths that are not there, all of them named."""
    from sekisho.model.errors import SekishoError

    if missing := [path for path in paths if not Path(path).exists()]:
        raise SekishoError(f"no such file or folder: {', '.join(missing)}")


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from sekisho.model.errors import SekishoError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SekishoError(f"--timezone {name}: no such zone; use a name such as Asia/Tokyo") from error


def _write(result: Result, chosen: argparse.Namespace, zone: Any) -> None:
    from sekisho.respond import document
    from sekisho.respond.wording import Words

    words = Words(chosen.lang, result.findings, zone)
    if chosen.json == "-":
        _print(document.dump(result, words) + b"\n")
    elif chosen.json:
        _save(chosen.json, document.dump(result, words))
    if chosen.html:
        from sekisho.respond import report

        _save(chosen.html, report.render(result, words).encode("utf-8", "backslashreplace"))
    if not chosen.quiet and chosen.json != "-":
        _show(result, words, chosen)


def _show(result: Result, words: Words, chosen: argparse.Namespace) -> None:
    from sekisho.respond import terminal

    tell = terminal.story if chosen.logs else terminal.scan
    _printed(chosen, lambda console: tell(result, words, console))


def _printed(chosen: argparse.Namespace, tell: Callable[[Console], None]) -> None:
    """Print what is told to a console: styled on a terminal, plain text elsewhere."""
    from rich.console import Console

    seen = sys.stdout.isatty()
    plain, width = chosen.no_color or not seen, None if seen else 140
    shape: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False, "no_color": plain, "width": width}
    printed = StringIO()
    tell(Console(file=printed, force_terminal=seen, **shape))
    lines = [line.rstrip() for line in printed.getvalue().splitlines()]
    text = "\n".join(lines) + "\n"  # tables pad their lines; nobody wants that in a pipe
    _print(text.encode(sys.stdout.encoding or "utf-8", "replace"))


def _check_target(path: str) -> None:
    """Refuse a file that cannot be written before the work, not after it."""
    from sekisho.model.errors import ResponseError

    folder = Path(path).parent
    if path != "-" and (Path(path).is_dir() or not os.access(folder, os.W_OK)):
        raise ResponseError("cannot be written; name a file in a folder that you may write to", path)


def _check_findings_target(chosen: argparse.Namespace) -> None:
    """Refuse to write findings or statistics over evidence, over each other, or over what is no plain file."""
    from sekisho.model.errors import ResponseError

    targets = [Path(path) for path in (chosen.out, chosen.stats) if path]
    for path in targets:
        _check_target(str(path))
        if str(path) == "-" or not path.parent.is_dir() or (path.exists() and not path.is_file()):
            raise ResponseError("is no plain file; name a file in a folder that you may write to", str(path))
        inputs = [Path(one).resolve() for one in chosen.paths]
        if any(path.resolve() == one for one in inputs) or (path.exists() and _below(path.resolve(), inputs)):
            raise ResponseError("is evidence; name another file", str(path))
    if len({path.resolve() for path in targets}) < len(targets):
        raise ResponseError("is named for both findings and statistics", str(targets[0]))


def _below(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _print(data: bytes) -> None:
    """Write to standard output at once, so that a full disk or a closed pipe shows here and not at the end."""
    from sekisho.model.errors import ResponseError

    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _abandon_output()
        raise ResponseError(f"cannot be written: {error.strerror}", "standard output") from error


def _abandon_output() -> None:
    """Let what standard output still holds go nowhere when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _save(path: str, data: bytes) -> None:
    from sekisho.model.errors import ResponseError

    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror}", path) from error


def _exit_code(result: Result) -> int:
    return {"malicious": FINDINGS, "suspicious": FINDINGS, "unscanned": PARTIAL, "clean": CLEAN}[result.verdict.value]


def _lab_make(chosen: argparse.Namespace) -> int:
    from sekisho.app.lab import cases, mixed

    if chosen.case == mixed.NAME:
        print(mixed.make(Path(chosen.out)))
        return CLEAN
    names = list(cases.EVERY) if chosen.case == "all" else [chosen.case]
    unknown = [name for name in names if name not in cases.EVERY]
    if unknown:
        print(f"sekisho: no case {unknown[0]}; there are: {', '.join(cases.EVERY)}", file=sys.stderr)
        return USAGE
    for name in names:
        print(cases.make(name, Path(chosen.out)))
    return CLEAN


def _lab_list(chosen: argparse.Namespace) -> int:
    from sekisho.app.lab import cases, mixed

    for name, case in cases.EVERY.items():
        print(f"{name:32} {case.title_ja if _language() == 'ja' else case.title_en}")
    all_in_one = (
        "すべてのケースを一つの会社の一週間に" if _language() == "ja" else "every case in one week of one company"
    )
    print(f"{mixed.NAME:32} {all_in_one}")
    return CLEAN


def _tuning_check(chosen: argparse.Namespace) -> int:
    from sekisho.app import tuning

    _need([*chosen.files, *chosen.rules])
    lines, good = tuning.check(chosen.files, _load(chosen))
    print("\n".join(lines))
    return CLEAN if good else FINDINGS


def _doctor(chosen: argparse.Namespace) -> int:
    from sekisho.app import doctor

    for name, value in doctor.look().items():
        print(f"{name:12} {value}")
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
