"""Parts side by side, and taken along under a password."""

import importlib.util
from io import BytesIO
from pathlib import Path

import pytest
import pyzipper

from sekisho.app.console import messages, parts
from sekisho.app.console.messages import Choice
from sekisho.app.console.reading import Readers
from sekisho.model.errors import SourceError

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).with_name("mail_desk.py"))
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    files = [("run.vbs", mail_desk.SCRIPT), ("../../evil\\x.txt", b"text\n")]
    desk, key = mail_desk.desk_with(tmp_path_factory.mktemp("parts"), {"a.eml": mail_desk.mail(files=files)})
    readers = Readers()
    [one] = messages.listed(desk.database, Choice(), 5)
    yield desk, readers, messages.get(desk.database, one.id), key
    readers.close()
    desk.database.close()


def part(message, name):
    return next(one for one in message.tree if name in one["name"])


def opened(packed, password):
    with pyzipper.AESZipFile(BytesIO(packed)) as archive:
        archive.setpassword(password)
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_a_script_stands_beside_what_it_unfolds_to(taken):
    message = taken[2]
    sides = parts.side_by_side(message, part(message, "run.vbs"))
    assert sides.source == ()
    assert "calc.exe" in "".join(sides.unfolded)
    assert any("WScript.Shell" in one for one in sides.calls)
    assert parts.side_by_side(message, part(message, "body.html")) is None


def test_a_part_comes_in_a_zip_that_the_password_opens(taken):
    desk, readers, message, _ = taken
    packed = parts.packed_part(desk.database, readers, message, part(message, "run.vbs"), mail_desk.WHO)
    assert mail_desk.SCRIPT not in packed
    assert opened(packed, b"infected") == {"run.vbs": mail_desk.SCRIPT}
    with pytest.raises(RuntimeError):
        opened(packed, b"other")
    row = desk.database.one("SELECT * FROM audit WHERE action = 'evidence.take' ORDER BY number DESC")
    assert (row["who"], row["target"]) == ("suzuki", part(message, "run.vbs")["id"])


def test_a_name_in_the_zip_is_no_path(taken):
    desk, readers, message, _ = taken
    [name] = opened(
        parts.packed_part(desk.database, readers, message, part(message, "evil"), mail_desk.WHO), b"infected"
    )
    assert "/" not in name
    assert "\\" not in name
    assert not name.startswith(".")


def test_evidence_that_changed_is_not_handed_out(taken):
    desk, readers, message, key = taken
    path = desk.cases.evidence(key, "a.eml")
    before = path.read_bytes()
    path.write_bytes(before.replace(b"203.0.113.50", b"203.0.113.51"))
    try:
        with pytest.raises(SourceError, match="not what it was"):
            parts.packed_part(desk.database, readers, message, message.root, mail_desk.WHO)
    finally:
        path.write_bytes(before)
    assert opened(parts.packed_part(desk.database, readers, message, message.root, mail_desk.WHO), b"infected") == {
        "a.eml": before
    }
