"""MISP: attributes for detection in events and objects; context is left alone."""

import json
import random

from sekisho.sources import Gap
from sekisho.sources.indicators import Told, reader_of
from sekisho.sources.indicators.misp import read


def attribute(kind, value, to_ids=True, **more):
    return {"uuid": f"u-{value}", "type": kind, "value": value, "to_ids": to_ids, "comment": "c", **more}


EVENT = {
    "Event": {
        "info": 'a "Attribute": [ in words',
        "Orgc": {"uuid": "x", "name": "Team 社"},
        "Attribute": [
            attribute("ip-dst", "45.76.12.34", first_seen="2026-01-01T00:00:00+00:00", Sighting=[{}, {}]),
            attribute("ip-src", "45.76.12.35", to_ids=False),
            attribute("filename|sha256", "a.exe|" + "1" * 64),
            attribute("ip-dst|port", "45.76.12.36|443"),
            attribute("comment", "hello"),
        ],
        "Object": [{"name": "url", "Attribute": [attribute("url", "http://evil.example/a")]}],
    }
}


def write(tmp_path, data):
    path = tmp_path / "e.json"
    path.write_bytes(data)
    return path


def test_values_marked_for_detection_come_from_event_and_objects(tmp_path):
    path = write(tmp_path, json.dumps(EVENT, ensure_ascii=False).encode())
    assert reader_of(path)[0] == "misp"
    found = [one for one in read(path) if isinstance(one, Told)]
    assert [(one.kind, one.value) for one in found] == [
        ("ip", "45.76.12.34"),
        ("file", "a.exe"),
        ("sha256", "1" * 64),
        ("ip", "45.76.12.36"),
        ("url", "http://evil.example/a"),
    ]
    assert (found[0].source, found[0].note, found[0].sightings, found[0].first_at) == ("Team 社", "c", 2, 1_767_225_600)


def test_types_that_are_not_looked_for_are_named(tmp_path):
    gaps = [one for one in read(write(tmp_path, json.dumps(EVENT).encode())) if isinstance(one, Gap)]
    assert gaps == [Gap("u-hello", "an attribute of type comment is not looked for")]


def test_a_cut_event_gives_what_came_before(tmp_path):
    data = json.dumps(EVENT).encode()
    found = list(read(write(tmp_path, data[: data.index(b"45.76.12.36")])))
    assert [one.value for one in found if isinstance(one, Told)] == ["45.76.12.34", "a.exe", "1" * 64]
    assert isinstance(found[-1], Gap)


def test_broken_events_give_values_and_gaps_only(tmp_path):
    dice, whole = random.Random(13), json.dumps(EVENT).encode()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.choice(b'{}[]",:\\\x00\xffa1')
        assert all(isinstance(one, Told | Gap) for one in read(write(tmp_path, bytes(data))))
