"""Formula text becomes the tokens that [MS-XLS] 2.5.198 lays down."""

import pytest

from sekisho.app.lab.ptg import Class, cell_position, compile_formula

SHEETS, NAMES = {"Macro1": 0, "a b": 2}, {"HRHRE1": 3}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1", "1e0100"),
        ("65536", "1f000000000000f040"),
        ("1.5", "1f000000000000f83f"),
        ('"a""b"', "17030061" + "2262"),
        ('"あ"', "17010142" + "30"),
        ("TRUE", "1d01"),
        ("A1", "44000000c0"),
        ("$B$3", "4402000100"),
        ("Macro1!$A$1", "5a000000000000"),
        ("'a b'!C2", "5a0200010002c0"),
        ("1+2*3", "1e01001e02001e03000503"),
        ("(1+2)*3", "1e01001e020003151e030005"),
        ("-1^2", "1e0100131e020007"),
        ("50%", "1e320014"),
        ("A1&B1<>2", "44000000c0" + "44000001c0" + "08" + "1e0200" + "0e"),
        ("CHAR(61)", "1e3d00" + "416f00"),
        ("RETURN()", "42003700"),
        ('EXEC("x")', "17010078" + "42016e00"),
        ("CALL(1,,2)", "1e0100" + "16" + "1e0200" + "42039600"),
        ("FORMULA(A1,B1)", "44000000c0" + "24000001c0" + "42026080"),
        ("GOTO($A$1)", "2400000000" + "413500"),
        ("SUM(A1:B2)", "250000010000c001c0" + "42010400"),
        ("HRHRE1", "4303000000"),
        ("IF(1,2)", "1e0100" + "19020700" + "1e0200" + "19080300" + "42020100"),
        ("IF(1,2,3)", "1e0100" + "19020700" + "1e0200" + "19080a00" + "1e0300" + "19080300" + "42030100"),
    ],
)
def test_tokens(text, tokens):
    assert compile_formula(text, SHEETS, NAMES).hex() == tokens


def test_target_of_a_name_is_a_reference():
    assert compile_formula("Macro1!$A$1", SHEETS, {}, Class.REFERENCE).hex() == "3a000000000000"


def test_operators_take_values_even_where_a_reference_is_wanted():
    assert compile_formula("A1&B1", {}, {}, Class.REFERENCE) == compile_formula("A1&B1", {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+",
        "(1",
        "Nope!A1",
        "nothing",
        "NOSUCH(1)",
        "CHAR()",
        "IF(1)",
        "1 2",
        '"open',
        "SUM(1;2)",
        f'"{"x" * 256}"',
        "A70000",
    ],
)
def test_what_does_not_compile(text):
    with pytest.raises(ValueError, match=r".+"):
        compile_formula(text, SHEETS, NAMES)


def test_positions():
    assert [cell_position(place) for place in ("A1", "$AB$12", "IV65536")] == [(0, 0), (11, 27), (65535, 255)]
