"""The index that ``sekisho attribute learn`` writes: knowledge and what it teaches, in one packed JSON file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from sekisho.app.attribution import knowledge
from sekisho.attribute.learning import learn
from sekisho.attribute.ranker import Model
from sekisho.attribute.signals import NAMES
from sekisho.model.attribution import Knowledge, NameLink
from sekisho.model.errors import ResponseError, SourceError

SCHEMA = "sekisho-attribution/1"
LARGEST = 1e6  # of any learnt number; larger ones are damage, and NaN is never smaller


def write(source: str, out: str) -> tuple[Knowledge, Model]:
    """Learn from a knowledge file and keep the result.

    Raises:
        SourceError: the file cannot be read.
        ResponseError: the index cannot be written.
    """
    known = knowledge.read(source)
    model = learn(known)
    kinds = {ours: theirs for theirs, ours in knowledge.KINDS.items()}
    document = {
        "schema": SCHEMA,
        "source": known.title,
        "names": {key: [kinds[one.kind], one.name] for key, one in sorted(known.names.items())},
        "uses": [
            *([source, "attributed-to", target, []] for source, target in sorted(known.campaigns.items())),
            *(
                [one.source, "uses", one.target, [[c.url, _number(c.date)] for c in one.citations]]
                for one in known.uses
            ),
        ],
        "links": [[one.one, one.other, one.weight, one.why] for one in known.links],
        "model": {
            "signals": list(NAMES),
            "weights": model.weights,
            "known": model.known,
            "scale": model.scale,
            "calibration": model.calibration,
            "learnt_from": model.learnt_from,
        },
    }
    try:
        Path(out).write_bytes(gzip.compress(json.dumps(document, ensure_ascii=False).encode(), mtime=0))
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror}", out) from error
    return known, model


def _number(day: Any) -> int | None:
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def read(path: str) -> tuple[Knowledge, Model]:
    """Read an index, or a knowledge file, of which nothing was learnt yet.

    Raises:
        SourceError: it is neither, or what was learnt does not fit this version.
    """
    document = knowledge.load(path)
    known = knowledge.understand(document, path)
    given = document.get("model") if isinstance(document, dict) else None
    if given is None:
        return known, Model()
    try:
        same = list(given["signals"]) == list(NAMES)
        links = tuple(NameLink(str(a), str(b), float(w), str(why)) for a, b, w, why in document.get("links", []))
        low, high = given["scale"]
        constant, slope = given["calibration"]
        model = Model(
            tuple(map(float, given["weights"])),
            tuple(map(float, given["known"])),
            ((float(low[0]), float(low[1])), (float(high[0]), float(high[1]))),
            (float(constant), float(slope)),
            int(given["learnt_from"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SourceError(f"holds no usable model: {error}", path) from error
    numbers = (*model.weights, *model.known, *low, *high, *model.calibration)
    if not all(isinstance(one, int | float) and abs(one) < LARGEST for one in numbers):
        raise SourceError("holds a model with numbers that are none", path)
    if not same or len(model.weights) != len(NAMES) or len(model.known) != 3 or min(low[1], high[1]) <= 0:
        raise SourceError("holds a model of another version; run sekisho attribute learn again", path)
    return Knowledge(known.title, known.names, known.uses, known.campaigns, links, known.notes), model
