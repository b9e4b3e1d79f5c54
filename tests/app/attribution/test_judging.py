"""One question, as commands and pages ask it."""

from datetime import date

from sekisho.app.attribution.judging import judge
from sekisho.app.attribution.subject import Subject


def test_families_and_distributors_are_ranked_without_an_index():
    asked = Subject("a mail", ("T1218.010",), (), ("http://a.example/44270.7145450231.dat",), date(2021, 11, 8))
    judged = judge(asked, "en")
    assert [one.kind for one in judged] == ["family", "distributor"]
    assert judged[0].hypotheses[0].name == "QakBot"
    assert not judge(Subject("nothing", (), (), (), None), "en")[0].hypotheses
