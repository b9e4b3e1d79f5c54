"""Queries that fetch."""

import random

import pytest

from sekisho.analyzers.web_query import _recognise as recognise
from sekisho.analyzers.web_query import analyze
from sekisho.model.artifact import Artifact
from sekisho.model.url import Url

WEB = b'WEB\r\n1\r\nhttps://www.example.com/data.php?id=["id"]\r\n\r\nSelection=1\r\nFormatting=None\r\n'
OLEDB = (
    b"QueryType=OLEDB\r\nVersion=1\r\nCommandType=Table\r\n"
    b"Connection=Provider=Microsoft.ACE.OLEDB.12.0;Data Source=\\\\files.example.com\\a\\b.mdb\r\nCommandText=t\r\n"
)
ODC = (
    b'<html xmlns:o="urn:x"><meta name=ProgId content=ODC.Database><xml><odc:OfficeDataConnection><odc:Connection>'
    b"<odc:ConnectionString>Provider=MSDAIPP;Data Source=https://www.example.net/q;x</odc:ConnectionString>"
    b"</odc:Connection></odc:OfficeDataConnection></xml></html>"
)


def read(data):
    features = {}
    for one in analyze(Artifact("a", data, "a")):
        features.setdefault(one.name, []).append(one.value.canonical if isinstance(one.value, Url) else one.value)
    return features


def test_a_web_query():
    features = read(WEB)
    assert features["query.kind"] == ["web"]
    assert features["url"] == ["https://www.example.com/data.php?id=[%22id%22]"]


def test_a_database_on_a_share():
    features = read(OLEDB)
    assert features["query.kind"] == ["oledb"]
    assert features["query.remote_host"] == ["files.example.com"]
    assert features["url"] == ["file://files.example.com/a/b.mdb"]
    assert features["query.command"] == ["t"]


def test_a_connection_in_a_page():
    features = read(ODC)
    assert features["query.kind"] == ["odc"]
    assert features["url"] == ["https://www.example.net/q"]


@pytest.mark.parametrize(
    ("data", "claimed"),
    [
        (WEB, True),
        (WEB.decode().encode("utf-16"), True),
        (OLEDB, True),
        (ODC, True),
        (b"WEB pages are nice\r\n1\r\n", False),
        (b"", False),
    ],
)
def test_what_is_claimed(data, claimed):
    assert recognise(Artifact("a", data, "a")) is claimed


def test_nothing_comes_out_of_broken_queries():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(dice.choice([WEB, OLEDB, ODC]))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        recognise(Artifact("a", bytes(data), "a"))
        read(bytes(data))
