"""Windows event writer: one machine's Sysmon and Security records, as Winlogbeat exports them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1, sha256
from ipaddress import ip_address
from pathlib import PureWindowsPath
from typing import Any

from sekisho.app.lab.corp import NETBIOS_DOMAIN, Desk

SYSMON, SECURITY = "Microsoft-Windows-Sysmon", "Microsoft-Windows-Security-Auditing"
CMDLETS, SERVICE_CONTROL = "MSExchange CmdletLogs", "Service Control Manager"
CHANNELS = {
    SYSMON: "Microsoft-Windows-Sysmon/Operational",
    SECURITY: "Security",
    CMDLETS: "MSExchange Management",
    SERVICE_CONTROL: "System",
}
PROVIDER_GUIDS = {
    SYSMON: "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
    SECURITY: "{54849625-5478-4994-a5ba-3e3b0328c30d}",
    SERVICE_CONTROL: "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
}
"""Providers of the old kind, as Exchange's is, have none."""
CLASSIC = "General"
"""What Winlogbeat calls an event of a provider without a manifest."""
ACTIONS = {
    1: "Process Create (rule: ProcessCreate)",
    3: "Network connection detected (rule: NetworkConnect)",
    11: "File created (rule: FileCreate)",
    13: "Registry value set (rule: RegistryEvent)",
    15: "File stream created (rule: FileCreateStreamHash)",
    17: "Pipe Created (rule: PipeEvent)",
    22: "Dns query (rule: DnsQuery)",
    4624: "Logon",
    4688: "Process Creation",
    4698: "Other Object Access Events",
    5145: "Detailed File Share",
    7045: "None",
}
SYSTEM, NETWORK_SERVICE = "NT AUTHORITY\\SYSTEM", "NT AUTHORITY\\NETWORK SERVICE"
SERVICE_ACCOUNTS = {SYSTEM: ("S-1-5-18", "0x3e7"), NETWORK_SERVICE: ("S-1-5-20", "0x3e4")}
STORY, CONTEXT, BACKGROUND = "story", "context", "background"
ZONE = "[ZoneTransfer]  ZoneId=3"
OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
SYSTEM_32 = "C:\\Windows\\System32\\"
POWERSHELL = f"{SYSTEM_32}WindowsPowerShell\\v1.0\\powershell.exe"
MICROSOFT = "Microsoft Corporation"


@dataclass(frozen=True, slots=True)
class Process:
    """One running program."""

    guid: str
    pid: int
    image: str
    command: str
    user: str

    @property
    def name(self) -> str:
        """File name of the image."""
        return PureWindowsPath(self.image).name


@dataclass(frozen=True, slots=True)
class _Record:
    """One event before records are numbered."""

    at: datetime
    provider: str
    event_id: int
    data: dict[str, Any]
    part: str
    key: str


@dataclass(frozen=True, slots=True)
class Export:
    """One machine's finished export."""

    data: bytes
    """JSON lines in time order."""
    lines: dict[str, tuple[int, ...]]
    """Line numbers, from 1, by part: ``story`` and ``context``; all others are background."""
    planted: dict[str, tuple[int, ...]]
    """Line numbers by the key of the planted step that they show."""


class Machine:
    """Records what happens on one machine; times may be given in any order.

    Source: Sysmon 13 schema (``sysmon -s``) for field names and order; Microsoft's Security auditing reference for
    4624 and 4688; Winlogbeat 8 field reference for the envelope.
    """

    def __init__(self, desk: Desk, case: str, boot_at: datetime) -> None:
        self.desk, self.case = desk, case
        self.part = CONTEXT
        """What is recorded now belongs to: the case's story, the context it happens in, or the background."""
        self.key = ""
        """Planted step that what is recorded now shows; empty for none."""
        self._records: list[_Record] = []
        self._seed = sha256(f"{case}/{desk.host}".encode()).hexdigest()
        self._started = 0
        self.services = self._new(f"{SYSTEM_32}services.exe", f"{SYSTEM_32}services.exe", SYSTEM, boot_at)
        self.svchost = self._new(f"{SYSTEM_32}svchost.exe", "svchost.exe -k DcomLaunch -p", SYSTEM, boot_at)
        userinit = self._new(f"{SYSTEM_32}userinit.exe", f"{SYSTEM_32}userinit.exe", desk.account, boot_at)
        self.logon(boot_at)
        shell_at = boot_at + timedelta(seconds=4)
        self.explorer = self.start("C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", shell_at, userinit)

    def start(
        self, image: str, command: str, at: datetime, parent: Process, *, user: str = "", folder: str = ""
    ) -> Process:
        """Record a process start (Sysmon 1 and Security 4688) and give the process."""
        process = self._new(image, command, user or self.desk.account, at)
        known = image.startswith(("C:\\Windows", "C:\\Program Files"))
        account = self._account(process.user)
        data = {
            "FileVersion": "10.0.19041.1" if known else "-",
            "Description": PureWindowsPath(image).stem if known else "-",
            "Product": "Microsoft Windows" if image.startswith("C:\\Windows") else "-",
            "Company": MICROSOFT if image.startswith(("C:\\Windows", OFFICE)) else "-",
            "OriginalFileName": process.name if known else "-",
            "CommandLine": command,
            "CurrentDirectory": folder or (SYSTEM_32 if process.user in SERVICE_ACCOUNTS else f"{self.desk.home}\\"),
            "LogonGuid": self._guid(int(account["logon"], 16), 0),
            "LogonId": account["logon"],
            "TerminalSessionId": 0 if process.user in SERVICE_ACCOUNTS else 1,
            "IntegrityLevel": "System" if process.user in SERVICE_ACCOUNTS else "Medium",
            "Hashes": hashes(f"sekisho lab image {image}".encode(), program=True),
            "ParentProcessGuid": parent.guid,
            "ParentProcessId": parent.pid,
            "ParentImage": parent.image,
            "ParentCommandLine": parent.command,
            "ParentUser": parent.user,
        }
        self._sysmon(1, at, process, data)
        self._security(4688, at, _audit(process, parent, account))
        return process

    def create_file(self, process: Process, path: str, at: datetime) -> None:
        """Record a file creation (Sysmon 11)."""
        self._sysmon(11, at, process, {"TargetFilename": path, "CreationUtcTime": _utc(at)})

    def mark_file(self, process: Process, path: str, data: bytes, at: datetime) -> None:
        """Record the mark of the web on a saved file, with the hashes of its bytes (Sysmon 15)."""
        fields = {"TargetFilename": f"{path}:Zone.Identifier", "CreationUtcTime": _utc(at)}
        self._sysmon(15, at, process, fields | {"Hash": hashes(data), "Contents": ZONE})

    def resolve(self, process: Process, name: str, address: str, at: datetime) -> None:
        """Record a DNS query (Sysmon 22); an empty address means that the name does not exist."""
        results = f"::ffff:{address};" if address else "-"
        data = {"QueryName": name, "QueryStatus": "0" if address else "9003", "QueryResults": results}
        self._sysmon(22, at, process, data)

    def connect(self, process: Process, address: str, port: int, at: datetime, name: str = "") -> None:
        """Record an outgoing TCP connection (Sysmon 3)."""
        data = {
            "Protocol": "tcp",
            "Initiated": "true",
            "SourceIsIpv6": "false",
            "SourceIp": self.desk.ip,
            "SourceHostname": self.desk.fqdn,
            "SourcePort": 49700 + len(self._records) % 15000,
            "SourcePortName": "-",
            "DestinationIsIpv6": "false",
            "DestinationIp": str(ip_address(address)),
            "DestinationHostname": name or "-",
            "DestinationPort": port,
            "DestinationPortName": {80: "http", 443: "https", 445: "microsoft-ds"}.get(port, "-"),
        }
        self._sysmon(3, at, process, data)

    def set_value(self, process: Process, key: str, details: str, at: datetime) -> None:
        """Record a registry value being set (Sysmon 13)."""
        self._sysmon(13, at, process, {"EventType": "SetValue", "TargetObject": key, "Details": details})

    def create_pipe(self, process: Process, name: str, at: datetime) -> None:
        """Record a named pipe being made (Sysmon 17)."""
        self._sysmon(17, at, process, {"EventType": "CreatePipe", "PipeName": name})

    def add_task(self, name: str, content: str, at: datetime) -> None:
        """Record a scheduled task being made (Security 4698) by the desk's user."""
        account = self._account(self.desk.account)
        subject = {"SubjectUserSid": account["sid"], "SubjectUserName": account["name"]}
        subject |= {"SubjectDomainName": account["domain"], "SubjectLogonId": account["logon"]}
        self._security(4698, at, subject | {"TaskName": name, "TaskContent": content})

    def add_service(self, name: str, command: str, at: datetime) -> None:
        """Record a service being made (System 7045)."""
        data = {"ServiceName": name, "ImagePath": command, "ServiceType": "user mode service"}
        self.record(SERVICE_CONTROL, 7045, at, data | {"StartType": "demand start", "AccountName": "LocalSystem"})

    def write_share(self, share: str, path: str, address: str, at: datetime, user: str = "") -> None:
        """Record a file being written through a share of this machine (Security 5145)."""
        account = self._account(user or SYSTEM)
        data = {"SubjectUserSid": account["sid"], "SubjectUserName": account["name"]}
        data |= {"SubjectDomainName": account["domain"], "SubjectLogonId": account["logon"], "ObjectType": "File"}
        data |= {"IpAddress": address, "IpPort": str(49700 + len(self._records) % 15000), "ShareName": share}
        data |= {
            "ShareLocalPath": "\\??\\C:\\",
            "RelativeTargetName": path,
            "AccessMask": "0x2",
            "AccessList": "%%4417",
        }
        self._security(5145, at, data | {"AccessReason": "-"})

    def call_cmdlet(self, name: str, parameters: str, caller: str, at: datetime, *, failed: bool = False) -> None:
        """Record a cmdlet of Exchange (event 1, or 6 when it failed) as its management log has it."""
        host, process = "Remote-ManagementShell-Unknown", "11064 w3wp#MSExchangePowerShellAppPool"
        values = (name, parameters, caller, "S-1-5-21-0", "S-1-5-21-0", host, process, "", "38", "00:00:00.2813")
        data = {f"param{number}": value for number, value in enumerate(values, 1)}
        self.record(CMDLETS, 6 if failed else 1, at, data)

    def record(self, provider: str, event_id: int, at: datetime, data: dict[str, Any]) -> None:
        """Record any other event."""
        self._records.append(_Record(at, provider, event_id, data, self.part, self.key))

    @property
    def system(self) -> Process:
        """The kernel as a process, which writes what comes over the network."""
        return Process(self._guid(0, 0), 4, "System", "", SYSTEM)

    def logon(self, at: datetime, kind: int = 2) -> None:
        """Record a logon of the desk's user (Security 4624)."""
        account = self._account(self.desk.account)
        self._security(4624, at, _logon(self.desk, account["logon"], kind))

    def export(self) -> Export:
        """Give everything recorded so far in the order of time, numbered by channel."""
        numbers = {SYSMON: 20_000, SECURITY: 50_000, CMDLETS: 9_000, SERVICE_CONTROL: 4_000}
        lines: list[str] = []
        parts: dict[str, list[int]] = {STORY: [], CONTEXT: [], BACKGROUND: []}
        planted: dict[str, list[int]] = {}
        for line, record in enumerate(sorted(self._records, key=lambda record: record.at), 1):
            numbers[record.provider] += 1
            lines.append(json.dumps(self._envelope(record, numbers[record.provider]), ensure_ascii=False))
            parts[record.part].append(line)
            if record.key:
                planted.setdefault(record.key, []).append(line)
        shown = {part: tuple(parts[part]) for part in (STORY, CONTEXT)}
        keys = {key: tuple(at) for key, at in planted.items()}
        return Export(("\n".join(lines) + "\n").encode(), shown, keys)

    def _new(self, image: str, command: str, user: str, at: datetime) -> Process:
        self._started += 1
        pid = 600 + 4 * ((int(self._seed[:4], 16) + 37 * self._started) % 3500)
        return Process(self._guid(int(at.timestamp()), self._started), pid, image, command, user)

    def _guid(self, stamp: int, number: int) -> str:
        """Give a Sysmon-style GUID: machine, time or logon id, and a counter."""
        middle = f"{stamp & 0xFFFFFFFF:08x}"
        return f"{{{self._seed[:8]}-{middle[4:]}-{middle[:4]}-{number:04x}-000000001a00}}".upper()

    def _account(self, user: str) -> dict[str, str]:
        domain, _, name = user.rpartition("\\")
        if user in SERVICE_ACCOUNTS:
            sid, logon_id = SERVICE_ACCOUNTS[user]
            return {"sid": sid, "name": f"{self.desk.host}$", "domain": NETBIOS_DOMAIN, "logon": logon_id}
        sid = self.desk.sid if user == self.desk.account else f"{self.desk.sid.rpartition('-')[0]}-1900"
        logon = int(sha256(f"{self._seed}{user}".encode()).hexdigest()[:5], 16)
        return {"sid": sid, "name": name, "domain": domain, "logon": f"{logon:#x}"}

    def _sysmon(self, event_id: int, at: datetime, process: Process, data: dict[str, Any]) -> None:
        head = {"RuleName": "-", "UtcTime": _utc(at), "ProcessGuid": process.guid, "ProcessId": process.pid}
        head |= {"Image": process.image, "User": process.user}
        self.record(SYSMON, event_id, at, head | data)

    def _security(self, event_id: int, at: datetime, data: dict[str, Any]) -> None:
        self.record(SECURITY, event_id, at, data)

    def _envelope(self, record: _Record, number: int) -> dict[str, Any]:
        time = record.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        action = CLASSIC if record.provider == CMDLETS else ACTIONS[record.event_id]
        winlog = {
            "api": "wineventlog",
            "channel": CHANNELS[record.provider],
            "computer_name": self.desk.fqdn,
            "event_id": str(record.event_id),
            "opcode": "Info",
            "provider_guid": PROVIDER_GUIDS.get(record.provider, ""),
            "provider_name": record.provider,
            "record_id": number,
            "task": action,
            "event_data": {key: str(value) for key, value in record.data.items()},
        }
        return {
            "@timestamp": time,
            "agent": {"type": "winlogbeat", "version": "8.1.3", "name": self.desk.host},
            "ecs": {"version": "8.0.0"},
            "event": {"code": str(record.event_id), "kind": "event", "provider": record.provider, "action": action},
            "host": {"name": self.desk.fqdn},
            "labels": {"sekisho_lab": f"synthetic; case={self.case}"},
            "log": {"level": "information"},
            "winlog": winlog,
        }


def hashes(data: bytes, *, program: bool = False) -> str:
    """Give Sysmon's list of hashes; programs get an import hash made from the same bytes, others zeroes."""
    imports = sha256(b"imports" + data).hexdigest()[:32].upper() if program else "0" * 32
    sums = (sha1(data).hexdigest(), md5(data).hexdigest(), sha256(data).hexdigest())
    return "SHA1={},MD5={},SHA256={},IMPHASH={}".format(*(text.upper() for text in sums), imports)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def _audit(process: Process, parent: Process, account: dict[str, str]) -> dict[str, Any]:
    return {
        "SubjectUserSid": account["sid"],
        "SubjectUserName": account["name"],
        "SubjectDomainName": account["domain"],
        "SubjectLogonId": account["logon"],
        "NewProcessId": f"{process.pid:#x}",
        "NewProcessName": process.image,
        "TokenElevationType": "%%1936" if process.user in SERVICE_ACCOUNTS else "%%1938",
        "ProcessId": f"{parent.pid:#x}",
        "CommandLine": process.command,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": parent.image,
        "MandatoryLabel": "S-1-16-16384" if process.user in SERVICE_ACCOUNTS else "S-1-16-8192",
    }


def _logon(desk: Desk, logon: str, kind: int) -> dict[str, Any]:
    return {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": f"{desk.host}$",
        "SubjectDomainName": NETBIOS_DOMAIN,
        "SubjectLogonId": "0x3e7",
        "TargetUserSid": desk.sid,
        "TargetUserName": desk.user,
        "TargetDomainName": NETBIOS_DOMAIN,
        "TargetLogonId": logon,
        "LogonType": kind,
        "LogonProcessName": "User32 ",
        "AuthenticationPackageName": "Negotiate",
        "WorkstationName": desk.host,
        "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
        "ProcessId": "0x2a4",
        "ProcessName": f"{SYSTEM_32}svchost.exe",
        "IpAddress": "127.0.0.1",
        "IpPort": "0",
        "ElevatedToken": "%%1843",
    }
