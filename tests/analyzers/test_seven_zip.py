"""7z archives: made by 7-Zip from harmless bytes, and by a small writer here where they have to be odd."""

import base64
import hashlib
import lzma
import random
import struct
import zlib

import pytest

from sekisho.analyzers import load
from sekisho.analyzers._bcj2 import bcj2
from sekisho.analyzers._seven_zip_coders import derive
from sekisho.analyzers.seven_zip import analyze, start_of
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

LIST = b"".join(b"line %d of a harmless list\r\n" % number for number in range(60))


def _code():
    """Calls and jumps that go to one place, which branch filters are made for."""
    out = bytearray()
    for number in range(120):
        out += b"\x90\x55" + (b"\xe8", b"\xe9", b"\x0f\x84")[number % 3]
        out += struct.pack("<i", 0x2000 - len(out) - 4)
    return bytes(out)


CODE = _code()
PACKED = {  # by 7-Zip 16.02 from LIST and CODE
    "lzma2": (
        "N3q8ryccAAS9QD6BxgEAAAAAAAAhAAAAAAAAAB6oey/gCfUBUl0ASBVZD5D3xSWAuAvfeJ7lPNmIBVtNX1jGBUOBFL+EQ8Dv+e9OOs8hKKZD"
        "XtNvXsJWNNCpmbmvGa1ILaOVggzWLZ12f+pt1PXOReLts5aHkVlq6DIS7TmDXmp7XDLRBm3vAzaobRyrGldAL2yasgyhPBMNdi/ygJ5UqAqm"
        "4SyxAbGeS/M5VvRptPwlkIC3W3gD8c1QcVlITbSnoNmE4ev1pcCrGsgz0XblDGvzwvb1qNeQBCs+dBY4BOIxPuV3qv50jxpLo8qu7cbOD3tF"
        "9YQy/m/sm8DNYPdbCjSHKfx/3fh1fhupgIKfYPRZcelXXKc+00vrtApqqZb1f+kMVh0ZKCkiQXpog81oKpby16h0PxFVXTi/P7gtbbWSv22B"
        "IAcsSYbrHJAQHhZ4MhZXF9HPR5tDTOXOuzD7enoYV5nRbzSvWNfANEAns3uiu/08D9UPaYwAAACBMweuD9U50F+XJNP+s3AYgUAeiA850mAA"
        "z7WLEslVkb9+RZotHo0uIFvGGbLZJFRljo4MTM7FAeFwBWjcTj954NB8opeEJrbwhtDOZQj1AoT6lSczCB8OaBxG2Pjs3FmPgFO28kQ6DQAA"
        "FwaBWgEJbAAHCwEAASMDAQEFXQAQAAAMdgoBhfH9vAAA"
    ),
    "x86": (
        "N3q8ryccAARXbQDIbAAAAAAAAABqAAAAAAAAAKT5dWcASBVZAAD/wz9n7wt2EFOnAsjGJgzEWbR/TdtLg6EKcBGuYVBFWRAsw5L/EPyL/giO"
        "C0YfkYRYSWzNuYPSfcN2UT4CJc5R3PkqHLr0xsHhKGBPPN8lJKbwvB57lrtqdyr9x5qv2gJrnDSmXAABBAYAAQlsAAcLAQACIwMBAQVdABAA"
        "AAQDAwEDAQAMg3CDcAAICgEQYibaAAAFARkMAAAAAAAAAAAAAAAAERMAYwBvAGQAZQAuAGUAeABlAAAAGQAUCgEAN+EyMgZ/3QEVBgEAIICk"
        "gQAA"
    ),
    "bcj2": (
        "N3q8ryccAAQ6HlBq8QAAAAAAAACKAAAAAAAAAJpVIzgASBVZD5D3xSWAuAvfeJ7lPNmIBVtNX1jGBUOBFL+EQ8Dv+e9OOs8hKKZDXtNvXsJW"
        "NNCpmbmvGa1ILaOVggzWLZ12f+pt1PXOReLts5aHkVlq6DIS7TmDXmp7XDLRBm3vAzaobRyrGldAL2yasgyhPBMNdi/ygJ5UqAqm4SyxAbGe"
        "S/M5VvRptPwlkIC3W3gD8c1QcVlITbSnoNmE4ev1pcCrGsgz0XblDGvzwvb1qNeQBCs+dBY4BOIxPuV3qv50jxpLo8qu7cbOD3tF9YQy/m/s"
        "m8DNYM/GmAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQQGAAQJgNsMBQUABwsBAAQjAwEBBV0AEAAAIwMBAQVdABAAACMDAQEFXQAQAAAUAwMB"
        "GwQBBQAEAQMCAgYBAAwAAINwg3AACAoBEGIm2gAABQEZCAAAAAAAAAAAERMAYwBvAGQAZQAuAGUAeABlAAAAGQAUCgEAN+EyMgZ/3QEVBgEA"
        "IICkgQAA"
    ),
    "aes": (
        "N3q8ryccAASkXEg67gEAAAAAAAAjAAAAAAAAALoAwr91gba0vdTAfFR8hjv41p9mdva8CNxZigQOoXAJZk1RHPvVNhlJLW+BhEDsAQo1Ktz7"
        "v2IAelSH6nNcgKDOiiHQYAEuwhV0+j9bnEseyCUbDFS2Zq7L7CZ6N8nP8HWoUy2zs1Lkb38bVW6nckxaznj7RkQBf92AGRSo9AA6wEvz6Ch9"
        "hLM7nW8NTmKQ4aHeAYWzS84JCNlWVCSXb+wMS4/H1YbMZ5D5n9h1WmaL7CqYqbeN4KkkXZqoomueXcR4FKFPwCj/2KVNfC+xVj9liIQ1iBpr"
        "nyWuShaoaj/Nb8WjaJ5xFBDkldFU0S5mKbUjgMpQV3KvWZXIP/aUTfDuBnD3R/3Jx7eCzbdboPhlaTqejxJ3XT8Pcddg9GWPs7yKjcER7CMx"
        "KR6OR+jben+ftie6l/RSHVuFDzvv3/PuM1D32PQ8as3beuaPGqAf4DLCLOijtLv6AH4I8OF6u2Xi2URaAACBMweuD9U58mkXJNHP5AQoBS8X"
        "g5No+QnwdorxqDXxELnzEaTZu7v9X4daDR1IQtf+WZDPIIib6dnDcGFQLb1+4Co+GOuit9jYtO3/A8TXdoOsFyvRTzLfj0owDJ22Z/qX3TNq"
        "4E4wYlTchMbcSqz7ziNEenMV7XZ9kSM/6n6AxlAJbRAiPUnlOFgAABcGgWABCYCOAAcLAQABIwMBAQVdABAAAAyApgoBbKRq1wAA"
    ),
    "names": (
        "N3q8ryccAARasA3uAAEAAAAAAAAvAAAAAAAAADw8xjUnIUGrJTCwIreTX3jcMP0Zmyg+P+XsNEt9IlvuSVhl0VjuphjkVw7tGYtq4x4pJYlF"
        "l+4oxz+pvY+QSb0mrMeV3FsuzPp2sWaKXnZsUjJqekJuMIO0dJKLKkXciyT5Lh9KZsbBNCJwLW8vOE/C48sMS83v6eDJ8Ka/csUM+FDfQYOG"
        "lYf4YqtfWAQf5pWotG/0zaHMWxgdfUHbv4XAScXwDUmr1Y/ygT5SMfdok+qzA9dYuTCz0QlJ+l5P4BjUJL6xYmj+JpNfvgqyYqw9xewG9o7R"
        "PbENvHgyyd47vFheUy3hzpYXxV8tMJ3151yczM4z1dI9wSoaZzd0Kgqij/OqFwaAkAEJcAAHCwEAASQG8QcBElMPZo+VZdj02Dq7WG2e/xQj"
        "WwxqCgEhaOHPAAA="
    ),
    "ppmd": (
        "N3q8ryccAAQ7yGBofgAAAAAAAABaAAAAAAAAABEGt3UAa/txxk9/OajlqhB7yHau3eCI/Xz49+5oTgQeu2awaMNtSN74JKWETTd3MoxgNk0S"
        "6YjrSBESp/34G64yzeQQe5ZKKkYfjiW+VdSAh4INmYWXhWq880eYk383JxadTkYLSztWXRyI8bNiJZ0A4cXMnSAuSn3KyGWEhhTtGYwBBAYA"
        "AQl+AAcLAQABIwMEAQUGAAABAAyGhgAICgFkYEOaAAAFARkFAAAAAAAREwBsAGkAcwB0AC4AdAB4AHQAAAAZABQKAQBp3DIyBn/dARUGAQAg"
        "gKSBAAA="
    ),
    "deflate64": (
        "N3q8ryccAAQ9KGTeSgIAAAAAAAAhAAAAAAAAAHnVrCp91C1QVFEYh/FNOOMMWNS0i3dGkhru971LUhMmKagJh7A7MrPgjLsmSUrCspLQIhYl"
        "oUUsSkKLWJSEFKDskoACFD7mPG/k/tM783vSfe85pz3SObpWKrVHuvtuXJrecbOzjW6YrqF/0F+my+g39IvpAvoBfWc6i75Gp02n0OfopGkd"
        "fYw+Mh1G76F3TQfRCL1lOoBW0KumfegFtGR62O90z43uTj+6hf5H10xX0Z/osukS+hldMJ1H36KzpjPoK3TKtIVOoHXTUfQhOmw6hN5BB01D"
        "9CY6YFpGr6B9pj3oScXpYQXddbPTRbdM19F/6KrpCvoDXTJdRD+h86Zz6Bt0xvQl+gJtmTbQGjpq+gC9jw6Z3karaGh6A72Olk0vo71oj+lx"
        "2emBG93dMtpBN9F107/ob3TF9Dv6FV00/Yi+R+dM22ezMT5Z83zvad0b856MPZto1JpNrzHebPVedCkoTmFxiopTXJyS4pQWp6w45cWpKj5Z"
        "rSMQLRQtEi0WLREtFS0TLRetKv63L5o6J6FokWixaIloqWiZaLloYi+RL1ogmrpAkWixaIloqWiZaLloYi+xL1ogWiiaelli0RLRUtEy0XLR"
        "xF4SX7RAtFC0SDT15CaipaJlouWinb+XUwAAgTMHrg/VPMLc1yTT/rKXftJbxTn9LkhSDqEXNG/L04ybEkKmIfTsbAFg/mPD+xX+e+YOVqLO"
        "NNxR5ALpXZcSWPPSyYZpbEa1Bo9xoPGYwMxkZ1bPGbOogiSUoLA23BAV6vnUuL/MQAAAFwaB3wEJawAHCwEAASMDAQEFXQAQAAAMdgoByTpK"
        "2wAA"
    ),
    "bzip2 and delta": (
        "N3q8ryccAAQSiEMvpgAAAAAAAABaAAAAAAAAAKeFqLNCWibfyQgo5fozbcck5hz8F1dpp5JA7j/gpId5mZQAqiDwbDPJSpqOZYustADsDAJe"
        "phZZEaUJu6kJ2z5Hm8XYJrRWSc/VatrAkshyPO8HBeAiy2QHZV2rjAcevIiVgK1dp9Ff1aa3eju3NsnO2vQmvsDqQAAA22AxaWEkuMqv3wuc"
        "fEt1YnM7RNCT5sNzjdjmqzbOrg15bEckrcu8zbcYLmK+QJCVAQQGAAEJgKYABwsBAAIhAwEBAwQCAgEADICmhoYACAoBZGBDmgAABQEZAgAA"
        "ERMAbABpAHMAdAAuAHQAeAB0AAAAGQAUCgEAadwyMgZ/3QEVBgEAIICkgQAA"
    ),
    "arm": (
        "N3q8ryccAAQletbA2wAAAAAAAABqAAAAAAAAAO3dkDEASBVZD5D3xSWAuAvfeJ7lPNmIBVtNX1jGBUOBFL+EQ8Dv+e9OOs8hKKZDXtNvXsJW"
        "NNCpmbmvGa1ILaOVggzWLZ12f+pt1PXOReLts5aHkVlq6DIS7TmDXmp7XDLRBm3vAzaobRyrGldAL2yasgyhPBMNdi/ygJ5UqAqm4SyxAbGe"
        "S/M5VvRptPwlkIC3W3gD8c1QcVlITbSnoNmE4ev1pcCrGsgz0XblDGvzwvb1qNeQBCs+dBY4BOIxPuV3qv50jxpLo8qu7cbOD3tF9YQy/m/s"
        "m8DNYM/GmAABBAYAAQmA2wAHCwEAAiMDAQEFXQAQAAAEAwMFAQEADINwg3AACAoBEGIm2gAABQEZCwAAAAAAAAAAAAAAERMAYwBvAGQAZQAu"
        "AGUAeABlAAAAGQAUCgEAN+EyMgZ/3QEVBgEAIICkgQAA"
    ),
}


def made(name):
    return base64.b64decode(PACKED[name])


def number(value):
    """Write an integer the long way, which readers take for any value."""
    return b"\xff" + struct.pack("<Q", value)


def write(files, *, size=None, coders=b"\x01\x00", packed=None, links=(), folders=(), header=None):
    """Write an archive of one stored block; ``size`` is what it claims to unpack to."""
    body = b"".join(data for _, data in files) if packed is None else packed
    sizes = [len(data) for _, data in files]
    total = sum(sizes) if size is None else size
    streams = b"\x06" + number(0) + number(1) + b"\x09" + number(len(body)) + b"\x00"
    streams += b"\x07\x0b" + number(1) + b"\x00" + number(1) + coders + b"\x0c" + number(total) + b"\x00"
    streams += b"\x08\x0d" + number(len(files)) + (b"\x09" if len(files) > 1 else b"")
    streams += b"".join(number(one) for one in sizes[:-1]) + b"\x00\x00"
    names = [name for name, _ in files] + list(folders)
    raw = b"\x00" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)
    empty = sum(0x80 >> index for index in range(len(files), len(names)))
    marks = struct.pack("B", empty) if folders else b""
    bits = b"".join(struct.pack("<I", 0x8000 | 0xA1FF << 16 if name in links else 0x20) for name in names)
    props = b"\x0e" + number(len(marks)) + marks if folders else b""
    props += b"\x11" + number(len(raw)) + raw + b"\x15" + number(len(bits) + 2) + b"\x01\x00" + bits
    head = b"\x01\x04" + streams + b"\x05" + number(len(names)) + props + b"\x00\x00" if header is None else header
    start = struct.pack("<QQI", len(body), len(head), zlib.crc32(head))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + head


def read(data, passwords=(), name="a.7z"):
    declared = load()["7z"].features
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name, passwords=passwords)):
            if isinstance(one, Feature):
                assert one.name in declared
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, {child.name: child for child in children}, error


@pytest.mark.parametrize(
    ("name", "method", "files"),
    [
        ("lzma2", ["lzma2"], {"list.txt": LIST, "code.exe": CODE}),
        ("x86", ["lzma+bcj-x86"], {"code.exe": CODE}),
        ("bcj2", ["lzma+lzma+lzma+bcj2"], {"code.exe": CODE}),
        ("deflate64", ["deflate64"], {"list.txt": LIST, "code.exe": CODE}),
        ("bzip2 and delta", ["delta+bzip2"], {"list.txt": LIST}),
        ("arm", ["lzma+bcj-arm"], {"code.exe": CODE}),
    ],
)
def test_members_of_each_method(name, method, files):
    features, children, error = read(made(name))
    assert error is None
    assert sorted(features["archive.method"]) == sorted(method)
    assert features["archive.encrypted"] == [False]
    assert {name: child.data for name, child in children.items()} == files
    assert "archive.crc_mismatch" not in features
    assert all(child.relation == "member" and not child.unscanned for child in children.values())


def test_encrypted_members_and_their_password():
    features, children, error = read(made("aes"), ("wrong", "secret"))
    assert error is None
    assert features["archive.encryption"] == ["aes-256"]
    assert features["archive.password"] == ["secret"]
    assert (children["list.txt"].data, children["code.exe"].data) == (LIST, CODE)
    assert children["list.txt"].passwords[0] == "secret"


def test_names_are_read_when_no_password_fits():
    features, children, error = read(made("aes"), ("one", "two"))
    assert error is None
    assert sorted(features["archive.member"]) == ["code.exe", "list.txt"]
    assert features["archive.encrypted"] == [True]
    assert "archive.password" not in features
    assert children["code.exe"].data == b""
    assert children["code.exe"].unscanned == "encrypted: no password found (22 tried)"


def test_encrypted_names():
    features, children, error = read(made("names"), ("ﾊﾟｽﾜｰﾄﾞ",))  # folded to full width as it was typed
    assert error is None
    assert features["archive.header_encrypted"] == [True]
    assert features["archive.member"] == ["list.txt"]
    assert children["list.txt"].data == LIST
    features, children, error = read(made("names"))
    assert error is None
    assert features == {"archive.header_encrypted": [True], "archive.encrypted": [True]}
    assert children["encrypted names"].unscanned.startswith("encrypted: no password found")


def test_key_derivation_agrees_with_its_definition():
    rounds = b"".join(b"salt" + "pä".encode("utf-16-le") + struct.pack("<Q", turn) for turn in range(1 << 17))
    assert derive(b"salt" + "pä".encode("utf-16-le"), 17) == hashlib.sha256(rounds).digest()
    assert derive(b"s", 3) == hashlib.sha256(b"".join(b"s" + struct.pack("<Q", turn) for turn in range(8))).digest()


def test_a_method_that_is_not_read_is_named():
    features, children, error = read(made("ppmd"))
    assert error.what == "compression method ppmd is not read"
    assert features["archive.member"] == ["list.txt"]
    assert children["list.txt"].unscanned == error.what


def test_an_archive_behind_a_program():
    data = b"MZ" + bytes(700) + b"7z\xbc\xaf\x27\x1c is no header " + bytes(30) + made("lzma2")
    assert start_of(data) == len(data) - len(made("lzma2"))
    features, children, error = read(data, name="setup.exe")
    assert error is None
    assert features["archive.prefix_bytes"] == [start_of(data)]
    assert children["code.exe"].data == CODE
    assert start_of(b"MZ" + bytes(700)) == -1


def test_bytes_behind_the_end():
    features, children, _ = read(write([("a.txt", b"abc")]) + b"appended")
    assert features["archive.trailing_bytes"] == [8]
    assert (children["trailing"].data, children["trailing"].relation) == (b"appended", "overlay")


def test_names_that_leave_the_folder_links_and_disguised_folders():
    names = ["..\\..\\Startup\\x.lnk", "C:\\x.txt", "a..b/c.txt", "invoice.pdf ", "invoice.pdf /invoice.pdf .cmd", "l"]
    features, children, error = read(write([(name, b"/etc/passwd") for name in names], links=("l",)))
    assert error is None
    assert features["archive.member"] == names
    assert features["archive.traversal"] == names[:2]
    assert features["archive.folder_as_file"] == ["invoice.pdf"]
    assert features["archive.link"] == ["l -> /etc/passwd"]
    assert len(children) == 6


def test_folders_give_no_child():
    features, children, error = read(write([("a.txt", b"abc")], folders=("d",)))
    assert error is None
    assert features["archive.member"] == ["a.txt", "d"]
    assert list(children) == ["a.txt"]


def test_a_bomb_is_named_and_the_next_file_still_read():
    raw = lzma.compress(bytes(60 * MIB) + b"next", lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 1}])
    data = write([("bomb", bytes(60 * MIB)), ("next.txt", b"next")], coders=b"\x21\x21\x01\x18", packed=raw)
    assert len(data) < 20_000
    _, children, error = read(data)
    assert (error.limit, children["bomb"].data) == ("member_bytes", b"")
    assert children["next.txt"].data == b"next"


def test_huge_declared_sizes_cost_nothing():
    _, children, error = read(write([("a", b"abc")], size=1 << 62, coders=b"\x21\x21\x01\x28"))
    assert isinstance(error, MalformedError)
    assert children["a"].unscanned
    for header in (b"\x01\x05" + number(1 << 60), b"\x01\x04\x06" + number(0) + number(1 << 60)):
        assert isinstance(read(write([("a", b"")], header=header))[2], LimitError)


def test_coders_that_go_round_in_circles():
    loop = b"\x02" + b"\x01\x00" * 2 + b"\x00\x01" + b"\x00"
    data = write([("a", b"abc")], coders=b"\x01\x00").replace(
        b"\x0b" + number(1) + b"\x00" + number(1) + b"\x01\x00", b"\x0b" + number(1) + b"\x00" + loop
    )
    assert isinstance(read(data)[2], MalformedError)


def test_bcj2_is_cut_where_its_streams_are():
    with pytest.raises(MalformedError):
        list(bcj2(iter([b"\xe8" * 50]), iter([]), iter([]), iter([b"\0\xff\xff\xff\xff\xff"]), 50))


def test_the_first_of_several_volumes():
    _, children, error = read(made("lzma2")[:300], name="a.7z.001")
    assert "one of several volumes" in error.what
    assert not children


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(7)
    seeds = [*map(made, ("lzma2", "x86", "bcj2", "deflate64", "bzip2 and delta", "arm"))]
    seeds += [write([("a.txt", b"abc" * 20), ("b", b"x")], folders=("d",))] * 3
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            at = dice.randrange(6, len(data)) if dice.random() < 0.5 else dice.randrange(len(data) // 2, len(data))
            data[at] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        read(bytes(data[: dice.randrange(8, len(data) + 1)]) if dice.random() < 0.2 else bytes(data))


def test_only_foreseen_errors_come_out_of_broken_ciphers():
    dice = random.Random(8)
    for _ in range(12):
        data = bytearray(made(dice.choice(("aes", "names"))))
        data[dice.randrange(32, len(data))] ^= 1 << dice.randrange(8)
        read(bytes(data), ("secret",))
