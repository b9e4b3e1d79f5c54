"""Archives of every kind in a mail: the same rules hold for what is inside, and nesting stops."""

import io
import struct
import tarfile
import zlib
from email.message import EmailMessage

import pytest
from Cryptodome.Cipher import AES

from sekisho.analyzers._rar_crypto import rar3_key
from sekisho.app import ruleset
from sekisho.app.examine import examine
from sekisho.model.artifact import Artifact
from sekisho.normalize.artifacts import events

PROGRAM = b"MZ" + bytes(200) + b"This program cannot be run"


def tar(name, data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def number(value):
    return b"\xff" + struct.pack("<Q", value)


def seven_zip(name, data):
    """One stored file."""
    head = b"\x01\x04\x06" + number(0) + number(1) + b"\x09" + number(len(data)) + b"\0"
    head += b"\x07\x0b" + number(1) + b"\0" + number(1) + b"\x01\x00\x0c" + number(len(data)) + b"\0\0"
    raw = b"\0" + name.encode("utf-16-le") + b"\0\0"
    head += b"\x05" + number(1) + b"\x11" + number(len(raw)) + raw + b"\0\0"
    start = struct.pack("<QQI", len(data), len(head), zlib.crc32(head))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + data + head


def rar(name, data):
    """One stored file, RAR 4."""
    raw = name.encode()
    fields = struct.pack("<IIBIIBBHI", len(data), len(data), 2, zlib.crc32(data), 0, 29, 0x30, len(raw), 0x20) + raw
    out = b"Rar!\x1a\x07\0"
    for kind, flags, body in ((0x73, 0, bytes(6)), (0x74, 0x8000, fields)):
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        out += struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
    return out + data


def locked_rar(name, data, password):
    """One stored and encrypted file, RAR 4."""
    salt, raw = b"saltsalt", name.encode()
    key, iv = rar3_key(password.encode("utf-16-le") + salt)
    body = AES.new(key, AES.MODE_CBC, iv=iv).encrypt(data + bytes(-len(data) % 16))
    fields = struct.pack("<IIBIIBBHI", len(body), len(data), 2, zlib.crc32(data), 0, 29, 0x30, len(raw), 0x20)
    out = b"Rar!\x1a\x07\0"
    for kind, flags, one in ((0x73, 0, bytes(6)), (0x74, 0x8404, fields + raw + salt)):
        head = struct.pack("<BHH", kind, flags, 7 + len(one)) + one
        out += struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
    return out + body


def tnef(name, data):
    out = b"\x78\x9f\x3e\x22\1\0"
    for kind, body in ((0x69002, bytes(14)), (0x18010, name.encode() + b"\0"), (0x6800F, data)):
        out += struct.pack("<BII", 2, kind, len(body)) + body + struct.pack("<H", sum(body) & 0xFFFF)
    return out


def mail(name, data, text):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Invoice"
    message.set_content(text)
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def fired(name, data, text="See the file."):
    ((_, tree),) = examine([Artifact("a.eml", mail(name, data, text), "a.eml")])
    rules = ruleset.load([], cache=False)
    titles = {rule.id: rule.title for rule in rules.rules}
    return {titles[found.rule_id] for event in events(tree, "a.eml") for found in rules.match(event)}


@pytest.mark.parametrize(("pack", "relation"), [(tar, "tar"), (seven_zip, "7z"), (rar, "rar"), (tnef, "tnef")])
def test_rules_see_what_is_inside(pack, relation):
    found = fired(f"a.{relation}", pack("invoice.pdf.exe", PROGRAM))
    assert {"Program in a Mail", "Double Extension before a Runnable One"} <= found
    assert ("Runnable File for Windows in an Archive of a Rare Kind" in found) is (pack is tar)


def test_encrypted_members_are_judged_by_name_or_opened():
    """In the jail too, where no library can be loaded any more."""
    found = fired("a.rar", locked_rar("a.exe", PROGRAM, "not in the mail"))
    assert "Runnable File in an Encrypted Archive" in found
    assert "Program in a Mail" not in found
    found = fired("a.rar", locked_rar("a.exe", PROGRAM, "W4ALLD"), "Password: W4ALLD")
    assert {"Runnable File in an Encrypted Archive", "Program in a Mail", "Archive Password in the Same Mail"} <= found


@pytest.mark.parametrize("pack", [tar, seven_zip, rar])
def test_names_that_leave_the_folder(pack):
    assert "Archive Member That Leaves the Folder" in fired("a", pack("../../Startup/a.txt", b"text"))
    assert "Archive Member That Leaves the Folder" not in fired("a", pack("Startup/a.txt", b"text"))


@pytest.mark.parametrize("pack", [seven_zip, rar])
def test_self_extracting_archives(pack):
    stub = b"MZ" + bytes(300)
    assert "Self-Extracting Archive in a Mail" in fired("setup.exe", stub + pack("a.txt", b"text"))
    assert "Self-Extracting Archive in a Mail" not in fired("setup.exe", stub)


@pytest.mark.parametrize("pack", [tar, seven_zip, rar, tnef])
def test_nesting_stops_at_the_depth_limit(pack):
    data = b"core"
    for _ in range(30):
        data = pack("inner", data)
    ((_, tree),) = examine([Artifact("a", data, "a")])
    assert 15 <= len(tree) <= 20
    assert "depth" in tree[-1].unscanned
