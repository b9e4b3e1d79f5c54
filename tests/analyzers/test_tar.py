"""TAR archives made with tarfile, and broken."""

import io
import random
import tarfile

import pytest

from sekisho.analyzers.tar import analyze, is_tar
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

TEXT = b"harmless\r\n" * 99


def write(members, form=tarfile.PAX_FORMAT):
    """Members are (name, data) or (name, data, kind, link)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data, *rest in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if rest:
                info.type, info.linkname = rest
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def mend(data, at=0):
    """Give a header its right checksum again."""
    block = bytearray(data[at : at + 512])
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:at] + bytes(block) + data[at + 512 :]


def read(data, name="a.tar"):
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


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_of_each_dialect(form):
    long = "d" * 90 + "/" + "f" * 60 + ".lnk" if form == tarfile.USTAR_FORMAT else "名" * 60 + "/長い.lnk"
    data = write([("d", b"", tarfile.DIRTYPE, ""), (long, TEXT), ("a.txt", b"")], form)
    assert is_tar(Artifact("a", data, "a"))
    features, children, error = read(data)
    assert error is None
    assert features["archive.member"] == ["d/", long, "a.txt"]
    assert features["archive.encrypted"] == [False]
    assert {name: child.data for name, child in children.items()} == {long: TEXT, "a.txt": b""}


def test_the_oldest_dialect_and_large_numbers():
    data = write([("a.txt", TEXT), ("d/", b"")], tarfile.GNU_FORMAT)
    old = data[:257] + bytes(8) + data[265:]
    old = old[:156] + b"\0" + old[157:]
    assert read(mend(old))[1]["a.txt"].data == TEXT
    binary = mend(data[:124] + b"\x80" + len(TEXT).to_bytes(11, "big") + data[136:])
    assert read(binary)[1]["a.txt"].data == TEXT
    assert list(read(binary)[1]) == ["a.txt"]


def test_links_are_named_and_not_followed():
    members = [("a", b"", tarfile.SYMTYPE, "/etc/passwd"), ("b", b"", tarfile.LNKTYPE, "../x"), ("../up", TEXT)]
    features, children, error = read(write(members))
    assert error is None
    assert features["archive.link"] == ["a -> /etc/passwd", "b -> ../x"]
    assert features["archive.traversal"] == ["../up"]
    assert list(children) == ["../up"]


def test_a_sparse_file_gives_what_is_stored():
    data = bytearray(write([("a", TEXT)], tarfile.GNU_FORMAT))
    data[156:157], data[482] = b"S", 1
    data[512:512] = bytes(512)
    assert read(mend(bytes(data)))[1]["a"].data == TEXT


def test_other_things_have_no_child():
    features, children, error = read(write([("dev", b"", tarfile.CHRTYPE, ""), ("fifo", b"", tarfile.FIFOTYPE, "")]))
    assert error is None
    assert features["archive.member"] == ["dev", "fifo"]
    assert not children


def test_bytes_behind_the_end():
    features, children, error = read(write([("a", TEXT)]) + b"appended")
    assert error is None
    assert features["archive.trailing_bytes"] == [8]
    assert children["trailing"].data == b"appended"


def test_cut_and_broken_archives_keep_what_came_before():
    data = write([("a", TEXT), ("b", TEXT)])
    _, children, error = read(data[:2_200])
    assert isinstance(error, MalformedError)
    assert children["a"].data == TEXT
    assert children["b"].unscanned
    broken = bytearray(data)
    broken[1_536 + 10] ^= 1
    _, children, error = read(bytes(broken))
    assert (error.what, list(children)) == ("TAR header is broken", ["a"])


def test_a_broken_first_header_is_told():
    data = bytearray(write([("a", TEXT)]))
    data[3] ^= 1
    assert is_tar(Artifact("a", bytes(data), "a"))
    _, children, error = read(bytes(data))
    assert (error.what, children) == ("TAR header is broken", {})
    assert isinstance(read(bytes(data[:300]))[2], MalformedError)


def test_bombs_are_named():
    data = write([("a", TEXT), ("b", TEXT)])
    _, children, error = read(mend(data[:124] + b"\x80\0\0\0\0" + b"\xff" * 7 + data[136:]))
    assert isinstance(error, MalformedError)
    assert children["a"].unscanned
    _, children, error = read(write([("a", bytes(51 * MIB)), ("b", TEXT)]))
    assert (error.limit, children["b"].data) == ("member_bytes", TEXT)
    _, children, error = read(write([(str(one), b"") for one in range(1_001)]))
    assert (error.limit, len(children)) == ("children", 1_000)


def test_text_is_no_tar():
    assert not is_tar(Artifact("a", b"x" * 2_000, "a"))
    assert not is_tar(Artifact("a", bytes(2_000), "a"))
    assert not is_tar(Artifact("a", b"", "a"))


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(12)
    members = [("名" * 60, TEXT), ("l", b"", tarfile.SYMTYPE, "x" * 150), ("a", b"")]
    seeds = [write(members, form) for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(len(data) // 2)] = dice.choice((0, 0x20, 0x39, 0x80, 0xFF, dice.randrange(256)))
        whole = bytes(data[: dice.randrange(512, len(data) + 1)])
        for at in range(0, len(whole) - 511, 512):
            whole = mend(whole, at) if dice.random() < 0.5 else whole
        is_tar(Artifact("a", whole, "a"))
        read(whole)
