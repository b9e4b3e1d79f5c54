"""Ordinary days: the mails and machine events that have nothing to do with a case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random

from sekisho.app.lab.corp import DOMAIN, FILE_SERVER_IP, HELP_IP, MAILBOXES, NETBIOS_DOMAIN, STORE, STORE_IP, moment
from sekisho.app.lab.docs import write_docm
from sekisho.app.lab.endpoint import BACKGROUND, OFFICE, POWERSHELL, SYSTEM, SYSTEM_32, Machine
from sekisho.app.lab.mail import Attachment, Mail, Relay
from sekisho.app.lab.pages import write_pdf, write_png

CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
TEAMS = "C:\\Program Files\\Teams\\Teams.exe"
DEFENDER = "C:\\Program Files\\Windows Defender\\MsMpEng.exe"
INVENTORY = "C:\\Program Files\\Inventory\\agent.exe"
SITES = {
    "www.news.example": "198.51.100.180",
    "weather.example": "198.51.100.181",
    "travel.example": "198.51.100.182",
    "cdn.news.example": "198.51.100.183",
    "dictionary.example": "198.51.100.184",
}
UPDATES = ("update.example", "198.51.100.190")
ADMIN = f"{NETBIOS_DOMAIN}\\it-admin"
ACTIVITIES = 40  # on each machine, of one to five records each
PARTNER = Relay("mail.partner.example", "198.51.100.30", "198.51.100.31", "PARTNER-PC", dkim="pass", dmarc="pass")
INTERNAL = Relay(STORE, STORE_IP, "10.0.12.77", "PC-0077", dkim="pass", dmarc="pass")
NEWS = Relay("out.news.example", "198.51.100.185", "198.51.100.186", "bulk01", dkim="pass", dmarc="pass")


def thread_mail(case: str, day: date) -> Mail:
    """Give the real mail of a business partner that a later one pretends to continue."""
    return Mail(
        case=case,
        key="thread",
        sender_name="パートナー社 経理",
        sender="keiri@partner.example",
        to=(MAILBOXES[0],),
        subject="請求書送付の件",
        text="corp ご担当者様\n\nいつもお世話になっております。\n今月分の請求書は月末に郵送いたします。\n"
        "ご確認のほどよろしくお願いいたします。\n\nパートナー社 経理",
        sent_at=moment(day - timedelta(days=7), "10:20:11"),
        relay=PARTNER,
    )


def background_mails(case: str, day: date) -> tuple[Mail, ...]:
    """Give a day's ordinary mails in Japanese and English, most with an ordinary attachment."""
    thread = thread_mail(case, day)
    return (
        thread,
        Mail(
            case=case,
            key="answer",
            sender_name="パートナー社 経理",
            sender="keiri@partner.example",
            to=(MAILBOXES[0],),
            subject="Re: 請求書送付の件",
            text="ご連絡ありがとうございます。\n控えを添付いたしますのでご査収ください。\n\nパートナー社 経理",
            sent_at=moment(day - timedelta(days=7), "15:02:45"),
            relay=PARTNER,
            charset="iso-2022-jp",
            attachments=(Attachment("控え.pdf", "application/pdf", write_pdf("Copy of the paper invoice 0412")),),
            in_reply_to=thread.message_id,
        ),
        Mail(
            case=case,
            key="minutes",
            sender_name="総務",
            sender=f"soumu@{DOMAIN}",
            to=MAILBOXES,
            subject="定例会議の議事録",
            text="各位\n\n昨日の定例会議の議事録を送ります。\n次回は来週火曜日です。\n\n総務",
            sent_at=moment(day, "08:41:30"),
            relay=INTERNAL,
            charset="iso-2022-jp",
            attachments=(
                Attachment("議事録.txt", "text/plain", "一、予算\n二、休暇の予定\n三、その他\n".encode("cp932")),
            ),
        ),
        Mail(
            case=case,
            key="floor",
            sender_name="Facilities",
            sender=f"facilities@{DOMAIN}",
            to=MAILBOXES[:3],
            subject="Floor plan for the move in June",
            text="Hello all,\n\nthe new floor plan is attached, with the list of rooms.\n"
            "Please tell us by Friday if a desk is missing.\n\nFacilities",
            sent_at=moment(day, "08:55:02"),
            relay=INTERNAL,
            charset="us-ascii",
            attachments=(
                Attachment("floor plan.png", "image/png", write_png(90, 140, 200)),
                Attachment(
                    "rooms.docx",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                    write_docm("Rooms\n201 meeting\n202 library\n203 storage"),
                ),
            ),
        ),
        Mail(
            case=case,
            key="news",
            sender_name="News Weekly",
            sender="weekly@news.example",
            to=(MAILBOXES[1], MAILBOXES[3]),
            subject="This week: spring timetable of the railways",
            text="Good morning,\n\nthe spring timetable starts on Saturday.\nRead more: https://www.news.example/railways\n",
            sent_at=moment(day, "07:30:00"),
            relay=NEWS,
            charset="us-ascii",
            mailer="bulk 4.2",
        ),
    )


def background_events(machine: Machine, day: date, *, tools: bool) -> None:
    """Record a morning's ordinary events.

    Args:
        machine: records them.
        day: the day, in Japan.
        tools: also record regsvr32, rundll32 and powershell at their rightful work.
    """
    machine.part = BACKGROUND
    random = Random(f"{machine.case}/{machine.desk.host}")
    opening = moment(day, "08:35:00")
    for _ in range(ACTIVITIES):
        at = opening + timedelta(milliseconds=random.randrange(2 * 3600 * 1000))
        random.choice(_ACTIVITIES)(machine, at, random)
    if tools:
        for activity, at in zip(_TOOLS, _evenly(opening), strict=False):
            activity(machine, at, random)


def _evenly(opening: datetime) -> Iterator[datetime]:
    for step in range(1, 10):
        yield opening + timedelta(minutes=13 * step, seconds=7 * step)


def _browse(machine: Machine, at: datetime, random: Random) -> None:
    name = random.choice(sorted(SITES))
    command = f'"{CHROME}" --type=renderer --renderer-client-id={random.randrange(5, 90)} --lang=ja'
    tab = machine.start(CHROME, command, at, machine.explorer)
    machine.resolve(tab, name, SITES[name], at + timedelta(milliseconds=80))
    machine.connect(tab, SITES[name], 443, at + timedelta(milliseconds=130), name)


def _chat(machine: Machine, at: datetime, random: Random) -> None:
    chat = machine.start(TEAMS, f'"{TEAMS}" --type=utility', at, machine.explorer)
    machine.connect(chat, HELP_IP, 443, at + timedelta(milliseconds=400), f"chat.{DOMAIN}")


def _mail_check(machine: Machine, at: datetime, random: Random) -> None:
    outlook = machine.start(f"{OFFICE}OUTLOOK.EXE", f'"{OFFICE}OUTLOOK.EXE" /recycle', at, machine.explorer)
    machine.resolve(outlook, STORE, STORE_IP, at + timedelta(milliseconds=90))
    machine.connect(outlook, STORE_IP, 443, at + timedelta(milliseconds=120), STORE)


def _word(machine: Machine, at: datetime, random: Random) -> None:
    path = f"\\\\fileserver\\share\\週報\\週報{random.randrange(1, 50)}.docx"
    word = machine.start(f"{OFFICE}WINWORD.EXE", f'"{OFFICE}WINWORD.EXE" /n "{path}" /o ""', at, machine.explorer)
    recent = f"{machine.desk.home}\\AppData\\Roaming\\Microsoft\\Office\\Recent\\週報.LNK"
    machine.create_file(word, recent, at + timedelta(seconds=1))
    machine.connect(word, FILE_SERVER_IP, 445, at + timedelta(milliseconds=300), f"fileserver.{DOMAIN}")


def _excel(machine: Machine, at: datetime, random: Random) -> None:
    path = f"{machine.desk.home}\\Documents\\予算{random.randrange(2015, 2022)}.xlsx"
    excel = machine.start(f"{OFFICE}EXCEL.EXE", f'"{OFFICE}EXCEL.EXE" "{path}"', at, machine.explorer)
    machine.create_file(excel, f"{machine.desk.home}\\Documents\\~$予算.xlsx", at + timedelta(seconds=1))


def _update(machine: Machine, at: datetime, random: Random) -> None:
    service = machine.start(
        f"{SYSTEM_32}svchost.exe",
        f"{SYSTEM_32}svchost.exe -k netsvcs -p -s wuauserv",
        at,
        machine.services,
        user=SYSTEM,
    )
    machine.resolve(service, *UPDATES, at + timedelta(milliseconds=150))
    machine.connect(service, UPDATES[1], 443, at + timedelta(milliseconds=210), UPDATES[0])
    worker = f"{SYSTEM_32}wuauclt.exe"
    machine.start(worker, f"{worker} /RunHandlerComServer", at + timedelta(seconds=3), service, user=SYSTEM)


def _definitions(machine: Machine, at: datetime, random: Random) -> None:
    engine = machine.start(DEFENDER, f'"{DEFENDER}"', at, machine.services, user=SYSTEM)
    folder = "C:\\ProgramData\\Microsoft\\Windows Defender\\Definition Updates"
    machine.create_file(engine, f"{folder}\\mpasdlta{random.randrange(100)}.vdm", at + timedelta(seconds=1))


def _note(machine: Machine, at: datetime, random: Random) -> None:
    notepad = f"{SYSTEM_32}notepad.exe"
    machine.start(notepad, f'"{notepad}" {machine.desk.home}\\Desktop\\memo.txt', at, machine.explorer)


def _search(machine: Machine, at: datetime, random: Random) -> None:
    indexer = f"{SYSTEM_32}SearchIndexer.exe"
    machine.start(indexer, f"{indexer} /Embedding", at, machine.services, user=SYSTEM)


def _printer(machine: Machine, at: datetime, random: Random) -> None:
    command = f"{SYSTEM_32}rundll32.exe printui.dll,PrintUIEntry /in /n \\\\printsrv\\mfp1"
    printing = machine.start(f"{SYSTEM_32}rundll32.exe", command, at, machine.explorer)
    machine.connect(printing, FILE_SERVER_IP, 445, at + timedelta(seconds=1), f"printsrv.{DOMAIN}")


def _installer(machine: Machine, at: datetime, random: Random) -> None:
    installer = machine.start(
        f"{SYSTEM_32}msiexec.exe", f"{SYSTEM_32}msiexec.exe /V", at, machine.services, user=SYSTEM
    )
    library = "C:\\Program Files\\Reader\\shellext.dll"
    machine.create_file(installer, library, at + timedelta(seconds=2))
    command = f'{SYSTEM_32}regsvr32.exe /s "{library}"'
    machine.start(f"{SYSTEM_32}regsvr32.exe", command, at + timedelta(seconds=3), installer, user=SYSTEM)


def _admin(machine: Machine, at: datetime, random: Random) -> None:
    agent = machine.start(INVENTORY, f'"{INVENTORY}" --daily', at, machine.services, user=ADMIN)
    script = "C:\\Program Files\\Inventory\\collect.ps1"
    command = f'"{POWERSHELL}" -NoProfile -ExecutionPolicy RemoteSigned -File "{script}"'
    shell = machine.start(POWERSHELL, command, at + timedelta(seconds=1), agent, user=ADMIN)
    machine.connect(shell, HELP_IP, 443, at + timedelta(seconds=4), f"inventory.{DOMAIN}")


_Activity = Callable[[Machine, datetime, Random], None]
_ACTIVITIES: tuple[_Activity, ...] = (
    _browse, _browse, _chat, _mail_check, _word, _excel, _update, _definitions, _note, _search
)  # fmt: skip
_TOOLS: tuple[_Activity, ...] = (_printer, _installer, _admin)
