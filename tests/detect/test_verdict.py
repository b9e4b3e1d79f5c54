"""Verdicts on trees: own reasons, what a container answers for, and that unscanned is never clean."""

from sekisho.detect.verdict import judge
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.finding import Evidence, Finding
from sekisho.model.mailmodel import MailModel
from sekisho.model.verdict import PRIOR, Verdict, probability


def analysis(address, unscanned="", relation="member"):
    parts = address.split(" » ")
    parent = " » ".join(parts[:-1]) or None
    artifact = Artifact(parts[-1], b"", address, parent, len(parts) - 1, relation)
    return Analysis(artifact, "", 1, "x/y", (), (), (), unscanned)


def finding(address, weight, rule="r", tuned=""):
    shown = (Evidence("lnk.padding", 110),)
    return Finding(
        f"f{rule}", rule, rule, "high", (), "m", address, None, shown, "e", weight=weight, level_of_rule=tuned
    )


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


MODEL = MailModel({"a": 2.0, "b": 1.5, "zero": 0.0}, ((0.0, PRIOR), (3.0, 0.0), (5.0, 2.1973)))
MAIL = [analysis("m"), analysis("m » body.html", relation="body"), analysis("m » body.html » p"), analysis("m » z")]


def test_a_mail_is_weighed_by_what_was_learnt_and_counts_its_bodies_as_itself():
    judged = judge(MAIL, [finding("m", 0.5, "a"), finding("m » body.html", 6.0, "b")], {"m"}, MODEL)
    assert [(one.signal, one.weight) for one in judged["m"].reasons] == [("a", 2.0), ("b", 1.5)]
    assert judged["m"].verdict is Verdict.SUSPICIOUS


def test_a_mail_answers_for_its_worst_file_and_for_what_its_bodies_hold():
    for place in ("m » z", "m » body.html » p"):
        judged = judge(MAIL, [finding(place, 6.0), finding("m", 0.5, "b")], {"m"}, MODEL)
        assert judged["m"].verdict is Verdict.MALICIOUS
        assert [one.signal for one in judged["m"].reasons] == ["child:malicious", "b"]
        assert judged["m"].probability > judged[place].probability


def test_what_a_user_says_of_a_rule_goes_before_what_was_learnt():
    judged = judge(MAIL, [finding("m", 6.0, "a", tuned="low")], {"m"}, MODEL)
    assert judged["m"].verdict is Verdict.MALICIOUS


def test_rules_that_were_never_seen_count_as_on_files():
    judged = judge(MAIL, [finding("m", 1.5, one) for one in "xyz"], {"m"}, MODEL)
    assert judged["m"].probability == probability([1.5] * 3)
    assert judged["m"].verdict is Verdict.CLEAN


def test_a_signal_that_proved_worthless_is_no_reason():
    assert judge(MAIL, [finding("m", 1.5, "zero")], {"m"}, MODEL)["m"].reasons == ()
