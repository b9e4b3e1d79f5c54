"""Squid's own log: ten words a line, whatever somebody asked for."""

import random

from sekisho.normalize import records
from sekisho.sources import Gap, Row
from sekisho.sources.squid import read, recognise

LINE = "1619311236.129   2345 192.0.2.3 TCP_MISS/200 4512 GET http://www.example:8080/a/b.dat?x=1 sato HIER_DIRECT/198.51.100.3 text/html\n"
TUNNEL = "1619311237.000    100 192.0.2.3 TCP_TUNNEL/200 39 CONNECT mail.example:443 - HIER_DIRECT/198.51.100.3 -\n"


def rows(tmp_path, text):
    path = tmp_path / "access.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read(path))


def test_recognised_by_its_first_words(tmp_path):
    assert recognise((LINE + TUNNEL).encode(), tmp_path / "x")
    assert not recognise(b"1619311236.129 x\n", tmp_path / "x")
    assert not recognise(b"", tmp_path / "x")


def test_every_word_has_its_name(tmp_path):
    (row,) = rows(tmp_path, LINE)
    assert row.fields == {
        "time": "1619311236.129",
        "elapsed_ms": "2345",
        "client": "192.0.2.3",
        "squid_result": "TCP_MISS/200",
        "bytes_sent": "4512",
        "request_method": "GET",
        "url": "http://www.example:8080/a/b.dat?x=1",
        "user": "sato",
        "hierarchy": "HIER_DIRECT/198.51.100.3",
        "content_type": "text/html",
    }


def test_events_are_of_a_proxy(tmp_path):
    first, second = records.normalize(rows(tmp_path, LINE + TUNNEL), "access.log")
    assert (first.logsource.category, first.fields["sc-status"], first.fields["c-ip"]) == ("proxy", "200", "192.0.2.3")
    assert (first.fields["r-dns"], first.fields["c-uri-query"], first.fields["c-uri-extension"]) == (
        "www.example",
        "x=1",
        "dat",
    )
    assert first.time_ns == 1_619_311_236_129_000_000
    assert (second.fields["c-uri"], second.fields["r-dns"]) == ("mail.example:443", "mail.example")


def test_blanks_in_a_url_shift_nothing(tmp_path):
    forged = "http://x.example/ - HIER_DIRECT/203.0.113.1 text/plain"
    (row,) = rows(tmp_path, LINE.replace("http://www.example:8080/a/b.dat?x=1", forged))
    assert (row.fields["url"], row.fields["hierarchy"]) == (forged, "HIER_DIRECT/198.51.100.3")


def test_other_lines_are_gaps(tmp_path):
    found = rows(tmp_path, LINE + "squid restarted\n" + LINE)
    assert [type(one) for one in found] == [Row, Gap, Row]


def test_broken_lines_raise_nothing(tmp_path):
    dice = random.Random(6)
    for _ in range(200):
        data = bytearray((LINE + TUNNEL).encode())
        for _ in range(dice.randrange(1, 9)):
            data[dice.randrange(len(data))] = dice.choice(b" /-\n\xff\x00A1")
        assert all(isinstance(one, (Row, Gap)) for one in rows(tmp_path, bytes(data)))
