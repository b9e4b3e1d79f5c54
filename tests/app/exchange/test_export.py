"""Exports of whole results: each form, each wish, the same bytes each time."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import stix2validator

from sekisho.app import ruleset
from sekisho.app.exchange.advisories import Asked, write
from sekisho.app.exchange.export import Wish, chosen, export
from sekisho.app.exchange.store import Store, Terms, learn
from sekisho.app.pipeline import Options, investigate
from sekisho.model.errors import SekishoError

FORMS = ("stix", "misp", "navigator", "csv", "ocsf")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_wish_gives_the_same_bytes(lab_result, form):
    wish = Wish(exercise=True, language="ja", now_ns=1)
    assert (
        export(lab_result, form, wish).data
        == export(lab_result, form, Wish(exercise=True, language="ja", now_ns=2)).data
    )


def test_incidents_are_chosen_by_id(lab_result):
    (one,) = lab_result.incidents
    assert chosen(lab_result, [one.id]) == (one,)
    with pytest.raises(SekishoError, match=f"there are: {one.id}"):
        chosen(lab_result, ["i000000000000"])


def test_what_is_left_out_is_said(lab_result):
    notes = export(lab_result, "csv", Wish(language="ja")).notes
    assert any("203.0.113[.]10" in line and "文書用" in line for line in notes)
    assert export(lab_result, "csv", Wish(exercise=True)).notes == ()


@pytest.mark.parametrize("form", ["stix", "misp", "csv"])
def test_what_is_exported_can_be_imported_again(lab_result, tmp_path, form):
    made = export(lab_result, form, Wish(exercise=True, own=frozenset({"corp.example"})))
    path = tmp_path / "export"
    path.write_bytes(made.data)
    with Store(str(tmp_path / "i.db"), write=True) as store:
        counts = learn([str(path)], store, Terms(1_642_800_000, exercise=True))
        kept = {(one.kind, one.value) for one in store.all()}
    assert counts.refused.total() == 0
    strong = {(one.kind, one.value) for one in made.picked.strong}
    assert strong <= kept
    if form != "stix":
        assert kept == strong


SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "mail" / "phishing_pot"


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore")
def test_real_mails_give_valid_bundles_and_pages():
    if not SAMPLES.is_dir():
        pytest.skip("no real mails beside the project (mail/phishing_pot)")
    paths = [str(path) for path in sorted(SAMPLES.glob("*.eml"))[:12]]
    result = investigate(paths, ruleset.load([], cache=False), Options(jobs=2, logs=False))
    wish = Wish(language="ja", now_ns=1)
    told = json.loads(export(result, "stix", wish).data)
    options = stix2validator.ValidationOptions(version="2.1")
    assert [str(one) for one in stix2validator.validate_instance(told, options).errors or []] == []
    for incident in result.incidents[:3]:
        for reader in ("staff", "mail-admin", "csirt"):
            assert write(result, replace(wish, incidents=(incident.id,)), Asked(reader, "pdf"))[0]
