from datetime import date, timedelta

from sekisho.campaigns.arrival import Sample, arrivals, background

NEW_YEAR = date(2022, 1, 1)


def rows(family, start, days, hits, total):
    return [Sample(start + timedelta(days=day), family, hits, total) for day in range(days)]


PAST = rows("old", date(2021, 6, 1), 100, 0, 20) + rows("new", date(2021, 6, 1), 60, 0, 5)


def test_a_family_that_arrives_is_told_early_and_others_are_not():
    some = PAST + rows("old", NEW_YEAR, 60, 0, 20) + rows("new", NEW_YEAR, 20, 0, 5)
    some += rows("new", date(2022, 1, 21), 20, 2, 8) + rows("new", date(2022, 2, 20), 5, 30, 60)
    (found,) = arrivals(some, NEW_YEAR)
    assert (found.family, found.first_hit) == ("new", date(2022, 1, 21))
    assert date(2022, 1, 21) <= found.at <= date(2022, 1, 24)
    assert found.lead_days > 20 and found.probability >= 2 / 3


def test_the_background_is_the_past_only():
    some = PAST + rows("new", NEW_YEAR, 30, 5, 5)
    assert background(some, NEW_YEAR)["new"] == background(PAST, NEW_YEAR)["new"] < 0.01


def test_a_usual_share_raises_nothing():
    past = rows("any", date(2021, 6, 1), 100, 1, 10)
    assert arrivals(past + rows("any", NEW_YEAR, 100, 1, 10), NEW_YEAR) == ()


def test_one_report_is_no_arrival():
    assert arrivals([*PAST, Sample(date(2022, 2, 1), "new", 9, 9)], NEW_YEAR) == ()


def test_nothing_gives_nothing():
    assert arrivals([], NEW_YEAR) == ()
