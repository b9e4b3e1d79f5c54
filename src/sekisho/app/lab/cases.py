"""Every lab case by name, and writing one out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from sekisho.app.lab import (
    case_exchange,
    case_health,
    case_icedid,
    case_imap,
    case_lnk,
    case_qakbot,
    case_vba,
    case_xlm,
    planted,
)
from sekisho.app.lab.case import Case
from sekisho.app.lab.case_shop import SHOP_CASES, ShopCase

_MONDAY, _TUESDAY, _WEDNESDAY = date(2022, 4, 25), date(2022, 4, 26), date(2022, 4, 27)
_JANUARY, _SEPTEMBER = date(2022, 1, 21), date(2020, 9, 16)
_MARCH, _JUNE, _CALL_DAY = date(2021, 3, 15), date(2021, 6, 14), date(2021, 9, 8)
_DOCUMENTS = (
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
)
_LOGS = (
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
    Case(
        "exchange-hijack",
        "broken Exchange server, stolen conversations, answers to colleagues from inside",
        "侵害されたExchangeサーバー、盗まれたスレッド、社内からの返信スパム",
        date(2021, 11, 9),
        case_exchange.hijack,
    ),
    Case(
        "qakbot-tr",
        "link in a stolen conversation, a workbook, Qakbot's chain and who takes over",
        "盗まれたスレッド内のリンク、Excelブック、Qakbotの一連の動作と後続ツール",
        date(2021, 11, 9),
        case_qakbot.tr,
    ),
    Case(
        "imap-spray",
        "guessed mailbox passwords, one mailbox read whole and used to answer its conversations",
        "メールボックスのパスワード推測、大量読み出し、盗まれたスレッドへの返信スパム",
        date(2021, 10, 7),
        case_imap.spray,
    ),
    Case(
        "health-lure",
        "a ministry's page for vaccinations that asks for the password of the mailbox",
        "ワクチン接種予約を装い、メールのパスワードを入力させる官庁の偽ページ",
        _JUNE,
        case_health.lure,
    ),
    Case(
        "health-lure-document",
        "a test result in a locked archive, whose macro has the shell start a page",
        "パスワード付きZIP内の検査結果を装う文書と、シェルに起動させるHTA",
        _JUNE,
        case_health.document,
    ),
    Case(
        "health-lure-benign",
        "a health centre's schedule and an insurance society's booking page",
        "健康管理センターの接種日程と、健康保険組合の予約ページ",
        _JUNE,
        case_health.benign,
    ),
)
DOCUMENT_CASES: Mapping[str, Case] = MappingProxyType({case.name: case for case in _DOCUMENTS})
"""A file that somebody opens; each with a benign twin of its own."""
CASES: Mapping[str, Case] = MappingProxyType({case.name: case for case in (*_DOCUMENTS, *_LOGS)})
"""Of an office; those with server logs have their benign twins in the same folder and state their planted steps."""
EVERY: Mapping[str, Case | ShopCase] = MappingProxyType({**CASES, **SHOP_CASES})


def make(case: str, out: Path) -> Path:
    """Write one case below ``out`` and give its folder; files of an earlier run are overwritten.

    Planted steps are written beside the folder, see :mod:`sekisho.app.lab.planted`.

    Raises:
        KeyError: there is no such case.
    """
    one = EVERY[case]
    folder = out / one.name
    files, steps = one.told()
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if steps:
        planted.write(folder, case, steps)
    return folder
