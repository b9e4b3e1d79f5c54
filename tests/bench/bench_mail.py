"""Mails per second and core: ``python tests/bench/bench_mail.py``; not a test.

Real mails from beside the project, CPU time, best of REPEATS runs:
``structure`` splits, reads fields and decodes every part; ``eml`` adds text, URLs, language and passwords;
``eml + html`` runs the HTML analyser on every child that it claims.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sekisho.analyzers import _mime as mime
from sekisho.analyzers import load
from sekisho.analyzers._message import header_features
from sekisho.model.artifact import Artifact
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "mail"
REPEATS = 3


def best(run: Callable[[], object]) -> float:
    """Give the least CPU time of REPEATS runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def structure(mails: list[Artifact]) -> None:
    """Split, read fields, decode."""
    for mail in mails:
        parts = list(mime.walk(mail.data))
        list(header_features(parts[0].fields))
        for part in parts:
            mime.content(mail.data, part)


def analyzed(mails: list[Artifact], *, pages: bool) -> None:
    """Run the analysers."""
    eml, html = load()["eml"], load()["html"]
    for mail in mails:
        for item in eml.run(mail):
            if pages and isinstance(item, Artifact) and html.claims(item):
                with suppress(LimitError, MalformedError):
                    list(html.run(item))


def main() -> None:
    """Print one line a folder."""
    for folder in ("phishing_pot", "spamassassin_corpus", "modern_ham_derived"):
        paths = sorted(path for path in (SHARED / folder).rglob("*") if path.is_file())[:600]
        mails = [Artifact(path.name, path.read_bytes(), path.name) for path in paths]
        size = sum(len(mail.data) for mail in mails) / 1e6
        rates = [
            len(mails) / best(lambda mails=mails: structure(mails)),
            len(mails) / best(lambda mails=mails: analyzed(mails, pages=False)),
            len(mails) / best(lambda mails=mails: analyzed(mails, pages=True)),
        ]
        print(
            f"{folder}: {len(mails)} mails, {size:.1f} MB: structure {rates[0]:,.0f}/s, eml {rates[1]:,.0f}/s, "
            f"eml + html {rates[2]:,.0f}/s"
        )


if __name__ == "__main__":
    main()
