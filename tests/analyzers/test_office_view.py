"""What a reader sees of Office documents."""

import os
import random
import struct
from pathlib import Path

import pytest

from sekisho.analyzers._office_lures import lures
from sekisho.analyzers.office_view import ALMOST_NO_TEXT, LARGE_BYTES, PICTURES, analyze
from sekisho.app.examine import analyse
from sekisho.app.lab.cfb import write_compound
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from tests.analyzers.test_image import LINK, drawn, saved
from tests.analyzers.test_ooxml import W, pack

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CODE = saved(drawn())
LARGE = CODE + bytes(LARGE_BYTES)


def read(data, name="a.docx"):
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


def found(text):
    return {feature.name for feature in lures(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Please click “Enable Content” to view",
        'You have to press "ENABLE EDITING" and "ENABLE CONTENT" buttons',
        "If the content is unreadable: macros must be enabled",
        "「コンテンツの有効化」をクリックしてください",
        "[編集を有効にする] を押し、マクロを有効にしてください",
        'klicken Sie auf "Inhalte aktivieren"',
        "cliquez sur « Activer le contenu »",
        "Haga clic en Habilitar contenido",
        "clicca su Abilita contenuto",
        "Clique em Habilitar Edição",
        "klik op Inhoud inschakelen",
        "нажмите «Включить содержимое»",
        "点击“启用内容”",
        "Ena\u200bble\u00a0Content",
    ],
)
def test_requests_to_let_macros_run(text):
    assert found(text) == {"lure.enable_content"}


@pytest.mark.parametrize(
    "text",
    [
        "This document was created in an earlier version of Microsoft Office Word. Click Enable Content",
        "This document is protected. Enable editing",
        "Document created in online version. To view: enable content",
        "このファイルは以前のバージョンの Word で作成されました。コンテンツの有効化を押してください",
        "保護ビューを解除し、編集を有効にする",
    ],
)
def test_requests_with_a_pretext(text):
    assert found(text) == {"lure.enable_content", "lure.pretext"}


@pytest.mark.parametrize(
    "text",
    [
        "RELAUNCH REQUIRED: copy the file to the following folder and run it again: C:\\Program Files\\Microsoft Office\\Templates",
        "Add this folder to Trusted Locations",
        "Right click the file, Properties, tick Unblock",
        "信頼できる場所にコピーしてください",
    ],
)
def test_requests_to_get_round_the_mark_of_the_web(text):
    assert "lure.trusted_location" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The content of this chapter is protected by copyright. All editing rights reserved.",
        "This workbook has macros for the monthly report; it was made with Excel 2010.",
        "契約書の内容を確認し、編集してください。本契約は有効である。",
        "This document is protected by law. View this document in the office.",
        "",
    ],
)
def test_everyday_speech(text):
    assert found(text) == set()


def document(*runs, **parts):
    text = "".join(f'<w:r><w:t xml:space="preserve">{run}</w:t></w:r>' for run in runs)
    return pack({"word/document.xml": f"<w:document {W}><w:body><w:p>{text}</w:p></w:body></w:document>", **parts})


def test_a_lure_in_pieces_of_formatting():
    features, children, error = read(document("Click Ena", "ble Con", "tent &amp; wait"))
    assert (children, error) == ([], None)
    assert features["lure.enable_content"] == ["click enable content & wait"]
    assert features["office.text_chars"] == [23]


@pytest.mark.parametrize(
    "parts",
    [
        {"word/header1.xml": "<w:hdr><w:p><w:r><w:t>enable content</w:t></w:r></w:p></w:hdr>"},
        {"xl/sharedStrings.xml": "<sst><si><t>enable content</t></si></sst>"},
        {"xl/sharedStrings.bin": "..enable content".encode("utf-16-le")},
        {"xl/worksheets/sheet1.xml": '<c t="inlineStr"><is><t>enable content</t></is></c>'},
        {"xl/drawings/drawing1.xml": "<a:p><a:r><a:t>enable </a:t></a:r><a:r><a:t>content</a:t></a:r></a:p>"},
        {"ppt/slides/slide1.xml": "<a:p><a:r><a:t>Enable content</a:t></a:r></a:p>"},
        {"content.xml": "<text:p>enable <text:span>content</text:span></text:p>"},
        {"word/document.xml": "<w:p><w:r><w:t>enable content</w:t></w:r></w:p>".encode("utf-16")},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_places_in_a_package(parts):
    assert "lure.enable_content" in read(pack(parts))[0]


def record(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def blip(data, kind=0xF01E):
    return struct.pack("<HHI", 0x6E00, kind, len(data) + 17) + bytes(16) + b"\xff" + data


def word(text=b"", data=b""):
    stream = bytearray(0x600)
    stream[0x18:0x1C] = struct.pack("<I", 0x600)
    stream[0x4C:0x50] = struct.pack("<i", len(text))
    return write_compound({"WordDocument": bytes(stream) + text, "Data": data or b"\0"})


def test_compound_documents():
    features, children, error = read(word(b"enable content", b"\1\2" + blip(LARGE)))
    assert error is None
    assert features["lure.enable_content"]
    assert features["office.picture_only"] == [True]
    assert [(child.name, child.data) for child in children] == [("picture1.png", LARGE)]
    assert "lure.enable_content" in read(word("コンテンツの有効化".encode("utf-16-le")))[0]

    strings = record(0xFC, bytes(8) + b"\x0e\0\0enable content")
    picture = blip(CODE)
    drawing = record(0xEB, picture[:300]) + record(0x3C, picture[300:])
    features, children, _ = read(write_compound({"Workbook": record(0x809, b"\0\6\5\0") + strings + drawing}))
    assert features["lure.enable_content"]
    assert [child.data for child in children] == [CODE]

    atom = "enable content".encode("utf-16-le")
    slides = struct.pack("<HHI", 0, 0x0FA0, len(atom)) + atom
    jpeg = saved(drawn(), "JPEG")
    features, children, _ = read(write_compound({"PowerPoint Document": slides, "Pictures": blip(jpeg, 0xF01D)}))
    assert features["lure.enable_content"]
    assert [child.name for child in children] == ["picture1.jpg"]


def test_rich_text():
    body = b"{\\rtf1\\ansi This document is protected.\\par {\\b Ena}ble \\i content\\par"
    picture = b"{\\pict{\\*\\picprop}\\picw100\\pngblip\n" + CODE.hex().encode() + b"}"
    features, children, error = read(body + picture + b"}", "a.doc")
    assert error is None
    assert {"lure.enable_content", "lure.pretext"} <= set(features)
    assert [child.data for child in children] == [CODE]
    japanese = "".join(f"\\u{ord(letter)}?" for letter in "コンテンツの有効化").encode()
    assert "lure.enable_content" in read(b"{\\rtf1 " + japanese + b"}")[0]


def test_pictures_are_read_as_pictures():
    data = document("Scan", **{"word/media/image1.png": CODE, "word/media/image2.emf": b"\1\0\0\0"})
    result = analyse(Artifact("a.docx", data, "a.docx"))
    (child,) = result.children
    assert analyse(child).analysis.first("qr.text") == LINK


def test_nothing_but_a_picture():
    only = document("Invoice", **{"word/media/image1.png": LARGE})
    assert read(only)[0]["office.picture_only"] == [True]
    assert (
        "office.picture_only" not in read(document("x" * (ALMOST_NO_TEXT + 1), **{"word/media/image1.png": LARGE}))[0]
    )
    assert "office.picture_only" not in read(document("Invoice", **{"word/media/image1.png": CODE}))[0]
    numbers = "<c><v>1</v></c>" * ALMOST_NO_TEXT
    table = pack({"xl/worksheets/sheet1.xml": f"<row>{numbers}<is><t>all</t></is></row>", "xl/media/image1.png": LARGE})
    assert "office.picture_only" not in read(table)[0]


def test_more_pictures_than_are_handed_on():
    many = {f"word/media/image{number}.png": CODE for number in range(PICTURES + 3)}
    _, children, error = read(document("Album", **many))
    assert len(children) == PICTURES
    assert isinstance(error, LimitError)


def test_only_foreseen_errors_come_out_of_broken_documents():
    dice = random.Random(3)
    seeds = [
        word(b"enable content", blip(CODE)),
        document("enable content", **{"word/media/image1.png": CODE}),
        b"{\\rtf1 enable \\u12354? \\'e9 content{\\pict\\pngblip " + CODE.hex().encode() + b"}}",
    ]
    for _ in range(150):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(5, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(len(data) // 2, len(data) + 1)]))


@pytest.mark.shared
def test_real_harmless_documents_ask_for_nothing():
    folder = SHARED / "fixtures" / "oletools"
    if not folder.exists():
        pytest.skip("no shared data")
    asking = set()
    for path in folder.rglob("*"):
        if path.is_file() and os.path.getsize(path) < 5_000_000:
            data = path.read_bytes()
            if data.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0", b"{\\rt")):
                try:
                    features = {
                        one.name for one in analyze(Artifact(path.name, data, path.name)) if isinstance(one, Feature)
                    }
                except MalformedError:
                    continue
                if "lure.enable_content" in features:
                    asking.add(path.name)
    assert asking == {"issue_251.rtf"}  # an exploit that does ask
