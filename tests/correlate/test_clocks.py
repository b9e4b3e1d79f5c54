"""Clocks: offsets that enough things agree on, and none where they do not."""

import random

from sekisho.correlate.clocks import Seen, shifts

SECOND = 1_000_000_000


def seen(source, thing, at_s):
    return Seen(source, ("contact", "user01", thing), int(at_s * SECOND), f"e{source}{thing}{at_s}")


def test_a_wrong_zone_is_found_from_mixed_things():
    dice = random.Random(3)
    ours = [seen("pc", f"h{number}", number * 700) for number in range(8)]
    theirs = [seen("proxy", f"h{number}", number * 700 + 9 * 3600 + dice.uniform(-5, 5)) for number in range(8)]
    (shift,) = shifts(ours, theirs).values()
    assert abs(shift.offset_ns / SECOND - 9 * 3600) < 6
    assert shift.things == 8


def test_periodic_contacts_do_not_invent_an_offset():
    ours = [seen("pc", name, at) for name in "abcd" for at in range(0, 36_000, 3_600)]
    theirs = [seen("proxy", name, at + 4) for name in "abcd" for at in range(0, 36_000, 3_600)]
    assert shifts(ours, theirs) == {}


def test_too_few_or_disagreeing_things_say_nothing():
    ours = [seen("pc", f"h{number}", number * 700) for number in range(9)]
    assert shifts(ours[:2], [seen("proxy", f"h{number}", number * 700 + 500) for number in range(2)]) == {}
    assert shifts(ours, [seen("proxy", f"h{number}", number * 1_900) for number in range(9)]) == {}


def test_a_day_wrong_is_no_clock():
    ours = [seen("pc", f"h{number}", number * 700) for number in range(5)]
    assert shifts(ours, [seen("proxy", f"h{number}", number * 700 + 3 * 86_400) for number in range(5)]) == {}
