"""Reports of broken content security policies, as browsers send and collectors keep them."""

import json
import random

from sekisho.normalize import records
from sekisho.sources import Gap, Row
from sekisho.sources.csp_report import read, recognise

OLD = {
    "csp-report": {
        "document-uri": "https://shop.example/admin/order/7/edit",
        "blocked-uri": "https://cdn.loader.example:8443/x.js",
        "effective-directive": "script-src-elem",
        "script-sample": "x",
    }
}
NEW = {
    "type": "csp-violation",
    "age": 10,
    "url": "https://shop.example/",
    "user_agent": "Mozilla/5.0",
    "body": {"documentURL": "https://shop.example/", "blockedURL": "inline", "effectiveDirective": "script-src-attr"},
}


def rows(tmp_path, text):
    path = tmp_path / "csp.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read(path))


def test_recognised_by_what_the_reports_call_themselves(tmp_path):
    assert recognise(json.dumps(OLD).encode(), tmp_path / "x")
    assert recognise(json.dumps([NEW]).encode(), tmp_path / "x")
    assert not recognise(b'{"note": "csp-report"}\n{"a": 1}\n', tmp_path / "x")
    assert not recognise(b"csp-report", tmp_path / "x")


def test_both_kinds_have_the_same_names(tmp_path):
    first, second = rows(tmp_path, json.dumps([OLD, NEW]))
    assert first.fields["blocked-uri"] == "https://cdn.loader.example:8443/x.js"
    assert first.fields["sample"] == "x"
    assert second.fields["blocked-uri"] == "inline"
    assert second.fields["effective-directive"] == "script-src-attr"
    assert second.fields["user_agent"] == "Mozilla/5.0"


def test_what_a_collector_adds_is_kept(tmp_path):
    wrapped = {"time": "2021-04-01T01:02:03Z", "remote_addr": "192.0.2.5", "body": json.dumps([NEW, NEW])}
    found = rows(tmp_path, json.dumps(wrapped) + "\n" + json.dumps({"time": "2021-04-01T01:02:04Z", **OLD}) + "\n")
    assert [row.record for row in found] == ["1.1", "1.2", "2"]
    assert found[0].fields["remote_addr"] == "192.0.2.5"
    events = list(records.normalize(found, "csp.json"))
    assert {event.logsource.category for event in events} == {"csp_violation"}
    assert events[0].fields["c-ip"] == "192.0.2.5"
    assert events[2].fields["blocked-host"] == "cdn.loader.example"
    assert events[2].fields["document-host"] == "shop.example"
    assert events[2].time_ns == 1_617_238_924_000_000_000


def test_what_is_no_report_is_a_gap(tmp_path):
    found = rows(tmp_path, json.dumps(OLD) + '\n{"a": 1}\n')
    assert [type(one) for one in found] == [Row, Gap]


def test_broken_reports_raise_nothing(tmp_path):
    dice = random.Random(6)
    for _ in range(200):
        data = bytearray(json.dumps([OLD, NEW]).encode())
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(len(data))] = dice.choice(b'{}[]",:\xff0')
        assert all(isinstance(one, (Row, Gap)) for one in rows(tmp_path, bytes(data)))
