import json
import time
from dataclasses import replace

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.choices import Notify, Post, Reach, load, save
from sekisho.app.console.notify import WAIT_S
from sekisho.model.errors import SourceError
from tests.listener import listening
from tests.smtp_sink import smtp_sink

ADMIN = Actor("admin")


def choose(desk, *chosen):
    with desk.database.change() as base:
        for one in chosen:
            save(base, ADMIN, one)


def outbox(desk):
    return [(row["way"], row["state"], json.loads(row["notice"])["kind"]) for row in desk.notices.recent(50)]


def test_each_new_incident_is_told_once(desk):
    choose(desk, Notify(syslog="127.0.0.1", severity="low", base="https://soc.example"))
    assert desk.notices.look()
    incidents = desk.database.count("SELECT count(*) FROM incidents WHERE rank >= 1")
    assert len(outbox(desk)) == incidents > 0
    told = json.loads(desk.notices.recent(1)[0]["notice"])
    assert told["link"] == f"https://soc.example/incidents/{told['id']}"
    assert not desk.notices.look()
    assert len(outbox(desk)) == incidents


def test_what_was_there_before_anybody_asked_is_not_told_later(desk):
    desk.notices.look()
    choose(desk, Notify(syslog="127.0.0.1", severity="low"))
    assert not desk.notices.look()
    assert not outbox(desk)


def test_lesser_incidents_are_not_told(desk):
    desk.database.base.execute("UPDATE incidents SET severity = 'medium', rank = 2")
    choose(desk, Notify(syslog="127.0.0.1", severity="high"))
    desk.notices.look()
    assert not outbox(desk)


def test_approvals_and_failures_are_told(desk):
    desk.notices.look()
    choose(desk, Notify(syslog="127.0.0.1", language="ja"), replace(load(desk.database, Reach), second_person=True))
    desk.response.propose("block", "lists", [("domain", "evil.example")], ADMIN)
    desk.database.base.execute("UPDATE jobs SET state = 'failed', error = 'no disk'")
    desk.notices.look()
    assert {kind for _, _, kind in outbox(desk)} == {"approval", "failed"}
    assert "承認待ち: ブロック" in {json.loads(row["notice"])["title"] for row in desk.notices.recent(5)}


def test_a_notice_is_sent_by_every_way(desk):
    with listening() as listener, smtp_sink() as sink:
        desk.vault.keep("slack", f"{listener.url}/slack/secret")
        desk.vault.keep("teams", f"{listener.url}/teams")
        choose(
            desk,
            Notify(mail_to=("soc@corp.example",)),
            Post(f"127.0.0.1:{sink.port}", "none", "", "sekisho@corp.example"),
            Reach(networks=("127.0.0.0/8",)),
        )
        assert desk.notices.ways() == ("slack", "teams", "mail")
        for way in desk.notices.ways():
            desk.notices.test(way, ADMIN, "en")
        while desk.notices.send():
            pass
    assert [path for _, path, _, _ in listener.asked] == ["/slack/secret", "/teams"]
    assert sink.mails[0]["Subject"] == "[Sekisho] Test of notifications"
    assert {state for _, state, _ in outbox(desk)} == {"sent"}
    with pytest.raises(SourceError, match="not set up"):
        desk.notices.test("syslog", ADMIN, "en")


def test_what_is_not_taken_is_tried_again_later_and_given_up_in_the_end(desk):
    with listening() as listener:
        desk.vault.keep("slack", f"{listener.url}/slack/secret")
        choose(desk, Reach(networks=("127.0.0.0/8",)))
        listener.answers["POST /slack/secret"] = (500, {})
        desk.notices.test("slack", ADMIN, "en")
        assert desk.notices.send()
        assert not desk.notices.send()
        row = desk.notices.recent(1)[0]
        assert (row["state"], row["attempts"]) == ("queued", 1)
        assert row["next_at"] >= int(time.time()) + WAIT_S[0] - 1
        assert "secret" not in row["error"]
        for _ in WAIT_S:
            desk.database.base.execute("UPDATE outbox SET next_at = 0")
            assert desk.notices.send()
    row = desk.notices.recent(1)[0]
    assert (row["state"], row["attempts"], "500" in row["error"]) == ("failed", len(WAIT_S) + 1, True)
