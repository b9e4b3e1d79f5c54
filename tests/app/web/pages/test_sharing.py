"""Who may choose how incidents are told to others."""

import pytest

from sekisho.app.console import sharing
from tests.app.web.small_desk import Browser, app_of, desk_with


@pytest.fixture
def app(tmp_path):
    return app_of(desk_with(tmp_path)[0])


def test_an_administrator_chooses_and_it_is_done_by_a_job(app):
    anna = Browser(app)
    assert sharing.INCIDENTS in anna.get("/indicators/sharing").text
    assert anna.submit("/indicators/sharing", tlp="green", internal="true").status_code == 303
    wish = sharing.wish(app.state.desk.database)
    assert (wish.tlp, wish.internal, wish.exercise) == ("green", True, False)
    assert app.state.desk.jobs.begin().kind == "share"
    assert anna.submit("/indicators/sharing", tlp="purple").status_code == 422


def test_others_only_look(app):
    vera = Browser(app, "vera")
    assert vera.get("/indicators/sharing").status_code == 200
    assert vera.submit("/indicators/sharing", tlp="green").status_code == 403
