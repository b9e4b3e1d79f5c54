"""Bad input, end to end: named with its place, the rest still read, nothing lost, no traceback, bounded time and memory."""

import base64
import gzip
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from datetime import datetime
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from sekisho.app import cli, ruleset
from sekisho.app.examine import analyse, examine
from sekisho.app.lab import cases
from sekisho.app.lab.biff8 import Name, Sheet, write_xls
from sekisho.app.lab.lnk import Shortcut, write_shortcut
from sekisho.app.lab.zipcrypto import Packing, write_zip
from sekisho.app.pipeline import Options, investigate
from sekisho.model.artifact import Artifact
from sekisho.model.limits import DEFAULT, Limits
from sekisho.respond.document import document, dump
from sekisho.respond.wording import Words

AT = datetime(2022, 4, 25, 9, 0)  # noqa: DTZ001  # a ZIP holds local times
PASSWORD = "zQ9!k2Lm"  # of a lab archive
SHORTCUT = write_shortcut(Shortcut(target="C:\\Windows\\System32\\cmd.exe", arguments="/c echo hello"))
EVENT = {
    "EventID": 1,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Hostname": "PC-1",
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "CommandLine": "cmd /c echo hello",
    "UtcTime": "2022-04-25 09:00:00.000",
}
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


@pytest.fixture(scope="module")
def told(rules, tmp_path_factory):
    """Give a function that writes files into a folder, investigates it and gives the JSON document."""

    def run(files, **options):
        folder = tmp_path_factory.mktemp("evidence")
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return examined([folder], rules, **options)

    return run


def examined(paths, rules, **options):
    result = investigate([str(path) for path in paths], rules, Options(**{"jobs": 2, **options}))
    words = Words("en", result.findings)
    assert json.loads(dump(result, words)), "it can be written"
    return document(result, words)


def head(number=1, subject="hello"):
    return (
        f"From: a@partner.example\r\nTo: b@corp.example\r\nSubject: {subject}\r\nMessage-ID: <{number}@partner.example>\r\n"
        "Date: Mon, 25 Apr 2022 09:00:00 +0900\r\nMIME-Version: 1.0\r\n"
    ).encode()


def mail(attachment, name="a.zip", text="hello", number=1):
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    return (
        head(number)
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + text.encode()
        + f"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''{encoded}\r\n".encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(attachment)
        + b"--b--\r\n"
    )


def packed(*members):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def zeros(size):
    """Give the deflated form of ``size`` zeros, piece by piece."""
    deflater, block = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1 << 20)
    return b"".join(deflater.compress(block) for _ in range(size >> 20)) + deflater.flush()


def overlapping(body, size, count):
    """Give an archive whose ``count`` members are all the same bytes."""
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(body), size, 1, 0) + b"z" + body
    central = b""
    for number in range(count):
        name = b"z%04d" % number
        sizes = (len(body), size, len(name))
        central += (
            struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, *sizes, 0, 0, 0, 0, 0, 0) + name
        )
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(central), len(local), 0)


def lines(*events):
    return b"".join(json.dumps({**EVENT, **event}).encode() + b"\n" for event in events)


def reasons(document):
    return " | ".join(one["skipped"] for one in document["inputs"] if one["skipped"])


def trees(files, limits=DEFAULT):
    roots = [Artifact(name, data, name, passwords=("infected",)) for name, data in files.items()]
    return {root.name: tree for root, tree in examine(roots, jobs=2, limits=limits)}


# Broken files


def lab_files(folder):
    """Give the mail of each lab attack with what is attached to it."""
    found = {}
    for case in sorted(name for name in cases.DOCUMENT_CASES if not name.endswith("-benign")):
        mails = sorted((cases.make(case, folder) / "evidence").rglob("*.eml"), key=lambda path: path.stat().st_size)
        data = mails[-1].read_bytes()
        found[f"{case}.eml"] = data
        for child in analyse(Artifact("m.eml", data, "m.eml")).children:
            found[f"{case} {child.name}"] = child.data
    return found


def test_cut_and_mutated_lab_files_cost_only_themselves(tmp_path):
    random, broken = Random(2022), {}
    for name, data in lab_files(tmp_path).items():
        for tenth in range(1, 10):
            broken[f"{name} cut at {tenth}0%"] = data[: len(data) * tenth // 10]
        for number in range(3):
            spoiled = bytearray(data)
            for _ in range(max(4, len(data) // 200)):
                spoiled[random.randrange(len(data))] = random.randrange(256)
            broken[f"{name} mutant {number}"] = bytes(spoiled)
    found = trees(broken)
    assert found.keys() == broken.keys()
    faults = [(one.address, note) for tree in found.values() for one in tree for note in one.notes]
    assert not [fault for fault in faults if "failed on this input" in fault[1] or "ended by" in fault[1]]


# Archives


def test_bombs_are_named_and_bounded(told):
    nested = b"x" * 100_000
    for level in range(10):
        nested = packed((f"level{level}.zip", nested))
    bomb = overlapping(zeros(256 << 20), 1 << 30, 1)
    started = time.monotonic()
    document = told(
        {
            "nested.eml": mail(nested),
            "overlap.zip": overlapping(zeros(20 << 20), 20 << 20, 60),
            "bomb.eml": mail(bomb),
            "bomb.gz": gzip.compress(bytes(60 << 20)),
        }
    )
    assert time.monotonic() - started < 30
    assert document["verdict"] == "unscanned"
    by_path = {Path(one["path"]).name: one for one in document["inputs"]}
    assert by_path["nested.eml"]["skipped"] is None, "ten levels are nothing special"
    assert "limit reached" in by_path["overlap.zip"]["skipped"]
    assert "member_bytes" in by_path["bomb.eml"]["skipped"]
    assert "member_bytes" in by_path["bomb.gz"]["skipped"]


def test_a_tree_that_grows_too_large_says_how_much_was_left():
    archive = packed(*((f"{number}.txt", b"text") for number in range(30)))
    (tree,) = trees({"a.zip": archive}, Limits(artifacts=10)).values()
    assert len(tree) == 10
    assert tree[0].unscanned == "limit reached: artifacts = 10, 21 parts inside not looked at"
    wide = b"text"
    for level in range(4):
        wide = packed(*((f"{level}-{number}.zip", wide) for number in range(20)))
    (tree,) = trees({"wide.zip": wide}, Limits(artifacts=200)).values()
    assert len(tree) == 200


def test_member_names_are_names_only(told, tmp_path):
    names = ["../../../../tmp/sekisho-slip", "/etc/cron.d/x", "C:\\Windows\\x.bat", "..", "a » b", "same", "same"]
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = packed(*((name, b"text %d" % number) for number, name in enumerate(names)))
    document = told({"m.eml": mail(archive)})
    addresses = [one["address"] for one in document["artifacts"]]
    assert len(addresses) == len(set(addresses)) == 2 + len(names)
    assert {one["name"] for one in document["artifacts"]} >= set(names)
    assert not Path("/tmp/sekisho-slip").exists()


def test_five_thousand_members(told):
    document = told({"m.eml": mail(packed(*((f"{number}.txt", b"%d" % number) for number in range(5_000))))})
    assert "children" in reasons(document)
    assert len(document["artifacts"]) > 900, "what fits is read"


# Mails


def deep_multipart(levels):
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one) for one in range(levels)
    )
    return head() + opened + b"Content-Type: text/plain\r\n\r\nhello\r\n"


def deep_message(levels):
    return (head() + b"Content-Type: message/rfc822\r\n\r\n") * levels + head() + b"\r\nhello\r\n"


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (deep_multipart(2_000), ""),
        (deep_message(300), "depth"),
        (
            head()
            + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\nContent-Type: application/x; name=f\r\n\r\nhi\r\n" * 20_000,
            "children",
        ),
        (b"".join(b"X-%d: v\r\n" % number for number in range(50_000)) + head() + b"\r\nhello\r\n", ""),
        (head(subject="\r\n ".join(["=?utf-8?B?44GC44GE?="] * 5_000)) + b"\r\nhello\r\n", ""),
        (head() + b"\r\n" + b"http://" * 300_000, ""),
        (head() + b"\r\n" + b"a@" * 500_000, ""),
        (head() + b"\r\n" + b"password: " * 200_000, ""),
    ],
    ids=["multipart", "rfc822", "parts", "headers", "words", "urls", "addresses", "passwords"],
)
def test_extreme_mails_are_read_in_bounded_time(data, limit):
    started = time.monotonic()
    (tree,) = trees({"m.eml": data}).values()
    assert time.monotonic() - started < 8
    assert "eml" in tree[0].analyzers
    gaps = [one.unscanned for one in tree if one.unscanned]
    assert all(limit and limit in gap for gap in gaps), gaps
    assert bool(gaps) == bool(limit)


def test_an_attachment_cannot_hide_behind_thousands_of_fields():
    (tree,) = trees({"m.eml": b"X-Y: v\r\n" * 12_000 + mail(SHORTCUT, "a.lnk")}).values()
    assert any("lnk" in one.analyzers for one in tree)


# Passwords


def locked(name="請求書.txt"):
    data = SHORTCUT if name.endswith("lnk") else b"text"
    return write_zip({name: data}, Packing(AT, PASSWORD, aes=True, names="utf-8"))


def test_unknown_password_is_unscanned_with_names(tmp_path, capsys):
    (tmp_path / "m.eml").write_bytes(mail(locked()))
    assert cli.main(["scan", str(tmp_path / "m.eml"), "--lang", "en"]) == cli.PARTIAL
    shown = capsys.readouterr().out
    assert "請求書.txt" in shown
    assert "encrypted: no password found" in shown


@pytest.mark.parametrize(
    "text",
    [
        f"Password: {PASSWORD}",
        f"先ほどお送りしたファイルの解凍パスワードは「{PASSWORD}」です。",
        "解凍パスワード：" + "".join(chr(ord(letter) + 0xFEE0) for letter in PASSWORD),
    ],
    ids=["english", "japanese", "full width"],
)
def test_password_in_a_neighbouring_mail_opens(told, text):
    note = (
        head(2) + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text.encode()
    )
    document = told({"1.eml": mail(locked("a.lnk")), "2.eml": note})
    assert not reasons(document)
    assert any("lnk" in one["analyzers"] for one in document["artifacts"])


# What lies in folders


ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
"""A PNG file."""


def test_wrong_names_and_types_do_not_matter(told):
    document = told(
        {
            "x.evtx": head() + b"\r\nhello\r\n",
            "y.pdf": packed(("a.txt", b"text")),
            "z.jsonl": base64.b64decode(ONE_PIXEL),
            "l.eml": lines({}),
            "c.csv": b"a,b\n1,2\n",
            "app.log": b"2022-04-25 started\n" * 9,
            "n.eml": bytes(Random(1).randrange(256) for _ in range(4_000)),
        }
    )
    kinds = {Path(one["path"]).name: (one["kind"], one["skipped"]) for one in document["inputs"]}
    assert kinds["x.evtx"] == ("eml", None)
    assert kinds["y.pdf"] == ("zip", None)
    assert kinds["z.jsonl"] == ("image", None)
    assert kinds["l.eml"] == ("jsonl", None)
    assert all("nothing here reads" in kinds[name][1] for name in ("c.csv", "app.log", "n.eml"))
    assert document["verdict"] == "clean"


def test_special_files_are_named_and_left_alone(rules, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "around").symlink_to(".")
    (tmp_path / "link.eml").symlink_to("m.eml")
    (tmp_path / "m.eml").write_bytes(head() + b"\r\nhello\r\n")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(tmp_path / "socket"))
        document = examined([tmp_path], rules)
    found = {Path(one["path"]).name: one["skipped"] or "" for one in document["inputs"]}
    assert found.keys() >= {"fifo", "socket", "loop", "link.eml", "m.eml"}
    assert "not a regular file" in found["fifo"] and "not a regular file" in found["socket"]
    assert "symbolic link" in found["loop"] and "symbolic link" in found["link.eml"]
    assert found["m.eml"] == ""


def test_a_pipe_given_by_name_is_a_loss(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert cli.main(["scan", str(tmp_path / "pipe")]) == cli.PARTIAL
    assert "not a regular file" in capsys.readouterr().out


def test_a_pipe_is_no_rule(tmp_path, capsys):
    os.mkfifo(tmp_path / "rule.yml")
    (tmp_path / "m.eml").write_bytes(head() + b"\r\nhello\r\n")
    assert cli.main(["scan", str(tmp_path / "m.eml"), "--rules", str(tmp_path)]) == cli.CLEAN
    assert "rule.yml: not a regular file" in capsys.readouterr().out


ODD_NAMES = [
    b"\x83e\xff.eml",
    rb"\x83e\xff.eml",
    b"a\nb.eml",
    b"red\x1b[31m.eml",
    "rlo\u202efdp.exe".encode(),
    "a » b".encode(),
]


def test_odd_file_names_reach_every_output_unharmed(tmp_path, capsys):
    folder = os.fsencode(tmp_path) + b"/dir\xff"
    os.mkdir(folder)
    for number, name in enumerate(ODD_NAMES):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(
            mail(locked("in\x1b[2J\u202e.txt"), "at\u202e\n.zip", number=number)
        )
    out, page = tmp_path / "r.json", tmp_path / "r.html"
    assert (
        cli.main(["investigate", os.fsdecode(folder), "--json", str(out), "--html", str(page), "--lang", "ja"])
        == cli.PARTIAL
    )
    shown = capsys.readouterr().out
    assert not [letter for letter in shown if letter in "\x1b\u202e\x07" or 0xD800 <= ord(letter) < 0xE000]
    assert "\u202e" not in page.read_text()
    inputs = json.loads(out.read_text())["inputs"]
    assert len({one["path"] for one in inputs}) == len(inputs) == len(ODD_NAMES)
    assert all("encrypted" in one["skipped"] for one in inputs)


def test_the_same_file_is_read_once_and_the_same_bytes_twice(rules, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("a/m.eml", "b/m.eml"):
        (tmp_path / name).write_bytes(head() + b"\r\nhello\r\n")
    (tmp_path / "a" / "log.jsonl").write_bytes(lines({}))
    monkeypatch.chdir(tmp_path)
    document = examined(["a/", "a", tmp_path / "a", "./a/m.eml", ".", "b/m.eml", "a/log.jsonl"], rules)
    assert sorted(one["path"] for one in document["inputs"]) == ["a/log.jsonl", "a/m.eml", "b/m.eml"]
    assert [one["records"] for one in document["inputs"]] == [1, 1, 1]
    first, second = document["artifacts"]
    assert first["sha256"] == second["sha256"]
    assert first["id"] != second["id"]


# Logs


def test_broken_lines_cost_only_themselves(told):
    data = lines(*[{}] * 5) + b'{"EventID": 1, "Chan\nnonsense\n\xff\xfe\n[1,2]\n' + lines(*[{}] * 5)
    (one,) = told({"a.jsonl": data})["inputs"]
    assert one["records"] == 10
    assert one["failed"]
    assert one["skipped"].startswith("6: ")


def test_a_line_of_a_hundred_megabytes_is_named(told):
    (one,) = told({"a.jsonl": lines({}, {"CommandLine": "A" * 100_000_000}, {})})["inputs"]
    assert one["records"] == 2
    assert one["failed"]
    assert one["skipped"] == "2: line is longer than 16 MiB"


def test_values_that_json_cannot_hold_are_still_written(rules, tmp_path):
    rule = tmp_path / "all.yml"
    rule.write_text(
        "title: all\nid: 11111111-1111-4111-8111-111111111111\nstatus: test\nlevel: high\n"
        "logsource: {product: windows, category: process_creation}\n"
        "detection: {a: {CommandLine|contains: echo}, condition: a}\n"
    )
    nested = "[" * 400 + "]" * 400
    odd = lines({"CommandLine": "echo \ud800"}) + lines({"Extra": 1}).replace(
        b'"Extra": 1', f'"Extra": {nested}, "Huge": 123456789012345678901234567890'.encode()
    )
    (tmp_path / "a.jsonl").write_bytes(odd)
    document = examined([tmp_path / "a.jsonl"], ruleset.load([str(rule)], cache=False))
    assert [one["records"] for one in document["inputs"]] == [2]
    assert len([one for one in document["findings"] if one["title"] == "all"]) == 2


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_a_truncated_event_log_gives_the_records_before_the_cut(told):
    path = SHARED / "evtx" / "EVTX-to-MITRE-Attack" / "Antivirus" / "ID1151-Defender health status.evtx"
    data = path.read_bytes()
    cuts = {"cut in a chunk.evtx": data[: 4096 + 65_536 + 30_000], "cut in a header.evtx": data[: 4096 + 65_536 + 60]}
    spoiled = bytearray(data[: 4096 + 3 * 65_536])
    spoiled[4096 + 65_536 : 4096 + 65_544] = b"NoChunk\0"
    document = told({**cuts, "spoiled.evtx": bytes(spoiled), "a.jsonl": lines({})})
    found = {Path(one["path"]).name: one for one in document["inputs"]}
    for name in (*cuts, "spoiled.evtx"):
        assert found[name]["records"] > 0, name
        assert found[name]["failed"], name
        assert found[name]["skipped"], name
    assert found["a.jsonl"]["records"] == 1


# Values of all kinds for one field, the last one a hit.
CHANGING = ["text", 7, 1.5, True, None, ["a", 2], {"inner": {"deeper": [1]}}, "", "a needle"]


def test_a_column_that_changes_its_type_is_read_in_every_row(tmp_path):
    (tmp_path / "r.yml").write_text(rule(1))
    (tmp_path / "a.jsonl").write_bytes(lines(*({"CommandLine": value} for value in CHANGING)))
    (tmp_path / "b.jsonl").write_bytes(lines(*({"EventID": value} for value in CHANGING), {"CommandLine": "needle"}))
    (tmp_path / "c.jsonl").write_bytes(
        lines(*({"UtcTime": value, "CommandLine": "needle"} for value in CHANGING))
        + lines(*({"Channel": value} for value in CHANGING), *({"Hostname": value} for value in CHANGING))
    )
    document = examined([tmp_path], ruleset.load([str(tmp_path / "r.yml")], cache=False))
    counts = {Path(one["path"]).name: one["records"] for one in document["inputs"] if one["records"]}
    assert counts == {"a.jsonl": len(CHANGING), "b.jsonl": len(CHANGING) + 1, "c.jsonl": 3 * len(CHANGING)}
    hits = [Path(one["source"]).name for one in document["findings"] if one["title"] == "r1"]
    assert sorted(hits) == ["a.jsonl", "b.jsonl", *["c.jsonl"] * len(CHANGING)]


def test_empty_event_log_with_another_name(told):
    document = told({"log.eml": b"ElfFile\0" + bytes(200), "m.eml": head() + b"\r\nhello\r\n"})
    found = {Path(one["path"]).name: one for one in document["inputs"]}
    assert found["log.eml"]["kind"] == "evtx"
    assert "file is cut" in found["log.eml"]["skipped"]
    assert found["m.eml"]["skipped"] is None


# Rules


def rule(number, condition="a", detection="{CommandLine|contains: needle}"):
    return (
        f"title: r{number}\nid: 22222222-2222-4222-8222-{number:012}\nlevel: low\n"
        f"logsource: {{product: windows, category: process_creation}}\ndetection:\n  a: {detection}\n  condition: {condition}\n"
    )


def test_broken_rules_are_named_and_the_rest_runs(tmp_path):
    for number in range(500):
        (tmp_path / f"{number}.yml").write_text(rule(number, "a" if number % 50 else "a and b"))
    aliases = "".join(f"b{n + 1}: &b{n + 1} [{', '.join([f'*b{n}'] * 9)}]\n" for n in range(9))
    (tmp_path / "bomb.yml").write_text("b0: &b0 [x]\n" + aliases + rule(900, detection="{x: *b9}"))
    (tmp_path / "broken.yml").write_text("title: [unclosed\n  x: {\n")
    (tmp_path / "deep.yml").write_text("title: deep\nx: " + "[" * 20_000 + "\n")
    (tmp_path / "noise.yml").write_bytes(bytes(Random(3).randrange(256) for _ in range(2_000)))
    (tmp_path / "tag.yml").write_text("!!python/object/apply:os.system ['touch x']\n")
    started = time.monotonic()
    loaded = ruleset.load([str(tmp_path)], cache=False)
    assert time.monotonic() - started < 8
    failed = {Path(error.path).name: error for error in loaded.failed}
    assert failed.keys() == {
        *(f"{number}.yml" for number in range(0, 500, 50)),
        *"bomb.yml broken.yml deep.yml noise.yml tag.yml".split(),
    }
    assert failed["50.yml"].line == 7
    assert failed["broken.yml"].line == 2


CIRCLE = """
title: circle {number}
id: 33333333-3333-4333-8333-{number:012}
name: circle{number}
correlation: {{type: event_count, rules: [{rules}], group-by: [Computer], timespan: 1h, condition: {{gte: 1}}}}
"""
BROKEN_RULES = {
    "modifier.yml": (rule(1, detection="{CommandLine|kontains: x}"), 6, "unknown modifier 'kontains'"),
    "modifiers.yml": (rule(2, detection="{CommandLine|re|cidr: x}"), 6, "exclude each other"),
    "mapping.yml": (rule(3, detection="{CommandLine: {a: b}}"), 6, "a value must be text"),
    "nested.yml": (rule(4, detection="{CommandLine: [[a]]}"), 6, "a value must be text"),
    "type.yml": (rule(5, detection="{CommandLine: !!binary aGk=}"), 6, "value of unknown type binary"),
    "number.yml": (rule(6, detection="{CommandLine|gt: many}"), 6, "is not a number"),
    "network.yml": (rule(7, detection="{CommandLine|cidr: 10.0.0.0/99}"), 6, "is not a network"),
    "expression.yml": (rule(8, detection="{CommandLine|re: '(a'}"), 6, "not a regular expression"),
    "catastrophe.yml": (rule(9, detection="{CommandLine|re: '^(A+)+(?=B)'}"), 6, "repeats something that repeats"),
    "condition.yml": (rule(10, "a and 1 of nothing*"), 7, "no selection is called"),
    "circle.yml": (CIRCLE.format(number=1, rules="circle2"), 2, "circle"),
    "round.yml": (CIRCLE.format(number=2, rules="circle1"), 2, "circle"),
    "itself.yml": (CIRCLE.format(number=3, rules="circle3"), 2, "circle"),
}


def test_each_broken_rule_is_named_with_its_line_and_the_others_find(tmp_path):
    for name, (text, _, _) in BROKEN_RULES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "good.yml").write_text(rule(11))
    (tmp_path / "a.jsonl").write_bytes(lines({"CommandLine": "needle"}))
    loaded = ruleset.load([str(tmp_path)], cache=False)
    failed = {Path(error.path).name: (error.line, error.reason) for error in loaded.failed}
    assert failed.keys() == BROKEN_RULES.keys()
    for name, (_, line, reason) in BROKEN_RULES.items():
        assert failed[name][0] == line, (name, failed[name])
        assert reason in failed[name][1], name
    document = examined([tmp_path / "a.jsonl"], loaded)
    assert [one["title"] for one in document["findings"]] == ["r11"]


@pytest.mark.parametrize(
    "expression",
    ["^(A+)+$", "(A|A)*$", "(A|AA)+!$", "(.*A){12}x", "^(([A-Z])+.)+[A-Z]([A-Z])+$", "(x+x+)+y", "A*A*A*A*A*b"],
)
def test_a_catastrophic_expression_ends_quickly(expression, tmp_path):
    (tmp_path / "r.yml").write_text(rule(1, detection=f"{{CommandLine|re: '{expression}'}}") + "---\n" + rule(2))
    (tmp_path / "a.jsonl").write_bytes(lines({"CommandLine": "A" * 50_000 + "!"}, {"CommandLine": "needle"}))
    started = time.monotonic()
    document = examined([tmp_path / "a.jsonl"], ruleset.load([str(tmp_path)], cache=False))
    assert time.monotonic() - started < 5
    assert document["inputs"][0]["records"] == 2
    assert "r2" in [one["title"] for one in document["findings"]]


# Macros, scripts and shortcuts that never end


def test_endless_and_deep_code_is_bounded():
    macro = Sheet("M", {"A1": "=GOTO(A2)", "A2": "=GOTO(A1)"}, macro=True)
    nested = "Write-Output hello"
    for _ in range(9):
        nested = f"powershell -enc {base64.b64encode(nested.encode('utf-16-le')).decode()}"
    files = {
        "goto.xls": write_xls([Sheet("S", {"A1": "x"}), macro], [Name("Auto_Open", "M!$A$1")]),
        "loop.vbs": b'Set s = CreateObject("WScript.Shell")\r\nDo While True\r\nx = x & "a"\r\nLoop\r\n',
        "loop.bat": b"@echo off\r\n:x\r\nset a=%a%%a%b\r\ngoto x\r\n",
        "nest.ps1": b"Write-Host 1; powershell -nop -c 1; " + nested.encode(),
        "deep.ps1": b"$a=" + b"(" * 20_000,
        "deep.js": b"new ActiveXObject('WScript.Shell').Run(" + b"[" * 20_000,
        "big.lnk": SHORTCUT + Random(4).randbytes(10 << 20),
        "tags.html": b"<html><body>" + b"<div>" * 1_000_000,
    }
    started = time.monotonic()
    found = trees(files)
    assert time.monotonic() - started < 15
    assert "steps" in found["tags.html"][0].unscanned
    assert "overlay" in {one.artifact.relation for one in found["big.lnk"]}
    faults = [note for tree in found.values() for one in tree for note in one.notes if "failed on this input" in note]
    assert not faults


def test_endless_names_and_commands_do_not_slow_the_joins(told):
    endless = Shortcut(target="C:\\Windows\\System32\\cmd.exe", arguments="/c powershell -w hidden " + "a" * 32_000)
    started = time.monotonic()
    document = told({"m.eml": mail(write_shortcut(endless), "a" * 100_000 + ".lnk"), "a.jsonl": lines({})})
    assert time.monotonic() - started < 5
    assert document["verdict"] in ("suspicious", "malicious")


# The program itself


def program(*words, **options):
    command = [str(Path(sys.executable).with_name("sekisho")), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)


def children(parent):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for children in /proc")
def test_ctrl_c_leaves_nothing_behind(tmp_path):
    wide = bytes(1_000_000)
    for level in range(4):
        wide = packed(*((f"{level}-{number}.zip", wide) for number in range(14)))
    for number in range(6):
        (tmp_path / f"{number}.zip").write_bytes(wide)
    running = program("scan", tmp_path, "--jobs", "2", "--no-cache")
    workers: list[int] = []
    try:
        while not workers and running.poll() is None:
            time.sleep(0.02)
            workers = children(running.pid)
        os.killpg(running.pid, signal.SIGINT)
        _, error = running.communicate(timeout=20)
    finally:
        running.kill()
    assert workers
    assert running.returncode == 130
    assert error.decode() == "sekisho: interrupted\n"
    deadline = time.monotonic() + 2  # the kernel takes a moment to end them
    while workers and time.monotonic() < deadline:
        workers = [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not workers


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--json", "/dev/full", "--quiet"], ["--json", "/tmp"]])
def test_a_target_that_cannot_be_written_is_named(words, tmp_path, capsys):
    (tmp_path / "m.eml").write_bytes(head() + b"\r\nhello\r\n")
    assert cli.main(["scan", str(tmp_path / "m.eml"), *words]) == cli.USAGE
    assert f"{words[1]}: cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--lang", "en"], ["--json", "-"]])
def test_full_standard_output_is_told(words, tmp_path):
    (tmp_path / "m.eml").write_bytes(head() + b"\r\nhello\r\n")
    command = [Path(sys.executable).with_name("sekisho"), "scan", tmp_path / "m.eml", *words]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == cli.USAGE
    assert done.stderr == "sekisho: standard output: cannot be written: No space left on device\n"


def test_a_terminal_without_the_letters_gets_marks(tmp_path):
    (tmp_path / "m.eml").write_bytes(mail(locked()))
    running = program("scan", tmp_path / "m.eml", "--lang", "ja", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, error = running.communicate(timeout=20)
    assert running.returncode == cli.PARTIAL
    assert error == b""
    assert b"???" in out


@pytest.mark.parametrize("jobs", ["0", "-1", "64", "1000000"])
def test_any_number_of_jobs(jobs, tmp_path):
    (tmp_path / "m.eml").write_bytes(head() + b"\r\nhello\r\n")
    (tmp_path / "a.jsonl").write_bytes(lines({}))
    assert cli.main(["investigate", str(tmp_path), "--jobs", jobs, "--quiet"]) == cli.CLEAN


@pytest.mark.parametrize(
    ("name", "text", "analyzer"),
    [
        ("a.vbs", b'x = "a" & "b" & "c"', "vbscript"),
        ("a.ps1", b"iex 'x'", "powershell"),
        ("a.js", b"x=1", "jscript"),
        ("a.bat", b"dir", "cmd"),
    ],
)
def test_a_script_that_shows_no_habit_is_read_for_its_name(name, text, analyzer):
    assert analyzer in analyse(Artifact(name, text, name)).analysis.analyzers
