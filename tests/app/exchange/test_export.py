"""Exports of whole results: each form, each wish, the same bytes each time."""

import pytest

from sekisho.app.exchange.export import Wish, chosen, export
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
