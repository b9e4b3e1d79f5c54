"""Artifacts are analysed in jailed workers, whole trees at a time, within limits.

One hostile artifact can only cost its own analysis: a worker that dies, hangs or runs out of memory is
replaced, the artifact becomes ``unscanned`` with the reason, and its siblings go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from sekisho import analyzers
from sekisho.analyzers.identify import CONTAINERS_NOT_READ, media_type
from sekisho.app import jail
from sekisho.app.worker import Worker, why
from sekisho.model.artifact import SEPARATOR, Analysis, Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.registered import registered_domain

FEATURES_KEPT = 5_000  # of one artifact; more is noise or an attack on our memory
OPEN_TREES_PER_WORKER = 4


class Examined(NamedTuple):
    """One artifact's analysis and the artifacts found in it."""

    analysis: Analysis
    children: list[Artifact]


def examine(
    inputs: Iterable[Artifact], *, jobs: int = 1, limits: Limits = DEFAULT
) -> Iterator[tuple[Artifact, list[Analysis]]]:
    """Analyse each input and everything inside it; trees come out as they finish.

    Yields:
        The input and its analyses: itself first, then its descendants in address order.
    """
    with Pool(jobs, limits) as pool:
        yield from pool.run(inputs)


def analyse(artifact: Artifact, limits: Limits = DEFAULT, organisation: Organisation = NOBODY) -> Examined:
    """Run every analyser that claims one artifact; keep what was read before any break."""
    artifact = replace(artifact, organisation=organisation) if organisation is not NOBODY else artifact
    features: list[Feature] = []
    children: list[Artifact] = []
    notes: list[str] = []
    claimed = [one for one in analyzers.load().values() if _claims(one, artifact, notes)]
    unscanned = artifact.unscanned
    for one in claimed:
        try:
            for item in one.run(artifact):
                if isinstance(item, Feature):
                    _keep(item, features)
                else:
                    _adopt(item, children, limits)
        except MalformedError as error:
            notes.append(f"{one.name}: {error}")
        except LimitError as error:
            notes.append(f"{one.name}: {error}")
        except RecursionError:
            notes.append(f"{one.name}: nested too deeply")
        except MemoryError:
            notes.append(f"{one.name}: out of memory")
        except Exception as error:
            notes.append(f"{one.name}: failed on this input ({type(error).__name__}: {error})")
    kind = next((one.media_type for one in claimed if one.media_type), "") or media_type(artifact.data, artifact.name)
    if not unscanned and notes:
        unscanned = "; ".join(notes)
    if not unscanned and kind in CONTAINERS_NOT_READ and not any(one.media_type == kind for one in claimed):
        unscanned = f"no analyser for {CONTAINERS_NOT_READ[kind]}"
    analysis = Analysis(
        artifact=replace(artifact, data=b"", passwords=(), organisation=NOBODY),
        sha256=sha256(artifact.data).hexdigest() if artifact.data or not artifact.unscanned else "",
        size_bytes=len(artifact.data),
        media_type=kind,
        analyzers=tuple(one.name for one in claimed),
        features=tuple(features),
        notes=tuple(notes),
        unscanned=unscanned,
    )
    return Examined(analysis, children)


def _claims(one: analyzers.Analyzer, artifact: Artifact, notes: list[str]) -> bool:
    try:
        return bool(artifact.data) and one.claims(artifact)
    except (ValueError, LookupError, RecursionError) as error:
        notes.append(f"{one.name}: could not look at this input ({type(error).__name__}: {error})")
        return False


def _keep(feature: Feature, features: list[Feature]) -> None:
    if len(features) >= FEATURES_KEPT:
        raise LimitError("features", FEATURES_KEPT)
    features.append(feature)


def _adopt(child: Artifact, children: list[Artifact], limits: Limits) -> None:
    if len(children) >= limits.children:
        raise LimitError("children", limits.children)
    if len(child.data) > limits.member_bytes:
        child = replace(child, data=b"", unscanned=str(LimitError("member_bytes", limits.member_bytes)))
    if child.depth > limits.depth:
        child = replace(child, data=b"", unscanned=str(LimitError("depth", limits.depth)))
    children.append(child)


@dataclass(slots=True)
class Tree:
    """One input under way: what is still to analyse and what it has cost so far."""

    root: Artifact
    pending: deque[Artifact]
    running: int = 0
    unpacked_bytes: int = 0
    addresses: set[str] = field(default_factory=set)
    analyses: list[Analysis] = field(default_factory=list)

    def take(self, examined: Examined, limits: Limits) -> None:
        """Keep an analysis and queue its children, each under an address of its own."""
        analysis, children = examined
        room = max(0, limits.artifacts - len(self.addresses))
        if len(children) > room:
            reason = f"{LimitError('artifacts', limits.artifacts)}, {len(children) - room} parts inside not looked at"
            unscanned = f"{analysis.unscanned}; {reason}" if analysis.unscanned else reason
            analysis = replace(analysis, notes=(*analysis.notes, reason), unscanned=unscanned)
        self.analyses.append(analysis)
        for child in children[:room]:
            named = child.at(self._free(child.address))
            self.unpacked_bytes += len(child.data)
            if self.unpacked_bytes > limits.unpacked_bytes:
                limit = LimitError("unpacked_bytes", limits.unpacked_bytes)
                named = replace(named, data=b"", unscanned=str(limit))
            self.pending.append(named)

    def _free(self, address: str) -> str:
        found, number = address, 1
        while found in self.addresses:
            number += 1
            found = f"{address} #{number}"
        self.addresses.add(found)
        return found

    @property
    def done(self) -> bool:
        """Tell whether nothing is left to analyse."""
        return not self.pending and not self.running


class Analyst(Worker):
    """A worker and the artifact it has in hand."""

    def __init__(self, limits: Limits, organisation: Organisation) -> None:
        """Start it; it waits for its first artifact."""
        super().__init__(partial(_serve, limits, organisation), limits)
        self.limits = limits
        self.artifact: Artifact | None = None
        self.tree: Tree | None = None

    def give(self, tree: Tree) -> None:
        """Start on the tree's next artifact."""
        artifact = tree.pending.popleft()
        self.artifact, self.tree = artifact, tree
        tree.running += 1
        self.deadline = time.monotonic() + self.limits.wall_s
        self.pipe.send(artifact)

    def collect(self) -> Examined | None:
        """Take the answer; None when the process died over it."""
        try:
            analysis: Analysis
            analysis, count = self.pipe.recv()
            return Examined(analysis, [self.pipe.recv() for _ in range(count)])
        except (EOFError, OSError):
            return None


def _serve(limits: Limits, organisation: Organisation, pipe: Connection) -> None:
    while True:
        artifact: Artifact = pipe.recv()
        jail.renew_cpu(limits)
        analysis, children = analyse(artifact, limits, organisation)
        pipe.send((analysis, len(children)))
        for child in children:  # one by one: together they would be held twice more while they are sent
            pipe.send(child)


class Pool:
    """Workers and the trees they share, driven by one loop without threads (forking from threads is unsafe)."""

    def __init__(self, jobs: int, limits: Limits, organisation: Organisation = NOBODY) -> None:
        """Workers start when the first artifact comes."""
        analyzers.load()
        registered_domain("host.example")  # reads the list of suffixes once, before workers fork
        self.jobs, self.limits, self.organisation = jobs, limits, organisation
        self.idle: list[Analyst] = []
        self.busy: list[Analyst] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.idle + self.busy:
            worker.end()
        self.idle, self.busy = [], []

    def run(self, inputs: Iterable[Artifact]) -> Iterator[tuple[Artifact, list[Analysis]]]:
        """Feed inputs to the workers; hold only a few trees in memory at a time."""
        waiting = iter(inputs)
        trees: list[Tree] = []
        ready: list[Tree] = []
        more = True
        while more or trees or ready:
            while more and len(trees) < self.jobs * OPEN_TREES_PER_WORKER:
                root = next(waiting, None)
                more = root is not None
                if root is not None:
                    trees.append(Tree(root, deque([root]), addresses={root.address}))
            self._dispatch(trees)
            for tree in ready:  # whoever takes them may work on them while the workers have something to do
                tree.analyses.sort(key=lambda one: _order(one.address))
                yield tree.root, tree.analyses
            self._gather()
            ready = [tree for tree in trees if tree.done]
            trees = [tree for tree in trees if not tree.done]

    def _dispatch(self, trees: list[Tree]) -> None:
        for tree in trees:
            while tree.pending:
                if not self.idle and len(self.busy) < self.jobs:
                    self.idle.append(Analyst(self.limits, self.organisation))
                if not self.idle:
                    return
                worker = self.idle.pop()
                worker.give(tree)
                self.busy.append(worker)

    def _gather(self) -> None:
        """Take what is ready; replace what is dead or late."""
        if not self.busy:
            return
        now = time.monotonic()
        ready = wait([one.pipe for one in self.busy], max(0.0, min(one.deadline for one in self.busy) - now))
        now = time.monotonic()
        for worker in list(self.busy):
            if worker.pipe in ready:
                self._settle(worker, worker.collect(), "")
            elif now >= worker.deadline:
                self._settle(worker, None, str(LimitError("wall_s", self.limits.wall_s)))

    def _settle(self, worker: Analyst, examined: Examined | None, late: str) -> None:
        tree, artifact = worker.tree, worker.artifact
        assert tree is not None
        assert artifact is not None
        self.busy.remove(worker)
        tree.running -= 1
        if examined is None:
            ended = worker.end()
            examined = _lost(artifact, late or why(ended, self.limits))
        else:
            self.idle.append(worker)
        tree.take(examined, self.limits)


def _lost(artifact: Artifact, reason: str) -> Examined:
    analysis = Analysis(
        artifact=replace(artifact, data=b"", passwords=()),
        sha256=sha256(artifact.data).hexdigest(),
        size_bytes=len(artifact.data),
        media_type="application/octet-stream",
        analyzers=(),
        features=(),
        notes=(reason,),
        unscanned=reason,
    )
    return Examined(analysis, [])


def _order(address: str) -> list[str]:
    """Parents before children, siblings by name."""
    return address.split(SEPARATOR)
