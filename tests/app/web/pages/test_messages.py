"""The pages of messages, asked as a browser asks."""

import importlib.util
import re
from io import BytesIO
from pathlib import Path

import pytest
import pyzipper
from starlette.testclient import TestClient

from sekisho.app.console import messages
from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.messages import Choice
from sekisho.app.web.server import create

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).parents[2] / "console" / "mail_desk.py")
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)
BASE = "http://127.0.0.1:8765"
VIEWS = ("content", "headers", "links", "parts", "related")


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    mails = {
        "a.eml": mail_desk.mail(files=[("run.vbs", mail_desk.SCRIPT)]),
        "b.eml": mail_desk.mail("Locked", number=2, files=[("x.zip", mail_desk.locked("x.txt", b"hello", b"secret!"))]),
        "c.eml": mail_desk.mail("Only text <b>", number=3, html="", minutes=4),
    }
    nested = [("reported.eml", mail_desk.mail("Inner", number=8)), ("login.html", mail_desk.HTML.encode())]
    mails["d.eml"] = mail_desk.mail("Outer", number=7, html="", files=nested)
    end = b"From: a@x.example\r\nSubject: end of time\r\nDate: Fri, 31 Dec 9999 23:59:59 +0000\r\n\r\n"
    end += b"some words\r\n"
    mails["end.eml"] = end
    desk, key = mail_desk.desk_with(tmp_path_factory.mktemp("desk"), mails)
    desk.supervisor.start = desk.supervisor._jobs.recover  # jobs wait: this is about pages
    desk.supervisor.stop = lambda: None
    for name in ("viewer", "analyst", "responder"):
        desk.accounts.add(name, Role.of(name), "a long password", SYSTEM)
    app = create(desk)
    with TestClient(app, base_url=BASE) as client:
        yield desk, key, client
    desk.database.close()


def as_role(console, role):
    desk, _, client = console
    client.cookies.clear()
    client.cookies.set("sekisho_session", desk.accounts.begin(role, "127.0.0.1"))
    return client


def key_of(console, text):
    [one] = messages.listed(console[0].database, Choice(text=text), 5)
    return one.id


def csrf(client):
    return re.search(r'name="csrf" content="([^"]+)"', client.get("/messages").text)[1]


def test_the_list_shows_and_filters(console):
    client = as_role(console, "viewer")
    whole = client.get("/messages").text
    assert "見積書の件" in whole
    assert "Only text &lt;b&gt;" in whole
    assert "keiri@partner[.]example" in whole
    assert "見積書の件" not in client.get("/messages?unscanned=1").text
    assert "Locked" in client.get("/messages?unscanned=1").text
    assert "No message here" in client.get("/messages?since=2030-01-01&until=2031-01-01").text
    assert "Only text" in client.get("/messages?since=2022-05-19&until=2022-05-19&text=only+text").text


@pytest.mark.parametrize("query", ["page=0", "page=99999999", "verdict=x", "page=x"])
def test_what_is_no_choice_is_refused_as_such(console, query):
    assert as_role(console, "viewer").get(f"/messages?{query}").status_code == 422


@pytest.mark.parametrize("query", ["text=%00%ED%A0%80", "since=x", "text=%22%20OR%20*", "case=%00", "since=0001-01-01"])
def test_odd_values_find_nothing_or_leave_nothing_out(console, query):
    assert as_role(console, "viewer").get(f"/messages?{query}").status_code == 200


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_every_message_is_there(console, view, language):
    client = as_role(console, "viewer")
    for one in messages.listed(console[0].database, Choice(), 5):
        answer = client.get(f"/messages/{one.id}?view={view}&lang={language}")
        assert answer.status_code == 200
        assert "evil.example" not in answer.text.replace("value=http%3A//evil.example", "").replace(
            "value=evil.example", ""
        )


def test_the_headers_are_read_from_the_mail(console):
    text = as_role(console, "viewer").get(f"/messages/{key_of(console, '見積書の件')}/raw?lang=en").text
    assert "mail.partner[.]example" in text
    assert "7,199" in text
    assert "slow" in text


def test_a_body_is_a_page_that_can_do_nothing(console):
    client, key = as_role(console, "viewer"), key_of(console, "見積書の件")
    for kind in ("html", "text"):
        answer = client.get(f"/messages/{key}/body?as={kind}&lang=en")
        policy = answer.headers["content-security-policy"]
        assert "sandbox;" in policy
        assert "default-src 'none'" in policy
        assert "'self'" not in policy.partition("frame-ancestors")[0]
        assert "見積書をご確認ください。" in answer.text
    html = client.get(f"/messages/{key}/body?as=html&lang=en").text
    assert '<span class="x-target x-wrong">→ hxxp://evil[.]example/login</span>' in html
    assert "<img" not in html


def test_a_script_stands_beside_its_unfolded_form(console):
    key = key_of(console, "見積書の件")
    part = next(one for one in messages.get(console[0].database, key).tree if one["name"] == "run.vbs")
    text = as_role(console, "viewer").get(f"/messages/{key}/parts/{part['id']}").text
    assert "&#34;cal&#34; &amp; &#34;c.exe&#34;" in text
    assert "calc.exe" in text


def test_a_mail_within_a_mail_and_a_page_are_shown_inert_too(console):
    key = key_of(console, "Outer")
    client = as_role(console, "viewer")
    inner, page = (
        next(one for one in messages.get(console[0].database, key).tree if one["name"] == name)
        for name in ("reported.eml", "login.html")
    )
    for one in (inner, page):
        assert f"body?as=html&amp;part={one['id']}" in client.get(f"/messages/{key}/parts/{one['id']}").text
        shown = client.get(f"/messages/{key}/body?as=html&part={one['id']}&lang=en")
        assert "sandbox;" in shown.headers["content-security-policy"]
        assert '<span class="x-target x-wrong">→ hxxp://evil[.]example/login</span>' in shown.text
    assert "mail.partner[.]example" in client.get(f"/messages/{key}/raw?part={inner['id']}").text
    assert client.get(f"/messages/{key}/raw?part=a000000000000").status_code == 404


def test_only_responders_take_attachments_and_it_is_noted(console):
    desk, _, _ = console
    key = key_of(console, "見積書の件")
    part = next(one for one in messages.get(desk.database, key).tree if one["name"] == "run.vbs")
    before = desk.database.count("SELECT count(*) FROM audit WHERE action = 'evidence.take'")
    for path in (f"/messages/{key}/mail.zip", f"/messages/{key}/parts/{part['id']}.zip"):
        assert as_role(console, "analyst").get(path).status_code == 403
        answer = as_role(console, "responder").get(path)
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"].startswith("attachment")
        with pyzipper.AESZipFile(BytesIO(answer.content)) as archive:
            assert archive.infolist()[0].flag_bits & 1
    assert desk.database.count("SELECT count(*) FROM audit WHERE action = 'evidence.take'") == before + 2


def test_a_password_is_kept_and_the_case_investigated_anew(console):
    desk, case, _ = console
    client, key = as_role(console, "analyst"), key_of(console, "Locked")
    refused = client.post(f"/messages/{key}/password", data={"word": "secret!"})
    assert refused.status_code == 403
    given = {"word": "secret!", "csrf": csrf(client), "next": "queue"}
    answer = client.post(f"/messages/{key}/password", data=given, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages?unscanned=1")
    assert desk.database.count("SELECT count(*) FROM passwords WHERE case_id = ?", case) == 1
    assert desk.database.count("SELECT count(*) FROM jobs WHERE state = 'queued'") == 1
    bad = client.post(f"/messages/{key}/password", data={**given, "word": "a\nb"})
    assert bad.status_code == 400
    assert as_role(console, "viewer").post(f"/messages/{key}/password", data=given).status_code == 403


def test_a_mail_from_the_end_of_time_breaks_no_page(console):
    key = key_of(console, "end of time")
    client = as_role(console, "viewer")
    for path in ("/messages", f"/messages/{key}", f"/messages/{key}?view=related", f"/messages/{key}/raw", "/"):
        assert client.get(f"{path}{'&' if '?' in path else '?'}lang=ja").status_code == 200
    assert "9999-12" not in client.get("/?lang=en").text


@pytest.mark.parametrize("path", ["a000000000000", "x", "a000000000000/raw", "a000000000000/body?as=text", "%00"])
def test_what_is_not_there_is_not_found(console, path):
    assert as_role(console, "viewer").get(f"/messages/{path}").status_code == 404


def test_a_part_that_is_not_there_is_not_found(console):
    key = key_of(console, "見積書の件")
    for tail in ("parts/a000000000000", "parts/a000000000000.zip"):
        assert as_role(console, "responder").get(f"/messages/{key}/{tail}").status_code == 404
