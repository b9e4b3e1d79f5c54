"""How a recipient opens an attachment, seen from the machine."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import PureWindowsPath

from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import STORE, STORE_IP
from sekisho.app.lab.endpoint import CONTEXT, OFFICE, STORY, SYSTEM_32, Process
from sekisho.app.lab.mail import Attachment
from sekisho.app.lab.payloads import BEACON_PORT, BEACONS

OUTLOOK_FOLDER = "AppData\\Local\\Microsoft\\Windows\\INetCache\\Content.Outlook\\8K3J2M1Q"
RUN_KEY = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"


def start_outlook(scene: Scene, at: datetime) -> Process:
    """Start the mail program, which is context and not part of the story."""
    machine, image = scene.machine, f"{OFFICE}OUTLOOK.EXE"
    machine.part = CONTEXT
    outlook = machine.start(image, f'"{image}"', at, machine.explorer)
    machine.connect(outlook, STORE_IP, 443, at + timedelta(seconds=2), STORE)
    machine.part = STORY
    return outlook


def save(scene: Scene, process: Process, attachment: Attachment, at: datetime, folder: str = "") -> str:
    """Have the mail program save an attachment, and give where: its own temporary folder unless told otherwise."""
    path = f"{scene.desk.home}\\{folder or OUTLOOK_FOLDER}\\{attachment.name}"
    scene.machine.create_file(process, path, at)
    scene.machine.mark_file(process, path, attachment.data, at + timedelta(milliseconds=15))
    scene.step(at, "endpoint", f"OUTLOOK.EXE saves {path}")
    return path


def unzip(scene: Scene, archive: Attachment, member: Attachment, at: datetime) -> tuple[str, str]:
    """Have the shell unpack one member on a double click: (its folder, its path)."""
    folder = f"{scene.desk.home}\\AppData\\Local\\Temp\\Temp1_{archive.name}"
    path = f"{folder}\\{member.name}"
    machine = scene.machine
    machine.create_file(machine.explorer, path, at)
    machine.mark_file(machine.explorer, path, member.data, at + timedelta(milliseconds=12))
    scene.step(at, "endpoint", f"explorer.exe unpacks {path}")
    return folder, path


def office_open(scene: Scene, program: str, path: str, at: datetime, parent: Process) -> Process:
    """Open a document: ``EXCEL.EXE`` or ``WINWORD.EXE``."""
    image = f"{OFFICE}{program}"
    switch = '/n "{}" /o ""' if program == "WINWORD.EXE" else '"{}"'
    return scene.start(image, f'"{image}" {switch.format(path)}', at, parent)


def settle(scene: Scene, loader: Process, at: datetime, name: str) -> None:
    r"""Have a loaded library copy itself below a random name, register there, stay, and call home.

    Args:
        scene: where it happens.
        loader: the regsvr32 that loaded it.
        at: when it begins.
        name: random folder and file, such as ``Kfichjg\cbun.zia``.
    """
    path = f"{scene.desk.home}\\AppData\\Local\\{name}"
    scene.drop(loader, path, at)
    image = f"{SYSTEM_32}regsvr32.exe"
    copy = scene.start(image, f'{image} "{path}"', at + timedelta(seconds=1), loader)
    remain(scene, copy, path, f'{image} "{path}"', at + timedelta(seconds=3))
    call_home(scene, copy, at + timedelta(seconds=6))


def remain(scene: Scene, process: Process, path: str, command: str, at: datetime) -> None:
    """Have a process set a Run value for its file."""
    key = f"HKU\\{scene.desk.sid}\\{RUN_KEY}\\{PureWindowsPath(path).name}"
    scene.machine.set_value(process, key, command, at)
    scene.step(at, "endpoint", f"{process.name} sets {key}")


def call_home(scene: Scene, process: Process, at: datetime) -> None:
    """Have a process open TLS connections to bare addresses, one after the other."""
    for number, address in enumerate(BEACONS):
        port = BEACON_PORT if number != 1 else 443
        scene.reach(process, address, port, at + timedelta(seconds=21 * number))
