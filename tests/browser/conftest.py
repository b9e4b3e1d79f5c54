"""A real Chromium and a real console, started as people start it; skipped, by name, where there is no Chromium."""

import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

START_S = 60  # of a console on a machine that is busy with other things
CHROMIUM = shutil.which("chromium")
# Without the background networking a browser asks nobody but the console.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --force-color-profile=srgb"
).split()


@pytest.fixture(scope="module")
def chromium():
    """The browser, one for a file of tests: while it runs its tools keep an event loop, which others could not."""
    if CHROMIUM is None:
        pytest.skip("no Chromium; on Debian: apt-get install chromium fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Serving:
    """A console that runs."""

    def __init__(self, folder, port, *arguments):
        """Start it and wait until it answers."""
        self.address = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            "-m",
            "sekisho.app.cli",
            "serve",
            "--data",
            str(folder),
            "--port",
            str(port),
            *arguments,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.start = self.process.stdout.readline().split()[-1]
        end = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > end:
                self.stop()
                raise TimeoutError("the console does not answer")
            time.sleep(0.05)

    def _answers(self):
        try:
            urllib.request.urlopen(f"{self.address}/api/v1/health", timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self):
        """End it as a terminal would, and give what it said."""
        self.process.terminate()
        return self.process.communicate(timeout=20)[0]


@pytest.fixture(scope="session")
def free_port():
    """Gives ports that nobody listens on."""
    import socket

    def give():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return give


@pytest.fixture(scope="session")
def serve(free_port):
    """Starts consoles on folders; none may have met what it did not foresee."""
    running = []

    def start(folder, *arguments):
        running.append(Serving(folder, free_port(), *arguments))
        return running[-1]

    yield start
    said = "".join(one.stop() for one in running)
    assert "Traceback" not in said, said


@pytest.fixture(scope="session")
def served(kept_desk, tmp_path_factory, serve):
    """A console with the lab's founding case in it, for tests that change little."""
    folder = tmp_path_factory.mktemp("served") / "desk"
    shutil.copytree(kept_desk, folder)
    serving = serve(folder)
    serving.folder = folder
    return serving


@pytest.fixture
def watched(chromium):
    """Opens pages that notice every error and every request that leaves the console."""
    contexts, pages = [], []

    def open_page(address):
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 900}))
        pages.append(_listened_to(contexts[-1].new_page(), address))
        return pages[-1]

    yield open_page
    for context in contexts:
        context.close()
    assert [one for page in pages for one in page.troubles] == []


@pytest.fixture
def page(watched, served):
    """A page of a signed-in visitor of the console with the founding case."""
    opened = watched(served.address)
    opened.goto(served.start)
    return opened


def _listened_to(page, address):
    """Have a page keep in ``troubles`` what goes wrong in it."""
    page.troubles = []

    def said(one):
        if one.type in ("error", "warning"):
            page.troubles.append(f"{one.type}: {one.text}")

    def asked(one):
        if not one.url.startswith((address, "data:", "blob:", "about:")):
            page.troubles.append(f"left: {one.url}")

    page.on("pageerror", lambda error: page.troubles.append(f"error: {error}"))
    page.on("console", said)
    page.on("request", asked)
    return page
