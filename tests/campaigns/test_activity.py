import random
from datetime import date, timedelta

from sekisho.campaigns.activity import merged, silences, surges, watched_days

START = date(2021, 1, 4)


def on(*ranges, step=3):
    return [START + timedelta(days=day) for first, last in ranges for day in range(first, last, step)]


WATCHED = {"one": on((0, 500), step=1), "two": on((0, 500), step=1)}


def test_a_pause_is_found_with_both_ends_odds_and_delay():
    series = {"one": on((0, 200), (270, 400)), "two": on((1, 200), (271, 400))}
    (found,) = silences(series, WATCHED, START + timedelta(days=400))
    assert (found.after, found.until) == (START + timedelta(days=199), START + timedelta(days=270))
    assert found.probability > 0.95 and found.called_at < found.until
    assert found.delay_days == 0
    assert [name for name, _ in found.sources] == ["one", "two"]


def test_a_silence_that_lasts_has_no_end():
    (found,) = silences({"one": on((0, 200))}, WATCHED, START + timedelta(days=450))
    assert found.until is None and found.delay_days is None


def test_a_source_that_did_not_look_proves_no_silence():
    holiday = {"one": on((0, 200), (270, 400), step=1)}
    assert silences({"one": on((0, 200), (270, 400))}, holiday) == ()


def test_thin_series_are_never_called_silent():
    dice = random.Random(4)
    for _ in range(30):
        days = [START + timedelta(days=dice.randrange(500)) for _ in range(9)]
        assert silences({"one": days}, WATCHED) == ()


def test_random_activity_is_hardly_ever_called_silent():
    dice = random.Random(9)
    found = 0
    for _ in range(40):
        days = [START + timedelta(days=day) for day in range(500) if dice.random() < 0.12]
        found += len(silences({"one": days}, WATCHED))
    assert found <= 2


def test_repeats_and_order_do_not_matter():
    days = on((0, 200), (270, 400))
    assert silences({"one": days * 3}, WATCHED) == silences({"one": days[::-1]}, WATCHED)
    assert merged([("a", "f", START), ("a", "f", START)]) == {"f": {"a": {START}}}


def test_watched_days_stop_when_nobody_looks():
    assert watched_days([], START, START + timedelta(days=100)) == 9
    assert watched_days(on((0, 100), step=1), START, START + timedelta(days=100)) == 99


def test_a_surge_is_told_once():
    counts = {START + timedelta(days=day): 2 for day in range(120)}
    counts |= {START + timedelta(days=day): 30 for day in range(120, 130)}
    (found,) = surges(counts)
    assert START + timedelta(days=120) <= found.at <= START + timedelta(days=123)
    assert found.count > 3 * found.expected


def test_steady_counts_and_short_records_raise_no_surge():
    assert surges({START + timedelta(days=day): 5 for day in range(200)}) == ()
    assert surges({START + timedelta(days=day): 50 for day in range(40)}) == ()
    assert surges({}) == ()
