"""The pages of campaigns: listed, explained, decided, and shown over time."""

import pytest

from sekisho.app.campaigns.store import Store
from sekisho.app.console import campaigns
from sekisho.model.campaign import Sighting, Trait
from tests.app.web.small_desk import Browser, app_of, desk_with

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    desk, key = desk_with(tmp_path_factory.mktemp("desk"))
    seen = []
    for wave, host in enumerate(("a.example", "b.example")):
        traits = (Trait("url.full", f"http://{host}/x"), Trait("file.name", f"{host}.xls"), Trait("url.host", host))
        at = 1_650_000_000 + wave * 200 * 86_400
        seen += [
            Sighting(f"s{host}{n}", "mail", at + n * 86_400, f"{XSS} {host}", f"{key}/{host}{n}", traits)
            for n in range(4)
        ]
    with Store(str(desk.database.folder / campaigns.NAME), write=True) as store:
        store.add(seen)
    campaigns.refresh(desk.database)
    return app_of(desk)


@pytest.fixture
def anna(app):
    return Browser(app)


def ids(app):
    return [row["id"] for row in app.state.desk.database.all("SELECT id FROM campaigns ORDER BY first_at")]


def test_harmless_campaigns_are_shown_when_asked_for(anna, app):
    assert "No campaign here" in anna.get("/campaigns").text
    page = anna.get("/campaigns?show=all&sort=size&q=A.EXAMPLE").text
    assert f"/campaigns/{ids(app)[0]}" in page
    assert f"/campaigns/{ids(app)[1]}" not in page


def test_a_campaign_tells_why_and_shows_no_markup_of_mails(anna, app):
    page = anna.get(f"/campaigns/{ids(app)[0]}").text
    assert "Why they are together" in page
    assert "hxxp://a[.]example/x" in page
    assert "<img src=x" not in page
    assert anna.get("/campaigns/nosuch").status_code == 404
    assert anna.get(f"/campaigns/{ids(app)[0]}/attribution").status_code == 200


def test_decisions_ask_for_a_new_computation(anna, app):
    one, two = ids(app)
    assert anna.submit(f"/campaigns/{one}/merge", other=two, reason="one crew").status_code == 303
    assert anna.submit(f"/campaigns/{one}/merge", other="nosuch").status_code == 400
    assert anna.submit(f"/campaigns/{one}/split", member="sa.example2").status_code == 303
    assert anna.submit(f"/campaigns/{one}/label", family="").status_code == 400
    assert anna.submit(f"/campaigns/{one}/label", family="emotet").status_code == 303
    assert app.state.desk.database.count("SELECT count(*) FROM jobs WHERE kind = 'campaigns'") == 1
    assert anna.submit("/campaigns/undo").status_code == 303
    assert anna.submit("/campaigns/undo").status_code == 303
    assert anna.submit("/campaigns/undo").status_code == 400


def test_trends_are_drawn(anna):
    for by in ("all", "family", "theme", "brand", "country"):
        assert anna.get(f"/campaigns/trends?by={by}").status_code == 200
    assert "data-chart" in anna.get("/campaigns/trends").text


def test_a_viewer_decides_nothing(app):
    vera = Browser(app, "vera")
    assert vera.get(f"/campaigns/{ids(app)[0]}").status_code == 200
    assert vera.submit(f"/campaigns/{ids(app)[0]}/label", family="x").status_code == 403
