"""What mutants are made of: every artifact of the lab cases at every depth, and of the files in a folder."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from sekisho.app.examine import Tree, analyse
from sekisho.app.lab import cases
from sekisho.model.artifact import Artifact
from sekisho.model.limits import DEFAULT

SEED_BYTES = 256 * 1024
PER_KIND = 12
"""Seeds of one analyser; a lab case holds hundreds of mails that differ in words only."""


def seeds(folder: Path | None = None) -> list[Artifact]:
    """Give the seeds, at most PER_KIND for each set of analysers that reads them, in a fixed order.

    ``folder`` has more files to make mutants of, with what lies in them.
    """
    counts: dict[tuple[str, ...], int] = {}
    kept = []
    for artifact in (*_files(folder), *_lab()):
        if not 0 < len(artifact.data) <= SEED_BYTES:
            continue
        kind = analyse(artifact).analysis.analyzers
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= PER_KIND:
            kept.append(artifact)
    return kept


def _lab() -> Iterator[Artifact]:
    with tempfile.TemporaryDirectory() as folder:
        for name in cases.DOCUMENT_CASES:
            case = cases.make(name, Path(folder))
            for path in sorted((case / "evidence").rglob("*")):
                if path.is_file() and path.stat().st_size <= SEED_BYTES and path.suffix != ".jsonl":
                    yield from _tree(Artifact(path.name, path.read_bytes(), path.name))


def _files(folder: Path | None) -> Iterator[Artifact]:
    for path in sorted(folder.rglob("*")) if folder else ():
        if path.is_file() and path.stat().st_size <= SEED_BYTES:
            yield from _tree(Artifact(path.name, path.read_bytes(), path.name))


def _tree(root: Artifact) -> Iterator[Artifact]:
    tree = Tree(root, deque([root]), addresses={root.address})
    while tree.pending:
        artifact = tree.pending.popleft()
        yield artifact
        tree.take(analyse(artifact), DEFAULT)
