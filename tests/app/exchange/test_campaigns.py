"""Campaigns as a user exports them and writes notices of them."""

import json

import pytest

from sekisho.app import cli
from sekisho.app.campaigns.store import Store
from sekisho.app.exchange import campaigns
from sekisho.app.exchange.advisories import Asked
from sekisho.app.exchange.export import Wish
from sekisho.model.errors import SekishoError
from tests.respond.campaign_world import sighting


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "campaigns.db"
    with Store(str(path), write=True) as base:
        base.add([*(sighting(number) for number in range(1, 6)), sighting(7, "report"), sighting(8, "incident")])
        base.label(["s000000000007"], "emotet", "e4")
    return str(path)


def test_a_member_names_its_campaign_and_labels_are_guesses(store):
    told = campaigns.dossier(store, "s000000000003")
    assert len(told.members) == 7
    assert [(one.what, one.name) for one in told.guesses] == [("family", "emotet"), ("distributor", "e4")]


@pytest.mark.parametrize(("form", "key"), [("stix", "objects"), ("misp", "Event"), ("navigator", "techniques")])
def test_each_form_is_json(store, form, key):
    made = campaigns.export(campaigns.dossier(store, "s000000000001"), form, Wish(exercise=True))
    assert json.loads(made.data)[key]
    assert len(made.picked.strong) == 3


def test_a_form_that_needs_an_incident_says_so(store):
    with pytest.raises(SekishoError, match="sigma needs an incident"):
        campaigns.export(campaigns.dossier(store, "s000000000001"), "sigma", Wish())


def test_a_notice_is_written_for_whom_it_is_asked(store):
    told = campaigns.dossier(store, "s000000000001")
    asked = Asked("csirt", day="2022-01-25", zone="Asia/Tokyo")
    text = campaigns.advisory(told, Wish("ja", exercise=True), asked).decode()
    assert "2022年1月25日" in text and "reader1" not in text
    asked = Asked("mail-admin", "html")
    assert b"reader1@corp[.]example" in campaigns.advisory(told, Wish("ja", exercise=True), asked)


def test_the_commands_write_files(store, tmp_path, capsys):
    out = tmp_path / "c.json"
    command = ["export", store, "--campaign", "s000000000001", "--to", "stix", "--exercise", "--lang", "en"]
    assert cli.main([*command, "--out", str(out)]) == 0
    assert json.loads(out.read_text())["type"] == "bundle"
    assert "www.google[.]com" in capsys.readouterr().err
    command = ["advisory", store, "--campaign", "s000000000001", "--for", "staff", "--lang", "en"]
    assert cli.main(command) == 0
    assert "do not open the mail" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["export", "STORE", "--campaign", "c0", "--to", "csv"], "no campaign or sighting c0"),
        (["export", "STORE", "STORE", "--campaign", "c0", "--to", "csv"], "takes one store"),
        (["export", "STORE", "--campaign", "c0", "--incident", "i0", "--to", "csv"], "no --incident"),
        (["export", "none.db", "--campaign", "c0", "--to", "csv"], "none.db"),
        (["advisory", "STORE", "--campaign", "s000000000001", "--for", "partner"], "needs an incident"),
        (["advisory", "STORE", "--campaign", "s000000000001", "--for", "staff", "--date", "x"], "write YYYY-MM-DD"),
    ],
)
def test_mistakes_are_named(store, command, said, capsys):
    assert cli.main([store if word == "STORE" else word for word in command]) == 2
    assert said in capsys.readouterr().err
