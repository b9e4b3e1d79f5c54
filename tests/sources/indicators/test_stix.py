"""STIX: patterns of single values, sightings, and bundles that are cut off or run in circles."""

import json
import random

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap
from sekisho.sources.indicators import Told, reader_of
from sekisho.sources.indicators.stix import alternatives, read

ONE = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--1",
    "pattern_type": "stix",
    "pattern": "[ipv4-addr:value = '45.76.12.34']",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2026-02-01T00:00:00Z",
    "confidence": 80,
    "name": "C2",
    "created_by_ref": "identity--1",
}
WHO = {"type": "identity", "id": "identity--1", "name": "CERT 社"}


def told(tmp_path, *objects, cut=None):
    path = tmp_path / "b.json"
    text = json.dumps({"type": "bundle", "id": "bundle--1", "objects": list(objects)}, ensure_ascii=False).encode()
    path.write_bytes(text[:cut])
    assert reader_of(path)[0] == "stix"
    return list(read(path))


def test_an_indicator_tells_value_times_confidence_and_who(tmp_path):
    assert told(tmp_path, WHO, ONE) == [
        Told("45.76.12.34", "indicator--1", "ip", 80, 1_767_225_600, None, 1_769_904_000, "CERT 社", "C2")
    ]


def test_sightings_count_for_the_indicator_they_name(tmp_path):
    sighting = {
        "type": "sighting",
        "id": "sighting--1",
        "sighting_of_ref": "indicator--1",
        "count": 7,
        "last_seen": "2026-01-05T00:00:00Z",
    }
    *_, last = told(tmp_path, sighting, WHO, ONE)
    assert (last.kind, last.value, last.sightings, last.last_at) == ("ip", "45.76.12.34", 7, 1_767_571_200)


def test_what_is_revoked_or_no_value_is_not_taken(tmp_path):
    found = told(
        tmp_path,
        ONE | {"revoked": True},
        ONE | {"id": "i2", "pattern_type": "sigma", "pattern": "title: x"},
        ONE | {"id": "i3", "pattern": "[url:value LIKE '%']"},
    )
    assert [type(one) for one in found] == [Gap, Gap]


def test_references_in_circles_end(tmp_path):
    loop = {"type": "identity", "id": "identity--1", "created_by_ref": "identity--1", "name": "me"}
    sight = {"type": "sighting", "id": "sighting--1", "sighting_of_ref": "sighting--1"}
    assert [one.value for one in told(tmp_path, loop, sight, ONE)] == ["45.76.12.34"]


def test_a_cut_bundle_gives_what_came_before_the_cut(tmp_path):
    found = told(tmp_path, WHO, ONE, ONE | {"id": "indicator--2"}, cut=-60)
    assert [type(one) for one in found] == [Told, Gap]
    assert "cut off" in found[1].reason


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            "[ipv4-addr:value = '1.2.3.4' OR domain-name:value = 'a.example']",
            [("ip", "1.2.3.4"), ("domain", "a.example")],
        ),
        (
            "[url:value IN ('http://a.example/', 'http://b.example/')]",
            [("url", "http://a.example/"), ("url", "http://b.example/")],
        ),
        ("[file:hashes.'SHA-256' = 'aa'] OR [file:hashes.MD5 = 'bb']", [("sha256", "aa"), ("md5", "bb")]),
        ("[file:name = 'it\\'s.exe']", [("file", "it's.exe")]),
        ("[ipv4-addr:value = '1.2.3.4' AND domain-name:value = 'a.example']", []),
        ("[ipv4-addr:value != '1.2.3.4']", []),
        ("[domain-name:value MATCHES '.*']", []),
        ("[file:name = 'a'] FOLLOWEDBY [file:name = 'b']", []),
        ("[file:name = 'a'] WITHIN 5 SECONDS", []),
        ("[process:command_line = 'x']", []),
        ("[" * 60_000, []),
        ("[file:name = 'a", []),
        ("", []),
    ],
)
def test_only_choices_of_single_values_are_values(pattern, expected):
    assert alternatives(pattern) == expected


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError):
        list(read(tmp_path / "none"))


def test_broken_bundles_give_values_and_gaps_only(tmp_path):
    dice, path = random.Random(11), tmp_path / "b.json"
    whole = json.dumps({"type": "bundle", "objects": [WHO, ONE, ONE | {"id": "indicator--2"}]}).encode()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.choice(b'{}[]",:\\\x00\xffa1')
        path.write_bytes(bytes(data[: dice.randrange(10, len(data) + 1)]))
        assert all(isinstance(one, Told | Gap) for one in read(path))
