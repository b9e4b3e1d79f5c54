"""A scene that is told becomes evidence and truth that agree."""

from datetime import date

from sekisho.app.lab.case import Case, Scene
from sekisho.app.lab.letters import colleague
from sekisho.app.lab.mail import Attachment

FILE = Attachment("a.txt", "text/plain", b"x")


def tell(scene: Scene) -> None:
    mail = colleague(scene, FILE, scene.at("09:14:02"))
    scene.send(mail)
    scene.open_from(mail, FILE)


def test_files_and_truth():
    case = Case("case", "a case", "ケース", date(2022, 4, 25), tell)
    files, truth = case.files(), case.truth
    assert list(files)[:2] == ["README.txt", "truth.json"]
    assert truth["verdict"] == "clean"
    assert truth["root_cause"] is None
    assert truth["opened"]["address"] == f"{truth['mails'][0]['copies'][0]} » a.txt"
    assert set(truth["mails"][0]["copies"]) <= set(files)
    assert truth["steps"] == [
        {"at": "2022-04-25T00:14:02.000Z", "layer": "mail", "what": "soumu@corp.example sends a.txt to 4 mailbox(es)"}
    ]
