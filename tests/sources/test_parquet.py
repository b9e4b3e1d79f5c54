import contextlib
import datetime
import decimal
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sekisho.app.worker import Worker
from sekisho.model.errors import SourceError
from sekisho.model.limits import DEFAULT
from sekisho.sources import Gap, Row, load
from sekisho.sources.parquet import read, recognise_ocsf, recognise_records, recognise_windows

NS = 1_795_341_600_123_456_789  # 2026-11-22T10:00:00Z and a bit


def write(path, columns, **how):
    pq.write_table(pa.table(columns), path, **how)
    return path


def kind(path):
    head = path.read_bytes()[:65_536]
    named = {"windows": recognise_windows, "ocsf": recognise_ocsf, "records": recognise_records}
    return [name for name, recognise in named.items() if recognise(head, path)]


def test_each_class_is_told_by_its_columns(tmp_path):
    assert kind(write(tmp_path / "w", {"EventID": [1], "Channel": ["Security"]})) == ["windows"]
    ocsf = {
        "class_uid": [1],
        "category_uid": [1],
        "type_uid": [1],
        "activity_id": [1],
        "metadata": [{"version": "1.1.0"}],
    }
    assert kind(write(tmp_path / "o", ocsf)) == ["ocsf"]
    assert kind(write(tmp_path / "r", {"ts": [1]})) == ["records"]
    (tmp_path / "x").write_bytes(b"PAR1")
    assert kind(tmp_path / "x") == ["records"]
    (tmp_path / "y").write_bytes(b"PK\3\4")
    assert kind(tmp_path / "y") == []


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", None]), {"c": "a"}),
        (pa.array([1, None], pa.uint8()), {"c": 1}),
        (pa.array([False, None]), {"c": False}),
        (pa.array([1.5, None], pa.float16()), {"c": 1.5}),
        (pa.array([float("nan"), None]), {}),
        (pa.array([float("inf"), None]), {"c": "inf"}),
        (pa.array([decimal.Decimal("1.50"), None]), {"c": "1.50"}),
        (pa.array([NS, None], pa.timestamp("ns", "UTC")), {"c": "2026-11-22 10:00:00.123456789Z"}),
        (pa.array([NS // 1000, None], pa.timestamp("us", "Asia/Tokyo")), {"c": "2026-11-22 10:00:00.123456Z"}),
        (pa.array([NS // 10**6, None], pa.timestamp("ms")), {"c": "2026-11-22 10:00:00.123"}),
        (pa.array([datetime.date(2026, 11, 22), None]), {"c": "2026-11-22"}),
        (pa.array([datetime.time(10, 1, 2), None]), {"c": "10:01:02.000000"}),
        (pa.array([5, None], pa.duration("s")), {"c": 5}),
        (pa.array([b"abc", None]), {"c": "abc"}),
        (pa.array([b"\xff\xfe", None], pa.binary(2)), {"c": "fffe"}),
        (pa.array(["a", None]).dictionary_encode(), {"c": "a"}),
        (pa.nulls(2), {}),
        (pa.array([{"a": {"b": 1}, "l": [1, 2]}, None]), {"c.a.b": 1, "c.l": [1, 2]}),
        (pa.array([[1, None, 2], None]), {"c": [1, 2]}),
        (pa.array([[], None], pa.list_(pa.int64())), {}),
        (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), {"c": [1, 2]}),
        (pa.array([[[1], [2, 3]], None]), {"c": [1, 2, 3]}),
        (pa.array([[{"x": 1, "y": "q"}, {"x": 2}], None]), {"c.x": [1, 2], "c.y": ["q"]}),
        (pa.array([[("k", 1), ("z", None)], None], pa.map_(pa.string(), pa.int64())), {"c.k": 1}),
        (pa.array([[("k", {"u": 1})], None], pa.map_(pa.string(), pa.struct([("u", pa.int64())]))), {"c.k.u": 1}),
        (pa.array([[[("k", 1)]], None], pa.list_(pa.map_(pa.string(), pa.int64()))), {"c": ["k=1"]}),
    ],
)
def test_every_type_becomes_a_plain_value(tmp_path, column, expected):
    found = list(read(write(tmp_path / "a", {"c": column})))
    assert found == [Row("1", expected), Row("2", {})]


def test_a_column_that_changes_its_type_between_files_is_read_in_each(tmp_path):
    first = write(tmp_path / "a", {"id": pa.array([7]), "v": [{"x": 1}]})
    then = write(tmp_path / "b", {"id": pa.array(["7"]), "v": ["text"]})
    assert [row.fields for row in (*read(first), *read(then))] == [{"id": 7, "v.x": 1}, {"id": "7", "v": "text"}]


def test_rows_are_numbered_through_the_file_and_a_broken_group_is_named(tmp_path):
    rng = random.Random(8)
    path = write(tmp_path / "a", {"n": range(3000), "t": [f"{rng.random()}" for _ in range(3000)]}, row_group_size=1000)
    assert [row.record for row in read(path)] == [str(n) for n in range(1, 3001)]
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[at : at + 60] = b"\xff" * 60
    path.write_bytes(data)
    found = list(read(path))
    gaps = [item for item in found if isinstance(item, Gap)]
    assert [gap.reason.partition(":")[0] for gap in gaps] == ["row group 2 breaks after 0 rows"]
    assert [row.fields["n"] for row in found if isinstance(row, Row)] == [*range(1000), *range(2000, 3000)]
    assert found[-1].record == "3000"


def test_text_that_is_no_utf8_is_kept(tmp_path):
    column = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xff\xfe")]
    )
    assert [row.fields for row in read(write(tmp_path / "a", {"c": column}))] == [{"c": "61fffe"}]


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_broken_footer_is_a_source_error(tmp_path, data):
    path = tmp_path / "a.parquet"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="no readable Parquet metadata"):
        list(read(path))
    with pytest.raises(SourceError, match="missing"):
        list(read(tmp_path / "missing"))


def _serve(path, pipe):
    """Read a file in the jail; in the child of a fork."""
    (source,) = [one for one in load().values() if one.recognise(path.read_bytes()[:65_536], path)]
    items = list(source.read(path))
    pipe.send((source.name, len(items), items[-1].record))
    pipe.recv()


def jailed(path):
    worker = Worker(lambda pipe: _serve(path, pipe), DEFAULT, [str(path)])
    try:
        return worker.pipe.recv() if worker.pipe.poll(20) else None
    except EOFError:
        return None
    finally:
        worker.end()


def test_parquet_and_packed_tables_are_read_inside_the_jail_which_allows_no_thread(tmp_path):
    write(tmp_path / "a", {"n": range(9000), "t": ["x"] * 9000, "s": [{"a": 1}] * 9000}, compression="zstd")
    assert jailed(tmp_path / "a") == ("parquet-records", 9000, "9000")
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    (tmp_path / "b").write_bytes(zstd.compress(b"time,user\n" + b"2026-11-22 10:00:00,a\n" * 9000))
    assert jailed(tmp_path / "b") == ("csv-records", 9000, "9001")


def test_mutations_in_the_jail_give_rows_gaps_or_a_source_error(tmp_path):
    rng = random.Random(9)
    columns = {"n": range(50), "t": [f"text {n % 7}" for n in range(50)], "s": [{"a": [n]} for n in range(50)]}
    whole = write(tmp_path / "a", columns, row_group_size=20).read_bytes()
    paths = []
    for number in range(150):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / f"{number}"
        path.write_bytes(data if number % 3 else data[: rng.randrange(len(data))])
        paths.append(path)

    def serve(pipe):
        for path in paths:
            recognise_records(path.read_bytes()[:65_536], path)
            with contextlib.suppress(SourceError):
                assert all(isinstance(item, (Row, Gap)) for item in read(path))
            pipe.send(path.name)

    worker = Worker(serve, DEFAULT, [str(path) for path in paths])
    done = []
    with contextlib.suppress(EOFError):
        while len(done) < len(paths) and worker.pipe.poll(20):
            done.append(worker.pipe.recv())
    worker.end()
    assert len(done) == len(paths)
