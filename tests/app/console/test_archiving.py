import orjson
import pytest
import pyzipper

from sekisho.app.console.archiving import PASSWORD, export
from sekisho.app.console.audit import SYSTEM
from sekisho.model.errors import SourceError


def test_a_case_is_handed_on_with_all_that_belongs_to_it(desk):
    key = desk.database.one("SELECT id FROM cases")["id"]
    place = export(desk.database, desk.cases, key, SYSTEM)
    with pyzipper.AESZipFile(place) as archive:
        names = archive.namelist()
        with pytest.raises(RuntimeError):
            archive.read("case.json")
        archive.setpassword(PASSWORD)
        told = orjson.loads(archive.read("case.json"))
        for row in told["files"]:
            assert len(archive.read(f"evidence/{row['path']}")) == row["bytes"]
    assert told["case"]["name"] == "青空商事"
    assert len([name for name in names if name.startswith("incidents/")]) == 2
    assert {one["action"] for one in told["audit"]} >= {"case.create", "evidence.add"}
    assert desk.database.count("SELECT count(*) FROM audit WHERE action = 'case.export'") == 1


def test_a_case_that_is_not_there_cannot_be(desk):
    with pytest.raises(SourceError):
        export(desk.database, desk.cases, "c000000000000", SYSTEM)
