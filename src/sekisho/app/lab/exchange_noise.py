"""An ordinary day of an Exchange server: mail programs, phones, probes, scanners that are refused, administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from sekisho.app.lab.corp import DOMAIN, NETBIOS_DOMAIN, moment
from sekisho.app.lab.endpoint import BACKGROUND, SYSTEM, SYSTEM_32, Machine
from sekisho.app.lab.exchange_logs import ExchangeLogs, Message, Request

PEOPLE = 40
VISITS = 2_500
"""Of one to five requests each."""
MESSAGES = 900
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)"
MAC = "MacOutlook/16.54.21101001 (Intelx64 Mac OS X Version 11.6 (Build 20G165))"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0.4638.69 Safari/537.36"
)
PHONE = "Apple-iPhone13C2/1901.405"
CALENDAR = "exchangelib/4.6.0 (python-requests/2.26.0)"
BALANCER_IP, CALENDAR_IP = "10.0.0.5", "10.0.0.31"
SCANNERS = ("198.51.100.201", "198.51.100.202", "203.0.113.201")
SCANNER = "Mozilla/5.0 zgrab/0.x"
AUTODISCOVER = "/autodiscover/autodiscover.json"
PROBES = ("/owa/healthcheck.htm", "/ews/healthcheck.htm", "/mapi/healthcheck.htm", "/ecp/healthcheck.htm")
SUBJECTS = ("見積の件", "週報", "定例会議", "出張申請", "Floor plan", "Quarterly numbers", "在庫の確認", "研修の案内")
WORKER = f"{SYSTEM_32}inetsrv\\w3wp.exe"
EXCHANGE_HOME = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\"
POOL = f'{WORKER} -ap "MSExchangeOWAAppPool" -v "v4.0" -c "{EXCHANGE_HOME}bin\\GenericAppPoolConfig.config"'
COMPILED = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\owa\\8e05b027\\e164d61b\\"
ADMIN_CALLER = f"{DOMAIN}/Users/it-admin"


@dataclass(frozen=True, slots=True)
class _Person:
    """Who asks, and from where."""

    number: int

    @property
    def user(self) -> str:
        return f"{NETBIOS_DOMAIN}\\user{self.number:02d}"

    @property
    def address(self) -> str:
        return f"user{self.number:02d}@{DOMAIN}"

    @property
    def ip(self) -> str:
        return f"10.0.{12 + self.number % 2}.{40 + self.number}"

    @property
    def home_ip(self) -> str:
        return f"192.0.2.{100 + self.number}"


def busy_day(logs: ExchangeLogs, day: date) -> None:
    """Write a day's ordinary requests and messages."""
    random = Random(f"exchange/{day}")
    for _ in range(VISITS):
        person = _Person(random.randrange(1, PEOPLE + 1))
        at = _worktime(day, random)
        for one in random.choice(_VISITS)(person, at, random):
            logs.request(one)
    for minute in range(0, 24 * 60, 3):
        at = moment(day, "00:00:07") + timedelta(minutes=minute)
        probe = Request(at, "GET", PROBES[minute // 3 % len(PROBES)], BALANCER_IP, "LB-Health/1.2")
        logs.request(probe)
    _calendar_service(logs, day, random)
    _scanners(logs, day, random)
    _messages(logs, day, random)


def _worktime(day: date, random: Random) -> datetime:
    hour = min(max(random.gauss(13, 3), 0), 23.5)
    return moment(day, "00:00:00") + timedelta(hours=hour, milliseconds=random.randrange(60_000))


def _mapi(person: _Person, at: datetime, random: Random) -> list[Request]:
    ask = Request(at, "POST", "/mapi/emsmdb/", person.ip, OUTLOOK, "MailboxId=1@corp.example", person.user)
    return [replace(ask, anchor=f"MailboxGuid~{person.number:08d}", protocol="Mapi")]


def _autodiscover(person: _Person, at: datetime, random: Random) -> list[Request]:
    """Ask without a name first, as every mail program does: refused, then served."""
    ask = Request(at, "POST", "/autodiscover/autodiscover.xml", person.ip, OUTLOOK, status=401, protocol="Autodiscover")
    served = replace(ask, at=at + timedelta(seconds=1), user=person.user, status=200, anchor=f"Smtp~{person.address}")
    return [ask, served]


def _autodiscover_json(person: _Person, at: datetime, random: Random) -> list[Request]:
    word = random.choice(("AutodiscoverV1", "ActiveSync", "EWS", "Rest"))
    query = f"Email={person.address.replace('@', '%40')}&Protocol={word}&RedirectCount=1"
    ask = Request(at, "GET", AUTODISCOVER, person.home_ip, "Outlook-iOS/2.0", query, protocol="Autodiscover")
    return [replace(ask, anchor=f"Smtp~{person.address}", status=random.choice((200, 200, 302, 404)))]


def _phone(person: _Person, at: datetime, random: Random) -> list[Request]:
    query = f"User=user{person.number:02d}&DeviceId=APPL{person.number:06d}&DeviceType=iPhone&Cmd=Sync"
    ask = Request(at, "POST", "/Microsoft-Server-ActiveSync/default.eas", person.home_ip, PHONE, query, person.user)
    return [replace(ask, anchor=f"Sid~S-1-5-21-3623811015-{1100 + person.number}", protocol="Eas")]


def _web_mail(person: _Person, at: datetime, random: Random) -> list[Request]:
    first = Request(at, "GET", "/owa/", person.home_ip, BROWSER, status=302, protocol="Owa")
    later = at + timedelta(seconds=2)
    page = replace(
        first, at=later, stem="/owa/auth/logon.aspx", query="replaceCurrent=1&url=https%3a%2f%2fmail", status=200
    )
    logon = replace(first, at=later + timedelta(seconds=9), method="POST", stem="/owa/auth.owa")
    picture = replace(page, stem="/owa/auth/15.1.2308/themes/resources/lgnleft.png", query="", protocol="")
    inbox = replace(
        first, at=later + timedelta(seconds=11), user=person.user, status=200, anchor=f"Sid~{person.number}"
    )
    return [first, page, picture, logon, inbox]


def _mac(person: _Person, at: datetime, random: Random) -> list[Request]:
    ask = Request(at, "POST", "/EWS/Exchange.asmx", person.home_ip, MAC, user=person.user, protocol="Ews")
    shared = f"ExplicitLogon-SMTP~info@{DOMAIN}"
    return [replace(ask, anchor=f"Smtp~{person.address}"), replace(ask, at=at + timedelta(seconds=3), anchor=shared)]


_Visit = Callable[[_Person, datetime, Random], list[Request]]
_VISITS: tuple[_Visit, ...] = (_mapi, _mapi, _mapi, _autodiscover, _autodiscover_json, _phone, _web_mail, _mac)


def _calendar_service(logs: ExchangeLogs, day: date, random: Random) -> None:
    """Have a service inside read everybody's calendar each hour, with a library that people script with."""
    for hour in range(24):
        for number in range(1, PEOPLE + 1):
            at = moment(day, f"{hour:02d}:10:00") + timedelta(seconds=number)
            ask = Request(
                at, "POST", "/EWS/Exchange.asmx", CALENDAR_IP, CALENDAR, user=f"{NETBIOS_DOMAIN}\\svc-calendar"
            )
            logs.request(replace(ask, anchor=f"Smtp~user{number:02d}@{DOMAIN}", protocol="Ews"))


def _scanners(logs: ExchangeLogs, day: date, random: Random) -> None:
    """Have the network look for holes and for what others left; nothing of it is answered."""
    proxied = f"@corp.example/mapi/nspi/?&Email={AUTODISCOVER[1:]}%3f@corp.example"
    asked = (
        Request(
            moment(day, "03:00:00"), "GET", AUTODISCOVER, "", SCANNER, proxied, status=401, protocol="Autodiscover"
        ),
        Request(moment(day, "03:00:04"), "POST", "/ecp/y.js", "", SCANNER, status=404),
        Request(moment(day, "03:00:05"), "GET", "/owa/auth/shell.aspx", "", SCANNER, status=404),
        Request(moment(day, "03:00:06"), "GET", "/aspnet_client/discover.aspx", "", SCANNER, status=404),
    )
    for number, ip in enumerate(SCANNERS):
        for one in asked:
            logs.request(replace(one, at=one.at + timedelta(hours=2 * number, minutes=random.randrange(50)), ip=ip))


def _messages(logs: ExchangeLogs, day: date, random: Random) -> None:
    for _ in range(MESSAGES):
        person, other = _Person(random.randrange(1, PEOPLE + 1)), _Person(random.randrange(1, PEOPLE + 1))
        recipients: tuple[str, ...] = (other.address,)
        if random.random() < 0.3:
            recipients = (other.address, "keiri@partner.example")
        subject = f"{random.choice(('', 'RE: ', 'RE: ', 'FW: '))}{random.choice(SUBJECTS)} {random.randrange(300)}"
        client = random.choice(("MOMT", "MOMT", "OWA", "AirSync"))
        logs.message(Message(_worktime(day, random), person.address, recipients, subject, client))
    for number in range(4):  # somebody on a Mac answers colleagues after lunch
        at = moment(day, "13:02:00") + timedelta(minutes=2 * number)
        subject = f"RE: {SUBJECTS[number]} {number}"
        logs.message(Message(at, f"user17@{DOMAIN}", (f"user{20 + number}@{DOMAIN}",), subject, "WebServices"))


def administer(logs: ExchangeLogs, server: Machine, day: date) -> None:
    """Record what administrators and the system rightly do on the server that an attack does as well."""
    server.part = BACKGROUND
    at = moment(day, "11:05:00")
    archive = '-Mailbox "user33" -FilePath "\\\\fileserver\\pst$\\user33.pst" -Name "leaver"'
    role = '-Role "Mailbox Import Export" -SecurityGroup "Organization Management"'
    server.call_cmdlet("New-ManagementRoleAssignment", role, ADMIN_CALLER, at)
    server.call_cmdlet("New-MailboxExportRequest", archive, ADMIN_CALLER, at + timedelta(minutes=3))
    server.call_cmdlet(
        "Remove-MailboxExportRequest", '-Identity "user33\\leaver"', ADMIN_CALLER, at + timedelta(minutes=50)
    )
    address = '-ExternalUrl "https://mail.corp.example/OAB" -Identity "MBX01\\OAB (Default Web Site)"'
    server.call_cmdlet("Set-OabVirtualDirectory", address, ADMIN_CALLER, at + timedelta(minutes=55))
    logs.panel_call(
        at + timedelta(minutes=55),
        "S:CMD=Set-OabVirtualDirectory.ExternalUrl='https://mail.corp.example/OAB'.Identity='OAB (Default Web Site)'",
    )
    for number in range(120):
        when = moment(day, "00:05:00") + timedelta(minutes=11 * number)
        server.call_cmdlet("Get-Mailbox", f'-Identity "user{number % PEOPLE + 1:02d}"', ADMIN_CALLER, when)
        logs.panel_call(when, f"S:CMD=Get-Mailbox.Identity='user{number % PEOPLE + 1:02d}'")
    worker = server.start(WORKER, POOL, moment(day, "00:01:00"), server.svchost, user=SYSTEM)
    compiler = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\csc.exe"
    server.start(compiler, f'"{compiler}" /noconfig @x.cmdline', moment(day, "00:01:09"), worker, user=SYSTEM)
    server.create_file(worker, f"{COMPILED}logon.aspx.cdcab7d2.compiled", moment(day, "00:01:10"))
    _questions(server, moment(day, "11:30:00"))


def _questions(server: Machine, at: datetime) -> None:
    """Have an administrator's script ask the machine what malware asks as well, in a shell."""
    script = server.start(f"{SYSTEM_32}cmd.exe", "cmd.exe /c C:\\tools\\inventory.bat", at, server.explorer)
    asked = ("ipconfig /all", "arp -a", "netstat -nao", "whoami /all", "nltest /domain_trusts", "net view")
    for number, command in enumerate(asked):
        image = f"{SYSTEM_32}{command.split()[0]}.exe"
        server.start(image, command, at + timedelta(seconds=2 + number), script)
