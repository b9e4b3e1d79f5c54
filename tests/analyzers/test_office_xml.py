"""Office documents in one text file: embedded parts found, fields read."""

import base64
import random
import zlib
from pathlib import Path

import pytest

from sekisho.analyzers.office_xml import analyze, is_office_xml
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "oletools"
PART = base64.b64encode(b"ActiveMime".ljust(0x32, b"\0") + zlib.compress(b"project" * 20)).decode()
WORD = (
    '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
    f'<w:docSuppData><w:binData w:name="editdata.mso">{PART}</w:binData></w:docSuppData>'
    '<w:attachedTemplate w:val="http://192.0.2.3/t.dot"/>'
    '<w:fldSimple w:instr="DDEAUTO tool.exe &quot;/x&quot;"/></w:wordDocument>'
)
FLAT = (
    '<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
    f'<pkg:part pkg:name="/word/vbaProject.bin"><pkg:binaryData>{PART}</pkg:binaryData></pkg:part>'
    '<pkg:part pkg:name="/word/media/a.png"><pkg:binaryData>AAAA</pkg:binaryData></pkg:part></pkg:package>'
)
MHT = f"junk\nMIME-Version: 1.0\nContent-Type: multipart/related\n\n--x\nContent-Transfer-Encoding: base64\n\n{PART}\n\n--x--"


def read(text, name="a.xml"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, text if isinstance(text, bytes) else text.encode(), name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def claims(text):
    return is_office_xml(Artifact("a", text.encode(), "a"))


def test_recognised():
    assert claims(WORD)
    assert claims(FLAT)
    assert claims(MHT)
    assert not claims("<?xml version='1.0'?><html/>")
    assert not claims("MIME-Version: 1.0\n\nHello")


def test_word_2003():
    features, children, error = read(WORD)
    assert features["office_xml.kind"] == ["word-xml"]
    assert features["office_xml.dde"] == ['DDEAUTO tool.exe "/x"']
    assert features["office_xml.template"] == ["http://192.0.2.3/t.dot"]
    assert [(child.name, child.kind) for child in children] == [("DDE", "cmd"), ("editdata.mso", "")]
    assert children[1].data.startswith(b"ActiveMime")
    assert error is None


def test_flat_opc():
    features, (child,), _ = read(FLAT)
    assert features["office_xml.kind"] == ["flat-opc"]
    assert (child.name, child.kind) == ("vbaProject.bin", "vba_project")


def test_web_archive():
    features, (child,), _ = read(MHT)
    assert features["office_xml.kind"] == ["mht"]
    assert child.data.startswith(b"ActiveMime")


def test_broken_xml_keeps_what_came_before():
    _, children, _ = read(WORD[:-40])
    assert [child.name for child in children] == ["editdata.mso"]


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(9)
    for _ in range(200):
        data = bytearray(generator.choice([WORD, FLAT, MHT]).encode())
        for _ in range(generator.choice([1, 5, 30])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        read(bytes(data))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
@pytest.mark.parametrize(
    ("path", "kind", "children"),
    [
        ("msodde/dde-in-excel2003.xml", "excel-xml", ["DDE"]),
        ("oleobj/embedded-simple-2007-as2003.xml", "word-xml", ["oledata.mso"]),
        ("oleobj/embedded-simple-2007.xml", "flat-opc", ["oleObject1.bin"]),
        ("msodde/harmless-clean-2003.xml", "word-xml", []),
    ],
)
def test_real_documents(path, kind, children):
    features, found, error = read((FIXTURES / path).read_bytes())
    assert features["office_xml.kind"] == [kind]
    assert [child.name for child in found] == children
    assert error is None
