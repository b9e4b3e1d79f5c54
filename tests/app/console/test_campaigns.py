"""Campaigns of the console: fed by case, computed from what is stored, decided by people."""

import pytest

from sekisho.app.campaigns.store import Store
from sekisho.app.console import campaigns
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.database import unpacked
from sekisho.model.campaign import Sighting, Trait
from sekisho.model.errors import SekishoError
from tests.app.web.small_desk import desk_with

DAY = 86_400
START = 1_650_000_000


def wave(count, host, start=START, place="c000000000000"):
    """Give sightings that clearly belong together."""
    traits = (Trait("url.full", f"http://{host}/x"), Trait("url.host", host), Trait("file.name", f"{host}.xls"))
    return [
        Sighting(f"s{host}{number}", "mail", start + number * DAY, f"Invoice {host}", f"{place}/{host}{number}", traits)
        for number in range(count)
    ]


@pytest.fixture
def desk(tmp_path):
    return desk_with(tmp_path)[0]


def stored(desk, *sightings):
    with Store(str(desk.database.folder / campaigns.NAME), write=True) as store:
        store.add(sightings)
    return campaigns.refresh(desk.database)


def listed(desk):
    return {row["id"]: row for row in desk.database.all("SELECT * FROM campaigns")}


def test_a_case_is_fed_once_however_often_it_is_investigated(desk, lab_result):
    key = desk.cases.create("lab", SYSTEM)
    assert campaigns.feed(desk.database, key, lab_result) > 0
    assert campaigns.feed(desk.database, key, lab_result) == 0
    kinds = {row["kind"] for row in desk.database.all("SELECT kind FROM sightings WHERE case_id = ?", key)}
    assert kinds == {"message", "incident"}


def test_waves_become_campaigns_and_a_deleted_case_goes(desk):
    case = desk.cases.create("lab", SYSTEM)
    assert stored(desk, *wave(4, "a.example", place=case), *wave(3, "b.example", START + 90 * DAY, place=case)) == 2
    sizes = sorted(row["size"] for row in listed(desk).values())
    assert sizes == [3, 4]
    desk.cases.delete(case, SYSTEM)
    assert campaigns.refresh(desk.database) == 0
    assert not listed(desk)


def test_people_split_join_and_take_back(desk):
    case = desk.cases.create("lab", SYSTEM)
    one, two = wave(4, "a.example", place=case), wave(4, "b.example", START + 200 * DAY, place=case)
    stored(desk, *one, *two)
    first, second = (campaigns.anchor_of(desk.database, key) for key in listed(desk))
    campaigns.decide(desk.database, SYSTEM, "same", first, second, "one crew")
    assert campaigns.refresh(desk.database) == 1
    assert [one.verdict for one in campaigns.decisions(desk.database)] == ["same"]
    campaigns.undo(desk.database, SYSTEM)
    assert campaigns.refresh(desk.database) == 2
    with pytest.raises(SekishoError):
        campaigns.undo(desk.database, SYSTEM)
    for pair in ((first, first), (first, "nobody")):
        with pytest.raises(SekishoError):
            campaigns.decide(desk.database, SYSTEM, "apart", *pair, "")


def test_a_label_is_told_with_its_probability(desk):
    case = desk.cases.create("lab", SYSTEM)
    stored(desk, *wave(6, "a.example", place=case))
    (key,) = listed(desk)
    assert campaigns.label(desk.database, SYSTEM, key, "Emotet", "") == 6
    campaigns.refresh(desk.database)
    guess = unpacked(listed(desk)[key]["doc"])["guesses"]["family"]
    assert guess["name"] == "emotet"
    assert campaigns.trend(desk.database, "family")[0]["name"] == "emotet"


def test_a_message_finds_its_campaign(desk):
    case = desk.cases.create("lab", SYSTEM)
    desk.database.base.execute("INSERT INTO sightings VALUES ('a1', ?, 'message', 'sa.example1')", (case,))
    stored(desk, *wave(4, "a.example", place=case))
    (key,) = listed(desk)
    assert campaigns.home_of(desk.database, "a1") == (key, "Invoice a.example")
    assert campaigns.home_of(desk.database, "a2") is None


def test_half_letters_in_a_mail_break_nothing(desk):
    case = desk.cases.create("lab", SYSTEM)
    broken = (Trait("url.full", "http://\ud800.example/"), Trait("file.name", "\ud800.xls"))
    seen = [Sighting(f"s{n}", "mail", START + n, "\ud800", f"{case}/{n}", broken) for n in range(3)]
    assert stored(desk, *seen) == 1


def test_a_failure_is_noted_and_fails_no_job(desk, lab_result):
    (desk.database.folder / campaigns.NAME).write_bytes(b"no database at all" * 100)
    campaigns.after_investigation(desk.database, "c000000000000", lab_result)
    assert desk.database.one("SELECT 1 FROM audit WHERE action = 'campaign.fail'")


def test_a_long_series_is_drawn_by_several_days_a_bar_with_its_silence():
    volume = [["2022-01-01", 2], ["2022-01-02", 1], ["2022-12-01", 4]]
    drawn = campaigns.bars(volume, [{"after": "2022-01-02", "until": "2022-12-01"}])
    assert drawn.step_days == 3
    assert sum(drawn.values) == 7
    ((first, last, days),) = drawn.marks
    assert (first > "2022-01-01", last < "2022-12-01", days) == (True, True, 332)
    assert campaigns.bars([], []).labels == ()
