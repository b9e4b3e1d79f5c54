"""Block lists: strong values only, and nothing a spreadsheet would calculate."""

import csv
from io import StringIO

from sekisho.model.indicator import Indicator
from sekisho.respond import blocklist
from sekisho.respond.observed import LeftOut, Observed, pick
from sekisho.respond.wording import Words

WORDS = Words("en")


def table(data):
    return list(csv.reader(StringIO(data.decode())))


def test_only_strong_values_are_listed(lab_result):
    picked = pick(lab_result, lab_result.incidents, exercise=True)
    names, *rows = table(blocklist.rows(picked.observed, WORDS))
    assert names == list(blocklist.COLUMNS)
    assert {row[1] for row in rows} == {one.value for one in picked.strong}
    assert "reservation@hotel.example" not in {row[1] for row in rows}


def test_no_cell_starts_a_formula():
    one = Observed("file", "=cmd|' /c calc'!a0.xls", "named", True, 20, ("a1",))
    assert table(blocklist.rows([one], WORDS))[1][1] == "'=cmd|' /c calc'!a0.xls"
    stored = Indicator("domain", "evil.example", 50, 0, None, 86_400, "@feed", "+1\r\n=2")
    assert table(blocklist.of_indicators([stored]))[1] == [
        "domain",
        "evil.example",
        "50",
        "1970-01-01T00:00:00Z",
        "",
        "1970-01-02T00:00:00Z",
        "'@feed",
        "'+1\r\n=2",
    ]


def test_what_is_left_out_is_said_defanged():
    assert blocklist.left_out([LeftOut("ip", "10.0.0.1", "private")], WORDS) == [
        "left out: 10.0.0[.]1 (private or special address)"
    ]
