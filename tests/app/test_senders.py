"""The store of senders: what is learned, once each, and seen only by what comes later."""

import sqlite3
from pathlib import Path

import pytest

from sekisho.app import cli, senders
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.errors import SourceError
from sekisho.model.history import History, Memory, passages

BODY = "Please find the invoice for May below, as agreed on the phone."


def mail(day=5, sender="suzuki@mail.partner.example", name="Suzuki Ichiro", to="sato@corp.example", number=1, **more):
    named = [
        ("subject", more.get("subject", "Re: Invoice")),
        ("sender.address", sender),
        ("sender.name", name),
        ("recipients", to),
        ("message_id", f"<{number}@{day}.partner.example>"),
        ("received_at", more.get("at", f"2026-01-{day:02}T00:00:00Z")),
        ("body.text", BODY),
    ]
    return Analysis(
        Artifact("m", b"", "m"), "a" * 64, 1, "message/rfc822", ("eml",), tuple(Feature(*one) for one in named)
    )


@pytest.fixture
def store(tmp_path):
    with senders.Store(str(tmp_path / "s.db"), write=True) as made:
        yield made


def at(day):
    return 1767225600 + (day - 1) * 86_400 + 1  # a second into that day of January 2026


def test_what_is_learned(store):
    memory: Memory = store
    assert [store.learn(mail(5)), store.learn(mail(6)), store.learn(mail(6, number=2))] == [True] * 3
    past: History = memory.before(at(9))
    seen = past.seen_sender("Suzuki@mail.partner.example")
    assert (seen.count, seen.first_at, seen.last_at) == (3, at(5) - 1, at(6) - 1)
    assert past.seen_domain("other.partner.example").count == 3
    assert past.seen_pair("suzuki@mail.partner.example", "sato@corp.example").count == 3
    assert not past.seen_pair("suzuki@mail.partner.example", "kato@corp.example")
    assert past.thread("FW: invoice").count == 3
    assert past.seen_message_id("1@5.partner.example")
    assert past.seen_message_id("<1@5.partner.example>")
    assert past.seen_passages(passages("> " + BODY)) == 1
    assert past.addresses_of("Ichiro SUZUKI") == ("suzuki@mail.partner.example",)
    assert past.names_of("suzuki@mail.partner.example") == ("lchlro suzukl",)


def test_learning_twice_changes_nothing(store):
    assert store.learn(mail())
    before = list(store.base.iterdump())
    assert not store.learn(mail())
    assert list(store.base.iterdump()) == before
    assert store.counts() == {"mails": 1, "passages": 1, "senders": 1, "domains": 1, "pairs": 1, "subjects": 1}


def test_a_mail_is_judged_by_what_came_before_it_whatever_the_order(store):
    for day in (7, 5, 6):
        store.learn(mail(day))
    assert [store.before(at(day)).seen_sender("suzuki@mail.partner.example").count for day in (4, 5, 6, 7, 8)] == [
        0,
        1,
        2,
        3,
        3,
    ]
    early = store.before(at(5) - 1)  # the very moment of the first
    assert not early.seen_sender("suzuki@mail.partner.example")
    assert not early.seen_message_id("<1@5.partner.example>")
    assert not early.seen_passages(passages(BODY))
    assert early.names_of("suzuki@mail.partner.example") == early.addresses_of("Suzuki Ichiro") == ()


def test_mails_without_time_or_sender_teach_nothing(store):
    assert not store.learn(mail(at="soon"))
    assert not store.learn(mail(sender=""))


def test_hostile_text_is_kept_within_bounds(store):
    assert store.learn(
        mail(sender="\udcff'\"@x.example", name="\ud800" * 99_999, subject="; DROP TABLE mail; \0" * 9_999)
    )
    assert store.before(at(9)).seen_domain("x.example")
    (longest,) = store.base.execute("SELECT max(length(value)) FROM seen").fetchone()
    assert longest <= senders.TEXT_CHARS


def test_the_oldest_passages_go_first(store, monkeypatch):
    monkeypatch.setattr(senders, "HASHES", 2)
    for day in (5, 6, 7):
        store.learn(mail(day))
    store.commit()
    assert store.base.execute("SELECT count(*) FROM hash").fetchone() == (2,)
    assert store.before(at(9)).seen_message_id("<1@7.partner.example>")


def test_what_is_no_store(tmp_path):
    with pytest.raises(SourceError, match="no such store"):
        senders.Store(str(tmp_path / "none.db"))
    (tmp_path / "text.db").write_text("hello" * 1_000)
    with pytest.raises(SourceError, match="is no store"):
        senders.Store(str(tmp_path / "text.db"))
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE x (y)")
    with pytest.raises(SourceError, match="is no store"):
        senders.Store(str(tmp_path / "other.db"))


LETTER = """\
From: {name} <{sender}>
To: sato@corp.example
Subject: Re: Invoice
Message-ID: <{number}@partner.example>
Date: Mon, {day} Jan 2026 00:00:00 +0000
{more}
{body}
"""


def letter(path, day, sender="suzuki@partner.example", name="Suzuki Ichiro", more="", body=BODY):
    Path(path).write_text(LETTER.format(day=day, sender=sender, name=name, number=day, more=more, body=body))


def test_learn_show_and_investigate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("old").mkdir()
    letter("old/a.eml", 5)
    letter("old/b.eml", 12)
    learn = ["senders", "learn", "old", "--store", "old/s.db", "--jobs", "1"]
    assert cli.main(learn) == cli.CLEAN
    assert cli.main(learn) == cli.CLEAN
    assert capsys.readouterr().out.splitlines() == [
        "mails: 2 · learned: 2 · unread: 0",
        "mails: 2 · learned: 0 · unread: 0",
    ]
    assert cli.main(["senders", "show", "--store", "old/s.db"]) == cli.CLEAN
    assert "mails      2" in capsys.readouterr().out
    assert cli.main(["senders", "show", "suzuki@partner.example", "x.example", "--store", "old/s.db"]) == cli.CLEAN
    assert capsys.readouterr().out.splitlines()[::2] == [
        "suzuki@partner.example: 2 mails, 2026-01-05 to 2026-01-12",
        "x.example: 0 mails",
    ]
    letter("new.eml", 19, sender="suzuki@evil.test")
    assert cli.main(["scan", "new.eml", "--senders", "old/s.db", "--json", "-"]) in (cli.CLEAN, cli.FINDINGS)
    told = capsys.readouterr().out
    assert "history.name_of_other" in told
    assert cli.main(["scan", "new.eml", "--senders", "none.db"]) == cli.USAGE
