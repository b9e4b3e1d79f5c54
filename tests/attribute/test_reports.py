"""Reports: put together by source and actor, repeats found."""

from datetime import date

from sekisho.attribute.reports import repeats, reports, software_uses
from sekisho.model.attribution import Citation, Knowledge, Named, Report, Use

DAY = date(2020, 5, 1)


def known(*uses, campaigns=None):
    names = {"G0001": "actor", "G0002": "actor", "S0001": "malware", "T1001": "technique", "C0001": "campaign"}
    return Knowledge("k", {key: Named(key, kind, key) for key, kind in names.items()}, uses, campaigns or {})


def test_one_source_makes_one_report_for_each_actor():
    a, b = Citation("https://a.example/1", DAY), Citation("https://b.example/2", None)
    made = reports(known(Use("G0001", "T1001", (a, b)), Use("G0001", "S0001", (a,)), Use("G0002", "T1001", (a,))))
    assert made == (
        Report(b.url, None, "G0001", ("T1001",)),
        Report(a.url, DAY, "G0001", ("S0001", "T1001")),
        Report(a.url, DAY, "G0002", ("T1001",)),
    )


def test_a_campaign_counts_for_its_actor_and_without_one_for_nobody():
    use = Use("C0001", "T1001", (Citation("https://a.example/1", DAY),))
    assert [one.actor for one in reports(known(use, campaigns={"C0001": "G0002"}))] == ["G0002"]
    assert reports(known(use)) == ()


def test_of_two_dates_of_one_source_the_first_counts():
    late, early = Citation("https://a.example/1", date(2021, 1, 1)), Citation("https://a.example/1", DAY)
    made = reports(known(Use("G0001", "T1001", (late,)), Use("G0001", "S0001", (early,))))
    assert [one.date for one in made] == [DAY]


def test_a_report_that_says_the_same_again_is_a_repeat():
    items = tuple(f"T100{n}" for n in range(6))
    first = Report("https://a.example/1", DAY, "G0001", items)
    same = Report("https://b.example/1", DAY, "G0001", (*items, "T1010"))
    other = Report("https://c.example/1", DAY, "G0002", items)
    short = Report("https://d.example/1", DAY, "G0001", items[:4])
    assert repeats([first, same, other, short]) == {(same.url, "G0001"): first.url}


def test_what_software_does_is_dated_by_its_first_report():
    use = Use("S0001", "T1001", (Citation("u", date(2021, 1, 1)), Citation("v", DAY), Citation("w", None)))
    assert software_uses(known(use)) == ((DAY, "S0001", "T1001"),)
