"""Office documents: streams, parts and the text inside."""

import io
import struct
import zipfile

import olefile
import pytest

from sekisho.app.lab.docs import write_doc, write_docm, write_xlsm


def test_doc():
    with olefile.OleFileIO(io.BytesIO(write_doc("Enable\n有効化", {"ThisDocument": "' x"}))) as ole:
        assert ole.root.clsid == "00020906-0000-0000-C000-000000000046"
        assert ole.exists("Macros/VBA/ThisDocument")
        assert ole.exists("Macros/PROJECT")
        word, table = ole.openstream("WordDocument").read(), ole.openstream("1Table").read()
    assert struct.unpack_from("<HH", word) == (0xA5EC, 0x00C1)
    clx_at, clx_size = struct.unpack_from("<II", word, 0x1A2)
    assert (clx_at, clx_size) == (0, len(table))
    start, end, _, text_at = struct.unpack_from("<IIHI", table, 5)
    assert struct.unpack_from("<I", word, 0x4C)[0] == end
    assert word[text_at : text_at + 2 * (end - start)].decode("utf-16-le") == "Enable\r有効化\r"


def test_doc_without_macros():
    with olefile.OleFileIO(io.BytesIO(write_doc("x", {}))) as ole:
        assert not ole.exists("Macros")


@pytest.mark.parametrize(
    ("data", "main", "project"),
    [
        (write_docm("a<b"), "word/document.xml", False),
        (write_docm("a<b", {"ThisDocument": ""}), "word/document.xml", True),
        (write_xlsm([["a<b", 2.5]]), "xl/workbook.xml", False),
        (write_xlsm([["a<b", 2.5]], {"ThisWorkbook": "", "Sheet1": ""}), "xl/workbook.xml", True),
    ],
)
def test_packages(data, main, project):
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        assert main in package.namelist()
        text = "".join(package.read(name).decode() for name in package.namelist() if name.endswith((".xml", ".rels")))
        assert "a&lt;b" in text
        assert ("macroEnabled" in text) == project
        binary = [name for name in package.namelist() if name.endswith("vbaProject.bin")]
        assert len(binary) == project
        if project:
            with olefile.OleFileIO(io.BytesIO(package.read(binary[0]))) as ole:
                assert ole.exists("VBA/dir")
