"""Tokens of VBA and VBScript, where the two differ and where sources try to mislead."""

import pytest

from sekisho.analyzers._basic_tokens import tokenize


def values(source, **options):
    return [token.value for token in tokenize(source, **options) if token.kind != "end"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a & b", ["a", "&", "b"]),
        ('a&"b"', ["a", "&", "b"]),
        ("x& = 5", ["x", "=", "5"]),
        ("For i& To 3", ["for", "i", "to", "3"]),
        ("s$ + Chr$(65)", ["s", "+", "chr", "(", "65", ")"]),
        ("&H41 &O17 1.5e3 5&", ["&h41", "&o17", "1.5e3", "5"]),
        ('"say ""hi""" \' "no"', ['say "hi"']),
        ("a _\n & b", ["a", "&", "b"]),
        ("Rem no\nx", ["x"]),
        ("remx = 1", ["remx", "=", "1"]),
        ("' first _\nstill a comment\nx", ["x"]),
        ("#1/2/2020# Print #1, a", ["1/2/2020", "print", "#", "1", ",", "a"]),
        ("#If VBA7 Then\na\n#Else\nb\n#End If", ["a", "b"]),
        ("[a b] 合計 = 1", ["a b", "合計", "=", "1"]),
        ('x = "open\ny', ["x", "=", "open", "y"]),
        ("rs!field", ["rs", "!", "field"]),
    ],
)
def test_vba(source, expected):
    assert values(source) == expected


def test_ampersand_is_never_a_type_in_vbscript():
    assert values("a& b&c", vbscript=True) == ["a", "&", "b", "&", "c"]


def test_ends_of_statements():
    ends = [token.value for token in tokenize("a: b\n\n\nc:\nd") if token.kind == "end"]
    assert ends == [":", "\n", "\n", "\n"]
    assert tokenize("")[-1].kind == "end"
