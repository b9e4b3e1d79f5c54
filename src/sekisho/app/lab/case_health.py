"""Health lures (June 2021): a booking page that asks for passwords, a test result with a macro, and honest notices.

Source: the project's mission, row 7 (lures about COVID-19, telehealth and public services; ATT&CK T1566.001, T1566.002,
T1583.001, T1036, T1598); Check Point, March 2021, on documents about COVID-19 that brought IcedID; the order of events
of EVTX-ATTACK-SAMPLES, where a document writes an HTML application that the shell, and not Word, starts. Addresses and
names are replaced by reserved ones.
"""

from __future__ import annotations

from datetime import datetime

from sekisho.app.lab.case import Scene
from sekisho.app.lab.case_icedid import cookie
from sekisho.app.lab.corp import DESKS, DOMAIN, MAILBOXES, Desk
from sekisho.app.lab.docs import write_doc
from sekisho.app.lab.endpoint import BACKGROUND, CONTEXT, STORY, SYSTEM_32, Machine, Process
from sekisho.app.lab.mail import Attachment, Mail, Relay
from sekisho.app.lab.noise import CHROME as BROWSER
from sekisho.app.lab.noise import INTERNAL
from sekisho.app.lab.opening import office_open, remain, save, start_outlook, unzip
from sekisho.app.lab.pages import write_pdf
from sekisho.app.lab.sensors import INTRANET, INTRANET_IP, TRIDENT, WIDGITS, Sensors, Server, ordinary_day
from sekisho.app.lab.zipcrypto import Packing, write_zip

HOST, HOST_IP = "vaccine-yoyaku.mhlw-go-jp.example", "203.0.113.151"
LINK = f"http://{HOST}/reserve/confirm?id=210614"
FORM = f"http://{HOST}/reserve/entry"
MINISTRY = Relay("mail.mhlw-go-jp.example", "203.0.113.152", "198.51.100.153", "[198.51.100.153]")
ENGLISH_READER = DESKS[1]
LURE_JA = (
    "{mailbox} 様\n\nこちらは厚生労働省 新型コロナワクチン接種予約窓口です。\n\n"
    "お客様の接種予約はまだ完了していません。本日18時までに下記のページを開き、会社のメールアドレスとパスワードを入力して本人確認をお済ませください。\n"
    "確認が取れない場合、予約は自動的に取り消されます。\n\n{link}\n\n厚生労働省 ワクチン接種予約窓口"
)
LURE_EN = (
    "Dear {mailbox},\n\nthis is the COVID-19 vaccination booking desk of the Ministry of Health.\n\nYour appointment "
    "is not complete yet. Please open the page below by 18:00 today and sign in with your company mail address and "
    "password to confirm who you are. If you do not, your appointment will be cancelled.\n\n{link}\n\n"
    "COVID-19 vaccination booking desk"
)
CLINIC = Relay("mail.minato-dental.example", "203.0.113.160", "198.51.100.161", "DESKTOP-4KQ", spf="pass")
RESULT, ARCHIVE = "PCR_result_0614.doc", "PCR_result_0614.zip"
RESULT_TEXT = (
    "PCR検査結果通知書 / PCR test result\n"
    "この文書は保護されています。「編集を有効にする」「コンテンツの有効化」を押してください。\n"
    "This document is protected. Press Enable Editing and Enable Content to see it."
)
RESULT_JA = (
    "先日受けられた新型コロナウイルスPCR検査の結果をお知らせします。\n添付ファイルを開いてご確認ください。\n\n"
    "添付ファイル名：{name}\n解凍パスワード：{password}\n\nオンライン診療センター"
)
PICTURE = "http://fresh-mint.example/adda/hi.php"
PICTURE_IP = "203.0.113.162"
PAGE, LIBRARY = "C:\\ProgramData\\aLhyr.hta", "C:\\Users\\Public\\memViewData.jpg"
TOLD = ("green-heron.example", "203.0.113.163")
COMMAND = Server("quiet-harbor.example", "203.0.113.164", 443, WIDGITS, WIDGITS)
SOCIETY = Relay("mail.kenpo.example", "198.51.100.165", "198.51.100.166", "kenpo-web", dkim="pass", dmarc="pass")
SOCIETY_SITE, SOCIETY_IP = "yoyaku.kenpo.example", "198.51.100.167"
ONLINE = Relay("out.tele-clinic.example", "198.51.100.168", "198.51.100.169", "app01", dkim="pass", dmarc="pass")
BOOKING = f"http://{INTRANET}/kenko/yoyaku"


def lure(scene: Scene) -> None:
    """Tell health-lure: all are asked to confirm a vaccination, two follow the link, one fills in the form."""
    scene.verdict, scene.urls = "malicious", (LINK, FORM)
    sensors = _sensors(scene)
    _notices(scene)
    mails = [_asked(scene, number, mailbox) for number, mailbox in enumerate(MAILBOXES)]
    scene.open_from(mails[0])
    outlook = start_outlook(scene, scene.at("09:29:30"))
    _follow(scene, sensors, scene.desk, outlook, scene.at("09:31:40"), "link-followed")
    asked_at = scene.at("09:32:36")
    sensors.fetch(asked_at, scene.desk, FORM, address=HOST_IP, method="POST", status=302, key="password-sent")
    scene.step(asked_at, "web", f"{scene.desk.mailbox} fills in the form")
    sensors.fetch(scene.at("09:32:37"), scene.desk, "http://www.kosei-info.example/", address="198.51.100.170")
    other = scene.machines[ENGLISH_READER.host]
    other.part = STORY
    _follow(scene, sensors, ENGLISH_READER, other.explorer, scene.at("09:47:05"), "second-reader")
    other.part = BACKGROUND


def _sensors(scene: Scene) -> Sensors:
    sensors = Sensors(scene.case)
    ordinary_day(sensors, scene.day)
    scene.logs += sensors.logs
    return sensors


def _asked(scene: Scene, number: int, mailbox: str) -> Mail:
    """Send the request to one mailbox, in the language of its reader."""
    english = mailbox == ENGLISH_READER.mailbox
    mail = Mail(
        case=scene.case,
        key=f"lure {number}",
        sender_name="Ministry of Health" if english else "厚生労働省 ワクチン接種予約窓口",
        sender="yoyaku@mhlw-go-jp.example",
        to=(mailbox,),
        subject="Action required: confirm your COVID-19 vaccination appointment"
        if english
        else "【重要】新型コロナワクチン接種予約の確認について",
        text=(LURE_EN if english else LURE_JA).format(mailbox=mailbox, link=LINK),
        sent_at=scene.at(f"09:05:{10 + number}"),
        relay=MINISTRY,
        mailer="PHPMailer 6.1",
    )
    scene.send(mail)
    scene.plant("lure-english" if english else "lure-japanese", mail)
    return mail


def _follow(scene: Scene, sensors: Sensors, desk: Desk, parent: Process, at: datetime, key: str) -> None:
    """Have somebody's browser open the link."""
    machine: Machine = scene.machines[desk.host]
    machine.key = key
    browser = machine.start(BROWSER, f'"{BROWSER}" --single-argument {LINK}', at, parent)
    machine.resolve(browser, HOST, HOST_IP, at)
    machine.connect(browser, HOST_IP, 80, at, HOST)
    machine.key = ""
    sensors.lookup(at, desk, HOST, HOST_IP, key="name-asked")
    sensors.fetch(at, desk, LINK, address=HOST_IP, size=18_200, key=key)
    sensors.fetch(at, desk, f"http://{HOST}/reserve/style.css", address=HOST_IP, size=2_100, key=key)
    scene.step(at, "web", f"{desk.mailbox} opens {LINK}")


def document(scene: Scene) -> None:
    """Tell health-lure-document: a test result in a locked archive, whose macro has the shell start what it wrote."""
    scene.verdict, scene.passwords, scene.urls = "malicious", ("pcr0614",), (PICTURE,)
    sensors = _sensors(scene)
    _notices(scene)
    result = Attachment(RESULT, "application/msword", write_doc(RESULT_TEXT, _macro()))
    packed = write_zip({result.name: result.data}, Packing(scene.at("08:20:00"), scene.passwords[0]))
    archive = Attachment(ARCHIVE, "application/zip", packed)
    mail = _result(scene, archive)
    scene.send(mail)
    scene.plant("result-mail", mail)
    scene.open_from(mail, archive, result)
    machine, at = scene.machine, scene.at
    outlook = start_outlook(scene, at("09:29:30"))
    machine.key = "opened"
    save(scene, outlook, archive, at("09:31:02.300"))
    _, path = unzip(scene, archive, result, at("09:31:09.100"))
    word = office_open(scene, "WINWORD.EXE", path, at("09:31:10.050"), machine.explorer)
    machine.key = "page-written"
    scene.drop(word, PAGE, at("09:31:40.200"))
    machine.key = "page-started"
    page = scene.start(
        f"{SYSTEM_32}mshta.exe", f'"{SYSTEM_32}mshta.exe" "{PAGE}"', at("09:31:40.900"), machine.explorer
    )
    machine.key = "download"
    sensors.fetch(at("09:31:42"), scene.desk, PICTURE, TRIDENT, address=PICTURE_IP, size=288_000, key="download")
    scene.reach(page, PICTURE_IP, 80, at("09:31:42"), "fresh-mint.example", PICTURE)
    scene.drop(page, LIBRARY, at("09:31:44"))
    _load(scene, sensors, page)


def _load(scene: Scene, sensors: Sensors, page: Process) -> None:
    """Load the library, tell who asks, stay, and call."""
    machine, at = scene.machine, scene.at
    machine.key = "loader"
    command = f"{SYSTEM_32}rundll32.exe {LIBRARY},PluginInit"
    loader = scene.start(f"{SYSTEM_32}rundll32.exe", command, at("09:31:45"), page)
    machine.key = "announced"
    name, address = TOLD
    who = cookie(scene.desk.host, scene.desk.user)
    sensors.lookup(at("09:31:49"), scene.desk, name, address, key="announced")
    sensors.fetch(at("09:31:50"), scene.desk, f"http://{name}/", "", address=address, cookie=who, key="announced")
    scene.reach(loader, address, 80, at("09:31:50"), name)
    machine.key = "stays"
    copy = f"{scene.desk.home}\\AppData\\Roaming\\Ujdeni\\ruxaoc32.dll"
    scene.drop(loader, copy, at("09:31:52"))
    remain(scene, loader, copy, f'rundll32.exe "{copy}",update', at("09:31:53"))
    machine.key = "command"
    for beat in range(24):
        when = at(f"{9 + (32 + 5 * beat) // 60:02}:{(32 + 5 * beat) % 60:02}:10")
        sensors.speak(when, scene.desk, COMMAND, size=300, key="command")
        if not beat:
            scene.reach(loader, COMMAND.address, 443, when, COMMAND.name)
    machine.key = ""


def _result(scene: Scene, archive: Attachment) -> Mail:
    return Mail(
        case=scene.case,
        key="result",
        sender_name="オンライン診療センター",
        sender="info@minato-dental.example",
        to=MAILBOXES,
        subject="PCR検査結果のお知らせ",
        text=RESULT_JA.format(name=archive.name, password=scene.passwords[0]),
        sent_at=scene.at("09:08:15"),
        relay=CLINIC,
        charset="iso-2022-jp",
        attachments=(archive,),
    )


def _macro() -> dict[str, str]:
    """Give modules that write a page and have a window of the shell start it; the page says only what it is."""
    module = (
        "Sub Yvb2k()",
        '    Qp1 = "C:\\Program" & "Data\\aLhyr.h" & "ta"',
        "    Open Qp1 For Output As #1",
        '    Print #1, "<!-- sekisho lab: synthetic, inert -->"',
        "    Close #1",
        '    Set Wt7 = GetObject("new:C08AFD90-F2A1-11D1-8455-00A0C91F3880")',
        '    Wt7.Document.Application.ShellExecute "ms" & "hta", Qp1, "", "", 0',
        "End Sub",
    )
    return {"ThisDocument": "Private Sub Document_Open()\n    Yvb2k\nEnd Sub", "Zk4": "\n".join(module)}


def benign(scene: Scene) -> None:
    """Tell health-lure-benign: a health centre's schedule, an insurance society's booking page, and who uses them."""
    sensors = _sensors(scene)
    schedule = _notices(scene)
    scene.send(schedule)
    part = schedule.attachments[0]
    scene.open_from(schedule, part)
    outlook = start_outlook(scene, scene.at("09:29:30"))
    path = save(scene, outlook, part, scene.at("09:31:02.300"))
    machine = scene.machine
    machine.part = CONTEXT
    machine.start(BROWSER, f'"{BROWSER}" --single-argument "{path}"', scene.at("09:31:03"), outlook)
    for desk, clock in zip(DESKS[:3], ("09:40:10", "09:52:31", "10:15:02"), strict=True):
        at = scene.at(clock)
        sensors.fetch(at, desk, BOOKING, TRIDENT, address=INTRANET_IP)
        sensors.fetch(at, desk, f"{BOOKING}/login", TRIDENT, address=INTRANET_IP, method="POST", status=302)
        page = f"http://{SOCIETY_SITE}/vaccine/reserve?member=0614{desk.number}"
        mine = scene.machines[desk.host]
        mine.start(BROWSER, f'"{BROWSER}" --single-argument {page}', at, mine.explorer)
        sensors.lookup(at, desk, SOCIETY_SITE, SOCIETY_IP)
        sensors.fetch(at, desk, page, address=SOCIETY_IP)
        login = f"http://{SOCIETY_SITE}/vaccine/login"
        sensors.fetch(at, desk, login, address=SOCIETY_IP, method="POST", status=302)


def _notices(scene: Scene) -> Mail:
    """Deliver the honest mails about health of such a week and give the health centre's, with its schedule."""
    notice = Mail(
        case=scene.case,
        key="schedule",
        sender_name="健康管理センター",
        sender=f"kenko@{DOMAIN}",
        to=MAILBOXES,
        subject="新型コロナワクチン職域接種の日程について / Vaccination schedule",
        text="各位\n\n職域接種の日程表を添付します。希望する方は6月25日（金）までに社内ページで予約してください。\n"
        f"{BOOKING}\n接種は任意です。ご不明な点は内線 5120 までお願いします。\n\n"
        "Dear all,\n\nthe schedule of the vaccinations at our office is attached. To book a time, please use the page "
        "above by Friday, 25 June. Vaccination is voluntary.\n\n健康管理センター / Health Centre",
        sent_at=scene.at("08:58:20"),
        relay=INTERNAL,
        attachments=(Attachment("vaccination schedule.pdf", "application/pdf", write_pdf("28 June, 10:00, room 201")),),
    )
    scene.post(notice)
    for number, desk in enumerate(DESKS[:3]):
        scene.post(_society(scene, desk, number))
    scene.post(_appointment(scene))
    return notice


def _society(scene: Scene, desk: Desk, number: int) -> Mail:
    return Mail(
        case=scene.case,
        key=f"society {number}",
        sender_name="健康保険組合",
        sender="info@kenpo.example",
        to=(desk.mailbox,),
        subject="【健康保険組合】ワクチン接種の予約受付を開始しました",
        text="組合員の皆様\n\nワクチン接種の予約受付を開始しました。予約には組合員番号と、登録時に設定したパスワードが"
        "必要です。\n予約ページ：\n"
        f"http://{SOCIETY_SITE}/vaccine/reserve?member=0614{desk.number}\n\n"
        "※当組合がメールでパスワードをお尋ねすることはありません。\n\n健康保険組合 事務局 電話 03-0000-0165",
        sent_at=scene.at(f"08:59:{20 + number}"),
        relay=SOCIETY,
    )


def _appointment(scene: Scene) -> Mail:
    return Mail(
        case=scene.case,
        key="appointment",
        sender_name="Tele Clinic",
        sender="noreply@tele-clinic.example",
        to=(ENGLISH_READER.mailbox,),
        subject="Reminder: your online appointment on Tuesday, 10:30",
        text="Hello,\n\nthis is a reminder of your online appointment with Dr. Mori on Tuesday, 15 June, 10:30.\n"
        "To join, sign in on our page ten minutes before: https://visit.tele-clinic.example/a/58213\n"
        "If you cannot come, please cancel a day ahead.\n\nTele Clinic",
        sent_at=scene.at("08:45:00"),
        relay=ONLINE,
        charset="us-ascii",
        mailer="notices 2.0",
    )
