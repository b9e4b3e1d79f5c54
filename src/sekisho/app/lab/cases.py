"""Every lab case by name, and writing one out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from sekisho.app.lab import case_icedid, case_lnk, case_vba, case_xlm, planted
from sekisho.app.lab.case import Case

_MONDAY, _TUESDAY, _WEDNESDAY = date(2022, 4, 25), date(2022, 4, 26), date(2022, 4, 27)
_JANUARY, _SEPTEMBER = date(2022, 1, 21), date(2020, 9, 16)
_MARCH, _CALL_DAY = date(2021, 3, 15), date(2021, 9, 8)
_ALL = (
    Case(
        "emotet-lnk-vbs",
        "shortcut in a password ZIP, with a script behind its end",
        "パスワード付きZIP内のショートカット（末尾にスクリプト）",
        _MONDAY,
        case_lnk.vbs,
    ),
    Case(
        "emotet-lnk-vbs-benign",
        "shortcut to a price list on the file server, in a password ZIP",
        "パスワード付きZIP内の、ファイルサーバーの価格表へのショートカット",
        _MONDAY,
        case_lnk.vbs_benign,
    ),
    Case(
        "emotet-lnk-powershell",
        "shortcut in an AES ZIP, with a PowerShell script in its arguments",
        "AES暗号化ZIP内のショートカット（引数にPowerShell）",
        _WEDNESDAY,
        case_lnk.powershell,
    ),
    Case(
        "emotet-lnk-powershell-benign",
        "shortcut that shows a folder of the file server, in an AES ZIP",
        "AES暗号化ZIP内の、共有フォルダへのショートカット",
        _WEDNESDAY,
        case_lnk.powershell_benign,
    ),
    Case(
        "emotet-xlm-regsvr32",
        "workbook whose very hidden sheets put a download and regsvr32 together",
        "非表示シートの断片からダウンロードとregsvr32を組み立てるExcel 4.0マクロ",
        _TUESDAY,
        case_xlm.regsvr32,
    ),
    Case(
        "emotet-xlm-regsvr32-benign",
        "workbook whose very hidden macro sheet adds up and formats",
        "合計と書式設定を行うExcel 4.0マクロ",
        _TUESDAY,
        case_xlm.regsvr32_benign,
    ),
    Case(
        "emotet-xlm-hexip",
        "workbook that starts mshta with an address in hex, and one in octal",
        "16進・8進のIPアドレスでmshtaを起動するExcel 4.0マクロ",
        _JANUARY,
        case_xlm.hexip,
    ),
    Case(
        "emotet-xlm-hexip-benign",
        "workbook whose macro sheet opens the company's help page",
        "社内のヘルプページを開くExcel 4.0マクロ",
        _JANUARY,
        case_xlm.hexip_benign,
    ),
    Case(
        "emotet-vba",
        "document whose macro has WMI start PowerShell",
        "WMI経由でPowerShellを起動するVBAマクロ文書",
        _SEPTEMBER,
        case_vba.vba,
    ),
    Case(
        "emotet-vba-benign",
        "document whose macro formats its tables",
        "表の書式を整えるVBAマクロ文書",
        _SEPTEMBER,
        case_vba.vba_benign,
    ),
    Case(
        "icedid-thread",
        "workbook in a ZIP out of a stolen thread, with the network logs of its loader",
        "盗まれたスレッドのZIP内ブックとローダの通信ログ",
        _MARCH,
        case_icedid.icedid,
    ),
    Case(
        "bazarcall",
        "a charge to cancel by telephone, and the workbook that the call centre has its victim open",
        "電話での解約を促す請求と、通話相手が開かせるブック",
        _CALL_DAY,
        case_icedid.bazarcall,
    ),
    Case(
        "icedid-bazarcall-benign",
        "an ordinary day of the network with all that looks odd and is not",
        "紛らわしいが無害な通信を含む通常の一日",
        _MARCH,
        case_icedid.benign,
    ),
)
CASES: Mapping[str, Case] = MappingProxyType({case.name: case for case in _ALL})


def make(case: str, out: Path) -> Path:
    """Write one case below ``out`` and give its folder; files of an earlier run are overwritten.

    Planted steps are written beside the folder, see :mod:`sekisho.app.lab.planted`.

    Raises:
        KeyError: there is no such case.
    """
    folder = out / CASES[case].name
    for path, data in CASES[case].files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if steps := CASES[case].planted:
        planted.write(folder, case, steps)
    return folder
