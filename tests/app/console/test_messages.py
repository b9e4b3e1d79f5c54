"""The list of messages and its filters, and one with its parts."""

import importlib.util
from pathlib import Path

import pytest

from sekisho.app.console import messages
from sekisho.app.console.messages import Choice

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).with_name("mail_desk.py"))
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)
NOTE = "まず見積もりを\n".encode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    mails = {
        "a.eml": mail_desk.mail(number=1, files=[("見積.txt", NOTE)]),
        "b.eml": mail_desk.mail("Minutes of the board", number=2, minutes=5, html=""),
        "c.eml": mail_desk.mail(
            "Locked", number=3, minutes=9, files=[("x.zip", mail_desk.locked("x.txt", b"hello", b"not in the mail"))]
        ),
        "d.eml": mail_desk.mail("Again", number=4, minutes=12, files=[("copy.txt", NOTE)]),
    }
    made, key = mail_desk.desk_with(tmp_path_factory.mktemp("desk"), mails)
    yield made.database, key
    made.database.close()


def subjects(database, **chosen):
    return [one.subject for one in messages.listed(database, Choice(**chosen), 50)]


def test_the_latest_come_first(desk):
    assert subjects(desk[0]) == ["Again", "Locked", "Minutes of the board", "見積書の件"]
    assert messages.counted(desk[0], Choice()) == 4


def test_rows_are_counted_and_begun_anywhere(desk):
    assert [one.subject for one in messages.listed(desk[0], Choice(), 2, 1)] == ["Locked", "Minutes of the board"]
    assert messages.listed(desk[0], Choice(), 50, messages.MOST_LISTED) == []


def test_each_filter_leaves_out_the_rest(desk):
    database, key = desk
    at = messages.listed(database, Choice(text="board"), 1)[0].at
    assert subjects(database, text="見積") == ["Again", "Locked", "Minutes of the board", "見積書の件"]  # in the bodies
    assert subjects(database, text="見積書の件") == ["見積書の件"]
    assert subjects(database, text="!!") == []
    assert subjects(database, unscanned=True) == ["Locked"]
    assert subjects(database, since=at, until=at) == ["Minutes of the board"]
    assert subjects(database, case_id=key, text="minutes board") == ["Minutes of the board"]
    assert subjects(database, case_id="c" + "0" * 12) == []
    assert subjects(database, incident="none") == []
    assert "Locked" in subjects(database, verdict="unscanned")


def test_a_message_knows_its_parts_by_depth(desk):
    database, _ = desk
    key = messages.listed(database, Choice(text="見積書の件"), 1)[0].id
    found = messages.get(database, key)
    assert [(depth, one["name"]) for depth, one in found.within()] == [(0, "a.eml"), (1, "body.html"), (1, "見積.txt")]
    assert found.part(found.tree[2]["id"])["declared"].startswith("application/octet-stream")
    assert found.part("a000000000000") is None
    assert found.feature("sender.address") == "keiri@partner.example"
    assert found.feature("nothing") == ""


def test_other_mail_with_the_same_file_is_found(desk):
    database, _ = desk
    key = messages.listed(database, Choice(text="見積書の件"), 1)[0].id
    [(other, digest)] = messages.same_files(database, messages.get(database, key))
    assert other.subject == "Again"
    assert len(digest) == 64


def test_what_could_not_be_looked_into_says_why(desk):
    database, _ = desk
    [one] = messages.listed(database, Choice(unscanned=True), 50)
    [part, *_] = messages.unread(database, [one.id])[one.id]
    assert part["unscanned"].startswith("encrypted")
    assert messages.unread(database, ["a000000000000"]) == {}


def test_no_message_is_none(desk):
    assert messages.get(desk[0], "a000000000000") is None
