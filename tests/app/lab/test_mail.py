"""Mails read back with the standard library."""

import email
import email.policy
from datetime import date

import pytest

from sekisho.app.lab.corp import moment
from sekisho.app.lab.mail import Attachment, Mail, Relay, write_mail

RELAY = Relay("mail.clinic.example", "203.0.113.50", "198.51.100.9", spf="none")
FILES = (Attachment("請求書 20220425 経理部御中 至急ご確認ください.zip", "application/zip", bytes(range(256))),)


def mail(charset: str, *, japanese: bool = True) -> Mail:
    name, subject, text = (
        "経理",
        "Re: 請求書送付の件につきまして（再送）ご確認のお願い",
        "お世話になります。\n\n㈱" if charset == "utf-8" else "お世話",
    )
    if not japanese:
        name, subject, text = "Office", "Re: invoice", "Hello\n> quoted\n"
    files = FILES if japanese else ()
    at = moment(date(2022, 4, 25), "09:14:02")
    return Mail(
        "c",
        "k",
        name,
        "a@clinic.example",
        ("u1@corp.example", "u2@corp.example"),
        subject,
        text,
        at,
        RELAY,
        charset,
        files,
    )


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp"])
def test_japanese(charset):
    sent, raw = mail(charset), write_mail(mail(charset), "u2@corp.example")
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == sent.subject
    assert read["From"] == "経理 <a@clinic.example>"
    assert read["Delivered-To"] == "u2@corp.example"
    assert read["X-Sekisho-Lab"] == "synthetic; case=c"
    assert read.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == sent.text
    assert "お世話" in read.get_body(("html",)).get_content()
    (part,) = read.iter_attachments()
    assert part.get_content() == FILES[0].data
    assert part.get_filename() == FILES[0].name
    assert not read.defects
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_trace_and_text_without_attachment():
    read = email.message_from_bytes(
        write_mail(mail("us-ascii", japanese=False), "u1@corp.example"), policy=email.policy.default
    )
    assert read.get_content_type() == "multipart/alternative"
    assert [hop.split("; ")[-1] for hop in read.get_all("Received")] == [
        "Mon, 25 Apr 2022 09:14:06 +0900",
        "Mon, 25 Apr 2022 09:14:05 +0900",
        "Mon, 25 Apr 2022 09:14:03 +0900",
    ]
    assert "[203.0.113.50]" in read.get_all("Received")[1]
    assert "spf=none" in read["Authentication-Results"]
    assert read["In-Reply-To"] is None


def test_copies_share_the_message_id_and_differ_in_the_trace():
    first, second = (write_mail(mail("utf-8"), box) for box in ("u1@corp.example", "u2@corp.example"))
    assert first != second
    assert first.split(b"Message-ID:")[1] == second.split(b"Message-ID:")[1]
