"""Which messages belong together."""

import importlib.util
from pathlib import Path

import pytest

from sekisho.app.console import messages, threads
from sekisho.app.console.messages import Choice

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).with_name("mail_desk.py"))
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("Re: Fwd: Budget 2022", "budget 2022"),
        ("RE[2]: 返信: 見積書の件", "見積書の件"),
        ("Ｒｅ：　転送：見積書の件", "見積書の件"),
        ("Regarding budget", "regarding budget"),
        ("Re: hi", ""),
        ("", ""),
    ],
)
def test_prefixes_of_replies_are_no_part_of_a_subject(subject, plain):
    assert threads.plain_subject(subject) == plain


def test_a_subject_of_prefixes_takes_no_time():
    assert threads.plain_subject("re: " * 100_000) == ""


def test_keys_are_its_own_id_those_of_its_thread_and_its_subject():
    features = {
        "message_id": ["<b@x.example>"],
        "thread.in_reply_to": ["<a@x.example>"],
        "thread.references": ["<a@x.example> <z@x.example>"],
        "subject": ["Re: Budget"],
    }
    assert threads.keys(features) == [
        *("i:b@x.example", "r:b@x.example", "r:a@x.example", "r:z@x.example", "s:budget"),
    ]
    assert threads.keys({}) == []
    assert len(threads.keys({"thread.references": [f"<{number}@x.example>" for number in range(9_999)]})) <= 31


def test_replies_copies_and_the_same_subject_are_found_and_say_why(tmp_path):
    first = mail_desk.mail("Budget of May", number=1)
    mails = {
        "a.eml": first,
        "copy.eml": first + b" ",
        "b.eml": mail_desk.mail("quite another", number=2, minutes=5, answers="<m1@partner.example>"),
        "c.eml": mail_desk.mail("Re: Budget of May", number=3, minutes=9),
        "d.eml": mail_desk.mail("Nothing to do with it", number=4, minutes=9),
    }
    desk, key = mail_desk.desk_with(tmp_path, mails)
    try:
        base = desk.database
        root = next(one for one in messages.listed(base, Choice(), 50) if one.address.endswith("a.eml"))
        related = threads.related(base, messages.get(base, root.id))
        assert [(one.message.address.rpartition("/")[2], one.why) for one in related] == [
            *(("copy.eml", "copy"), ("b.eml", "thread"), ("c.eml", "subject")),
        ]
        desk.cases.delete(key, mail_desk.WHO)
        assert base.count("SELECT count(*) FROM threads") == 0
    finally:
        base.close()
