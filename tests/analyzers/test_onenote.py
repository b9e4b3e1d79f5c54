"""Sections of OneNote, built node by node."""

import random
import struct
import uuid

import pytest

from sekisho.analyzers import _onestore, onenote
from sekisho.analyzers.onenote import MAGIC, analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

SCRIPT = b'WScript.Echo "nothing"\r\n'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
SPACE = uuid.UUID(int=7).bytes_le
NOWHERE = struct.pack("<QI", 0xFFFFFFFFFFFFFFFF, 0)


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def node(kind, body, base=0):
    """A node; references are given as eight bytes of place and four of size."""
    return struct.pack("<I", kind | (4 + len(body)) << 10 | base << 27 | 1 << 31) + body


def string(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def property_set(values):
    """Values are bytes (with their length), ``float`` (four bytes) or lists of object numbers."""
    oids, ids, data = [], b"", b""
    for prid, value in values.items():
        ids += struct.pack("<I", prid)
        if isinstance(value, list):
            oids += value
            data += struct.pack("<I", len(value)) if prid >> 26 & 0x1F == 9 else b""
        elif isinstance(value, float):
            data += struct.pack("<f", value)
        else:
            data += struct.pack("<I", len(value)) + value
    stream = struct.pack("<I", 1 << 31 | len(oids)) + b"".join(struct.pack("<I", n) for n in oids)
    return stream + struct.pack("<H", len(values)) + ids + data


def section(items, files=(), *, packaging=_onestore.REVISION_STORE, extra=()):
    """A section: ``items`` are (number, class, values), ``files`` are (number, bytes)."""
    out = bytearray(MAGIC[0] + bytes(32) + packaging)
    out += bytes(0x400 - len(out))

    def put(chunk):
        out.extend(bytes(-len(out) % 8))
        at = len(out)
        out.extend(chunk)
        return struct.pack("<QI", at, len(chunk))

    def listed(nodes):
        body = (0xA4567AB1F5F7F4C4).to_bytes(8, "little") + bytes(8) + b"".join(nodes) + node(0xFF, b"")
        return put(body + NOWHERE + (0x8BC215C38233BA4B).to_bytes(8, "little"))

    declared = [node(0x22, b""), node(0x24, struct.pack("<I", 0) + SPACE)]
    stored = []
    for number, data in files:
        guid = uuid.UUID(int=0x1000 + number)
        body = _onestore.FILE_HEADER + struct.pack("<QIQ", len(data), 0, 0) + data
        place = put(body + bytes(-len(body) % 8) + _onestore.FILE_FOOTER)
        stored.append(node(0x94, place + guid.bytes_le, 1))
        name = string(f"<ifndf>{{{str(guid).upper()}}}")
        declared.append(node(0x72, struct.pack("<IIB", number, 0x80036, 1) + name + string(".bin")))
    for number, jcid, values in items:
        place = put(property_set(values))
        declared.append(node(0xA4, place + struct.pack("<IIBB", number, jcid, 0, 1), 1))
    groups = listed([*declared, *extra])
    root = listed([node(0xB0, groups + SPACE + bytes(4), 2), node(0x90, listed(stored), 2)])
    out[0xAC : 0xAC + 12] = root
    return bytes(out)


PAGE = [
    (1, 0x20030, {0x1C001CF3: wide("Invoice")}),
    (2, 0x120001, {0x1C001D75: wide("Accounts")}),
    (3, 0x6000E, {0x1C001C22: wide('Double click to view. \ufddfHYPERLINK "https://www.example.com/a"here')}),
    (4, 0x6000E, {0x1C003498: b"plain http://192.0.2.7/b\0"}),
    (
        5,
        0x60035,
        {onenote.FILE_NAME: wide("Invoice.wsf"), onenote.SOURCE_PATH: wide("Z:\\build\\Invoice.wsf"),
         onenote.FILE_CONTAINER: [20], onenote.LEFT: 3.0, onenote.TOP: 4.0},
    ),
    (6, 0x60011, {onenote.PICTURE_CONTAINER: [21], onenote.PICTURE_NAME: wide("button.png"),
                  onenote.LEFT: 2.0, onenote.TOP: 3.0, 0x140034CD: 6.0, 0x140034CE: 2.0}),
]  # fmt: skip
FILES = [(20, SCRIPT), (21, PNG)]


def read(data, name="a.one"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value.raw if isinstance(one.value, Url) else one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_texts_links_and_the_file_under_the_button():
    features, children, error = read(section(PAGE, FILES))
    assert error is None
    assert [(child.name, child.data) for child in children] == [("Invoice.wsf", SCRIPT), ("button.png", PNG)]
    assert features["onenote.title"] == ["Invoice"]
    assert features["onenote.author"] == ["Accounts"]
    assert features["onenote.file"] == ["Invoice.wsf"]
    assert features["onenote.source_path"] == ["Z:\\build\\Invoice.wsf"]
    assert features["onenote.files"] == [1]
    assert features["onenote.pictures"] == [1]
    assert features["onenote.asks_double_click"] == [True]
    assert features["onenote.covered"] == [True]
    assert set(features["url"]) == {"https://www.example.com/a", "http://192.0.2.7/b"}


def test_a_picture_beside_a_file_covers_nothing():
    far = [(5, 0x60035, {**PAGE[4][2], onenote.TOP: 40.0}), PAGE[5]]
    features, _, _ = read(section(far, FILES))
    assert features["onenote.covered"] == [False]
    assert features["onenote.asks_double_click"] == [False]


def test_offsets_of_outlines_add_up():
    held = {key: value for key, value in PAGE[4][2].items() if key not in (onenote.LEFT, onenote.TOP)}
    outline = (9, 0x6000C, {onenote.LEFT: 3.0, onenote.TOP: 4.0, 0x24001C20: [5]})
    features, _, _ = read(section([(5, 0x60035, held), PAGE[5], outline], FILES))
    assert features["onenote.covered"] == [True]


def test_broken_lists_leave_the_stored_files():
    data = bytearray(section(PAGE, FILES))
    data[0xAC:0xB4] = (0x400).to_bytes(8, "little")
    features, children, error = read(bytes(data))
    assert isinstance(error, MalformedError)
    assert [child.data for child in children] == [SCRIPT, PNG]
    assert children[0].name == "Invoice.wsf"  # the only file name that stands in it
    assert children[1].name == "file2.png"
    assert "onenote.title" not in features


def test_a_cut_file_gives_what_is_there():
    whole = section([], [(20, SCRIPT * 50)])
    cut = whole[: whole.index(SCRIPT) + 100]
    _, children, error = read(cut)
    assert isinstance(error, MalformedError)
    assert (SCRIPT * 50).startswith(children[0].data)
    assert len(children[0].data) == 100


def test_overlapping_files_are_bounded():
    head = _onestore.FILE_HEADER + struct.pack("<QIQ", 1 << 20, 0, 0)
    _, _, error = read(MAGIC[0] + bytes(0x400) + head * 30_000)
    assert error.limit == "unpacked_bytes"


def test_other_packaging_is_named():
    _, _, error = read(section([], packaging=_onestore.CLOUD_PACKAGE))
    assert "cloud" in str(error)


def test_a_section_with_a_password():
    key = node(0x7C, struct.pack("<QI", 0, 0), 1)
    features, children, _ = read(section(PAGE[4:5], [(20, random.Random(1).randbytes(3_000))], extra=[key]))
    assert features["onenote.encrypted"] == [True]
    assert children[0].unscanned.startswith("encrypted")


@pytest.mark.parametrize("text", ["ダブルクリックして表示", "Bitte Doppelklicken", "Double-click here"])
def test_asking_for_a_double_click(text):
    assert read(section([(3, 0x6000E, {0x1C001C22: wide(text)})]))[0]["onenote.asks_double_click"] == [True]


def test_only_foreseen_errors_come_out_of_broken_sections():
    dice = random.Random(7)
    seed = section(PAGE, FILES)
    for _ in range(400):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(0xAC, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(0x30, len(data) + 1)]))
