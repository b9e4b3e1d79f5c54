"""STIX bundles: valid by the official validator, the same bytes each time, and silent about victims."""

import json

import pytest
import stix2validator

from sekisho.respond import stix
from sekisho.respond._discreet import hider
from sekisho.respond.observed import pick
from sekisho.respond.wording import LANGUAGES, Words

OPTIONS = stix2validator.ValidationOptions(version="2.1")


def made(result, language="en", **how):
    picked = pick(result, result.incidents, frozenset({"corp.example"}), exercise=True)
    telling = stix.Telling(at_ns=1_650_000_000_000_000_000, **how)
    return stix.bundle(result, result.incidents, picked, Words(language, result.findings), telling)


def errors(text):
    results = stix2validator.validate_instance(json.loads(text), OPTIONS)
    return [str(one) for one in results.errors or []]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("language", "tlp"), list(zip(LANGUAGES, ("clear", "amber+strict"), strict=True)))
def test_the_official_validator_accepts_it(lab_result, language, tlp):
    assert errors(made(lab_result, language, tlp=tlp)) == []


@pytest.mark.filterwarnings("ignore")
def test_the_validator_can_fail(lab_result):
    told = json.loads(made(lab_result))
    next(one for one in told["objects"] if one["type"] == "indicator")["pattern"] = "[ipv4-addr:value = "
    assert errors(json.dumps(told))


def test_every_reference_leads_to_an_object_of_the_bundle(lab_result):
    objects = json.loads(made(lab_result))["objects"]
    ids = {one["id"] for one in objects}
    assert len(ids) == len(objects)
    named = {value for one in objects for key, value in one.items() if key.endswith("_ref")}
    named |= {value for one in objects for key, values in one.items() if key.endswith("_refs") for value in values}
    assert named <= ids
    kinds = {one["type"] for one in objects}
    assert {"report", "indicator", "malware", "attack-pattern", "observed-data", "sighting", "relationship"} <= kinds
    assert {"identity", "marking-definition", "email-message", "file", "url", "ipv4-addr", "process"} <= kinds


def test_the_same_result_gives_the_same_bytes(lab_result):
    assert made(lab_result) == made(lab_result)


def test_victims_are_named_only_inside(lab_result):
    inside, outside = made(lab_result), made(lab_result, hide=hider(lab_result.incidents))
    for name in (b"user01", b"corp.example", b"corp[.]example", b"PC-0142"):
        assert name not in outside
    assert b"PC-0142" in inside
    assert b"reservation@hotel.example" in outside  # the sender is the attack's


def test_each_strong_value_is_an_indicator_that_ends(lab_result):
    indicators = {one["pattern"]: one for one in json.loads(made(lab_result))["objects"] if one["type"] == "indicator"}
    one = indicators["[ipv4-addr:value = '198.51.100.23']"]
    assert (one["valid_from"], one["valid_until"]) == ("2022-01-21T00:32:03.010Z", "2022-02-20T00:32:03.010Z")
    assert one["confidence"] == 90
    assert indicators["[email-message:from_ref.value = 'reservation@hotel.example']"]["labels"] == [
        "sender",
        "hunt-only",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("ip", "2001:db8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("domain", "a.example", "[domain-name:value = 'a.example']"),
        ("url", "http://a.example/it's", "[url:value = 'http://a.example/it\\'s']"),
        ("sha1", "aa", "[file:hashes.'SHA-1' = 'aa']"),
        ("md5", "aa", "[file:hashes.MD5 = 'aa']"),
        ("file", "a\\b.exe", "[file:name = 'a\\\\b.exe']"),
    ],
)
def test_patterns_quote_what_attackers_wrote(kind, value, expected):
    assert stix.pattern(kind, value) == expected


def test_indicators_alone_have_marking_and_identity(lab_result):
    picked = pick(lab_result, lab_result.incidents, exercise=True)
    objects = stix.indicator_objects(picked.strong, Words("en"), stix.Telling())
    assert [one["type"] for one in objects[:2]] == ["marking-definition", "identity"]
    assert len(objects) == 2 + len(picked.strong)
