"""What rules found in logs, on one screen."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sekisho.model.detection import OTHERS, Counts, Detections, RuleCount
from sekisho.model.result import Input, RuleFailure
from sekisho.respond.detections import show
from sekisho.respond.wording import Words

AT = 1_650_844_800 * 10**9
COUNTS = Counts(
    1_000_000,
    7,
    {
        "a": RuleCount("Bad Thing", "high", 1_200, AT, AT + 10**9),
        "b": RuleCount("Worse\x1b[31m Thing", "critical", 3, None, None),
    },
    {"PC-1": Counter(high=1_200), "": Counter(critical=2), "PC\u202e2": Counter(critical=1), OTHERS: Counter(high=9)},
    {"2022-04-25": Counter(high=1_200), "2022-04-26": Counter(critical=3)},
)
FOUND = Detections(
    COUNTS,
    (Input("a.evtx", "evtx", 1_000_000), Input("b.evtx", "evtx", 0, "file is cut", failed=True)),
    3_799,
    (RuleFailure("r.yml", 3, "no condition"),),
    resumed=4,
    seconds=20.0,
)


def screen(found, language="en", width=120, out=None):
    text = StringIO()
    show(found, Words(language), Console(file=text, width=width, highlight=False, markup=False), out)
    return text.getvalue()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [80, 120])
def test_everything_is_there_and_nothing_acts(language, width):
    text = screen(FOUND, language, width, Path("found.jsonl"))
    for word in ("1,200", "Bad Thing", "PC-1", "2022-04-25", "b.evtx", "r.yml:3", "found.jsonl", "1,000,000"):
        assert word in text, word
    assert "\x1b" not in text and "\u202e" not in text


def test_the_gravest_come_first():
    text = screen(FOUND)
    assert text.index("Worse") < text.index("Bad Thing")
    assert text.index("(no host)") < text.index("PC-1")
    assert text.index("PC-1") < text.index("all others")


def test_a_rate_is_told_of_whole_runs_only():
    assert "events/s" not in screen(FOUND)
    assert "50,000 events/s" in screen(Detections(COUNTS, FOUND.inputs, 3_799, (), seconds=20.0))


def test_nothing_found_is_said():
    text = screen(Detections(Counts(5), (Input("a", "jsonl", 5),), 48, ()))
    assert "No rule found anything." in text
    assert "0 findings of 0 rules in 5 events of 1 files" in text


def test_a_narrow_screen_gives_titles_the_room_of_the_times_of_day():
    assert "2022-04-25 00:00:01" in screen(FOUND, width=120)
    narrow = screen(FOUND, width=80)
    assert "00:00:01" not in narrow
    assert max(map(len, narrow.split("Skipped")[0].splitlines()[:20])) <= 80


def test_tables_are_apart_by_one_empty_line():
    text = "\n".join(line.rstrip() for line in screen(FOUND).splitlines())
    assert "\n\n\n" not in text
