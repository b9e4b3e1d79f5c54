"""The incident page: what it shows, what it lets happen, and two people at once."""

import importlib.util
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sekisho.app.console import triage
from sekisho.app.web.pages import incident
from sekisho.app.web.server import create
from sekisho.app.web.shown import Look
from sekisho.model.incident import Entity, Reached, Step, Text

PATH = Path(__file__).parents[2] / "console/incident_desk.py"
SPEC = importlib.util.spec_from_file_location("incident_desk", PATH)
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    desks.desk_with(folder)[0].database.close()
    return folder


@pytest.fixture
def app(tmp_path, made):
    console = desks.copied(tmp_path, made)
    yield console
    console.state.desk.database.close()


def fields(page):
    """Give the hidden fields of the page's triage form."""
    form = re.search(r'<form method="post" action="/incidents/\w+/triage".*?</form>', page, re.S)[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(version|seen)" value="([^"]*)"', form)}


@pytest.mark.parametrize("look", ["en|light|UTC", "ja|dark|Asia/Tokyo"])
def test_the_page_tells_the_story_with_its_evidence(app, look):
    anna = desks.Browser(app, look=look)
    page = anna.get(f"/incidents/{A}").text
    assert "beacon[.]example" in page
    assert ("ハイライト" if look.startswith("ja") else "Highlights") in page
    assert ("相関グラフ" if look.startswith("ja") else "Correlation graph") in page
    assert ("影響範囲" if look.startswith("ja") else "Scope of impact") in page
    assert ("2022-05-20 07:40:00" if look.startswith("ja") else "2022-05-19 22:40:00") in page
    links = sorted(set(re.findall(rf"/incidents/{A}/evidence/[a-z0-9-]+", page)))
    assert len(links) > 6
    for link in links:
        assert anna.get(link).status_code == 200, link
        piece = anna.get(link, headers={"hx-request": "true"}).text
        assert "<html" not in piece
        assert "<table" in piece, link


def test_there_is_no_script_and_no_style_of_its_own(app):
    page = desks.Browser(app).get(f"/incidents/{A}").text
    assert not re.search(r"<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|javascript:", page)


def test_what_is_not_there_is_missing(app):
    anna = desks.Browser(app)
    for path in ("i000000000000", "nonsense", f"{A}/evidence/step-99", f"{A}/evidence/../x", "i000000000000/tuning"):
        assert anna.get(f"/incidents/{path}").status_code in (404, 422), path
    assert anna.submit("/incidents/i000000000000/comments", text="x").status_code == 404


def test_a_viewer_looks_and_changes_nothing(app):
    vera = desks.Browser(app, "vera")
    page = vera.get(f"/incidents/{A}").text
    assert f"/incidents/{A}/triage" not in page
    for path in ("triage", "comments", "merge", "unmerge", "split", "unsplit", "tuning", "tuning/undo"):
        assert vera.submit(f"/incidents/{A}/{path}").status_code == 403, path
    assert vera.submit("/incidents/bulk", incident=f"{A}:0", state="closed").status_code == 403
    assert desks.Browser(app).post(f"/incidents/{A}/comments", data={"text": "no key"}).status_code == 403


def test_two_people_edit_and_nothing_is_lost(app):
    anna, ben = desks.Browser(app), desks.Browser(app, "ben")
    first, second = (fields(one.get(f"/incidents/{A}").text) for one in (anna, ben))
    done = anna.submit(f"/incidents/{A}/triage", **first, state="progress", assignee="anna")
    assert (done.status_code, done.headers["location"]) == (303, f"/incidents/{A}")
    late = ben.submit(
        f"/incidents/{A}/triage", **second, state="closed", disposition="benign", reason="a test <b>of ours</b>"
    )
    assert late.status_code == 409
    assert "Somebody else changed this incident" in late.text
    assert [re.sub("<.*?>", "", one) for one in re.findall(r"<li>((?:state|assigned to): .*?)</li>", late.text)] == [
        "state: new → in progress",
        "assigned to: – → anna",
    ]
    assert "a test &lt;b&gt;of ours&lt;/b&gt;</textarea>" in late.text
    assert '<option value="closed" selected>' in late.text
    assert "<option selected>anna</option>" in late.text  # what the other chose stays, for ben did not touch it
    assert triage.of(app.state.desk.database, A)["state"] == "progress"
    again = ben.submit(
        f"/incidents/{A}/triage",
        **fields(late.text),
        state="closed",
        assignee="anna",
        disposition="benign",
        reason="a test of ours",
    )
    assert again.status_code == 303
    row = triage.of(app.state.desk.database, A)
    assert (row["state"], row["assignee"], row["version"]) == ("closed", "anna", 2)


def test_closing_without_a_reason_is_refused_in_words(app):
    anna = desks.Browser(app)
    given = fields(anna.get(f"/incidents/{A}").text)
    refused = anna.submit(f"/incidents/{A}/triage", **given, state="closed")
    assert refused.status_code == 400
    assert "before you close it" in refused.text
    assert '<option value="closed" selected>' in refused.text


def test_a_false_positive_leads_to_tuning(app):
    anna = desks.Browser(app)
    given = fields(anna.get(f"/incidents/{A}").text)
    done = anna.submit(f"/incidents/{A}/triage", **given, state="new", disposition="false_positive", reason="ours")
    assert done.headers["location"] == f"/incidents/{A}/tuning"


def test_comments_are_shown_as_text(app):
    anna = desks.Browser(app)
    anna.submit(f"/incidents/{A}/comments", text='<img src=x onerror="alert(1)">')
    page = anna.get(f"/incidents/{A}").text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in page
    assert "<img src=x" not in page


def test_merged_pages_are_one_and_come_apart(app):
    anna = desks.Browser(app)
    assert anna.submit(f"/incidents/{A}/merge", other=C).headers["location"] == f"/incidents/{C}"
    assert anna.get(f"/incidents/{A}").headers["location"] == f"/incidents/{C}"
    page = anna.get(f"/incidents/{C}").text
    assert "Told together with" in page
    assert page.count('<li id="step-') == 4
    assert anna.submit(f"/incidents/{C}/unmerge", part=A).status_code == 303
    assert anna.get(f"/incidents/{A}").status_code == 200
    assert anna.submit(f"/incidents/{C}/unmerge", part=A).status_code == 404


def test_a_split_has_the_case_investigated_anew_and_is_undone(app):
    anna, desk = desks.Browser(app), app.state.desk
    together = re.search(r'name="merge" value="([^"]*)"', anna.get(f"/incidents/{A}").text)[1]
    assert together == "g111111111111 g222222222222"  # they say the same, so they are one reason
    done = anna.submit(f"/incidents/{A}/split", merge=together)
    case = desk.database.one("SELECT id, apart FROM cases")
    assert (done.status_code, done.headers["location"]) == (303, f"/cases/{case['id']}")
    assert case["apart"] == "g111111111111 g222222222222"
    assert [job.case_id for job in desk.jobs.recent()] == [case["id"]]
    assert "Kept apart in this case" in anna.get(f"/incidents/{A}").text
    anna.submit(f"/incidents/{A}/unsplit", merge="g111111111111")
    assert desk.database.one("SELECT apart FROM cases")["apart"] == "g222222222222"
    assert anna.submit(f"/incidents/{A}/split", merge="x' OR 1").status_code == 400


def test_the_timeline_is_filtered_by_layer(app):
    anna = desks.Browser(app)
    assert anna.get(f"/incidents/{A}?layer=endpoint").text.count('<li id="step-') == 3
    assert anna.get(f"/incidents/{A}?layer=mail").text.count('<li id="step-') == 0
    assert anna.get(f"/incidents/{A}?layer=all").status_code == 422


def test_values_are_shown_whole_and_cannot_act():
    assert incident.full("a\u202eb\nhttp://evil.example/" + "x" * 900) == "a‹202E›b␤ hxxp://evil[.]example/" + "x" * 900


def test_a_sentence_is_worded_in_the_readers_zone():
    facts = {"key": "unknown.network.host", "host": "PC-1.corp.example"}
    assert "PC-1.corp[.]example" in incident.said(facts, Look("ja"))


def test_a_file_leads_to_its_place_in_its_message(tmp_path):
    held, part = desks.mail()
    one = desks.incident(A, desks.EVENTS[:1], desks.FINDINGS[:1])
    step = Step(
        None,
        "file",
        Text("step.file.found", (("name", part[0].artifact.name), ("relation", "attachment"))),
        (),
        (part[0].id,),
    )
    found = desks.result([replace(one, steps=(*one.steps, step))], desks.EVENTS, desks.FINDINGS, (held, part))
    desk, _ = desks.desk_with(tmp_path, found)
    anna = desks.Browser(create(desk))
    link = f'href="/messages/{held[0].id}#{part[0].id}"'
    page = anna.get(f"/incidents/{A}").text
    assert link in page
    assert "請求書&lt;b&gt;.xls" in page
    piece = anna.get(f"/incidents/{A}/evidence/{part[0].id}", headers={"hx-request": "true"}).text
    assert link in piece
    assert "2" * 64 in piece
    desk.database.close()


HOSTILE = (
    '"><script>window.hit=1</script>',
    "<img src=x onerror=hit()>",
    "' onmouseover='hit()",
    "javascript:hit()",
    "</textarea></title><svg/onload=hit()>",
    "{{ 7 * 7 }}",
)


class Elements(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self):
        super().__init__()
        self.acting = []

    def handle_starttag(self, tag, attrs):
        """Keep scripts without a source of ours, event handlers and links that lead elsewhere."""
        given = dict(attrs)
        if tag in ("iframe", "object", "embed", "base", "style") or (tag == "script" and not given.get("src")):
            self.acting.append((tag, given))
        for name, value in given.items():
            leads = name in ("href", "src", "action") and value != "" and not (value or "").startswith(("/", "#"))
            if name.startswith("on") or name == "style" or leads:
                self.acting.append((tag, name, value))


def test_hostile_evidence_becomes_no_element(tmp_path):
    events = [
        replace(
            desks.event(at, image=one, host=one, source=f"case/{one}"),
            fields={one: one, "Image": one, "CommandLine": one},
            user=one,
        )
        for at, one in enumerate(HOSTILE)
    ]
    findings = [
        replace(desks.finding(one, title=text), texts=(("ja", text),), attack=(text,), user=text)
        for one, text in zip(events, HOSTILE, strict=True)
    ]
    one = replace(
        desks.incident(A, events, findings, title=HOSTILE[0]),
        entities=tuple(Entity("domain", text, "contacted") for text in HOSTILE),
        reached=tuple(
            Reached("mailbox", text, "ran", None, Text("why.reached.copy"), (events[0].id,)) for text in HOSTILE
        ),
    )
    desk, _ = desks.desk_with(tmp_path, desks.result([one], events, findings))
    triage.comment(desk.database, A, " ".join(HOSTILE), desks.ANNA)
    triage.change(desk.database, [(A, 0)], triage.Change("closed", "", "benign", " ".join(HOSTILE)), desks.ANNA)
    anna = desks.Browser(create(desk))
    steps = (f"{A}/evidence/step-{at}" for at in range(len(HOSTILE)))
    for path in ("?state=", f"/{A}", f"/{A}/tuning", *(f"/{step}" for step in steps)):
        answer = anna.get(f"/incidents{path}")
        assert answer.status_code == 200, path
        seen = Elements()
        seen.feed(answer.text)
        assert seen.acting == [], path
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", anna.get(f"/incidents/{A}").text, re.S)[0]
    desk.database.close()
