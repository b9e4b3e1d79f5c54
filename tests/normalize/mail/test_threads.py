"""Quoted conversations in several languages, and what a stolen one shows against an honest answer."""

import random
import time

import pytest

from sekisho.analyzers import load
from sekisho.analyzers._quotes import split
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.url import Url
from sekisho.normalize import mail
from sekisho.normalize.mail import threads

OUTLOOK = """Hello,

please see https://evil.example/qui-qui/et.zip

From: Hanako <hanako@partner.example>
Sent: Monday, April 25, 2022 10:00 AM
To: Taro <taro@victim.example>
Subject: RE: quotation

Thanks, all fine.
"""
QUOTES = [
    (OUTLOOK, "hanako@partner.example", "taro@victim.example", "2022-04-25"),
    ("Neu\n\nVon: Anna <anna@partner.example>\nGesendet: Montag, 25. April 2022 10:00\nAn: b@victim.example\nBetreff: AW: x\n\nalt",
     "anna@partner.example", "b@victim.example", "2022-04-25"),
    ("Nouveau\n\nDe : Anne <anne@partner.example>\nEnvoyé : lundi 25 avril 2022 10:00\nÀ : b@victim.example\nObjet : RE: x\n\nancien",
     "anne@partner.example", "b@victim.example", "2022-04-25"),
    ("Nuevo\n\nDe: Ana <ana@partner.example>\nEnviado el: lunes, 25 de abril de 2022 10:00\nPara: b@victim.example\nAsunto: RE: x\n\nviejo",
     "ana@partner.example", "b@victim.example", "2022-04-25"),
    ("新しい文\n\n差出人: 花子 <hanako@partner.example>\n送信日時: 2022年4月25日 10:00\n宛先: taro@victim.example\n件名: Re: 見積\n\n古い文",
     "hanako@partner.example", "taro@victim.example", "2022-04-25"),
    ("new\n\nOn Mon, 25 Apr 2022 at 10:00, Hanako <hanako@partner.example> wrote:\n> old", "hanako@partner.example", "", "2022-04-25"),
    ("new\n\nOn Mon, Apr 25, 2022 at 10:00 AM Hanako Hanako\n<hanako@partner.example> wrote:\n> old", "hanako@partner.example", "", "2022-04-25"),
    ("neu\n\nAm 25.04.2022 um 10:00 schrieb Hanako <hanako@partner.example>:\n> alt", "hanako@partner.example", "", "2022-04-25"),
    ("nouveau\n\nLe 25 avril 2022 à 10:00, Anne <anne@partner.example> a écrit :\n> ancien", "anne@partner.example", "", "2022-04-25"),
    ("新\n\n2022年4月25日(月) 10:00 花子 <hanako@partner.example>:\n> 旧", "hanako@partner.example", "", "2022-04-25"),
    ("new\n\n-----Original Message-----\nFrom: hanako@partner.example\nDate: 25 Apr 2022\nTo: taro@victim.example\nSubject: x\n\nold",
     "hanako@partner.example", "taro@victim.example", "2022-04-25"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "writer", "reader", "day"), QUOTES)
def test_quotes(text, writer, reader, day):
    quote = split(text)
    assert quote.writers == (writer,)
    assert quote.readers == ((reader,) if reader else ())
    assert quote.at[:10] == day
    assert len(quote.new.split()) < 6
    assert quote.quoted


@pytest.mark.parametrize(
    "text",
    [
        "No quote at all.",
        "From: the beginning I liked it.\nTo: be honest, no.",
        "> starts with a mark",
        "",
        "Date: tomorrow\nPlace: office",
        "On Monday she wrote a book",
    ],
)
def test_no_quotes(text):
    assert split(text).writers == ()
    assert split("Hi\n" + text).new.startswith("Hi")


def test_rulers_and_marks():
    assert split("new\n----- Original Message -----\nold").new == "new"
    assert split("new\n---元のメッセージ---\nold").new == "new"
    assert split("new\n> old\nmore").quoted == "> old\nmore"


def test_any_text_is_cheap():
    dice = random.Random(9)
    pieces = [
        "From: ",
        "On ",
        " wrote:",
        "\n",
        "> ",
        "a@b.example ",
        "-----",
        "2022年4月25日",
        "To: ",
        "<",
        ">",
        "x" * 40,
        " ",
    ]
    began = time.process_time()
    for _ in range(60):
        split("".join(dice.choices(pieces, k=3_000)))
    for piece in pieces:
        split(piece * 20_000)
    assert time.process_time() - began < 6


def read(
    text, sender="stranger@evil.example", to="taro@victim.example", organisation=NOBODY, links=(), files=(), extra=""
):
    source = f"From: Hanako <{sender}>\nTo: {to}\nSubject: Re: quotation\nDate: Mon, 25 Jul 2022 10:00:00 +0900\n{extra}\n{text}"
    features = [one for one in load()["eml"].run(Artifact("m", source.encode(), "m")) if isinstance(one, Feature)]
    features += [Feature("url", Url(f"https://{host}/", f"https://{host}/", host, where="href")) for host in links]
    head = Analysis(Artifact("m", b"", "m"), "a", 1, "message/rfc822", ("eml",), tuple(features))
    inside = [
        Analysis(Artifact(name, b"", f"m » {name}", "m", 1, "attachment"), "b", 1, "x/y", (), ()) for name in files
    ]
    found = {}
    for feature in threads.facts(mail.mail_of(head, [head, *inside]), organisation):
        found.setdefault(feature.name.removeprefix("thread."), []).append(feature.value)
    return found


def test_a_stranger_answers_with_a_link():
    found = read(OUTLOOK)
    assert found["sender_outside"] == [True]
    assert found["age_days"] == [91]
    assert found["quoted_domains"] == ["partner.example", "victim.example"]
    other = read(OUTLOOK, links=["files.other.example"])
    assert other["first_link_or_file"] == [True]


def test_the_partner_answers():
    found = read(OUTLOOK, sender="hanako@partner.example")
    assert found["sender_outside"] == [False]
    assert found["reply_to_changed"] == [False]


def test_a_colleague_of_the_recipient_answers():
    assert read(OUTLOOK, sender="jiro@victim.example")["sender_outside"] == [False]


def test_on_a_list_strangers_answer():
    assert read(OUTLOOK, extra="List-Id: <l.victim.example>\n")["sender_outside"] == [False]


def test_answers_go_elsewhere():
    assert read(OUTLOOK, sender="hanako@partner.example", extra="Reply-To: x@evil.example\n")["reply_to_changed"] == [
        True
    ]


def test_a_file_that_carries():
    assert read(OUTLOOK.replace("https://evil.example/qui-qui/et.zip", ""), files=["a.zip"])["first_file"] == ["a.zip"]
    assert "first_file" not in read(OUTLOOK, files=["logo.png", "offer.pdf"])


def test_inside_the_house():
    own = Organisation(domains=frozenset({"victim.example", "partner.example"}))
    assert read(OUTLOOK, sender="hanako@partner.example", organisation=own)["internal"] == [True]
    assert read(OUTLOOK, organisation=own)["internal"] == [False]
    traced = "Received: from x (x.example [203.0.113.9]) by mx.victim.example; Mon, 25 Jul 2022 10:00:00 +0900\n"
    assert read(OUTLOOK, sender="hanako@partner.example", organisation=own, extra=traced)["internal"] == [False]
    assert read(OUTLOOK, sender="hanako@partner.example")["internal"] == [False]


def test_without_a_quote_there_is_no_thread():
    assert read("Hello, a new mail.") == {}
