"""An incident of the console becomes the result that it came from, and what others read."""

import orjson
import pytest

from sekisho.app.console import exporting
from sekisho.app.console.audit import SYSTEM
from sekisho.app.exchange.advisories import Asked
from sekisho.app.exchange.export import Wish, export
from sekisho.model.errors import SekishoError
from tests.app.web.small_desk import desk_with


@pytest.fixture(scope="module")
def desk(tmp_path_factory, lab_result):
    return desk_with(tmp_path_factory.mktemp("desk"), lab_result)[0]


def test_what_is_told_is_what_the_result_itself_would_tell(desk, lab_result):
    key = lab_result.incidents[0].id
    wish = Wish("en", (key,), exercise=True, now_ns=1)
    for form in ("csv", "navigator", "stix"):
        assert exporting.make(desk.database, key, form, wish)[0] == export(lab_result, form, wish).data, form


def test_taking_it_is_noted(desk, lab_result):
    key = lab_result.incidents[0].id
    wish = Wish("en", (key,), exercise=True)
    file = exporting.keep(desk.database, SYSTEM, key, "csv", wish, exporting.make(desk.database, key, "csv", wish))
    assert file.name == f"sekisho-{key}.csv"
    paper = exporting.advise(desk.database, SYSTEM, key, Wish("ja", (key,)), Asked("staff", "html"))
    assert paper.media_type == "text/html"
    noted = desk.database.all("SELECT detail FROM audit WHERE action = 'incident.export' ORDER BY number")
    assert [orjson.loads(row["detail"])["form"] for row in noted] == ["csv", "advisory staff html"]


def test_what_cannot_be_told_is_said(desk, lab_result):
    key = lab_result.incidents[0].id
    for incident, form in (("i0", "csv"), (key, "exe")):
        with pytest.raises(SekishoError):
            exporting.make(desk.database, incident, form, Wish())
    with pytest.raises(SekishoError):
        exporting.keep(desk.database, SYSTEM, key, "csv", Wish(), (b"", ()))
    with pytest.raises(SekishoError):
        exporting.advise(desk.database, SYSTEM, key, Wish(), Asked("everybody"))
    with pytest.raises(SekishoError):
        exporting.evidence_of(desk.database, "i0")


def test_rules_are_proved_only_on_files_of_the_case(desk, lab_result):
    (case,) = [row["id"] for row in desk.database.all("SELECT id FROM cases")]
    desk.cases.add(case, "a.eml", [b"Subject: x\n\n"], SYSTEM)
    desk.database.base.execute("UPDATE files SET kind = 'mail'")
    desk.database.base.execute("UPDATE messages SET address = ? || '/../../outside' WHERE incident != ''", (case,))
    (path,) = exporting.evidence_of(desk.database, lab_result.incidents[0].id)
    assert path.endswith(f"{case}/a.eml")
