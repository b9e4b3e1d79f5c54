"""A small console for tests of messages: a desk over mails that are written here, investigated and indexed at once."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from io import BytesIO

import pyzipper

from sekisho.app.console.audit import Actor
from sekisho.app.console.indexing import index
from sekisho.app.console.passwords import of
from sekisho.app.pipeline import Options, investigate
from sekisho.app.web.desk import Settings, open_desk
from sekisho.detect.ruleset import RuleSet

WHO = Actor("suzuki")
AT = datetime(2022, 5, 19, 9, 0, tzinfo=UTC)
TRACE = (
    "from mail.partner.example (mail.partner.example [203.0.113.50]) by mx.corp.example with ESMTPS id 1;"
    " Thu, 19 May 2022 11:{:02}:00 +0000",
    "from WIN-81K2 (unknown [198.51.100.9]) by mail.partner.example with ESMTPSA id 2; Thu, 19 May 2022 09:00:01 +0000",
)
LINK = '<a href="http://evil.example/login">https://bank.example/login</a>'
HTML = f"<p>見積書をご確認ください。 {LINK}</p><div style='display:none'>unseen words</div><img src=x alt=logo>"
SCRIPT = b'Set s = CreateObject("WScript.Shell")\r\ns.Run "cal" & "c.exe"\r\n'


def mail(subject="見積書の件", *, number=1, html=HTML, files=(), answers="", minutes=0, headers=()):
    """Give a mail as bytes."""
    message = EmailMessage()
    for line in TRACE:
        message["Received"] = line.format(minutes)
    message["From"] = "経理 <keiri@partner.example>"
    message["To"] = "user01@corp.example, user02@corp.example"
    message["Subject"] = subject
    message["Date"] = format_datetime(AT.replace(minute=minutes))
    message["Message-ID"] = f"<m{number}@partner.example>"
    if answers:
        message["In-Reply-To"] = answers
    for name, value in headers:
        message[name] = value
    message.set_content("見積書をご確認ください。 https://shop.example/a\n")
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def locked(name, data, word):
    """Give a ZIP whose member a password locks."""
    held = BytesIO()
    with pyzipper.AESZipFile(held, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(word)
        archive.writestr(name, data)
    return held.getvalue()


def desk_with(folder, mails, **settings):
    """Give a desk whose one case holds mails, by file name, and the case's id."""
    desk = open_desk(Settings(folder, **settings))
    key = desk.cases.create("case", WHO)
    for name, data in mails.items():
        desk.cases.add(key, name, [data], WHO)
    again(desk, key)
    return desk, key


def again(desk, key):
    """Investigate a case and put what was found in place."""
    with contextlib.chdir(desk.cases.folder):
        result = investigate([key], RuleSet([]), Options(passwords=of(desk.database, key)))
    index(desk.database, key, result)
