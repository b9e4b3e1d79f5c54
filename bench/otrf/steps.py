#!/usr/bin/env python3
"""Hold what is found in the OTRF data against the documented steps and write docs/reference/otrf.md.

Run: .venv/bin/python bench/otrf/steps.py [folder]          (default: ../shared/data; about three minutes)
     .venv/bin/python bench/otrf/steps.py --print           (to the terminal, the page stays as it is)

The steps of APT29's first day are those of MITRE's public emulation plan, as far as they cross the network. The lab's
attackers sit in 192.168.0.0/24, which rules on outside addresses rightly take for inside; so the logs are read a second
time with these addresses moved to a documentation block, as an attacker's would be.

Source: center-for-threat-informed-defense/adversary_emulation_library, "APT29", day 1; OTRF/Security-Datasets.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sekisho.app import ruleset
from sekisho.app.pipeline import Options, investigate
from sekisho.detect import correlator
from sekisho.detect.beacons import Beacons
from sekisho.detect.ruleset import RuleSet
from sekisho.model.event import Event
from sekisho.model.finding import LEVELS
from sekisho.normalize import records
from sekisho.normalize.requests import described
from sekisho.sources import Row, load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "otrf.md"
PUBLIC = ("sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting")
ATTACKERS, MOVED = "192.168.0.", "203.0.113."
SHOWN = LEVELS[1:]
TITLES = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One documented step and the records in which it shows."""

    number: str
    what: str
    shows: Callable[[Mapping[str, Any], Event], bool]


def to(address: str, port: int, service: str = "") -> Callable[[Mapping[str, Any], Event], bool]:
    """Tell records of connections to one end."""
    return lambda fields, event: (
        str(fields.get("dst_ip")).endswith(address)
        and fields.get("dst_port") == port
        and service in ("", event.logsource.service)
    )


def asked(method: str, end: str) -> Callable[[Mapping[str, Any], Event], bool]:
    """Tell requests of one kind."""
    return lambda fields, event: fields.get("cs-method") == method and str(fields.get("url.path")).endswith(end)


def rpc(endpoint: str) -> Callable[[Mapping[str, Any], Event], bool]:
    """Tell calls of one interface by the first victim."""
    return lambda fields, event: fields.get("endpoint") == endpoint and fields.get("src_ip") == "10.0.1.4"


STEPS = (
    Step("1.A", "a disguised screen saver calls its server on a port of its own", to("0.5", 1234)),
    Step("3.B", "a second implant speaks TLS with its server", to("0.5", 443)),
    Step("4.C, 6", "groups and users of the domain are listed over SAMR", rpc("samr")),
    Step("7.B", "an archive is carried out to a Web folder", asked("PUT", ".7z")),
    Step("8.A", "the second victim is reached over WinRM", to("0.1.6", 5985)),
    Step("8.B", "a packed program is fetched from the Web folder", asked("GET", "python.exe")),
    Step("8.C", "that program is started on the second victim with PsExec, over encrypted SMB", to("0.1.6", 445)),
    Step("9.A", "it speaks TLS with its server, again and again", to("0.4", 8443)),
)


def main() -> int:
    """Measure and write."""
    given = [one for one in sys.argv[1:] if not one.startswith("-")]
    root = Path(given[0]) if given else ROOT.parent / "shared" / "data"
    if not (root / "otrf").is_dir():
        sys.stderr.write(f"{root}: the OTRF data is not there\n")
        return 2
    own = ruleset.load([])
    public = ruleset.load([*(str(root / name) for name in PUBLIC)])
    lines = [*HEAD, *day_one(root, own), *ATOMIC_HEAD, *atomic(root, own, public)]
    text = "".join(f"{line}\n" for line in lines)
    if "--print" in sys.argv:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return 0


HEAD = (
    "# Security-Datasets: what was found and what was missed",
    "",
    "Written by `bench/otrf/steps.py` over the OTRF data beside the project. Nobody on the project wrote these logs.",
    "",
    "## APT29, day 1: Zeek logs of two victims",
    "",
    "Steps of MITRE's emulation plan that cross the network. *As logged*: the lab's attackers have private addresses,",
    "which rules on outside addresses take for inside. *Moved*: the same records with these addresses outside.",
    "",
    "| step | what | records | as logged | moved outside |",
    "|---|---|---|---|---|",
)
ATOMIC_HEAD = (
    "",
    "## Atomic sets: host events of one technique each",
    "",
    "The name says what was done. Findings of level low and above: our own rules, then the public Sigma rules that run",
    "on the same engine. A finding in a set need not be about its technique; a set without any is missed.",
    "",
    "| set | events | our rules | public rules |",
    "|---|---|---|---|",
)


def day_one(root: Path, rules: RuleSet) -> Iterator[str]:
    """Give the rows of the first table and what was found beside the steps."""
    path = root / "otrf" / "apt29-day1" / "zeek" / "combined_zeek.log"
    plain = list(events(path))
    counts = {step.number: sum(step.shows(event.fields, event) for event in plain) for step in STEPS}
    places = {event.record: _step_of(event) for event in plain}
    results = [_by_step(rules, plain, places), _by_step(rules, [_moved(event) for event in plain], places)]
    for step in STEPS:
        shown = " | ".join(_titles(result[step.number]) for result in results)
        yield f"| {step.number} | {step.what} | {counts[step.number]} | {shown} |"
    found = [sum(bool(result[step.number]) for step in STEPS) for result in results]
    yield ""
    yield f"Found: {found[0]} of {len(STEPS)} steps as logged, {found[1]} with the attackers outside."
    for title, result in zip(("as logged", "moved outside"), results, strict=True):
        yield f"Findings on records of no step, {title}: {_titles(result[''])}."


def events(path: Path) -> Iterator[Event]:
    """Give the events of one log."""
    rows = (one for one in load()["json-records"].read(path) if isinstance(one, Row))
    return map(described, records.normalize(rows, source=path.name))


def _moved(event: Event) -> Event:
    fields = {
        name: value.replace(ATTACKERS, MOVED) if type(value) is str else value
        for name, value in event.fields.items()
        if name != "url.signs"
    }
    return described(replace(event, fields=fields))


def _by_step(rules: RuleSet, given: list[Event], places: Mapping[str, str]) -> dict[str, Counter[str]]:
    """Match everything and say on the records of which step each finding stands; ``places`` are steps by record."""
    heard, hits = Beacons(), []
    for event in given:
        heard.add(event)
        hits += [(event, one) for one in rules.match(event)]
    for event in heard.events():
        hits += [(event, one) for one in rules.match(event)]
    by_id = {event.id: event for event, _ in hits}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event, one in hits:
        if one.level in SHOWN and one.rule_id not in rules.silent:
            found[places[event.record]][one.title] += 1
    for one in correlator.correlate(rules.correlations, hits).findings:
        if one.rule_id not in rules.silent:
            for number in {places[by_id[key].record] for key in one.of if key in by_id}:
                found[number][one.title] += 1
    return found


def _step_of(event: Event) -> str:
    return next((step.number for step in STEPS if step.shows(event.fields, event)), "")


def atomic(root: Path, own: RuleSet, public: RuleSet) -> Iterator[str]:
    """Give the rows of the second table, then how many sets each rule set finds something in."""
    paths = sorted((root / "otrf" / "atomic").rglob("*.zip"))
    totals = [0, 0]
    for path in paths:
        cells, count = [], 0
        for number, rules in enumerate((own, public)):
            result = investigate([str(path)], rules, Options(jobs=2))
            found = Counter(one.title for one in result.findings if one.level in SHOWN)
            count = sum(one.records for one in result.inputs)
            totals[number] += bool(found)
            cells.append(_titles(found))
        yield f"| {path.relative_to(root / 'otrf' / 'atomic').with_suffix('')} | {count} | {' | '.join(cells)} |"
    yield ""
    yield f"Something found in {totals[0]} of {len(paths)} sets by our rules, in {totals[1]} by the public ones."


def _titles(found: Counter[str]) -> str:
    if not found:
        return "nothing"
    named = [f"{title.replace('|', '/')} ({count})" for title, count in found.most_common(TITLES)]
    more = len(found) - len(named)
    return "; ".join(named) + (f"; {more} more" if more else "")


if __name__ == "__main__":
    sys.exit(main())
