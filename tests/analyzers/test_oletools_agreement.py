"""Fixtures of other projects, read as these projects' own tests expect.

Source of the expectations: decalage2/oletools, tests/{msodde,oleobj,olevba,oleform,rtfobj,ooxml,ppt_parser}; and
apache/spamassassin, t/olevbmacro.t. What is expected is stated here in our own features.
"""

import hashlib
from pathlib import Path

import pytest

from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact
from sekisho.normalize.artifacts import graded

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures"
OLETOOLS, SPAMASSASSIN = DATA / "oletools", DATA / "spamassassin"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not OLETOOLS.exists(), reason="no shared data")]
PASSWORD = "infected-test"
"""Of the archives that oletools keeps some fixtures in."""
DDE = ("ooxml.dde", "ole.dde", "rtf.dde", "office_xml.dde", "sheet.dde")


class Tree:
    """One file with everything inside it."""

    def __init__(self, path):
        pending = [Artifact(path.name, path.read_bytes(), path.name, passwords=(PASSWORD,))]
        self.files = {}
        analyses = []
        while pending:
            artifact = pending.pop(0)
            analysis, children = analyse(artifact)
            analyses.append(analysis)
            if artifact.data:
                self.files.setdefault(artifact.name, []).append(artifact.data)
            pending += children
        self.analyses = graded(analyses)

    def values(self, *names):
        return [value for one in self.analyses for name in names for value in one.values(name)]

    def has_macros(self):
        return any(value != "none" for value in self.values("macro.grade"))

    def locked(self):
        return [one for one in self.analyses if one.unscanned.startswith("encrypted")]


def files(folder, pattern="*"):
    """The files of one folder as test parameters; one that is not there is not silently left out."""
    found = sorted(path for path in (OLETOOLS / folder).glob(pattern) if path.is_file()) if OLETOOLS.exists() else []
    return [pytest.param(path, id=path.name) for path in found] or [pytest.param(None, id=f"{folder}-{pattern}")]


# msodde


@pytest.mark.parametrize("path", files("msodde", "dde-*") + files("ooxml", "dde-*"))
def test_dde_is_found(path):
    links = Tree(path).values(*DDE)
    assert links
    if "test-from-office" not in path.name and ".doc" not in path.name:
        assert len(links) == 1
        assert "cmd" in links[0]
        assert "calc" in links[0]


@pytest.mark.parametrize("path", files("msodde", "dde-test.xls?"))
def test_dde_of_workbooks_word_by_word(path):
    assert Tree(path).values("ooxml.dde") == ["cmd|/c calc.exe"]


def test_dde_of_delimited_text_word_by_word():
    tree = Tree(OLETOOLS / "msodde" / "dde-in-csv.csv")
    assert tree.values("sheet.dde") == [r"cmd|/k \..\..\..\Windows\System32\calc.exe"]


@pytest.mark.parametrize("path", files("msodde", "harmless*") + files("ooxml", "harmless*") + files("msodde", "RTF*"))
def test_harmless_documents_have_neither_dde_nor_macros(path):
    tree = Tree(path)
    assert not tree.values(*DDE)
    assert not tree.has_macros()


# oleobj

CONTENT = {
    "sample_with_calc_embedded.doc": ("calc.exe", "40e85286357723f326980a3b30f84e4f"),
    **dict.fromkeys(
        [f"sample_with_lnk_file.{kind}" for kind in ("doc", "pps", "ppt")],
        ("calc.lnk", "6aedb1a876d4ad5236f1fbbbeb7274f3"),
    ),
    **dict.fromkeys(("embedded-unicode.doc", "embedded-unicode-2007.docx"), ("", "264397735b6f09039ba0adf0dc9fb942")),
}
SIMPLE = ("simple-text-file.txt", "bd5c063a5a43f67b3c50dc7b0f1195af")


@pytest.mark.parametrize("path", files("oleobj", "embedded-*") + files("oleobj", "sample_with_*"))
def test_embedded_files_come_out_whole(path):
    tree = Tree(path)
    if path.name == "sample_with_lnk_to_calc.doc":
        assert tree.values("ole.link") == [r"C:\Windows\System32\calc.exe"]
        return
    name, digest = CONTENT.get(path.name, SIMPLE)
    found = [one for key, contents in tree.files.items() if not name or key == name for one in contents]
    assert found
    if path.name in CONTENT or path.suffix[:4] in (".doc", ".dot"):  # oletools states no sum for the others
        assert digest in {hashlib.md5(one, usedforsecurity=False).hexdigest() for one in found}


@pytest.mark.parametrize("path", files("oleobj/external_link"))
def test_external_relationships_are_found(path):
    external = Tree(path).values("ooxml.external")
    assert external
    assert all(value.startswith("oleObject: https://") for value in external)


# olevba, encryption, XLM


@pytest.mark.parametrize("path", files("encrypted", "encrypted.*") + files("basic", "encrypted*"))
def test_documents_with_an_unknown_password_say_so(path):
    tree = Tree(path)
    assert tree.values("office.encrypted") == [True]
    assert tree.locked()
    assert tree.values("office.password") == []


@pytest.mark.parametrize("path", files("encrypted", "*standardpassword*"))
def test_documents_with_the_standard_password_are_opened(path):
    tree = Tree(path)
    assert tree.values("office.password") == ["VelvetSweatshop"]
    assert not tree.locked()
    if path.name.startswith("dde"):
        assert "cmd|/c calc.exe" in tree.values("ooxml.dde", "sheet.dde")
    else:
        assert "Auto_Open" in tree.values("vba.autoexec")
        assert "auto_run" in tree.values("macro.grade")


@pytest.mark.parametrize("path", files("excel4-macros"))
def test_excel_4_macros_are_read(path):
    tree = Tree(path)
    assert 'ALERT("This is a sample Excel 4 macro")' in tree.values("xlm.calls")
    assert [value.partition("=")[0] for value in tree.values("xlm.auto_open")] == ["Auto_Open"]
    assert "auto_run" in tree.values("macro.grade")


def test_macros_of_presentations_and_texts_of_forms():
    assert Tree(OLETOOLS / "olevba" / "sample_with_vba.ppt").values("vba.module")
    tree = Tree(OLETOOLS / "oleform" / "oleform-PR314.docm")
    assert {"UserFormTEST1", "UserFormTest2"} <= set(tree.values("vba.module"))


# rtfobj, basic


@pytest.mark.parametrize("path", files("rtfobj"))
def test_rich_text_objects(path):
    tree = Tree(path)
    objects = [one for one in tree.analyses if one.artifact.name.startswith("object ")]
    assert len(objects) == 1


@pytest.mark.parametrize("name", ["basic/text", "basic/empty", "other/presentation.xps"])
def test_other_files_are_nothing(name):
    tree = Tree(OLETOOLS / name)
    assert not tree.has_macros()
    assert not tree.values(*DDE)


# SpamAssassin


def mail(name):
    return Tree(SPAMASSASSIN / "spam" / "olevbmacro" / name)


def test_macros_in_mails():
    assert mail("macro.eml").has_macros()
    assert not mail("nomacro.eml").has_macros()
    assert not mail("nomacro.eml").values(*DDE)


def test_macros_that_start_by_themselves():
    tree = mail("malicemacro.eml")
    assert {"auto_run", "auto_exec", "obfuscated_exec"} & set(tree.values("macro.grade"))
    assert not {"auto_run", "auto_exec", "obfuscated_exec"} & set(mail("macro.eml").values("macro.grade"))


def test_a_renamed_document():
    tree = mail("renamedmacro.eml")
    assert tree.has_macros()
    assert [one.artifact.name for one in tree.analyses if one.values("ooxml.macro_enabled")] == ["renamed.jpg"]


def test_encrypted_documents_and_archives():
    assert mail("encrypted.eml").locked()
    tree = mail("zippwmacro.eml")
    assert tree.values("archive.encrypted") == [True]
    assert tree.has_macros()


def test_harmless_text_tables():
    assert not mail("goodcsv.eml").values(*DDE)


def test_addresses_in_relationships():
    assert "https://spamassassin.apache.org/" in [url.canonical for url in mail("target_uri.eml").values("url")]
