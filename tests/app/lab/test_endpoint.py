"""Machine events in Winlogbeat's shape."""

import json
from datetime import date
from hashlib import sha256

from sekisho.app.lab.corp import OPENER, moment
from sekisho.app.lab.endpoint import CONTEXT, STORY, SYSTEM_32, Machine

DAY = date(2022, 4, 25)


def recorded():
    machine = Machine(OPENER, "case", moment(DAY, "08:31:00"))
    machine.part = STORY
    shell = machine.start(f"{SYSTEM_32}cmd.exe", "cmd /c x", moment(DAY, "09:31:47.120"), machine.explorer)
    machine.create_file(shell, "C:\\x.vbs", moment(DAY, "09:31:46"))
    machine.mark_file(shell, "C:\\a.zip", b"PK", moment(DAY, "09:31:48"))
    machine.resolve(shell, "no.example", "", moment(DAY, "09:31:49"))
    machine.connect(shell, "198.51.100.23", 8080, moment(DAY, "09:31:50"))
    machine.set_value(shell, "HKU\\S-1\\Run\\x", "x", moment(DAY, "09:31:51"))
    return machine, shell, machine.export()


def test_shape_order_and_parts():
    _, _, export = recorded()
    rows = [json.loads(line) for line in export.data.decode().splitlines()]
    ids = [row["winlog"]["event_id"] for row in rows]
    assert ids == ["4624", "1", "4688", "11", "1", "4688", "15", "22", "3", "13"]
    assert export.lines == {STORY: (4, 5, 6, 7, 8, 9, 10), CONTEXT: (1, 2, 3)}
    assert [row["@timestamp"] for row in rows] == sorted(row["@timestamp"] for row in rows)
    assert rows[4]["@timestamp"] == "2022-04-25T00:31:47.120Z"
    numbers = [row["winlog"]["record_id"] for row in rows if row["winlog"]["channel"] == "Security"]
    assert numbers == [50001, 50002, 50003]


def test_processes_are_told_apart_and_joined():
    machine, shell, export = recorded()
    rows = [json.loads(line)["winlog"] for line in export.data.decode().splitlines()]
    start, audit = rows[4]["event_data"], rows[5]["event_data"]
    assert start["ProcessGuid"] == shell.guid != machine.explorer.guid == start["ParentProcessGuid"]
    assert start["ParentProcessId"] == str(machine.explorer.pid)
    assert int(audit["NewProcessId"], 16) == shell.pid
    assert int(audit["ProcessId"], 16) == machine.explorer.pid
    assert all(isinstance(value, str) for row in rows for value in row["event_data"].values())


def test_hash_of_a_marked_file_is_that_of_its_bytes():
    rows = [json.loads(line)["winlog"] for line in recorded()[2].data.decode().splitlines()]
    assert f"SHA256={sha256(b'PK').hexdigest().upper()}" in rows[6]["event_data"]["Hash"]


def test_servers_events_and_the_steps_they_show():
    machine = Machine(OPENER, "case", moment(DAY, "08:31:00"))
    machine.key = "drop"
    machine.write_share("\\\\*\\C$", "inetpub\\a.aspx", "127.0.0.1", moment(DAY, "09:00:00"))
    machine.create_file(machine.system, "C:\\inetpub\\a.aspx", moment(DAY, "09:00:01"))
    machine.key = "stay"
    machine.add_task("\\x", "<Exec/>", moment(DAY, "09:00:02"))
    machine.add_service("x", "%COMSPEC%", moment(DAY, "09:00:03"))
    machine.create_pipe(machine.explorer, "\\x", moment(DAY, "09:00:04"))
    machine.key = ""
    machine.call_cmdlet("Get-Mailbox", '-Identity "a"', "corp.example/Users/adm", moment(DAY, "09:00:05"), failed=True)
    export = machine.export()
    rows = [json.loads(line) for line in export.data.decode().splitlines()]
    assert [row["winlog"]["event_id"] for row in rows[3:]] == ["5145", "11", "4698", "7045", "17", "6"]
    assert export.planted == {"drop": (4, 5), "stay": (6, 7, 8)}
    assert rows[3]["winlog"]["event_data"]["ShareLocalPath"] == "\\??\\C:\\"
    assert (rows[4]["winlog"]["event_data"]["Image"], rows[4]["winlog"]["event_data"]["ProcessId"]) == ("System", "4")
    assert rows[6]["winlog"]["channel"] == "System"
    assert rows[8]["message"] == 'Cmdlet failed. Cmdlet Get-Mailbox, parameters -Identity "a".'
    assert rows[8]["winlog"]["event_data"]["param3"] == "corp.example/Users/adm"
    assert "message" not in rows[3]
