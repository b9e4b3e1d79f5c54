"""``sekisho attribute`` from end to end."""

import json
from datetime import date

import pytest

from sekisho.app import cli
from sekisho.app.attribution import subject
from sekisho.app.campaigns.store import Store
from sekisho.model.campaign import Sighting, Trait

RELATIONS = {
    "source": "test data",
    "names": {
        "G0001": ["intrusion-set", "One"],
        "G0002": ["intrusion-set", "Two"],
        "T1001": ["attack-pattern", "Hide"],
        "S0001": ["malware", "Own"],
    },
    "uses": [
        ["G0001", "uses", "T1001", [["https://a.example/1", 20200101]]],
        ["G0001", "uses", "S0001", [["https://a.example/1", 20200101]]],
        ["G0002", "uses", "T1001", [["https://b.example/1", None]]],
    ],
}


@pytest.fixture
def attack(tmp_path):
    source, out = tmp_path / "k.json", str(tmp_path / "attack.index")
    source.write_text(json.dumps(RELATIONS))
    assert cli.main(["attribute", "learn", str(source), "--out", out]) == 0
    return out


def test_learn_says_what_it_read(tmp_path, capsys):
    source = tmp_path / "k.json"
    source.write_text(json.dumps(RELATIONS))
    assert cli.main(["attribute", "learn", str(source), "--out", str(tmp_path / "i")]) == 0
    assert capsys.readouterr().out == "test data: 2 actors, 3 relations, learnt from 0 reports\n"


def test_techniques_are_ranked_on_the_screen_in_json_and_as_a_page(attack, tmp_path, capsys):
    told, html = tmp_path / "a.json", tmp_path / "a.html"
    command = ["attribute", "rank", "--techniques", "t1001", "--software", "S0001", "--attack", attack, "--lang", "en"]
    assert cli.main([*command, "--json", str(told), "--html", str(html)]) == 0
    text = capsys.readouterr().out
    assert text.index("1. One") < text.index("2. Two")
    assert "Techniques alone do not identify an actor" in text
    document = json.loads(told.read_bytes())
    assert [one["name"] for one in document["attributions"][-1]["hypotheses"]] == ["One", "Two"]
    assert "<table>" in html.read_text()


def test_a_result_names_its_family_and_the_family_counts_for_the_actor(attack, tmp_path, capsys):
    result = tmp_path / "r.json"
    texts = [r'rundll32 "a.tmp",update /i:"x\license.dat"', "rundll32 a.jpg,PluginInit"]
    result.write_text(json.dumps({"name": "case", "texts": texts, "techniques": ["T1001"]}))
    assert cli.main(["attribute", "rank", str(result), "--attack", attack, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    kinds = {one["kind"]: one for one in document["attributions"]}
    assert kinds["family"]["hypotheses"][0]["name"] == "IcedID"
    assert kinds["distributor"]["band"] == "unknown"


def test_a_real_case_is_read(lab_result, tmp_path, capsys):
    from sekisho.respond import document
    from sekisho.respond.wording import Words

    path = tmp_path / "r.json"
    path.write_bytes(document.dump(lab_result, Words("en", lab_result.findings)))
    assert cli.main(["attribute", "rank", str(path), "--lang", "ja"]) == 0
    assert "帰属不明" in capsys.readouterr().out


def test_a_campaign_is_read_as_it_is_shown(attack, tmp_path, capsys):
    store, shown = str(tmp_path / "c.db"), tmp_path / "campaign.json"
    with Store(store, write=True) as opened:
        opened.add(
            Sighting(
                f"s{n}",
                "incident",
                1_650_844_800 + n * 3_600,
                "Invoice 7",
                "r.json",
                (
                    Trait("c2.host", "c2.bad-host.example"),
                    Trait("file.name", "license.dat"),
                    Trait("file.sha256", "5" * 64),
                    Trait("technique", "T1001"),
                    Trait("technique", "T1059"),
                    Trait("technique", "T1059.001"),
                    Trait("url.full", "bad-host.example/a.zip"),
                ),
            )
            for n in range(4)
        )
    assert cli.main(["campaigns", "list", "--store", store, "--json"]) == 0
    (campaign,) = json.loads(capsys.readouterr().out)["campaigns"]
    assert cli.main(["campaigns", "show", campaign["id"], "--store", store, "--json"]) == 0
    shown.write_text(capsys.readouterr().out)
    asked = subject.read(str(shown))
    assert (asked.name, asked.at) == ("Invoice 7", date(2022, 4, 25))
    assert asked.techniques == ("T1001", "T1059.001")
    assert {"Invoice 7", "license.dat", "c2.bad-host.example", "bad-host.example/a.zip"} == set(asked.texts)
    command = ["attribute", "rank", "--campaign", str(shown), "--attack", attack]
    assert cli.main([*command, "--json", "-"]) == 0
    last = json.loads(capsys.readouterr().out)["attributions"][-1]
    assert {one["name"] for one in last["hypotheses"]} == {"One", "Two"}


def test_two_samples_are_compared(tmp_path, capsys):
    for name, values in (("old", ["hwp", "doc"]), ("new", ["hwp", "doc", "xlsx"])):
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name, "features": {"extensions": values}}))
    command = ["attribute", "compare", str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--lang", "en"]
    assert cli.main([*command, "--html", str(tmp_path / "c.html")]) == 0
    assert "list of extensions" in capsys.readouterr().out
    assert "list of extensions" in (tmp_path / "c.html").read_text()


@pytest.mark.parametrize(
    "command",
    [
        ["rank"],
        ["rank", "missing.json"],
        ["rank", "--techniques", "T1001", "--before", "soon"],
        ["rank", "--techniques", "T1001", "--attack", "missing"],
        ["learn", "missing", "--out", "x"],
        ["compare", "missing", "missing"],
    ],
)
def test_wrong_use_says_so(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["attribute", *command]) == 2
    assert capsys.readouterr().err.startswith("sekisho: ")
