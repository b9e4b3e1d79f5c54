"""The reference: only earlier reports, each counted once."""

from datetime import date

from sekisho.attribute.reference import build, parent, replay
from sekisho.model.attribution import Citation, Knowledge, Named, Use


def known(*rows):
    kinds = {"G": "actor", "S": "malware", "T": "technique"}
    names = {key: Named(key, kinds[key[0]], key) for row in rows for key in row[:2]}
    return Knowledge("k", names, tuple(Use(a, b, (Citation(url, day),)) for a, b, url, day in rows), {})


ROWS = (
    ("G0001", "T1001.001", "https://a.example", date(2020, 1, 1)),
    ("G0001", "T1001.002", "https://b.example", date(2021, 1, 1)),
    ("G0002", "T1001.001", "https://c.example", None),
    ("S0001", "T1005", "https://a.example", date(2020, 1, 1)),
)


def test_a_report_of_the_day_itself_is_not_earlier():
    assert build(known(*ROWS), date(2020, 1, 1)).reports == 0
    made = build(known(*ROWS), date(2020, 1, 2))
    assert (made.reports, dict(made.actors["G0001"].counts)) == (1, {"T1001.001": 1})
    assert made.software == {"S0001": {"T1005"}}


def test_undated_reports_count_only_when_no_day_is_asked_for():
    assert set(build(known(*ROWS)).actors) == {"G0001", "G0002"}
    assert set(build(known(*ROWS), date(2030, 1, 1)).actors) == {"G0001"}


def test_software_described_by_an_actors_report_is_beside_it():
    assert build(known(*ROWS)).actors["G0001"].beside == {"S0001"}


def test_replay_shows_each_report_the_days_before_it_alone():
    seen = [(found.reports, [one.url for one in todays]) for found, todays in replay(known(*ROWS))]
    assert seen == [(0, ["https://a.example"]), (1, ["https://b.example"])]


def test_subtechniques_count_for_their_technique():
    made = build(known(*ROWS), date(2030, 1, 1))
    assert made.actors["G0001"].parents == {"T1001": 2}
    assert (parent("T1001.001"), parent("S0001")) == ("T1001", "S0001")


def test_rare_things_are_rarer():
    made = build(known(*ROWS))
    assert made.rarity("T1001.002") > made.rarity("T1001.001")
    assert made.share("T9999") > 0
