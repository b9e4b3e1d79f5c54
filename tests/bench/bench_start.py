"""Start-up: ``sekisho --help`` and the first verdict on one mail, as whole processes.

Run: ./dev bench start
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 9
MAIL = b"From: a@partner.example\r\nTo: b@corp.example\r\nSubject: hello\r\nMessage-ID: <1@partner.example>\r\n\r\nhello\r\n"


def main() -> None:
    """Print the median and range of each command's wall time."""
    program = str(Path(sys.executable).with_name("sekisho"))
    with tempfile.TemporaryDirectory() as folder:
        mail = Path(folder) / "one.eml"
        mail.write_bytes(MAIL)
        for name, command in {"--help": [program, "--help"], "scan one mail": [program, "scan", str(mail)]}.items():
            times = []
            for _ in range(RUNS):
                started = time.perf_counter()
                subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
                times.append(time.perf_counter() - started)
            times.sort()
            print(
                f"sekisho {name}: median {statistics.median(times):.3f} s ({times[0]:.3f} to {times[-1]:.3f}, {RUNS} runs)"
            )


if __name__ == "__main__":
    main()
