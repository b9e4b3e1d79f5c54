"""Events to tables and back."""

import random

import pyarrow as pa

from sekisho.app.store.tables import MAX_COLUMNS, OWN, Packed, events, pack, table, unpack
from sekisho.model.event import Event, Logsource

PLAIN = Logsource("p", "c", "s")


def back(made):
    return [event for packed in pack(made) for event in events(unpack(packed), packed.logsource)]


def test_what_goes_in_comes_out():
    fields = {
        "text": "x", "empty": "", "none": None, "yes": True, "no": False, "whole": -7, "large": 10**30, "half": 0.5,
        "round": 4.0, "huge": 1e300, "list": ["a", "\\b\"", "請求書"], "numbers": [1, None, 2.5], "@time": "own name",
        "@@x": "two", "日本": "値",
    }  # fmt: skip
    one = Event(PLAIN, fields, 5, "PC", "u", "a.evtx", "17", ("0", "x"))
    other = Event(PLAIN, {"text": 1, "only here": "y"}, None, "", "", "b", "")
    assert back([one, other]) == [one, other]
    types = {name: type(value) for name, value in back([one])[0].fields.items()}
    assert types == {name: type(value) for name, value in fields.items()}


def test_logsources_are_kept_apart():
    made = [Event(Logsource("p", str(n % 3)), {"n": n}, n) for n in range(7)]
    packed = pack(made)
    assert [one.logsource.category for one in packed] == ["0", "1", "2"]
    assert all(isinstance(one, Packed) for one in packed)
    assert sorted(back(made), key=lambda event: event.time_ns) == made


def test_fields_beyond_the_commonest_need_no_column():
    made = [Event(PLAIN, {"common": "c", f"rare{n}": n}, n) for n in range(3 * MAX_COLUMNS)]
    assert len(table(made).column_names) <= MAX_COLUMNS + len(OWN)
    assert back(made) == made


def test_what_no_encoding_takes_is_written_out():
    event = Event(PLAIN, {"a\ud800": "b\udfff", "list": ["\ud800"], "n": 1 << 200_000}, 1, "h\ud800")
    (read,) = back([event])
    assert read.host == "h\\ud800"
    assert read.fields["a\\ud800"] == "b\\udfff"
    assert read.fields["list"] == ["\\ud800"]
    assert read.fields["n"].startswith("0x1000")


def test_tables_of_different_columns_join():
    one, other = (table([Event(PLAIN, {name: "v"}, 1)]) for name in ("a", "b"))
    joined = pa.concat_tables([one, other], promote_options="default")
    assert [event.fields for event in events(joined, PLAIN)] == [{"a": "v"}, {"b": "v"}]


def test_random_events_come_back():
    dice = random.Random(5)
    values = ["", "x", "1", 1, 1.0, True, None, [], ["a"], [None], "\\", '"', "ß", "\n"]
    made = [
        Event(PLAIN, {dice.choice("abcde@"): dice.choice(values) for _ in range(dice.randrange(4))}, dice.randrange(9))
        for _ in range(300)
    ]
    assert back(made) == made
