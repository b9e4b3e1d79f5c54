"""The shortcut cases of April 2022: script behind the end of the file, and script in the arguments.

Source: public notes of 2022-04-22 to 2022-04-26 on EMOTET's shortcut mails (Unit 42; pr0xylife/Emotet).
"""

from __future__ import annotations

from sekisho.app.lab import payloads
from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import FILE_SERVER_IP
from sekisho.app.lab.endpoint import OFFICE, POWERSHELL, SYSTEM_32
from sekisho.app.lab.letters import colleague, one_by_one, stolen_thread
from sekisho.app.lab.lnk import SHOW_MINIMIZED, Shortcut, write_shortcut
from sekisho.app.lab.mail import Attachment
from sekisho.app.lab.opening import save, settle, start_outlook, unzip
from sekisho.app.lab.zipcrypto import Packing, write_zip

ZIP, LNK = "application/zip", "application/octet-stream"
DOCUMENT_ICON = "%SystemRoot%\\System32\\shell32.dll"
SHARE = "\\\\fileserver\\share"


def vbs(scene: Scene) -> None:
    """Tell emotet-lnk-vbs."""
    scene.verdict, scene.passwords = "malicious", ("W4ALLD",)
    scene.urls = payloads.fallback_urls(0)
    name = "INVOICE 2022-04-22_1033, USA.doc.lnk"
    arguments = payloads.vbs_arguments(name)
    shortcut = Shortcut(
        target=f"{SYSTEM_32}cmd.exe",
        relative_path="..\\..\\Windows\\system32\\cmd.exe",
        arguments=arguments,
        icon=DOCUMENT_ICON,
        icon_index=1,
        show_command=SHOW_MINIMIZED,
        overlay=payloads.vbs_overlay(scene.urls),
    )
    member = Attachment(name, LNK, write_shortcut(shortcut))
    archive = _packed(scene, member, "INVOICE 2022-04-22_1033, USA.zip", aes=False)
    mail = stolen_thread(
        scene, archive, scene.at("09:14:02"), japanese=False, charset="us-ascii", password=scene.passwords[0]
    )
    scene.send(mail)
    scene.open_from(mail, archive, member)
    _run_vbs(scene, archive, member, arguments)


def _run_vbs(scene: Scene, archive: Attachment, member: Attachment, arguments: str) -> None:
    at, machine = scene.at, scene.machine
    folder = _unpack(scene, archive, member)
    script = f"{scene.desk.home}\\AppData\\Local\\Temp\\{payloads.VBS_NAME}"
    library = f"{scene.desk.home}\\AppData\\Local\\Temp\\{payloads.VBS_LIBRARY}"
    command = f'"{SYSTEM_32}cmd.exe" {arguments}'
    shell = scene.start(f"{SYSTEM_32}cmd.exe", command, at("09:31:47.120"), machine.explorer, folder=f"{folder}\\")
    scene.drop(shell, script, at("09:31:47.180"))
    search = f'findstr  "{payloads.VBS_MARK}.*" "{member.name}"'
    scene.start(f"{SYSTEM_32}findstr.exe", search, at("09:31:47.210"), shell, folder=f"{folder}\\")
    host = scene.start(
        f"{SYSTEM_32}wscript.exe",
        f'"{SYSTEM_32}WScript.exe" "{script}"',
        at("09:31:47.640"),
        shell,
        folder=f"{folder}\\",
    )
    name, address = payloads.shop_address(scene.urls[0])
    machine.resolve(host, name, address, at("09:31:50.010"))
    scene.reach(host, address, 80, at("09:31:50.200"), name, scene.urls[0])
    scene.drop(host, library, at("09:31:55.420"))
    image = f"{SYSTEM_32}regsvr32.exe"
    loader = scene.start(image, f'"{image}" "{library}"', at("09:31:58.030"), host)
    settle(scene, loader, at("09:32:01.500"), "Kfichjg\\cbun.zia")


def powershell(scene: Scene) -> None:
    """Tell emotet-lnk-powershell."""
    scene.verdict, scene.passwords = "malicious", ("gMZLBKgKO",)
    scene.urls = payloads.fallback_urls(1)
    name = "Invoice for payment.lnk"
    arguments = payloads.powershell_arguments(name, scene.urls)
    shortcut = Shortcut(
        target=POWERSHELL,
        relative_path="..\\..\\..\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        working_dir="%TEMP%",
        arguments=arguments,
        icon=DOCUMENT_ICON,
        icon_index=1,
        show_command=SHOW_MINIMIZED,
        at=scene.at("04:11:09"),
        target_bytes=450560,
        machine_id="win-9k2lab",
    )
    member = Attachment(name, LNK, write_shortcut(shortcut))
    archive = _packed(scene, member, "請求書20220427.zip", aes=True)
    mail = stolen_thread(
        scene, archive, scene.at("09:02:40"), japanese=True, charset="iso-2022-jp", password=scene.passwords[0]
    )
    mail = one_by_one(scene, mail)
    scene.open_from(mail, archive, member)
    _run_powershell(scene, archive, member, arguments)


def _run_powershell(scene: Scene, archive: Attachment, member: Attachment, arguments: str) -> None:
    at, machine = scene.at, scene.machine
    temp = f"{scene.desk.home}\\AppData\\Local\\Temp"
    _unpack(scene, archive, member)
    outer = scene.start(
        POWERSHELL, f'"{POWERSHELL}" {arguments}', at("09:31:47.120"), machine.explorer, folder=f"{temp}\\"
    )
    scene.drop(outer, f"{temp}\\{payloads.PS1_NAME}", at("09:31:48.350"))
    command = f'"{POWERSHELL}" -executionpolicy bypass -file {temp}\\{payloads.PS1_NAME}'
    inner = scene.start(POWERSHELL, command, at("09:31:48.610"), outer, folder=f"{temp}\\")
    failing, _ = payloads.shop_address(scene.urls[0])
    machine.resolve(inner, failing, "", at("09:31:51.700"))
    name, address = payloads.shop_address(scene.urls[1])
    machine.resolve(inner, name, address, at("09:31:52.010"))
    scene.reach(inner, address, 80, at("09:31:52.150"), name, scene.urls[1])
    library = f"{temp}\\{payloads.PS1_LIBRARY}"
    scene.drop(inner, library, at("09:31:56.940"))
    image = f"{SYSTEM_32}regsvr32.exe"
    loader = scene.start(image, f'"{image}" {temp}/{payloads.PS1_LIBRARY}', at("09:31:57.300"), inner)
    settle(scene, loader, at("09:32:00.100"), "Wqzmhrlx\\fkdt.pgn")


def vbs_benign(scene: Scene) -> None:
    """Tell emotet-lnk-vbs-benign: a shortcut to a price list on the file server, in a password ZIP."""
    scene.passwords = ("kakaku2022",)
    shortcut = Shortcut(
        target=f"{SHARE}\\price list.xlsx",
        description="価格表",
        at=scene.at("08:01:00"),
        target_bytes=18_204,
        machine_id="pc-0077",
    )
    member = Attachment("price list.lnk", LNK, write_shortcut(shortcut))
    archive = _packed(scene, member, "price list.zip", aes=False)
    mail = colleague(scene, archive, scene.at("09:14:02"), password=scene.passwords[0])
    scene.send(mail)
    scene.open_from(mail, archive, member)
    _unpack(scene, archive, member)
    image, at = f"{OFFICE}EXCEL.EXE", scene.at
    excel = scene.start(image, f'"{image}" "{shortcut.target}"', at("09:31:47.120"), scene.machine.explorer)
    scene.reach(excel, FILE_SERVER_IP, 445, at("09:31:48"), "fileserver.corp.example")


def powershell_benign(scene: Scene) -> None:
    """Tell emotet-lnk-powershell-benign: a shortcut that shows a folder of the file server, in an AES ZIP."""
    scene.passwords = ("Kaigi-0427",)
    arguments = f"/e,{SHARE}\\価格表"
    shortcut = Shortcut(
        target="C:\\Windows\\explorer.exe",
        relative_path="..\\..\\..\\Windows\\explorer.exe",
        working_dir="C:\\Windows",
        arguments=arguments,
        icon=DOCUMENT_ICON,
        icon_index=3,
        at=scene.at("08:01:00"),
        target_bytes=4_861_000,
        machine_id="pc-0077",
    )
    member = Attachment("価格表フォルダ.lnk", LNK, write_shortcut(shortcut))
    archive = _packed(scene, member, "価格表.zip", aes=True)
    mail = colleague(scene, archive, scene.at("09:02:40"), password=scene.passwords[0], charset="iso-2022-jp")
    mail = one_by_one(scene, mail)
    scene.open_from(mail, archive, member)
    _unpack(scene, archive, member)
    command = f'"C:\\Windows\\explorer.exe" {arguments}'
    window = scene.start("C:\\Windows\\explorer.exe", command, scene.at("09:31:47.120"), scene.machine.explorer)
    scene.reach(window, FILE_SERVER_IP, 445, scene.at("09:31:48"), "fileserver.corp.example")


def _packed(scene: Scene, member: Attachment, name: str, *, aes: bool) -> Attachment:
    packing = Packing(scene.at("05:40:12"), scene.passwords[0], aes)
    return Attachment(name, ZIP, write_zip({member.name: member.data}, packing))


def _unpack(scene: Scene, archive: Attachment, member: Attachment) -> str:
    """Have the mail program save the archive and the shell unpack its member; give the folder."""
    outlook = start_outlook(scene, scene.at("09:29:30"))
    save(scene, outlook, archive, scene.at("09:31:02.300"))
    folder, _ = unzip(scene, archive, member, scene.at("09:31:46.800"))
    return folder
