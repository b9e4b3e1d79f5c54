"""The commands that tell others and hear from them: what they take, and which module answers when it is asked."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sekisho.app.exchange import _indicators_cli, _taxii_cli
from sekisho.app.exchange._indicators_cli import with_indicators
from sekisho.app.exchange._options import GOOD, out_option, save, say, shown, telling_options, wish_of

if TYPE_CHECKING:
    from sekisho.model.campaign import Dossier
    from sekisho.model.result import Result

__all__ = ["add", "with_indicators"]

Options = Callable[[argparse.ArgumentParser], None]
FORMATS = ("stix", "misp", "navigator", "sigma", "yara", "csv", "ocsf")
LEFT_SHOWN = 20
EXPORT = """examples:
  sekisho investigate evidence/ --json result.json
  sekisho export result.json --to stix --out incident.stix.json --organisation corp.yml
  sekisho export result.json --to csv
  sekisho export result.json --to sigma --evidence evidence/ --out rules/
  sekisho export evidence/ --to misp --incident ibcdfe079a080 --out event.json
  sekisho export campaigns.db --campaign c0123456789ab --to stix --out campaign.stix.json

Without --out nothing is written: what would be, and what is left out with its reason, is shown. Victims (mailboxes,
accounts, hosts) are not named unless --internal says that the reader is inside.

"""
ADVISORY = """examples:
  sekisho advisory result.json --for staff --lang ja --timezone Asia/Tokyo --out notice.md
  sekisho advisory result.json --for mail-admin --format html --organisation corp.yml --out mail.html
  sekisho advisory result.json --for csirt --tlp green --format pdf --out share.pdf
  sekisho advisory result.json --for partner --partner hotel.example --lang ja --format pdf --out letter.pdf
  sekisho advisory campaigns.db --campaign c0123456789ab --for csirt --lang ja --format html --out campaign.html

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
        help="write an incident or campaign as STIX, MISP, Navigator layer, Sigma, YARA, CSV or OCSF",
        description="Write incidents, or a campaign, in the form that other programs read.",
        epilog=EXPORT,
        **shape,
    )
    _sources(export)
    export.add_argument("--to", required=True, choices=FORMATS, help="the form")
    export.add_argument(
        "--evidence", action="append", default=[], metavar="PATH", help="prove rules on it (sigma, yara)"
    )
    out_option(export)
    telling_options(export, language)
    shared(export)
    export.set_defaults(run=_export)
    _indicators_cli.add(commands, language)
    _taxii_cli.add(commands, language)
    _add_advisory(commands, shared, language)


def _add_advisory(commands: Any, shared: Options, language: str) -> None:
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    advisory = commands.add_parser(
        "advisory",
        help="write a notice for staff, mail administrators, other CSIRTs or a partner",
        description="Tell an incident or a campaign to those who must act, in Japanese or English.",
        epilog=ADVISORY,
        **shape,
    )
    _sources(advisory)
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
    out_option(advisory)
    telling_options(advisory, language)
    shared(advisory)
    advisory.set_defaults(run=_advisory)


def _sources(parser: argparse.ArgumentParser) -> None:
    told = "a result of --json, or evidence; with --campaign the store of campaigns"
    parser.add_argument("paths", nargs="+", metavar="SOURCE", help=told)
    told = "this campaign of the store (an id of now or earlier, or of a member)"
    parser.add_argument("--campaign", default="", metavar="ID", help=told)


def _dossier(chosen: argparse.Namespace) -> Dossier:
    """Read the campaign that is asked for.

    Raises:
        SekishoError: several stores or incidents are named, or there is no such campaign.
    """
    from sekisho.app.exchange import campaigns
    from sekisho.model.errors import SekishoError

    if len(chosen.paths) > 1 or chosen.incident:
        raise SekishoError("--campaign takes one store of campaigns and no --incident")
    return campaigns.dossier(chosen.paths[0], chosen.campaign)


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


def _export(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import export
    from sekisho.respond.wording import Words

    if chosen.campaign:
        from sekisho.app.exchange import campaigns

        made = campaigns.export(_dossier(chosen), chosen.to, wish_of(chosen))
    else:
        result = result_of(chosen.paths, chosen)
        if chosen.to in ("sigma", "yara"):
            return (_sigma if chosen.to == "sigma" else _yara)(result, chosen)
        made = export.export(result, chosen.to, wish_of(chosen))
    words = Words(chosen.lang)
    save(chosen.out, made.data)
    listed = [f"{one.kind:7} {words.word('observed', one.role)}: {shown(one.value)}" for one in made.picked.observed]
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
    found, told = export.sigma_rules(result, wish_of(chosen), evidence, jobs=max(1, chosen.jobs))
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
    found, told = export.yara_rules(result, wish_of(chosen), evidence, jobs=max(1, chosen.jobs))
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


def _advisory(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import advisories

    wish = wish_of(chosen)
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
    others: list[str] = []
    if chosen.campaign:
        from sekisho.app.exchange import campaigns

        data = campaigns.advisory(_dossier(chosen), wish, asked)
    else:
        data, others = advisories.write(result_of(chosen.paths, chosen), wish, asked)
    if not chosen.out and chosen.format == "md":
        save("-", data)
    save(chosen.out, data)
    say(others)
    return GOOD
