"""Incidents of results as sightings of campaigns."""

import json
from dataclasses import replace

from sekisho.app.campaigns.incidents import finest, of_result
from sekisho.app.cli import main
from sekisho.respond import document
from sekisho.respond.observed import pick
from sekisho.respond.wording import Words


def test_an_incident_brings_contacts_techniques_files_and_its_mail(lab_result):
    (one,) = of_result(lab_result, "r.json")
    (incident,) = lab_result.incidents
    traits = {}
    for kind, value in one.traits:
        traits.setdefault(kind, set()).add(value)
    assert one.kind == "incident"
    assert one.source == f"r.json#{incident.id}"
    assert one.at_s == incident.first_at_ns // 1_000_000_000
    assert "198.51.100.23" in traits["c2.host"]
    assert {"technique", "file.sha256", "sender.domain", "subject.shape"} <= set(traits)
    assert not {key.partition(".")[0] for key in traits["technique"] if "." in key} & traits["technique"]
    assert one == next(of_result(lab_result, "r.json")), "the same result gives the same sighting"


def test_an_incident_of_a_large_result_brings_the_same(lab_result):
    (incident,) = lab_result.incidents
    small = of_result(replace(lab_result, incidents=(incident, replace(incident, id="i2"))), "r.json")
    traits = {one.traits for one in small}
    assert len(traits) == 1
    whole = {one.value for one in pick(lab_result, [incident], exercise=True).observed if one.role == "contacted"}
    assert {value for kind, value in next(iter(traits)) if kind == "c2.host"} <= whole


def test_files_that_name_each_other_as_parent_end(lab_result):
    ring = [
        (replace(one, artifact=replace(one.artifact, parent=lab_result.artifacts[n - 1][0].address)), judged)
        for n, (one, judged) in enumerate(lab_result.artifacts)
    ]
    assert len(list(of_result(replace(lab_result, artifacts=tuple(ring)), "r.json"))) == 1


def test_the_finer_technique_stands_for_both():
    assert finest(["T1059", "T1204", "T1059.001", "T1204"]) == ("T1059.001", "T1204")
    assert finest([]) == ()


def test_results_are_added_shown_and_ranked(lab_result, tmp_path, capsys):
    path, store, shown = tmp_path / "r.json", str(tmp_path / "c.db"), tmp_path / "c.json"
    path.write_bytes(document.dump(lab_result, Words("en", lab_result.findings)))
    (tmp_path / "cut.json").write_bytes(path.read_bytes()[:9_000])
    for new in (1, 0):
        assert main(["campaigns", "add", str(tmp_path), "--store", store, "--jobs", "1", "--lang", "en"]) == 3
        said = capsys.readouterr().out
        told = f"{new} new of 0 mails, 0 files, 1 incidents, 0 notes and 0 listed links; without a date: 0; unread: 1"
        assert said.startswith(told)
        assert "cut.json" in said
    again = json.loads(path.read_bytes())
    again["incidents"][0]["id"] = "i0123456789ab"  # another wave by the same people
    path.write_text('{"schema": "sekisho/1", ' + json.dumps(again)[1:])
    main(["campaigns", "add", str(path), "--store", store, "--jobs", "1"])
    capsys.readouterr()
    assert main(["campaigns", "list", "--json", "--store", store]) == 0
    (campaign,) = json.loads(capsys.readouterr().out)["campaigns"]
    assert campaign["count"] == 2
    assert main(["campaigns", "show", campaign["id"], "--json", "--store", store]) == 0
    shown.write_text(capsys.readouterr().out)
    told = json.loads(shown.read_text())
    assert told["techniques"]
    assert "198.51.100.23" in told["texts"]
    assert main(["attribute", "rank", "--campaign", str(shown), "--lang", "ja"]) == 0
    assert "帰属不明" in capsys.readouterr().out
