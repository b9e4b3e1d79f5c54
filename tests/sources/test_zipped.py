import contextlib
import json
import random
import zipfile
from pathlib import Path

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, zipped
from sekisho.sources.zipped import read, read_records, recognise, recognise_records

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
EVENT = {"EventID": 1, "Channel": "Security", "Hostname": "WS1"}
LINES = "\n".join(json.dumps(dict(EVENT, EventRecordID=n)) for n in range(3)).encode()


def pack(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def head(path):
    return path.read_bytes()[:65_536]


def test_a_zip_of_logs_is_read_member_by_member(tmp_path):
    path = pack(tmp_path / "a.zip", **{"one.json": LINES, "two.json": LINES})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._one.json", b"\0\5\x16\7")
    assert recognise(head(path), path)
    found = list(read(path))
    assert [item.record for item in found] == [f"{name}.json:{n}" for name in ("one", "two") for n in (1, 2, 3)]
    assert found[0].fields == dict(EVENT, EventRecordID=0)


@pytest.mark.parametrize(
    "members",
    [{}, {"a.json": LINES, "b.lnk": b"L\0\0\0"}, {"a.json": b'{"some": "json"}'}, {"a.docx": b"PK\3\4"}],
)
def test_any_other_zip_is_left_to_the_analysers(tmp_path, members):
    path = pack(tmp_path / "a.zip", **members)
    assert not recognise(head(path), path)


def test_what_only_starts_like_a_zip_is_not_ours(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(50))
    assert not recognise(head(path), path)
    with pytest.raises(SourceError, match=r"a\.zip"):
        list(read(path))


def test_a_broken_member_keeps_what_precedes_the_break(tmp_path):
    many = b"\n".join(json.dumps(dict(EVENT, n=n * 7919 % 10007)).encode() for n in range(30_000))
    path = pack(tmp_path / "a.zip", **{"one.json": many, "two.json": LINES})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    found = list(read(path))
    assert any(isinstance(item, Gap) and item.record.startswith("one.json:") for item in found)
    assert found[0][:2] == ("one.json:1", dict(EVENT, n=0))
    assert found[-1].record == "two.json:3"


def test_a_bomb_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(zipped, "FREE_BYTES", 1 << 20)
    path = pack(tmp_path / "a.zip", **{"one.json": LINES + b"\n" + b" " * (30 << 20)})
    last = list(read(path))[-1]
    assert isinstance(last, Gap)
    assert "500 times" in last.reason


def test_mutations_give_rows_gaps_or_a_source_error(tmp_path):
    rng = random.Random(3)
    path = pack(tmp_path / "a.zip", **{"one.json": LINES})
    whole = path.read_bytes()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randrange(len(data) // 2, len(data) + 1)])
        recognise(head(path), path)
        with contextlib.suppress(SourceError):
            assert all(isinstance(item, (Row, Gap)) for item in read(path))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_campaigns_are_read_without_a_gap():
    files = sorted((SHARED / "otrf" / "atomic").rglob("*.zip"))
    assert len(files) > 50
    for path in files:
        assert recognise(head(path), path), path
    smallest = sorted(files, key=lambda path: path.stat().st_size)[:20]
    assert all(isinstance(item, Row) for path in smallest for item in read(path))


ZEEK = b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1795341600.5\tC1\n"
TABLE = b"Received,SenderAddress\n2026-11-22T10:00:00,a@b.example\n2026-11-22T10:00:01,c@d.example\n"


def test_a_zip_of_other_logs_is_read_member_by_member(tmp_path):
    one = b'{"_path": "pe", "ts": 1795341600.5, "id": "F1"}\n'
    path = pack(tmp_path / "a.zip", **{"conn.log": ZEEK, "pe.log": one, "trace.csv": TABLE})
    assert recognise_records(head(path), path)
    assert not recognise(head(path), path)
    found = list(read_records(path))
    assert [item.record for item in found] == ["conn.log:5", "pe.log:1", "trace.csv:2", "trace.csv:3"]
    assert found[0].fields == {"_path": "conn", "ts": 1795341600.5, "uid": "C1"}


@pytest.mark.parametrize(
    "members", [{}, {"a.json": LINES}, {"conn.log": ZEEK, "b.lnk": b"L\0\0\0"}, {"a.txt": b"a mail's text, no log"}]
)
def test_a_zip_with_anything_else_is_no_zip_of_logs(tmp_path, members):
    path = pack(tmp_path / "a.zip", **members)
    assert not recognise_records(head(path), path)


def test_broken_zips_of_logs_give_gaps_and_no_other_error(tmp_path):
    dice = random.Random(8)
    path = pack(tmp_path / "a.zip", **{"conn.log": ZEEK * 40, "trace.csv": TABLE * 40})
    whole = path.read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        recognise_records(head(path), path)
        with contextlib.suppress(SourceError):
            assert all(isinstance(item, (Row, Gap)) for item in read_records(path))
