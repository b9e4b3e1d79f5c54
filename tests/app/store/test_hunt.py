"""Hunting against asking every event one by one."""

import random
from collections import Counter

import pyarrow.parquet as pq
import pytest

from sekisho.app.store.hunt import Where, hunt, spread, stored, tally
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import events, pack
from sekisho.app.store.writing import DAY_NS, Writer
from sekisho.detect.hunting import parse
from sekisho.model.event import Event, Logsource

START = 19_905 * DAY_NS
PROCESS, MAIL = Logsource("windows", "process_creation"), Logsource("email", "message")
IMAGES = ["C:\\Windows\\System32\\regsvr32.exe", "C:\\a\\CMD.EXE", "C:\\straße\\x.exe", "C:\\STRASSE\\y.exe", ""]
WORDS = ["請求書", 'cobalt "strike"', "K elvin", "\ufb01le", "line\nbreak", "back\\slash", "50%", "x.y(z)"]
QUESTIONS = [
    "Image|endswith:\\regsvr32.exe", "image|contains:cmd", "STRASSE", "strasse not y.exe", "Image|startswith:c:\\w*",
    "請求", "subject|contains:書", 'subject|contains:"""strike"""', "kelvin or file", '"k elvin"', "file",
    "subject|contains:back\\slash", "x.y(z)" , '"x.y(z)"', "50%", "n:7", "n|gt:95", "not n|exists:true", "ratio:2",
    "tags|contains:a\\b", "tags:請求書", "@host:pc-3", "@host|startswith:PC n|lt:20", "pc-1", "@source:b.log n:3",
    "rare17", "rare17|exists:true", "rare3|contains:v3", "flag:true", "subject|re:\"l.ne\"", "Image:\"\"", "nothing",
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    dice = random.Random(11)
    made = []
    for n in range(2_400):
        at = None if n % 97 == 0 else START + dice.randrange(20 * DAY_NS)
        host, source = f"PC-{n % 5}", dice.choice(["a.log", "b.log"])
        if n % 3:
            fields = {"Image": dice.choice(IMAGES), "n": n % 100, "ratio": dice.choice([1.5, 2.0]), "flag": n % 2 == 0}
            if n % 2:
                fields[f"rare{n % 700}"] = f"v{n}"
            made.append(Event(PROCESS, fields, at, host, "", source, str(n)))
        else:
            fields = {"subject": dice.choice(WORDS), "tags": [dice.choice(WORDS), "a\\b"][: n % 4]}
            made.append(Event(MAIL, fields, at, "", f"u{n % 7}", source, str(n)))
    folder = tmp_path_factory.mktemp("store")
    with State(folder, write=True) as state:
        writer = Writer(state)
        for part in range(0, len(made), 600):
            writer.take(str(part), pack(made[part : part + 600]))
            writer.finish(Stored(str(part), str(part), "log", 1, 1, None))
            if part:
                writer.flush()
        writer.flush()
    with State(folder) as state:
        yield state, made


@pytest.mark.parametrize("text", QUESTIONS)
def test_every_answer_and_no_other(store, text):
    state, made = store
    question = parse(text)
    whole = [
        Event(
            one.logsource,
            {
                "@host": one.host,
                "@user": one.user,
                **({"@source": one.source} if "@source" in text else {}),
                **one.fields,
            },
        )
        for one in made
    ]
    wanted = sorted(one.id for one, asked in zip(made, whole, strict=True) if question.answers(asked))
    found = hunt(state, question, limit=10_000)
    assert sorted(one.id for one in found.events) == wanted
    assert not found.looked.lost
    assert not found.more


def test_the_latest_come_first_and_old_files_stay_closed(store):
    state, _made = store
    question = parse("Image|contains:regsvr32")
    everything = hunt(state, question, limit=10_000)
    times = [one.time_ns for one in everything.events]
    dated = [at for at in times if at is not None]
    assert dated == sorted(dated, reverse=True)
    assert times[: len(dated)] == dated
    few = hunt(state, question, limit=5)
    assert few.events == everything.events[:5]
    assert few.more
    exact = hunt(state, question, limit=len(times))
    assert not exact.more


def test_time_and_logsource(store):
    state, made = store
    since, until = START + 3 * DAY_NS, START + 4 * DAY_NS
    found = hunt(state, parse("n|gte:0"), Where(Logsource("windows"), since, until), limit=10_000)
    wanted = {one.id for one in made if one.logsource == PROCESS and one.time_ns and since <= one.time_ns <= until}
    assert {one.id for one in found.events} == wanted
    assert wanted
    assert not hunt(state, parse("n|gte:0"), Where(MAIL)).events


def test_counts(store):
    state, made = store
    counts, looked = tally(state, parse("n|lt:50"), "@host")
    assert sum(counts.values()) == sum(one.fields.get("n", 99) < 50 for one in made)
    assert set(counts) == {f"PC-{n}" for n in range(5)}
    assert looked.rows == len(made)
    by_tag, _ = tally(state, parse("tags|contains:a\\b"), "TAGS")
    assert by_tag["a\\b"] == sum("a\\b" in one.fields.get("tags", ()) for one in made)
    assert "" in tally(state, parse("subject|exists:true"), "nothing")[0]


def test_a_broken_file_costs_its_own_answers(store, tmp_path):
    _state, _made = store
    with State(tmp_path, write=True) as own:
        writer = Writer(own)
        for name, logsource in (("a", PROCESS), ("b", MAIL)):
            writer.take(name, pack([Event(logsource, {"x": name}, START)]))
            writer.finish(Stored(name, name, "log", 1, 1, None))
        writer.flush()
        broken = own.events / own.segments(PROCESS)[0].path
        broken.write_bytes(b"PAR1 and nothing")
        found = hunt(own, parse("x|exists:true"))
        assert [one.fields["x"] for one in found.events] == ["b"]
        assert len(found.looked.lost) == 1


def test_files_hold_what_any_tool_reads(store):
    state, _ = store
    names = pq.read_table(state.events / state.segments(PROCESS)[0].path).column_names
    assert {"@time", "@host", "Image", "n"} <= set(names)
    assert list(events(pq.read_table(state.events / state.segments(MAIL)[0].path), MAIL))


def test_what_has_no_time_does_not_hide_what_has(tmp_path):
    with State(tmp_path, write=True) as own:
        writer = Writer(own)
        far = [Event(PROCESS, {"x": "far"}, 100_000 * DAY_NS + n, "", "", "a", str(n)) for n in range(3)]
        none = [Event(PROCESS, {"x": "none"}, None, "", "", "a", str(n)) for n in range(2_100)]
        writer.take("a", pack([*far, *none]))
        writer.finish(Stored("a", "a", "log", 1, 1, None))
        writer.flush()
        assert [one.fields["x"] for one in hunt(own, parse("x|exists:true"), limit=4).events] == [*["far"] * 3, "none"]


def test_equal_rows_answer_alike_in_files_of_other_columns(tmp_path):
    made = [{"x": "1", "y": "2"}, {"y": "1", "z": "2"}, {"x": 1}, {"x": "A" * 300}, {"x": "A" * 300}, {"X": "1"}]
    with State(tmp_path, write=True) as own:
        writer = Writer(own)
        for n, fields in enumerate(made):
            writer.take(str(n), pack([Event(PROCESS, fields, START + n * 400 * DAY_NS, record=str(n))]))
            writer.finish(Stored(str(n), str(n), "log", 1, 1, None))
            writer.flush()
        answers = hunt(own, parse("x|lt:2 or z|gt:1")).events
        assert [one.record for one in answers] == ["5", "2", "1", "0"]
        assert sum(tally(own, parse("x|startswith:aa or nothing|gt:1"), "y")[0].values()) == 2


@pytest.mark.parametrize("text", ["Image|exists:true", "subject|contains:書", "nothing"])
def test_answers_are_counted_by_the_step_of_time_they_lie_in(store, text):
    state, made = store
    question = parse(text)
    wanted = Counter(None if one.time_ns is None else one.time_ns // DAY_NS for one in made if question.answers(one))
    assert spread(state, question, DAY_NS)[0] == wanted


def test_a_stored_event_is_found_by_its_place(store):
    state, made = store
    for one in made[:97:12]:
        where = Where(one.logsource, one.time_ns, one.time_ns)
        assert [found.id for found in stored(state, where, one.source, one.record)] == [one.id]
    assert stored(state, Where(MAIL), "no.log", "1") == []


def test_counting_ends_when_there_are_too_many_values(store):
    state, made = store
    found, looked = tally(state, parse("Image|exists:true"), "n", most=1)
    assert len(found) > 1
    assert looked.rows < len(made)
