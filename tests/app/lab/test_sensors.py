"""Rows of a proxy and of Zeek are read back as what happened, and an ordinary day has what looks odd."""

from datetime import UTC, date, datetime

from sekisho.app.lab.corp import DESKS
from sekisho.app.lab.sensors import PROXY_HEAD, TRIDENT, WIDGITS, Sensors, Server, ordinary_day
from sekisho.normalize import records
from sekisho.normalize.requests import described
from sekisho.sources import load

AT = datetime(2021, 3, 15, 0, 31, 55, tzinfo=UTC)


def events(sensors, folder):
    found = {}
    for log in sensors.logs:
        path = folder / log.path.replace("/", "-")
        path.write_bytes(log.data())
        head = path.read_bytes()[:65_536]
        source = next(one for one in load().values() if one.recognise(head, path))
        for event in records.normalize(source.read(path), source=log.path):
            found.setdefault(log.path, []).append(described(event))
    return found


def test_what_crosses_the_network_is_read_back(tmp_path):
    sensors = Sensors("case")
    sensors.fetch(
        AT, DESKS[0], "http://a.example:8080/b?c", TRIDENT, address="203.0.113.9", cookie='_ga=1; x="y"', key="k"
    )
    sensors.lookup(AT, DESKS[0], "a.example")
    sensors.speak(AT, DESKS[0], Server("", "203.0.113.9", 8080, WIDGITS, WIDGITS), key="k")
    found = events(sensors, tmp_path)
    (request,) = found["proxy/access.log"]
    assert request.logsource.category == "proxy"
    wanted = {"url.host": "a.example", "c-useragent": TRIDENT, "cs-cookie": '_ga=1; x=""y""', "src_ip": "10.0.12.42"}
    assert {name: request.fields.get(name) for name in wanted} == wanted
    (query,) = found["zeek/dns.log"]
    assert (query.fields["query"], query.fields["rcode_name"]) == ("a.example", "NXDOMAIN")
    (spoken,) = found["zeek/ssl.log"]
    assert (spoken.fields["tls.asks"], spoken.fields["tls.self_signed"], spoken.host) == (
        "nothing",
        "true",
        DESKS[0].ip,
    )
    assert [event.fields["dst_port"] for event in found["zeek/conn.log"]] == [80, 8080]
    assert request.time_ns == int(AT.timestamp()) * 10**9
    (planted,) = sensors.proxy.planted()
    assert int(planted.record) == len(PROXY_HEAD) + 1
    assert request.record == planted.record


def test_an_ordinary_day_is_long_the_same_each_time_and_has_odd_things(tmp_path):
    sensors, again = Sensors("case"), Sensors("case")
    for one in (sensors, again):
        ordinary_day(one, date(2021, 3, 15))
    assert [log.data() for log in sensors.logs] == [log.data() for log in again.logs]
    assert sum(map(len, sensors.logs)) > 6_000
    assert not any(log.planted() for log in sensors.logs)
    found = events(sensors, tmp_path)
    assert any(event.fields.get("c-useragent") == TRIDENT for event in found["proxy/access.log"])
    assert any("folder" in event.fields.get("url.signs", ()) for event in found["proxy/access.log"])
    assert any(event.fields.get("tls.issuer") == WIDGITS for event in found["zeek/ssl.log"])
    assert any(event.fields["rcode_name"] == "NXDOMAIN" for event in found["zeek/dns.log"])
    assert sum(event.fields.get("tls.server_name") == "api.saas.example" for event in found["zeek/ssl.log"]) == 480
