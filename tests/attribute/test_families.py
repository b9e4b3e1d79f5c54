"""Families and distributors: signs found, and unknown without them."""

import random
from datetime import date

import pytest

from sekisho.attribute.families import Family, Seen, Sign, software, weigh
from sekisho.model.attribution import Citation

SOURCE = Citation("https://notes.example/1", date(2021, 3, 15))


def sign(pattern, weight=2.5, kind="text", name="s"):
    return Sign(name, kind, pattern, weight, f"en {name}", f"ja {name}", SOURCE)


def family(name, *signs, kind="family", attack="", first=None):
    return Family(name, name, kind, attack, first, None, signs)


ICED = family("Iced", sign(r"\blicense\.dat\b", 3.0), sign(",PluginInit", 2.5, name="t"), attack="S0483")
OTHER = family("Other", sign("T1218.010", 0.4, kind="technique"))


def judged(*texts, techniques=(), at=None, language="en", families=(ICED, OTHER)):
    return weigh(families, Seen(texts, techniques, at), "family", subject="", reference="r", language=language)


def test_signs_name_the_family_with_their_source():
    found = judged('rundll32 "a.tmp",update /i:"x\\LICENSE.dat"', "rundll32 a.jpg,PluginInit")
    top = found.hypotheses[0]
    assert (top.name, found.band) == ("Iced", "almost_certain")
    assert [(one.value, one.name, one.citations) for one in top.evidence] == [
        ("LICENSE.dat", "en s", (SOURCE,)),
        (",PluginInit", "en t", (SOURCE,)),
    ]
    assert list(software(found)) == ["S0483"]


def test_one_weak_sign_is_unknown_and_none_names_nobody():
    assert judged(techniques=("T1218.010",)).band == "unknown"
    found = judged("rundll32 shell32.dll,Control_RunDLL")
    assert (found.hypotheses, found.unknown, found.band) == ((), 1.0, "unknown")
    assert list(software(found)) == []


def test_texts_of_the_ledger_are_in_the_readers_language():
    assert judged("license.dat", language="ja").hypotheses[0].evidence[0].name == "ja s"


def test_a_day_before_the_first_sighting_speaks_against():
    late = (family("Late", sign("x9"), first=date(2021, 9, 1)),)
    before, after = (judged("x9", at=day, families=late) for day in (date(2021, 1, 1), date(2022, 1, 1)))
    assert before.hypotheses[0].probability < after.hypotheses[0].probability
    assert before.hypotheses[0].evidence[-1].kind == "period"


def test_many_signs_of_one_kind_are_bounded():
    many = (family("Many", *[sign(f"w{n}", 3.0, name=str(n)) for n in range(10)]),)
    found = judged(" ".join(f"w{n}" for n in range(10)), families=many)
    assert found.hypotheses[0].probability < 0.9999


def test_distributors_are_asked_apart():
    crew = family("Crew", sign("abc"), kind="distributor")
    assert judged("abc", families=(crew,)).hypotheses == ()
    made = weigh((crew,), Seen(("abc",), (), None), "distributor", subject="", reference="", language="en")
    assert [one.name for one in made.hypotheses] == ["Crew"]


@pytest.mark.parametrize("seed", range(5))
def test_broken_texts_are_only_texts(seed):
    dice = random.Random(seed)
    texts = ["".join(chr(dice.choice([0, 10, 0x5C, 0x3042, 0xD800, dice.randrange(0x110000)])) for _ in range(200))]
    judged(*texts)
