"""Correlations in a run: findings of mails and logs are joined, silent ones are not shown."""

import json
from email.message import EmailMessage

import pytest

from sekisho.app.pipeline import investigate
from sekisho.detect.rules import load

RULES = """
title: Invoice opened
id: opened
level: high
correlation:
  type: temporal_ordered
  rules: [mail, shell]
  group-by: [user]
  timespan: 1h
---
title: Invoice mail
name: mail
logsource: {product: email, category: message}
detection: {s: {subject|contains: invoice}, condition: s}
---
title: Shell
name: shell
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}
"""


@pytest.fixture
def evidence(tmp_path):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "sato@corp.example", "Your invoice"
    mail["Date"], mail["Message-ID"] = "Mon, 05 Jan 2026 00:00:00 +0000", "<1@example.com>"
    mail["Delivered-To"] = "sato@corp.example"
    mail.set_content("see attachment")
    (tmp_path / "m.eml").write_bytes(mail.as_bytes())
    started = {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "EventID": 1,
        "Computer": "PC1",
        "User": "CORP\\Sato",
        "Image": "C:\\Windows\\System32\\cmd.exe",
        "UtcTime": "2026-01-05 00:20:00.000",
        "TimeCreated": "2026-01-05T00:20:00Z",
        "EventRecordID": 7,
    }
    (tmp_path / "log.jsonl").write_text(json.dumps(started) + "\n")
    return str(tmp_path)


def test_a_mail_and_a_program_of_one_user(evidence):
    result = investigate([evidence], load([("r.yml", RULES)]))
    (found,) = result.findings
    assert (found.rule_id, found.host, found.layer) == ("opened", "PC1", "endpoint")
    assert [(one.field, one.value) for one in found.evidence] == [("user", "sato"), ("rules", "mail, shell")]
    events = {event.id: event for event in result.events}
    assert [events[key].logsource.product for key in found.of] == ["email", "windows"]
    assert result.rules_loaded == 3
    assert result.notes == ()


def test_generate_shows_what_it_joins(evidence):
    result = investigate([evidence], load([("r.yml", RULES.replace("timespan: 1h", "timespan: 1h\n  generate: true"))]))
    assert sorted(one.title for one in result.findings) == ["Invoice mail", "Invoice opened", "Shell"]


def test_what_could_not_be_joined_is_told(evidence):
    result = investigate([evidence], load([("r.yml", RULES.replace("[user]", "[LogonId]"))]))
    assert not result.findings
    assert result.notes == ("correlation 'Invoice opened': 2 findings lack a field it groups by",)
