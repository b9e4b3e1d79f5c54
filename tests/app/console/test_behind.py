"""Who is behind it: answered with evidence, kept, and answered anew when the evidence changes."""

import pytest

from sekisho.app.console import behind
from sekisho.app.console.database import packed, unpacked
from sekisho.model.errors import SekishoError
from tests.app.web.small_desk import desk_with


@pytest.fixture(scope="module")
def desk(tmp_path_factory, lab_result):
    return desk_with(tmp_path_factory.mktemp("desk"), lab_result)[0]


def test_an_answer_has_a_probability_and_what_speaks_for_it(desk, lab_result):
    told = behind.of_incident(desk.database, lab_result.incidents[0].id, "en")
    family = told["answers"][0]
    assert family["kind"] == "family"
    assert told["actors"] is False
    first = family["hypotheses"][0]
    assert first["for"]
    assert sum(one["probability"] for one in family["hypotheses"]) + family["unknown"] == pytest.approx(1, abs=0.01)


def test_it_is_kept_until_the_evidence_changes(desk, lab_result):
    key = lab_result.incidents[0].id
    behind.of_incident(desk.database, key, "ja")
    row = desk.database.one("SELECT * FROM attributions WHERE language = 'ja'")
    desk.database.base.execute("UPDATE attributions SET doc = ? WHERE language = 'ja'", (packed({"kept": 1}),))
    assert behind.of_incident(desk.database, key, "ja") == {"kept": 1}
    held = unpacked(desk.database.one("SELECT doc_ja FROM incidents WHERE id = ?", key)["doc_ja"])
    held["findings"] = {}
    desk.database.base.execute("UPDATE incidents SET doc_ja = ? WHERE id = ?", (packed(held), key))
    assert "answers" in behind.of_incident(desk.database, key, "ja")
    assert desk.database.one("SELECT version FROM attributions WHERE language = 'ja'")["version"] != row["version"]


def test_what_is_not_there_is_said(desk):
    with pytest.raises(SekishoError):
        behind.of_incident(desk.database, "i000000000000", "en")
    with pytest.raises(SekishoError):
        behind.of_campaign(desk.database, "c000000000000", "en")
