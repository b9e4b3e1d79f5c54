import io
import zipfile

import pytest

from sekisho.analyzers._office_zip import Parts, read_xml
from sekisho.analyzers._xlsm import read_workbook
from sekisho.model.errors import MalformedError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MACRO = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"


def relations(*targets):
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'
    )


def package(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def xlsm(macro_cells, names="", data_cells="", strings="", state="veryHidden", extra=None):
    return package(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations((f"{OFFICE}/officeDocument", "xl/workbook.xml")),
            "xl/_rels/workbook.xml.rels": relations(
                (MACRO, "macrosheets/odd.xml"), (f"{OFFICE}/worksheet", "worksheets/sheet1.xml"),
                (f"{OFFICE}/sharedStrings", "/xl/sharedStrings.xml"),
            ),
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            f'<sheet name="Mac" sheetId="1" state="{state}" r:id="rId1"/><sheet name="Data" sheetId="2" r:id="rId2"/>'
            f"</sheets><definedNames>{names}</definedNames></workbook>",
            "xl/macrosheets/odd.xml": f'<xm:macrosheet xmlns="{MAIN}" xmlns:xm="urn:xm"><sheetData>{macro_cells}'
            "</sheetData></xm:macrosheet>",
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{data_cells}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
            **(extra or {}),
        }
    )  # fmt: skip


def read(data):
    parts = Parts(data)
    return read_workbook(parts, parts.workbook())


def test_a_macro_sheet():
    book = read(
        xlsm(
            '<row r="1"><c r="A1" t="str"><f>EXEC("a"&amp;Data!B2)</f><v>0</v></c></row><row><c><f>HALT()</f></c></row>',
            '<definedName name="_xlnm.Auto_Open1" hidden="1">Mac!$A$1</definedName>'
            '<definedName name="local" localSheetId="1">Data!$A$1</definedName>',
            '<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2"><v>1.5</v></c><c t="b"><v>1</v></c><c t="inlineStr"><is>'
            "<t>in</t></is></c></row>",
            "<si><r><t>b</t></r><r><t>c</t></r><rPh><t>no</t></rPh></si>",
        )
    )
    assert [(sheet.name, sheet.kind, sheet.hidden) for sheet in book.sheets] == [
        ("Mac", "macro", "very_hidden"),
        ("Data", "worksheet", "visible"),
    ]
    assert book.listing(book.sheets[0]) == [((0, 0), '=EXEC("a"&Data!B2)'), ((1, 0), "=HALT()")]
    assert {place: cell.value for place, cell in book.sheets[1].cells.items()} == {
        (1, 1): "bc",
        (1, 2): 1.5,
        (1, 3): True,
        (1, 4): "in",
    }
    assert [(name.name, name.sheet, name.hidden) for name in book.names] == [
        ("Auto_Open1", "", True),
        ("local", "Data", False),
    ]
    assert len(book.auto_names()) == 1


def test_shared_formulas():
    book = read(
        xlsm('<row r="1"><c r="A1"><f t="shared" si="0" ref="A1:A2">B1&amp;$C$1</f></c></row>'
             '<row r="2"><c r="A2"><f t="shared" si="0"/></c></row>')
    )  # fmt: skip
    assert book.listing(book.sheets[0]) == [((0, 0), "=B1&$C$1"), ((1, 0), "=B2&$C$1")]


def test_no_macro_sheet_no_book():
    data = package(
        {"_rels/.rels": relations((f"{OFFICE}/officeDocument", "xl/workbook.xml")), "xl/workbook.xml": "<workbook/>"}
    )
    assert read(data) is None


def test_entities_are_refused():
    with pytest.raises(MalformedError):
        read_xml(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', lambda tag, attributes: None)
    book = read(xlsm("", extra={"xl/macrosheets/odd.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}))
    assert len(book.problems) == 1


def test_deep_xml_is_refused():
    with pytest.raises(MalformedError):
        read_xml(b"<a>" * 5_000, lambda tag, attributes: None)


def test_broken_formulas_stay_visible():
    book = read(xlsm('<row r="1"><c r="A1"><f>FOO((</f></c><c r="A2"><f>HALT()</f></c></row>'))
    assert book.listing(book.sheets[0])[0][1].endswith("FOO((")
    assert book.listing(book.sheets[0])[1][1] == "=HALT()"
