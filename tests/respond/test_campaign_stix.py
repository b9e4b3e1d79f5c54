"""Campaigns as STIX: valid by the official validator, the same bytes each time, and silent about readers."""

import json

import pytest
import stix2validator

from sekisho.respond import campaign_stix, campaigns
from sekisho.respond.stix import Telling
from sekisho.respond.wording import LANGUAGES, Words
from tests.respond.campaign_world import dossier

OPTIONS = stix2validator.ValidationOptions(version="2.1")


def made(language="en", *, internal=False, told=None, **how):
    told = told or dossier()
    telling = Telling(at_ns=1_650_000_000_000_000_000, hide=campaigns.hider(told, internal=internal), **how)
    return campaign_stix.bundle(told, campaigns.picked(told, exercise=True), Words(language), telling)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("language", "tlp"), list(zip(LANGUAGES, ("clear", "amber+strict"), strict=True)))
def test_the_official_validator_accepts_it(language, tlp):
    results = stix2validator.validate_instance(json.loads(made(language, tlp=tlp)), OPTIONS)
    assert [str(one) for one in results.errors or []] == []


def test_every_reference_leads_to_an_object_of_the_bundle():
    objects = json.loads(made())["objects"]
    ids = {one["id"] for one in objects}
    assert len(ids) == len(objects)
    named = {value for one in objects for key, value in one.items() if key.endswith("_ref")}
    named |= {value for one in objects for key, values in one.items() if key.endswith("_refs") for value in values}
    assert named <= ids


def test_a_campaign_holds_members_guesses_and_when_it_was_seen():
    objects = json.loads(made())["objects"]
    by_id = {one["id"]: one for one in objects}
    (one,) = (each for each in objects if each["type"] == "campaign")
    assert (one["first_seen"][:10], one["last_seen"][:10]) == ("2021-12-30", "2022-01-06")
    assert one["external_references"][0]["source_name"] == "2022-01-07 Emotet (E4) IOCs"
    ties = [each for each in objects if each["type"] == "relationship" and each["source_ref"] == one["id"]]
    told = {(each["relationship_type"], by_id[each["target_ref"]]["name"]): each.get("confidence") for each in ties}
    assert told[("uses", "emotet")] == 80 and told[("attributed-to", "e4")] == 40
    assert ("uses", "Spearphishing Attachment") in told
    assert sum(each["type"] == "email-message" for each in objects) == 5
    (seen,) = (each for each in objects if each["type"] == "sighting")
    assert (seen["sighting_of_ref"], seen["count"]) == (one["id"], 7)


def test_readers_are_named_only_inside():
    assert b"reader1@corp.example" not in made()
    assert b"reader1@corp.example" in made(internal=True)


def test_the_same_campaign_gives_the_same_bytes():
    assert made() == made()
