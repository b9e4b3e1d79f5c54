"""Indicators in the console: told by others, looked at before they are taken, looked for in all that is stored.

They lie in ``indicators.db``, as ``sekisho indicators`` keeps them. Investigations look for those that are fresh.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.cases import INCOMING
from sekisho.app.console.database import Database
from sekisho.app.exchange import sweep
from sekisho.app.exchange.store import Counts, Store, Terms, judge, learn
from sekisho.detect.indicators import Index, rule_of
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import SourceError
from sekisho.model.finding import Finding
from sekisho.model.indicator import Indicator
from sekisho.sources import Gap
from sekisho.sources.indicators import reader_of

NAME = "indicators.db"
MOST_SHOWN = 100
KEPT_S = 86_400.0  # a file waits to be taken
MOST_LOOKED = 200_000  # values of a file that are judged before it is taken
_TOKEN = re.compile(r"[0-9a-f]{32}\.(?:json|csv|txt|xml|stix|misp|bin)")


@dataclass(slots=True)
class Preview:
    """What taking a file would give."""

    token: str
    form: str = ""
    """stix misp table text."""
    told: int = 0
    taken: list[Indicator] = field(default_factory=list)
    """The first of those that would be kept."""
    kept: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """By reason (``left_out.*``)."""
    examples: list[tuple[str, str]] = field(default_factory=list)
    """(value, reason) of the first refused."""
    gaps: list[str] = field(default_factory=list)
    more: bool = False
    """There are more values than were looked at."""


def place(database: Database) -> Path:
    """Give where the store lies, if there is one."""
    return database.folder / NAME


def page(
    database: Database, kind: str, text: str, *, old: bool | None, most: int, skip: int
) -> tuple[list[Indicator], int]:
    """Give some indicators, and how many there are of this kind."""
    if not place(database).exists():
        return [], 0
    now = int(time.time())
    with Store(str(place(database))) as store:
        found = store.page(kind, text, old=old, now=now, most=most, skip=skip)
        return found, store.count(kind, text, old=old, now=now)


def keep_upload(database: Database, name: str, data: bytes) -> str:
    """Put a file aside until somebody has seen what it would give; give the token that names it.

    Raises:
        SourceError: it cannot be written.
    """
    suffix = Path(name).suffix.lower().lstrip(".")
    token = f"{secrets.token_hex(16)}.{suffix if suffix in ('json', 'csv', 'txt', 'xml') else 'bin'}"
    try:
        for left in (database.folder / INCOMING).iterdir():
            if _TOKEN.fullmatch(left.name) and left.stat().st_mtime < time.time() - KEPT_S:
                left.unlink(missing_ok=True)
        (database.folder / INCOMING / token).write_bytes(data)
    except OSError as error:
        raise SourceError(f"cannot be kept: {error.strerror}", name[:100]) from error
    return token


def discard(database: Database, token: str) -> None:
    """Throw away a file that was put aside."""
    _upload(database, token).unlink(missing_ok=True)


def _upload(database: Database, token: str) -> Path:
    """Give a file that was put aside.

    Raises:
        SourceError: it is gone, or was none.
    """
    path = database.folder / INCOMING / token
    if not _TOKEN.fullmatch(token) or not path.is_file():
        raise SourceError("the file is gone; send it again", token[:40])
    return path


def preview(database: Database, token: str, terms: Terms, name: str) -> Preview:
    """Tell what taking a file would give, without taking it.

    Raises:
        SourceError: it is gone or cannot be read at all.
    """
    path, seen = _upload(database, token), Preview(token)
    seen.form, read = reader_of(path)
    for item in read(path):
        if isinstance(item, Gap):
            seen.gaps += [f"{item.record}: {item.reason}"] if len(seen.gaps) < MOST_SHOWN else []
            continue
        if seen.told >= MOST_LOOKED:
            seen.more = True
            break
        seen.told += 1
        one, reason = judge(item, name, terms)
        if one is None:
            seen.refused[reason] = seen.refused.get(reason, 0) + 1
            seen.examples += [(item.value[:200], reason)] if len(seen.examples) < MOST_SHOWN else []
            continue
        seen.kept += 1
        seen.taken += [one] if len(seen.taken) < MOST_SHOWN else []
    return seen


def take(database: Database, by: Actor, token: str, terms: Terms, name: str) -> Counts:
    """Take what a file tells.

    Raises:
        SourceError: it is gone, or the store cannot be written.
    """
    path = _upload(database, token)
    with Store(str(place(database)), write=True) as store:
        counts = learn([str(path)], store, terms)
    with database.change() as base:
        note(base, by, "indicator.import", name[:200], told=counts.told, kept=counts.kept, source=terms.source)
    path.unlink(missing_ok=True)
    return counts


def add(database: Database, by: Actor, text: str, terms: Terms) -> Counts:
    """Take indicators that were written by hand: whatever stands in a text.

    Raises:
        SourceError: the store cannot be written.
    """
    token = keep_upload(database, "by hand.txt", text.encode("utf-8", "replace"))
    return take(database, by, token, terms, "by hand")


def forget(database: Database, by: Actor, kind: str, value: str) -> bool:
    """Forget one value."""
    if not place(database).exists():
        return False
    with Store(str(place(database)), write=True) as store:
        gone = store.forget(kind, value)
    if gone:
        with database.change() as base:
            note(base, by, "indicator.remove", value[:300], kind=kind)
    return gone


def expire(database: Database, by: Actor) -> int:
    """Forget what is old, and give how many went."""
    if not place(database).exists():
        return 0
    with Store(str(place(database)), write=True) as store:
        count = store.expire(int(time.time()), really=True)
    with database.change() as base:
        note(base, by, "indicator.expire", "", count=count)
    return count


def beside(database: Database, rules: RuleSet) -> tuple[RuleSet, dict[str, Indicator]]:
    """Give rules with the fresh indicators beside them, and these by the id of their findings."""
    if not place(database).exists():
        return rules, {}
    with Store(str(place(database))) as store:
        active = store.active(int(time.time()))
    index = Index(active)
    index.ready()
    return rules.looking_for(index), {rule_of(one): one for one in active}


def sighted(database: Database, findings: Iterable[Finding], known: dict[str, Indicator]) -> None:
    """Count where indicators were seen; each place once.

    Raises:
        SourceError: the store cannot be written.
    """
    if known:
        sweep.record(findings, known, str(place(database)))
