"""Rates of the store: ``./dev bench store`` or ``python tests/bench/bench_store.py [events]``.

Then sweeps: rules and indicators over every event, beside what asking about each event costs. Not a test. Process creations and mails of 500 hosts over 60 days, made before the clock starts; a million unless told
otherwise. Each question is asked REPEATS times; the median is printed.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from sekisho.app.store.hunt import Looked, hunt, tally
from sekisho.app.store.state import State, Stored
from sekisho.app.store.sweep import sweep
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import DAY_NS, Writer
from sekisho.detect import rules
from sekisho.detect.hunting import parse
from sekisho.detect.indicators import Index
from sekisho.detect.ruleset import RuleSet
from sekisho.model.event import Event, Logsource
from sekisho.model.indicator import Indicator

EVENTS, PART, REPEATS = 1_000_000, 5_000, 5
START = 19_905 * DAY_NS
PROCESS, MAIL = Logsource("windows", "process_creation", "sysmon"), Logsource("email", "message")
QUESTIONS = (
    "Image|endswith:\\regsvr32.exe CommandLine|contains:..\\",
    "CommandLine|contains:needle",
    "needle",
    "subject|contains:請求書",
    "@host:pc-17 Image|contains:cmd",
    "ProcessId|gt:64990",
)


def made(count: int) -> Iterator[list[Event]]:
    """Give events by the part, as workers do."""
    dice = random.Random(3)
    images = [f"C:\\Program Files\\App{n}\\app{n}.exe" for n in range(400)] + ["C:\\Windows\\System32\\cmd.exe"]
    for begin in range(0, count, PART):
        part = []
        for n in range(begin, min(count, begin + PART)):
            at, host = START + n * (60 * DAY_NS // count), f"PC-{dice.randrange(500)}"
            if n % 10 == 0:
                fields = {"subject": f"{dice.choice(['請求書', 'Report', '見積'])} {dice.randrange(5_000)}",
                          "sender.address": f"a{dice.randrange(3_000)}@partner.example", "body.text": "text " * 40}  # fmt: skip
                part.append(Event(MAIL, fields, at, "", f"u{n % 500}", "m.mbox", str(n)))
                continue
            image = "C:\\Windows\\System32\\regsvr32.exe" if n % 5_000 == 1 else dice.choice(images)
            tail = "..\\x.ocx" if n % 20_000 == 1 else "needle" if n % 100_000 == 7 else str(dice.randrange(10_000))
            fields = {
                "Image": image, "CommandLine": f'"{image}" /task {tail}', "ParentImage": dice.choice(images),
                "User": f"CORP\\user{dice.randrange(500)}", "ProcessId": dice.randrange(65_000), "EventID": 1,
                "ProcessGuid": f"{{{dice.getrandbits(64):016x}}}", "Hashes": f"SHA256={dice.getrandbits(128):032x}",
                "CurrentDirectory": "C:\\Windows\\System32\\", "IntegrityLevel": "Medium",
            }  # fmt: skip
            part.append(Event(PROCESS, fields, at, host, "", "sysmon.jsonl", str(n)))
        yield part


def looked_for(kind: str) -> RuleSet:
    """Give what a sweep looks for: two rules, one of which no column can answer, or indicators."""
    detection = {"a rule": "CommandLine|contains: needle", "a rule without a literal": "ProcessId|gt: 64990"}.get(kind)
    text = f"title: T\nlogsource: {{product: windows}}\ndetection: {{one: {{{detection}}}, condition: one}}"
    if detection:
        return rules.load([("r.yml", text)])
    dice = random.Random(9)
    count = int(kind.split()[0].replace(",", ""))
    known = [Indicator("sha256", f"{dice.getrandbits(256):064x}", 90) for _ in range(count // 2)]
    known += [Indicator("domain", f"host{n}.evil.example", 90) for n in range(count - len(known))]
    return rules.load([]).looking_for(Index([*known, Indicator("file", "x.ocx", 90)]))


def swept(state: State, count: int) -> None:
    """Tell how fast everything stored is looked through."""
    for kind in ("a rule", "a rule without a literal", "100 indicators", "100,000 indicators"):
        spent = []
        for _ in range(REPEATS):
            known, looked = looked_for(kind), Looked()
            at = time.perf_counter()
            found = sum(len(some) for _, some in sweep(state, known, looked))
            spent.append(time.perf_counter() - at)
        rate = count / median(spent)
        print(f"sweep for {kind:40} {found:7,} in {median(spent):5.2f} s, {rate:,.0f} events/s, {looked.asked:,} asked")


def main() -> None:
    """Write, then ask."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder, State(Path(folder), write=True) as state:
        packing = writing = 0.0
        writer = Writer(state)
        for part in made(count):
            at = time.process_time()
            packed = pack(part)
            packing += time.process_time() - at
            at = time.process_time()
            writer.take("bench", packed)
            writing += time.process_time() - at
        at = time.process_time()
        writer.finish(Stored("bench", "bench", "jsonl", 1, count, None))
        writer.flush()
        writing += time.process_time() - at
        size = state.status().size_bytes / 1e6
        print(
            f"{count:,} events: packed {count / packing:,.0f}/s, written {count / writing:,.0f}/s (CPU), {size:.0f} MB"
        )
        for text in QUESTIONS:
            question, spent = parse(text), []
            for _ in range(REPEATS):
                at = time.perf_counter()
                answers = hunt(state, question, limit=100)
                spent.append(time.perf_counter() - at)
            at = time.perf_counter()
            whole, looked = tally(state, question, "Image")
            counted = time.perf_counter() - at
            print(
                f"{text:50} latest {len(answers.events):3} in {median(spent):5.2f} s, all {sum(whole.values()):7,} in {counted:5.2f} s, {looked.asked:,} asked"
            )
        swept(state, count)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
