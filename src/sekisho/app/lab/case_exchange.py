"""Tells exchange-hijack: a broken Exchange server, stolen conversations, and answers to colleagues from inside.

Source: public notes on CVE-2021-26855, 26857, 26858, 27065 (ProxyLogon) and 34473, 34523, 31207 (ProxyShell), and on
the SquirrelWaffle mails of November 2021 that answered from inside; the order of events in the ProxyLogon set of OTRF's
Security-Datasets. Page code is a comment and does nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import DOMAIN, MAILBOXES, Desk
from sekisho.app.lab.endpoint import CONTEXT, STORY, SYSTEM, SYSTEM_32, Machine
from sekisho.app.lab.exchange_logs import SERVER, ExchangeLogs, Message, Request
from sekisho.app.lab.exchange_noise import (
    AUTODISCOVER,
    BROWSER,
    COMPILED,
    EXCHANGE_HOME,
    PEOPLE,
    POOL,
    SUBJECTS,
    WORKER,
    administer,
    busy_day,
)
from sekisho.app.lab.mail import Mail
from sekisho.app.lab.noise import INTERNAL

ATTACKER_IP = "203.0.113.77"
PYTHON, SERVICES_CLIENT = "python-requests/2.25.1", "ExchangeServicesClient/0.0.0.0"
BACK_END = "mbx01.corp.example:444"
PAGE_CODE = '<script language="JScript" runat="server">/* inert lab text */</script>'
PAGE = "ohyeah.aspx"
PAGE_FOLDER = f"{EXCHANGE_HOME}FrontEnd\\HttpProxy\\owa\\auth\\"
DRAFT_PAGE = "\\\\127.0.0.1\\C$\\inetpub\\wwwroot\\aspnet_client\\kqwv.aspx"
FORGED_CALLER = f"{DOMAIN}/Users/SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}"
MACHINE_ACCOUNT = f"CORP\\{SERVER}$"
SPAMMER = f"user03@{DOMAIN}"
LINK = "https://flower-shop.example/etiste/quasnam-4966787"
ANSWER = (
    "お疲れさまです。\n\n先日の件、資料をこちらに置きました。ご確認ください。\n{link}\n\n"
    "-----Original Message-----\nFrom: 営業 {own} <{sender}>\nSent: {sent}\nTo: {address}\nSubject: {subject}\n\n{text}"
)
OLD_TEXT = "お疲れさまです。\n先日の{subject}について、資料を作成中です。来週お送りします。\n"
REPLIES = 16
READ_MESSAGES = 24


def hijack(scene: Scene) -> None:
    """Tell exchange-hijack."""
    scene.verdict = "malicious"
    scene.urls = (LINK,)
    logs = ExchangeLogs(scene.case, scene.day)
    server = Machine(Desk("it-admin", SERVER, "10.0.0.25", 90), scene.case, scene.at("00:00:01"))
    scene.machines[SERVER] = server
    busy_day(logs, scene.day)
    administer(logs, server, scene.day)
    server.part = STORY
    _proxy_logon(scene, logs, server)
    _proxy_shell(scene, logs, server)
    _read_mailboxes(scene, logs)
    _answer_colleagues(scene, logs)
    server.part, server.key = CONTEXT, ""
    scene.logs += logs.all


def _proxy_logon(scene: Scene, logs: ExchangeLogs, server: Machine) -> None:
    """CVE-2021-26855, then 27065: a virtual directory's address becomes a page, and the page is used."""
    at = scene.at("02:10:11")
    ask = Request(at, "POST", "/ecp/y.js", ATTACKER_IP, PYTHON, protocol="Ecp", key="proxylogon-ssrf")
    targets = (
        ("autodiscover/autodiscover.xml?#", SERVICES_CLIENT, 200),
        ("mapi/emsmdb/?#", PYTHON, 200),
        ("ecp/proxyLogon.ecp?#", PYTHON, 241),
        ("ecp/DDI/DDIService.svc/GetObject?msExchEcpCanary=lab.&schema=OABVirtualDirectory#", PYTHON, 200),
        ("ecp/DDI/DDIService.svc/SetObject?msExchEcpCanary=lab.&schema=OABVirtualDirectory#", PYTHON, 200),
    )
    for number, (target, agent, status) in enumerate(targets):
        when = at + timedelta(seconds=2 * number)
        logs.request(replace(ask, at=when, agent=agent, status=status, anchor=f"ServerInfo~a]@{BACK_END}/{target}"))
    set_at = at + timedelta(seconds=8, milliseconds=300)
    _directory(logs, set_at, "OABVirtualDirectory", "oab-page")
    call = f"S:CMD=Set-OabVirtualDirectory.ExternalUrl='http://f/{PAGE_CODE}'.Identity='OAB (Default Web Site)'"
    logs.panel_call(set_at, call, "oab-page")
    server.key = "oab-page"
    parameters = f'-ExternalUrl "http://f/{PAGE_CODE}" -Identity "OAB (Default Web Site)"'
    server.call_cmdlet("Set-OabVirtualDirectory", parameters, MACHINE_ACCOUNT, set_at)
    scene.step(set_at, "server", "Set-OabVirtualDirectory puts page code into the address of the OAB")
    reset_at = at + timedelta(seconds=12)
    reset = "ecp/DDI/DDIService.svc/SetObject?msExchEcpCanary=lab.&schema=ResetOABVirtualDirectory#"
    logs.request(replace(ask, at=reset_at, anchor=f"ServerInfo~a]@{BACK_END}/{reset}", key="oab-reset"))
    _directory(logs, reset_at, "ResetOABVirtualDirectory", "oab-reset")
    _page(scene, logs, server, reset_at + timedelta(milliseconds=400))


def _directory(logs: ExchangeLogs, at: datetime, schema: str, key: str) -> None:
    """Write the back end's own row of a forged call: it comes from the machine itself, in its own name."""
    query = f"msExchEcpCanary=lab.&schema={schema}"
    stem = "/ecp/DDI/DDIService.svc/SetObject"
    logs.request(Request(at, "POST", stem, "10.0.0.25", PYTHON, query, MACHINE_ACCOUNT, key=key))


def _page(scene: Scene, logs: ExchangeLogs, server: Machine, at: datetime) -> None:
    """The page comes over the machine's own share, so that the kernel is who wrote it; its first call compiles it."""
    server.key = "webshell-drop"
    server.write_share("\\\\*\\C$", f"{PAGE_FOLDER}{PAGE}".removeprefix("C:\\"), "127.0.0.1", at)
    server.create_file(server.system, f"{PAGE_FOLDER}{PAGE}", at + timedelta(milliseconds=6))
    scene.step(at, "endpoint", f"System writes {PAGE} through the own share")
    used = at + timedelta(seconds=41)
    server.key = "webshell-used"
    worker = server.start(WORKER, POOL, used - timedelta(seconds=1), server.svchost, user=SYSTEM)
    server.key = "webshell-compiled"
    server.create_file(worker, f"{COMPILED}{PAGE}.cdcab7d2.compiled", used)
    server.key = "webshell-shell"
    shell = f"{SYSTEM_32}cmd.exe"
    command = server.start(shell, f'"{shell}" /c whoami', used + timedelta(milliseconds=700), worker, user=SYSTEM)
    who = f"{SYSTEM_32}whoami.exe"
    server.start(who, "whoami", used + timedelta(milliseconds=760), command, user=SYSTEM)
    server.key = ""
    scene.step(used, "endpoint", "w3wp.exe starts cmd.exe")
    for number in range(3):
        when = used + timedelta(minutes=number)
        stem = f"/owa/auth/{PAGE}"
        logs.request(Request(when, "POST", stem, ATTACKER_IP, "antSword/v2.1", protocol="Owa", key="webshell-used"))


def _proxy_shell(scene: Scene, logs: ExchangeLogs, server: Machine) -> None:
    """CVE-2021-34473 and 34523, then 31207: a draft is exported as a page, and the traces are cleared."""
    at, host = scene.at("02:31:40"), "@kbq.example"
    encoded = f"%2540{host[1:]}/mapi/nspi/?&Email={AUTODISCOVER[1:]}%253f{host}"
    probe = Request(at, "GET", AUTODISCOVER, ATTACKER_IP, PYTHON, encoded, protocol="Autodiscover")
    logs.request(replace(probe, key="proxyshell-mapi"))
    token = f"a=kq{host}/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dzQwBBCEtlcmJlcm9z"
    remote = replace(probe, method="POST", query=token, agent="Microsoft WinRM Client", key="proxyshell-powershell")
    for number in range(5):
        logs.request(replace(remote, at=at + timedelta(seconds=4 + 3 * number)))
    scene.step(at, "web", "PowerShell of Exchange answers through Autodiscover")
    calls = (
        ("New-ManagementRoleAssignment", f'-Role "Mailbox Import Export" -User "{SPAMMER}"', "export-role"),
        ("New-MailboxExportRequest", f'-Mailbox "{SPAMMER}" -FilePath "{DRAFT_PAGE}"', "export-page"),
        ("Remove-MailboxExportRequest", f'-Identity "{SPAMMER}\\MailboxExport" -Confirm:$False', "export-removed"),
    )
    for number, (name, parameters, key) in enumerate(calls):
        server.key = key
        when = at + timedelta(seconds=8 + 50 * number)
        server.call_cmdlet(name, parameters, FORGED_CALLER, when)
        scene.step(when, "server", f"{name} by {FORGED_CALLER.rpartition('/')[2]}")
    server.key = ""


def _read_mailboxes(scene: Scene, logs: ExchangeLogs) -> None:
    """Conversations are read, first in everybody's name, then with the account that was taken over."""
    at = scene.at("03:02:00")
    query = f"@kbq.example/EWS/exchange.asmx?&Email={AUTODISCOVER[1:]}%3f@kbq.example"
    forged = Request(at, "POST", AUTODISCOVER, ATTACKER_IP, SERVICES_CLIENT, query, protocol="Autodiscover")
    for number in range(READ_MESSAGES):
        when = at + timedelta(seconds=5 * number)
        logs.request(replace(forged, at=when, anchor=f"Smtp~user{number + 1:02d}@{DOMAIN}", key="ews-forged"))
    honest = Request(at, "POST", "/EWS/Exchange.asmx", ATTACKER_IP, PYTHON, user="CORP\\user03", protocol="Ews")
    for number in range(READ_MESSAGES):
        when = scene.at("09:41:00") + timedelta(seconds=9 * number)
        logs.request(replace(honest, at=when, anchor=f"Smtp~user{number + 1:02d}@{DOMAIN}", key="ews-mailboxes"))
    scene.step(at, "web", f"{READ_MESSAGES} mailboxes are read through EWS")


def _answer_colleagues(scene: Scene, logs: ExchangeLogs) -> None:
    """Old conversations come back from inside, with a link they never had."""
    at = scene.at("10:05:10")
    for number in range(REPLIES):
        subject = f"{SUBJECTS[number % len(SUBJECTS)]} {number}"
        address = f"user{number % PEOPLE + 1:02d}@{DOMAIN}"
        when = at + timedelta(seconds=19 * number)
        if address == SPAMMER:
            continue
        old, answer = _conversation(scene, number, subject, address, when)
        logs.message(
            Message(when, SPAMMER, (address,), answer.subject, "WebServices", answer.message_id, "reply-burst")
        )
        if address in MAILBOXES:
            scene.post(old)
            scene.plant("reply-mail", answer)
    reading = Request(at, "GET", "/owa/", "10.0.12.41", BROWSER, user="CORP\\user01", protocol="Owa")
    logs.request(reading)
    scene.step(at, "mail", f"{SPAMMER} answers {REPLIES - 1} conversations with a link")


def _conversation(scene: Scene, number: int, subject: str, address: str, at: datetime) -> tuple[Mail, Mail]:
    """Give a real mail of five weeks ago and the answer that pretends to go on with it."""
    sent = at - timedelta(days=36)
    old = Mail(
        case=scene.case,
        key=f"old {number}",
        sender_name="営業 user03",
        sender=SPAMMER,
        to=(address,),
        subject=subject,
        text=OLD_TEXT.format(subject=subject),
        sent_at=sent,
        relay=INTERNAL,
    )
    text = ANSWER.format(
        link=LINK,
        own="user03",
        sender=SPAMMER,
        sent=f"{sent:%Y/%m/%d %H:%M}",
        address=address,
        subject=subject,
        text=old.text,
    )
    answer = replace(old, key=f"answer {number}", subject=f"RE: {subject}", text=text, sent_at=at)
    return old, replace(answer, in_reply_to=old.message_id)
