import pytest

from sekisho.normalize.clock import SECOND_NS, Zones, parse

TEN = 1_650_880_800 * SECOND_NS  # 2022-04-25T10:00:00Z


@pytest.mark.parametrize(
    ("written", "ns", "known"),
    [
        ("2022-04-25T10:00:00Z", TEN, True),
        ("2022-04-25T10:00:00.123456Z", TEN + 123_456_000, True),
        ("2022-04-25T10:00:00.1234567Z", TEN + 123_456_700, True),
        ("2022-04-25T10:00:00.123456789Z", TEN + 123_456_789, True),
        ("2022-04-25T19:00:00.123456789+09:00", TEN + 123_456_789, True),
        ("2022-04-25 10:00:00.640", TEN + 640_000_000, False),
        ("2022-04-25 10:00:00", TEN, False),
        ("/Date(1650880800123)/", TEN + 123_000_000, True),
        (1_650_880_800, TEN, True),
        (1_650_880_800.5, TEN + SECOND_NS // 2, True),
        (1_650_880_800_123, TEN + 123_000_000, True),
        (1_650_880_800_123_456, TEN + 123_456_000, True),
        (TEN + 7, TEN + 7, True),
        ("1601-01-01T00:00:00Z", -11_644_473_600 * SECOND_NS, True),
    ],
)
def test_times_as_logs_write_them(written, ns, known):
    assert parse(written) == (ns, known)


@pytest.mark.parametrize(
    ("written", "seconds", "known"),
    [
        ("2022/04/25 10:00:00", 0, False),
        ("2022/4/25 10:00", 0, False),
        ("2022/04/25 午後 3:00:00", 5 * 3600, False),
        ("4/25/2022 10:00:00 AM", 0, False),
        ("4/5/2022 12:00:00 AM", -20 * 86_400 - 10 * 3600, False),
        ("4/25/2022 12:30:00 PM", 2.5 * 3600, False),
        ("25/04/2022 10:00:00", 0, False),
        ("25.04.2022 10:00:00", 0, False),
        ("25/Apr/2022:19:00:00 +0900", 0, True),
        ("[25/Apr/2022:10:00:00 +0000]", 0, True),
        ("Mon, 25 Apr 2022 10:00:00 GMT", 0, True),
        ("Mon, 25 Apr 2022 05:00:00 -0500", 0, True),
        ("Apr 25, 2022 @ 10:00:00.500", 0.5, False),
        ("2022-04-25 10:00:00 UTC", 0, True),
        ("2022-04-25 19:00:00 +0900", 0, True),
        ("1650880800", 0, True),
        ("1650880800.25", 0.25, True),
        ("1650880800000", 0, True),
        ("1612111210123", None, True),
    ],
)
def test_times_as_spreadsheets_servers_and_people_write_them(written, seconds, known):
    wanted = 1_612_111_210_123 * 10**6 if seconds is None else TEN + int(seconds * SECOND_NS)
    assert parse(written) == (wanted, known)


@pytest.mark.parametrize(
    "written", ["4/5/2022 10:00:00", "13/13/2022 10:00", "25/Foo/2022:10:00:00 +0000", "1/1/2022", "x" * 100]
)
def test_what_can_be_read_two_ways_is_not_read(written):
    assert parse(written)[0] is None


@pytest.mark.parametrize(
    "written",
    [None, "", "yesterday", "2022-13-45T99:00:00Z", [], {}, True, float("nan"), float("inf"), 10**30, "\ud800"],
)
def test_what_is_no_time_gives_none(written):
    assert parse(written)[0] is None


def test_a_zone_is_learned_from_a_record_with_both_times():
    zones = Zones()
    hour = 3600 * SECOND_NS
    assert zones.utc("a", TEN) == TEN
    zones.learn("a", TEN + 9 * hour + SECOND_NS, TEN)
    assert zones.known("a")
    assert not zones.known("b")
    assert zones.utc("a", TEN + 9 * hour) == TEN
    assert zones.utc("b", TEN + 9 * hour) == TEN
    zones.learn("b", TEN - 5 * hour, TEN)
    assert (zones.utc("a", TEN), zones.utc("b", TEN)) == (TEN - 9 * hour, TEN + 5 * hour)


@pytest.mark.parametrize("apart_s", [300, 40 * 3600, 5 * 3600 + 400])
def test_differences_that_are_no_zone_are_not_learned(apart_s):
    zones = Zones()
    zones.learn("a", TEN + apart_s * SECOND_NS, TEN)
    assert not zones.known("a")
