"""Gaps: the first few named, all counted, memory the same for ten and for a million."""

from sekisho.app.gaps import NAMED, Gaps
from sekisho.sources import Gap


def noted(*records):
    gaps = Gaps()
    for record in records:
        gaps.add(Gap(record, "broken"))
    return gaps


def test_none_say_nothing():
    assert not Gaps()
    assert Gaps().text() is None


def test_few_are_named_and_many_counted():
    assert noted("1", "").text() == "1: broken; broken"
    many = noted(*map(str, range(1000)))
    assert many.text().endswith("(and 995 more)")
    assert len(many.named) == NAMED


def test_parts_of_a_file_add_up_in_order():
    first = noted("1", "2", "3")
    first.join(noted("4", "5", "6", "7"))
    assert [gap.record for gap in first.named] == ["1", "2", "3", "4", "5"]
    assert first.count == 7
