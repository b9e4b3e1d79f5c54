"""Opening an attachment leaves its traces."""

import json
from datetime import date

from sekisho.app.lab.case import Scene
from sekisho.app.lab.mail import Attachment
from sekisho.app.lab.opening import office_open, save, settle, start_outlook, unzip

ARCHIVE, MEMBER = Attachment("a.zip", "application/zip", b"PK"), Attachment("b.lnk", "x", b"L")


def test_from_the_mail_program_to_the_beacon():
    scene = Scene("case", {}, date(2022, 4, 25))
    outlook = start_outlook(scene, scene.at("09:29:30"))
    saved = save(scene, outlook, ARCHIVE, scene.at("09:31:00"))
    folder, path = unzip(scene, ARCHIVE, MEMBER, scene.at("09:31:01"))
    word = office_open(scene, "WINWORD.EXE", path, scene.at("09:31:02"), scene.machine.explorer)
    settle(scene, word, scene.at("09:31:10"), "Kfichjg\\cbun.zia")
    assert saved.endswith("\\Content.Outlook\\8K3J2M1Q\\a.zip")
    assert folder.endswith("\\AppData\\Local\\Temp\\Temp1_a.zip")
    truth = scene.truth()
    assert truth["dropped"] == ["C:\\Users\\user01\\AppData\\Local\\Kfichjg\\cbun.zia"]
    assert [(hop["address"], hop["port"]) for hop in truth["network"]] == [
        ("198.51.100.23", 8080),
        ("203.0.113.77", 443),
        ("192.0.2.146", 8080),
    ]
    export = scene.evidence()["endpoint/PC-0142.jsonl"].decode().splitlines()
    story = [
        json.loads(export[line - 1])["winlog"] for line in truth["events"]["evidence/endpoint/PC-0142.jsonl"]["story"]
    ]
    assert [row["event_id"] for row in story] == [
        "11",
        "15",
        "11",
        "15",
        "1",
        "4688",
        "11",
        "1",
        "4688",
        "13",
        "3",
        "3",
        "3",
    ]
