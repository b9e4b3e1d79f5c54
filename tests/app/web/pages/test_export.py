"""Exports are files to be saved, for those who may, in every form."""

import pytest

from sekisho.app.exchange.export import FORMATS
from tests.app.web.small_desk import Browser, app_of, desk_with


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    return app_of(desk_with(tmp_path_factory.mktemp("desk"), lab_result)[0])


@pytest.fixture
def place(lab_result):
    return f"/incidents/{lab_result.incidents[0].id}/export"


@pytest.mark.parametrize("form", [one for one in FORMATS if one not in ("sigma", "yara")])
def test_every_form_is_saved_not_shown(app, place, form):
    answer = Browser(app).get(f"{place}/{form}?exercise=true&language=ja")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_notice_is_made_for_its_readers(app, place, form):
    answer = Browser(app).get(f"{place}/advisory?reader=mail-admin&form={form}&language=ja&issuer=CSIRT")
    assert answer.status_code == 200
    assert "CSIRT" in answer.text


def test_what_cannot_be_made_is_said_on_the_page(app, place):
    anna = Browser(app)
    assert anna.get(place).status_code == 200
    assert anna.get(f"{place}/advisory?reader=partner&partner=nobody.example").status_code == 400
    assert anna.get(f"{place}/exe").status_code == 422
    assert anna.get("/incidents/i000000000000/export").status_code == 404
    assert anna.get("/incidents/i000000000000/export/csv").status_code == 404


def test_a_viewer_takes_nothing(app, place):
    assert Browser(app, "vera").get(f"{place}/csv").status_code == 403
