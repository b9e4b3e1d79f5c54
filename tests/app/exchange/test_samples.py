"""Files are unpacked again to make rules of the hostile ones, proved on the honest ones."""

import pytest

from sekisho.app.exchange import samples
from sekisho.respond.yara import Made, Sample


@pytest.fixture(scope="module")
def found(lab_result, lab_case):
    return samples.collect(lab_result, lab_result.incidents[0], [str(lab_case / "evidence" / "mailboxes")], jobs=2)


def test_hostile_files_are_told_from_honest_ones(found, lab_result):
    assert {one.name for one in found.hostile.values()} == {"ACH Form.xls", "form 01.21.2022.xls"}
    assert len(found.clean) > 50
    hostile = {one.data for one in found.hostile.values()}
    assert not hostile & set(found.clean)


def test_each_hostile_file_gets_a_rule_that_holds(found, lab_result):
    made = samples.rules(found, lab_result.incidents[0], "Sekisho")
    assert [why for _, why in made] == ["", ""]
    assert all(one.matches(one.sample.data) for one, _ in made)


def test_rules_that_do_not_hold_are_refused(found):
    sample = Sample("a", "00", b"abcdefgh ijklmnop")
    assert samples._why_not(Made(sample, "r", "rule r {"), ()) == "cannot_run"
    assert samples._why_not(Made(sample, "r", "rule r { condition: false }"), ()) == "misses"
    assert samples._why_not(Made(sample, "r", "rule r { condition: true }"), [b"x"]) == "hits_others"


def test_addresses_are_the_same_whichever_way_a_path_was_written():
    roots = {samples._from_file("evidence/box.mbox » 3")}
    assert samples._below("/abs/evidence/box.mbox » 3 » a.zip » b", roots)
    assert not samples._below("box.mbox » 4 » a.zip", roots)
