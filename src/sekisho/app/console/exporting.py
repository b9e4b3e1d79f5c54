"""An incident of the console told to others: in the forms that programs read, and as notices that people read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.cases import CASES
from sekisho.app.console.database import Database, unpacked
from sekisho.app.exchange import advisories, export, results
from sekisho.app.exchange.advisories import Asked
from sekisho.app.exchange.export import FORMATS, Wish
from sekisho.model.artifact import SEPARATOR
from sekisho.model.errors import SekishoError, SourceError
from sekisho.model.result import Result
from sekisho.respond.advisory import READERS
from sekisho.respond.document import SCHEMA

KINDS = {
    "stix": ("stix.json", "application/json"),
    "misp": ("misp.json", "application/json"),
    "navigator": ("navigator.json", "application/json"),
    "sigma": ("sigma.yml", "application/yaml"),
    "yara": ("yar", "text/plain"),
    "csv": ("csv", "text/csv"),
    "ocsf": ("ocsf.jsonl", "application/x-ndjson"),
}
"""Ending and media type by form."""
PROVED = ("sigma", "yara")
"""Forms that are tried on evidence before they are given: that takes some 10 to 25 s."""
PAPERS = {"md": "text/markdown", "html": "text/html", "pdf": "application/pdf"}
MOST_MESSAGES = 500
"""Of an incident, whose trees are told; a wave to more people looks the same in each mailbox."""
PROVED_FILES, PROVED_BYTES = 400, 64 * 1024 * 1024
"""Of a case, on which YARA rules are proved while somebody waits: 400 mails take some 10 s on one core."""


@dataclass(frozen=True, slots=True)
class File:
    """What is given to be saved."""

    name: str
    media_type: str
    data: bytes
    notes: tuple[str, ...] = ()


def result_of(database: Database, key: str) -> Result:
    """Give an incident and what it rests on as the result that it came from.

    Raises:
        SourceError: there is no such incident.
    """
    row = database.one("SELECT verdict, doc_en FROM incidents WHERE id = ?", key)
    if row is None:
        raise SourceError("there is no such incident", key[:64])
    held = unpacked(row["doc_en"])
    artifacts: dict[str, dict[str, Any]] = {}
    for message in database.all("SELECT doc FROM messages WHERE incident = ? ORDER BY at LIMIT ?", key, MOST_MESSAGES):
        for one in unpacked(message["doc"]):
            artifacts[one["id"]] = {**one, "reasons": [_reason(each) for each in one["reasons"]]}
    for one in held["artifacts"].values():
        artifacts.setdefault(one["id"], {**one, "reasons": [_reason(each) for each in one["reasons"]]})
    whole = {
        "schema": SCHEMA,
        "verdict": row["verdict"],
        "inputs": [],
        "artifacts": list(artifacts.values()),
        "findings": list(held["findings"].values()),
        "incidents": [held["incident"]],
        "events": list(held["events"].values()),
        "rules": {"loaded": 0, "disabled": 0, "failed": []},
        "timing": {},
        "tuning": [],
        "notes": [],
    }
    return results.load(orjson.dumps(whole, option=orjson.OPT_NON_STR_KEYS), key)


def _reason(one: dict[str, Any]) -> dict[str, Any]:
    """Give a reason with its text in one language, as results have it."""
    text = one["text"]
    return {**one, "text": text["en"] if isinstance(text, dict) else text}


def make(database: Database, key: str, form: str, wish: Wish) -> tuple[bytes, tuple[str, ...]]:
    """Give an incident in a form, and what is said about it.

    Those of PROVED start worker processes: call it for them in a process without threads (:func:`main`).

    Raises:
        SekishoError: there is no such incident or form.
    """
    if form not in FORMATS:
        raise SourceError(f"no such form; there are {', '.join(FORMATS)}", form[:40])
    result = result_of(database, key)
    if form == "sigma":
        proofs, notes = export.sigma_rules(result, wish)
        return "---\n".join(one.draft.text for one in proofs).encode(), notes
    if form == "yara":
        made, notes = export.yara_rules(result, wish, evidence_of(database, key), jobs=1)
        return "\n".join(one.text for one in made).encode(), notes
    told = export.export(result, form, wish)
    return told.data, told.notes


def keep(database: Database, by: Actor, key: str, form: str, wish: Wish, made: tuple[bytes, tuple[str, ...]]) -> File:
    """Give what was made as a file, and note who takes it.

    Raises:
        SekishoError: nothing could be told in this form.
    """
    data, notes = made
    if not data:
        raise SekishoError("; ".join(["nothing can be told in this form", *notes[:5]]))
    _noted(database, by, key, form=form, bytes=len(data), tlp=wish.tlp, internal=wish.internal)
    ending, media_type = KINDS[form]
    return File(f"sekisho-{key}.{ending}", media_type, data, notes)


def advise(database: Database, by: Actor, key: str, wish: Wish, asked: Asked) -> File:
    """Give an incident as a notice for its readers.

    Raises:
        SekishoError: there is no such incident, reader or form, or no such partner.
    """
    if asked.reader not in READERS or asked.form not in PAPERS:
        raise SourceError("no such notice", f"{asked.reader} {asked.form}"[:80])
    data, notes = advisories.write(result_of(database, key), wish, asked)
    _noted(database, by, key, form=f"advisory {asked.reader} {asked.form}", bytes=len(data), tlp=wish.tlp)
    return File(f"sekisho-{key}-{asked.reader}.{wish.language}.{asked.form}", PAPERS[asked.form], data, tuple(notes))


def evidence_of(database: Database, key: str) -> list[str]:
    """Give the files that rules about an incident are proved on: those of its mails, then others of its case."""
    row = database.one("SELECT case_id FROM incidents WHERE id = ?", key)
    if row is None:
        raise SourceError("there is no such incident", key[:64])
    case = row["case_id"]
    folder = database.folder / CASES / case
    own = [
        one["address"].partition(SEPARATOR)[0].partition("/")[2]
        for one in database.all("SELECT address FROM messages WHERE incident = ? LIMIT ?", key, MOST_MESSAGES)
    ]
    others = database.all(
        "SELECT path, bytes FROM files WHERE case_id = ? AND kind != '' ORDER BY bytes LIMIT ?", case, PROVED_FILES
    )
    chosen: dict[Path, None] = {}
    left = PROVED_BYTES
    for path, size in [*((path, 0) for path in dict.fromkeys(own)), *((one["path"], one["bytes"]) for one in others)]:
        place = folder / path
        if len(chosen) >= PROVED_FILES or left < size:
            break
        if ".." not in place.parts and place.is_file():
            chosen[place] = None
            left -= size
    return [str(one) for one in chosen]


def _noted(database: Database, by: Actor, key: str, **detail: Any) -> None:
    with database.change() as base:
        note(base, by, "incident.export", key, **detail)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what must be proved: ``python -m sekisho.app.console.exporting DIR INCIDENT FORM WISH`` writes JSON."""
    folder, key, form, wish = sys.argv[1:] if arguments is None else arguments
    given = orjson.loads(wish)
    wished = Wish(**{**given, "incidents": tuple(given["incidents"]), "own": frozenset(given["own"])})
    try:
        data, notes = make(Database(Path(folder)), key, form, wished)
        told: dict[str, Any] = {"data": data.decode(), "notes": notes}
    except SekishoError as error:
        told = {"error": str(error)}
    sys.stdout.buffer.write(orjson.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
