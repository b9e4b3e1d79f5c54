"""Passwords that people gave for a case: its next investigation tries them on what is locked."""

from __future__ import annotations

import time

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.model.errors import SourceError

MOST, LONGEST = 20, 200
"""Words of one case, and characters of one. An analysis tries forty words on one file, those of the mail included."""


def give(database: Database, case_id: str, word: str, by: Actor) -> bool:
    """Keep a password for a case; False when it was given before.

    Raises:
        SourceError: there is no such case, the word is empty or too long, or there are too many.
    """
    if not word or len(word) > LONGEST or not word.isprintable():
        raise SourceError(f"is no password: 1 to {LONGEST} characters on one line", "password")
    with database.change() as base:
        if not base.execute("SELECT 1 FROM cases WHERE id = ?", (case_id,)).fetchone():
            raise SourceError("there is no such case", case_id)
        known = {row["word"] for row in base.execute("SELECT word FROM passwords WHERE case_id = ?", (case_id,))}
        if word in known:
            return False
        if len(known) >= MOST:
            raise SourceError(f"has {MOST} passwords; no more are tried", case_id)
        base.execute("INSERT INTO passwords VALUES (?, ?, ?, ?)", (case_id, word, int(time.time()), by.name))
        note(base, by, "password.give", case_id)  # not the word itself: people use theirs again
    return True


def of(database: Database, case_id: str) -> tuple[str, ...]:
    """Give the passwords of a case, the latest first."""
    rows = database.all("SELECT word FROM passwords WHERE case_id = ? ORDER BY given_at DESC, word", case_id)
    return tuple(row["word"] for row in rows)
