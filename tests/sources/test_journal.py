"""Syslog lines inside JSON: the journal and Docker's files of hosts that run a mail server."""

import json
import random

import pytest

from sekisho.normalize import syslog
from sekisho.sources import Gap, Row, load
from sekisho.sources.journal import read, recognise

LOGIN = "imap-login: Login: user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, mpid=2, TLS, session=<S1>"
JOURNAL = {
    "__REALTIME_TIMESTAMP": "1732788000123456",
    "_HOSTNAME": "mail",
    "SYSLOG_IDENTIFIER": "dovecot",
    "_PID": "7",
    "MESSAGE": LOGIN,
}
DOCKER = {"log": f"Nov 28 10:00:00 mail dovecot: {LOGIN}\n", "stream": "stdout", "time": "2024-11-28T10:00:00.123456Z"}
SSHD = {**JOURNAL, "SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "Failed password for x", "_EXE": "/usr/sbin/sshd"}


def items(tmp_path, *records):
    path = tmp_path / "a.json"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records))
    return list(read(path))


def events(found):
    return list(syslog.normalize((one for one in found if isinstance(one, Row)), "a.json"))


@pytest.mark.parametrize("record", [JOURNAL, DOCKER, {**JOURNAL, "MESSAGE": list(LOGIN.encode())}])
def test_a_login(tmp_path, record):
    head = (json.dumps(record) + "\n").encode()
    assert next(name for name, one in load().items() if one.recognise(head, tmp_path / "a.json")) == "journal"
    (event,) = events(items(tmp_path, record))
    assert (event.user, event.fields["src_ip"], event.host, event.record) == ("sato", "192.0.2.4", "mail", "1")
    assert event.time_ns == 1_732_788_000_123_456_000


def test_other_programs_keep_the_journals_fields(tmp_path):
    _, event = events(items(tmp_path, JOURNAL, SSHD))
    assert (event.logsource.service, event.fields["_EXE"], event.fields["message"]) == (
        "sshd", "/usr/sbin/sshd", "Failed password for x",
    )  # fmt: skip


@pytest.mark.parametrize("record", [SSHD, {"time": "2024-11-28T10:00:00Z", "log": "x"}, {"a": 1}])
def test_hosts_without_a_mail_server_are_left_to_others(tmp_path, record):
    assert not recognise((json.dumps(record) + "\n").encode() * 3, tmp_path / "a.json")


def test_what_is_no_line_is_a_gap(tmp_path):
    found = items(tmp_path, JOURNAL, {"MESSAGE": {"a": 1}}, "{broken", {**DOCKER, "log": "no line"}, JOURNAL)
    assert [type(one) for one in found] == [Row, Gap, Gap, Gap, Row]


def test_any_values_give_rows_and_gaps_only(tmp_path):
    dice = random.Random(3)
    odd = (
        None,
        "",
        "x",
        5,
        -1,
        1.5,
        True,
        [],
        [300],
        [1, "a"],
        {},
        "9" * 40,
        "2024-99-99T99:99:99Z",
        "2024-11-28T10",
        "2024-xx-28T10:00:00Z",
    )
    made = []
    for _ in range(2_000):
        record = dict(dice.choice((JOURNAL, DOCKER)))
        for _ in range(dice.randrange(1, 3)):
            record[dice.choice(list(record))] = dice.choice(odd)
        made.append(record)
    found = items(tmp_path, *made)
    assert len(found) == 2_000
    events(found)
