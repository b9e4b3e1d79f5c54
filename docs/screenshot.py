#!/usr/bin/env python3
"""Take the README's picture of a report: make the lab case, investigate it, let Chromium draw the page.

Run from anywhere: ``.venv/bin/python docs/screenshot.py``. It needs ``chromium`` on the PATH; nothing else here does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).resolve().parent / "images" / "report.png"
CASE = "emotet-lnk-vbs"
WIDTH, HEIGHT, SCALE = 1180, 1960, 0.72  # CSS px; down to the first rows of the timeline
MOST_BYTES = 250_000
EXPECTED = 1  # exit code of an investigation with findings


def main() -> int:
    """Write the picture; fail when a step fails or the picture is too large for a README."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("screenshot: no chromium on the PATH; on Debian: apt-get install chromium")
    PICTURE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        draw(chromium, report(Path(folder)), Path(folder))
    if (size := PICTURE.stat().st_size) > MOST_BYTES:
        sys.exit(f"screenshot: {size} bytes, more than {MOST_BYTES}: lower SCALE or HEIGHT")
    return 0


def report(folder: Path) -> Path:
    """Give the HTML report of the case, made in ``folder``."""
    sekisho = str(Path(sys.executable).with_name("sekisho"))
    subprocess.run([sekisho, "lab", "make", CASE, "--out", "."], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    command = [sekisho, "investigate", f"{CASE}/evidence", "--lang", "en", "--quiet", "--html", "report.html"]
    code = subprocess.run(command, cwd=folder, check=False).returncode
    if code != EXPECTED:
        sys.exit(f"screenshot: the investigation ended with exit code {code}, not {EXPECTED}")
    return folder / "report.html"


def draw(chromium: str, page: Path, profile: Path) -> None:
    """Have Chromium draw the top of a page into PICTURE."""
    options = ["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root with it
    options += [f"--user-data-dir={profile / 'chromium'}", f"--force-device-scale-factor={SCALE}"]
    options += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={PICTURE}", f"file://{page}"]
    subprocess.run([chromium, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


if __name__ == "__main__":
    sys.exit(main())
