"""Compound files: what wrote them and what they carry."""

import random
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from sekisho.analyzers._compound import Compound
from sekisho.analyzers._dde import command_of
from sekisho.analyzers._ole_package import read_package
from sekisho.analyzers.ole import analyze, kind_of
from sekisho.app.lab.cfb import write_compound
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "oletools"
PACKAGE_CLASS = bytes.fromhex("0c000300 0000 0000 c000 000000000046")


def read(data, name="a.doc"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def package(data=b"content", label=b"a.txt", wide=()):
    body = b"\x02\x00" + label + b"\0" + b"C:\\x\\" + label + b"\0" + b"\0\0\x03\0"
    temporary = b"C:\\t\\" + label + b"\0"
    body += struct.pack("<I", len(temporary)) + temporary + struct.pack("<I", len(data)) + data
    for name in wide:
        body += struct.pack("<I", len(name)) + name.encode("utf-16-le")
    return struct.pack("<I", len(body)) + body


def summary(**texts):
    numbers = {"title": 2, "author": 4}
    values = {1: struct.pack("<IhH", 2, 932, 0), 12: struct.pack("<IQ", 0x40, 132_800_000_000_000_000)}
    for name, text in texts.items():
        raw = text.encode("cp932") + b"\0"
        values[numbers[name]] = struct.pack("<II", 0x1E, len(raw)) + raw + bytes(-len(raw) % 4)
    at, index, body = 8 + 8 * len(values), b"", b""
    for number, value in values.items():
        index += struct.pack("<II", number, at + len(body))
        body += value
    section = struct.pack("<II", at + len(body), len(values)) + index + body
    return b"\xfe\xff" + bytes(22) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + section


@pytest.mark.parametrize(
    ("streams", "kind"),
    [
        ({"WordDocument": b"x"}, "word"),
        ({"Workbook": b"x"}, "excel"),
        ({"PowerPoint Document": b"x"}, "powerpoint"),
        ({"__properties_version1.0": b"x", "WordDocument": b"x"}, "msg"),
        ({"EncryptedPackage": b"x"}, "encrypted"),
        ({"\x01Ole10Native": b"x"}, "package"),
        ({"PROJECT": b"x", "VBA/dir": b"x"}, "vba"),
        ({"other": b"x"}, "unknown"),
    ],
)
def test_kinds(streams, kind):
    assert kind_of(Compound(write_compound(streams))) == kind


def test_installer_packages_are_told_by_their_class():
    clsid = bytes.fromhex("84100c000000 0000 c000 000000000046".replace(" ", ""))
    assert kind_of(Compound(write_compound({"x": b"y"}, root_clsid=clsid))) == "msi"


def test_properties_in_japanese():
    features, _, _ = read(
        write_compound({"WordDocument": b"x", "\x05SummaryInformation": summary(title="請求書", author="A")})
    )
    assert features["ole.title"] == ["請求書"]
    assert features["ole.author"] == ["A"]
    assert features["ole.created_at"] == ["2021-10-29T16:53:20Z"]


def test_packages_are_handed_on_by_their_name():
    streams = {"WordDocument": b"x", "ObjectPool/_1/\x01Ole10Native": package(b"MZ data", b"calc.txt")}
    features, (child,), error = read(write_compound(streams, storage_clsids={"ObjectPool/_1": PACKAGE_CLASS}))
    assert (child.name, child.data, child.relation) == ("calc.txt", b"MZ data", "embedded")
    assert features["ole.package_name"] == ["calc.txt"]
    assert features["ole.package_source"] == ["C:\\x\\calc.txt"]
    assert features["ole.class"] == ["Package"]
    assert error is None


def test_package_names():
    assert read_package(package(wide=("t\\請求.txt", "請求.txt", "s\\請求.txt"))).label == "請求.txt"
    assert read_package(package(label="請求.txt".encode("cp932"))).label == "請求.txt"
    assert read_package(struct.pack("<I", 4) + b"raw!").data == b"raw!"
    with pytest.raises(MalformedError):
        read_package(package()[:20])


def test_fields_that_start_programs():
    text = b'text \x13DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc.exe"\x14result\x15 more'
    features, (child,), _ = read(write_compound({"WordDocument": bytes(512) + text}))
    assert features["ole.dde"] == ['DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc.exe"']
    assert (child.kind, child.data) == ("cmd", b"c:\\windows\\system32\\cmd.exe /k calc.exe")
    wide = '\x13 dde tool.exe "x"\x14'.encode("utf-16-le")
    assert read(write_compound({"WordDocument": bytes(512) + wide}))[0]["ole.dde"] == ['dde tool.exe "x"']
    assert command_of('DDE "a\\\\b.exe" QUOTE 47 107') == "a\\b.exe /k"


def test_presentations_and_old_xml_keep_objects_compressed():
    inner = write_compound({"\x01Ole10Native": package()})
    body = struct.pack("<I", len(inner)) + zlib.compress(inner)
    stream = struct.pack("<HHI", 0x0010, 0x1011, len(body)) + body
    _, (child,), _ = read(write_compound({"PowerPoint Document": stream.ljust(4096, b"\0")}))
    assert child.data == inner
    _, (child,), _ = read(write_compound({"_1577691300": body}))
    assert child.data == inner


def test_messages_are_left_to_their_own_analyser():
    features, children, _ = read(write_compound({"__properties_version1.0": b"x", "a/\x01Ole10Native": package()}))
    assert features["ole.kind"] == ["msg"]
    assert children == []


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(2)
    whole = write_compound(
        {
            "WordDocument": bytes(512) + b"\x13DDE a b\x15",
            "\x05SummaryInformation": summary(title="x"),
            "ObjectPool/_1/\x01Ole10Native": package(b"x" * 5000),
            "ObjectPool/_1/\x01Ole": bytes(4) + b"\x01" + bytes(40),
        }
    )
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(generator.choice([1, 5, 40])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)) :]
        read(bytes(data))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
@pytest.mark.parametrize(
    ("path", "name", "start"),
    [
        ("oleobj/sample_with_lnk_file.doc", "calc.lnk", b"L\0\0\0"),
        ("oleobj/embedded-simple-2007.doc", "simple-text-file.txt", b"This is "),
        ("oleobj/embedded-simple-2007.xls", "simple-text-file.txt", b"This is "),
        ("oleobj/embedded-unicode.doc", "ünicöde-수식끝이잘못되었습니다.txt", b"\xff\xfe"),
    ],
)
def test_real_packages(path, name, start):
    _, children, error = read((FIXTURES / path).read_bytes())
    assert [(child.name, child.data[: len(start)]) for child in children] == [(name, start)]
    assert error is None


def test_a_stream_that_claims_more_than_the_file_and_runs_in_a_circle_is_cut():
    data = bytearray(write_compound({"WordDocument": bytes(20_000)}))
    at = data.index("WordDocument".encode("utf-16-le"))
    start = int.from_bytes(data[at + 116 : at + 120], "little")
    data[at + 120 : at + 124] = (0x7FFFFFFF).to_bytes(4, "little")
    fat_at = 512 * (int.from_bytes(data[76:80], "little") + 1)
    data[fat_at + 4 * start : fat_at + 4 * start + 4] = start.to_bytes(4, "little")
    compound = Compound(bytes(data))
    assert compound.entries["WordDocument",].size_bytes == len(data)
    assert len(compound.try_read("WordDocument")) <= len(data)


@pytest.mark.parametrize(("at", "value"), [(30, 31), (30, 0), (44, 0x7FFFFFFF), (72, 100_000)])
def test_a_header_that_cannot_be_followed_is_malformed(at, value):
    data = bytearray(write_compound({"WordDocument": bytes(20_000)}))
    data[at : at + 4 if value > 0xFFFF else at + 2] = value.to_bytes(4 if value > 0xFFFF else 2, "little")
    with pytest.raises(MalformedError, match="compound file: "):
        Compound(bytes(data))


def test_a_directory_that_runs_in_a_circle_ends():
    storage = SimpleNamespace(name="A", entry_type=1, size=0, clsid="", kids=[])
    storage.kids.append(storage)
    compound = Compound(write_compound({"A": b"x"}))
    compound._file = SimpleNamespace(root=SimpleNamespace(size=0, clsid="", kids=[storage]))
    assert max(len(entry.path) for entry in compound._walk()) == 64
