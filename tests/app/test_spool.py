"""What pieces gave, on disk."""

import pytest

from sekisho.app import spool as spools
from sekisho.app.intake import Intake
from sekisho.app.logs import Piece
from sekisho.app.spool import packed
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding

RUN = {"rules": "x"}
OPENED = []


def Spool(folder, run):
    OPENED.append(spools.Spool(folder, run))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def _all_closed():
    yield
    while OPENED:
        one = OPENED.pop()
        if not any(file.closed for file in one._files.values()):
            one.close()


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
    spool.write(one, [b"1", b"2"], [packed(hit(30)), packed(hit(10))])
    spool.write(two, [b"3"], [packed(hit(20))])
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


@pytest.mark.parametrize("harm", [b"", b"[]", b"{}", b"a b c", b"\xff\xfe", b"[" * 100_000, b"\n\n", b" ", b"  \n"])
def test_a_broken_note_is_as_none(tmp_path, harm):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"1"], [])
    spool.finish(one, {})
    spool.close()
    journal = tmp_path / "parts" / "done"
    journal.write_bytes(harm)
    again = Spool(tmp_path / "parts", RUN)
    assert again.done(one) is None
    again.finish(one, {"n": 2})
    again.close()
    assert Spool(tmp_path / "parts", RUN).done(one) == {"n": 2}  # a cut line does not take the next with it


def test_every_change_of_a_note_is_seen(tmp_path):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"1"], [packed(hit(1))])
    spool.finish(one, {"n": 1})
    spool.close()
    journal = tmp_path / "parts" / "done"
    whole = journal.read_bytes()
    for at in range(len(whole) - 1):
        journal.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        changed = Spool(tmp_path / "parts", RUN)
        assert changed.done(one) is None, at
        changed.close()
        journal.write_bytes(whole[:at])
        cut = Spool(tmp_path / "parts", RUN)
        assert cut.done(one) is None, at
        cut.close()


def test_damaged_findings_are_as_none(tmp_path):
    spool, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    spool.write(one, [b"12345"], [packed(hit(1))])
    spool.finish(one, {})
    spool.close()
    for name, harm in (("lines", b"54321\n"), ("lines", b"1234"), ("hits", b""), ("hits", b"\xff")):
        file = tmp_path / "parts" / name
        whole = file.read_bytes()
        file.write_bytes(harm)
        assert Spool(tmp_path / "parts", RUN).done(one) is None
        file.write_bytes(whole)
    assert Spool(tmp_path / "parts", RUN).done(one) == {}


def test_what_comes_later_counts(tmp_path):
    first, one = Spool(tmp_path / "parts", RUN), piece(tmp_path)
    first.write(one, [b"1"], [])
    first.finish(one, {"n": 1})
    first.close()
    again = Spool(tmp_path / "parts", RUN)
    again.write(one, [b"2"], [packed(hit(2))])
    again.finish(one, {"n": 2})
    again.close()
    last = Spool(tmp_path / "parts", RUN)
    assert last.done(one) == {"n": 2}
    with (tmp_path / "all").open("wb") as target:
        last.copy_lines([one], target)
    assert (tmp_path / "all").read_bytes() == b"2\n"
    assert list(last.hits([one])) == [hit(2)]
