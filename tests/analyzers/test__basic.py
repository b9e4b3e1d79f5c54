"""The BASIC evaluator: what a source would start, fetch and write, never doing it."""

import random

import pytest

from sekisho.analyzers._basic import evaluate, unfold
from sekisho.analyzers._basic_syntax import parse
from sekisho.model.limits import Limits


def run(source, *entries, vbscript=False, sources=None, whole=True, limits=None):
    unit = parse(source, "m", vbscript=vbscript)
    return evaluate([unit], entries, sources=sources, whole=whole, **({"limits": limits} if limits else {}))


def shell(expression, before="", **options):
    """Give what ``Shell`` gets for an expression."""
    trace = run(f"{before}\nSub AutoOpen()\nShell {expression}\nEnd Sub", "autoopen", **options)
    return trace.commands[0].text if trace.commands else None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('"a" & "b" + "c"', "abc"),
        ('"cal" & Chr(99) & ChrW(&H2E) & Chr$(65)', "calc.A"),
        ('StrReverse("clac")', "calc"),
        ('Replace("cXaXlXc", "X", "")', "calc"),
        ('Replace("aAbB", "a", "-", 1, -1, vbTextCompare)', "--bB"),
        ('Join(Split("c-a-l-c", "-"), "")', "calc"),
        ('Split("x|calc|y", "|")(1)', "calc"),
        ('Mid("xxcalcxx", 3, 4) & Left("ab", 1) & Right("ab", 1)', "calcab"),
        ('Mid$("calculate", 5)', "ulate"),
        ('LCase("CALC") & UCase("x") & Trim("  y ")', "calcXy"),
        ('"a" & Space(2) & String(3, "z") & String(2, 65)', "a  zzzAA"),
        ('Array("a", "calc")(1)', "calc"),
        ('Hex(255) & Oct(8) & Len("abc") & Asc("A")', "FF10365"),
        ('CInt("5") + 2.5 & CStr(1 = 1)', "7.5True"),
        ('CLng("&H41") & Val("12abc") & Int(-1.5) & Fix(-1.5)', "6512-2-1"),
        ("Chr(67 Xor 32) & Chr(3 * 33) & (7 Mod 4) & (7 \\ 2) & (2 ^ 3) & (10 / 4)", "cc3382.5"),
        ('IIf(1 > 2, "a", "calc")', "calc"),
        ('"x" & UBound(Array(1, 2, 3)) & LBound(Array(1)) & InStr("abc", "c") & InStrRev("abca", "a")', "x2034"),
        ('Environ("TEMP") & "\\a.txt"', "%TEMP%\\a.txt"),
        ('Environ$("ComSpec")', "%COMSPEC%"),
        ('Mid(Environ("ComSpec"), 12, 1) & "x"', "sx"),
        ('VBA.Replace("aXc", "X", "b") & VBA.Strings.StrReverse("d")', "abcd"),
        ('StrConv(StrConv("abc", vbFromUnicode), vbUnicode)', "abc"),
        ('"say ""hi"""', 'say "hi"'),
        ("-2 & (Not 1) & (5 And 3) & (5 Or 3) & Abs(-4) & Sgn(-2)", "-2-2174-1"),
        ('vbNullString & "a" & vbTab & Empty & "b"', "a\tb"),
        ('Switch(1 = 2, "a", 1 = 1, "b") & Choose(2, "x", "y")', "by"),
        ('Filter(Array("ab", "cd"), "c")(0)', "cd"),
        ('TypeName("a") & IsNumeric("5") & IsArray(Array()) & StrComp("a", "b")', "StringTrueTrue-1"),
        ('unknownthing & "calc"', "calc"),
        ('ActiveDocument.Name & " calc"', "{ActiveDocument.Name} calc"),
    ],
)
def test_expressions(expression, text):
    assert shell(expression) == text


def test_names_of_other_modules_stay_visible_when_they_are_not_here():
    assert shell('elsewhere & "calc"', whole=False) == "{elsewhere}calc"
    assert shell("decode(5)", whole=False) == "{decode(5)}"


def test_statements():
    trace = run(
        """
Const K = "po" & "wer"
Dim whole As String
Private Declare PtrSafe Function Fetch Lib "urlmon" Alias "URLDownloadToFileA" (ByVal a As Long) As Long
Function Decode(ByVal text As String, key As Integer) As String
    Dim i As Long, result
    For i = 1 To Len(text)
        result = result & Chr(Asc(Mid(text, i, 1)) Xor key)
    Next i
    Decode = result
End Function
Sub AutoOpen()
    Dim parts(1 To 2) As String, b() As Byte
    parts(1) = K: parts(2) = "x"
    Select Case Len(parts(1))
        Case 1 To 3: whole = "no"
        Case Is > 4, 99
            whole = parts(1) & Decode("!b`mb", 1)
        Case Else
            whole = "no"
    End Select
    If whole = "no" Then
        Shell "never"
    ElseIf Len(whole) > 3 Then
        With CreateObject("WScript.Shell")
            .Run whole, 0, False
        End With
    Else
        Shell "never"
    End If
    i = 3
    Do While i > 0
        i = i - 1
        If i = 1 Then Exit Do
        text = text & i
    Loop
    While i < 4: i = i + 1: text = text & i: Wend
    Do
        i = i - 1
    Loop Until i < 2
    For Each piece In Split("a b", " ")
        text = text & piece
    Next
    For n = 4 To 1 Step -2: text = text & n: Next
    Mid(text, 1, 1) = "#"
    If True Then text = text & "!": text = text & "?" Else text = "no"
    Shell text
    GoTo skip
    Shell "never"
skip:
    Fetch 0, "http://example.com/a.txt", Environ("TEMP") & "\\a.txt", 0, 0
    ReDim b(1)
    b(0) = 104: b(1) = 105
    Shell StrConv(b, vbUnicode)
End Sub
""",
        "autoopen",
    )
    assert [command.text for command in trace.commands] == ["power calc", "#234ab42!?", "hi"]
    assert trace.downloads == [("URLDownloadToFile", "http://example.com/a.txt")]
    assert trace.files[0].path == "%TEMP%\\a.txt"
    assert trace.cut == ""


def test_arguments_go_by_reference_unless_said_otherwise():
    trace = run(
        """
Sub AutoOpen()
    a = "x": b = "x"
    Call Change(a, b)
    Shell a & b
End Sub
Sub Change(first, ByVal second)
    first = "changed": second = "lost"
End Sub
""",
        "autoopen",
    )
    assert trace.commands[0].text == "changedx"


def test_branches_on_the_unknown_are_all_followed_and_leave_nothing_else():
    trace = run(
        """
Sub AutoOpen()
    If Application.UserName = "sandbox" Then Exit Sub
    Select Case Application.Version
        Case "16.0": Shell "a"
        Case Else: Shell "b"
    End Select
    Do While Rnd < 5
        Shell "c"
        Exit Do
    Loop
    For i = 1 To ActiveDocument.Words.Count
        Shell "d"
    Next
End Sub
""",
        "autoopen",
    )
    assert [command.text for command in trace.commands] == ["a", "b", "c", "d"]


def test_procedures_that_nothing_calls_are_followed_too_but_not_as_automatic():
    trace = run('Sub AutoOpen()\nShell "a"\nEnd Sub\nSub Other(x)\nShell "b" & x\nEnd Sub', "autoopen")
    assert [command.text for command in trace.commands] == ["a", "b{x}"]
    assert trace.auto == {"executes:Shell"}
    trace = run('Sub AutoOpen()\nEnd Sub\nSub Other()\nShell "b"\nEnd Sub', "autoopen")
    assert trace.auto == set()


def test_objects():
    trace = run(
        r"""
Sub AutoOpen()
    Set fso = CreateObject("Scripting.FileSystemObject")
    Set out = fso.CreateTextFile(fso.BuildPath(fso.GetSpecialFolder(2), "a.vbs"), True)
    out.WriteLine "MsgBox 1"
    out.Write "MsgBox 2"
    Set http = CreateObject("MSXML2.XMLHTTP.6.0")
    http.Open "GET", "http://example.com/b", False
    http.Send
    Set stream = CreateObject("ADODB.Stream")
    stream.Write http.responseBody
    stream.SaveToFile "c:\x\b.dat", 2
    GetObject("winmgmts:\\.\root\cimv2:Win32_Process").Create "one", Null
    Set services = GetObject("winmgmts:")
    services.Get("Win32_Process").Create "two"
    CreateObject("Shell.Application").ShellExecute "three", "four", "", "open", 0
    CallByName CreateObject("WScript.Shell"), "Run", VbMethod, "five", 0
    GetObject("new:72C24DD5-D70A-438B-8A42-98424B88AFB8").Exec "six"
    CreateObject("WScript.Shell").RegWrite "HKCU\Software\x", "1"
    Set node = CreateObject("MSXML2.DOMDocument").createElement("b64")
    node.dataType = "bin.base64"
    node.Text = "c2V2ZW4="
    Shell StrConv(node.nodeTypedValue, vbUnicode)
    Set d = CreateObject("Scripting.Dictionary")
    d.Add "k", "eight"
    Shell d("k") & d.Item("k")
    Set task = CreateObject("Schedule.Service")
    Set action = task.NewTask(0).Actions.Create(0)
    action.Path = "nine": action.Arguments = "ten"
    task.GetFolder("\").RegisterTaskDefinition "x", 1
    Open "c:\x\c.txt" For Output As #1
    Print #1, "line"; 5
    Close #1
    Application.OnTime Now, "Later"
    ExecuteExcel4Macro "EXEC(""eleven"")"
End Sub
Sub Later()
    Application.Run "Last", "twelve"
End Sub
Sub Last(x)
    Shell x
End Sub
""",
        "autoopen",
    )
    assert [command.text for command in trace.commands] == [
        *("one", "two", "three four", "five", "six", "seven", "eighteight", "nine ten", "twelve", "eleven")
    ]
    written = {file.path: file for file in trace.files}
    assert "".join(written["%TEMP%\\a.vbs"].content) == "MsgBox 1\r\nMsgBox 2"
    assert written["c:\\x\\b.dat"].verb == "SaveToFile"
    assert "".join(written["c:\\x\\c.txt"].content) == "line5\r\n"
    assert written["HKCU\\Software\\x"].verb == "RegWrite"
    assert trace.downloads == [("XMLHTTP", "http://example.com/b")]


def test_texts_that_the_document_holds():
    sources = {"userform1.textbox1.text": "calc", "activedocument.builtindocumentproperties.comments": "calc 2"}
    assert shell("UserForm1.TextBox1.Text", sources=sources) == "calc"
    assert shell('ActiveDocument.BuiltInDocumentProperties("Comments")', sources=sources) == "calc 2"
    assert shell("UserForm1.TextBox2.Text", sources=sources) == "{UserForm1.TextBox2.Text}"


def test_code_that_builds_code():
    trace = run(
        'Execute "a = ""cal"": " & "Sub t: CreateObject(""WScript.Shell"").Run a & ""c"": End Sub"\nt', vbscript=True
    )
    assert [command.text for command in trace.commands] == ["calc"]
    assert trace.layers[0][0] == "vbscript"
    trace = run('x = Eval("""ca"" & ""lc""")\nCreateObject("WScript.Shell").Run x', vbscript=True)
    assert trace.commands[0].text == "calc"


def test_unfolded_text_replaces_what_always_came_to_the_same():
    source = 'Sub AutoOpen()\n  x = "a" & Chr(98)\n  Shell x & "c", 0\nEnd Sub'
    trace = run(source, "autoopen")
    assert unfold(source, trace.folded["m"]) == 'Sub AutoOpen()\n  x = "ab"\n  shell("abc", 0)\nEnd Sub'


@pytest.mark.parametrize(
    "body",
    [
        "Do\nx = x + 1\nLoop",
        "Do\nx = x & 1\nLoop",
        "a:\nGoTo a",
        'x = "aaaa"\nFor i = 1 To 99\nx = x & x\nNext',
        'x = String(99999999, "a")\nFor i = 1 To 9999999: y = Replace(x, "a", "aaaa"): Next',
        "For a = 1 To 999999\nFor b = 1 To 999999\nFor c = 1 To 999999\ns = s & 1\nNext\nNext\nNext",
        "Dim a(999999999)\nFor i = 0 To 999999999\na(i) = i\nNext",
        "x = 9 ^ 9 ^ 9 ^ 9\ny = 9: For i = 1 To 99999: y = y * y: Next",
        "x = f(1)\nEnd Sub\nFunction f(n)\nf = f(n) & f(n)\nEnd Function\nSub z()",
        "x = " + "(" * 5000,
        "x = " + "f(" * 5000 + ")" * 5000,
        "x = a" + ".b" * 5000,
        "If x Then\n" * 500,
        "If x Then " * 500,
        "With x\n" * 500,
    ],
)
def test_hostile_sources_end(body):
    limits = Limits(steps=5_000)
    run(f"Sub AutoOpen()\n{body}\nEnd Sub", "autoopen", limits=limits)


def test_what_ran_before_the_limit_is_kept():
    trace = run('Sub AutoOpen()\nShell "a"\nDo\nx = x & "y"\nLoop\nEnd Sub\nSub AutoClose()\nShell "b"\nEnd Sub',
                "autoopen", "autoclose", limits=Limits(steps=2_000))  # fmt: skip
    assert [command.text for command in trace.commands] == ["a", "b"]
    assert trace.cut == "steps"


def test_mutated_sources_raise_nothing():
    source = """
Private Declare Function f Lib "x" (ByVal a As Long) As Long
Sub AutoOpen()
    Dim a(1 To 3) As String, s$: s = "x" & Chr(65) & _
        "y"
    For i = 1 To 3: a(i) = Mid(s, i, 1): Next
    If a(1) = "x" Then GoTo l Else Shell "calc"
    Select Case s
        Case "a" To "c", Is > 5
        Case Else: s = Split(s, "A")(0)
    End Select
l:  With CreateObject("WScript.Shell"): .Run s & "'" ' comment
    End With
    Open s For Binary As #1: Put #1, , s: Close
End Sub
"""
    generator = random.Random(3)
    pieces = ["(", ")", '"', "&", "\n", ":", "End", "If ", " Then ", "Sub ", "_\n", "&H", "#", ".", ",", "Do\n", "請求"]
    for _ in range(400):
        text = list(source)
        for _ in range(generator.choice([1, 3, 10])):
            at = generator.randrange(len(text))
            text[at : at + generator.randrange(4)] = generator.choice(pieces)
        run("".join(text), "autoopen", limits=Limits(steps=1_000))
