"""Knowledge files: ATT&CK's bundle and its relations, dates as written, and broken input."""

import contextlib
import gzip
import json
import random
from datetime import date

import pytest

from sekisho.app.attribution.knowledge import from_bundle, from_relations, read, written_date
from sekisho.model.attribution import Citation, Named, NameLink, Use
from sekisho.model.errors import SourceError

RELATIONS = {
    "source": "test",
    "names": {"G0001": ["intrusion-set", "One"], "T1001": ["attack-pattern", "Hide"], "C0001": ["campaign", "Op"]},
    "uses": [
        ["G0001", "uses", "T1001", [["https://a.example", 20181201], ["https://b.example", None]]],
        ["C0001", "attributed-to", "G0001", []],
        ["broken"],
        ["G0001", "uses", "T1001", [["https://a.example", 20181399]]],
    ],
}


def test_relations_are_read_and_broken_ones_counted():
    made = from_relations(RELATIONS)
    cited = (Citation("https://a.example", date(2018, 12, 1)), Citation("https://b.example", None))
    assert made.uses == (Use("G0001", "T1001", cited),)
    assert made.campaigns == {"C0001": "G0001"}
    assert made.notes == ("2 relations could not be read",)


def stix(kind, key, name, **more):
    reference = {"source_name": "mitre-attack", "external_id": key}
    return {"type": kind, "id": f"{kind}--{key}", "name": name, "external_references": [reference], **more}


def relation(source, target, kind="uses", **more):
    return {"type": "relationship", "relationship_type": kind, "source_ref": source, "target_ref": target, **more}


def test_a_bundle_is_read_without_what_was_revoked():
    cited = {"source_name": "V", "url": "https://v.example", "description": "Vendor. (2019, March 7). Title. Retrieved"}
    made = from_bundle(
        [
            {"type": "x-mitre-collection", "name": "Enterprise ATT&CK", "x_mitre_version": "18.1"},
            stix("intrusion-set", "G0001", "One", aliases=["One", "Shared"]),
            stix("intrusion-set", "G0002", "Two", aliases=["Two", "shared"]),
            stix("intrusion-set", "G0003", "Gone", revoked=True),
            stix("attack-pattern", "T1001", "Hide"),
            stix("campaign", "C0001", "Op"),
            relation("intrusion-set--G0001", "attack-pattern--T1001", external_references=[cited]),
            relation("intrusion-set--G0003", "attack-pattern--T1001"),
            relation("campaign--C0001", "intrusion-set--G0002", "attributed-to"),
            "rubbish",
        ]
    )
    assert made.title == "Enterprise ATT&CK 18.1"
    assert made.names["G0001"] == Named("G0001", "actor", "One", ("Shared",))
    assert made.uses == (Use("G0001", "T1001", (Citation("https://v.example", date(2019, 3, 7)),)),)
    assert made.campaigns == {"C0001": "G0002"}
    assert made.links == (NameLink("G0001", "G0002", 0.5, "shared"),)
    assert made.notes == ("1 relations could not be read",)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("A. (2018, December). T. Retrieved July 16, 2020.", date(2018, 12, 1)),
        ("A. (2018, December 31). T.", date(2018, 12, 31)),
        ("A. (2018, Sept. 3). T.", date(2018, 9, 3)),
        ("A. (2018). T.", date(2018, 1, 1)),
        ("A. (2018, February 31). T.", date(2018, 2, 1)),
        ("A. (n.d.). T. Retrieved July 16, 2020.", None),
        ("(" * 3000, None),
    ],
)
def test_dates_as_references_write_them(text, day):
    assert written_date(text) == day


def test_packed_and_plain_files_are_read_alike(tmp_path):
    plain, packed = tmp_path / "a.json", tmp_path / "a.json.gz"
    plain.write_text(json.dumps(RELATIONS))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(str(plain)) == read(str(packed))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\x1f\x8bxx", b'{"uses": 1}', b"[" * 100_000])
def test_other_files_are_refused(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(SourceError):
        read(str(path))


def test_only_foreseen_errors_come_out_of_broken_files(tmp_path):
    dice, path = random.Random(7), tmp_path / "x"
    seeds = [json.dumps(RELATIONS).encode(), gzip.compress(json.dumps(RELATIONS).encode())]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(bytes(data[: dice.randrange(8, len(data) + 1)]))
        with contextlib.suppress(SourceError):
            read(str(path))
