"""The planted steps of a lab case: what a right result must find, and where each step lies in the evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

PLANTED_SCHEMA = "sekisho-planted/1"


@dataclass(frozen=True, slots=True)
class Planted:
    """One step of the attack, as one record of the evidence shows it."""

    key: str
    """Short name of the step; records that show the same step share it."""
    layer: str
    """mail web server endpoint network identity."""
    source: str
    """File below the case's folder, with slashes: ``evidence/iis/u_ex211109.log``."""
    record: str
    """What ``Event.record`` says of it: the line number from 1 in text logs; empty for a file as a whole (a mail)."""


def path_of(folder: Path) -> Path:
    """Give where the planted steps of a case are written: beside its folder, so that no scan reads the answers."""
    return folder.with_name(f"{folder.name}.planted.json")


def write(folder: Path, case: str, planted: Iterable[Planted]) -> Path:
    """Write the planted steps of a case beside its folder and give the path."""
    document = {"schema": PLANTED_SCHEMA, "case": case, "planted": [asdict(one) for one in planted]}
    path = path_of(folder)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def read(folder: Path) -> tuple[Planted, ...]:
    """Give the planted steps of a case that was written, in the order of the case.

    Raises:
        OSError: there are none beside that folder.
    """
    document = json.loads(path_of(folder).read_text(encoding="utf-8"))
    return tuple(Planted(**one) for one in document["planted"])
