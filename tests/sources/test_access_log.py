"""Access logs as Apache, nginx and Squid write them, and as an attacker would like them to be read."""

import gzip
import random

import pytest

from sekisho.normalize import records
from sekisho.sources import Gap, Row
from sekisho.sources.access_log import _fields, _has_vhost, read, recognise

STAMP = "[10/Oct/2021:13:55:36 +0900]"
COMBINED = f'192.0.2.7 - - {STAMP} "GET /products/list?name=%E6%9C%AC HTTP/1.1" 200 512 "https://shop.example/" "Mozilla/5.0 (X11)"\n'
COMMON = f'192.0.2.7 - sato {STAMP} "POST /cart HTTP/1.0" 302 -\n'
VHOST = f'shop.example:443 2001:db8::7 - - {STAMP} "GET /admin/order/5/edit HTTP/2.0" 200 9 "-" "curl/7"\n'
SQUID = f'192.0.2.7 - - {STAMP} "GET http://www.example/a.dat?x=1 HTTP/1.1" 200 12 "-" "-" TCP_MISS:HIER_DIRECT\n'


def rows(tmp_path, text, name="access.log"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read(path))


def fields(tmp_path, text):
    (row,) = rows(tmp_path, text)
    return row.fields


@pytest.mark.parametrize("text", [COMBINED, COMMON, VHOST, SQUID, "\n" + COMBINED * 3])
def test_recognised_by_date_request_and_status(tmp_path, text):
    assert recognise(text.encode(), tmp_path / "x")
    assert recognise(gzip.compress(text.encode()), tmp_path / "x")


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", '{"a": "[] \\"x"}\n', f'{STAMP} "x" 200 1\n', "Oct 10 13:55:36 host sshd[1]: x\n"]
)
def test_anything_else_is_not(tmp_path, text):
    assert not recognise(text.encode(), tmp_path / "x")


def test_combined(tmp_path):
    assert rows(tmp_path, COMBINED) == [
        Row(
            "1",
            {
                "remote_host": "192.0.2.7",
                "time_local": "10/Oct/2021:13:55:36 +0900",
                "request_method": "GET",
                "request_uri": "/products/list?name=%E6%9C%AC",
                "server_protocol": "HTTP/1.1",
                "status": "200",
                "bytes_sent": "512",
                "http_referer": "https://shop.example/",
                "http_user_agent": "Mozilla/5.0 (X11)",
            },
        )
    ]


def test_common_names_the_user_and_leaves_out_what_is_missing(tmp_path):
    found = fields(tmp_path, COMMON)
    assert (found["remote_user"], found["status"], "bytes_sent" in found) == ("sato", "302", False)


def test_a_virtual_host_stands_before_the_client(tmp_path):
    found = fields(tmp_path, VHOST)
    assert (found["server_name"], found["remote_host"]) == ("shop.example:443", "2001:db8::7")


def test_more_values_behind_the_user_agent_are_kept(tmp_path):
    line = COMBINED.rstrip("\n") + ' "203.0.113.9" 0.005 -\n'
    assert fields(tmp_path, line)["extra"] == ["203.0.113.9", "0.005", "-"]


def test_quoting_is_undone(tmp_path):
    agent = r"\"><b\x3e \\ \xe6\x9c\xac \x82\xa0 \t"
    line = f'192.0.2.7 - - {STAMP} "GET /?q=\\x22%3E HTTP/1.1" 200 1 "-" "{agent}"\n'
    found = fields(tmp_path, line)
    assert found["http_user_agent"] == '"><b> \\ 本 あ \t'
    assert found["request_uri"] == '/?q="%3E'


def test_an_address_may_hold_blanks(tmp_path):
    found = fields(tmp_path, f'192.0.2.7 - - {STAMP} "GET /?q=<script src=//x HTTP/1.1> HTTP/1.1" 200 1\n')
    assert (found["request_method"], found["request_uri"]) == ("GET", "/?q=<script src=//x HTTP/1.1>")


def test_what_is_no_request_stays_whole(tmp_path):
    assert fields(tmp_path, f'192.0.2.7 - - {STAMP} "\\x16\\x03\\x01" 400 0\n')["request_line"] == "\x16\x03\x01"


FORGED = '10.0.0.1 - admin [10/Oct/2021:13:55:37 +0900] \\"GET /admin HTTP/1.1\\" 200 5'


@pytest.mark.parametrize(
    ("line", "host", "status"),
    [
        (f'192.0.2.7 - {FORGED} {STAMP} "GET / HTTP/1.1" 401 1 "-" "-"\n', "192.0.2.7", "401"),
        (f'192.0.2.7 - - {STAMP} "GET /{FORGED} HTTP/1.1" 404 1 "-" "-"\n', "192.0.2.7", "404"),
        (f'192.0.2.7 - - {STAMP} "GET / HTTP/1.1" 404 1 "-" "{FORGED}"\n', "192.0.2.7", "404"),
        (f'192.0.2.7 - - {STAMP} "GET / HTTP/1.1" 404 1 "-" "\\x0a{FORGED}"\n', "192.0.2.7", "404"),
    ],
)
def test_quoted_values_forge_nothing(tmp_path, line, host, status):
    found = fields(tmp_path, line)
    assert (found["remote_host"], found["status"]) == (host, status)


def test_a_line_that_can_be_cut_in_two_ways_is_not_cut(tmp_path):
    line = f'192.0.2.7 - - {STAMP} "GET /?" 200 5 "-" "x HTTP/1.1" 404 9 "-" "-"\n'
    found = fields(tmp_path, line)
    assert "status" not in found
    assert found["request_rest"].startswith("GET /?")


def test_a_broken_quote_keeps_all_that_stands_behind(tmp_path):
    found = fields(tmp_path, f'192.0.2.7 - - {STAMP} "GET /?q="><script>\n')
    assert (found["remote_host"], found["request_rest"]) == ("192.0.2.7", 'GET /?q="><script>')


def test_other_lines_are_gaps(tmp_path):
    found = rows(tmp_path, COMBINED + "rotated\n" + COMMON)
    assert [type(one) for one in found] == [Row, Gap, Row]
    assert found[1].record == "2"


def test_events_have_sigma_names(tmp_path):
    event, *others = records.normalize(rows(tmp_path, COMBINED + SQUID), "access.log")
    assert event.logsource.category == "webserver"
    assert event.fields["c-ip"] == "192.0.2.7"
    assert (event.fields["cs-uri-stem"], event.fields["cs-uri-query"]) == ("/products/list", "name=%E6%9C%AC")
    assert (event.fields["sc-status"], event.fields["cs-method"]) == ("200", "GET")
    assert event.time_ns == 1_633_841_736_000_000_000
    assert others[0].logsource.category == "proxy"
    assert (others[0].fields["c-uri"], others[0].fields["r-dns"]) == ("http://www.example/a.dat?x=1", "www.example")


def test_a_fragment_sent_to_the_server_is_not_lost(tmp_path):
    line = f'192.0.2.7 - - {STAMP} "GET /a?u=http://x.example/#<script> HTTP/1.1" 200 1\n'
    (event,) = records.normalize(rows(tmp_path, line), "a")
    assert event.fields["cs-uri-query"] == "u=http://x.example/#<script>"


def test_the_short_way_and_the_careful_one_agree(tmp_path):
    dice = random.Random(3)
    parts = [
        "192.0.2.7",
        "-",
        "sato",
        STAMP,
        '"GET / HTTP/1.1"',
        '"GET /?a=b"',
        "200",
        "404",
        "-",
        "12",
        '"-"',
        '"x"',
        '""',
        "[",
        "]",
        '\\"',
    ]
    for _ in range(300):
        words = ["192.0.2.7", "-", "-", STAMP, '"GET / HTTP/1.1"', "200", "12", '"-"', '"x y"']
        for _ in range(dice.randrange(3)):
            words[dice.randrange(len(words))] = dice.choice(parts)
        line = " ".join(words[: dice.choice((7, 9, 9))])
        (found,) = rows(
            tmp_path, "192.0.2.1 - - " + line.partition(" - - ")[2] if dice.random() < 0.5 and " - - " in line else line
        )
        careful = _fields(path_text(tmp_path), vhost=_has_vhost(path_text(tmp_path)))
        assert (found.fields if isinstance(found, Row) else {}) == careful


def path_text(tmp_path):
    return (tmp_path / "access.log").read_text()


def test_broken_lines_raise_nothing(tmp_path):
    dice = random.Random(6)
    whole = (COMBINED + COMMON + VHOST + SQUID).encode()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 9)):
            data[dice.randrange(len(data))] = dice.choice(b'"\\[] x\n\xff\x00')
        recognise(bytes(data), tmp_path / "x")
        assert all(isinstance(one, (Row, Gap)) for one in rows(tmp_path, bytes(data)))


def test_long_lines_cost_no_more_than_their_length(tmp_path):
    hostile = f'192.0.2.7 - - {STAMP} "' + '\\"] "' * 100_000
    assert len(rows(tmp_path, hostile + "\n" + COMBINED)) == 2
    assert rows(tmp_path, "x" * 1_100_000 + "\n")[0] == Gap("1", "line is too long")
