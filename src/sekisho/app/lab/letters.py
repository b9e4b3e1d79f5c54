"""What the mails of the cases say, and who seems to send them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import DOMAIN, MAILBOXES
from sekisho.app.lab.mail import Attachment, Mail, Relay
from sekisho.app.lab.noise import INTERNAL, PARTNER

KNOWN_NAME, KNOWN_ADDRESS = "パートナー社 経理", "keiri@partner.example"
CLINIC = Relay("mail.clinic.example", "203.0.113.50", "198.51.100.9", "WIN-81K2", spf="none", dmarc="none")
HOTEL = Relay("smtp.hotel.example", "203.0.113.61", "192.0.2.201", "[192.0.2.201]", spf="pass", dmarc="none")
QUOTE_EN = (
    "\n\n-----Original Message-----\nFrom: {known}\nSubject: invoice by post\n\n"
    "> Dear customer,\n> we will send this month's invoice by post.\n"
)
QUOTE_JA = (
    "\n\n-----Original Message-----\nFrom: {known}\nSubject: 請求書送付の件\n\n"
    "> いつもお世話になっております。\n> 今月分の請求書は月末に郵送いたします。\n"
)
PASSWORD_EN = (
    "Good morning,\n\nplease find the document attached.\n\nFile name: {name}\nPassword: {password}\n\nThanks!\n{known}"
)
PASSWORD_JA = (
    "お世話になっております。\n\n請求書をお送りいたします。ご確認をお願いいたします。\n\n"
    "添付ファイル名：{name}\n解凍パスワード：{password}\n\n以上、よろしくお願いいたします。\n\n{known}"
)
PLAIN_JA = "お世話になっております。\n\n添付の請求書をご確認ください。\nよろしくお願いいたします。\n\n{known}"
PLAIN_EN = "Hello,\n\nplease see the attached form and confirm.\n\nThank you,\n{known}"


def stolen_thread(
    scene: Scene,
    attachment: Attachment,
    at: datetime,
    *,
    japanese: bool,
    charset: str,
    password: str = "",
    to: tuple[str, ...] = MAILBOXES,
    key: str = "lure",
) -> Mail:
    """Give a mail that seems to answer a known correspondent's thread, sent from a host unrelated to them.

    It says ``Re:`` and quotes the thread, but carries no In-Reply-To and no References.
    """
    known = KNOWN_NAME if japanese else KNOWN_ADDRESS
    template = {
        (True, True): PASSWORD_JA,
        (True, False): PLAIN_JA,
        (False, True): PASSWORD_EN,
        (False, False): PLAIN_EN,
    }
    text = template[japanese, bool(password)] + (QUOTE_JA if japanese else QUOTE_EN)
    return Mail(
        case=scene.case,
        key=key,
        sender_name=known,
        sender="office@clinic.example" if japanese else "reservation@hotel.example",
        to=to,
        subject="Re: 請求書送付の件" if japanese else "Re: invoice by post",
        text=text.format(name=attachment.name, password=password, known=known),
        sent_at=at,
        relay=CLINIC if japanese else HOTEL,
        charset=charset,
        attachments=(attachment,),
    )


def one_by_one(scene: Scene, mail: Mail) -> Mail:
    """Send a mail to each of its recipients on its own, as bots do, and give the opener's."""
    mails = [replace(mail, to=(mailbox,), key=f"{mail.key} {mailbox}") for mailbox in mail.to]
    for single in mails:
        scene.send(single)
    return mails[0]


def colleague(
    scene: Scene, attachment: Attachment, at: datetime, *, password: str = "", charset: str = "utf-8"
) -> Mail:
    """Give an honest mail from the company's own general affairs desk."""
    secret = f"\n解凍パスワード：{password}\n" if password else ""
    return Mail(
        case=scene.case,
        key="notice",
        sender_name="総務",
        sender=f"soumu@{DOMAIN}",
        to=MAILBOXES,
        subject="資料送付のお知らせ",
        text=f"各位\n\n資料を添付します。ご確認ください。\n添付ファイル名：{attachment.name}{secret}\n\n総務",
        sent_at=at,
        relay=INTERNAL,
        charset=charset,
        attachments=(attachment,),
    )


def partner(scene: Scene, attachment: Attachment, at: datetime, *, password: str = "", charset: str = "utf-8") -> Mail:
    """Give an honest mail from the business partner, sent by its own server."""
    secret = f"解凍パスワード：{password}\n" if password else ""
    return Mail(
        case=scene.case,
        key="offer",
        sender_name=KNOWN_NAME,
        sender=KNOWN_ADDRESS,
        to=MAILBOXES,
        subject="見積書の件",
        text=f"corp ご担当者様\n\n見積書をお送りします。\n添付ファイル名：{attachment.name}\n{secret}\n{KNOWN_NAME}",
        sent_at=at,
        relay=PARTNER,
        charset=charset,
        attachments=(attachment,),
    )
