"""TNEF streams written here."""

import random
import struct

import compressed_rtf

from sekisho.analyzers import load
from sekisho.analyzers.tnef import MAGIC, analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

LNK = b"L\0\0\0" + b"shortcut" * 20


def attribute(level, number, data):
    return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def prop(kind, identifier, *values, name=b""):
    out = struct.pack("<HH", kind, identifier) + name
    if kind in (0x03, 0x0B):
        return out + struct.pack("<I", values[0])
    if kind == 0x1003:
        return out + struct.pack("<I", len(values)) + struct.pack(f"<{len(values)}I", *values)
    out += struct.pack("<I", len(values))
    for value in values:
        raw = value.encode("utf-16-le") + b"\0\0" if kind == 0x1F else value
        out += struct.pack("<I", len(raw)) + raw + bytes(-len(raw) % 4)
    return out


def props(*all_):
    return struct.pack("<I", len(all_)) + b"".join(all_)


def attached(title, data, *properties):
    out = attribute(2, 0x69002, bytes(14)) + attribute(2, 0x18010, title + b"\0")
    out += attribute(2, 0x6800F, data) if data else b""
    return out + (attribute(2, 0x69005, props(*properties)) if properties else b"")


def tnef(*parts, page=932):
    return MAGIC + b"\1\0" + attribute(1, 0x69007, struct.pack("<II", page, 0)) + b"".join(parts)


def read(data):
    declared = load()["tnef"].features
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact("winmail.dat", data, "winmail.dat")):
            if isinstance(one, Feature):
                assert one.name in declared
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, {child.name: child for child in children}, error


def test_attachments_by_their_longest_name():
    data = tnef(
        attribute(1, 0x18004, "請求書".encode("cp932") + b"\0"),
        attribute(1, 0x78008, b"IPM.Microsoft Mail.Note\0"),
        attribute(1, 0x8000, struct.pack("<HHHH", 4, 0, 4, 19) + b"Ann\0SMTP:a@example.com\0"[:23]),
        attached(
            b"INVOIC~1.LNK",
            LNK,
            prop(0x03, 0x3705, 1),
            prop(0x1F, 0x3707, "請求書.pdf.lnk"),
            prop(0x1E, 0x370E, b"Text/Plain\0"),
        ),
        attached("案内.txt".encode("cp932"), b"text"),
    )
    features, children, error = read(data)
    assert error is None
    assert features["tnef.subject"] == ["請求書"]
    assert features["tnef.class"] == ["IPM.Microsoft Mail.Note"]
    assert features["tnef.sender"] == ["Ann <a@example.com>"]
    assert features["tnef.attachment"] == ["請求書.pdf.lnk", "案内.txt"]
    assert (children["請求書.pdf.lnk"].data, children["案内.txt"].data) == (LNK, b"text")
    assert children["請求書.pdf.lnk"].relation == "attachment"
    assert children["請求書.pdf.lnk"].declared_type == "text/plain"


def test_a_message_inside_is_a_stream_of_its_own():
    inner = tnef(attached(b"a.lnk", LNK))
    data = tnef(attached(b"FW", b"", prop(0x0D, 0x3701, bytes(16) + inner)))
    _, children, error = read(data)
    assert error is None
    assert children["FW"].data == inner
    assert children["FW"].data.startswith(MAGIC)


def test_bodies():
    rtf = compressed_rtf.compress(b"{\\rtf1 see http://example.com/a {\\object{\\*\\objdata 0105}}}")
    features, children, _ = read(tnef(attribute(1, 0x69003, props(prop(0x102, 0x1009, rtf)))))
    assert [url.raw for url in features["url"]] == ["http://example.com/a"]
    assert b"objdata" in children["body.rtf"].data
    assert features["tnef.body_bytes"]
    page = b"<p><a href='http://example.com/b'>b</a>"
    _, children, _ = read(tnef(attribute(1, 0x69003, props(prop(0x102, 0x1013, page)))))
    assert (children["body.html"].data, children["body.html"].relation) == (page, "body")


def test_named_and_many_valued_properties_are_passed_over():
    named = prop(0x03, 0x8001, 7, name=bytes(16) + struct.pack("<I", 1) + struct.pack("<I", 6) + b"a\0b\0\0\0\0\0")
    numbered = prop(0x1003, 0x8002, 1, 2, name=bytes(16) + struct.pack("<II", 0, 5))
    data = tnef(attached(b"x", b"1", named, numbered, prop(0x1F, 0x3707, "long name.txt")))
    assert read(data)[0]["tnef.attachment"] == ["long name.txt"]


def test_a_path_instead_of_bytes():
    data = tnef(attached(b"x", b"", prop(0x1E, 0x370D, b"\\\\192.0.2.1\\share\\x.exe\0")))
    assert read(data)[0]["tnef.reference"] == ["\\\\192.0.2.1\\share\\x.exe"]


def test_a_cut_stream_keeps_what_came_before():
    data = tnef(attached(b"a.txt", b"text"), attached(b"b.bin", bytes(1_000)))
    _, children, error = read(data[:-500])
    assert isinstance(error, MalformedError)
    assert children["a.txt"].data == b"text"
    assert children["b.bin"].data == bytes(502)
    assert isinstance(read(tnef() + b"\3" + bytes(20))[2], MalformedError)


def test_many_attachments_and_huge_sizes_stop_at_limits():
    _, children, error = read(tnef(*[attached(b"x", b"")] * 1_001))
    assert error.limit == "children"
    assert children
    huge = MAGIC + b"\1\0" + struct.pack("<BII", 2, 0x6800F, 0xFFFFFFFF) + b"abc" * 9
    assert isinstance(read(huge)[2], MalformedError)
    assert read(tnef(attribute(1, 0x69003, struct.pack("<I", 0xFFFFFFFF))))[2] is None


def test_only_foreseen_errors_come_out_of_broken_streams():
    dice = random.Random(13)
    seed = tnef(
        attribute(1, 0x18004, b"subject\0"),
        attribute(
            1, 0x69003, props(prop(0x102, 0x1009, compressed_rtf.compress(b"{\\rtf1 text}")), prop(0x1F, 0x1000, "x"))
        ),
        attached(b"a.lnk", LNK, prop(0x1F, 0x3707, "long.lnk"), prop(0x0D, 0x3701, bytes(20))),
    )
    for _ in range(300):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(6, len(data))] = dice.choice((0, 1, 0x1F, 0xFF, dice.randrange(256)))
        read(bytes(data[: dice.randrange(6, len(data) + 1)]))
