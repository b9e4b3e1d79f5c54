"""Plain text: lists, host files and reports, defanged or not."""

import random

import pytest

from sekisho.sources import Gap
from sekisho.sources.indicators import Told, reader_of
from sekisho.sources.indicators.text import read


def values(tmp_path, text):
    path = tmp_path / "t.txt"
    path.write_text(text)
    assert reader_of(path)[0] == "text"
    return [one.value if isinstance(one, Told) else one for one in read(path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evil[.]example\n45.76.12[.]34\n", ["evil[.]example", "45.76.12[.]34"]),
        ("# note\n\nhxxp://evil[.]example/a  # seen in June\n", ["hxxp://evil[.]example/a"]),
        ("0.0.0.0 evil.example\n", ["0.0.0.0", "evil.example"]),
        (
            "The file invoice.exe (" + "1" * 64 + ") asks hxxps://evil[.]example/a/b, then 45.76.12.34.\n",
            ["1" * 64, "hxxps://evil[.]example/a/b", "45.76.12.34"],
        ),
        ("通信先は「evil[.]example」と 45.76.12.34、です。\n", ["evil[.]example", "45.76.12.34"]),
        ("bad@evil.example\n", ["bad@evil.example"]),
        ("Nothing here, e.g. readme.txt or 1.2.3 or v2.0.1\n", []),
    ],
)
def test_values_stand_alone_or_amid_prose(tmp_path, text, expected):
    assert values(tmp_path, text) == expected


@pytest.mark.parametrize("line", [".*", "*", "x", "%%%", "10.0.0.0/8", "a.b"])
def test_patterns_and_scraps_are_named_not_taken(tmp_path, line):
    (found,) = values(tmp_path, line + "\n")
    assert isinstance(found, Gap)


def test_one_endless_line_is_read_in_pieces(tmp_path):
    found = values(tmp_path, "evil.example " * 20_000 + "\n")
    assert len([one for one in found if not isinstance(one, Gap)]) >= 2_000


def test_any_bytes_give_values_and_gaps_only(tmp_path):
    dice, path = random.Random(19), tmp_path / "t.txt"
    for _ in range(200):
        path.write_bytes(bytes(dice.choice(b"a1.[]:/@ \n\xff\x00hxtp") for _ in range(dice.randrange(0, 300))))
        assert all(isinstance(one, Told | Gap) for one in read(path))
