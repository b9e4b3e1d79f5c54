"""The mixed week: every case on a day of its own, in one company, in one folder, with the noise of all its days.

An investigation of it should tell one incident for each attack: none merged with another, none split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from sekisho.app.lab import cases, planted
from sekisho.app.lab.case import Case
from sekisho.app.lab.case_shop import ShopCase
from sekisho.app.lab.planted import Planted

NAME = "mixed-week"
MONDAY = date(2022, 5, 16)
WORKDAYS = 5
SCHEMA = "sekisho-mixed/1"
README = """mixed-week: every case of the lab in one company

This folder is synthetic and inert, as each case in it is: Sekisho's lab wrote it, and it records no real incident.
evidence/ has the mailboxes of all days and a folder of logs for each day and case. truth.json names the attacks.

合成データです。実在の事件・人物・組織・機器とは関係がなく、無害です。
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack of a week or of a case, and where its steps lie."""

    case: str
    steps: tuple[Planted, ...]
    allowed: frozenset[tuple[str, str]]
    """(source, record) of what may be told beside the steps: a logon, a shell, the mail program."""


def attack_of(case: Case | ShopCase) -> Attack:
    """Give what a case planted, by its own statement or else by its truth."""
    stated, truth = case.told()[1], case.truth
    steps, allowed = list(stated), set()
    for path, parts in truth.get("events", {}).items():
        if not stated:
            steps += [Planted(f"{Path(path).stem}:{line}", "endpoint", path, str(line)) for line in parts["story"]]
        allowed |= {(path, str(line)) for key in ("story", "context") for line in parts.get(key, ())}
    known = {one.source for one in steps}
    copies = [(mail["message_id"], copy) for mail in truth.get("mails", ()) for copy in mail["copies"]]
    steps += [Planted(f"mail {key}", "mail", copy, "") for key, copy in copies if copy not in known]
    return Attack(case.name, tuple(steps), frozenset(allowed))


def is_attack(case: Case | ShopCase) -> bool:
    """Tell whether a case has something to be found."""
    return bool(case.truth["verdict"] == "malicious" or case.told()[1])


def week(chosen: Iterable[Case | ShopCase] = ()) -> tuple[dict[str, bytes], tuple[Attack, ...]]:
    """Give the files of a mixed week by path, and its attacks with paths as in the week.

    Args:
        chosen: cases to mix; all when empty.
    """
    files: dict[str, bytes] = {"README.txt": README.encode()}
    attacks = []
    for number, case in enumerate(chosen or cases.EVERY.values()):
        moved = replace(case, day=MONDAY + timedelta(days=number % WORKDAYS))
        folder = f"{moved.day:%m%d}-{number:02}"
        for path, data in moved.files().items():
            if path.startswith("evidence/"):
                files[_placed(path, folder)] = data
        if is_attack(moved):
            attacks.append(_moved(attack_of(moved), folder))
    files["truth.json"] = _truth(attacks).encode()
    return dict(sorted(files.items())), tuple(attacks)


def make(out: Path) -> Path:
    """Write a mixed week below ``out`` and give its folder."""
    folder = out / NAME
    files, attacks = week()
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    planted.write(
        folder, NAME, [replace(one, key=f"{attack.case}: {one.key}") for attack in attacks for one in attack.steps]
    )
    return folder


def _placed(path: str, folder: str) -> str:
    """Keep mailboxes, which all days share; give each day's logs a folder of their own."""
    parts = PurePosixPath(path).parts
    return path if parts[1] == "mailboxes" else "/".join(("evidence", folder, *parts[1:]))


def _moved(attack: Attack, folder: str) -> Attack:
    steps = tuple(replace(one, source=_placed(one.source, folder)) for one in attack.steps)
    return replace(
        attack, steps=steps, allowed=frozenset((_placed(path, folder), line) for path, line in attack.allowed)
    )


def _truth(attacks: Iterable[Attack]) -> str:
    told: Mapping[str, Any] = {
        "schema": SCHEMA,
        "attacks": [{"case": one.case, "steps": sorted({step.key for step in one.steps})} for one in attacks],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
