"""The workbook cases: what the sheets put together, and what runs."""

from sekisho.app.lab import payloads
from sekisho.app.lab.case_xlm import fragmented
from sekisho.app.lab.cases import CASES


def images(name):
    return [process["image"].rpartition("\\")[2] for process in CASES[name].truth["process_chain"]]


def test_fragments_join_to_the_published_formulas():
    lines = payloads.xlm_lines(payloads.fallback_urls(2))
    sheets, names = fragmented(lines, "emotet-xlm-regsvr32")
    cells = {f"{sheet.name}!{place}": text for sheet in sheets for place, text in sheet.cells.items()}
    joined = []
    for row in range(3, 3 + len(lines)):
        formula = cells[f"Efwfsfg!D{row}"]
        places = formula.removeprefix("=FORMULA(CHAR(61)&").partition(",")[0].split("&")
        joined.append("=" + "".join(cells[place] for place in places))
    assert joined == list(lines)
    assert {sheet.state for sheet in sheets[1:]} == {"very_hidden"}
    assert names[0].name == "Auto_Open"


def test_chains():
    assert images("emotet-xlm-regsvr32") == ["EXCEL.EXE", "regsvr32.exe", "regsvr32.exe"]
    assert images("emotet-xlm-hexip") == ["EXCEL.EXE", "cmd.exe", "mshta.exe", "powershell.exe", "rundll32.exe"]
    assert images("emotet-xlm-regsvr32-benign") == images("emotet-xlm-hexip-benign") == ["EXCEL.EXE"]


def test_hex_and_octal_mails_go_to_different_mailboxes():
    hexadecimal, octal = CASES["emotet-xlm-hexip"].truth["mails"]
    assert len(hexadecimal["recipients"]) == 4
    assert octal["recipients"] == ["user02@corp.example", "user03@corp.example"]
