"""The shop's case: each planted row, request, report, mail and file is found, and nothing else is called bad."""

import json
import re
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.lab.case_shop import SHELL, SHOP_CASES, SPELLINGS
from sekisho.app.lab.cases import make
from sekisho.app.pipeline import Options, investigate
from sekisho.model.finding import LEVELS
from sekisho.model.injection import find_injection

NAMES = sorted(SHOP_CASES)
SERIOUS = LEVELS.index("medium")


def run(name, folder, monkeypatch):
    made = make(name, folder)
    monkeypatch.chdir(made)
    truth = json.loads(Path("truth.json").read_text())
    return truth, investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_the_same_each_time_and_names_no_real_host(name):
    files = SHOP_CASES[name].files()
    assert files == SHOP_CASES[name].files()
    assert {path.partition("/")[0] for path in files} == {"README.txt", "truth.json", "evidence"}
    for path, data in files.items():
        for host in re.findall(rb"https?://([\w.-]+)", data):
            assert host.endswith(b".example"), (path, host)


def test_the_shell_ends_before_it_does_anything():
    assert SHELL.startswith(b"<?php exit;")


def test_each_spelling_hides_the_same_script():
    found = [find_injection(spelling) for spelling in SPELLINGS]
    assert [one.layers for one in found] == [("full-width",), ("entity",), ("percent",)]
    assert {one.hosts for one in found} == {("ajax.googleoapis.example",)}


def test_the_attack_is_found_whole_and_nothing_else(tmp_path, monkeypatch):
    truth, result = run("shop-xss", tmp_path, monkeypatch)
    planted = truth["planted"]
    assert str(result.verdict) == truth["verdict"] == "malicious"
    serious = [one for one in result.findings if LEVELS.index(one.level) >= SERIOUS]
    found = {(one.source, one.record.rpartition(" » ")[2]) for one in serious if not one.of}
    wanted = {(path, str(row)) for path, rows in planted["orders"].items() for row in rows}
    wanted |= {(path, str(row)) for path, rows in planted["report"].items() for row in rows}
    wanted |= {(path, str(row)) for path, rows in planted["requests"]["shell"].items() for row in rows}
    wanted |= {(path, path) for path in (*planted["mails"], planted["shell"])}
    assert found == wanted
    (joined,) = [one for one in result.findings if one.of]
    assert joined.title == "Order Opened, Then Code of the Shop Changed Within Seconds"
    events = {event.id: event for event in result.events}
    (path, view), (_, upload) = (next(iter(planted["requests"][word].items())) for word in ("view", "upload"))
    assert [(events[key].source, events[key].record) for key in joined.of] == [
        (path, str(view[0])),
        (path, str(upload[0])),
    ]


def test_the_twin_is_clean(tmp_path, monkeypatch):
    truth, result = run("shop-xss-benign", tmp_path, monkeypatch)
    assert truth["verdict"] == "clean"
    assert not [one for one in result.findings if LEVELS.index(one.level) >= SERIOUS]
    assert not result.incidents
    assert str(result.verdict) == "clean", [one for one in result.inputs if one.failed or one.reason]
