"""Bytes of files inside evidence: hostile ones to make YARA rules of, all others to prove the rules on.

A result does not hold bytes, so the evidence is unpacked again, in the same jail, and kept in memory up to a bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from posixpath import basename

from sekisho.app import intake
from sekisho.app.examine import Analyst, Examined, Pool
from sekisho.app.exchange.proving import write_benign
from sekisho.model.artifact import SEPARATOR, Artifact
from sekisho.model.incident import Incident
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.result import Result
from sekisho.model.verdict import BAD, Verdict
from sekisho.respond import yara
from sekisho.respond._discreet import Hide, keep
from sekisho.respond.observed import WHOLE, used
from sekisho.respond.yara import Made, Sample

KEPT_BYTES = 512 * 1024 * 1024
"""Of honest files kept to prove rules on; what exceeds it is counted."""


@dataclass(slots=True)
class Bytes:
    """What was found."""

    hostile: dict[str, Sample] = field(default_factory=dict)
    clean: list[bytes] = field(default_factory=list)
    left: int = 0
    """Honest files that found no room."""
    used_bytes: int = 0


class _Watched(Pool):
    """A pool that shows every artifact it has analysed to somebody, bytes and all."""

    def __init__(self, jobs: int, limits: Limits, seen: Callable[[Artifact], None]) -> None:
        super().__init__(jobs, limits)
        self.seen = seen

    def _settle(self, worker: Analyst, examined: Examined | None, late: str) -> None:
        if worker.artifact is not None:
            self.seen(worker.artifact)
        super()._settle(worker, examined, late)


def collect(
    result: Result, incident: Incident, evidence: Sequence[str], *, jobs: int = 1, limits: Limits = DEFAULT
) -> Bytes:
    """Unpack evidence and the lab's benign cases, and sort their files into hostile and honest ones.

    Hostile are the files of the incident that are malicious; whatever holds or was found in a file that is not clean
    is neither.
    """
    keys = set(used(incident))
    wanted = {
        one.sha256: one.artifact.name
        for one, judgement in result.artifacts
        if judgement.verdict is Verdict.MALICIOUS and one.artifact.relation in WHOLE and one.sha256
        if one.id in keys and "eml" not in one.analyzers
    }
    bad_hashes = {one.sha256 for one, judged in result.artifacts if judged.verdict in BAD}
    roots = {
        _from_file(one.address) for one, judged in result.artifacts if judged.verdict in BAD and not one.artifact.parent
    }
    found = Bytes()

    def seen(artifact: Artifact) -> None:
        digest = sha256(artifact.data).hexdigest()
        if digest in wanted:
            found.hostile.setdefault(digest, Sample(wanted[digest], digest, artifact.data))
        elif digest not in bad_hashes and not _below(artifact.address, roots):
            if found.used_bytes + len(artifact.data) > KEPT_BYTES:
                found.left += 1
                return
            found.used_bytes += len(artifact.data)
            found.clean.append(artifact.data)

    passwords = tuple(
        dict.fromkeys(str(value) for one, _ in result.artifacts for value in one.values("archive.password"))
    )
    with tempfile.TemporaryDirectory(prefix="sekisho-benign-") as folder, _Watched(jobs, limits, seen) as pool:
        write_benign(Path(folder))
        for _ in pool.run(_roots([*evidence, folder], passwords, limits)):
            pass
    return found


def _from_file(address: str) -> str:
    """Give an address without the folders of its file: they depend on how the user named the evidence."""
    path, separator, rest = address.partition(SEPARATOR)
    return f"{basename(path)}{separator}{rest}"


def _below(address: str, roots: set[str]) -> bool:
    parts = _from_file(address).split(SEPARATOR)
    return any(SEPARATOR.join(parts[:count]) in roots for count in range(1, len(parts) + 1))


def _roots(paths: Sequence[str], passwords: tuple[str, ...], limits: Limits) -> Iterator[Artifact]:
    for one in intake.walk(paths, limits):
        if one.skipped or (one.source is not None and one.source.event_class != "artifact"):
            continue
        if one.source is None:
            yield intake.artifact(one, passwords)
            continue
        for item in one.source.read(one.path):
            if isinstance(item, Artifact):
                yield item.at(f"{one.shown}{SEPARATOR}{item.name}")


def rules(found: Bytes, incident: Incident, producer: str, hide: Hide = keep) -> list[tuple[Made, str]]:
    """Give each rule with why it is not offered: empty, ``no_strings``, ``misses``, ``hits_others`` or ``cannot_run``.

    A YARA engine proves them where one is installed (the ``yara`` extra); else the same test in plain Python.
    """
    every = yara.rules(list(found.hostile.values()), found.clean, incident.id, producer, hide)
    return [(made, _why_not(made, found.clean) if made.text else "no_strings") for made in every]


def _why_not(made: Made, clean: Sequence[bytes]) -> str:
    try:
        matches = _engine(made)
    except ValueError:
        return "cannot_run"
    if not matches(made.sample.data):
        return "misses"
    return "hits_others" if any(matches(one) for one in clean) else ""


def _engine(made: Made) -> Callable[[bytes], bool]:
    """Give what tells whether a rule matches bytes.

    Raises:
        ValueError: the engine does not take the rule.
    """
    try:
        import yara_x
    except ImportError:
        return made.matches
    try:
        compiled = yara_x.compile(made.text)
    except yara_x.CompileError as error:
        raise ValueError(str(error)) from error
    return lambda data: bool(compiled.scan(data).matching_rules)
