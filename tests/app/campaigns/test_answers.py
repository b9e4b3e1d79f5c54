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
