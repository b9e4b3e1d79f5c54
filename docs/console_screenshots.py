"""Writes the pictures of the console below ``docs/images``: ``.venv/bin/python docs/console_screenshots.py``.

Needs Chromium. Two lab cases are investigated in a console of their own, and its main pages are shown as a browser
draws them.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
CASES = ("emotet-lnk-vbs", "qakbot-tr")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PORT, WIDTH, HEIGHT, LONG_MS = 8799, 1280, 900, 300_000
SEKISHO = [sys.executable, "-m", "sekisho.app.cli"]


def main() -> None:
    """Make the console, fill it and take the pictures."""
    folder = Path(tempfile.mkdtemp(prefix="console-pictures-"))
    serving = None
    try:
        for name in CASES:
            made = [*SEKISHO, "lab", "make", name, "--out", str(folder)]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        command = [*SEKISHO, "serve", "--data", str(folder / "desk"), "--port", str(PORT)]
        serving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert serving.stdout is not None
        start = serving.stdout.readline().split()[-1]
        answers()
        with sync_playwright() as tools:
            browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
            page.set_default_timeout(LONG_MS)
            page.goto(start)
            for name in CASES:
                upload(page, folder / name / "evidence", name)
            pictures(page)
            browser.close()
    finally:
        if serving is not None:
            serving.terminate()
            serving.wait()
        shutil.rmtree(folder, ignore_errors=True)


def answers() -> None:
    """Wait until the console does."""
    for _ in range(600):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", PORT), 1).close()
            return
        time.sleep(0.1)
    raise TimeoutError("the console does not answer")


def upload(page: Page, evidence: Path, name: str) -> None:
    """Upload a folder and wait until it was investigated."""
    page.goto(f"http://127.0.0.1:{PORT}/cases")
    page.locator("input[name=name]").fill(name)
    page.locator("input[webkitdirectory]").set_input_files(evidence)
    page.wait_for_url(re.compile("/cases/c"))
    page.locator(".badge.j-done").first.wait_for()


def pictures(page: Page) -> None:
    """Take one picture of each main page, in one of the looks."""
    found: dict[str, str] = {}
    page.goto(f"http://127.0.0.1:{PORT}/incidents")
    found["incident"] = page.locator("main table a.main").last.get_attribute("href") or ""
    page.goto(f"http://127.0.0.1:{PORT}/messages?verdict=malicious")
    found["message"] = page.locator("main table a.main").first.get_attribute("href") or ""
    taken = (
        ("overview", "/", "en|light|UTC"),
        ("incident", found["incident"], "ja|light|Asia/Tokyo"),
        ("graph", f"{found['incident']}#graph", "en|dark|UTC"),
        ("message", found["message"], "en|light|UTC"),
        ("hunt", "/hunt?q=Image|endswith:\\regsvr32.exe", "ja|dark|Asia/Tokyo"),
        ("coverage", "/rules/coverage", "en|light|UTC"),
        ("campaigns", "/campaigns?show=all", "ja|light|Asia/Tokyo"),
        ("response", f"/actions/propose?incident={found['incident'].rpartition('/')[2]}", "en|light|UTC"),
    )
    for name, path, look in taken:
        page.context.add_cookies([{"name": "sekisho_look", "value": look, "url": f"http://127.0.0.1:{PORT}"}])
        page.goto("about:blank")
        page.goto(f"http://127.0.0.1:{PORT}{path}")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"console-{name}.png")


if __name__ == "__main__":
    main()
