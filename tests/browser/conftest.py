"""A real Chromium and a real console, started as people start it; skipped, by name, where there is no Chromium."""

import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

CHROMIUM = shutil.which("chromium")
# Without the background networking a browser asks nobody but the console.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --force-color-profile=srgb"
).split()


@pytest.fixture(scope="session")
def chromium():
    """The browser, one for all tests."""
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
        for _ in range(200):
            if self._answers():
                return
            time.sleep(0.05)
        raise TimeoutError("the console does not answer")

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
def served(kept_desk, tmp_path_factory, free_port):
    """A console with the lab's founding case in it, for tests that change little."""
    folder = tmp_path_factory.mktemp("served") / "desk"
    shutil.copytree(kept_desk, folder)
    serving = Serving(folder, free_port())
    serving.folder = folder
    yield serving
    said = serving.stop()
    assert "Traceback" not in said, said


@pytest.fixture
def page(chromium, served):
    """A page of a signed-in visitor that notices every error and every request that leaves the console."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened = watched(context, served.address)
    opened.goto(served.start)
    yield opened
    context.close()
    assert opened.troubles == []


def watched(context, address):
    """Open a page whose ``troubles`` list what went wrong in it."""
    opened = context.new_page()
    opened.troubles = []
    opened.on("pageerror", lambda error: opened.troubles.append(f"error: {error}"))
    opened.on(
        "console",
        lambda one: opened.troubles.append(f"{one.type}: {one.text}") if one.type in ("error", "warning") else None,
    )
    opened.on(
        "request",
        lambda one: (
            opened.troubles.append(f"left: {one.url}")
            if not one.url.startswith((address, "data:", "blob:", "about:"))
            else None
        ),
    )
    return opened
