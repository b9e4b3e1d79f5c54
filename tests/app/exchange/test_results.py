"""Results come back from their documents whole, in either language; documents that are none are refused."""

import contextlib
import copy
import json
import random

import pytest

from sekisho.app.exchange import results
from sekisho.model.errors import SourceError
from sekisho.respond import document
from sekisho.respond.wording import LANGUAGES, Words


@pytest.fixture(scope="module")
def written(lab_result):
    return document.dump(lab_result, Words("en", lab_result.findings))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_back_tells_the_same_in_both_languages(lab_result, written, language):
    back = results.load(written)
    told = document.document(back, Words(language, back.findings))
    first = document.document(lab_result, Words(language, lab_result.findings))
    for name in ("verdict", "inputs", "findings", "incidents", "rules", "tuning", "notes"):
        assert json.dumps(told[name]) == json.dumps(first[name]), name
    for mine, theirs in zip(told["artifacts"], first["artifacts"], strict=True):
        mine, theirs = dict(mine), dict(theirs)
        if language == "ja":  # reasons of artifacts keep the language they were written in
            mine.pop("reasons"), theirs.pop("reasons")
        assert json.loads(json.dumps(mine, default=str)) == json.loads(json.dumps(theirs, default=str))
    assert [one["id"] for one in told["events"]] == [one["id"] for one in first["events"]]


def test_a_file_is_told_by_its_beginning(tmp_path, written):
    good, bad = tmp_path / "r.json", tmp_path / "x.json"
    good.write_bytes(written)
    bad.write_bytes(b'{"type": "bundle"}')
    assert results.is_result(str(good))
    assert not results.is_result(str(bad))
    assert not results.is_result(str(tmp_path / "none"))
    assert len(results.read(str(good)).incidents) == 1
    with pytest.raises(SourceError, match="cannot be read"):
        results.read(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"schema": "other/1"}', b'{"schema": "sekisho/1"}', b'{"schema": "sekisho/1", "rules": []}'],
)
def test_what_is_no_result_is_refused_with_a_reason(data):
    with pytest.raises(SourceError):
        results.load(data, "r.json")


def test_a_sentence_that_is_not_ours_is_refused(written):
    told = json.loads(written)
    told["incidents"][0]["title_facts"]["key"] = "no.such"
    with pytest.raises(SourceError, match="no sentence"):
        results.load(json.dumps(told).encode())


def test_only_foreseen_errors_come_out_of_broken_documents(written):
    dice, whole = random.Random(5), json.loads(written)
    whole["artifacts"], whole["findings"] = whole["artifacts"][:3], whole["findings"][:3]
    whole["events"] = whole["events"][:3]
    for _ in range(150):
        told = copy.deepcopy(whole)
        place = told
        for _ in range(dice.randrange(1, 7)):  # walk to some place and put something else there
            keys = list(place) if isinstance(place, dict) else range(len(place))
            if not keys:
                break
            key = dice.choice(list(keys))
            if isinstance(place[key], dict | list) and dice.random() < 0.8:
                place = place[key]
            else:
                place[key] = dice.choice([None, [], {}, "x", -1, 2**70, True])
        with contextlib.suppress(SourceError):
            results.load(json.dumps(told).encode())
