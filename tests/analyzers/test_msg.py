"""Outlook messages: built from properties, and a real one beside the project."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import compressed_rtf
import pytest

from sekisho.analyzers import load, msg
from sekisho.app.lab.cfb import write_compound
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
real = pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
MSG, EML = load()["msg"], load()["eml"]
ZIP = b"PK\x03\x04archive"
TICKS = 132_953_220_000_000_000  # 2022-04-25 01:00:00 UTC in units of 100 ns since 1601


def stream(identifier: int, value: str | bytes, *, narrow: str = "") -> tuple[str, bytes]:
    if isinstance(value, bytes):
        return f"__substg1.0_{identifier:04X}0102", value
    if narrow:
        return f"__substg1.0_{identifier:04X}001E", value.encode(narrow)
    return f"__substg1.0_{identifier:04X}001F", value.encode("utf-16-le")


def properties(header_bytes: int, numbers: dict[int, int], times: dict[int, int] | None = None) -> tuple[str, bytes]:
    rows = [struct.pack("<HHIQ", 0x0003, name, 6, value) for name, value in numbers.items()]
    rows += [struct.pack("<HHIQ", 0x0040, name, 6, value) for name, value in (times or {}).items()]
    return "__properties_version1.0", bytes(header_bytes) + b"".join(rows)


def under(storage: str, *streams: tuple[str, bytes]) -> dict[str, bytes]:
    return {f"{storage}/{name}": data for name, data in streams}


BODY = (
    "お世話になっております。\r\n解凍パスワード：W4ALLD\r\nhttp://192.0.2.1/x\r\n" + "よろしくお願いいたします。" * 10
)
PAGE = "<html><body><p>請求書</p></body></html>"


def message(**extra: bytes) -> dict[str, bytes]:
    streams = dict(
        [
            properties(32, {0x3FDE: 50220, 0x3FFD: 932}, {0x0039: TICKS, 0x0E06: TICKS + 50_000_000}),
            stream(0x001A, "IPM.Note"),
            stream(0x0037, "RE: 請求書①"),
            stream(0x0C1A, "鈴木太郎"),
            stream(0x0C1F, "/O=EXCHANGE/CN=SUZUKI"),
            stream(0x5D01, "Suzuki@sender.example"),
            stream(0x1000, BODY, narrow="cp932"),
            stream(0x1013, PAGE.encode("iso2022_jp")),
            stream(0x1035, "<1@sender.example>"),
        ]
    )
    streams |= under(
        "__recip_version1.0_#00000000",
        properties(8, {0x0C15: 1}),
        stream(0x3001, "山田, 花子"),
        stream(0x39FE, "Hanako@victim.example"),
    )
    streams |= under("__recip_version1.0_#00000001", properties(8, {0x0C15: 2}), stream(0x3003, "cc@victim.example"))
    streams |= under(
        "__attach_version1.0_#00000000",
        properties(8, {0x3705: 1}),
        stream(0x3707, "請求書.zip"),
        stream(0x370E, "application/zip"),
        stream(0x3701, ZIP),
    )
    return streams | extra


def read(streams: dict[str, bytes]) -> tuple[dict[str, list[object]], list[Artifact]]:
    features: dict[str, list[object]] = {}
    children = []
    artifact = Artifact("x.msg", write_compound(streams), "x.msg")
    assert MSG.claims(artifact)
    for item in MSG.run(artifact):
        if isinstance(item, Feature):
            assert item.name in MSG.features
            features.setdefault(item.name, []).append(item.value)
        else:
            children.append(item)
    return features, children


def test_message_without_transport_headers():
    found, children = read(message())
    expected = {
        "subject": ["RE: 請求書①"],
        "sender.address": ["suzuki@sender.example"],
        "sender.name": ["鈴木太郎"],
        "recipients": ["hanako@victim.example", "cc@victim.example"],
        "message_id": ["<1@sender.example>"],
        "sent_at": ["2022-04-25T01:00:00Z"],
        "received_at": ["2022-04-25T01:00:05Z"],
        "thread.reply_without_headers": [True],
        "body.text": [BODY.replace("\r\n", "\n")],
        "body.language": ["ja"],
        "password.candidate": ["W4ALLD"],
        "attachment.name": ["請求書.zip"],
        "msg.class": ["IPM.Note"],
        "charset.guessed": None,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert [(child.name, child.relation, child.data) for child in children] == [
        ("body.html", "body", PAGE.encode("iso2022_jp")),
        ("請求書.zip", "attachment", ZIP),
    ]
    assert children[0].declared_type == "text/html; charset=iso-2022-jp"
    assert children[1].passwords == ("W4ALLD",)


def test_transport_headers_come_first():
    head = "Received: from a.example ([203.0.113.9]) by b.example; Mon, 25 Apr 2022 10:00:03 +0900\r\n"
    head += "Subject: =?utf-8?B?44GC?=\r\nFrom: <other@x.example>\r\nAuthentication-Results: b.example; spf=fail\r\n"
    found, _ = read(message() | dict([stream(0x007D, head)]))
    assert found["subject"] == ["あ"]
    assert found["sender.address"] == ["other@x.example"]
    assert found["recipients"] == ["hanako@victim.example", "cc@victim.example"]
    assert found["auth.spf"] == ["fail"]
    assert found["origin.ip"] == ["203.0.113.9"]
    assert found["received_at"] == ["2022-04-25T01:00:03Z"]


def test_rtf_stands_in_for_html():
    streams = message()
    del streams["__substg1.0_10130102"]
    rtf = rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <html>}{\*\htmltag84 <b>}hi{\*\htmltag92 </b>}}"
    _, children = read(streams | dict([stream(0x1009, compressed_rtf.compress(rtf))]))
    assert (children[0].name, children[0].data) == ("body.html", b"<html><b>hi</b>")


def test_message_inside_becomes_a_mail():
    inside = "__attach_version1.0_#00000001/__substg1.0_3701000D"
    streams = message() | under("__attach_version1.0_#00000001", properties(8, {0x3705: 5}), stream(0x3001, "内側"))
    inner = message()
    inner["__properties_version1.0"] = inner["__properties_version1.0"][8:]
    streams |= {f"{inside}/{name}": data for name, data in inner.items()}
    found, children = read(streams)
    assert found["attachment.name"] == ["請求書.zip", "内側"]
    mail = children[-1]
    assert (mail.name, mail.kind) == ("内側.eml", "eml")
    below = list(EML.run(mail))
    facts = {item.name: item.value for item in below if isinstance(item, Feature)}
    assert facts["subject"] == "RE: 請求書①"
    assert facts["body.text"] == BODY.replace("\r\n", "\n")
    assert facts["attachment.name"] == "請求書.zip"
    assert facts["sent_at"] == "2022-04-25T01:00:00Z"
    assert [child.data for child in below if isinstance(child, Artifact)] == [PAGE.encode("iso2022_jp"), ZIP]


def test_reminder_sound_and_reference():
    streams = message() | dict([stream(0x8000, "\\\\192.0.2.1\\share\\a.wav")])
    streams["__nameid_version1.0/__substg1.0_00030102"] = struct.pack("<IHH", 0x851F, 0x0006, 0)
    streams |= under(
        "__attach_version1.0_#00000001", properties(8, {0x3705: 2}), stream(0x370D, "\\\\192.0.2.1\\b.doc")
    )
    found, _ = read(streams)
    assert found["msg.reminder_file"] == ["\\\\192.0.2.1\\share\\a.wav"]
    assert found["msg.attachment_reference"] == ["\\\\192.0.2.1\\b.doc"]


def test_ole_object_gives_its_streams():
    name = "__attach_version1.0_#00000001/__substg1.0_3701000D/CONTENTS"
    streams = message() | under("__attach_version1.0_#00000001", properties(8, {0x3705: 6}), stream(0x3001, "object"))
    _, children = read(streams | {name: b"object data"})
    assert (children[-1].name, children[-1].relation, children[-1].data) == (
        "object/CONTENTS",
        "embedded",
        b"object data",
    )


def test_other_compound_files_are_not_claimed():
    assert not MSG.claims(Artifact("x.msg", write_compound({"Workbook": b"x"}), "x.msg"))
    assert not MSG.claims(Artifact("x.msg", b"text", "x.msg"))


def test_damage_never_escapes():
    chance = random.Random(6)
    sample = write_compound(message())
    for _ in range(150):
        data = bytearray(sample[: chance.randrange(len(sample))] if chance.random() < 0.3 else sample)
        for _ in range(chance.randrange(1, 20)):
            if len(data) > 8:
                data[chance.randrange(8, len(data))] = chance.randrange(256)
        try:
            list(msg.analyze(Artifact("x", bytes(data), "x")))
        except (MalformedError, LimitError):
            continue


@real
@pytest.mark.shared
def test_real_message():
    data = (SHARED / "fixtures/mail-parser/mail_outlook_1").read_bytes()
    artifact = Artifact("x.msg", data, "x.msg")
    assert MSG.claims(artifact)
    items = list(MSG.run(artifact))
    facts = {item.name: item.value for item in items if isinstance(item, Feature)}
    assert facts["subject"] == "Newsletter Prüfung Personalwesen / Prüfung Eröffnungsbilanz"
    assert facts["headers.received"] == 10
    assert facts["received_at"] == "2017-09-18T10:00:28Z"
    assert len([item for item in items if isinstance(item, Artifact)]) == 6
