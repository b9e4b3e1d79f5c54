from datetime import date, timedelta

import pytest

from sekisho.respond.volume import bars, page, svg
from sekisho.respond.wording import Words

DAY = date(2022, 1, 1)
COUNTS = {DAY: 4, DAY + timedelta(days=1): 8, DAY + timedelta(days=60): 2}
QUIET = [(DAY + timedelta(days=1), DAY + timedelta(days=60))]


def test_bars_mark_the_silence():
    row, marks, dates = bars(COUNTS, QUIET, Words("en"))
    assert row[:2] == "▄█" and row[60] == "▂" and len(row) == 61
    assert marks == "  " + "░" * 58
    assert dates.startswith("2022-01-01 … 2022-03-02")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_picture_names_the_silence_and_escapes_what_is_hostile(language):
    drawn = svg("<script>x</script>", COUNTS, QUIET, Words(language))
    assert "<script" not in drawn and drawn.count('class="bar"') == 3 and "58" in drawn
    told = page("t", [(drawn, ["<b>"])], Words(language))
    assert "&lt;b&gt;" in told and f'lang="{language}"' in told


def test_a_silence_that_lasts_is_drawn_to_the_end_of_the_record():
    open_end, end = [(DAY + timedelta(days=60), None)], DAY + timedelta(days=65)
    assert "5 days silent" in svg("a", COUNTS, open_end, Words("en"), end)
    assert bars(COUNTS, open_end, Words("en"), end)[1].endswith("░" * 5)


def test_nothing_dated_gives_nothing():
    assert bars({}, (), Words("en")) == [] and svg("a", {}, (), Words("en")) == ""


def test_years_still_fit():
    long = {DAY + timedelta(days=day * 7): 1 for day in range(300)}
    assert len(bars(long, [(DAY, None)], Words("en"))[0]) <= 72
