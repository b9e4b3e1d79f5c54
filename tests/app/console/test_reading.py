"""Raw evidence read again, in a reader of its own."""

import hashlib
import importlib.util
import mailbox
import random
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.app.console import messages
from sekisho.app.console.messages import Choice
from sekisho.app.console.reading import LIMITS, Question, Readers, question_of
from sekisho.app.lab.cfb import write_compound
from sekisho.model.errors import SourceError

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).with_name("mail_desk.py"))
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)


@pytest.fixture(scope="module")
def readers():
    made = Readers()
    yield made
    made.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reading")
    box = mailbox.mbox(folder / "box")
    box.add(mail_desk.mail("first of a box", number=8))
    box.add(mail_desk.mail("second of a box", number=9))
    box.close()
    mails = {
        "a » odd name.eml": mail_desk.mail(
            files=[("s.zip", mail_desk.locked("run.vbs", mail_desk.SCRIPT, b"infected"))]
        ),
        "box": (folder / "box").read_bytes(),
    }
    made, key = mail_desk.desk_with(folder / "desk", mails)
    from sekisho.app.console import passwords

    passwords.give(made.database, key, "infected", mail_desk.WHO)
    mail_desk.again(made, key)
    yield made.database
    made.database.close()


def found(database, text):
    [one] = messages.listed(database, Choice(text=text), 5)
    return messages.get(database, one.id)


def test_a_mail_gives_fields_hops_text_and_its_pages_made_inert(desk, readers):
    told = readers.ask(question_of(desk, found(desk, "見積書の件"), "mail", language="ja")).told
    assert [one["value"] for one in told["fields"] if one["name"] == "subject"] == ["見積書の件"]
    assert [one["address"] for one in told["hops"]] == ["198.51.100.9", "203.0.113.50"]
    assert told["block"].startswith("Received: from mail.partner[.]example")
    assert "見積書をご確認ください。" in told["text"]
    [page] = told["pages"]
    assert "隠し文字" in page["html"]
    assert "hxxp://evil[.]example/login" in page["html"]


def test_every_part_comes_back_as_it_was(desk, readers):
    message = found(desk, "見積書の件")
    assert {"run.vbs", "s.zip", "body.html"} <= {one["name"] for one in message.tree}
    for one in message.tree:
        data = readers.ask(question_of(desk, message, "part", one["address"])).data
        assert hashlib.sha256(data).hexdigest() == one["sha256"]


def test_a_source_is_text(desk, readers):
    message = found(desk, "見積書の件")
    script = next(one for one in message.tree if one["name"] == "run.vbs")
    told = readers.ask(question_of(desk, message, "source", script["address"])).told
    assert told["text"] == mail_desk.SCRIPT.decode()


def test_a_message_of_a_mailbox_is_found_in_it(desk, readers):
    told = readers.ask(question_of(desk, found(desk, "second of a box"), "mail")).told
    assert [one["value"] for one in told["fields"] if one["name"] == "subject"] == ["second of a box"]


def test_what_is_not_there_is_refused_with_a_reason(desk, readers, tmp_path):
    message = found(desk, "first of a box")
    with pytest.raises(SourceError, match="not found again"):
        readers.ask(question_of(desk, message, "part", f"{message.listed.address} » nothing"))
    gone = Question("mail", str(tmp_path / "gone.eml"), "c/gone.eml", "c/gone.eml")
    with pytest.raises(SourceError, match="No such file"):
        readers.ask(gone)
    lost = replace(message, listed=replace(message.listed, address="c000000000000/none.eml"))
    with pytest.raises(SourceError, match="no such file"):
        question_of(desk, lost, "mail")


def test_a_worker_may_open_its_own_file_only(desk, readers, tmp_path):
    (tmp_path / "link.eml").symlink_to("/etc/passwd")
    with pytest.raises(SourceError):
        readers.ask(Question("part", str(tmp_path / "link.eml") + "\0", "c/link.eml", "c/link.eml"))


def test_what_takes_too_long_ends_and_the_next_is_answered(desk):
    hasty = Readers(replace(LIMITS, wall_s=0.001))
    try:
        with pytest.raises(SourceError, match="wall_s"):
            hasty.ask(question_of(desk, found(desk, "見積書の件"), "mail"))
        with pytest.raises(SourceError, match="wall_s"):
            hasty.ask(question_of(desk, found(desk, "見積書の件"), "mail"))
    finally:
        hasty.close()


def test_a_reader_that_died_is_replaced(desk, readers):
    asked = question_of(desk, found(desk, "first of a box"), "mail")
    readers.ask(asked)
    for one in readers._free:
        one._process.kill()
        one._process.wait()
    assert readers.ask(asked).told["fields"]


def test_broken_mails_are_read_as_far_as_they_go(readers, tmp_path):
    dice = random.Random(4)
    whole = mail_desk.mail(files=[("run.vbs", mail_desk.SCRIPT)])
    for number in range(30):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 40)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        place = tmp_path / f"{number}.eml"
        place.write_bytes(data[: dice.randrange(50, len(data))])
        told = readers.ask(Question("mail", str(place), "c/x.eml", "c/x.eml")).told
        assert set(told) == {"fields", "hops", "block", "text", "pages"}


def wide(identifier, text):
    """Give a text property of an Outlook message."""
    return f"__substg1.0_{identifier:04X}001F", text.encode("utf-16-le")


def test_an_outlook_message_gives_its_transport_headers(readers, tmp_path):
    head = f"Received: {mail_desk.TRACE[0].format(0)}\r\nSubject: as sent\r\nFrom: <keiri@partner.example>\r\n"
    streams = dict([("__properties_version1.0", bytes(32)), wide(0x001A, "IPM.Note"), wide(0x007D, head)])
    streams |= {"__substg1.0_10130102": mail_desk.HTML.encode()}
    (tmp_path / "x.msg").write_bytes(write_compound(streams))
    told = readers.ask(Question("mail", str(tmp_path / "x.msg"), "c/x.msg", "c/x.msg")).told
    assert [one["value"] for one in told["fields"] if one["name"] == "subject"] == ["as sent"]
    assert [one["address"] for one in told["hops"]] == ["203.0.113.50"]
    assert "x-wrong" in told["pages"][0]["html"]
