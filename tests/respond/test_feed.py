import csv
import random
from io import StringIO

import pytest

from sekisho.respond.feed import KINDS, Blocked, lines, listable, table


def blocked(value, kind="domain", reason="r"):
    return Blocked(kind, value, 1_700_000_000, None, "suzuki", "x1", reason)


def test_values_stand_one_a_line_each_once_and_sorted():
    assert lines([blocked("b.example"), blocked("a.example"), blocked("b.example")]) == b"a.example\nb.example\n"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "a.example\nevil.example"),
        ("domain", "a.example b.example"),
        ("ip", "192.0.2.1/8"),
        ("ip", "192.0.2.1\n0.0.0.0/0"),
        ("sha256", "ab"),
        ("domain", "*"),
        ("domain", ""),
        ("file", "a.exe"),
        ("url", "http://a.example/" + "x" * 3000),
    ],
)
def test_what_would_be_another_entry_is_no_line(kind, value):
    kept = listable(kind, value)
    assert kept is None or not set(kept) & set(" \n\r\t/*") or kind == "url"
    assert kept != value
    assert lines([blocked(value, kind)]) == b""


def test_no_value_however_made_adds_a_line():
    dice = random.Random(3)
    parts = [
        "a.example",
        "192.0.2.1",
        "http://a.example/x",
        "\n",
        "\r\n",
        "\u2028",
        "\x00",
        " ",
        "#",
        "/",
        ",",
        '"',
        "\ud800",
    ]
    for _ in range(400):
        value = "".join(dice.choice(parts) for _ in range(dice.randrange(1, 5)))
        for kind in KINDS:
            kept = listable(kind, value)
            if kept is not None:
                assert lines([blocked(kept, kind)]).splitlines() == [kept.encode()]
                assert len(kept.splitlines()) == 1


def test_a_spreadsheet_calculates_nothing():
    text = table([blocked("a.example", reason='=HYPERLINK("http://x.example")'), blocked("b.example", reason="@x")])
    rows = list(csv.reader(StringIO(text.decode())))
    assert rows[0][:3] == ["type", "value", "since"]
    assert rows[1] == [
        "domain",
        "a.example",
        "2023-11-14T22:13:20Z",
        "",
        "suzuki",
        "x1",
        '\'=HYPERLINK("http://x.example")',
    ]
    assert rows[2][-1] == "'@x"
