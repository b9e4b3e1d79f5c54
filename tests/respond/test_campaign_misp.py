"""Campaigns as MISP events, read back by MISP's own library."""

from dataclasses import replace

import pymisp

from sekisho.model.campaign import Guess
from sekisho.respond import campaign_misp, campaigns
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words
from tests.respond.campaign_world import dossier


def event(told=None, language="en"):
    told = told or dossier()
    telling = Telling(hide=campaigns.hider(told, internal=False))
    read = pymisp.MISPEvent()
    read.load(campaign_misp.event(told, campaigns.picked(told, exercise=True), Words(language), telling).decode())
    return read


def test_pymisp_reads_attributes_objects_and_tags():
    one = event()
    assert one.info == "Campaign: Invoice for <mailbox>"
    assert str(one.date) == "2021-12-30"
    tags = {tag.name for tag in one.tags}
    assert {"tlp:amber", 'sekisho:family="emotet"'} <= tags
    assert 'misp-galaxy:mitre-attack-pattern="Spearphishing Attachment - T1566.001"' in tags
    assert not any("distributor" in tag for tag in tags)
    mails = [each for each in one.objects if each.name == "email"]
    assert len(mails) == 5
    assert {each.get_attributes_by_relation("subject")[0].value for each in mails} == {"Invoice for <mailbox>"}
    assert any("e4 with 40%" in each.value for each in one.attributes)


def test_only_vouched_values_raise_alarms():
    one = event()
    told = {each.value: each.to_ids for each in one.attributes}
    told |= {each.value: each.to_ids for item in one.objects for each in item.attributes}
    assert {value for value, alarm in told.items() if alarm} == {"198.51.100.9", f"{7:064x}", f"{8:064x}"}
    assert {each.type for each in one.attributes if each.value == "203.0.113.80"} == {"ip-src"}


def test_a_name_cannot_end_its_tag():
    told = replace(dossier(), guesses=(Guess("family", 'x" tlp:clear="', 0.9),))
    assert [tag.name for tag in event(told).tags if "family" in tag.name] == ['sekisho:family="x tlp:clear="']
