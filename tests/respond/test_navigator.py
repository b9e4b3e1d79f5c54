"""Navigator layers of incidents; the format itself is checked by the layer of rules."""

import json

from sekisho.respond import navigator
from sekisho.respond._discreet import hider
from sekisho.respond.wording import Words


def test_a_technique_scores_what_showed_it(lab_result):
    words = Words("ja", lab_result.findings)
    told = navigator.of_incidents(lab_result, lab_result.incidents, words, hider(lab_result.incidents))
    layer = json.loads(told)
    by_id = {one["techniqueID"]: one for one in layer["techniques"]}
    assert by_id["T1218.005"]["score"] >= 2
    assert "Mshta" in by_id["T1218.005"]["comment"] or "mshta" in by_id["T1218.005"]["comment"]
    assert by_id["T1204.002"]["comment"]
    assert layer["versions"]["layer"] == "4.5"
    assert layer["gradient"]["maxValue"] == max(one["score"] for one in layer["techniques"])
    assert b"PC-0142" not in told


def test_an_empty_layer_is_a_layer():
    made = navigator.layer({}, "n", "d", top=2, legend=("a", "b"))
    assert made["techniques"] == []


def test_many_titles_are_counted():
    made = navigator.layer(
        {"T1": [(f"t{number:02}", "low") for number in range(25)]}, "n", "d", top=25, legend=("a", "b")
    )
    assert made["techniques"][0]["comment"].endswith("(+5)")
