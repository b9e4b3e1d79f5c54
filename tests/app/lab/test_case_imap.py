"""Guessed mailboxes: every planted step is found, and nothing worse than a hint in an ordinary week."""

from collections import defaultdict

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.lab.cases import CASES
from sekisho.app.lab.corp import DOMAIN
from sekisho.app.lab.planted import read
from sekisho.app.pipeline import Options, investigate
from sekisho.model.organisation import Organisation

CASE = CASES["imap-spray"]
HINTS = {"informational", "low"}
CORRELATED = {"login-spray", "low-and-slow", "login-success", "bulk-read", "reply-spam"}


def test_a_week_of_thousands_of_ordinary_logins():
    log = CASE.files()["evidence/mail/mbx01.log"].decode()
    assert log.count(": Login: ") > 4_000
    assert log.count("rip=198.51.100.80") > 1_400  # the phone with the old password
    assert {one.key for one in CASE.planted} == CORRELATED | {"reply-internal", "reply-mail"}


def test_each_step_is_found_and_nothing_else(tmp_path, monkeypatch):
    folder = cases.make("imap-spray", tmp_path)
    monkeypatch.chdir(folder)
    keys = defaultdict(set)
    for one in read(folder):
        keys[one.source, one.record].add(one.key)
    organisation = Organisation(domains=frozenset({DOMAIN}))
    result = investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2, organisation=organisation))
    logs = [one for one in result.findings if one.source.startswith("evidence/mail/")]
    titles = {one.title for one in logs if one.level not in HINTS}
    elsewhere = {
        (one.level, one.title) for one in logs if one.level not in HINTS and not keys.get((one.source, one.record))
    }
    events = {one.id: (one.source, one.record) for one in result.events}
    found = {key for one in logs for part in one.of for key in keys.get(events.get(part, ()), ())}
    assert elsewhere == set()
    assert found >= CORRELATED
    assert "Mailbox Guessed, Read in Bulk, Then Used to Write to Many" in titles
    assert [one.level for one in logs].count("critical") == 1
    read_whole = {one.path: one.skipped for one in result.inputs if "mail/" in one.path and one.path.endswith(".log")}
    assert read_whole == {"evidence/mail/mbx01.log": None, "evidence/mail/mx.log": None}
