"""The mixed week: all cases, each on its own day, nothing lost."""

import json

from sekisho.app.lab import mixed
from sekisho.app.lab.cases import CASES


def test_a_week_holds_every_case_and_names_its_attacks():
    chosen = [CASES["emotet-lnk-vbs"], CASES["emotet-lnk-vbs-benign"], CASES["emotet-vba"]]
    files, attacks = mixed.week(chosen)
    assert [one.case for one in attacks] == ["emotet-lnk-vbs", "emotet-vba"]
    assert {step.source for attack in attacks for step in attack.steps} <= set(files)
    assert {path.split("/")[1] for path in files if path.startswith("evidence/")} == {
        "mailboxes", "0516-00", "0517-01", "0518-02",
    }  # fmt: skip
    assert len([path for path in files if path.endswith(".eml")]) == sum(
        path.endswith(".eml") for case in chosen for path in case.files()
    )
    assert b"2022-05-16" in files["evidence/0516-00/endpoint/PC-0142.jsonl"]
    assert json.loads(files["truth.json"])["attacks"][0]["case"] == "emotet-lnk-vbs"


def test_the_same_bytes_each_time():
    chosen = [CASES["emotet-vba"]]
    assert mixed.week(chosen) == mixed.week(chosen)
