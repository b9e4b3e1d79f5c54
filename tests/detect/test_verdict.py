"""Verdicts on trees: own reasons, what a container answers for, and that unscanned is never clean."""

from sekisho.detect.verdict import judge
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.finding import Evidence, Finding
from sekisho.model.verdict import Verdict


def analysis(address, unscanned=""):
    parts = address.split(" » ")
    parent = " » ".join(parts[:-1]) or None
    return Analysis(Artifact(parts[-1], b"", address, parent, len(parts) - 1), "", 1, "x/y", (), (), (), unscanned)


def finding(address, weight, rule="r"):
    shown = (Evidence("lnk.padding", 110),)
    return Finding(f"f{rule}", rule, rule, "high", (), "m", address, None, shown, "e", weight=weight)


TREE = [analysis("m"), analysis("m » z"), analysis("m » z » l")]


def test_the_worst_part_decides_for_its_containers():
    judged = judge(TREE, [finding("m » z » l", 6.0)])
    assert {one.verdict for one in judged.values()} == {Verdict.MALICIOUS}
    assert judged["m"].reasons[0].signal == "child:malicious"
    assert judged["m"].reasons[0].evidence == ("m » z",)


def test_reasons_come_heaviest_first_with_their_evidence():
    judged = judge(TREE[:1], [finding("m", 0.5, "a"), finding("m", 3.5, "b"), finding("m", 1.5, "c")])
    assert [one.signal for one in judged["m"].reasons] == ["b", "c", "a"]
    assert judged["m"].reasons[0].evidence == (("lnk.padding", 110),)


def test_one_rule_counts_once_on_one_artifact():
    once = judge(TREE[:1], [finding("m", 3.5)])
    twice = judge(TREE[:1], [finding("m", 3.5), finding("m", 3.5)])
    assert once == twice


def test_an_unread_part_makes_the_whole_unscanned_but_not_less_than_suspicious():
    tree = [analysis("m"), analysis("m » z", "encrypted: no password found")]
    assert judge(tree, [])["m"].verdict is Verdict.UNSCANNED
    assert judge(tree, [finding("m » z", 3.5)])["m"].verdict is Verdict.SUSPICIOUS


def test_findings_elsewhere_and_without_weight_do_not_count():
    judged = judge(TREE[:1], [finding("other", 6.0), finding("m", 0.0)])
    assert judged["m"].verdict is Verdict.CLEAN
    assert judged["m"].reasons == ()
