"""Unix archives."""

import random

from sekisho.analyzers.ar import MAGIC, analyze
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError


def read(data, name="a.deb"):
    features, children, error = {}, {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children[one.name] = one
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def member(name, data, size=None):
    length = len(data) if size is None else size
    head = name.ljust(16) + b"0           0     0     100644  " + str(length).encode().ljust(10) + b"`\n"
    return head + data + b"\n" * (len(data) % 2)


PACKAGE = (
    MAGIC + member(b"debian-binary", b"2.0\n") + member(b"control.tar.xz/", b"odd") + member(b"data.tar.xz", b"data")
)


def test_members_of_a_package():
    features, children, error = read(PACKAGE)
    assert error is None
    assert features == {"archive.members": [3], "archive.member": ["debian-binary", "control.tar.xz", "data.tar.xz"]}
    assert {name: child.data for name, child in children.items()} == {
        "debian-binary": b"2.0\n",
        "control.tar.xz": b"odd",
        "data.tar.xz": b"data",
    }
    analysis, _ = analyse(Artifact("a.deb", PACKAGE, "a.deb"))
    assert (analysis.media_type, analysis.unscanned) == ("application/vnd.debian.binary-package", "")


def test_long_names_of_both_kinds():
    names = member(b"//", b"first-long-name.txt/\nsecond/\n")
    data = (
        MAGIC + member(b"/", b"symbols!") + names + member(b"/21", b"two") + member(b"#1/16", b"a long name.exe\0three")
    )
    assert {name: child.data for name, child in read(data)[1].items()} == {
        "second": b"two",
        "a long name.exe": b"three",
    }


def test_what_is_cut_or_lies_keeps_what_is_there():
    features, children, error = read(PACKAGE + member(b"../x", b"four", 9_999_999_999))
    assert features["archive.traversal"] == ["../x"]
    assert "member_bytes" in children["../x"].unscanned
    assert isinstance(error, LimitError)
    _, children, error = read(PACKAGE[:-2])
    assert (children["data.tar.xz"].data, isinstance(error, MalformedError)) == (b"da", True)
    assert isinstance(read(PACKAGE + b"rest")[2], MalformedError)
    assert "directory_entries" in str(read(MAGIC + member(b"a", b"") * 20_001)[2])


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(7)
    seed = PACKAGE + member(b"//", b"name/\n") + member(b"/0", b"x") + member(b"#1/4", b"name data")
    for _ in range(300):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(8, len(data))] = dice.choice([*b"/#019\xb2 ", dice.randrange(256)])
        read(bytes(data[: dice.choice([len(data), dice.randrange(8, len(data) + 1)])]))
