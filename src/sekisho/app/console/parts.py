"""Parts of a message: source and unfolded form side by side, and the bytes to take along under a password."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyzipper

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.cases import shown_name
from sekisho.app.console.database import Database
from sekisho.app.console.messages import Document, Message
from sekisho.app.console.reading import Readers, question_of
from sekisho.model.errors import SourceError

PASSWORD = b"infected"
"""What everybody in this trade locks samples with: it keeps filters and a careless double click out, nobody else."""
MOST_TEXTS = 500  # of one feature on a page
_SCRIPTS = ("text/x-", "text/vb", "text/js", "application/javascript", "text/javascript")


@dataclass(frozen=True, slots=True)
class Sides:
    """A part that runs, as written and as what it comes to."""

    source: tuple[str, ...]
    """Lines of it, where features hold them; empty: the part's own bytes are the source."""
    unfolded: tuple[str, ...]
    calls: tuple[str, ...]
    """What it does, in order."""
    strings: tuple[str, ...]
    tricks: tuple[str, ...]


def side_by_side(message: Message, one: Document) -> Sides | None:
    """Give the two sides of a part; None when nothing in it runs."""
    if formulas := _texts(one, "xlm.formula"):
        calls = _texts(one, "xlm.calls")
        return Sides(formulas, calls, (), _texts(one, "xlm.strings"), _texts(one, "macro.reason"))
    whole = one
    if one["relation"] == "macro":  # a module; what it comes to is known of the whole project
        whole = next((other for other in message.tree if other["address"] == one["parent"]), one)
    elif not one["features"].get("script.language") and not one["media_type"].startswith(_SCRIPTS):
        return None
    return Sides(
        (),
        _texts(one, "script.unfolded") or _texts(whole, "vba.unfolded"),
        (*_texts(one, "script.calls"), *_texts(whole, "vba.calls"), *_texts(one, "script.commands")),
        _texts(whole, "vba.strings"),
        (*_texts(one, "script.tricks"), *_texts(whole, "vba.tricks"), *_texts(whole, "macro.reason")),
    )


def packed_part(database: Database, readers: Readers, message: Message, one: Document, by: Actor) -> bytes:
    """Give a part's bytes in a ZIP encrypted with AES, and note who took it.

    Raises:
        SourceError: it cannot be read, or is not what it was when the case was investigated.
    """
    import hashlib

    data = readers.ask(question_of(database, message, "part", one["address"])).data
    digest = hashlib.sha256(data).hexdigest()
    if one["sha256"] and digest != one["sha256"]:
        raise SourceError("is not what it was when the case was investigated", one["name"][:200])
    name = shown_name(one["name"]).strip(". ") or "part"
    if one["parent"] is None and "." not in name:
        name += ".eml"
    held = BytesIO()
    with pyzipper.AESZipFile(held, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD)
        archive.writestr(name, data)
    with database.change() as base:
        note(base, by, "evidence.take", one["id"], message=message.listed.id, sha256=digest, name=name, bytes=len(data))
    return held.getvalue()


def _texts(one: Document, name: str) -> tuple[str, ...]:
    values: list[Any] = one["features"].get(name) or []
    return tuple(str(value) for value in values[:MOST_TEXTS])
