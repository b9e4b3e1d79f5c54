import codecs
import gzip
import io
import json
import random
import tracemalloc
import zlib

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, Span, json_stream
from sekisho.sources.json_stream import MAX_RECORD_BYTES, as_utf8, inflate, read_lines, records, split_lines


def read(text, size=7):
    found = records([text[at : at + size] for at in range(0, len(text), size)])
    return [one._replace(text=b"") if isinstance(one, Row) else one for one in found]


def fields(text, size=7):
    return [item.fields for item in read(text, size) if isinstance(item, Row)]


OBJECTS = [{"a": 1, "b": {"c": [1, {"d": '}]{\\"'}]}}, {"text": '日本語 \n \\ "'}, {}]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, OBJECTS)),
        "\r\n".join(map(json.dumps, OBJECTS)) + "\r\n\r\n",
        ",\n".join(map(json.dumps, OBJECTS)),
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2),
        "[\n" + ",\n".join(map(json.dumps, OBJECTS)) + "\n]",
        "\n".join(json.dumps(item, indent=4) for item in OBJECTS),
        "".join(map(json.dumps, OBJECTS)),
        "\n\n  " + json.dumps(OBJECTS),
        json.dumps(OBJECTS, ensure_ascii=False),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 4096])
def test_every_layout_gives_the_same_objects(text, size):
    assert fields(text.encode(), size) == OBJECTS
    assert not [item for item in read(text.encode(), size) if isinstance(item, Gap)]


def test_lines_are_numbered_as_an_editor_does():
    found = read(b'{"a":1}\n\nbroken\n{"a":2}\n')
    assert found == [Row("1", {"a": 1}), Gap("3", "line is no JSON object"), Row("4", {"a": 2})]


def test_objects_that_span_lines_are_numbered_in_order():
    assert [item.record for item in read(b'[{"a":\n1},\n{"a":2}]')] == ["1", "2"]


def test_other_json_values_are_gaps():
    assert read(b'{"a":1}\n[1,2]\n"x"\n7\n') == [
        Row("1", {"a": 1}),
        *[Gap(str(n), "line is no JSON object") for n in (2, 3, 4)],
    ]


def test_a_broken_object_in_an_array_costs_itself_only():
    text = b'[\n{"a": 1},\n{"b": "unclosed\n},\n{"a": 2}\n]'
    found = read(text)
    assert [item.fields for item in found if isinstance(item, Row)] == [{"a": 1}, {"a": 2}]
    assert sum(isinstance(item, Gap) for item in found) == 1


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (rb'{"a": "\ud83d\ude00"}', "\U0001f600"),
        (rb'{"a": "x\ud800y"}', "x�y"),
        (rb'{"a": "x\udc00\ud83d\ude00"}', "x�\U0001f600"),
        (rb'{"a": "C:\\ud800"}', "C:\\ud800"),
        (b'{"a": "\xff\xfe"}', "��"),
        (b'{"a": "tab\there"}', "tab\there"),
    ],
)
def test_what_strict_json_refuses_is_read_where_it_can_be(line, value):
    assert fields(b'{"z":0}\n' + line) == [{"z": 0}, {"a": value}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_and_utf16(encoding):
    raw = '{"a": "関所"}\n{"a": 2}'.encode(encoding)
    for size in (1, 3, 100):
        parts = as_utf8(raw[at : at + size] for at in range(0, len(raw), size))
        assert [item.fields for item in records(parts)] == [{"a": "関所"}, {"a": 2}]


def test_a_line_that_is_too_long_is_skipped_by_its_number_without_being_held():
    long = b'{"a":"' + b"x" * (MAX_RECORD_BYTES + 100) + b'"}\n'
    parts = [b'{"a":1}\n', long[:1000], *[b"x" * (1 << 20)] * 40, long[1000:], b'{"a":2}\n']
    tracemalloc.start()
    found = list(records(parts))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [item.record for item in found] == ["1", "2", "3"]
    assert isinstance(found[1], Gap)
    assert "16 MiB" in found[1].reason
    assert peak < 5 * MAX_RECORD_BYTES


def test_a_large_array_is_streamed():
    one = json.dumps({"EventID": 1, "text": "x" * 1000}).encode()

    def parts():
        yield b"["
        for _ in range(40):
            yield (one + b",") * 500
        yield one + b"]"

    tracemalloc.start()
    count = sum(isinstance(item, Row) for item in records(parts()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_001
    assert peak < 12 << 20


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b"{" * 400_000,
        b"[" + b'{"a":' * 100_000,
        b"[" + b"\n{" * 200_000,
        b"[{" + b"\n" * 2_000_000,
        b"[" + b"},{" * 300_000,
        b'["' + b"\\" * 2_000_000,
        b"[" + b'{"a":"' * 200_000,
        b"[{" + b"} ,\n" * 300_000,
    ],
)
def test_hostile_layouts_take_linear_time(text):
    for item in read(text, 1 << 20):
        assert isinstance(item, (Row, Gap))


def test_inflate_reads_members_one_after_the_other_and_keeps_what_precedes_a_break():
    packed = gzip.compress(b"first\n") + gzip.compress(b"second\n") + b"\0" * 20
    assert b"".join(inflate(io.BytesIO(packed))) == b"first\nsecond\n"
    cut = gzip.compress(bytes(random.Random(1).randbytes(100_000)))[:50_000]
    given = []
    with pytest.raises(EOFError):
        given.extend(inflate(io.BytesIO(cut)))
    stream = inflate(io.BytesIO(cut))
    assert len(next(stream)) > 40_000
    with pytest.raises(zlib.error):
        list(inflate(io.BytesIO(gzip.compress(b"x" * 100) + b"broken")))


def test_mutations_give_rows_or_gaps():
    rng = random.Random(5)
    texts = [
        "\n".join(map(json.dumps, OBJECTS)).encode(),
        json.dumps(OBJECTS, indent=1).encode(),
    ]
    for number in range(400):
        data = bytearray(texts[number % 2])
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for item in records(as_utf8([bytes(data[: rng.randrange(len(data))])])):
            assert isinstance(item, (Row, Gap))


LINES = [
    b'{"n":1}',
    b"",
    b"broken",
    b"[1]",
    b'{"a":"' + b"x" * 150 + b'"}',
    b'{"a":1},',
    b'{"a":"\xff"}',
    b"  ",
    b'{"p":"\\ud800"}',
]


@pytest.mark.parametrize("size", [1, 63, 64, 65, 100, 128, 10_000])
def test_spans_give_what_the_whole_gives(tmp_path, monkeypatch, size):
    """Rows, gaps and their numbers; blocks are so small that every border falls into and beside lines."""
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", 64)
    rng = random.Random(size)
    path, cut = tmp_path / "log.jsonl", 0
    for number in range(60):
        lines = [b'{"first":0}', *rng.choices(LINES, k=rng.randrange(30))]
        data = rng.choice([b"\n", b"\r\n"]).join(lines) + rng.choice([b"", b"\n", b"\n\n"])
        path.write_bytes(data)
        spans = list(split_lines(path, len(data) - 2 + number % 5 if number % 4 == 0 else size))
        assert b"".join(data[one.start : one.end] for one in spans) == data
        assert [one.first for one in spans] == [1 + data[: one.start].count(b"\n") for one in spans]
        assert [item for one in spans for item in read_lines(path, one)] == list(records([data]))
        cut += len(spans) > 1
    assert cut > 20 or size == 10_000


def test_a_line_longer_than_many_spans_is_one_span(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", 64)
    monkeypatch.setattr(json_stream, "MAX_RECORD_BYTES", 2_000)
    path = tmp_path / "log.jsonl"
    for long in (1_500, 5_000):
        data = b'{"a":1}\n{"a":"' + b"x" * long + b'"}\n{"a":2}\n' + b'{"a":3}\n' * 30
        path.write_bytes(data)
        spans = list(split_lines(path, 100))
        assert len(spans) > 2
        assert spans[0].end > long
        found = [item for one in spans for item in read_lines(path, one)]
        assert found == list(records([data[at : at + 64] for at in range(0, len(data), 64)]))
        assert isinstance(found[1], Gap) is (long == 5_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n" + b'{"a":1}\n' * 9,
        codecs.BOM_UTF8 + b'{"a":1}\n' * 9,
        ('{"a":1}\n' * 9).encode("utf-16"),
        ('{"a":1}\n' * 9).encode("utf-16-be"),
        gzip.compress(b'{"a":1}\n' * 9),
        json.dumps([{"a": 1}] * 9).encode(),
        json.dumps([{"a": 1}] * 9, indent=1).encode(),
        b"\n".join([json.dumps({"a": 1}, indent=1).encode()] * 9),
    ],
)
def test_what_is_not_one_object_a_line_from_the_start_is_not_cut(tmp_path, monkeypatch, data):
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", 64)
    path = tmp_path / "log.json"
    path.write_bytes(data)
    assert list(split_lines(path, 10)) == []


def test_a_file_that_is_gone_has_no_spans_and_its_span_is_an_error(tmp_path):
    assert list(split_lines(tmp_path / "gone", 10)) == []
    with pytest.raises(SourceError, match="gone"):
        list(read_lines(tmp_path / "gone", Span(0, 10, 1)))
