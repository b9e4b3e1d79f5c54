"""The page that weighs who is behind an incident."""

import pytest

from tests.app.web.small_desk import Browser, app_of, desk_with


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    return app_of(desk_with(tmp_path_factory.mktemp("desk"), lab_result)[0])


@pytest.mark.parametrize(("language", "text"), [("en", "None that is known"), ("ja", "既知のいずれでもない")])
def test_answers_are_shown_with_what_is_unknown(app, lab_result, language, text):
    page = Browser(app).get(f"/incidents/{lab_result.incidents[0].id}/attribution?lang={language}")
    assert text in page.text


def test_what_is_not_there_is_a_404(app):
    anna = Browser(app)
    assert anna.get("/incidents/i000000000000/attribution").status_code == 404
    assert anna.get("/campaigns/c000000000000/attribution").status_code == 404
