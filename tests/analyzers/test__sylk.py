from sekisho.analyzers._sylk import fields, read_sylk
from sekisho.analyzers._xlm_ast import Err
from sekisho.analyzers._xlm_book import MACRO, WORKSHEET

SAMPLE = b"""ID;PWXL;N;E\r
P;PGeneral\r
O;L;E;D;V0;K47\r
NN;NAuto_open;ER1C1\r
C;Y1;X1;KFALSE;EEXEC("cmd /c a;;b"&R[2]C)\r
C;Y2;KTRUE;EHALT()\r
C;X3;K"t\x1bN\x20;;x"\r
C;Y3;X1;K2.5\r
F;Y9;X9\r
C;K#N/A\r
E\r
C;Y1;X9;K1\r
"""


def test_a_macro_sheet():
    book = read_sylk(SAMPLE, "form")
    (sheet,) = book.sheets
    assert (sheet.name, sheet.kind) == ("form", MACRO)
    assert book.listing(sheet) == [((0, 0), '=EXEC("cmd /c a;b"&A3)'), ((1, 0), "=HALT()")]
    assert sheet.cells[2, 0].value == 2.5
    assert sheet.cells[8, 8].value == Err("#N/A")
    assert (0, 8) not in sheet.cells
    assert [name.name for name in book.auto_names()] == ["Auto_open"]
    assert book.problems == []


def test_a_plain_sheet():
    book = read_sylk(b'ID;P\nC;Y1;X1;K"a"\nE\n', "x")
    assert book.sheets[0].kind == WORKSHEET
    assert book.macro_sheets() == []


def test_escapes_and_semicolons():
    assert fields("C;Ka;;b;Ec") == ["C", "Ka;b", "Ec"]
    assert read_sylk(b'ID;P\nC;Y1;X1;K"\x1b 8"\nE', "x").sheets[0].cells[0, 0].value == "\x08"


def test_a_formula_that_is_none_is_a_problem():
    book = read_sylk(b"ID;P\nO;E\nC;Y1;X1;EFOO((\nC;Y2;EHALT()\nE", "x")
    assert len(book.problems) == 1
    assert book.sheets[0].cells[0, 0].broken.endswith("FOO((")
    assert book.listing(book.sheets[0])[1] == ((1, 0), "=HALT()")
