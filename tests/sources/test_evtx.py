import random
from pathlib import Path

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, Span
from sekisho.sources.evtx import (
    CHUNK_BYTES,
    HEADER_BYTES,
    MAGIC,
    _Names,
    _unlooped,
    read,
    read_span,
    recognise,
    split_chunks,
)

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
shared = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")]


def rows(path):
    return [item for item in read(path) if isinstance(item, Row)]


def gaps(path):
    return [item for item in read(path) if isinstance(item, Gap)]


def test_recognise_goes_by_the_magic_not_the_name():
    assert recognise(b"ElfFile\x00" + bytes(100), Path("renamed.txt"))
    assert not recognise(b"ElfChnk\x00", Path("log.evtx"))
    assert not recognise(b"", Path("log.evtx"))


@pytest.mark.parametrize("data", [b"", b"ElfFile\x00", b"ElfFile\x00" + bytes(50)])
def test_a_stump_is_a_source_error_or_a_gap(tmp_path, data):
    path = tmp_path / "log.evtx"
    path.write_bytes(data)
    try:
        assert all(isinstance(item, Gap) for item in read(path))
    except SourceError as error:
        assert "log.evtx" in str(error)


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match=r"nothing\.evtx"):
        list(read(tmp_path / "nothing.evtx"))


@pytest.fixture(scope="module")
def log():
    """The first three chunks of a real log, the header announcing no more than these."""
    path = SHARED / "evtx" / "EVTX-to-MITRE-Attack" / "Antivirus" / "ID1151-Defender health status.evtx"
    data = bytearray(path.read_bytes()[: HEADER_BYTES + 3 * CHUNK_BYTES])
    data[42:44] = b"\x03\x00"
    return bytes(data)


def test_records_are_named_by_the_id_that_is_shown_unless_that_is_not_unique():
    names = _Names()

    def name(shown, at):
        return names.name({"Event": {"System": {"EventRecordID": shown}}}, at)

    assert [name(n, at) for at, n in enumerate([7, 9, "3", 9, 2000, 7])] == ["7", "9", "3", "9@3", "2000", "7@5"]
    assert name("x", 6) == name(None, 6) == "@6"
    assert names.name({"Event": None}, 12) == "@12"
    assert len({name(n << 10, n) for n in range(70_000)}) == 70_000


def test_lists_in_a_chunk_are_made_to_end():
    def chunk(links):
        data = bytearray(CHUNK_BYTES)
        for at, value in links.items():
            data[at : at + 4] = value.to_bytes(4, "little")
        return bytes(data)

    whole = chunk({128: 600, 600: 700})
    assert _unlooped(whole) == whole
    assert _unlooped(chunk({128: 600, 600: 700, 700: 600})) == whole
    assert _unlooped(chunk({128: 600, 600: 700, 700: 700})) == whole
    assert _unlooped(chunk({128: 600, 600: 700, 700: 2**32 - 1})) == whole
    assert _unlooped(chunk({128: 600, 600: 700, 132: 8})) == whole


def chunked(path, *ids, announced=None, tail=b""):
    """Write a log of chunks whose headers name these (first, last) record ids; None is a chunk not yet in use."""
    header = bytearray(MAGIC.ljust(HEADER_BYTES, b"\0"))
    header[42:44] = (len(ids) if announced is None else announced).to_bytes(2, "little")
    chunks = [
        b"" if one is None else b"ElfChnk\0" + bytes(16) + one[0].to_bytes(8, "little") + one[1].to_bytes(8, "little")
        for one in ids
    ]
    path.write_bytes(bytes(header) + b"".join(one.ljust(CHUNK_BYTES, b"\0") for one in chunks) + tail)
    return path


@pytest.mark.parametrize(
    ("ids", "size", "sizes"),
    [
        ([(1, 5), (6, 9), (10, 10)], 1, [1, 1, 1]),
        ([(1, 5), (6, 9), (10, 10)], 2 * CHUNK_BYTES, [2, 1]),
        ([(1, 5), (6, 9), (10, 10)], 2 * CHUNK_BYTES - 1, [1, 1, 1]),
        ([(1, 5), (6, 9), (10, 10)], 3 * CHUNK_BYTES, [3]),
        ([(1, 5), (6, 9), None, None], 2 * CHUNK_BYTES, [2, 2]),
        ([(90, 95), (70, 79), (80, 89)], CHUNK_BYTES, [1, 1, 1]),  # full, and begun again at its first chunk
        ([(1, 5), (5, 9)], CHUNK_BYTES, []),
        ([(1, 50), (6, 9)], CHUNK_BYTES, []),
        ([(1, 5), (6, 9), (1, 5)], CHUNK_BYTES, []),  # joined
        ([(1, 5), (9, 6)], CHUNK_BYTES, []),
        ([], CHUNK_BYTES, []),
    ],
)
def test_a_log_is_cut_where_no_record_id_comes_again(tmp_path, ids, size, sizes):
    spans = list(split_chunks(chunked(tmp_path / "log.evtx", *ids), size))
    assert [(one.end - one.start) // CHUNK_BYTES for one in spans] == sizes
    at = 0
    for span, count in zip(spans, sizes, strict=True):
        assert span == Span(HEADER_BYTES + at * CHUNK_BYTES, HEADER_BYTES + (at + count) * CHUNK_BYTES, at + 1)
        at += count


def test_a_cut_log_and_no_log_are_read_as_a_whole(tmp_path):
    path = tmp_path / "log.evtx"
    assert list(split_chunks(chunked(path, (1, 5), (6, 9), announced=3), 1)) == []
    assert list(split_chunks(chunked(path, (1, 5), (6, 9), tail=b"x"), 1)) == []
    for stump in (b"", MAGIC, MAGIC.ljust(HEADER_BYTES, b"\0")):
        path.write_bytes(stump)
        assert list(split_chunks(path, 1)) == []
    assert list(split_chunks(tmp_path / "gone", 1)) == []
    with pytest.raises(SourceError, match="gone"):
        list(read_span(tmp_path / "gone", Span(HEADER_BYTES, HEADER_BYTES + CHUNK_BYTES, 1)))


def test_gaps_of_spans_are_those_of_the_whole(tmp_path):
    path = chunked(tmp_path / "log.evtx", (1, 5), None, (6, 9), None, announced=3)
    spans = list(split_chunks(path, CHUNK_BYTES))
    whole = list(read(path))
    assert "chunk 2" in [item.record for item in whole if isinstance(item, Gap)]
    assert [item for one in spans for item in read_span(path, one)] == whole


class TestReal:
    pytestmark = shared

    def test_every_log_is_read_whole(self):
        files = sorted((SHARED / "evtx").rglob("*.evtx"))
        count = 0
        for path in files:
            for item in read(path):
                assert isinstance(item, Row), (path, item)
                count += 1
        assert len(files) >= 300
        assert count >= 16_000

    def test_rows_come_in_file_order_with_their_record_ids(self, tmp_path, log):
        path = tmp_path / "log.evtx"
        path.write_bytes(log)
        found = rows(path)
        assert not gaps(path)
        shown = [str(row.fields["Event"]["System"]["EventRecordID"]) for row in found]
        assert [row.record for row in found] == shown
        assert len(set(shown)) == len(found)

    def test_a_cut_file_gives_what_is_left_of_its_last_chunk_and_says_that_it_is_cut(self, tmp_path, log):
        path = tmp_path / "log.evtx"
        path.write_bytes(log)
        whole = [row.record for row in rows(path)]
        path.write_bytes(log[: HEADER_BYTES + 2 * CHUNK_BYTES])
        two = [row.record for row in rows(path)]
        assert [gap.record for gap in gaps(path)] == ["end"]
        path.write_bytes(log[: HEADER_BYTES + 2 * CHUNK_BYTES + CHUNK_BYTES // 2])
        cut = [row.record for row in rows(path)]
        assert len(two) < len(cut) < len(whole)
        assert whole[: len(cut)] == cut
        assert "cut: 3 chunks announced, 2 whole ones present" in gaps(path)[-1].reason

    def test_a_broken_chunk_costs_itself_only(self, tmp_path, log):
        path = tmp_path / "log.evtx"
        path.write_bytes(log)
        whole = [row.record for row in rows(path)]
        broken = bytearray(log)
        broken[HEADER_BYTES + CHUNK_BYTES : HEADER_BYTES + CHUNK_BYTES + 8] = b"XXXXXXXX"
        path.write_bytes(broken)
        left = [row.record for row in rows(path)]
        assert left[0] == whole[0]
        assert left[-1] == whole[-1]
        assert len(left) < len(whole)
        assert len(gaps(path)) == 1

    def test_a_list_that_runs_in_a_circle_does_not_hang(self, tmp_path, log):
        looped = bytearray(log)
        slot = next(at for at in range(128, 384, 4) if any(looped[HEADER_BYTES + at : HEADER_BYTES + at + 4]))
        first = int.from_bytes(looped[HEADER_BYTES + slot : HEADER_BYTES + slot + 4], "little")
        looped[HEADER_BYTES + first : HEADER_BYTES + first + 4] = first.to_bytes(4, "little")
        path = tmp_path / "log.evtx"
        path.write_bytes(looped)
        assert len(rows(path)) > 20

    def test_mutations_give_rows_gaps_or_a_source_error(self, tmp_path, log):
        path = tmp_path / "log.evtx"
        rng = random.Random(11)
        for _ in range(120):
            data = bytearray(log[: HEADER_BYTES + CHUNK_BYTES + rng.randrange(CHUNK_BYTES)])
            for _ in range(rng.randrange(1, 30)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(data)
            try:
                for item in read(path):
                    assert isinstance(item, (Row, Gap))
            except SourceError:
                pass

    @pytest.mark.parametrize("size", [1, CHUNK_BYTES, 3 * CHUNK_BYTES])
    def test_spans_give_what_the_whole_gives(self, tmp_path, log, size):
        logs = [path for path in sorted((SHARED / "evtx").rglob("*.evtx")) if path.stat().st_size > 1 << 20][:6]
        first, second, third = (log[HEADER_BYTES + at * CHUNK_BYTES :][:CHUNK_BYTES] for at in range(3))
        begun_again = tmp_path / "again.evtx"
        begun_again.write_bytes(log[:HEADER_BYTES] + third + first + second)
        for path in [*logs, begun_again]:
            spans = list(split_chunks(path, size))
            assert len(spans) > 1 or size > CHUNK_BYTES
            assert [item for one in spans for item in read_span(path, one)] == list(read(path))

    def test_joined_logs_are_read_as_a_whole(self, tmp_path, log):
        path = tmp_path / "joined.evtx"
        joined = bytearray(log + log[HEADER_BYTES:])
        joined[42:44] = b"\x06\x00"
        path.write_bytes(joined)
        assert list(split_chunks(path, CHUNK_BYTES)) == []
        assert any("@" in row.record for row in rows(path))
