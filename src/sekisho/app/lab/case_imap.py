"""Tells imap-spray: a week of guessed passwords, one mailbox read whole, and answers sent in its owner's name.

Source: public reports on Qakbot's distributor TR, who guessed IMAP passwords in October 2021; ATT&CK T1110.003, T1078,
T1114.002, T1534. The week has its benign twins: a phone with an old password, a monitoring
login, an office behind one address on the day all passwords were changed, a new phone, a newsletter.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import DOMAIN, MAILBOXES
from sekisho.app.lab.mail import Mail
from sekisho.app.lab.mail_server_logs import MailServerLogs
from sekisho.app.lab.noise import INTERNAL

STAFF = tuple(f"user{number:02}" for number in range(1, 91))
DAYS = 7
OFFICE, MONITOR, OLD_PHONE, NEW_PHONE = "203.0.113.10", "192.0.2.200", "198.51.100.80", "198.51.100.81"
ATTACKER = "203.0.113.66"
TAKEN, TRIED = "user03", "user02"
"""Whose password was guessed, and whose was tried from everywhere and was not."""
NETWORKS = 14
"""Each of another provider: 2001:db8:1::/48 and so on."""
BODIES, ANSWERS = 1_240, 64
LINK = "https://tile-works.example/nihilvero/eumdolor-5208134"
ANSWER = (
    "お世話になっております。\n\n先日の件、資料をこちらに置きました。ご確認ください。\n{link}\n\n"
    "-----Original Message-----\nSubject: {subject}\n\n来週までに見積をお送りします。\n"
)


def spray(scene: Scene) -> None:
    """Tell imap-spray."""
    scene.verdict = "malicious"
    scene.urls = (LINK,)
    logs = MailServerLogs(scene.case)
    first = scene.at("00:00:00") - timedelta(days=3)
    _ordinary_week(logs, first)
    _benign_twins(logs, first)
    _low_and_slow(logs, first)
    _guess_and_read(scene, logs)
    _answer(scene, logs)
    scene.logs += logs.all


def _ordinary_week(logs: MailServerLogs, first: datetime) -> None:
    """Everybody's logins from the office and a phone, mails in and out."""
    dice = logs.random
    for day in range(DAYS):
        for number, user in enumerate(STAFF):
            phone = f"198.51.100.{90 + number % 100}"
            for _ in range(4):
                at = first + timedelta(days=day, seconds=dice.randrange(8 * 3600, 19 * 3600))
                logs.visit(at, user, OFFICE if dice.random() < 0.6 else phone, dice.randrange(0, 30))
                if dice.random() < 0.02:
                    logs.failure(at - timedelta(seconds=20), user, phone)
            for _ in range(3):
                at = first + timedelta(days=day, seconds=dice.randrange(8 * 3600, 19 * 3600))
                partner = f"staff{dice.randrange(1, 40)}@partner{dice.randrange(1, 20)}.example"
                if dice.random() < 0.5:
                    logs.submitted(at, user, OFFICE, [partner])
                else:
                    logs.received(at, partner, f"{user}@{DOMAIN}")


def _benign_twins(logs: MailServerLogs, first: datetime) -> None:
    """What looks like guessing or theft and is none."""
    for step in range(2 * 24 * 30):  # a phone with an old password: every other minute for two days
        logs.failure(first + timedelta(days=1, minutes=2 * step), "user30", OLD_PHONE)
    logs.visit(first + timedelta(days=3, hours=9), "user30", OLD_PHONE, 12)
    for step in range(DAYS * 24 * 12):  # monitoring: every five minutes, and the server was down once
        at = first + timedelta(minutes=5 * step)
        if 40 <= step < 44:
            logs.failure(at, "monitor", MONITOR)
        else:
            logs.visit(at, "monitor", MONITOR, 0)
    for number, user in enumerate(STAFF[10:45]):  # all passwords were changed: one address, 35 people
        logs.failure(first + timedelta(days=1, hours=8, minutes=40, seconds=70 * number), user, OFFICE)
    session = logs.login(first + timedelta(days=2, hours=20), "user40", NEW_PHONE)
    logs.logout(first + timedelta(days=2, hours=21), "user40", session, 2_300)
    customers = [f"customer{number}@client{number % 30}.example" for number in range(80)]
    logs.submitted(first + timedelta(days=4, hours=10), "user12", OFFICE, customers)


def _low_and_slow(logs: MailServerLogs, first: datetime) -> None:
    """One mailbox, three tries a network, hours between networks."""
    for number in range(NETWORKS):
        for attempt in range(3):
            at = first + timedelta(hours=5 + 8 * number, minutes=7 * attempt, seconds=11)
            logs.failure(at, TRIED, f"2001:db8:{number + 1:x}::25", "low-and-slow")


def _guess_and_read(scene: Scene, logs: MailServerLogs) -> None:
    """Seventy mailboxes from one address, one password each; then one of them opens and is read."""
    begin = scene.at("02:10:00")
    for number, user in enumerate(STAFF[:70]):
        logs.failure(begin + timedelta(seconds=45 * number), user, ATTACKER, "login-spray")
    scene.step(begin, "server", f"{ATTACKER} tries 70 mailboxes")
    opened = scene.at("03:20:05")
    session = logs.login(opened, TAKEN, ATTACKER, "login-success")
    scene.step(opened, "server", f"{ATTACKER} logs in to {TAKEN}")
    read = scene.at("03:41:40")
    logs.logout(read, TAKEN, session, BODIES, "bulk-read")
    scene.step(read, "server", f"{ATTACKER} has read {BODIES} mails of {TAKEN}")


def _answer(scene: Scene, logs: MailServerLogs) -> None:
    """Answers to stolen conversations: most leave the company, some stay in it."""
    begin = scene.at("09:05:00")
    scene.step(begin, "server", f"{TAKEN} sends {ANSWERS} answers")
    for number in range(ANSWERS):
        at = begin + timedelta(seconds=6 * number)
        logs.submitted(at, TAKEN, ATTACKER, [f"staff{number}@partner{number % 20}.example"], key="reply-spam")
    for number, address in enumerate((MAILBOXES[0], MAILBOXES[1], MAILBOXES[3])):
        subject = f"Re: 見積の件 {number + 1}"
        mail = Mail(
            case=scene.case,
            key=f"answer {number}",
            sender_name="営業",
            sender=f"{TAKEN}@{DOMAIN}",
            to=(address,),
            subject=subject,
            text=ANSWER.format(link=LINK, subject=subject),
            sent_at=begin + timedelta(seconds=400 + 20 * number),
            relay=INTERNAL,
            in_reply_to=f"<old{number}@{DOMAIN}>",
        )
        logs.submitted(mail.sent_at, TAKEN, ATTACKER, [address], mail.message_id.strip("<>"), "reply-internal")
        scene.plant("reply-mail", mail)
