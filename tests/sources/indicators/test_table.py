"""Tables of indicators in the layouts of feeds, read line by line."""

import random

import pytest

from sekisho.sources import Gap
from sekisho.sources.indicators import Told, reader_of
from sekisho.sources.indicators.table import LINE_CHARS, read


def table(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_text(text)
    assert reader_of(path)[0] == "table"
    return list(read(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type,value,confidence,valid_until\nip,45.76.12.34,90,2026-12-01\n", [("ip", "45.76.12.34")]),
        ("type;value\ndomain;evil[.]example\n", [("domain", "evil[.]example")]),
        (
            '# feed\n# "first_seen","ioc_value","ioc_type","confidence_level"\n"2026-01-01 00:00:00","45.76.12.34:443","ip:port","75"\n',
            [("ip", "45.76.12.34")],
        ),
        (
            "id,dateadded,url,url_status\n1,2026-01-01,http://evil.example/a,online\n",
            [("url", "http://evil.example/a")],
        ),
        ("sha256\tfile_name\n" + "1" * 64 + "\ta.exe\n", [("sha256", "1" * 64), ("file", "a.exe")]),
        (
            "uuid,event_id,category,type,value,comment,to_ids,date\nu,1,Network,ip-dst,45.76.12.34,c,1,20260101\nu,1,Network,ip-dst,45.76.12.35,c,0,20260101\n",
            [("ip", "45.76.12.34")],
        ),
        (
            "2026-01-01,http://evil.example/a,phish\n2026-01-02,http://evil.example/b,phish\n",
            [("", "http://evil.example/a"), ("", "http://evil.example/b")],
        ),
    ],
)
def test_layouts_of_feeds(tmp_path, text, expected):
    assert [(one.kind, one.value) for one in table(tmp_path, text)] == expected


def test_a_row_tells_times_confidence_source_and_note(tmp_path):
    text = 'value,first_seen,last_seen,valid_until,confidence,source,description\nevil.example,2026-01-01,1767312000,2026-03-01T00:00:00Z,High,@team,"a, b"\n'
    assert table(tmp_path, text) == [
        Told("evil.example", "2", "", 85, 1_767_225_600, 1_767_312_000, 1_772_323_200, "@team", "a, b")
    ]


def test_a_line_without_end_and_an_open_quote_cost_only_themselves(tmp_path):
    text = "value\nevil.example\n" + "x" * (3 * LINE_CHARS) + '\n"open,quote\nevil2.example\n,\n'
    found = table(tmp_path, text)
    assert [one.value for one in found if isinstance(one, Told)] == ["evil.example", "open,quote", "evil2.example"]
    assert [one.record for one in found if isinstance(one, Gap)] == ["3", "6"]


def test_any_bytes_give_values_and_gaps_only(tmp_path):
    dice, path = random.Random(17), tmp_path / "t.csv"
    letters = b'a1.,;"\t\n\r\x00\xff#/:value'
    for _ in range(150):
        path.write_bytes(b"type,value\n" + bytes(dice.choice(letters) for _ in range(dice.randrange(0, 200))))
        assert all(isinstance(one, Told | Gap) for one in read(path))
