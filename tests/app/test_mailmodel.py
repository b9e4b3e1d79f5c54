"""The file of fitted weights: only real rules are in it, and only a map that rises is used."""

import json

import pytest

from sekisho.app import mailmodel, ruleset
from sekisho.model.verdict import PRIOR


def document(weight=1.0, points=((0, -3), (2, 0), (3, 2.2))):
    rules = {"r": {"weight": weight, "fitted": True}, "unseen": {"weight": 1.5, "fitted": False}}
    return json.dumps({"rules": rules, "map": points})


def test_weights_that_no_mail_taught_stay_with_their_rules():
    model = mailmodel.parse(document())
    assert model.weights == {"r": 1.0}
    assert model.knots == ((0.0, -3.0), (2.0, 0.0), (3.0, 2.2))


@pytest.mark.parametrize(
    "broken", [document(-0.1), document(points=((0, -3), (2, -3))), document(points=((0, -3),)), document(points=())]
)
def test_a_model_that_could_lower_a_probability_is_refused(broken):
    with pytest.raises(ValueError, match="mail-model"):
        mailmodel.parse(broken)


def test_all_weights_are_for_rules_on_mails():
    model = mailmodel.own()
    assert model.weights
    known = {rule.id: rule for rule in ruleset.load([], cache=False).rules}
    assert set(model.weights) <= set(known)
    assert {known[key].logsource.category for key in model.weights} <= {"message", "url"}
    assert model.knots[0] == (0.0, PRIOR)


def test_no_shipped_weight_lowers_a_probability():
    model = mailmodel.own()
    seen: list[float] = []
    before = model.probability([])
    for weight in model.weights.values():
        seen.append(weight)
        assert model.probability(seen) >= before
        before = model.probability(seen)
    assert model.probability([]) == pytest.approx(0.0474, abs=1e-4)
