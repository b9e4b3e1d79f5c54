"""Network rules together: weak signs alone find nothing, and traffic that nobody planted finds little."""

from functools import cache
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.pipeline import Options, investigate
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource
from sekisho.normalize.requests import described

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
FOLDERS = ("network", "endpoint", "correlation")
TLS, PROXY, DNS = Logsource("zeek", "tls", "ssl"), Logsource("zeek", "proxy", "http"), Logsource("zeek", "dns", "dns")
WINDOWS_JA3 = "a0e9f5d64349fb13191bc781f81f42e1"  # of IcedID's client, and of every program that uses SChannel


@cache
def rules():
    paths = [path for folder in FOLDERS for path in sorted((ROOT / "rules" / folder).glob("*.yml"))]
    return load([(str(path), path.read_text(encoding="utf-8")) for path in paths])


def found(logsource, **fields):
    event = described(Event(logsource, {name.replace("__", "-"): value for name, value in fields.items()}, 10**18))
    return {finding.level for finding in rules().match(event)}


def test_no_rule_reads_a_fingerprint_of_the_client():
    assert not [rule.path for rule in rules().rules if any("ja3" in name for name in rule.fields)]


@pytest.mark.parametrize("server", ["aws.amazon.com", "fresh-name.club"])
def test_a_fingerprint_alone_finds_nothing(server):
    fields = {"tls.ja3": WINDOWS_JA3, "tls.server_name": server, "tls.asks": "name", "dst_ip": "203.0.113.9"}
    assert not found(TLS, dst_port=443, src_ip="10.0.12.42", **fields)


@pytest.mark.parametrize(
    ("logsource", "fields"),
    [
        (PROXY, {"c-uri": "/", "cs-method": "GET", "cs-host": "www.example.com"}),
        (PROXY, {"c-uri": "/wp-content/themes/a/", "cs-method": "GET", "cs-host": "a.example", "c-useragent": "x"}),
        (PROXY, {"c-uri": "/", "cs-host": "a.example.club", "cs-method": "GET", "c-useragent": "x"}),
        (PROXY, {"c-uri": "/a.html", "cs-host": "192.168.1.1", "cs-method": "GET", "c-useragent": "x"}),
        (PROXY, {"c-uri": "/generate_204", "cs-host": "203.0.113.1", "cs-method": "GET", "c-useragent": "x"}),
        (TLS, {"tls.asks": "nothing", "dst_ip": "203.0.113.9", "dst_port": 443}),
        (TLS, {"tls.self_signed": "true", "tls.asks": "name", "dst_ip": "203.0.113.9", "dst_port": 443}),
        (DNS, {"query": "xkqzvwpfjgthq.cloudfront.net", "rcode_name": "NOERROR"}),
    ],
)
def test_a_weak_sign_alone_is_no_more_than_informational(logsource, fields):
    assert found(logsource, **fields) <= {"informational"}


@pytest.mark.skipif(not (SHARED / "zeek").is_dir(), reason="the real Zeek logs are not beside the project")
def test_a_quarter_of_a_network_exercise_finds_nothing_severe():
    """Nobody planted these logs' attacks for us; what is severe here would be noise of ours."""
    names = ("dns", "smtp", "rdp", "x509", "notice", "smb_mapping", "dce_rpc")
    files = [str(SHARED / "zeek" / "zed-sample" / f"{name}.json.gz") for name in names]
    result = investigate(files, ruleset.load([], cache=False), Options(jobs=1))
    assert {one.level for one in result.findings} <= {"informational", "low", "medium"}
    assert sum(one.level == "medium" for one in result.findings) <= 2
