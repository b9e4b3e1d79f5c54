"""Indicators: importing a table of a million rows, and looking for a hundred thousand values in a million events.

Run: ``./dev bench indicators``. Every figure is CPU time on one core, the median of three runs on made-up values;
nothing is tuned on them.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

from sekisho.app.exchange.store import Store, Terms, learn
from sekisho.detect.indicators import Index
from sekisho.model.event import Event, Logsource
from sekisho.model.indicator import Indicator

VALUES, EVENTS, ROWS, RUNS = 100_000, 100_000, 1_000_000, 3
WORDS = (
    "shop mail login secure portal news cloud update store service flower tile bakery bike garden tea books art".split()
)


def values(dice: random.Random, count: int) -> list[Indicator]:
    """Make indicators as feeds have them: addresses, names, URLs and hashes."""
    found = []
    for number in range(count):
        kind = number % 4
        name = f"{dice.choice(WORDS)}-{dice.choice(WORDS)}-{dice.randrange(10**6)}.net"
        if kind == 0:
            found.append(Indicator("ip", ".".join(str(dice.randrange(1, 255)) for _ in range(4)), 60))
        elif kind == 1:
            found.append(Indicator("domain", name, 60))
        elif kind == 2:
            found.append(Indicator("url", f"http://{name}/{dice.randrange(10**9):x}/index.html", 60))
        else:
            found.append(Indicator("sha256", f"{dice.getrandbits(256):064x}", 60))
    return found


def events(dice: random.Random, count: int) -> list[Event]:
    """Make events of some 900 characters, as Sysmon's are."""
    made = []
    for number in range(count):
        fields = {
            "Image": "C:\\Windows\\System32\\svchost.exe",
            "CommandLine": f"svchost.exe -k netsvcs -p -s {dice.choice(WORDS)} {dice.randrange(10**6)}",
            "ParentImage": "C:\\Windows\\System32\\services.exe",
            "Hashes": f"SHA1={dice.getrandbits(160):040x},MD5={dice.getrandbits(128):032x},SHA256={dice.getrandbits(256):064x}",
            "User": "CORP\\user01",
            "Computer": "PC-0142.corp.example",
            "DestinationIp": ".".join(str(dice.randrange(1, 255)) for _ in range(4)),
            "DestinationHostname": f"{dice.choice(WORDS)}.{dice.choice(WORDS)}.example",
            "Message": "Network connection detected by the sensor, rule technique none, protocol tcp, initiated true. "
            * 4,
        }
        made.append(
            Event(Logsource("windows", "network_connection", "sysmon"), fields, number, "PC1", "", "x", str(number))
        )
    return made


def median(work) -> float:  # type: ignore[no-untyped-def]
    """Give the median seconds of some runs."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    dice = random.Random(1)
    known, seen = values(dice, VALUES), events(dice, EVENTS)

    def build() -> None:
        Index(known).ready()

    print(f"build an index of {VALUES:,} values: {median(build):.2f} s")
    for count in (10, 1_000, VALUES):
        index = Index(known[:count])
        index.ready()

        def scan(index: Index = index) -> None:
            for event in seen:
                index.find(event)

        took = median(scan)
        print(
            f"look for {count:,} values: {EVENTS / took:,.0f} events/s, {took / EVENTS * 1e6 * 1e6 / 1e6:.0f} s a million"
        )
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "feed.csv"
        with table.open("w") as file:
            file.write("type,value,confidence\n")
            for one in values(dice, ROWS):
                file.write(f"{one.kind},{one.value},{one.confidence}\n")
        times = []
        for run in range(RUNS):
            with Store(str(Path(folder) / f"{run}.db"), write=True) as store:
                started = time.process_time()
                counts = learn([str(table)], store, Terms(1_790_000_000))
                times.append(time.process_time() - started)
        took = statistics.median(times)
        print(f"import a table of {ROWS:,} rows: {took:.0f} s, {ROWS / took:,.0f} rows/s, kept {counts.kept:,}")


if __name__ == "__main__":
    main()
