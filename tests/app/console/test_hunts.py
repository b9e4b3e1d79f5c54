"""Hunts from the console: times, mistakes in questions, and bars."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from sekisho.app.console.hunts import (
    EARLIEST_NS,
    LATEST_NS,
    MOST_BARS,
    LeftError,
    Span,
    Watch,
    answers,
    asked,
    bars_of,
    event,
    logsource_of,
    moment,
    over_time,
    problem,
    understood,
)
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import DAY_NS, Writer
from sekisho.model.errors import RuleError, SourceError
from sekisho.model.event import Event, Logsource

TOKYO = ZoneInfo("Asia/Tokyo")
PROCESS, MAIL = Logsource("windows", "process_creation", "sysmon"), Logsource("email", "message")
START = 19_100 * DAY_NS
RULE = "title: T\nlogsource: {product: windows}\ndetection: {one: {Image|contains: cmd}, condition: one}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("store")
    with State(made, write=True) as state:
        writer = Writer(state)
        some = [
            Event(PROCESS, {"Image": f"C:\\cmd{n}.exe"}, START + n * DAY_NS, "PC", "", "a", str(n)) for n in range(9)
        ]
        some.append(Event(MAIL, {"subject": "cmd"}, START, "", "u", "m", "1"))
        writer.take("a", pack(some))
        writer.finish(Stored("a", "a", "log", 1, len(some), None))
        writer.flush()
    return made


ALL = Span()


def found(folder, text, span=ALL, logsource=""):
    with State(folder) as state:
        one = asked(state, text, span, logsource, UTC)
    return [event.record for event in answers(folder, one, 100, Watch()).events]


def test_ranges_end_at_the_latest_event(folder):
    assert found(folder, "Image|contains:cmd", Span(last="7d")) == [str(n) for n in range(8, 0, -1)]
    assert found(folder, "Image|contains:cmd", Span(since="2022-04-19", until="2022-04-20")) == ["2", "1"]


def test_logs_are_chosen_and_a_rule_keeps_to_its_own(folder):
    assert len(found(folder, "cmd")) == 10
    assert found(folder, "cmd", logsource="email/message/") == ["1"]
    assert len(found(folder, RULE)) == 9
    assert len(found(folder, RULE, logsource="email/message/")) == 9
    assert logsource_of("Windows//Security/x") == ("windows", "", "security")


def test_a_time_is_read_in_the_zone_and_whole():
    assert moment("2022-04-25", TOKYO) == moment("2022-04-24T15:00", UTC)
    assert moment("2022-04-25", UTC, end=True) == moment("2022-04-26", UTC) - 1_000
    assert moment("2022-04-25T09:30", UTC, end=True) == moment("2022-04-25T09:31", UTC) - 1_000
    assert moment(" ", UTC) is None
    assert (moment("0001-01-02", UTC), moment("9999-12-30", UTC)) == (EARLIEST_NS, LATEST_NS)
    for wrong in ("yesterday", "2022-13-01", "\x00"):
        with pytest.raises(SourceError):
            moment(wrong, UTC)


@pytest.mark.parametrize(
    ("text", "key", "after"),
    [
        ("a Image:", "value", ""),
        ("a Image|endwith:x b", "modifier", "Image|endwith:x b"),
        ('x "a b', "quote", '"a b'),
        ("x:(a b:c)", "list", "c)"),
        ("a n|gt:b", "number", "n|gt:b"),
        ("i|cidr:9", "network", "i|cidr:9"),
        ('i|re:"("', "regex", 'i|re:"("'),
        ("a or or b", "order", ""),
        ("(a", "bracket", ""),
        (" ", "empty", ""),
        ("a" * 5_000, "length", ""),
        (RULE.replace("product", "produkt"), "rule", ""),
        (RULE.replace("contains", "contain"), "modifier", ""),
    ],
)
def test_a_mistake_is_shown_at_its_place(text, key, after):
    with pytest.raises(RuleError) as raised:
        understood(text)
    told = problem(raised.value, text)
    assert (told.key, told.after) == (key, after)
    assert told.before + told.after == text
    assert not told.reason.startswith("at character")


def test_bars_are_few_begin_at_round_times_and_leave_nothing_out():
    day = 86_400
    counts = {19_100 * day + n * 3_600: 1 for n in range(24 * 10)}
    made = bars_of({**counts, None: 3}, 1, TOKYO)
    assert len(made.bars) <= MOST_BARS
    assert made.total == 243
    assert sum(count for _, count in made.bars) == 240
    assert all((at + 9 * 3_600) % made.step_s == 0 for at, _ in made.bars)
    by_day = bars_of({at * day: 1 for at in range(19_100, 19_140)}, 900, TOKYO)
    assert (by_day.bars[0][0] + 9 * 3_600) % day == 0
    far = bars_of({-11_644_473_600: 1, 4_000_000_000: 2}, 900, UTC)
    assert len(far.bars) <= MOST_BARS
    assert [count for _, count in far.bars if count] == [1, 2]
    assert bars_of({}, 1, UTC).bars == ()


def test_all_answers_are_counted_over_time(folder):
    with State(folder) as state:
        one = asked(state, "cmd", Span(), "", UTC)
    told = over_time(folder, one, UTC, Watch())
    assert told.total == 10
    assert sum(count for _, count in told.bars) == 10


def test_a_hunt_ends_when_it_takes_too_long_or_nobody_waits(folder):
    with State(folder) as state:
        one = asked(state, "cmd", Span(), "", UTC)
    left = Watch()
    left.leave()
    for watch in (left, Watch(-1.0)):
        with pytest.raises(LeftError):
            answers(folder, one, 10, watch)


def test_one_event_is_found_by_its_address(folder):
    key = Event(PROCESS, {}, source="a", record="3").id
    one = event(folder, "windows/process_creation/sysmon", START + 3 * DAY_NS, "a", "3", key)
    assert one.fields == {"Image": "C:\\cmd3.exe"}
    assert event(folder, "", START + 3 * DAY_NS, "a", "3", "e000000000000") is None
    assert event(folder, "", 10**30, "a", "3", key) is None
