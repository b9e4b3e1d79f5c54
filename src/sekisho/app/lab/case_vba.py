"""The VBA case of September 2020: WMI starts PowerShell, so that no Office program is its parent.

Source: public notes of September 2020 on EMOTET's Word documents; EVTX-ATTACK-SAMPLES for the order of events.
"""

from __future__ import annotations

from sekisho.app.lab import payloads
from sekisho.app.lab.case import Scene
from sekisho.app.lab.docs import write_doc
from sekisho.app.lab.endpoint import CONTEXT, NETWORK_SERVICE, POWERSHELL, STORY, SYSTEM_32
from sekisho.app.lab.letters import partner, stolen_thread
from sekisho.app.lab.mail import Attachment
from sekisho.app.lab.opening import call_home, office_open, remain, save, start_outlook, unzip
from sekisho.app.lab.zipcrypto import Packing, write_zip

DOC, ZIP = "application/msword", "application/zip"
LURE = (
    "This document was created in an earlier version of Microsoft Office.\n"
    'To view it, click "Enable Editing" and then "Enable Content".\n'
    "コンテンツの有効化をクリックしてください。"
)
TABLE_MODULES = {
    "ThisDocument": "Private Sub Document_Open()\n    FormatTables\nEnd Sub",
    "Tables": "\n".join(
        (
            "' Gives every table the house style.",
            "Sub FormatTables()",
            "    Dim Shown As Table",
            "    Dim Title As String",
            '    Title = "Table" & " " & "Grid"',
            "    For Each Shown In ActiveDocument.Tables",
            "        Shown.Style = Title",
            "        Shown.Rows(1).HeadingFormat = True",
            "        Shown.Rows(1).Range.Font.Bold = True",
            "        Shown.AutoFitBehavior 2",
            "    Next Shown",
            '    Application.StatusBar = "Tables formatted: " & ActiveDocument.Tables.Count',
            "End Sub",
        )
    ),
}


def vba(scene: Scene) -> None:
    """Tell emotet-vba."""
    scene.verdict, scene.passwords = "malicious", ("Qz8pW3",)
    scene.urls = payloads.fallback_urls(3)
    command = payloads.vba_command(scene.urls)
    document = Attachment("請求書_20200916.doc", DOC, write_doc(LURE, payloads.vba_modules(command)))
    archive = _packed(scene, document, "請求書_20200916.zip")
    mail = stolen_thread(
        scene, archive, scene.at("09:08:15"), japanese=True, charset="iso-2022-jp", password=scene.passwords[0]
    )
    scene.send(mail)
    scene.open_from(mail, archive, document)
    _run(scene, archive, document, command)


def _run(scene: Scene, archive: Attachment, document: Attachment, command: str) -> None:
    at, machine = scene.at, scene.machine
    path = _unpack(scene, archive, document)
    office_open(scene, "WINWORD.EXE", path, at("09:31:07.050"), machine.explorer)
    machine.part = CONTEXT
    provider = f"{SYSTEM_32}wbem\\WmiPrvSE.exe"
    wmi = machine.start(
        provider, f"{provider} -secured -Embedding", at("09:31:46.900"), machine.svchost, user=NETWORK_SERVICE
    )
    machine.part = STORY
    scene.join(wmi)
    shell = scene.start(POWERSHELL, command, at("09:31:47.120"), wmi, folder=SYSTEM_32)
    name, address = payloads.shop_address(scene.urls[0])
    machine.resolve(shell, name, address, at("09:31:51.010"))
    scene.reach(shell, address, 80, at("09:31:51.150"), name, scene.urls[0])
    program = f"{scene.desk.home}\\AppData\\Local\\Temp{payloads.VBA_FOLDER}{payloads.VBA_PROGRAM}"
    scene.drop(shell, program, at("09:31:54.600"))
    first = scene.start(program, f'"{program}"', at("09:31:55.080"), shell)
    home = f"{scene.desk.home}\\AppData\\Local\\msvcp60\\dmcertinst.exe"
    scene.drop(first, home, at("09:31:57.400"))
    second = scene.start(home, f'"{home}"', at("09:31:58.210"), first)
    remain(scene, second, home, f'"{home}"', at("09:32:00.020"))
    call_home(scene, second, at("09:32:04.700"))


def vba_benign(scene: Scene) -> None:
    """Tell emotet-vba-benign: a document that formats its tables when it is opened."""
    scene.passwords = ("Mitsumori-0916",)
    text = "見積書\n品目　数量　金額\n用紙　10　12,800\nインク　4　9,600"
    document = Attachment("見積書_20200916.doc", DOC, write_doc(text, TABLE_MODULES))
    archive = _packed(scene, document, "見積書_20200916.zip")
    mail = partner(scene, archive, scene.at("09:08:15"), password=scene.passwords[0], charset="iso-2022-jp")
    scene.send(mail)
    scene.open_from(mail, archive, document)
    path = _unpack(scene, archive, document)
    office_open(scene, "WINWORD.EXE", path, scene.at("09:31:07.050"), scene.machine.explorer)


def _packed(scene: Scene, document: Attachment, name: str) -> Attachment:
    packing = Packing(scene.at("05:40:12"), scene.passwords[0])
    return Attachment(name, ZIP, write_zip({document.name: document.data}, packing))


def _unpack(scene: Scene, archive: Attachment, document: Attachment) -> str:
    outlook = start_outlook(scene, scene.at("09:29:30"))
    save(scene, outlook, archive, scene.at("09:31:02.300"))
    _, path = unzip(scene, archive, document, scene.at("09:31:06.800"))
    return path
