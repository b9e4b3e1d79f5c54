"""Learning: forward in time, and better than nothing learnt."""

from dataclasses import replace
from datetime import date

from attribution_world import knowledge, world

from sekisho.attribute.learning import examples, forward, learn
from sekisho.attribute.ranker import PRIOR_WEIGHTS, Model

KNOWN = knowledge(*world())


def test_a_reports_own_words_are_never_in_the_reference():
    rows = [(f"G000{n}", ("T1001", "T1002", "T1003"), f"https://{n}.example", date(2020, 1, 1 + n)) for n in range(7)]
    asked = list(examples(knowledge(*rows)))
    assert [(one.actor, one.known, len(one.rows)) for one in asked] == [("G0005", False, 5), ("G0006", False, 6)]


def test_what_comes_later_changes_nothing_that_was_answered():
    early = [row for row in world() if row[3] < date(2017, 1, 1)]
    short = [ranking.probabilities for _, _, ranking in forward(examples(knowledge(*early)))]
    whole = [ranking.probabilities for _, _, ranking in forward(examples(KNOWN))]
    assert len(short) > 20
    assert short == whole[: len(short)]


def test_most_questions_of_a_clear_world_are_answered_rightly():
    answers = [(one.actor == ranking.names[ranking.order[0]]) for one, _, ranking in forward(examples(KNOWN))]
    assert sum(answers[20:]) / len(answers[20:]) > 0.8


def test_learning_moves_weights_and_counts_what_it_learnt_from():
    made = learn(KNOWN)
    assert made.learnt_from == len(list(examples(KNOWN)))
    assert made.weights != PRIOR_WEIGHTS
    assert learn(KNOWN) == made


def test_too_little_to_learn_from_leaves_the_prior():
    assert learn(knowledge(*world()[:10])) == Model()


def test_narrowed_examples_are_answered_from_what_is_left():
    def one_only(one):
        return replace(one, rows={name: row for name, row in one.rows.items() if name == "G0001"})

    assert {ranking.names for _, _, ranking in forward(examples(KNOWN), one_only)} == {("G0001",)}
