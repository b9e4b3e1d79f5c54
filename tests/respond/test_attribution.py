"""Attribution shown: bands, ledgers and cautions in both languages, and nothing that acts on a screen."""

import json
from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from sekisho.model.attribution import BANDS, Attribution, Change, Citation, Evidence, Hypothesis, Missing, NameLink
from sekisho.model.incident import Text
from sekisho.respond.attribution import dump, headline, page, show
from sekisho.respond.wording import Words

CITED = Citation("https://vendor.example/report", date(2020, 5, 1))


def answer(probability=0.85, unknown=0.1, name="Group One"):
    lines = (
        Evidence("malware", "S0001", "Bad<b>", 3.2, 2, 0.01, (CITED, Citation("https://b.example", None))),
        Evidence("technique", "T1001", "Hide", -0.5, 0, 0.2),
        Evidence("activity", "", "", 0.4, 9, 0.0),
    )
    top = Hypothesis(
        "G0001",
        name,
        "actor",
        probability,
        9,
        1,
        date(2015, 1, 1),
        date(2021, 1, 1),
        lines,
        (Missing("T2", "Lure", 0.6),),
    )
    return Attribution(
        "case\x1b[2J",
        "actor",
        None,
        "ATT&CK 18.1",
        (),
        (top,),
        unknown,
        (Change("add", "S0002", "Other", "Group Two", 0.7), Change("source", "v.example", "v.example", "Two", 0.3)),
        (NameLink("G0001", "G0002", 0.5, "alias"),),
        (Text("attribution.caution.techniques"), Text("attribution.caution.thin", (("name", name), ("count", 2)))),
    )


def printed(one, language):
    out = StringIO()
    show([one], Words(language), Console(file=out, width=200, highlight=False, markup=False))
    return out.getvalue()


def test_the_screen_shows_evidence_for_and_against_with_dates():
    text = printed(answer(), "en")
    for part in (
        "actor: very likely Group One (85 %)",
        "+3.2",
        "-0.5",
        "never reported of it",
        "2020-05-01",
        "undated",
    ):
        assert part in text
    assert "Techniques alone do not identify an actor" in text
    assert "were Other (S0002) seen too, Group Two would come first (70 %)" in text
    assert "hxxps://vendor[.]example/report" in text
    assert "\x1b[2J" not in text


def test_japanese_says_the_same():
    text = printed(answer(), "ja")
    for part in (
        "Group One の可能性が非常に高い (85 %)",
        "技術(TTP)だけでは攻撃者を特定できません",
        "帰属不明",
        "統合はしていません",
    ):
        assert part in text


def test_unknown_is_said_where_it_is_likelier():
    assert headline(answer(0.3, 0.6), Words("ja")).startswith("攻撃者: 帰属不明")
    assert headline(answer(0.3, 0.6), Words("en")).startswith("actor: unknown")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("probability", [least + 0.001 for least, _ in BANDS] + [1.0])
def test_every_step_has_its_words(language, probability):
    assert "Group One" in headline(answer(probability, 0.0), Words(language))


def test_the_page_escapes_what_it_is_given():
    text = page([answer(name="<script>alert(1)</script>")], Words("en"))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "Bad&lt;b&gt;" in text


def test_json_holds_it_all():
    told = json.loads(dump([answer()], Words("en")))["attributions"][0]
    assert (told["band"], told["unknown"]) == ("very_likely", 0.1)
    assert told["hypotheses"][0]["evidence"][0]["citations"][0] == {
        "url": "https://vendor.example/report",
        "date": "2020-05-01",
    }
    assert told["cautions"][0].startswith("Techniques alone")
