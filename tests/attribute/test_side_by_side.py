"""Old against new: what agfSpy and the older sample had in common weighs, what everybody has does not."""

import random

from sekisho.attribute.side_by_side import compare, ordered
from sekisho.model.comparison import Features

OLD = Features(
    "sample of 2016",
    {
        "commands": ("dir c:\\users /s", "dir d:\\ /s", "upload *.hwp", "upload *.doc", "upload *.xls", "sleep"),
        "extensions": ("hwp", "doc", "docx", "xls", "ppt", "pdf", "txt"),
        "paths": ("C:\\Users", "D:\\"),
        "dyndns": ("ddns.example",),
        "mutex": ("Global\\old",),
    },
)
NEW = Features(
    "sample of 2020",
    {
        "commands": (
            "dir C:\\Users /s",
            "dir D:\\ /s",
            "upload *.hwp",
            "upload *.doc",
            "upload *.xls",
            "upload *.xlsx",
        ),
        "extensions": ("hwp", "doc", "docx", "xls", "xlsx", "ppt", "pdf", "txt"),
        "paths": ("c:\\users", "d:\\"),
        "dyndns": ("ddns.example",),
        "hours": ("00-09",),
    },
)
STRANGER = Features("other", {"commands": ("whoami", "net view"), "extensions": ("exe", "dll"), "paths": ("C:\\Temp",)})


def rows(made):
    return {row.kind: row for row in made.rows}


def test_one_hand_shows_and_a_stranger_does_not():
    assert compare(OLD, NEW).grade in ("notable", "strong")
    assert compare(OLD, STRANGER).grade in ("none", "different")
    assert all(row.weight <= 0 for row in compare(OLD, STRANGER).rows)


def test_a_list_that_grew_is_still_the_same_list():
    row = rows(compare(OLD, NEW))["extensions"]
    assert row.likeness > 0.9
    assert row.weight > 0


def test_what_many_others_have_weighs_less():
    corpus = [Features(str(n), {"dyndns": ("ddns.example",), "paths": OLD.values["paths"]}) for n in range(50)]
    alone, among = compare(OLD, NEW), compare(OLD, NEW, corpus)
    for kind in ("dyndns", "paths"):
        assert rows(among)[kind].weight < rows(alone)[kind].weight
    assert among.corpus == 50


def test_what_one_side_lacks_says_nothing():
    found = rows(compare(OLD, NEW))
    assert (found["mutex"].weight, found["hours"].weight) == (0.0, 0.0)


def test_both_ways_weigh_alike():
    assert abs(compare(OLD, NEW).weight - compare(NEW, OLD).weight) < 1e-9


def test_heaviest_rows_come_first_and_odd_kinds_are_named():
    made = compare(OLD, Features("x", {**NEW.values, "colour": ("red",)}))
    weights = [abs(row.weight) for row in ordered(made.rows)]
    assert weights == sorted(weights, reverse=True)
    assert made.left_out == ("colour",)


def test_hostile_lists_are_bounded():
    dice = random.Random(5)
    for _ in range(20):
        values = {
            kind: tuple("".join(map(chr, dice.choices(range(1, 500), k=30))) for _ in range(dice.randrange(600)))
            for kind in ("commands", "fuzzy", "strings", "mutex")
        }
        made = compare(Features("a", values), Features("b", values))
        assert all(len(row.old) <= 400 for row in made.rows)
