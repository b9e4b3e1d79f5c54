import random
from pathlib import Path

import pytest
import yaml

from sekisho.normalize.records import normalize
from sekisho.normalize.requests import described
from sekisho.sources import Row

TS = 1795341600.5
ENDS = {"id.orig_h": "10.0.1.6", "id.orig_p": 50123, "id.resp_h": "203.0.113.9", "id.resp_p": 8080}
UNDERLINED = {name.replace(".", "_"): value for name, value in ENDS.items()}

ZEEK = {"_path": "http", "ts": TS, "uid": "C1", **ENDS, "method": "GET", "host": "a.example", "uri": "/b/", "cookie": "_u=1",
        "conn_state": "SF", "query": "a.example", "server_name": "a.example", "issuer": "CN=a", "validation_status": "ok"}  # fmt: skip
EVE = {"event_type": "tls", "timestamp": "2026-11-22T10:00:00.5+0000", "src_ip": "10.0.1.6", "dest_ip": "203.0.113.9",
       "tls": {"sni": "a.example", "subject": "CN=a"}, "http": {"url": "/a"}, "flow": {"pkts_toclient": 1}}  # fmt: skip


def one(**fields):
    (event,) = normalize([Row("1", fields)], source="a.log")
    return event


def zeek(path, **fields):
    return one(_path=path, ts=TS, uid="C1", **ENDS, **fields)


def eve(kind, **fields):
    given = {"event_type": kind, "timestamp": "2026-11-22T10:00:00.5+0000", "src_ip": "10.0.1.6", "src_port": 50123}
    return one(**given, dest_ip="203.0.113.9", dest_port=8080, flow_id=1, **fields)


def source(event):
    return tuple(event.logsource)


CONNECTION = {"src_ip": "10.0.1.6", "src_port": 50123, "dst_ip": "203.0.113.9", "dst_port": 8080}
HTTP = {
    "method": "GET",
    "host": "www.example.com",
    "uri": "/a",
    "user_agent": "x",
    "status_code": 200,
    "trans_depth": 1,
}
PROXY = {"c-uri": "/a", "cs-host": "www.example.com", "cs-method": "GET", "c-useragent": "x", "sc-status": 200}
NAMES = {"tls.server_name": "www.example.com", "tls.asks": "name", "tls.ja3": "j", "tls.ja3s": "s"}


@pytest.mark.parametrize(
    ("event", "logsource", "fields"),
    [
        (zeek("conn", conn_state="SF"), ("zeek", "firewall", "conn"), CONNECTION),
        (zeek("http", **HTTP), ("zeek", "proxy", "http"), CONNECTION | PROXY),
        (zeek("dns", query="a.example", qtype_name="A", answers=["192.0.2.1"], rcode_name="NOERROR"),
         ("zeek", "dns", "dns"), {"query": "a.example", "record_type": "A", "answer": ["192.0.2.1"]}),
        (zeek("ssl", server_name="www.example.com", ja3="j", ja3s="s", version="TLSv12"), ("zeek", "tls", "ssl"), NAMES),
        (zeek("ssl", subject="CN=a", issuer="CN=a"), ("zeek", "tls", "ssl"),
         {"tls.asks": "nothing", "tls.self_signed": "true"}),
        (zeek("ssl", server_name="203.0.113.9", validation_status="self signed certificate"), ("zeek", "tls", "ssl"),
         {"tls.asks": "address", "tls.self_signed": "true"}),
        (one(_path="x509", ts=TS, **{"certificate.subject": "O=a", "certificate.issuer": "O=b", "fingerprint": "f"}),
         ("zeek", "tls", "x509"), {"tls.subject": "O=a", "tls.self_signed": "false", "tls.fingerprint": "f"}),
        (zeek("smtp", mailfrom="a@b.example", rcptto=["c@d.example"], msg_id="<1@b.example>"), ("zeek", "", "smtp"),
         {"sender": "a@b.example", "recipients": ["c@d.example"], "message_id": "<1@b.example>", **CONNECTION}),
        (zeek("smb_files", action="SMB::FILE_OPEN", name="a.exe"), ("zeek", "", "smb_files"), CONNECTION),
        (zeek("kerberos", request_type="TGS"), ("zeek", "", "kerberos"), CONNECTION),
        (zeek("weird", name="bad_TCP_checksum"), ("zeek", "", "weird"), CONNECTION),
        (one(ts=TS, uid="C1", conn_state="SF", **ENDS), ("zeek", "firewall", "conn"), CONNECTION),
        (one(ts=TS, uid="C1", cipher="c", established=True, version="TLSv12", **ENDS), ("zeek", "tls", "ssl"),
         {"tls.asks": "nothing", **CONNECTION}),
        (one(**{"@stream": "conn", "ts": TS, "uid": "C1", "conn_state": "SF"}, **UNDERLINED),
         ("zeek", "firewall", "conn"), CONNECTION | {"id.resp_h": "203.0.113.9"}),
        (one(**{"@stream": "x509", "ts": TS, "id": "F1", "certificate_subject": "O=a", "certificate_issuer": "O=a"}),
         ("zeek", "tls", "x509"), {"tls.self_signed": "true", "certificate.subject": "O=a", "tls.certificate": "F1"}),
        (one(**{"@stream": "rdp", "ts": TS, "uid": "C1"}, **UNDERLINED), ("zeek", "", "rdp"), CONNECTION),
        (eve("http", http={"hostname": "www.example.com", "url": "/a", "http_user_agent": "x", "http_method": "GET",
                           "status": 200}), ("suricata", "proxy", "http"), CONNECTION | PROXY),
        (eve("tls", tls={"sni": "www.example.com", "ja3": {"hash": "j", "string": "7"}, "ja3s": {"hash": "s"}}),
         ("suricata", "tls", "tls"), NAMES | CONNECTION),
        (eve("tls", tls={"subject": "CN=a", "issuerdn": "CN=a"}), ("suricata", "tls", "tls"),
         {"tls.self_signed": "true", "tls.issuer": "CN=a"}),
        (eve("dns", dns={"version": 3, "queries": [{"rrname": "a.example", "rrtype": "TXT"}], "rcode": "NXDOMAIN"}),
         ("suricata", "dns", "dns"), {"query": ["a.example"], "record_type": ["TXT"], "rcode_name": "NXDOMAIN"}),
        (eve("smtp", smtp={"helo": "h", "mail_from": "<a@b.example>", "rcpt_to": ["<c@d.example>"]},
             email={"subject": "s", "attachment": ["a.zip"]}), ("suricata", "", "smtp"),
         {"sender": "<a@b.example>", "recipients": ["<c@d.example>"], "attachments": ["a.zip"], "client_name": "h"}),
        (eve("fileinfo", fileinfo={"filename": "/a.dll", "sha256": "f"}), ("suricata", "", "fileinfo"),
         {"filename": "/a.dll", "sha256": "f"}),
        (eve("alert", alert={"signature": "ET x", "severity": 1}), ("suricata", "", "alert"), {"signature": "ET x"}),
        (eve("anomaly", anomaly={"type": "stream"}), ("suricata", "", "anomaly"), CONNECTION),
        (eve("flow", flow={"start": "2026-11-22T09:59:00.000000+0000"}), ("suricata", "firewall", "flow"), CONNECTION),
    ],
)  # fmt: skip
def test_both_products_speak_the_same_names(event, logsource, fields):
    assert source(event) == logsource
    assert {name: event.fields.get(name) for name in fields} == fields


def test_the_host_of_a_connection_is_its_inside_end():
    assert zeek("conn", conn_state="SF").host == "10.0.1.6"
    assert zeek("http", **HTTP).host == "10.0.1.6"  # and not what the request calls its host
    inbound = {"id.orig_h": "203.0.113.9", "id.orig_p": 1, "id.resp_h": "10.0.1.6", "id.resp_p": 443}
    assert one(_path="conn", ts=TS, **inbound).host == "10.0.1.6"
    for state in ("S0", "REJ"):  # a scan from outside
        assert one(_path="conn", ts=TS, conn_state=state, **inbound).host == ""
    assert zeek("conn", conn_state="S0").host == "10.0.1.6"
    outside = {"id.orig_h": "203.0.113.9", "id.resp_h": "198.51.100.1"}
    assert one(_path="conn", ts=TS, **outside).host == ""


def test_the_host_of_a_proxys_record_is_who_asked():
    record = {
        "date": "2026-11-22",
        "time": "10:00:00",
        "cs-method": "GET",
        "c-uri": "http://a.example/",
        "s-computername": "PX",
    }
    assert one(**record, **{"c-ip": "10.0.1.6"}).host == "10.0.1.6"
    assert one(**record, **{"c-ip": "203.0.113.9"}).host == "PX"


def test_a_flow_happened_when_it_started():
    assert eve("flow", flow={"start": "2026-11-22T09:59:00.000000+0000"}).time_ns == (1795341600 - 60) * 10**9
    assert eve("flow", flow={"pkts": 1}).time_ns == 1795341600_500_000_000


SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def expected():
    """Give the records that Suricata's own tests expect of it, nested as EVE is, with what every record has."""
    for path in sorted((SHARED / "suricata-verify").rglob("test.yaml")):
        checks = yaml.safe_load(path.read_text(encoding="utf-8")).get("checks") or ()
        for match in (check["filter"]["match"] for check in checks if "filter" in check):
            record = {"timestamp": "2026-11-22T10:00:00.5+0000", "src_ip": "10.0.0.1", "dest_ip": "203.0.113.9"}
            for name, value in match.items():
                inner, *rest = name.replace("]", "").replace("[", ".").split(".")
                if rest and not isinstance(value, dict):
                    record.setdefault(inner, {})[rest[0]] = [value] if len(rest) > 1 else value
                elif not rest:
                    record[inner] = value
            if "event_type" in record:
                yield record


@pytest.mark.skipif(not (SHARED / "suricata-verify").is_dir(), reason="Suricata's own tests are not beside the project")
def test_what_suricatas_own_tests_expect_is_understood():
    count = 0
    for record in expected():
        event = one(**record)
        assert event.logsource.product == "suricata", record
        assert event.logsource.service == record["event_type"]
        for name, group, member in (("sender", "smtp", "mail_from"), ("attachments", "email", "attachment"),
                                    ("client_name", "smtp", "helo"), ("signature", "alert", "signature")):  # fmt: skip
            value = record.get(group, {}).get(member)
            if value is not None and (name != "signature") == (record["event_type"] != "alert"):
                assert event.fields[name] == value
        count += 1
    assert count >= 50


ODD = (
    None,
    "",
    [],
    {},
    -1,
    1e308,
    True,
    "x" * 5_000,
    ["a", None, {"b": 1}],
    "10.0.0.1",
    {"hash": 1},
    "http://[::1",
    2**70,
)


def test_records_with_odd_values_raise_nothing():
    dice = random.Random(9)
    for _ in range(1_500):
        record = dict(dice.choice((ZEEK, EVE)))
        for _ in range(dice.randrange(1, 4)):
            record[dice.choice(sorted(record))] = dice.choice(ODD)
        for event in normalize([Row("1", record)], source="a"):
            described(event)
