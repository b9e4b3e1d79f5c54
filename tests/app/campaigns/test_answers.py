from datetime import date

from sekisho.app.campaigns.answers import Answers
from sekisho.model.campaign import Sighting, Trait

DAY = 86_400


def test_an_earlier_id_still_finds_its_campaign():
    shared = (Trait("file.sha256", "ab" * 32), Trait("url.full", "h.example/a"), Trait("macro.skeleton", "12345678"))
    late = [Sighting(f"s{n}", "mail", n * DAY, "", "", shared) for n in (5, 6)]
    early = Sighting("s1", "mail", 4 * DAY, "", "", shared)
    before, after = Answers(late, []), Answers([*late, early], [])
    assert before.campaigns[0].id != after.campaigns[0].id
    assert after.campaign(before.campaigns[0].id) == after.campaigns[0]


def test_arrivals_need_labelled_sightings():
    start = date(2022, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    some = [Sighting(f"p{n}", "mail", (start - 90 + n) * DAY, "", "", (), "us", family="emotet") for n in range(80)]
    some += [Sighting(f"n{n}", "mail", (start + n) * DAY, "", "", (), "jp", family="emotet") for n in range(6)]
    (found,) = Answers(some, []).arrivals("jp", date(2022, 1, 1))
    assert found["family"] == "emotet" and found["at"] <= "2022-01-06"


def test_who_spreads_one_family_is_no_answer_for_another():
    def seen(number, family, distributor=""):
        own = (
            Trait("file.sha256", family * 9),
            Trait("macro.skeleton", family),
            Trait("url.full", f"h.example/{family}"),
        )
        traits = (*own, Trait("url.path", "/same/"))
        return Sighting(f"s{number}", "report", number * 86_400, "t", "s", traits, "", "", "", family, distributor)

    known = [seen(n, "qakbot", "tr") for n in range(1, 6)] + [seen(n, "remcos") for n in range(6, 9)]
    answers = Answers(known, [])
    told = [answers.document(one)["guesses"] for one in answers.campaigns]
    by_family = {one["family"]["name"]: one["distributor"] for one in told}
    assert by_family["qakbot"]["name"] == "tr"
    assert by_family["remcos"] == {"name": "unknown", "probability": 1.0}


def test_labels_of_the_past_tell_whether_two_are_of_one_wave():
    def seen(key, day, family="", mark=""):
        mine = (Trait("url.path", f"/{mark}/"), Trait("file.extension", mark), Trait("url.full", "h.example/a"))
        return Sighting(key, "mail", day * DAY, "", "", mine, family=family)

    known = [seen(f"k{n}", n, family, family) for n in range(1, 12) for family in ("emotet", "qakbot")]
    pair = [seen("s1", 20, mark="emotet"), seen("s2", 20, mark="emotet"), seen("s3", 20, mark="qakbot")]
    answers = Answers([*known, *pair], [])
    same, other = answers.explain("s1", "s2"), answers.explain("s1", "s3")
    assert 0 < other["wave"] < same["wave"] < 1


def test_a_campaigns_guess_is_as_sure_as_earlier_guesses_were_right():
    def seen(key, day, family=""):
        return Sighting(key, "mail", day * DAY, "", "", (Trait("url.full", f"h.example/{day // 60}"),), family=family)

    known = [seen(f"k{n:02}", n, "emotet" if n % 2 else "qakbot") for n in range(50)]
    answers = Answers([*known, seen("s1", 118), seen("s2", 119)], [])
    campaign = answers.campaign("s1")
    assert answers.guesses(campaign)["family"].name == "unknown"
    sure = Answers([*(seen(f"k{n:02}", n, "emotet") for n in range(50)), seen("s1", 118), seen("s2", 119)], [])
    assert sure.guesses(sure.campaign("s1"))["family"].probability > 0.8
