"""Grades of a comparison."""

import pytest

from sekisho.model.comparison import KINDS, Comparison


@pytest.mark.parametrize(
    ("weight", "grade"), [(7, "strong"), (3, "notable"), (1.5, "weak"), (0, "none"), (-2, "different")]
)
def test_grades(weight, grade):
    assert Comparison("a", "b", (), weight, 0).grade == grade


def test_what_changes_between_builds_never_weighs_more_against_than_for():
    assert all(one.against <= one.most for one in KINDS)
