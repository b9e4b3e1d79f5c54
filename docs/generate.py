#!/usr/bin/env python3
"""Write the reference pages and the README's story from the program itself.

``--check`` changes nothing and fails when a page, a story or a link is out of date.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from rich.console import Console

from sekisho import analyzers, sources
from sekisho.app import cli, ruleset
from sekisho.app.lab import cases
from sekisho.app.pipeline import Options, investigate
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.result import Result
from sekisho.normalize import artifacts, commands, exchange, injections, mail, mailservers, web_requests
from sekisho.respond import terminal
from sekisho.respond.wording import Words

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
HEAD = "<!-- Written by docs/generate.py; change the program, then run ./dev golden. -->\n"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
HELP_COLUMNS = "100"  # the help text must not depend on the terminal of whoever writes the page
CASE, COLUMNS = "emotet-lnk-vbs", 112  # of the README's story
STORY = re.compile(r"(<!-- story:(en|ja):([\w/]+) .*?-->\n```\n).*?(```\n)", re.DOTALL)
TECHNIQUES = re.compile(r" +(T\d{4}(\.\d{3})? ?)+")
COMMANDS = (
    [],
    ["investigate"],
    ["scan"],
    ["lab"],
    ["lab", "make"],
    ["lab", "list"],
    ["tuning"],
    ["tuning", "check"],
    ["campaigns"],
    ["campaigns", "add"],
    ["campaigns", "list"],
    ["campaigns", "show"],
    ["campaigns", "explain"],
    ["campaigns", "split"],
    ["campaigns", "merge"],
    ["campaigns", "decide"],
    ["campaigns", "undo"],
    ["campaigns", "label"],
    ["campaigns", "trend"],
    ["rules"],
    ["rules", "check"],
    ["rules", "test"],
    ["rules", "list"],
    ["rules", "explain"],
    ["rules", "coverage"],
    ["rules", "new"],
    ["ingest"],
    ["hunt"],
    ["store"],
    ["store", "status"],
    ["store", "prune"],
    ["attribute"],
    ["attribute", "learn"],
    ["attribute", "rank"],
    ["attribute", "compare"],
    ["export"],
    ["indicators"],
    ["indicators", "import"],
    ["indicators", "list"],
    ["indicators", "expire"],
    ["sweep"],
    ["taxii"],
    ["taxii", "serve"],
    ["taxii", "fetch"],
    ["advisory"],
    ["doctor"],
)


def main() -> int:
    """Write or check every page."""
    import windows_pipeline  # beside this file: there to be found only when this file is what is run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is out of date")
    check = parser.parse_args().check
    stale = []
    own = (ROOT / "pipelines" / "windows.yml", windows_pipeline.windows())
    for path, text in [*((DOCS / "reference" / name, text) for name, text in pages()), own, *readmes()]:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
            if not check:
                path.write_text(text, encoding="utf-8")
    broken = list(broken_links())
    for line in broken:
        print(line, file=sys.stderr)
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run ./dev golden", file=sys.stderr)
    return 1 if broken or (check and stale) else 0


def pages() -> Iterator[tuple[str, str]]:
    """Give every generated page by file name."""
    yield "cli.md", HEAD + cli_page()
    yield "features.md", HEAD + features_page()
    yield "taxonomy.md", HEAD + taxonomy_page()
    yield "rules.md", HEAD + rules_page()
    yield "limits.md", HEAD + limits_page()


def cli_page() -> str:
    """Give the help text of each command."""
    parts = ["# Command line\n"]
    for words in COMMANDS:
        out = io.StringIO()
        columns = patch.dict(os.environ, COLUMNS=HELP_COLUMNS, LANG="C", LC_ALL="C")
        with columns, contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            cli.main([*words, "--help"])
        title = " ".join(["sekisho", *words])
        parts.append(f"\n## {title}\n\n```\n{out.getvalue().rstrip()}\n```\n")
    return "".join(parts)


def features_page() -> str:
    """Give each analyser with what it reads and the features it may yield."""
    lines = ["# Analysers and their features\n\nA feature is a rule field of the same name.\n"]
    for one in analyzers.load().values():
        summary = first_line(sys.modules[one.run.__module__].__doc__)
        lines.append(f"\n## {one.name}\n\n{summary}\n")
        if one.media_type:
            lines.append(f"\nMedia type: `{one.media_type}`\n")
        lines.append("\n" + ", ".join(f"`{name}`" for name in dict.fromkeys(one.features)) + "\n")
    return "".join(lines)


def taxonomy_page() -> str:
    """Give the logsources that Sekisho adds to Sigma's, the sources it reads, and their fields."""
    lines = [
        "# Event taxonomy\n\nSigma's own field names are the schema. These logsources and fields are added.\n",
        "\nEvery feature of an artifact ([features](features.md)) is a field of its event under the same name.\n",
    ]
    for title, names in (
        ("product: email, category: message", (*artifacts.MESSAGE_FIELDS, *mail.fields())),
        ("product: email, category: attachment", artifacts.ATTACHMENT_FIELDS),
        ("product: email, category: url", artifacts.URL_FIELDS),
        *((f"product: {one.product}, category: {one.category}", names) for one, names in mailservers.FIELDS.items()),
        ("product: shop, category: order; category: webserver (added when one carries script)", injections.FIELDS),
        ("product: browser, category: csp_violation", injections.REPORT_FIELDS),
        ("product: windows, category: process_creation (added when a command line hides something)", commands.FIELDS),
        ("category: webserver", (web_requests.DECODED,)),
        ("product: exchange, service: httpproxy", (exchange.DECODED,)),
        ("product: exchange, service: message_tracking", exchange.TRACKING_FIELDS),
        ("product: windows, service: msexchange-management", exchange.CMDLET_FIELDS),
    ):
        lines.append(f"\n## {title}\n\n" + ", ".join(f"`{name}`" for name in names) + "\n")
    lines.append("\n## Sources\n\n| source | gives | what it reads |\n|---|---|---|\n")
    for one in sources.load().values():
        summary = first_line(sys.modules[one.read.__module__].__doc__)
        lines.append(f"| {one.name} | {one.event_class} | {summary} |\n")
    return "".join(lines)


def rules_page() -> str:
    """Give our own rules by logsource with level and techniques."""
    loaded = ruleset.load([], cache=False)
    lines = ["# Rules that ship with Sekisho\n\n| rule | reads | level | ATT&CK |\n|---|---|---|---|\n"]
    for rule in sorted(loaded.rules, key=lambda rule: rule.path):
        path = Path(rule.path).relative_to(ROOT)
        where = "/".join(
            part for part in (rule.logsource.product, rule.logsource.category, rule.logsource.service) if part
        )
        techniques = ", ".join(rule.attack)
        lines.append(f"| [{rule.title}](../../{path}) | {where} | {rule.level} | {techniques} |\n")
    return "".join(lines)


def limits_page() -> str:
    """Give the limits with their settings and meanings, read from the source itself."""
    source = (ROOT / "src/sekisho/model/limits.py").read_text(encoding="utf-8")
    lines = [
        "# Limits\n\nReaching one is always named in the result. `--limit member_bytes=200m` changes one for a run; "
        "it can be given again.\n\n| limit | setting | meaning |\n|---|---|---|\n"
    ]
    for one in fields(Limits):
        found = re.search(rf'{one.name}: .*?\n    """(.*?)"""', source, re.DOTALL)
        lines.append(f"| `{one.name}` | {getattr(DEFAULT, one.name):,} | {found[1] if found else ''} |\n")
    return "".join(lines)


def readmes() -> Iterator[tuple[Path, str]]:
    """Give every README with its story told anew."""
    for path in sorted(ROOT.glob("README*.md")):
        text = path.read_text(encoding="utf-8")
        yield path, STORY.sub(lambda found: f"{found[1]}{story(found[2], found[3])}{found[4]}", text)


def story(language: str, zone: str) -> str:
    """Give the terminal story of the case, without its lines of ATT&CK techniques and the rest of long reason lists."""
    console = Console(width=COLUMNS, no_color=True, highlight=False, markup=False, emoji=False, file=io.StringIO())
    result = lab_result()
    with console.capture() as printed:
        terminal.story(result, Words(language, result.findings, ZoneInfo(zone)), console)
    lines = [line.rstrip() for line in printed.get().strip("\n").splitlines()]
    kept, reasons = [], 0
    for line in lines:
        reasons = reasons + 1 if line.lstrip().startswith("· ") and line.startswith("   ") else 0
        if reasons <= 1 and not TECHNIQUES.fullmatch(line):
            kept.append(line)
    return "\n".join(kept) + "\n"


@cache
def lab_result() -> Result:
    """Make the lab case and investigate it, by the paths that the README's command names."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        cases.make(CASE, Path("lab"))
        return investigate([f"lab/{CASE}/evidence"], ruleset.load([], cache=False), Options(jobs=2))


def first_line(text: str | None) -> str:
    """Give a docstring's first sentence."""
    return (text or "").strip().split("\n")[0]


def broken_links() -> Iterator[str]:
    """Name every relative link in our Markdown files that leads nowhere."""
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: dead link {target}"


if __name__ == "__main__":
    sys.exit(main())
