import json
import random

import pytest

from sekisho.detect import beacons
from sekisho.detect.beacons import BEACON, FIELDS, Beacons, Heard, beat_of
from sekisho.model.event import Event, Logsource

CONN, TLS, DNS = (Logsource("zeek", *words) for words in (("firewall", "conn"), ("tls", "ssl"), ("dns", "dns")))
PROXY, SYSMON = Logsource("", "proxy", ""), Logsource("windows", "network_connection", "sysmon")
START_S = 1_795_341_600


def call(at_s, source="10.0.12.42", destination="203.0.113.9", port=8080, logsource=CONN, **fields):
    given = {"src_ip": source, "dst_ip": destination, "dst_port": port, **fields}
    return Event(logsource, given, int((START_S + at_s) * 10**9), source, "", "conn.log", str(at_s))


def every(step_s, count, jitter=0.0, **ends):
    dice, at = random.Random(1), 0.0
    for _ in range(count):
        yield call(round(at, 3), **ends)
        at += step_s * (1 + dice.uniform(-jitter, jitter))


def told(events):
    heard = Beacons()
    for event in events:
        heard.add(event)
    return list(heard.events())


def test_a_steady_beat_is_told_with_where_it_begins():
    (event,) = told(every(60, 30, jitter=0.1))
    fields = event.fields
    assert event.logsource == BEACON
    assert (event.time_ns, event.host, event.source, event.record) == (START_S * 10**9, "10.0.12.42", "conn.log", "0.0")
    assert (fields["src_ip"], fields["dst_ip"], fields["dst_port"]) == ("10.0.12.42", "203.0.113.9", 8080)
    assert (fields["beacon.count"], fields["beacon.sources"], fields["beacon.named"]) == (30, 1, "false")
    assert 55 < fields["beacon.interval"] < 65
    assert fields["beacon.jitter"] < 0.1
    assert fields["beacon.share"] == 1.0
    assert set(fields) == set(FIELDS) - {"beacon.names"}


def test_people_have_no_beat_and_few_calls_say_nothing():
    dice = random.Random(2)
    moments = [dice.expovariate(1 / 60) for _ in range(200)]
    assert not told(call(sum(moments[: n + 1])) for n in range(200))
    assert not told(every(60, beacons.MIN_COUNT - 1))
    assert len(told(every(60, beacons.MIN_COUNT))) == 1


def test_connections_at_once_are_one_call_in_any_order_and_log():
    once = [one for at in range(0, 1800, 60) for one in (call(at), call(at + 0.2, logsource=TLS), call(at + 0.5))]
    random.Random(3).shuffle(once)
    (event,) = told(once)
    assert (event.fields["beacon.count"], event.fields["beacon.interval"]) == (30, 60.0)


def test_a_night_between_does_not_hide_a_beat():
    (event,) = told([*every(60, 30), *(call(80_000 + 60 * n) for n in range(30))])
    assert event.fields["beacon.jitter"] == 0.0
    assert event.fields["beacon.span"] == 80_000 + 29 * 60


@pytest.mark.parametrize(
    ("naming", "named"),
    [
        (call(1, logsource=TLS, **{"tls.server_name": "Api.Example.com"}), "api.example.com"),
        (call(1, logsource=DNS, query="api.example.com", answer=["203.0.113.9"]), "api.example.com"),
        (call(1, logsource=PROXY, **{"url.host": "api.example.com"}), "api.example.com"),
        (call(1, logsource=TLS, **{"tls.server_name": "203.0.113.9"}), None),
    ],
)
def test_who_is_called_by_a_name_anywhere_is_named(naming, named):
    (event,) = told([*every(60, 30), naming])
    assert event.fields.get("beacon.names") == named
    assert event.fields["beacon.named"] == ("true" if named else "false")


def test_the_endpoint_and_a_proxy_tell_of_connections_too():
    sysmon = {"SourceIp": "10.0.12.42", "DestinationIp": "203.0.113.9", "DestinationPort": "8080"}
    events = [Event(SYSMON, sysmon, (START_S + 60 * n) * 10**9, "PC-0142") for n in range(20)]
    (event,) = told(events)
    assert (event.host, event.fields["dst_port"]) == ("PC-0142", 8080)
    assert not told(Event(SYSMON, {**sysmon, "Initiated": "false"}, one.time_ns) for one in events)
    proxy = [Event(PROXY, {"src_ip": "10.0.12.42", "url.host": "a.example"}, one.time_ns) for one in events]
    (event,) = told(proxy)
    assert (event.fields["dst_ip"], event.fields["beacon.named"]) == ("a.example", "true")


@pytest.mark.parametrize(
    "ends", [{"source": "203.0.113.7"}, {"destination": "239.1.1.1"}, {"destination": "10.0.0.255"}]
)
def test_what_comes_from_outside_or_goes_to_a_group_is_not_heard(ends):
    assert not told(every(60, 30, **ends))


def test_how_many_sources_call_a_destination():
    events = [one for n in range(5) for one in every(60 + n, 20, source=f"10.0.12.{n + 1}")]
    assert {event.fields["beacon.sources"] for event in told(events)} == {5}


def test_parts_read_apart_and_written_down_tell_the_same(monkeypatch):
    events = [*every(60, 40, jitter=0.05), *every(300, 12, destination="198.51.100.7")]
    random.Random(4).shuffle(events)
    joined = Beacons()
    for start in range(0, len(events), 7):
        part = Beacons()
        for event in events[start : start + 7]:
            part.add(event)
        joined.give(Heard.of(json.loads(json.dumps(part.take().document()))))
    assert list(joined.events()) == told(events)
    assert not list(part.events())


def test_memory_is_bounded_and_what_was_left_out_is_said(monkeypatch):
    monkeypatch.setattr(beacons, "MAX_PAIRS", 3)
    heard = Beacons()
    for n in range(5):
        heard.add(call(n, destination=f"203.0.113.{n}"))
    assert heard.notes() == ["2 connections were not looked at for steady beats, a limit was reached"]
    monkeypatch.setattr(beacons, "MAX_MOMENTS", 10)
    (event,) = told(every(60, 500))
    assert event.fields["beacon.count"] == 10


def test_odd_values_raise_nothing():
    dice = random.Random(6)
    values = [None, "", "-", 1, -1, 70_000, "x" * 999, "10.0.0.1", ["10.0.0.1"], True, 1.5, "203.0.113.9", "443"]
    heard = Beacons()
    names = ("src_ip", "dst_ip", "dst_port", "tls.server_name", "url.host", "url.ip", "query", "answer", "SourceIp",
             "DestinationIp", "DestinationPort", "DestinationHostname", "Initiated")  # fmt: skip
    for n in range(5_000):
        fields = {name: dice.choice(values) for name in names}
        heard.add(Event(dice.choice((CONN, TLS, DNS, PROXY, SYSMON)), fields, dice.choice((None, n * 10**9))))
    list(heard.events())
    assert beat_of([]) is None
    assert beat_of([5] * 100) is None
