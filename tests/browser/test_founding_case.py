"""The founding case as analysts work on it: from the upload over the story to the quarantine, closed at the end."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

LONG_MS = 100_000  # for an investigation; some ten seconds on a quiet machine


@pytest.fixture(scope="module")
def console(tmp_path_factory, serve):
    """An empty console."""
    return serve(tmp_path_factory.mktemp("empty") / "desk")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """What two lab cases left behind."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("emotet-lnk-vbs", "emotet-xlm-hexip"):
        made = [sys.executable, "-m", "sekisho.app.cli", "lab", "make", name, "--out", str(folder)]
        subprocess.run(made, check=True, capture_output=True)
    return folder


@pytest.fixture
def page(watched, console):
    opened = watched(console.address)
    opened.goto(console.start)
    opened.context.add_cookies([{"name": "sekisho_look", "value": "ja|light|Asia/Tokyo", "url": console.address}])
    return opened


def uploaded(page, console, name, folder):
    """Upload a folder as people do, and wait until its investigation is over."""
    page.goto(f"{console.address}/cases")
    page.get_by_label("ケースの名前").fill(name)
    page.locator("input[webkitdirectory]").set_input_files(folder)
    page.wait_for_url(re.compile("/cases/c"), timeout=LONG_MS)
    expect(page.locator(".badge.j-done").first).to_be_visible(timeout=LONG_MS)
    page.reload()


def test_from_upload_to_the_closed_incident(page, console, evidence):
    uploaded(page, console, "青空商事 4月", evidence / "emotet-lnk-vbs" / "evidence")
    page.locator("main table a.main").first.click()
    page.wait_for_url(re.compile("/incidents/i"))
    incident = page.url

    # One look tells what happened, how far it got and what to do.
    main = page.locator("main")
    for words in ("PC-0142", "概要", "ハイライト", "相関グラフ", "影響範囲", "推奨される対応", "緊急"):
        expect(main).to_contain_text(words)
    expect(page.locator("[data-graph]").first).to_be_visible()

    # Each sentence opens what it rests on.
    page.locator("a[data-drawer]").first.click()
    expect(page.locator("#drawer")).to_be_visible()
    expect(page.locator("#drawer")).to_contain_text(re.compile("eml|jsonl"))
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()

    # A way to quarantine, and exactly what it would send, without sending it.
    page.goto(f"{console.address}/settings/response")
    page.locator("input[name=webhook]").fill("https://gateway.corp.example/quarantine")
    page.locator("textarea[name=hosts]").fill("gateway.corp.example")
    page.locator("input[name=secret_webhook]").fill("a signing key of some length")
    page.locator("main form button.main").click()
    page.goto(incident.replace("/incidents/", "/actions/propose?incident="))
    form = page.locator("form", has=page.locator("select[name=action]"))
    form.locator("select[name=way]").select_option("webhook")
    form.locator("button.main").click()
    page.wait_for_url(re.compile("/actions/x"))
    expect(main).to_contain_text("POST hxxps://gateway.corp[.]example/quarantine")
    expect(main).to_contain_text("user01@corp[.]example")
    assert "a signing key of some length" not in page.content()

    # Decided and closed; a reason is needed.
    page.goto(incident)
    triage = page.locator("form[action$='/triage']")
    triage.locator("select[name=state]").select_option("closed")
    triage.locator("select[name=disposition]").select_option("true_positive")
    triage.locator("textarea[name=reason]").fill("端末を隔離し、メールを隔離した")
    triage.locator("button").click()
    expect(page.locator(".badge.s-closed").first).to_be_visible()
    page.goto(f"{console.address}/incidents")
    assert incident.rpartition("/")[2] not in page.content()
    page.goto(f"{console.address}/settings/audit")
    for action in ("incident.triage", "action.propose", "evidence.add"):
        expect(main).to_contain_text(action.partition(".")[0])


def test_japanese_is_found_by_two_letters(page, console, evidence):
    page.goto(console.address)
    page.keyboard.press("/")
    page.keyboard.type("会議")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search|/messages/"))
    expect(page.locator("main")).to_contain_text("会議")
    page.goto(f"{console.address}/hunt?q=会議")
    expect(page.locator("main")).to_contain_text("会議")


def test_incidents_are_merged_and_parted_again(page, console, evidence):
    uploaded(page, console, "青空商事 1月", evidence / "emotet-xlm-hexip" / "evidence")
    page.on("dialog", lambda one: one.accept())
    page.goto(f"{console.address}/incidents?state=")
    expect(page.locator("main table a.main")).to_have_count(2)
    for box in page.locator("input[name=incident]").all():
        box.check()
    page.locator("button[value=merge]").click()
    page.goto(f"{console.address}/incidents?state=")
    expect(page.locator("main table a.main")).to_have_count(1)
    page.locator("main table a.main").click()
    apart = page.locator("form[action$='/unmerge'] button")
    expect(apart).to_have_count(1)
    apart.click()
    page.goto(f"{console.address}/incidents?state=")
    expect(page.locator("main table a.main")).to_have_count(2)
