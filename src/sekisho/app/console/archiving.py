"""A case as one file to hand on: its evidence, what was found, what people noted and who did what."""

from __future__ import annotations

import secrets
from pathlib import Path

import orjson
import pyzipper

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.cases import Cases
from sekisho.app.console.database import Database, unpacked
from sekisho.model.errors import SourceError

PASSWORD = b"infected"
"""The custom among analysts; it keeps scanners and double clicks away, nothing else."""


def export(database: Database, cases: Cases, key: str, by: Actor) -> Path:
    """Write a case into a ZIP with a password and give where it lies; whoever sends it on removes it.

    Raises:
        SourceError: there is no such case, or the disk is full.
    """
    case = database.one("SELECT * FROM cases WHERE id = ?", key)
    if case is None:
        raise SourceError("there is no such case", key)
    place = cases.incoming / secrets.token_hex(16)
    try:
        with pyzipper.AESZipFile(place, "w", pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(PASSWORD)
            for row in database.all("SELECT path FROM files WHERE case_id = ? ORDER BY path", key):
                archive.write(cases.evidence(key, row["path"]), f"evidence/{row['path']}")
            incidents = database.all("SELECT id, doc_en, doc_ja FROM incidents WHERE case_id = ?", key)
            for row in incidents:
                for language in ("en", "ja"):
                    told = orjson.dumps(unpacked(row[f"doc_{language}"]), option=orjson.OPT_INDENT_2)
                    archive.writestr(f"incidents/{row['id']}.{language}.json", told)
            archive.writestr("case.json", _case(database, key))
    except OSError as error:
        place.unlink(missing_ok=True)
        raise SourceError(f"cannot be written: {error.strerror or error}", case["name"]) from error
    with database.change() as base:
        note(base, by, "case.export", key, name=case["name"])
    return place


def _case(database: Database, key: str) -> bytes:
    """Give the case itself with all that people did, as JSON."""
    own = "SELECT id FROM incidents WHERE case_id = ?"
    told = {
        "case": dict(database.one("SELECT * FROM cases WHERE id = ?", key) or {}),
        "files": [dict(row) for row in database.all("SELECT * FROM files WHERE case_id = ? ORDER BY path", key)],
        "triage": [dict(row) for row in database.all(f"SELECT * FROM triage WHERE incident IN ({own})", key)],
        "comments": [
            dict(row) for row in database.all(f"SELECT * FROM comments WHERE incident IN ({own}) ORDER BY id", key)
        ],
        "audit": [
            dict(row)
            for row in database.all(
                f"SELECT * FROM audit WHERE target = ? OR target IN ({own}) ORDER BY number", key, key
            )
        ],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)
