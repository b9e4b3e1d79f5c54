"""The judgement: ledgers that add up to the ranking, changes that hold, and poison that shows."""

from datetime import date

import pytest
from attribution_world import knowledge, world

from sekisho.attribute import signals
from sekisho.attribute.judge import attribute, publisher_of
from sekisho.attribute.learning import learn, tools_of
from sekisho.attribute.ranker import Model
from sekisho.attribute.reference import build
from sekisho.model.attribution import Knowledge, NameLink

AT = date(2023, 1, 1)
KNOWN = knowledge(*world())
MODEL = learn(KNOWN)


def ask(items, known=KNOWN, model=MODEL, **more):
    return attribute(known, model, items, subject="case", at=AT, **more)


def keys(found):
    return [one.key.removeprefix("attribution.caution.") for one in found.cautions]


def test_own_malware_names_the_actor_with_reports_behind_it():
    found = ask(["S0003", *next(row[1] for row in world() if row[0] == "G0003")])
    top = found.hypotheses[0]
    assert (top.id, found.band) == ("G0003", "almost_certain")
    line = next(one for one in top.evidence if one.value == "S0003")
    assert line.weight > 0
    assert len(line.citations) == line.reports > 0
    assert line.citations[0].date is not None
    assert sum(one.probability for one in found.hypotheses) + found.unknown == pytest.approx(1, abs=0.01)


def test_ledgers_differ_as_the_scores_do():
    found = ask(["S0003", "T1001", "T1005"])
    read = signals.read(build(KNOWN), ["S0003", "T1001", "T1005"], AT, tools_of(KNOWN))
    first, second = found.hypotheses[:2]

    def score(name):
        return sum(MODEL.weights[part.signal] * part.value for part in read[name])

    told = sum(one.weight for one in first.evidence) - sum(one.weight for one in second.evidence)
    assert told == pytest.approx(score(first.id) - score(second.id), abs=0.1)


def test_evidence_against_is_in_the_ledger():
    found = ask(["S0003", "T1001", "T1005"])
    other = next(one for one in found.hypotheses if one.id != "G0003")
    assert any(one.value == "S0003" and one.weight < 0 for one in other.evidence)


def test_every_change_changes_the_first_place():
    items = ["T1001", "T1005", "T1009"]
    found = ask(items)
    assert found.changes
    for one in found.changes:
        if one.action == "add":
            assert ask([*items, one.value]).hypotheses[0].name == one.top != found.hypotheses[0].name


def test_what_fits_nobody_is_unknown():
    strangers = knowledge(*world(), ("G0099", tuple(f"T15{n:02}" for n in range(6)), "https://x.example", None))
    model = learn(strangers)
    items = [f"T15{n:02}" for n in range(6)]
    known = Knowledge("k", strangers.names, tuple(one for one in strangers.uses if one.source != "G0099"), {})
    assert attribute(known, model, items, subject="", at=AT).band == "unknown"


def test_an_actor_of_many_reports_does_not_swallow_one_of_three():
    many = [("G0001", ("T1001", "T1002", f"T1{n % 90:03}"), f"https://m{n}.example", AT) for n in range(300)]
    few = [("G0002", ("S0002", "T1003", "T1004"), f"https://f{n}.example", AT) for n in range(3)]
    found = ask(["S0002", "T1001", "T1003", "T1004"], knowledge(*many, *few), Model())
    assert found.hypotheses[0].id == "G0002"
    assert "uncalibrated" in keys(found)


def test_a_source_that_repeats_another_counts_once_and_is_named():
    items = ("T1001", "T1002", "T1003", "T1004", "T1005")
    once = [("G0001", items, "https://a.example/1", AT), ("G0002", ("T1009",), "https://z.example", AT)]
    again = [("G0001", items, f"https://copy{n}.example", AT) for n in range(5)]
    alone, copied = (ask(items, knowledge(*rows), Model()) for rows in (once, once + again))
    assert copied.hypotheses[0].reports == alone.hypotheses[0].reports == 1
    assert copied.hypotheses[0].probability == pytest.approx(alone.hypotheses[0].probability)
    assert "repeated" in keys(copied)


def test_a_single_planted_report_is_seen_to_carry_the_answer():
    rows = [("G0001", ("T1001", "T1002", "T1003"), f"https://a{n}.example", AT) for n in range(5)]
    planted = ("G0002", ("S0009", "T1001"), "https://planted.example/x", AT)
    found = ask(["S0009", "T1001", "T1002"], knowledge(*rows, planted), Model())
    assert found.hypotheses[0].id == "G0002"
    change = next(one for one in found.changes if one.action == "source")
    assert (change.value, change.top) == ("planted.example", "name of G0001")
    assert "one_source" in keys(found)


def test_undated_reports_are_told_and_reports_of_later_days_left_out():
    rows = [("G0001", ("T1001",), "https://a.example", None), ("G0002", ("T1001",), "https://b.example", AT)]
    assert {one.id for one in ask(["T1001"], knowledge(*rows), Model()).hypotheses} == {"G0001", "G0002"}
    assert ask(["T1001"], knowledge(*rows), Model(), before=AT).hypotheses == ()
    found = ask(["T1001"], knowledge(rows[0]), Model())
    assert (found.hypotheses[0].undated, found.hypotheses[0].last) == (1, None)
    assert "undated" in keys(found)


def test_one_source_that_names_two_actors_for_one_malware_is_a_contradiction():
    rows = [(f"G000{n}", ("S0001", f"T100{n}"), "https://both.example", AT) for n in (1, 2)]
    rows += [(f"G001{n}", ("T1007", "T1008", "T1009"), f"https://{n}.example", AT) for n in range(4)]
    assert "contradicted" in keys(ask(["S0001", "T1001"], knowledge(*rows), Model()))


def test_aliases_stay_links():
    link = NameLink("G0001", "G0003", 0.5, "shared name")
    known = Knowledge(KNOWN.title, KNOWN.names, KNOWN.uses, {}, (link,))
    found = ask(["S0003", "T1001"], known)
    assert found.links == (link,)
    assert {one.id for one in found.hypotheses} >= {"G0001", "G0003"}


def test_no_items_or_only_unknown_ones_is_unknown():
    found = ask(["T9999", "<script>"])
    assert found.items == ()
    assert {"techniques", "few", "left_out"} <= set(keys(found))
    assert found.changes == ()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.vendor.example/a", "vendor.example"),
        ("https://web.archive.org/web/2021/https://lab.example/x", "lab.example"),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_publishers(url, host):
    assert publisher_of(url) == host
