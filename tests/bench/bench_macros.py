"""Rates of the Office and macro analysers: ``python tests/bench/bench_macros.py``; not a test.

Documents are the real ones beside the project, each read with everything found inside it; the obfuscated sources are
made here and do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sekisho.analyzers import Analyzer, load
from sekisho.analyzers._compound import MAGIC, Compound
from sekisho.analyzers._macro_grade import assess
from sekisho.analyzers._ovba import read_projects
from sekisho.model.artifact import Artifact
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
OURS = ("ole", "ooxml", "office_xml", "vba_project", "vba", "vbscript")
REPEATS = 3


def best(run: Callable[[], object]) -> float:
    """Give the least CPU time of REPEATS runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def walk(artifact: Artifact, analyzers: list[Analyzer]) -> int:
    """Read an artifact and what is inside it, and give how many artifacts that were."""
    found = 1
    for one in analyzers:
        if not artifact.data or not one.claims(artifact):
            continue
        children = []
        try:
            children = [item for item in one.run(artifact) if isinstance(item, Artifact)]
        except (MalformedError, LimitError):
            continue
        found += sum(walk(child, analyzers) for child in children)
    return found


def extract(data: bytes) -> int:
    """Read the modules of a compound file without following them."""
    return sum(len(project.modules) for project in read_projects(Compound(data)))


def obfuscated(lines: int) -> str:
    """Give a source of about ``lines`` lines that decodes its command as droppers do."""
    body = ["Sub AutoOpen()"]
    letters = "powershell -command write-host done "
    for index in range(lines - 12):
        letter = letters[index % len(letters)]
        joined = f'Chr({ord(letter) ^ 7} Xor 7) & Replace("{letter}qz", "qz", "")'
        body.append(f'v{index % 40} = v{index % 40} & {joined} & StrReverse("{letter}x") & Mid("ab{letter}", 3, 1)')
    body += ['CreateObject("WScr" & "ipt.Shell").Run decode(v1), 0', "End Sub", "Function decode(s)"]
    body += ["For i = 1 To Len(s)", "decode = decode & Chr(Asc(Mid(s, i, 1)) Xor 1)", "Next", "End Function"]
    return "\n".join(body)


def main() -> None:
    """Print one line a measurement."""
    analyzers = [one for name, one in load().items() if name in OURS]
    root = SHARED / "fixtures" / "oletools"
    documents = [
        Artifact(path.name, data, path.name)
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and (data := path.read_bytes())
        and any(one.claims(Artifact(path.name, data, "")) for one in analyzers)
    ]
    spent = best(lambda: [walk(document, analyzers) for document in documents])
    each = spent / max(len(documents), 1)
    print(f"fixtures: {len(documents)} documents, {1000 * each:.2f} ms each, {1 / each if each else 0:.0f} documents/s")
    projects = [document.data for document in documents if document.data.startswith(MAGIC)]
    spent = best(lambda: [extract(data) for data in projects])
    print(f"modules only: {len(projects)} compound files, {1000 * spent / max(len(projects), 1):.2f} ms each")
    for lines in (100, 500, 2000):
        source = obfuscated(lines)
        spent = best(lambda source=source: assess([("Module1", source)]))  # type: ignore[misc]
        print(f"obfuscated source of {lines} lines ({len(source)} characters): {spent:.3f} s")


if __name__ == "__main__":
    main()
