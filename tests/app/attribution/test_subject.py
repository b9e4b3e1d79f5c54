"""What is asked about: evidence of a result, not our own words on it."""

import contextlib
import json
import random
from datetime import date

import pytest

from sekisho.app.attribution.subject import features, read
from sekisho.model.errors import SourceError

RESULT = {
    "schema": "sekisho/1",
    "findings": [
        {
            "id": "f1",
            "title": "license.dat rule",
            "attack": ["T1218", "T1218.010"],
            "evidence": [{"field": "CommandLine", "value": "x.ocx"}],
        },
        {"id": "f2", "title": "other", "attack": ["T1059.001"], "evidence": []},
    ],
    "incidents": [
        {
            "id": "i1",
            "title": "one",
            "first_at": "2022-04-25T10:00:00Z",
            "findings": ["f1"],
            "steps": [{"attack": ["T1566.001"]}],
        },
        {"id": "i2", "title": "two", "first_at": "2022-04-26T10:00:00Z", "findings": ["f2"], "steps": []},
    ],
    "artifacts": [
        {
            "name": "a.exe",
            "features": {"pe.imphash": ["ab"], "pe.compiled_at": ["2020-05-01T03:04:05Z"]},
            "urls": [{"host": "A.ddns.net"}],
        }
    ],
    "events": [{"fields": {"CommandLine": "cmd /c x"}}],
}


def write(tmp_path, document):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_one_incident_brings_its_techniques_and_day(tmp_path):
    made = read(write(tmp_path, RESULT), "i1")
    assert (made.name, made.techniques, made.at) == ("one", ("T1218.010", "T1566.001"), date(2022, 4, 25))


def test_the_whole_result_brings_all(tmp_path):
    made = read(write(tmp_path, RESULT))
    assert set(made.techniques) == {"T1218.010", "T1566.001", "T1059.001"}
    assert {"x.ocx", "a.exe", "cmd /c x"} <= set(made.texts)
    assert not any("license.dat" in text for text in made.texts), "a rule's title is no evidence"


def test_a_list_of_ones_own(tmp_path):
    made = read(write(tmp_path, {"name": "c", "techniques": ["T1"], "software": ["S1"], "first_at": "2021-01-02"}))
    assert (made.name, made.techniques, made.software, made.at) == ("c", ("T1",), ("S1",), date(2021, 1, 2))


def test_features_of_a_result_and_of_a_list(tmp_path):
    made = features(write(tmp_path, RESULT))
    assert (made.values["imphash"], made.values["domains"]) == (("ab",), ("a.ddns.net",))
    assert (made.values["hours"], made.values["dyndns"]) == (("03",), ("ddns.net",))
    assert made.values["commands"] == ("cmd /c x",)
    assert features(write(tmp_path, {"name": "n", "features": {"mutex": ["m", "m"]}})).values == {"mutex": ("m",)}


@pytest.mark.parametrize("document", [[], 3, {"name": "n"}])
def test_other_json_has_no_features(tmp_path, document):
    with pytest.raises(SourceError):
        features(write(tmp_path, document))


def test_an_incident_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="no incident"):
        read(write(tmp_path, RESULT), "i9")


def test_only_foreseen_errors_come_out_of_broken_results(tmp_path):
    dice, path = random.Random(7), tmp_path / "x.json"
    seed = json.dumps(RESULT).encode()
    for _ in range(300):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(len(data))] = dice.choice(b'[]{}":, nul01')
        path.write_bytes(data)
        for one in (read, features):
            with contextlib.suppress(SourceError):
                one(str(path))
