"""LZH archives: made by LHa from harmless bytes, and by a writer of stored members here."""

import base64
import random
import struct

import pytest

from sekisho.analyzers._lzh_unpack import Symbols, unpack
from sekisho.analyzers.lzh import analyze, crc16, is_lzh
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

TEXT = b"".join(b"line %d of a harmless list\r\n" % number for number in range(60))
PACKED = {  # by LHa for UNIX 1.14i from TEXT
    "lh5_0": (
        "HmctbGg1LaYAAACGBgAAFzh8XSAACGxpc3QudHh0hbMAjFNxoVajVfSa+XEAFXgnqGY6T6sj948t1oHjAAAgIXMcet05J77psnjb55xvnKY4"
        "z910/VLVTVU9VRVU1VzqrpVXWqux3KwcA9QIKBFQJKBNQKKBVQLKBdgLteE4F2AuwF2AuwF2AuwF2Au4F3Au96gAXcC7gXcC7gXcC7gXgC8A"
        "XgC8X4sgXgC8AXgC8AXgC8gXkC8gXkC8365AXkC8gXkC8/wuIR4tbGg1LaYAAACGBgAAoT58XSAAC2RkXGxpc3QudHh0hbMAjFNxoVajVfSa"
        "+XEAFXgnqGY6T6sj948t1oHjAAAgIXMcet05J77psnjb55xvnKY4z910/VLVTVU9VRVU1VzqrpVXWqux3KwcA9QIKBFQJKBNQKKBVQLKBdgL"
        "teE4F2AuwF2AuwF2AuwF2Au4F3Au96gAXcC7gXcC7gXcC7gXgC8AXgC8X4sgXgC8AXgC8AXgC8gXkC8gXkC8365AXkC8gXkC8/wuAA=="
    ),
    "lh5_1": (
        "IXItbGg1LasAAACGBgAAFzh8XSABCGxpc3QudHh0hbMABQAA2qgAAACMU3GhVqNV9Jr5cQAVeCeoZjpPqyP3jy3WgeMAACAhcxx63Tknvumy"
        "eNvnnG+cpjjP3XT9UtVNVT1VFVTVXOqulVdaq7HcrBwD1AgoEVAkoE1AooFVAsoF2Au14TgXYC7AXYC7AXYC7AXYC7gXcC73qABdwLuBdwLu"
        "BdwLuBeALwBeALxfiyBeALwBeALwBeALyBeQLyBeQLzfrkBeQLyBeQLz/C4hCC1saDUtsQAAAIYGAAChPnxdIAEIbGlzdC50eHSFswAFAAD2"
        "8AYAAmRk/wAAAIxTcaFWo1X0mvlxABV4J6hmOk+rI/ePLdaB4wAAICFzHHrdOSe+6bJ42+ecb5ymOM/ddP1S1U1VPVUVVNVc6q6VV1qrsdys"
        "HAPUCCgRUCSgTUCigVUCygXYC7XhOBdgLsBdgLsBdgLsBdgLuBdwLveoAF3Au4F3Au4F3Au4F4AvAF4AvF+LIF4AvAF4AvAF4AvIF5AvIF5A"
        "vN+uQF5AvIF5AvP8LgA="
    ),
    "lh5_2": (
        "KgAtbGg1LaYAAACGBgAAH3wKayAChbMABQAAe5ELAAFsaXN0LnR4dAAAAIxTcaFWo1X0mvlxABV4J6hmOk+rI/ePLdaB4wAAICFzHHrdOSe+"
        "6bJ42+ecb5ymOM/ddP1S1U1VPVUVVNVc6q6VV1qrsdysHAPUCCgRUCSgTUCigVUCygXYC7XhOBdgLsBdgLsBdgLsBdgLuBdwLveoAF3Au4F3"
        "Au4F3Au4F4AvAF4AvF+LIF4AvAF4AvAF4AvIF5AvIF5AvN+uQF5AvIF5AvP8LjAALWxoNS2mAAAAhgYAAF+ICmsgAoWzAAUAACCaCwABbGlz"
        "dC50eHQGAAJkZP8AAACMU3GhVqNV9Jr5cQAVeCeoZjpPqyP3jy3WgeMAACAhcxx63TknvumyeNvnnG+cpjjP3XT9UtVNVT1VFVTVXOqulVda"
        "q7HcrBwD1AgoEVAkoE1AooFVAsoF2Au14TgXYC7AXYC7AXYC7AXYC7gXcC73qABdwLuBdwLuBdwLuBeALwBeALxfiyBeALwBeALwBeALyBeQ"
        "LyBeQLzfrkBeQLyBeQLz/C4A"
    ),
    "lh6": (
        "KgAtbGg2LaYAAACGBgAAH3wKayAChbMABQAAXGELAAFsaXN0LnR4dAAAAIxTcaFWo1X0mvlxABV4J6hmOk+rI/ePLdaB4YAAEBC5jj1unJPf"
        "dNk8bfPON85THGfuun6paqaqnqqKqmqudVdKq61V2O5WDgHqBBQIqBJQJqBRQKqBZQLsBdrwnAuwF2AuwF2AuwF2AuwF3Au4F3vUAC7gXcC7"
        "gXcC7gXcC8AXgC8AXi/FkC8AXgC8AXgC8AXkC8gXkC8gXm/XIC8gXkC8gXn+FwA="
    ),
    "lh7": (
        "KgAtbGg3LaYAAACGBgAAH3wKayAChbMABQAAQPELAAFsaXN0LnR4dAAAAIxTcaFWo1X0mvlxABV4J6hmOk+rI/ePLdaB4YAAEBC5jj1unJPf"
        "dNk8bfPON85THGfuun6paqaqnqqKqmqudVdKq61V2O5WDgHqBBQIqBJQJqBRQKqBZQLsBdrwnAuwF2AuwF2AuwF2AuwF3Au4F3vUAC7gXcC7"
        "gXcC7gXcC8AXgC8AXi/FkC8AXgC8AXgC8AXkC8gXkC8gXm/XIC8gXkC8gXn+FygALWxoZC0AAAAAAAAAAF+ICmsgAgAAAAUAABapAwABBgAC"
        "ZGT/AAAwAC1saDctpgAAAIYGAABfiAprIAKFswAFAACkGQsAAWxpc3QudHh0BgACZGT/AAAAjFNxoVajVfSa+XEAFXgnqGY6T6sj948t1oHh"
        "gAAQELmOPW6ck9902Txt8843zlMcZ+66fqlqpqqeqoqqaq51V0qrrVXY7lYOAeoEFAioElAmoFFAqoFlAuwF2vCcC7AXYC7AXYC7AXYC7AXc"
        "C7gXe9QALuBdwLuBdwLuBdwLwBeALwBeL8WQLwBeALwBeALwBeQLyBeQLyBeb9cgLyBeQLyBef4XAA=="
    ),
}


def made(name):
    return base64.b64decode(PACKED[name])


def member(name, data, *, level=0, method=b"-lh0-", size=None, extra=(), crc=None):
    """One stored member; ``extra`` are (kind, bytes) of levels 1 and 2."""
    size = len(data) if size is None else size
    crc = crc16(data) if crc is None else crc
    chain = b"".join(struct.pack("<H", len(one) + 3) + bytes([kind]) + one for kind, one in extra) + b"\0\0"
    if level == 2:
        body = struct.pack("<II", len(data), size) + bytes(4) + b"\x20\2" + struct.pack("<H", crc) + b"M" + chain
        whole = struct.pack("<H", 2 + len(method) + len(body)) + method + body
        return whole + data
    skip = len(data) + (len(chain) - 2 if level == 1 else 0)
    body = method + struct.pack("<II", skip, size) + bytes(4) + bytes([0x20, level, len(name)]) + name
    body += struct.pack("<H", crc) + (b"M" if level == 1 else b"")
    length = len(body) + (2 if level == 1 else 0)
    return bytes([length, 0]) + body + (chain if level == 1 else b"") + data


def read(data, name="a.lzh"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, {child.name: child for child in children}, error


@pytest.mark.parametrize("name", PACKED)
def test_members_of_each_method_and_level(name):
    assert is_lzh(Artifact("a", made(name), "a"))
    features, children, error = read(made(name))
    assert error is None
    assert features["archive.method"][0] == name[:3]
    assert features["archive.encrypted"] == [False]
    assert "archive.crc_mismatch" not in features
    wanted = {"list.txt": TEXT} if name == "lh6" else {"list.txt": TEXT, "dd/list.txt": TEXT}
    assert {name: child.data for name, child in children.items()} == wanted


@pytest.mark.parametrize("level", [0, 1, 2])
def test_names_in_shift_jis(level):
    raw = "請求書.exe".encode("cp932")
    extra = ((1, raw), (2, "表".encode("cp932") + b"\xff")) if level else ()
    features, children, error = read(member(raw, TEXT, level=level, extra=extra) + b"\0")
    assert error is None
    assert features["archive.member"] == ["表/請求書.exe" if level else "請求書.exe"]
    assert next(iter(children.values())).data == TEXT


def test_unicode_names_go_first():
    extra = ((1, b"x"), (0x44, "日本.lnk".encode("utf-16-le")), (0x45, "a\uffff".encode("utf-16-le")))
    assert read(member(b"", TEXT, level=2, extra=extra) + b"\0")[0]["archive.member"] == ["a/日本.lnk"]


def test_names_that_leave_the_folder_and_bytes_behind_the_end():
    features, children, error = read(member(b"..\\..\\x.lnk", TEXT) + b"\0appended")
    assert error is None
    assert features["archive.traversal"] == ["../../x.lnk"]
    assert features["archive.trailing_bytes"] == [8]
    assert children["trailing"].data == b"appended"


def test_what_is_not_read_is_named_and_the_rest_still_read():
    data = member(b"a", TEXT, method=b"-lh1-") + member(b"b", TEXT) + b"\0"
    _, children, error = read(data)
    assert children["a"].unscanned == error.what == "compression method lh1 is not read"
    assert children["b"].data == TEXT


def test_a_level_that_is_not_read_is_told():
    data = bytearray(member(b"a", TEXT))
    data[20] = 3
    assert is_lzh(Artifact("a", bytes(data), "a"))
    assert isinstance(read(bytes(data))[2], MalformedError)


def test_a_wrong_checksum_is_told():
    data = bytearray(member(b"a", TEXT) + b"\0")
    data[-3] ^= 1
    assert read(bytes(data))[0]["archive.crc_mismatch"] == ["a"]


def test_cut_archives_keep_what_came_before():
    data = member(b"a", TEXT) + member(b"b", TEXT)
    _, children, error = read(data[:-100])
    assert isinstance(error, MalformedError)
    assert children["a"].data == TEXT
    assert children["b"].unscanned


def test_bombs_are_named():
    _, children, error = read(member(b"a", bytes(51 * MIB), crc=0) + member(b"b", TEXT) + b"\0")
    assert (error.limit, children["b"].data) == ("member_bytes", TEXT)
    # One code word of no bits: a literal without end.
    forever = bytes.fromhex("ffff") + bytes(60)
    with pytest.raises((MalformedError, LimitError)):
        list(unpack(forever, "lh5", 1 << 31, Symbols(100_000)))
    _, children, error = read(member(b"a", b"", method=b"-lh5-", size=0xFFFFFFFF) + b"\0")
    assert isinstance(error, MalformedError)
    assert children["a"].unscanned


def test_text_is_no_archive():
    assert not is_lzh(Artifact("a", b"it-left-is text that goes on and on", "a"))
    assert not is_lzh(Artifact("a", b"", "a"))


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(14)
    seeds = [*map(made, PACKED), member(b"a", TEXT, level=1, extra=((1, b"n"), (2, b"p\xff"))) + b"\0"]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(min(len(data), 200))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        read(bytes(data[: dice.randrange(22, len(data) + 1)]))
