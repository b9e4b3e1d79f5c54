"""Which rules fire on which mail: the app's own workers, facts and rules, kept below ``.cache/bench-mail``.

What is kept is named by everything it depends on (the program, its rules and its knowledge), so nothing stale is read.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import campaigns
import corpus
from corpus import ROOT, Sample

from sekisho.app import ruleset
from sekisho.app.examine import Pool
from sekisho.detect.rules import RuleSet
from sekisho.detect.verdict import judge
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.finding import Finding
from sekisho.model.limits import DEFAULT
from sekisho.normalize import artifacts, mail

CACHE = ROOT / ".cache" / "bench-mail"
JOBS = 2
TEXT_SHOWN = 400
READS = ("corpus.py", "campaigns.py", "fired.py")
"""Parts of this bench that decide what is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the program sees in one mail."""

    key: str
    folder: str
    hostile: bool
    sent_at: float
    signals: list[str]
    """Ids of the rules that fired on the message, its links or its bodies."""
    file_weight: float
    """Log-odds of its worst file, 0 when nothing speaks against any."""
    html: bool
    words: int
    urls: int
    parts: int
    guessed: bool
    authenticated: bool
    """Whether its server wrote authentication results."""
    listed: bool
    """Whether a list or bulk sender says how to leave it."""
    subject: str
    sender: str
    text: str
    signature: list[int]


def rows(variant: str, chosen: Sequence[Sample] | None = None) -> list[Row]:
    """Give a row for each mail of a variant, kept or fresh, in the order of :func:`corpus.samples`."""
    wanted = corpus.samples() if chosen is None else list(chosen)
    known = {sample.key for sample in wanted}
    path = CACHE / f"{variant}-{digest(known)}.jsonl"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        with fresh.open("w", encoding="utf-8") as file:
            for row in _examine(wanted, variant):
                file.write(json.dumps(asdict(row), ensure_ascii=True) + "\n")
        fresh.replace(path)
    with path.open(encoding="utf-8") as file:
        found = {row.key: row for row in (Row(**json.loads(line)) for line in file)}
    return [found[sample.key] for sample in wanted if sample.key in found]


def digest(names: set[str]) -> str:
    """Give what changes when program, rules, knowledge or mails do."""
    made = hashlib.sha256(json.dumps(sorted(names)).encode())
    read = [*(ROOT / "src").rglob("*.py"), *(ROOT / "rules").rglob("*.yml"), *(ROOT / "knowledge").rglob("*")]
    for path in sorted([*read, *(ROOT / "bench" / "mail" / name for name in READS)]):
        if path.is_file() and path.name != "mail-model.json":
            made.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return made.hexdigest()[:16]


def rules() -> RuleSet:
    """Give the rules that ship with Sekisho."""
    return ruleset.load([])


def _examine(wanted: Sequence[Sample], variant: str) -> Iterator[Row]:
    by_key = {sample.key: sample for sample in wanted}
    own = rules()
    inputs = (Artifact(sample.path.name, sample.data(variant), sample.key) for sample in wanted)
    with Pool(JOBS, DEFAULT) as pool:
        for root, tree in pool.run(inputs):
            sample = by_key[root.address]
            yield _row(sample, sample.data(variant), tree, own)


def _row(sample: Sample, raw: bytes, tree: Sequence[Analysis], own: RuleSet) -> Row:
    tree = mail.with_facts(artifacts.graded(tree))
    found: list[Finding] = []
    for event in artifacts.events(tree, sample.key):
        found += own.match(event)
    message = tree[0]
    bodies = [one for one in tree if one.artifact.parent == message.address and one.artifact.relation == "body"]
    mine = {one.address for one in (message, *bodies)}
    mails = {one.address for one in tree if artifacts.is_message(one)}
    head = raw.replace(b"\r", b"").partition(b"\n\n")[0].lower()
    judged = judge(tree, [one for one in found if one.record not in mine], mails)[message.address]
    return Row(
        key=sample.key,
        folder=sample.folder,
        hostile=sample.hostile,
        sent_at=corpus.sent_at(sample.path.read_bytes()),
        signals=sorted({one.rule_id for one in found if one.record in mine and one.weight > 0}),
        file_weight=round(max((one.weight for one in judged.reasons), default=0.0), 4),
        html=bool(bodies),
        words=len(str(message.first("body.text")).split()),
        urls=len({url for one in (message, *bodies) for url in one.urls}),
        parts=int(str(message.first("mime.parts", 0))),
        guessed=bool(message.values("charset.guessed")),
        authenticated=b"authentication-results:" in head,
        listed=b"list-unsubscribe:" in head or b"list-id:" in head,
        subject=str(message.first("subject"))[:200],
        sender=f"{message.first('sender.name')} <{message.first('sender.address')}>"[:200],
        text=str(message.first("body.text"))[:TEXT_SHOWN],
        signature=campaigns.signature(
            str(message.first("subject")),
            str(message.first("body.text")),
            [str(url.canonical or url.raw) for one in (message, *bodies) for url in one.urls],
        ),
    )


if __name__ == "__main__":
    for name in corpus.VARIANTS:
        started = time.perf_counter()
        count = len(rows(name))
        print(f"{name}: {count} mails in {time.perf_counter() - started:.1f} s")  # noqa: T201
