"""Names of techniques: every technique that our rules name has one."""

import re
from pathlib import Path

from sekisho.model.attack import NAMES, name_of, page_of

RULES = Path(__file__).parents[2] / "rules"


def test_every_technique_of_our_rules_has_a_name():
    named = {
        one.upper() for path in RULES.rglob("*.yml") for one in re.findall(r"attack\.(t\d[\d.]+)", path.read_text())
    }
    assert named
    assert named <= set(NAMES)


def test_unknown_techniques_keep_their_id():
    assert name_of("T1218.005") == "Mshta"
    assert name_of("T9999") == "T9999"
    assert page_of("T1218.005") == "https://attack.mitre.org/techniques/T1218/005/"
