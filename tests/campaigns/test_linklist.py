import random
from datetime import UTC, datetime

from sekisho.campaigns import linklist
from sekisho.model.campaign import Sighting, Trait

LIST = """date,URL,description
2021/06/01 08:36:00,https://card.shop-login.example/a/b.php?id=1,楽天
2021/06/02,hxxp://203.0.113[.]7/x,"Ministry of Agriculture, Livestock"
2021/06/02 25:61:00,https://other.example/,LINE
"""


def read(text):
    return list(linklist.read(text, "202106.csv"))


def test_rows_become_sightings_in_japan_time():
    first, second, third = read(LIST)
    assert (first.kind, first.brand, first.source) == ("report", "楽天", "202106.csv:2")
    assert datetime.fromtimestamp(first.at_s, UTC) == datetime(2021, 5, 31, 23, 36, tzinfo=UTC)
    assert {Trait("url.host", "card.shop-login.example"), Trait("brand", "楽天")} <= set(first.traits)
    assert Trait("url.ip", "203.0.113.7") in second.traits
    assert second.brand == "Ministry of Agriculture, Livestock"
    assert third.at_s is None
    assert len({one.id for one in (first, second, third)}) == 3


def test_a_row_that_cannot_be_read_is_told_with_its_place():
    found = read("date,URL,description\n2021/06/01\n\n2021/06/01,,LINE\n2021/06/01,https://a.example/," + "x" * 9_000)
    assert [(one.row, one.reason) for one in found] == [
        (2, "1 columns"),
        (4, "no link"),
        (5, "longer than 8000 characters"),
    ]


def test_too_many_rows_are_told(monkeypatch):
    monkeypatch.setattr(linklist, "ROWS", 2)
    first, rest = read(LIST)
    assert isinstance(first, Sighting) and rest.reason == "more than 2 rows"


def test_only_its_own_columns_are_recognised():
    assert linklist.recognise("\ufeffdate,URL,description\r\n2021")
    assert not linklist.recognise("date,url,threat\n") and not linklist.recognise("")


def test_broken_lists_break_nothing():
    dice = random.Random(7)
    for _ in range(300):
        text = list(LIST)
        for _ in range(dice.randrange(1, 6)):
            text[dice.randrange(22, len(text))] = dice.choice('",\n\0\r\t/:[]日\ud800')
        for one in read("".join(text)):
            assert isinstance(one, Sighting | linklist.Unread)
