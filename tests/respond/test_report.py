"""The HTML report: complete in itself, and nothing in it can act."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from sekisho.model.artifact import Feature
from sekisho.model.result import Tuned
from sekisho.respond.report import render
from sekisho.respond.wording import LANGUAGES, Words

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\x1b[2J'


class Page(HTMLParser):
    """Collects what could load or run something, ids and links."""

    def __init__(self):
        super().__init__()
        self.loads, self.ids, self.links, self.tags = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "srcset", "data", "action", "formaction", "ping") or name.startswith("on"):
                self.loads.append((tag, name, value))
            if name == "href":
                self.links.append(value)
            if name == "id":
                self.ids.append(value)


def parsed(text):
    page = Page()
    page.feed(text)
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_loads_nothing_and_links_nowhere_outside(lab_result, language):
    text = render(lab_result, Words(language, lab_result.findings))
    page = parsed(text)
    assert page.loads == []
    assert "script" not in page.tags
    assert "http://" not in text
    assert "https://" not in text
    assert all(link.startswith("#") for link in page.links)


def test_every_link_leads_to_evidence_on_the_page(lab_result):
    page = parsed(render(lab_result, Words("en", lab_result.findings)))
    assert len(page.links) > 10
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_chain_is_drawn_and_timeline_is_told(lab_result):
    text = render(lab_result, Words("en", lab_result.findings))
    assert "<svg" in text
    assert "mshta.exe" in text
    assert text.count('class="box"') >= 8
    assert re.search(r"\d\d:\d\d:\d\d", text)


def test_hostile_text_is_only_text(lab_result):
    analysis, judgement = lab_result.artifacts[0]
    incident = lab_result.incidents[0]
    chain = tuple(replace(node, label=HOSTILE) for node in incident.nodes)
    steps = tuple(
        replace(step, what=replace(step.what, values=tuple((name, HOSTILE if isinstance(value, str) else value) for name, value in step.what.values)))
        for step in incident.steps
    )  # fmt: skip
    spoiled = replace(
        lab_result,
        artifacts=((replace(analysis, features=(Feature("subject", HOSTILE),)), judgement), *lab_result.artifacts[1:]),
        incidents=(replace(incident, nodes=chain, steps=steps),),
    )
    text = render(spoiled, Words("en", spoiled.findings))
    page = parsed(text)
    assert page.loads == []
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "\x1b" not in text
    assert "{{7*7}}" in text


def test_page_without_incidents_says_so(lab_result):
    empty = replace(lab_result, incidents=())
    assert "No incident" in render(empty, Words("en"))


def test_tuning_is_told_entry_by_entry_and_escaped(lab_result):
    rules = tuple((f"r{n}", f"Rule <{n}>", n) for n in range(12, 0, -1))
    used = Tuned(1, "a&b.yml", 3, "active", "exclude", "<b>why</b>", "2027-03-31", 78, 0, rules)
    broken = Tuned(0, "c.yml", 1, "failed", error="not YAML: <x>")
    page = render(replace(lab_result, tuning=(used, broken)), Words("en", lab_result.findings))
    section = page[page.index("<h2>Tuning</h2>") :]
    for shown in (
        "a&amp;b.yml:3",
        "suppress",
        "in use 2027-03-31",
        "<td>78</td>",
        "&lt;b&gt;why",
        "not YAML: &lt;x&gt;",
    ):
        assert shown in section
    assert "Rule &lt;12&gt; (12 times)" in section
    assert "Rule &lt;1&gt;" not in section
