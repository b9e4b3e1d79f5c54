"""Sweeping the store against asking the rule set about every event."""

import random
from itertools import pairwise

import pytest

from sekisho.app.store.hunt import Looked
from sekisho.app.store.state import State, Stored
from sekisho.app.store.sweep import sweep
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import DAY_NS, Writer
from sekisho.detect import rules
from sekisho.detect.indicators import Index
from sekisho.model.event import Event, Logsource
from sekisho.model.indicator import Indicator

START = 19_905 * DAY_NS
PROCESS, MAIL = Logsource("windows", "process_creation"), Logsource("email", "message")
VALUES = [
    "C:\\Windows\\mshta.exe", "http://203.0.113.9/a", "1203.0.113.91", "www.evil.example", "notevil.example",
    "EVIL.example", "请求書.docx", "a\nevil.example", 'say "evil.example"', "plain", "", "[evil.example", "5" * 64,
]  # fmt: skip
INDICATORS = [
    Indicator("ip", "203.0.113.9", 90), Indicator("domain", "evil.example", 60), Indicator("sha256", "5" * 64, 90),
    Indicator("file", "请求書.docx", 90), Indicator("domain", "nowhere.example", 90),
]  # fmt: skip


def rule(detection, logsource="{product: windows, category: process_creation}"):
    return f"title: T\nlogsource: {logsource}\nlevel: high\ndetection:\n  one: {detection}\n  condition: one\n"


RULES = {
    "literal": [rule("{Image|endswith: mshta.exe}")],
    "two": [rule("{Image|contains: EVIL}"), rule("{n: 7}")],
    "list": [rule("{tags|contains: say}", "{product: email}"), rule("{tags: plain}", "{category: message}")],
    "no literal": [rule("{n|gt: 80}")],
    "words": [rule("['evil.example', 'mshta']", "{product: email}")],
    "both logsources": [rule("{tags|contains: say}", "{product: email}"), rule("{Image: plain}")],
    "many": [rule(f"{{Image|contains: word{n}}}") for n in range(300)],
    "rare": [rule("{rare17|startswith: v17}"), rule("{rare5|contains: v5}")],
    "none": [],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    dice = random.Random(5)
    made = []
    for n in range(900):
        at = None if n % 97 == 0 else START + dice.randrange(20 * DAY_NS)
        fields = {"Image": dice.choice(VALUES), "n": n % 100, "flag": n % 2 == 0}
        if n % 3 == 0:
            fields = {"tags": [dice.choice(VALUES), dice.choice(VALUES)][: n % 4], "size": n, "s": dice.choice(VALUES)}
        elif n % 2:
            fields[f"rare{n % 700}"] = f"v{n} {dice.choice(VALUES)}"
        made.append(Event(PROCESS if n % 3 else MAIL, fields, at, f"pc{n % 5}", "", "a.log", str(n)))
    folder = tmp_path_factory.mktemp("store")
    with State(folder, write=True) as state:
        writer = Writer(state)
        for part in range(0, len(made), 300):
            writer.take(str(part), pack(made[part : part + 300]))
            writer.finish(Stored(str(part), str(part), "log", 1, 1, None))
            writer.flush()
    with State(folder) as state:
        yield state, made


@pytest.mark.parametrize("indicators", [[], INDICATORS], ids=["rules alone", "with indicators"])
@pytest.mark.parametrize("name", RULES)
def test_everything_is_found_and_nothing_else(store, name, indicators):
    state, made = store
    known = rules.load([(f"{n}.yml", text.replace("title: T", f"title: T{n}")) for n, text in enumerate(RULES[name])])
    assert not known.failed
    known = known.looking_for(Index(indicators) if indicators else None)
    looked = Looked()
    found = [one.id for _, some in sweep(state, known, looked) for one in some]
    assert sorted(found) == sorted(one.id for event in made for one in known.match(event))
    assert bool(found) == (name not in ("many", "none") or bool(indicators))
    assert not looked.lost


def test_the_latest_come_first_and_few_rows_are_asked_about(store):
    state, made = store
    looked = Looked()
    known = rules.load([("r.yml", RULES["literal"][0])])
    times = [event.time_ns for event, _ in sweep(state, known, looked) if event.time_ns is not None]
    rising = sum(one < two for one, two in pairwise(times))
    assert rising < len(state.segments(PROCESS)), "within a file the latest come first"
    assert len(times) == sum(one.fields.get("Image") == VALUES[0] and one.time_ns is not None for one in made)
    assert looked.asked < looked.rows / 5


def test_files_that_no_rule_reads_stay_closed_and_a_broken_one_costs_only_itself(tmp_path):
    with State(tmp_path, write=True) as state:
        writer = Writer(state)
        for name, logsource in (("a", PROCESS), ("b", MAIL)):
            writer.take(name, pack([Event(logsource, {"Image": "evil.example"}, START, source=name, record="1")]))
            writer.finish(Stored(name, name, "log", 1, 1, None))
        writer.flush()
        (state.events / state.segments(MAIL)[0].path).write_bytes(b"PAR1 and nothing")
        known, looked, told = rules.load([("r.yml", RULES["two"][0])]), Looked(), []
        found = list(sweep(state, known, looked, lambda *one: told.append(one[:3])))
        assert (len(found), looked.rows, looked.lost) == (1, 1, [])
        assert told == [("sweep", 0, 2), ("sweep", 1, 2)]
        found = list(sweep(state, known.looking_for(Index(INDICATORS)), looked))
        assert [(event.source, len(some)) for event, some in found] == [("a", 2)]
        assert len(looked.lost) == 1
