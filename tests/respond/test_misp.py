"""MISP events, read back by MISP's own library."""

import json

import pymisp
import pytest

from sekisho.respond import misp
from sekisho.respond._discreet import hider
from sekisho.respond.observed import pick
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words


def made(result, incidents):
    picked = pick(result, incidents, frozenset({"corp.example"}), exercise=True)
    return misp.events(result, incidents, picked, Words("en", result.findings), Telling(hide=hider(incidents)))


@pytest.fixture(scope="module")
def event(lab_result):
    read = pymisp.MISPEvent()
    read.load(made(lab_result, lab_result.incidents).decode())
    return read


def test_pymisp_reads_attributes_objects_and_tags(event):
    assert event.info == "Excel 4.0 macro sheet from a mail opened on <host>"
    assert {"email", "file", "url"} == {one.name for one in event.objects}
    tags = {one.name for one in event.tags}
    assert {"tlp:amber", 'misp-galaxy:mitre-attack-pattern="Mshta - T1218.005"'} <= tags
    mail = next(one for one in event.objects if one.name == "email")
    assert mail.get_attributes_by_relation("subject")[0].value == "Re: invoice by post"


def test_only_strong_values_raise_alarms(event):
    by_value = {one.value: one for one in event.attributes}
    assert by_value["198.51.100.23"].to_ids
    assert (by_value["198.51.100.23"].type, by_value["203.0.113.61"].type) == ("ip-dst", "ip-src")
    assert not by_value["reservation@hotel.example"].to_ids
    assert not by_value["203.0.113.61"].to_ids
    hashes = [one for item in event.objects for one in item.attributes if one.type == "sha256"]
    assert hashes
    assert all(one.to_ids for one in hashes)


def test_victims_are_not_named(lab_result):
    text = made(lab_result, lab_result.incidents)
    assert b"user01" not in text
    assert b"PC-0142" not in text


def test_several_incidents_are_one_response_and_none_tells_of_files(lab_result):
    twice = json.loads(made(lab_result, lab_result.incidents * 2))
    assert len(twice["response"]) == 2
    files = json.loads(made(lab_result, ()))["Event"]
    assert files["info"] == "Malicious files"
    assert files["Object"]


def test_the_same_result_gives_the_same_bytes(lab_result):
    assert made(lab_result, lab_result.incidents) == made(lab_result, lab_result.incidents)
