r"""Tells qakbot-tr: a link in a stolen conversation, a workbook, three libraries, a hidden process and who it calls.

Source: public notes on the distributor TR of October and November 2021 (path grammar, ``C:\Datop``, the task that runs
once as the system); MITRE ATT&CK S0650 (discovery, WebCache) and S0154 (named pipes, service with %COMSPEC%).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import MAILBOXES
from sekisho.app.lab.endpoint import BACKGROUND, CONTEXT, STORY, SYSTEM_32, Machine, Process
from sekisho.app.lab.letters import CLINIC, KNOWN_ADDRESS, KNOWN_NAME
from sekisho.app.lab.noise import CHROME, thread_mail
from sekisho.app.lab.opening import RUN_KEY, office_open
from sekisho.app.lab.payloads import shop_address
from sekisho.app.lab.proxy_log import OLD_PROGRAM, ProxyLog, Visit, busy_day

LINK = "http://old-books.example/vitaelibero/inventoreest-31247564"
ARCHIVE, WORKBOOK = "charts-3657249237.zip", "trend-1367022806.xls"
LIBRARIES = (
    ("http://flower-shop.example/8Hq2kfLx/y9.html", "C:\\Datop\\good.good"),
    ("http://bakery.example/Zr5tWmQa/y5.html", "C:\\Datop\\good1.good"),
    ("http://tile-works.example/Pd7uNcVe/y1.html", "C:\\Datop\\good2.good"),
)
CALLED = (("198.51.100.23", 443), ("203.0.113.77", 995), ("192.0.2.146", 2222), ("198.51.100.24", 65400))
BEACON = ("203.0.113.146", 443)
HIDDEN = "C:\\Windows\\SysWOW64\\explorer.exe"
QUESTIONS = (
    "whoami /all",
    "arp -a",
    "ipconfig /all",
    "net view /all",
    "nslookup -querytype=ALL -timeout=12 _ldap._tcp.dc._msdcs.corp.example",
    "nltest /domain_trusts /all_trusts",
    "netstat -nao",
)
TEXT = (
    "お世話になっております。\n\n先日の件、資料を以下よりご確認ください。\n{link}\n\n{known}\n\n"
    "-----Original Message-----\nFrom: {known} <{address}>\nSent: {sent}\nTo: {to}\nSubject: {subject}\n\n{text}"
)


def tr(scene: Scene) -> None:
    """Tell qakbot-tr."""
    scene.verdict, scene.urls = "malicious", (LINK,)
    proxy = ProxyLog(scene.case, scene.day)
    busy_day(proxy, scene.day)
    scene.logs.append(proxy.log)
    _ordinary(scene)
    scene.machine.part = STORY
    _lure(scene)
    folder = _click(scene, proxy)
    hidden = _workbook(scene, proxy, folder)
    _stay(scene, hidden)
    _ask(scene, hidden)
    _hand_over(scene, hidden)
    scene.machine.part, scene.machine.key = CONTEXT, ""


def _lure(scene: Scene) -> None:
    """Each mailbox gets its own mail: the conversation is real, the sender's server is not the partner's."""
    thread = thread_mail(scene.case, scene.day)
    for number, mailbox in enumerate(MAILBOXES):
        text = TEXT.format(
            link=LINK,
            known=KNOWN_NAME,
            address=KNOWN_ADDRESS,
            sent=f"{thread.sent_at:%Y/%m/%d %H:%M}",
            to=mailbox,
            subject=thread.subject,
            text=thread.text,
        )
        lure = replace(thread, key=f"lure {number}", sender="office@clinic.example", to=(mailbox,), relay=CLINIC)
        lure = replace(lure, subject=f"RE: {thread.subject}", text=text, sent_at=scene.at(f"09:1{number}:20"))
        scene.plant("lure-mail", lure)
    scene.step(scene.at("09:10:20"), "mail", f"office@clinic.example sends a link to {len(MAILBOXES)} mailboxes")


def _click(scene: Scene, proxy: ProxyLog) -> str:
    """The browser follows the link, and the shell unpacks what it got; gives the folder."""
    at, machine = scene.at, scene.machine
    desk, machine.key = scene.desk, "download"
    host, address = shop_address(LINK)
    browser = scene.start(CHROME, f'"{CHROME}" --single-argument {LINK}', at("09:31:40"), machine.explorer)
    machine.resolve(browser, host, address, at("09:31:41"))
    scene.reach(browser, address, 80, at("09:31:41.300"), host, LINK)
    proxy.add(Visit(at("09:31:41.300"), desk.ip, desk.user, LINK, status=302, size_bytes=412, key="link"))
    fetched = f"http://{host}/vitaelibero/{ARCHIVE}"
    proxy.add(Visit(at("09:31:41.900"), desk.ip, desk.user, fetched, size_bytes=88_120, key="link"))
    archive = f"{desk.home}\\Downloads\\{ARCHIVE}"
    scene.drop(browser, archive, at("09:31:44"))
    machine.mark_file(browser, archive, b"sekisho lab: archive", at("09:31:44.200"))
    folder = f"{desk.home}\\AppData\\Local\\Temp\\Temp1_{ARCHIVE}"
    scene.drop(machine.explorer, f"{folder}\\{WORKBOOK}", at("09:32:10"))
    return folder


def _workbook(scene: Scene, proxy: ProxyLog, folder: str) -> Process:
    """Excel fetches three libraries into a folder of their own and has them loaded; one of them hides in a shell."""
    machine, desk = scene.machine, scene.desk
    machine.key = "workbook"
    excel = office_open(scene, "EXCEL.EXE", f"{folder}\\{WORKBOOK}", scene.at("09:32:14"), machine.explorer)
    at = scene.at("09:32:31")
    for number, (url, path) in enumerate(LIBRARIES):
        machine.key = "library-fetched"
        host, address = shop_address(url)
        when = at + timedelta(seconds=4 * number)
        machine.resolve(excel, host, address, when)
        scene.reach(excel, address, 80, when + timedelta(milliseconds=200), host, url)
        proxy.add(Visit(when, desk.ip, desk.user, url, size_bytes=612_864, agent=OLD_PROGRAM, key="library-fetched"))
        machine.key = "library-written"
        scene.drop(excel, path, when + timedelta(seconds=2))
    loaders = []
    for number, (_, path) in enumerate(LIBRARIES):
        machine.key = "library-loaded"
        image, when = f"{SYSTEM_32}regsvr32.exe", at + timedelta(seconds=15 + number)
        loaders.append(scene.start(image, f"regsvr32 -s {path}", when, excel))
    machine.key = "hidden"
    return scene.start(HIDDEN, HIDDEN, at + timedelta(seconds=21), loaders[0])


def _stay(scene: Scene, hidden: Process) -> None:
    """A copy in the profile, a task that runs once as the system, a Run value."""
    machine, at = scene.machine, scene.at("09:33:05")
    path = f"{scene.desk.home}\\AppData\\Roaming\\Microsoft\\Qwxkv\\nrtyk.dll"
    machine.key = "copy"
    scene.drop(hidden, path, at)
    machine.key = "task"
    action = f'regsvr32.exe -s \\"{path}\\"'
    command = f'"{SYSTEM_32}schtasks.exe" /Create /RU "NT AUTHORITY\\SYSTEM" /tn kbqvzhdwn /tr "{action}"'
    when = at + timedelta(seconds=2)
    scene.start(f"{SYSTEM_32}schtasks.exe", f"{command} /SC ONCE /Z /ST 09:36 /ET 09:48", when, hidden)
    arguments = f"<Command>regsvr32.exe</Command><Arguments>-s &quot;{path}&quot;</Arguments>"
    machine.add_task("\\kbqvzhdwn", f"<Task><Actions><Exec>{arguments}</Exec></Actions></Task>", when)
    machine.key = "run-key"
    key = f"HKU\\{scene.desk.sid}\\{RUN_KEY}\\ixvmgtw"
    machine.set_value(hidden, key, f'regsvr32.exe -s "{path}"', at + timedelta(seconds=4))
    scene.step(at, "endpoint", f"{hidden.name} sets {key}")
    machine.key = "called"
    for number, (address, port) in enumerate(CALLED):
        scene.reach(hidden, address, port, at + timedelta(seconds=20 + 41 * number))


def _ask(scene: Scene, hidden: Process) -> None:
    """Questions about the machine and its domain, and the browser's saved forms."""
    machine, at = scene.machine, scene.at("09:41:12")
    machine.key = "questions"
    for number, command in enumerate(QUESTIONS):
        image = f"{SYSTEM_32}{command.split()[0]}.exe"
        scene.start(image, command, at + timedelta(seconds=6 * number), hidden)
    machine.key = "browser-cache"
    cache = f"{scene.desk.home}\\AppData\\Local\\Microsoft\\Windows\\WebCache"
    tool = f"{SYSTEM_32}esentutl.exe"
    command = f'esentutl.exe /r V01 /l"{cache}" /s"{cache}" /d"{cache}"'
    scene.start(tool, command, at + timedelta(seconds=70), hidden)


def _hand_over(scene: Scene, hidden: Process) -> None:
    """Another tool takes over, and goes on to a second machine."""
    machine, at = scene.machine, scene.at("10:52:00")
    machine.key = "beacon"
    image = "C:\\Windows\\SysWOW64\\rundll32.exe"
    beacon = scene.start(image, image, at, hidden)
    machine.create_pipe(beacon, "\\msagent_8c", at + timedelta(seconds=1))
    scene.reach(beacon, *BEACON, at + timedelta(seconds=3))
    machine.create_pipe(beacon, "\\postex_a3f1", at + timedelta(seconds=40))
    other, when = scene.machines["PC-0077"], at + timedelta(minutes=4)
    machine.key = other.key = "next-machine"
    scene.reach(beacon, other.desk.ip, 445, when - timedelta(seconds=2))
    other.part = STORY
    shell = "%COMSPEC% /b /c start /b /min powershell -nop -w hidden -encodedcommand bABhAGIAIABpAG4AZQByAHQA"
    other.add_service("f7c21a9", shell, when)
    scene.step(when, "endpoint", "a service with a command interpreter is made on PC-0077")
    other.part, other.key = BACKGROUND, ""


def _ordinary(scene: Scene) -> None:
    """What administrators, installers and people rightly do that looks the same from afar."""
    machine = scene.machines["PC-0077"]
    machine.part = BACKGROUND
    _script(machine, scene.at("08:50:00"))
    task = f"{SYSTEM_32}schtasks.exe"
    daily = 'schtasks /create /tn "Inventory" /tr "C:\\Program Files\\Inventory\\agent.exe" /sc daily /ru SYSTEM'
    machine.start(task, daily, scene.at("08:55:00"), machine.services)
    machine.add_task(
        "\\Inventory", "<Exec><Command>C:\\Program Files\\Inventory\\agent.exe</Command></Exec>", scene.at("08:55:00")
    )
    machine.connect(machine.explorer, "198.51.100.190", 443, scene.at("08:56:00"), "update.example")
    machine.add_service("Inventory", '"C:\\Program Files\\Inventory\\agent.exe" --service', scene.at("08:54:00"))
    sheet = "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE"
    excel = machine.start(sheet, f'"{sheet}" D:\\data\\在庫.xlsx', scene.at("08:57:00"), machine.explorer)
    machine.create_file(excel, "D:\\data\\~$在庫.xlsx", scene.at("08:57:02"))
    machine.create_file(excel, "D:\\data\\3F2A1B00", scene.at("08:59:02"))


def _script(machine: Machine, at: datetime) -> None:
    """Have an administrator's script ask the machine the very same things, in a shell."""
    shell = machine.start(f"{SYSTEM_32}cmd.exe", "cmd.exe /c C:\\tools\\inventory.bat", at, machine.explorer)
    for number, command in enumerate(QUESTIONS):
        image = f"{SYSTEM_32}{command.split()[0]}.exe"
        machine.start(image, command, at + timedelta(seconds=3 + number), shell)
