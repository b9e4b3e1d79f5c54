"""The TAXII client: pages, bounds, and only the host that was named."""

import json

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources.indicators.taxii import PAGE_BYTES, collection

URL = "https://cti.example/root/collections/1/"


def pages(*bodies):
    asked = []

    def fetch(url, headers):
        asked.append((url, headers))
        return bodies[len(asked) - 1]

    return fetch, asked


def test_pages_are_followed_to_the_end():
    first = json.dumps({"more": True, "next": "a b", "objects": [{"id": "1"}, "no object"]}).encode()
    fetch, asked = pages(first, json.dumps({"objects": [{"id": "2"}]}).encode())
    found = list(collection(URL, token="t", added_after="2026-01-01T00:00:00Z", fetch=fetch))
    assert [one["id"] for one in found] == ["1", "2"]
    assert asked[1][0] == f"{URL}objects/?added_after=2026-01-01T00%3A00%3A00Z&next=a%20b"
    assert asked[0][1]["Authorization"] == "Bearer t"


def test_a_server_that_goes_round_in_circles_ends():
    fetch, asked = pages(*[json.dumps({"more": True, "next": "x", "objects": []}).encode()] * 9)
    assert list(collection(URL, user="u", token="p", fetch=fetch)) == []
    assert len(asked) == 2
    assert asked[0][1]["Authorization"] == "Basic dTpw"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{", b"x" * (PAGE_BYTES + 1)])
def test_answers_that_are_no_taxii_are_refused(body):
    with pytest.raises(SourceError):
        list(collection(URL, fetch=pages(body)[0]))


@pytest.mark.parametrize("url", ["http://cti.example/x/", "file:///etc/passwd", "ftp://a.example/", "x"])
def test_only_https_is_asked(url):
    with pytest.raises(SourceError, match="https"):
        list(collection(url, fetch=pages(b"{}")[0]))


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(SourceError, match="cannot be reached"):
        list(collection("http://127.0.0.1:9/x/"))
