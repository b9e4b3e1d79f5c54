"""VBA projects in documents: modules as children, the document's grade, and every way to hide them."""

import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from sekisho.analyzers._compound import Compound
from sekisho.analyzers._form_texts import document_texts
from sekisho.analyzers._ovba import decompress
from sekisho.analyzers.vba_project import analyze, may_hold_macros
from sekisho.app.lab.cfb import write_compound
from sekisho.app.lab.ovba import compress, vba_project
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "oletools"
needs_shared = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")]
MODULES = {
    "ThisDocument": "Private Sub Document_Open()\n  Helper\nEnd Sub",
    "Module1": 'Sub Helper()\n  Shell "cal" & "c.exe " & "ht" & "tp://192.0.2.9/x"\nEnd Sub',
}


def document(modules=MODULES, place="Macros", **options):
    return write_compound(
        {f"{place}/{path}": data for path, data in vba_project(modules, **options).items()}
        | {"WordDocument": bytes(4096)}
    )


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


def claims(data):
    return may_hold_macros(Artifact("a", data, "a"))


def test_claims_are_cheap_and_only_where_macros_may_be():
    assert claims(document())
    assert not claims(write_compound({"WordDocument": bytes(4096)}))
    assert claims(b"ActiveMime\0\0")
    assert not claims(b"PK\x03\x04V\0B\0A\0\0\0")


def test_a_document():
    features, children, error = read(document())
    assert features["vba.project"] == ["Project"]
    assert features["vba.code_page"] == [1252]
    assert features["vba.module"] == ["ThisDocument", "Module1"]
    assert features["macro.grade"] == ["obfuscated_exec"]
    assert features["vba.autoexec"] == ["Document_Open"]
    assert features["vba.commands"] == ["calc.exe http://192.0.2.9/x"]
    assert [(child.name, child.kind, child.relation) for child in children] == [
        ("ThisDocument.cls", "vba", "macro"),
        ("Module1.bas", "vba", "macro"),
        ("Shell", "cmd", "decoded"),
    ]
    assert b"Sub Helper()" in children[1].data
    assert features["url"][0].canonical == "http://192.0.2.9/x"
    assert error is None


def test_japanese_sources_and_names():
    features, children, _ = read(document({"標準": 'Sub 実行()\n  MsgBox "完了"\nEnd Sub'}, codepage=932))
    assert features["vba.module"] == ["標準"]
    assert features["macro.grade"] == ["inert"]
    assert "完了" in children[0].data.decode()


def test_macros_without_any_readable_directory_are_carved():
    data = bytearray(document())
    data[48:52] = b"\xff\xff\xff\x0f"  # first directory sector
    features, children, error = read(bytes(data))
    assert {child.name for child in children if child.kind == "vba"} == {"ThisDocument.bas", "Module1.bas"}
    assert features["macro.grade"] == ["obfuscated_exec"]
    assert isinstance(error, MalformedError)


def test_stomped_source():
    streams = {f"Macros/{path}": data for path, data in vba_project({"Module1": "Sub x()\nEnd Sub"}).items()}
    compiled = b"\xb9\x00\x0d\x00WScript.Shell" + b"\xb9\x00\x08\x00calc.exe"
    record = bytes.fromhex("310004000000") + bytes(4)
    offset = bytes.fromhex("310004000000") + struct.pack("<I", len(compiled))
    directory = decompress(streams["Macros/VBA/dir"])[0].replace(record, offset)
    streams["Macros/VBA/dir"] = compress(directory)
    streams["Macros/VBA/Module1"] = compiled + streams["Macros/VBA/Module1"]
    features, _, _ = read(write_compound(streams))
    assert features["vba.stomped"] == [True]
    assert features["vba.compiled_only"] == ["WScript.Shell", "calc.exe"]
    assert "vba.stomped" not in read(document())[0]


def test_powerpoint_keeps_projects_compressed_in_its_stream():
    inner = write_compound(vba_project(MODULES))
    body = struct.pack("<I", len(inner)) + zlib.compress(inner)
    stream = struct.pack("<HHI", 0x000F, 0x03E8, 4) + bytes(4) + struct.pack("<HHI", 0x0010, 0x1011, len(body)) + body
    data = write_compound({"PowerPoint Document": stream.ljust(4096, b"\0")})
    assert claims(data)
    features, children, _ = read(data)
    assert features["macro.grade"] == ["obfuscated_exec"]
    assert children[0].name == "ThisDocument.cls"


def test_active_mime():
    inner = document()
    data = b"ActiveMime".ljust(0x32, b"\0") + zlib.compress(inner)
    _, (child,), error = read(data)
    assert (child.data, child.relation, error) == (inner, "embedded", None)
    assert isinstance(read(b"ActiveMime" + bytes(100))[2], MalformedError)


def test_a_project_of_empty_modules():
    assert read(document({"ThisDocument": ""}))[0]["macro.grade"] == ["none"]


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(5)
    whole = document()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(generator.choice([1, 4, 40])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)) :]
        read(bytes(data))


def marked(function):
    for mark in needs_shared:
        function = mark(function)
    return function


@marked
def test_real_presentation():
    features, children, error = read((FIXTURES / "olevba" / "sample_with_vba.ppt").read_bytes())
    assert features["macro.grade"] == ["inert"]
    assert features["vba.code_page"] == [949]
    assert children[0].data.decode() == (
        'Attribute VB_Name = "Module1"\r\nSub Action_Click()\r\n  MsgBox "The action button clicked!"\r\nEnd Sub\r\n\r\n'
    )
    assert error is None


@marked
def test_real_forms_give_the_texts_of_their_controls():
    with zipfile.ZipFile(FIXTURES / "oleform" / "oleform-PR314.docm") as archive:
        data = archive.read("word/vbaProject.bin")
    texts = document_texts(Compound(data), ())
    assert texts["userformtest1.textbox1.text"] == "heyhey"
    assert texts["userformtest1.label1.caption"] == "Label1-test"
    assert texts["userformtest1.label1.tag"] == "sdfff"
    assert texts["userformtest1.textbox3"] == "last one"
    assert texts["userformtest2.textbox1"] == "&é\"'"
    features, _, _ = read(data, "vbaProject.bin")
    assert features["macro.grade"] == ["inert"]
