"""The encoding of a web request is undone, however often it was applied."""

import random

import pytest

from sekisho.normalize.web_requests import DECODED, decoded, plain

TRACE = "&CorrelationID=<empty>;&cafeReqId=cde28fc4-299e-4179-b3e9-de56f5c1d9ee;"


def read(stem, query=None):
    fields = {"cs-uri-stem": stem} | ({"cs-uri-query": query} if query is not None else {})
    decoded(fields)
    return fields.get(DECODED)


@pytest.mark.parametrize(
    ("stem", "query", "wanted"),
    [
        ("/owa/", None, "/owa/"),
        ("/owa/", "", "/owa/"),
        ("/a", "b=1", "/a?b=1"),
        ("/a", "?b=1", "/a?b=1"),
        ("/a", f"b=1{TRACE}", "/a?b=1"),
        ("/a", f"{TRACE}&encoding=;", "/a"),
        ("/a", f"{TRACE}@x.example/mapi/", f"/a?{TRACE}@x.example/mapi/"),
        ("/a", "b&CorrelationID=@x.example/mapi/;&cafeReqId=1;", "/a?b&CorrelationID=@x.example/mapi/;&cafeReqId=1;"),
        ("/autodiscover/autodiscover.json", "%40x.example/powershell", "/autodiscover/autodiscover.json?@x.example/powershell"),
        ("/a", "%2540x", "/a?@x"),
        ("/a", "%252540x", "/a?@x"),
        ("/a", "%25252540x", "/a?%40x"),
        ("/%70ower%u0073hell", None, "/powershell"),
        ("/autodiscover.json%3f@x", "q", "/autodiscover.json?@x?q"),
        ("//owa\\/./auth//x.aspx", None, "/owa/auth/x.aspx"),
        ("/owa/../ecp", None, "/owa/../ecp"),
        ("/%E4%BA%AC", None, "/京"),
        ("/%e9", None, "/é"),
        ("/100%", "%zz%4", "/100%?%zz%4"),
    ],
)  # fmt: skip
def test_path_and_query_as_one_plain_text(stem, query, wanted):
    assert read(stem, query) == wanted


def test_nothing_where_there_is_no_path():
    fields = {"cs-uri-stem": None, "cs-uri-query": "x"}
    decoded(fields)
    assert fields == {"cs-uri-stem": None, "cs-uri-query": "x"}


def test_any_text_is_read():
    dice = random.Random(3)
    for _ in range(500):
        text = "".join(dice.choice("%%%u2540/\\.?aé\0\udcff") for _ in range(dice.randrange(60)))
        assert isinstance(plain(text), str)
        assert len(read(text, text)) <= 2 * len(text) + 1
