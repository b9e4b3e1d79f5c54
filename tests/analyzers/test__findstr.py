"""Searches in command lines, and what they print."""

import pytest

from sekisho.analyzers._findstr import matching_lines, searches, uncaret

DATA = b"binary\x00\xff\nglKm first\r\nother\r\nxx glKm.second\r\nGLKM third"


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ('findstr "glKm.*" "a.lnk"', b"glKm first\r\nxx glKm.second\r\n"),
        ("findstr /b glKm.* a.lnk", b"glKm first\r\n"),
        ("findstr /e second a.lnk", b"xx glKm.second\r\n"),
        ("findstr /x other a.lnk", b"other\r\n"),
        ('findstr "^glKm" a.lnk', b"glKm first\r\n"),
        ('FINDSTR.EXE /i "glkm" a.lnk', b"glKm first\r\nxx glKm.second\r\nGLKM third"),
        ('findstr /c:"glKm first" a.lnk', b"glKm first\r\n"),
        ('findstr /r /c:"glKm[.]sec" a.lnk', b"xx glKm.second\r\n"),
        ('findstr /r "glKm\\.sec" a.lnk', b"xx glKm.second\r\n"),
        ('findstr "glKm\\.sec" a.lnk', b""),  # an escaped dot alone does not make it a regular expression
        ('findstr "first third" a.lnk', b"glKm first\r\nGLKM third"),
        ('find "glKm.sec" a.lnk', b"xx glKm.second\r\n"),
        ('f^in^dst^r "other" a.lnk', b"other\r\n"),
        ('findstr /v "glKm other GLKM" a.lnk', b"binary\x00\xff\n"),
    ],
)
def test_printed_lines(command, printed):
    (search,) = searches(command)
    assert matching_lines(DATA, search) == printed


def test_redirection_and_file():
    command = 'cmd /c findstr "abc.*" "my form.lnk" > "%tmp%\\x y.vbs" & "%tmp%\\x y.vbs"'
    (search,) = searches(command)
    assert (search.files, search.written) == (("my form.lnk",), "%tmp%\\x y.vbs")


def test_several_searches_are_all_given():
    assert len(list(searches('findstr a x.lnk>y&findstr b x.lnk>>y|find "c" z'))) == 3


def test_commands_without_a_search():
    assert list(searches("echo findstring & dir")) == []
    assert list(searches("findstr")) == []


def test_carets_are_text_inside_quotes():
    assert uncaret('m^s^h^ta "a^b" c^^d') == 'mshta "a^b" c^d'


def test_hostile_pattern_and_many_lines_end_soon():
    (search,) = searches('findstr "' + ".*" * 40 + 'x" a.lnk')
    assert matching_lines(b"y" * 20_000 + b"\n" * 50_000, search) == b""
    (search,) = searches('findstr "[[[*\\" a.lnk')
    matching_lines(DATA, search)
