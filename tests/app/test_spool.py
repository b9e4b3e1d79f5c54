"""What pieces gave, on disk."""

from pathlib import Path

import pytest

from sekisho.app.intake import Intake
from sekisho.app.logs import Piece
from sekisho.app.spool import Spool
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding

RUN = {"rules": "x"}


def piece(tmp_path, name="a.jsonl", number=0):
    path = tmp_path / name
    if not path.exists():
        path.write_bytes(b"{}\n")
    return Piece(Intake(path, name), None, number)


def hit(time_ns, record="1"):
    event = Event(Logsource("windows", "process_creation"), {"a": ["x", 1]}, time_ns, "h", "u", "s", record, ("0",))
    evidence = (Evidence("a", "x"),)
    finding = Finding("f", "r", "t", "low", ("T1",), "s", record, time_ns, evidence, "e", texts=(("ja", "題"),))
    return event, finding


def test_what_is_written_comes_back(tmp_path):
    spool, one, two = Spool(tmp_path / "parts", RUN), piece(tmp_path), piece(tmp_path, "b.jsonl")
    spool.write(one, [b"1", b"2"], [hit(30), hit(10)])
    spool.write(two, [b"3"], [hit(20)])
    spool.write(one, [b"4"], [])
    spool.finish(two, {"n": 2})
    spool.finish(one, {"n": 1})
    assert (spool.done(one), spool.done(two)) == ({"n": 1}, {"n": 2})
    with (tmp_path / "all").open("wb") as target:
        spool.copy_lines([one, two], target)
    assert (tmp_path / "all").read_bytes() == b"1\n2\n4\n3\n"
    assert list(spool.hits([one, two])) == [hit(10), hit(20), hit(30)]
    spool.remove()
    assert not (tmp_path / "parts").exists()


def test_only_finished_pieces_count_for_the_next_run(tmp_path):
    first, one, two = Spool(tmp_path / "parts", RUN), piece(tmp_path), piece(tmp_path, "b.jsonl")
    first.write(one, [b"1"], [])
    first.finish(one, {"n": 1})
    first.write(two, [b"2"], [])
    first.close()
    again = Spool(tmp_path / "parts", RUN)
    assert again.done(one) == {"n": 1}
    assert again.done(two) is None


def test_another_run_starts_anew(tmp_path):
    first, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    first.finish(one, {})
    assert Spool(tmp_path / "parts", {"rules": "y"}).done(one) is None


def test_a_changed_log_is_read_again(tmp_path):
    first, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    first.finish(one, {})
    one.intake.path.write_bytes(b"{}\n{}\n")
    assert Spool(tmp_path / "parts", RUN).done(one) is None


def test_a_log_that_grows_under_way_keeps_its_name(tmp_path):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"1"], [])
    one.intake.path.unlink()
    spool.finish(one, {"n": 1})
    assert spool.done(one) == {"n": 1}


@pytest.mark.parametrize(
    "harm", [b"", b"[]", b"{}", b'{"jsonl": 2, "hits": 0, "told": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_broken_note_is_as_none(tmp_path, harm):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"1"], [])
    spool.finish(one, {})
    (note,) = [path for path in Path(tmp_path / "parts").glob("*.json") if path.name != "run.json"]
    note.write_bytes(harm)
    assert Spool(tmp_path / "parts", RUN).done(one) is None


def test_a_damaged_file_of_findings_is_as_none(tmp_path):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"12345"], [hit(1)])
    spool.finish(one, {})
    for ending, harm in (("*.jsonl", b"54321\n"), ("*.jsonl", b"1234"), ("*.hits", b""), ("*.hits", b"\xff")):
        (file,) = Path(tmp_path / "parts").glob(ending)
        whole = file.read_bytes()
        file.write_bytes(harm)
        assert Spool(tmp_path / "parts", RUN).done(one) is None
        file.write_bytes(whole)
    assert Spool(tmp_path / "parts", RUN).done(one) == {}
