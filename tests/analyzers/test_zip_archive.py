"""ZIP archives made here, with zipfile, pyzipper, and an encrypter of the traditional cipher."""

import base64
import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper

try:
    from compression import zstd
except ImportError:
    from backports import zstd

from sekisho.analyzers import _zip_crypto as crypto
from sekisho.analyzers.zip_archive import FEATURES, analyze, is_zip
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LNK = b"L\0\0\0" + b"shortcut" * 200


def make_zip(members, method=zipfile.ZIP_DEFLATED, comment=b""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2022, 4, 25, 0, 0, 0)), data, method)
    return buffer.getvalue()


def make_aes(members, password, bits=256, version=None):
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=8, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        archive.setencryption(pyzipper.WZ_AES, nbits=bits, force_wz_aes_version=version)
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def encrypt_traditional(data, password):
    key0, key1, key2 = crypto.traditional_keys(password)
    out = bytearray()
    for byte in data:
        out.append(byte ^ crypto.STREAM[key2 & 0xFFFF])
        key0 = key0 >> 8 ^ crypto.CRC[(key0 ^ byte) & 0xFF]
        key1 = ((key1 + (key0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        key2 = key2 >> 8 ^ crypto.CRC[(key2 ^ key1 >> 24) & 0xFF]
    return bytes(out)


def raw_zip(members, *, central=True, extra=b""):
    """Members as (raw name, data, flags, password or None), with sizes in a descriptor when flag 8 is set."""
    body, directory = b"", b""
    for name, data, flags, password in members:
        deflater = zlib.compressobj(wbits=-15)
        packed = deflater.compress(data) + deflater.flush()
        crc, time = zlib.crc32(data), 0x5A00
        if password is not None:
            check = (time if flags & 8 else crc >> 16) >> 8 & 0xFF
            packed = encrypt_traditional(bytes(11) + bytes([check]) + packed, password)
        sizes = struct.pack("<III", crc, len(packed), len(data))
        local_sizes = bytes(12) if flags & 8 else sizes
        common = struct.pack("<HHHH", flags, 8, time, 0x5499)
        at = len(body)
        body += b"PK\3\4" + struct.pack("<H", 20) + common + local_sizes + struct.pack("<HH", len(name), 0) + name
        body += packed + (b"PK\7\x08" + sizes if flags & 8 else b"")
        directory += b"PK\1\2" + struct.pack("<HH", 20, 20) + common + sizes
        directory += struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, at) + name + extra
    if not central:
        return body
    count = len(members)
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)


def read(data, passwords=(), name="a.zip"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name, passwords=passwords)):
            if isinstance(one, Feature):
                assert one.name in FEATURES
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, {child.name: child for child in children}, error


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_of_each_method(method):
    features, children, error = read(make_zip([("請求書.lnk", LNK), ("空.txt", b""), ("d/", b"")], method))
    assert error is None
    assert features["archive.member"] == ["請求書.lnk", "空.txt", "d/"]
    assert features["archive.encrypted"] == [False]
    assert {name: child.data for name, child in children.items()} == {"請求書.lnk": LNK, "空.txt": b""}
    assert children["請求書.lnk"].relation == "member"


DEFLATE64 = (  # by 7-Zip 16.02
    "UEsDBBUAAAAJABg4fF0QYibaHgEAAHADAAAIAAAAY29kZS5leGUtyC84A3EAx+FLk0xBuptgCWmSJaRJVoY0yRLSJEssTTlLo5jC0iimsDSK"
    "KSyNYsrd0ijbyv48v883vc/zugmvP2dZbsL/N0xl20bvl/3WNth39lVbZR/Ze22JvWYvtXn2jM1qM+wRe6hNsbvsjjbObrDr2ii7zC5pw6zD"
    "zmqD7ARraXshs38Gvx1iW+wX29DW2Re2qq2wd2xJW2Qv2Lw2x56yGW2aPWBT2iS7zca1MXaNjWoj7CIb1trsDBvUBtihY7bnsB2j57MtbZP9"
    "ZOvaGvvMVrRl9pYtagvsOZvTnrDHbFq7z+6xSe0Wu8nGtKvsChvRLrDzrK2dZifZgHZgm+0a/I7NeuwP29R+sG9sTfvEPrBl7Q17xRa07tgR"
    "UEsDBBUAAAAJABg4fF1kYEOanQAAAIYGAAAIAAAAbGlzdC50eHR91DkOAjEMQNEeiTvkCFm8zXGmGMRIASTC/YVEjX/9qvzYnufzKLW8bmUv"
    "9/39mMdaZZ7rc738qOXUcxo5SU6ak+XkOUVOGzyZcjSwDjbABEzBDMzBAmyD/65gNCcdbIAJmIIZmIMFGHQZFayB0QINMAFTMANzsACDLlLB"
    "GlgHo8siYApmYA4WYNBFK1gD62ADjE6ughmYgwXY/y5fUEsBAj8DFQAAAAkAGDh8XRBiJtoeAQAAcAMAAAgAJAAAAAAAAAAggKSBAAAAAGNv"
    "ZGUuZXhlCgAgAAAAAAABABgAN+EyMgZ/3QEAAAAAAAAAAAAAAAAAAAAAUEsBAj8DFQAAAAkAGDh8XWRgQ5qdAAAAhgYAAAgAJAAAAAAAAAAg"
    "gKSBRAEAAGxpc3QudHh0CgAgAAAAAAABABgAadwyMgZ/3QEAAAAAAAAAAAAAAAAAAAAAUEsFBgAAAAACAAIAtAAAAAcCAAAAAA=="
)


def test_deflate64():
    features, children, error = read(base64.b64decode(DEFLATE64))
    assert error is None
    assert features["archive.method"] == ["deflate64"]
    assert children["list.txt"].data == b"".join(b"line %d of a harmless list\r\n" % one for one in range(60))
    assert len(children["code.exe"].data) == 880
    assert "archive.crc_mismatch" not in features


@pytest.mark.parametrize("method", [20, 93])
def test_zstandard(method):
    data = zstd.compress(LNK)
    common = struct.pack("<HHHHIII", 0, method, 0, 0x5499, zlib.crc32(LNK), len(data), len(LNK))
    body = b"PK\3\4\x14\0" + common + struct.pack("<HH", 5, 0) + b"a.lnk" + data
    central = b"PK\1\2\x14\0\x14\0" + common + struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + b"a.lnk"
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(body), 0)
    features, children, error = read(body + central + end)
    assert error is None
    assert features["archive.method"] == ["zstd"]
    assert children["a.lnk"].data == LNK


def test_names_that_leave_the_folder_and_disguised_folders():
    names = ["..\\Startup\\x.lnk", "report.pdf ", "report.pdf /report.pdf .cmd"]
    features, _, _ = read(make_zip([(name, b"x") for name in names]))
    assert features["archive.traversal"] == names[:1]
    assert features["archive.folder_as_file"] == ["report.pdf"]


@pytest.mark.parametrize("flags", [0x01, 0x09])
@pytest.mark.parametrize("password", ["W4ALLD", "infected"])
def test_traditional_cipher(flags, password):
    data = raw_zip([(b"form.doc.lnk", LNK, flags, password.encode())])
    features, children, error = read(data, ("wrong", "W4ALLD"))
    assert error is None
    assert features["archive.encryption"] == ["zipcrypto"]
    assert features["archive.password"] == [password]
    assert children["form.doc.lnk"].data == LNK
    assert children["form.doc.lnk"].passwords[0] == password
    with zipfile.ZipFile(io.BytesIO(data)) as archive:  # the encrypter here is right too
        assert archive.read("form.doc.lnk", password.encode()) == LNK


def test_traditional_cipher_agrees_with_zipfile_on_all_bytes():
    data = bytes(range(256)) * 40
    plain, _ = crypto.decrypt_traditional(
        encrypt_traditional(data, b"\x82\xa0!"), crypto.traditional_keys(b"\x82\xa0!")
    )
    assert plain == data


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("version", [1, 2])
def test_aes(bits, version):
    features, children, error = read(make_aes([("x.lnk", LNK)], b"gMZLBKgKO", bits, version), ("a", "gMZLBKgKO"))
    assert error is None
    assert features["archive.encryption"] == [f"aes-{bits}"]
    assert features["archive.method"] == ["deflate"]
    assert children["x.lnk"].data == LNK


@pytest.mark.parametrize("raw", ["パスワード".encode("cp932"), "パスワード".encode()])
def test_japanese_passwords_in_either_encoding(raw):
    assert read(make_aes([("x.lnk", LNK)], raw), ("パスワード",))[1]["x.lnk"].data == LNK


def test_full_width_password_is_folded():
    assert read(make_aes([("x", LNK)], b"abc123x"), ("ａｂｃ１２３ｘ",))[1]["x"].data == LNK


@pytest.mark.parametrize("data", [make_aes([("x.lnk", LNK)], b"@"), raw_zip([(b"x.lnk", LNK, 1, b"@")])])
def test_names_are_read_and_members_marked_when_no_password_fits(data):
    features, children, error = read(data, ("one", "two"))
    assert error is None
    assert features["archive.member"] == ["x.lnk"]
    assert features["archive.encrypted"] == [True]
    assert children["x.lnk"].data == b""
    assert children["x.lnk"].unscanned == "encrypted: no password found (22 tried)"
    assert "archive.password" not in features


@pytest.mark.parametrize(
    ("raw", "flags", "name"),
    [
        ("請求書.lnk".encode("cp932"), 0, "請求書.lnk"),
        ("ﾃｽﾄ.doc".encode("cp932"), 0, "ﾃｽﾄ.doc"),
        ("請求書.lnk".encode(), 0, "請求書.lnk"),
        ("請求書.lnk".encode(), 0x800, "請求書.lnk"),
        ("Müller.doc".encode("cp437"), 0, "Müller.doc"),
        (b"..\\..\\Startup\\x.lnk", 0, "..\\..\\Startup\\x.lnk"),
    ],
)
def test_names_without_a_declared_encoding(raw, flags, name):
    assert list(read(raw_zip([(raw, b"x", flags, None)]))[1]) == [name]


def test_unicode_path_field_counts_when_its_checksum_holds():
    raw = b"INVOIC~1.LNK"
    for crc, name in ((zlib.crc32(raw), "請求.lnk"), (1, "INVOIC~1.LNK")):
        field = b"\x01" + struct.pack("<I", crc) + "請求.lnk".encode()
        extra = struct.pack("<HH", 0x7075, len(field)) + field
        features, _, _ = read(raw_zip([(raw, b"x", 0, None)], extra=extra))
        assert features["archive.member"] == [name]


def test_bytes_before_and_after():
    data = b"MZ" + bytes(510) + make_zip([("a.txt", b"a")]) + b"appended"
    assert is_zip(Artifact("a.exe", data, "a"))
    features, children, error = read(data)
    assert error is None
    assert features["archive.prefix_bytes"] == [512]
    assert features["archive.trailing_bytes"] == [8]
    assert children["a.txt"].data == b"a"
    assert (children["trailing"].data, children["trailing"].relation) == (b"appended", "overlay")


@pytest.mark.parametrize("flags", [0, 8])
def test_members_are_carved_without_a_directory(flags):
    data = raw_zip([(b"a.lnk", LNK, flags, None), (b"b.txt", b"text", flags, None)], central=False)
    features, children, error = read(data)
    assert isinstance(error, MalformedError)
    assert {name: child.data for name, child in children.items()} == {"a.lnk": LNK, "b.txt": b"text"}
    assert "archive.hidden_member" not in features


def test_member_that_the_directory_hides():
    hidden = raw_zip([(b"hidden.lnk", LNK, 0, None)], central=False)
    features, children, _ = read(hidden + make_zip([("shown.txt", b"harmless")]))
    assert features["archive.hidden_member"] == ["hidden.lnk"]
    assert children["hidden.lnk"].data == LNK
    assert children["shown.txt"].data == b"harmless"


def test_archive_inside_an_archive_is_not_carved():
    inner = make_zip([("inner.txt", b"x")])
    features, children, error = read(make_zip([("inner.zip", inner)], zipfile.ZIP_STORED))
    assert error is None
    assert list(children) == ["inner.zip"]
    assert "archive.hidden_member" not in features


def test_headers_that_disagree():
    data = bytearray(make_zip([("good.txt", b"x" * 50)]))
    data[data.index(b"good.txt") : data.index(b"good.txt") + 8] = b"evil.lnk"
    features, children, _ = read(bytes(data))
    assert features["archive.mismatch"] == ["good.txt: name 'evil.lnk' in the local header"]
    assert "good.txt" in children


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_and_comment():
    features, _, _ = read(make_zip([("a", b"1"), ("a", b"2")], comment="パスワード".encode("cp932")))
    assert features["archive.duplicate"] == ["a"]
    assert features["archive.comment"] == ["パスワード"]


def test_wrong_checksum_is_told():
    data = bytearray(make_zip([("a.txt", b"hello")], zipfile.ZIP_STORED))
    data[data.index(b"hello")] ^= 1
    features, children, _ = read(bytes(data))
    assert features["archive.crc_mismatch"] == ["a.txt"]
    assert children["a.txt"].data == b"iello"


def test_unread_method_is_named():
    data = bytearray(make_zip([("a.bin", b"x" * 99)]))
    for mark, skip in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = data.index(mark) + skip
        data[at : at + 2] = struct.pack("<H", 98)
    features, children, error = read(bytes(data))
    assert features["archive.method"] == ["ppmd"]
    assert children["a.bin"].unscanned == "compression method ppmd is not read"
    assert isinstance(error, MalformedError)


def test_a_member_too_large_is_named_and_the_next_one_read():
    features, children, error = read(make_zip([("bomb", bytes(51 * MIB)), ("small", b"x")]))
    assert features["archive.members"] == [2]
    assert children["bomb"].unscanned == "limit reached: member_bytes = 5.24288e+07"
    assert children["small"].data == b"x"
    assert error.limit == "member_bytes"


def test_too_many_members():
    _, children, error = read(make_zip([(f"{number}.txt", b"") for number in range(1_005)]))
    assert len(children) == 1_000
    assert error.limit == "children"


def test_traditional_cipher_has_a_budget():
    data = bytearray(make_zip([("x", bytes(6 * MIB)), ("y", b"y")], zipfile.ZIP_STORED))
    for mark, skip in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + skip] = 1
    _, children, error = read(bytes(data))
    assert children["x"].unscanned == "limit reached: traditional_cipher_bytes = 5.24288e+06"
    assert children["y"].data == b"y"
    assert error.limit == "traditional_cipher_bytes"


def test_bombs_are_not_unpacked_for_ever():
    """A thousand members over the same bytes: four are inflated up to the cap."""
    deflater = zlib.compressobj(wbits=-15)
    packed = deflater.compress(bytes(51 * MIB)) + deflater.flush()
    body = b"PK\3\4" + struct.pack("<5H3I2H", 20, 0, 8, 0, 0, 0, len(packed), 0, 1, 0) + b"a" + packed
    entry = b"PK\1\2" + struct.pack("<6H3I5H2I", 20, 20, 0, 8, 0, 0, 0, len(packed), 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 999, 999, 999 * len(entry), len(body), 0)
    features, children, error = read(body + entry * 999 + end)
    assert features["archive.members"] == [999]
    assert children["a"].unscanned == "limit reached: unpacked_bytes = 0"
    assert error.limit == "member_bytes"


def test_many_members_without_a_password_end_soon():
    data = raw_zip([(b"%d.lnk" % number, b"x", 1, b"?") for number in range(900)])
    _, children, _ = read(data, tuple(map(str, range(40))))
    assert all(child.unscanned for child in children.values())


def test_crowds_of_signatures_end_soon():
    for crowd in (
        b"PK\3\4",
        b"PK\5\6" + bytes(18),
        b"PK\3\4" + struct.pack("<5H3I2H", 20, 8, 8, *[0] * 5, 1, 0) + b"a",
    ):
        read(crowd * (2 * MIB // len(crowd)))


def test_office_documents_are_left_to_their_analyser_unless_they_hide_something():
    office = [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]
    assert not is_zip(Artifact("a.docx", make_zip(office), "a"))
    assert is_zip(Artifact("a.docx", make_zip([*office, ("word/x.lnk", LNK)]), "a"))
    assert is_zip(Artifact("a.odt", make_zip([("mimetype", b"application/vnd.oasis.opendocument.text")]), "a"))
    assert not is_zip(Artifact("a.txt", b"PK is a short word", "a"))
    assert not is_zip(Artifact("a.bin", b"", "a"))


def test_zip64_sizes():
    data = raw_zip([(b"a", b"x" * 10, 0, None)])
    at = data.index(b"PK\1\2")
    sizes = data[at + 20 : at + 28]
    extra = struct.pack("<HHQQ", 1, 16, *struct.unpack("<II", sizes)[::-1])
    wide = bytearray(raw_zip([(b"a", b"x" * 10, 0, None)], extra=extra))
    wide[at + 20 : at + 28] = b"\xff" * 8
    assert read(bytes(wide))[1]["a"].data == b"x" * 10


def test_only_foreseen_errors_come_out_of_broken_archives():
    seeds = [
        make_zip([("a.txt", b"abc" * 50), ("b", b"")], comment=b"c"),
        make_zip([("l", b"abc" * 50)], zipfile.ZIP_LZMA),
        make_zip([("l", b"abc" * 50)], zipfile.ZIP_BZIP2),
        raw_zip([(b"e", b"abc" * 50, 9, b"1234")]),
        raw_zip([(b"a", b"abc" * 50, 8, None)], central=False),
        make_aes([("x", b"abc" * 50)], b"infected"),
    ]
    dice = random.Random(34473)
    for _ in range(400):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        broken = bytes(data[: dice.randrange(4, len(data) + 1)])
        is_zip(Artifact("x", broken, "x"))
        read(broken)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_encrypted_archives():
    """The fixtures' own tests say their password."""
    paths = sorted((SHARED / "fixtures" / "oletools").rglob("*.zip"))
    assert paths
    for path in paths:
        features, children, error = read(path.read_bytes(), ("infected-test",), path.name)
        assert error is None
        assert features["archive.password"] == ["infected-test"]
        assert all(child.data for child in children.values())
