"""Events that are held packed come out as they went in, and take little room."""

import random

from sekisho.correlate.held import checksum, hold, release, written
from sekisho.model.event import Event, Logsource

SYSMON = Logsource("windows", "process_creation", "sysmon")
WRITES = Logsource("windows", "file_event", "sysmon")


def event(number, host="PC-1", source=SYSMON, **fields):
    return Event(source, fields, number, host, "CORP\\user01", "pc.jsonl", str(number), ("a",) * (number % 2))


def given(*events):
    return [(index, one, index % 3 == 0) for index, one in enumerate(events)]


def test_everything_comes_out_in_order():
    some = given(
        event(1, Image="a.exe", ProcessId=4, Hashes=None),
        event(2, "pc-2", Image="b.exe", **{"CommandLine.unfolded": ["one", "two"]}),
        event(3, "PC-1", WRITES, TargetFilename="C:\\\udc80日本.txt"),
        event(4, Big=2**80, Small=-1, Share=0.5, On=True),
    )
    assert list(release(hold(some))) == some


def test_only_hosts_that_are_asked_for():
    held = hold(given(event(1, "PC-1"), event(2, "PC-2"), event(3, "pc-1")))
    assert held.hosts == {"pc-1": 2, "pc-2": 1}
    assert [one.record for _, one, _ in release(held, {"pc-1"})] == ["1", "3"]
    assert list(release(held, set())) == []


def test_which_names_are_written():
    path = "C:\\d\\Fetched.ZIP:Zone.Identifier"
    held = hold(given(event(1, source=WRITES, TargetFilename=path), event(2, CommandLine="other.zip")))
    assert written(event(1, source=WRITES, TargetFilename=path)) == "fetched.zip"
    assert held.writes({checksum("fetched.zip")})
    assert not held.writes({checksum("other.zip")})
    assert not held.writes(set())


def test_nothing_is_nothing():
    assert hold([]) is None


def test_a_thousand_starts_take_few_bytes():
    dice = random.Random(5)
    some = []
    for number in range(1_000):
        guid = f"{{{dice.randrange(16**12):012x}}}"
        some.append(event(number, f"PC-{number % 9}", Image="C:\\Windows\\System32\\svchost.exe", ProcessGuid=guid))
    assert len(hold(given(*some)).packed) < 30 * len(some)
