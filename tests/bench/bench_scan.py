"""Mails per second of ``scan``, and how time and memory grow with the number of mails.

Run: ./dev bench scan
Real phishing mails where the shared data lies beside the project, else mails of the lab.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.pipeline import Options, investigate

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "mail" / "phishing_pot"
COUNTS = (50, 200, 500)


def main() -> None:
    """Print mails per second for one worker and for one on each core."""
    with tempfile.TemporaryDirectory() as folder:
        if SHARED.exists():
            paths, name = sorted(str(path) for path in SHARED.glob("*.eml")), "real phishing mails"
        else:
            for case in cases.DOCUMENT_CASES:
                cases.make(case, Path(folder))
            paths, name = sorted(str(path) for path in Path(folder).rglob("*.eml")), "lab mails"
        rules = ruleset.load([])
        for jobs in sorted({1, os.cpu_count() or 1}):
            for count in COUNTS:
                chosen = paths[:count]
                started = time.perf_counter()
                result = investigate(chosen, rules, Options(jobs=jobs, logs=False))
                took = time.perf_counter() - started
                size = sum(os.path.getsize(path) for path in chosen) / 1e6
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"{len(chosen):4} {name}, {size:5.1f} MB, {jobs} workers: {len(chosen) / took:6.1f} mails/s, "
                    f"{len(result.artifacts)} artifacts, peak of the run so far {peak:.0f} MiB"
                )


if __name__ == "__main__":
    main()
