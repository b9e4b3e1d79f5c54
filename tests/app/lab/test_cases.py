"""Every case: the same bytes each time, labelled, inert, and what its truth says it is."""

import email
import email.policy
import io
import json
import re
import socket
from base64 import b64decode
from hashlib import sha256
from ipaddress import ip_address, ip_network

import olefile
import pytest
import pyzipper

from sekisho.app.lab import cases, payloads
from sekisho.app.lab.cases import DOCUMENT_CASES, make
from sekisho.app.lab.planted import path_of, read

NAMES = ("emotet-lnk-vbs", "emotet-lnk-powershell", "emotet-xlm-regsvr32", "emotet-xlm-hexip", "emotet-vba")
CASES = {name: case for name, case in cases.CASES.items() if name.startswith("emotet")}
OWN_NETS = [
    ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8", "127.0.0.1/32", "0.0.0.0/32")
]  # the last is the version that a client of Exchange says it has
SCHEMAS = {"schemas.openxmlformats.org", "schemas.microsoft.com"}  # names of XML vocabularies, never fetched
FILES = {name: case.files() for name, case in CASES.items()}
TRUTHS = {name: json.loads(files["truth.json"]) for name, files in FILES.items()}


def message(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def members(data, truth):
    """Give the members of an archive by name, opened with the passwords of the truth."""
    with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            password = truth["passwords"][0].encode() if info.flag_bits & 1 else None
            name = info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode("cp932")
            yield name, archive.read(info, password)


def below(data, truth):
    """Give some bytes and everything that lies packed in them."""
    yield data
    if data.startswith(b"Return-Path:"):
        for part in message(data).walk():
            if not part.is_multipart():
                yield from below(part.get_payload(decode=True), truth)
    elif data.startswith(b"PK"):
        for _, member in members(data, truth):
            yield from below(member, truth)
    elif data.startswith(olefile.MAGIC):
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            for path in ole.listdir():
                yield ole.openstream(path).read()


def texts(data):
    """Give the texts that bytes may be: single bytes, UTF-16, and long base64 in either."""
    for text in (data.decode("latin-1"), data.replace(b"\0", b"").decode("latin-1")):
        yield text
        for found in re.findall(r"[A-Za-z0-9+/]{80,}={0,2}", text):
            yield b64decode(found[: len(found) // 4 * 4]).replace(b"\0", b"").decode("latin-1")


def unfolded(name):
    """Give what a case's scripts and macros say once nothing hides it."""
    if len(urls := tuple(TRUTHS[name]["urls"])) == 6:
        yield payloads.vba_command(urls)
        yield "\n".join(payloads.xlm_lines(urls))
    yield payloads.vbs_overlay(payloads.fallback_urls(0)).decode("ascii").replace('" & "', "")
    yield payloads.hta_powershell().replace("{GOOGLE}", "")


def is_ours(host):
    host = host.lower().rstrip(".")
    if host.endswith(".example") or host == "example" or host in SCHEMAS:
        return True
    try:
        address = ip_address(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return "." not in host  # a fragment of a name, or a name inside the company
    return any(address in net for net in OWN_NETS)


def test_cases_and_their_twins():
    assert list(DOCUMENT_CASES) == [name + twin for name in NAMES for twin in ("", "-benign")]
    assert set(DOCUMENT_CASES) < set(cases.CASES)


@pytest.mark.parametrize("name", CASES)
def test_same_bytes_each_time_and_labelled(name, tmp_path):
    assert CASES[name].files() == FILES[name]
    folder = make(name, tmp_path)
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert folder == tmp_path / name
    assert written == FILES[name]
    assert path_of(folder).exists() == bool(CASES[name].planted)
    assert b"synthetic" in written["README.txt"]
    assert b"inert" in written["README.txt"]
    mails = [data for path, data in written.items() if path.endswith(".eml")]
    assert len(mails) >= 14
    assert all(message(data)["X-Sekisho-Lab"] == f"synthetic; case={name}" for data in mails)


@pytest.mark.parametrize("name", CASES)
def test_no_address_of_anybody(name):
    truth = TRUTHS[name]
    found = [text for data in FILES[name].values() for part in below(data, truth) for text in texts(part)]
    hosts = set()
    for text in [*found, *unfolded(name)]:
        plain = text.replace("^", "")
        hosts.update(re.findall(r"(?i)https?:/{2}([a-z0-9.-]+)", plain))
        hosts.update(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", plain))
        hosts.update(re.findall(r"(?i)(?<=[a-z0-9]@)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}", plain))
    assert len(hosts) > 10
    assert {host for host in hosts if not is_ours(host)} == set()


@pytest.mark.parametrize("name", DOCUMENT_CASES)
def test_truth_points_at_what_is_there(name):
    files, truth = FILES[name], TRUTHS[name]
    assert truth["verdict"] == ("clean" if name.endswith("-benign") else "malicious")
    assert (truth["root_cause"] is None) == name.endswith("-benign")
    path, *parts = truth["opened"]["address"].split(" » ")
    assert path.startswith("evidence/mailboxes/user01@corp.example/")
    mail = message(files[path])
    assert mail["Message-ID"] == truth["opened"]["message_id"]
    data = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}[parts[0]]
    for inner in parts[1:]:
        data = dict(members(data, truth))[inner]
    assert sha256(data).hexdigest() == truth["opened"]["sha256"]
    assert len(truth["recipients"]) == 4
    copies = [copy for lure in truth["mails"] for copy in lure["copies"]]
    assert set(copies) <= set(files)
    assert len(copies) >= 4


@pytest.mark.parametrize("name", DOCUMENT_CASES)
def test_story_lines_hold_the_chain_and_the_shipped_hashes(name):
    files, truth = FILES[name], TRUTHS[name]
    rows = {path: [json.loads(line)["winlog"] for line in files[path].splitlines()] for path in truth["events"]}
    assert sum(map(len, rows.values())) > 300
    wanted = ("story", "context")
    ours = [rows[path][line - 1] for path, parts in truth["events"].items() for key in wanted for line in parts[key]]
    started = [row["event_data"] for row in ours if row["event_id"] == "1"]
    by_guid = {row["ProcessGuid"]: row for row in started}
    for process in truth["process_chain"]:
        assert by_guid[process["guid"]]["CommandLine"] == process["command_line"]
        assert by_guid[process["guid"]]["ProcessId"] == str(process["pid"])
    connected = {
        (row["event_data"]["DestinationIp"], row["event_data"]["DestinationPort"])
        for row in ours
        if row["event_id"] == "3"
    }
    assert {(hop["address"], str(hop["port"])) for hop in truth["network"]} <= connected
    marked = {row["event_data"]["Hash"].split("SHA256=")[1][:64].lower() for row in ours if row["event_id"] == "15"}
    assert truth["opened"]["sha256"] in marked
    assert {lure["attachments"][0]["sha256"] for lure in truth["mails"][:1]} <= marked
    quiet = {path for path, parts in truth["events"].items() if not parts["story"]}
    assert len(quiet) == 3


PLANTED = sorted(name for name in set(cases.CASES) - set(DOCUMENT_CASES) if not name.endswith("-benign"))


@pytest.mark.parametrize("name", PLANTED)
def test_planted_steps_point_at_records_that_are_there(name, tmp_path):
    folder = make(name, tmp_path)
    steps = read(folder)
    assert steps == cases.CASES[name].planted
    lines = {one.source: (folder / one.source).read_bytes().count(b"\n") for one in steps}
    assert all(not one.record or 1 <= int(one.record) <= lines[one.source] for one in steps)
    ordinary = {source: count - sum(one.source == source for one in steps) for source, count in lines.items()}
    assert sum(ordinary.values()) > 4_000
    assert len({one.key for one in steps}) >= 6
