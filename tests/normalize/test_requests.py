import random

import pytest

from sekisho.model.event import Event, Logsource
from sekisho.normalize.requests import described

PROXY, DNS = Logsource("zeek", "proxy", "http"), Logsource("zeek", "dns", "dns")
DAY_NS = 1_634_025_600 * 10**9  # 2021-10-12T08:00:00Z, day 44481 of Excel's calendar
HOUR_NS = 3_600 * 10**9
COOKIE = "__gads=2811148672:1:1045:131; _gat=10.0.19042.64; _ga=5.198313.576.12; _u=50432d30313432:757365723031"


def facts(logsource=PROXY, time_ns=DAY_NS, **fields):
    named = {name.replace("__", "-"): value for name, value in fields.items()}
    event = described(Event(logsource, named, time_ns))
    return {name: value for name, value in event.fields.items() if name not in named}


@pytest.mark.parametrize(
    ("fields", "host", "address", "tricks"),
    [
        ({"c-uri": "http://0xc12a24f5/cc.html"}, "0xc12a24f5", "193.42.36.245", ["hex-ip"]),
        ({"c-uri": "http://0056.0151.0121.0114/c.html"}, "0056.0151.0121.0114", "46.105.81.76", ["octal-ip"]),
        ({"c-uri": "http://3221225985:8080/a"}, "3221225985", "192.0.2.1", ["integer-ip"]),
        ({"c-uri": "/cc.html", "cs-host": "192.0.2.1:8080"}, "192.0.2.1", "192.0.2.1", None),
        ({"c-uri": "https://[2001:db8::1]:8443/a"}, "2001:db8::1", "2001:db8::1", None),
        ({"c-uri": "http://user@www.Example.com./a"}, "www.example.com", None, None),
        ({"c-uri": "www.example.com:443", "cs-method": "CONNECT"}, "www.example.com", None, None),
    ],
)
def test_the_host_of_a_request_is_read_as_a_browser_would(fields, host, address, tricks):
    found = facts(**fields)
    assert (found.get("url.host"), found.get("url.ip"), found.get("url.hidden_by")) == (host, address, tricks)
    assert ("bare_address" in found.get("url.signs", [])) == (address is not None)
    assert found.get("url.domain") == (None if address else "example.com")


@pytest.mark.parametrize(
    ("path", "signs"),
    [
        ("/44481.5165325231.dat", ["serial_dat"]),
        ("/44485.5165325231.dat", []),
        ("/44470.5165325231.dat", []),
        ("/etiste/quasnam-4966787", ["malspam_path"]),
        ("/nihilvero/eumdolor-5208134", ["malspam_path"]),
        ("/modern/thirdfloor-5208134", []),
        ("/wp-content/XyZ12/", ["compromised_path", "folder", "random_folder"]),
        ("/shop/K7tRwZ/", ["folder", "random_folder"]),
        ("/shop/NSqpHn2dpYHtjt/", ["folder", "random_folder"]),
        ("/articles/iPhone/", ["folder"]),
        ("/archive/20210315/", ["folder"]),
        ("/Products/MacBookPro/", ["folder"]),
        ("/wp-content/uploads/2021/10/a.jpg", []),
        ("/a/b/?q=/", ["folder"]),
        ("/", []),
        ("/a.dat", []),
    ],
)
def test_paths_are_told_by_their_shape(path, signs):
    found = facts(**{"c-uri": path, "cs-host": "www.example.com", "c-useragent": "x"})
    assert found.get("url.signs", []) == signs
    assert found["url.path"] == path.partition("?")[0]


def test_a_file_named_by_the_clock_counts_within_a_day_of_the_request():
    fields = {"c-uri": "http://www.example.com/44481.51653.dat"}
    assert "serial_dat" in facts(time_ns=DAY_NS + 20 * HOUR_NS, **fields)["url.signs"]
    assert "url.signs" not in facts(time_ns=DAY_NS + 50 * HOUR_NS, **fields)
    assert "url.signs" not in facts(time_ns=DAY_NS - 40 * HOUR_NS, **fields)
    assert "url.signs" not in facts(time_ns=None, **fields)


def test_the_loader_cookie_says_who_asked():
    found = facts(**{"c-uri": "/", "cs-method": "GET", "cs-cookie": COOKIE})
    assert found["url.signs"] == ["no_user_agent", "loader_cookie"]
    assert (found["cookie.host"], found["cookie.user"]) == ("PC-0142", "user01")


@pytest.mark.parametrize(
    "cookie",
    ["_ga=GA1.2.3; _gat=1; __gads=x", "_u=1:2", "__gads=1; _gat=1; _ga=1; _u=abc:zz", COOKIE.replace("_gat=", "_gid=")],
)
def test_cookies_of_analytics_alone_are_ordinary(cookie):
    found = facts(**{"c-uri": "/", "cs-method": "GET", "cs-cookie": cookie, "c-useragent": "x"})
    assert not {"url.signs", "cookie.host"} & found.keys()


def test_a_query_gets_its_domain_and_how_unlike_a_chosen_name_it_is():
    chosen = facts(DNS, query="www.mail.sekisho-support.example.co.jp")
    assert chosen["dns.domain"] == "example.co.jp"
    assert chosen["dns.surprise"] < 5
    assert facts(DNS, query="xkqzvwpfjgthq.com")["dns.surprise"] >= 5.5
    assert facts(DNS, query=["kizuna-shoji.jp"])["dns.surprise"] < 5
    assert "dns.surprise" not in facts(DNS, query="xkqzvwpfjgthq.local")
    assert facts(DNS, query="localhost") == facts(DNS, answer="x") == {}


def test_other_events_stay_what_they_are():
    event = Event(Logsource("windows", "process_creation"), {"c-uri": "http://192.0.2.1/"})
    assert described(event) is event


def test_hostile_values_raise_nothing_and_cost_little():
    dice = random.Random(5)
    pieces = ["http://", "https://", "/", "..", "[", "]", ":", "@", "0x", "%", "\N{FULLWIDTH DIGIT ONE}", "44481.123456.dat", "_u=", "ff", ";",
              "\0", "a" * 400, "xn--", "-", "4294967296", "?", "#"]  # fmt: skip
    for _ in range(3_000):
        text = "".join(dice.choices(pieces, k=dice.randrange(1, 12)))
        facts(
            **{"c-uri": text, "cs-host": dice.choice(pieces), "cs-cookie": COOKIE.replace("5043", text), "cs-method": 1}
        )
        facts(DNS, query=text)
    facts(**{"c-uri": "http://" + "1." * 100_000, "cs-cookie": "_u=" + "ab:" * 100_000})
