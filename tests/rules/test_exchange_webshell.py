"""The web shell that System writes: found in events as NXLog exports them, and in the real set where it is at hand."""

import json
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.pipeline import Options, investigate

SETS = Path(__file__).parents[3] / "shared" / "data" / "otrf"
HOST, PROGRAM_FILES = "MBX01.corp.example", "C:\\Program Files"
PAGE = "Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth\\lab.aspx"
WORKER = "c:\\windows\\system32\\inetsrv\\w3wp.exe"
COMPILED = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\owa\\8e05b027\\e164d61b\\"
PARAMETERS = (
    '-ExternalUrl "http://f/<script language=\\"JScript\\" runat=\\"server\\">" -Identity "OAB (Default Web Site)"'
)
SYSMON = {"Channel": "Microsoft-Windows-Sysmon/Operational", "SourceName": "Microsoft-Windows-Sysmon"}
SECURITY = {"Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing", "EventID": 5145}
STORY = (
    {"Channel": "MSExchange Management", "SourceName": "MSExchange CmdletLogs", "EventID": 1,
     "Message": f"Cmdlet suceeded. Cmdlet Set-OabVirtualDirectory, parameters {PARAMETERS}."},
    SECURITY | {"ShareName": "\\\\*\\C$", "RelativeTargetName": f"Program Files\\{PAGE}", "IpAddress": "127.0.0.1",
                "SubjectUserName": "MBX01$", "AccessMask": "0x17019f", "AccessList": "%%1538\r\n\t\t\t\t%%4417"},
    SYSMON | {"EventID": 11, "Image": "System", "ProcessId": "4", "TargetFilename": f"{PROGRAM_FILES}\\{PAGE}"},
    SYSMON | {"EventID": 11, "Image": WORKER, "ProcessId": "7300", "TargetFilename": f"{COMPILED}lab.aspx.cdcab7d2.compiled"},
    SYSMON | {"EventID": 1, "Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": '"cmd.exe" /c whoami', "ProcessId": "81",
              "ParentImage": WORKER, "ParentCommandLine": f'{WORKER} -ap "MSExchangeOWAAppPool" -v "v4.0"',
              "ProcessGuid": "{1}", "ParentProcessGuid": "{2}"},
)  # fmt: skip
TITLES = {
    "Cmdlet Puts Page Code into an Address of Exchange",
    "Page Written through the Machine's Own Administrative Share",
    "Page Written into a Folder of Exchange",
    "Unknown Page of Exchange Compiled",
    "Web Worker of Exchange Starts a Shell",
    "Page Written over the Own Share, Compiled and Used",
}


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


def titles(path, rules):
    return {one.title for one in investigate([str(path)], rules, Options(jobs=2)).findings}


def test_as_nxlog_exports_it(tmp_path, rules):
    rows = [
        one
        | {
            "Hostname": HOST,
            "EventTime": f"2021-03-14 01:4{minute}:19",
            "@timestamp": f"2021-03-14T05:4{minute}:19.000Z",
        }
        for minute, one in enumerate(STORY)
    ]
    path = tmp_path / "events.json"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert titles(path, rules) == TITLES


@pytest.mark.shared
def test_in_the_real_set(rules):
    found = sorted(SETS.rglob("*roxylogon*")) or sorted(SETS.rglob("*210314014019*"))
    if not found:
        pytest.skip("the ProxyLogon set of Security-Datasets is not beside the project")
    assert titles(found[0], rules) >= {
        "Cmdlet Puts Page Code into an Address of Exchange",
        "Unknown Page of Exchange Compiled",
        "Web Worker of Exchange Starts a Shell",
    }
