import json

from sekisho.respond import campaigns
from sekisho.respond.wording import Words
from tests.respond.campaign_world import dossier, sighting


def by_value(**options):
    return {one.value: one for one in campaigns.picked(dossier(), exercise=True, **options).observed}


def test_only_what_an_incident_or_a_note_vouches_for_is_to_be_blocked():
    found = by_value()
    assert {one.value for one in found.values() if one.strong} == {"198.51.100.9", f"{7:064x}", f"{8:064x}"}
    assert (found["198.51.100.9"].role, found["198.51.100.9"].confidence) == ("contacted", 85)
    assert (found[f"{1:064x}"].role, found[f"{1:064x}"].confidence) == ("carried", 40)
    assert found["203.0.113.7"].role == "linked" and found["203.0.113.80"].role == "sent_from"
    assert found["203.0.113.7"].evidence[0] == "s000000000001"


def test_what_all_the_world_shares_is_left_out_with_its_reason():
    picked = campaigns.picked(dossier(), frozenset({"sender.example"}), exercise=True)
    left = {one.value: one.reason for one in picked.left_out}
    assert left["hacked.example"] == "everybodys"
    assert left["www.google.com"] == "top_site"
    assert left["a1@sender.example"] == "own"
    assert not {"hacked.example", "www.google.com", "a1@sender.example"} & {one.value for one in picked.observed}


def test_reserved_names_need_the_exercise():
    assert campaigns.picked(dossier()).strong == tuple(one for one in by_value().values() if len(one.value) == 64)[:2]


def test_techniques_subjects_and_times_are_counted():
    told = dossier()
    assert campaigns.techniques(told) == [("T1566.001", 2)]
    assert campaigns.counts(told) == {"incident": 1, "mail": 5, "report": 1}
    assert campaigns.subject_of(told) == "Invoice for reader1@corp.example"
    assert len(campaigns.times_ns(told)) == 7 and len(campaigns.times_ns(told, "mail")) == 5


def test_addresses_of_readers_are_hidden_and_those_of_senders_are_not():
    hide = campaigns.hider(dossier(), internal=False)
    assert hide("to reader1@corp[.]example by A1@sender[.]example") == "to <mailbox> by A1@sender[.]example"
    assert campaigns.hider(dossier(), internal=True)("x@corp.example") == "x@corp.example"


def test_a_layer_scores_sightings():
    (technique,) = json.loads(campaigns.layer(dossier(), Words("en")))["techniques"]
    assert (technique["techniqueID"], technique["score"]) == ("T1566.001", 2)


def test_many_values_are_bounded(monkeypatch):
    monkeypatch.setattr(campaigns, "MOST", 3)
    assert len(campaigns.picked(dossier(sighting(9)), exercise=True).observed) == 3
