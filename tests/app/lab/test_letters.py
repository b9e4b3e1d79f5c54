"""Who seems to write, and what they say."""

from datetime import date

from sekisho.app.lab.case import Scene
from sekisho.app.lab.letters import colleague, one_by_one, partner, stolen_thread
from sekisho.app.lab.mail import Attachment

SCENE = Scene("case", {}, date(2022, 4, 25))
FILE = Attachment("a.zip", "application/zip", b"PK")
AT = SCENE.at("09:14:02")


def test_stolen_thread_looks_like_an_answer_and_is_none():
    mail = stolen_thread(SCENE, FILE, AT, japanese=True, charset="iso-2022-jp", password="gMZLBKgKO")
    assert mail.subject.startswith("Re: ")
    assert "解凍パスワード：gMZLBKgKO" in mail.text
    assert "> " in mail.text
    assert mail.in_reply_to == ""
    assert mail.sender_name == "パートナー社 経理"
    assert not mail.sender.endswith("partner.example")


def test_honest_mails_come_from_their_own_hosts():
    assert partner(SCENE, FILE, AT).relay.host.endswith("partner.example")
    assert colleague(SCENE, FILE, AT, password="x").sender.endswith("@corp.example")


def test_one_by_one_gives_each_recipient_a_message():
    scene = Scene("case", {}, date(2022, 4, 25))
    first = one_by_one(scene, stolen_thread(scene, FILE, AT, japanese=False, charset="us-ascii"))
    mails = scene.truth()["mails"]
    assert [mail["recipients"] for mail in mails] == [[f"user0{number}@corp.example"] for number in (1, 2, 3, 4)]
    assert len({mail["message_id"] for mail in mails}) == 4
    assert mails[0]["message_id"] == first.message_id
