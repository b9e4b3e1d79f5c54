"""Organisation files: what they say, where they are wrong, and what they change in a run."""

import json
from pathlib import Path

import pytest

from sekisho.app import cli, organisation
from sekisho.model.errors import RuleError
from sekisho.model.organisation import NOBODY, Person

FILE = """\
domains: [Corp.example, 日本語.example]
partners: partner.example
people:
  - name: 山田 太郎
    also: [Taro Yamada]
    addresses: [Taro@corp.example]
  - {name: Hanako Sato}
relays:
  - mx.corp.example
  - 192.0.2.0/24
dkim_keys: keys.txt
"""
KEYS = """\
# selector and record
s1._domainkey.Corp.example v=DKIM1; k=rsa; p=QUJD
S2._domainkey.corp.example. 3600 IN TXT "v=DKIM1; " "p=QUJD"
s2._domainkey.corp.example\tp=REVG
; end
"""
MAIL = """\
Received: from mail.evil.test (mail.evil.test [203.0.113.9]) by mx.corp.example; Mon, 5 Jan 2026 00:00:00 +0000
Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=evil.test; dmarc=fail header.from=corp.example
From: =?utf-8?B?5bGx55Sw5aSq6YOO?= <boss@corp.example>
Reply-To: x@corp-login.test
To: sato@corp.example
Subject: hello
Date: Mon, 5 Jan 2026 00:00:00 +0000

Please call me.
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("o.yml").write_text(FILE)
    Path("keys.txt").write_text(KEYS)
    Path("m.eml").write_text(MAIL)
    return tmp_path


def test_everything_in_it(written):
    found = organisation.read("o.yml")
    assert found.domains == {"corp.example", "日本語.example", "xn--wgv71a119e.example"}
    assert found.partners == {"partner.example"}
    assert found.people == (
        Person(("山田 太郎", "Taro Yamada"), frozenset({"taro@corp.example"})),
        Person(("Hanako Sato",)),
    )
    assert found.relays == {"mx.corp.example", "192.0.2.0/24"}
    assert found.keys == {
        "s1._domainkey.corp.example": ("v=DKIM1; k=rsa; p=QUJD",),
        "s2._domainkey.corp.example": ("v=DKIM1; p=QUJD", "p=REVG"),
    }


def test_no_files_and_keys_alone(written):
    assert organisation.read() is NOBODY
    assert set(organisation.read("", "keys.txt").keys) == {"s1._domainkey.corp.example", "s2._domainkey.corp.example"}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("- a", 0, "must be one mapping"),
        ("", 0, "must be one mapping"),
        ("domains: [a.example]\ndomain: x", 2, "'domain' is none of"),
        ("partners: [a.example]\ndomains: [not a domain]", 2, "'not a domain' is no domain"),
        ("domains: [com]", 1, "no domain"),
        ("domains: [1]", 1, "must be text or a list"),
        ("people: Taro", 1, "people must be a list"),
        ("people:\n  - Taro", 1, "must be a mapping"),
        ("people:\n  - name: T\n    mail: x", 3, "'mail' is none of"),
        ("people:\n  - addresses: [a@b.example]", 2, "has no name"),
        ("people:\n  - name: T\n    addresses: [taro]", 3, "no mail address"),
        ("relays: ['192.0.2.0/99']", 1, "no host, address or network"),
        ("relays: ['192.0.2.999']", 1, "no host, address or network"),
        ("dkim_keys: [a]", 1, "path of a file"),
        ("dkim_keys: none.txt", 0, "cannot be read"),
        ("domains: [a.example", 2, "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(written, text, line, reason):
    Path("wrong.yml").write_text(text)
    with pytest.raises(RuleError) as caught:
        organisation.read("wrong.yml")
    assert reason in caught.value.reason
    assert line in (0, caught.value.line)


def test_wrong_keys_are_told_with_their_line(written):
    Path("k.txt").write_text("# x\nselector v=DKIM1; p=x\n")
    with pytest.raises(RuleError) as caught:
        organisation.read_keys("k.txt")
    assert (caught.value.path, caught.value.line) == ("k.txt", 2)


def test_a_scan_knows_whose_mail_it_is(written, capsys):
    cli.main(["scan", "m.eml", "--organisation", "o.yml", "--json", "r.json", "--quiet", "--jobs", "1"])
    found = {one["title"] for one in json.loads(Path("r.json").read_text())["findings"]}
    assert {"Own Domain from Outside, Not Authenticated", "Name of One of Our People from Outside"} <= found
    assert "Sender Domain Looks Like Our Own" in found


def test_a_sender_who_greets_with_an_own_name_is_outside_all_the_same(written):
    text = MAIL.replace("from mail.evil.test (mail.evil.test [", "from mx.corp.example (unknown [")
    Path("m.eml").write_text(text)
    cli.main(["scan", "m.eml", "--organisation", "o.yml", "--json", "r.json", "--quiet", "--jobs", "1"])
    found = {one["title"] for one in json.loads(Path("r.json").read_text())["findings"]}
    assert "Own Domain from Outside, Not Authenticated" in found


def test_a_wrong_file_ends_the_command(written, capsys):
    Path("o.yml").write_text("domain: x")
    assert cli.main(["scan", "m.eml", "--organisation", "o.yml"]) == cli.USAGE
    assert "o.yml:1: 'domain' is none of" in capsys.readouterr().err
