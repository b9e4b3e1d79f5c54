"""The console's tuning file, ``tuning.yml`` in its folder: read, checked and written in this one place.

- :func:`text` and :func:`digest` give what the file holds, and what names that content;
- :func:`read` gives its entries as a run takes them (:class:`sekisho.detect.tuning.Tuning`);
- :func:`add` writes a new entry, :func:`remove` takes one out, :func:`replace` puts a whole text in its place.

What changes the file is checked before, happens under the database's lock with its entry in the audit log, and takes
the old file's place at once. Whoever gives the ``digest`` of what they saw is told when somebody was faster.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sekisho.app import tuning as files
from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.detect import tuning
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.tuning import MAX_CHARS, Tuning
from sekisho.model.errors import SourceError

NAME = "tuning.yml"
LONGEST = 2_000  # characters of one value
MOST_VALUES = 50
_BEGIN = re.compile(r"- ?")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class ChangedError(SourceError):
    """Somebody else changed the file in the meantime; nothing was done."""


@dataclass(frozen=True, slots=True)
class New:
    """An entry to be written; what is empty is left out."""

    rules: tuple[str, ...]
    """Ids of rules, or ``any``."""
    reason: str
    action: str = ""
    """``disable``, or empty for exclude, or for ``level`` where a level is given."""
    level: str = ""
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    match: Mapping[str, tuple[str, ...]] | None = None
    """Field with its modifiers, to the values that it may have, as Sigma writes them."""
    until: date | None = None

    @property
    def narrow(self) -> bool:
        """It says where: so it must stand before entries that do not."""
        return bool(self.hosts or self.users or self.match)


def place(database: Database) -> Path:
    """Give where the file lies, if there is one."""
    return database.folder / NAME


def text(database: Database) -> str:
    """Give what the file holds; empty when there is none.

    Raises:
        SourceError: it cannot be read.
    """
    path = place(database)
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(MAX_CHARS + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", str(path)) from error


def digest(written: str) -> str:
    """Name a content of the file."""
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:32]


def read(database: Database, rules: RuleSet, today: date | None = None) -> Tuning:
    """Give the entries as a run takes them; what cannot be used is in ``failed``."""
    return _loaded(database, text(database), rules, today)


def add(database: Database, by: Actor, new: New, rules: RuleSet, seen: str = "") -> None:
    """Write an entry: one that says where before all others, because the first that applies decides; others last.

    Args:
        database: of the console.
        by: who does it.
        new: the entry.
        rules: what is loaded; it must select one of these.
        seen: digest of the file that they saw; empty when they do not care.

    Raises:
        SourceError: the entry cannot be used, says nothing, or the file cannot be written.
        ChangedError: the file is not what they saw.
    """
    written = worded(new)
    checked = _loaded(database, written, rules)
    if checked.failed:
        raise SourceError(checked.failed[0].error, NAME)
    if checked.entries[0].unknown:
        raise SourceError(f"no such rule is loaded: {checked.entries[0].unknown[0]}", NAME)
    with database.change() as base:
        before = _expected(database, seen)
        if new.narrow:
            at = _first_entry(before)
            after = before[:at] + written + before[at:]
        else:
            after = before + ("\n" if before and not before.endswith("\n") else "") + written
        _check_count(database, before, after, rules, 1)
        note(base, by, "tuning.add", ", ".join(new.rules)[:200], entry=written)
        _write(database, after)


def remove(database: Database, by: Actor, number: int, rules: RuleSet, seen: str) -> None:
    """Take an entry out, by its number in the file from 1.

    Raises:
        SourceError: there is no such entry, or the file cannot be written.
        ChangedError: the file is not what they saw.
    """
    with database.change() as base:
        before = _expected(database, seen)
        held = _loaded(database, before, rules)
        starts = {one.entry: one.line for one in held.failed if one.entry} | {
            one.number: one.line for one in held.entries
        }
        if number not in starts:
            raise SourceError("there is no such entry", NAME)
        lines = before.splitlines(keepends=True)
        start = _start(lines, starts[number])
        end = next((at for at in range(start + 1, len(lines)) if _BEGIN.match(lines[at])), len(lines))
        while end > start + 1 and lines[end - 1].lstrip().startswith("#"):
            end -= 1  # a comment before the next entry is about that one
        after = "".join([*lines[:start], *lines[end:]])
        _check_count(database, before, after, rules, -1)
        note(base, by, "tuning.remove", str(number), entry="".join(lines[start:end]))
        _write(database, after)


def replace(database: Database, by: Actor, written: str, rules: RuleSet, seen: str) -> None:
    """Put a whole text in the file's place.

    Raises:
        SourceError: an entry of it cannot be used, or it cannot be written.
        ChangedError: the file is not what they saw.
    """
    written = written.replace("\r\n", "\n")
    with database.change() as base:
        before = _expected(database, seen)
        if failed := _loaded(database, written, rules).failed:
            raise SourceError(f"line {failed[0].line}: {failed[0].error}", NAME)
        note(base, by, "tuning.replace", NAME, before=digest(before), after=digest(written))
        _write(database, written)


def worded(new: New) -> str:
    """Give an entry as YAML.

    Raises:
        SourceError: it has too many values, or too long ones.
    """
    lines = [f"- rule: {_listed(new.rules)}"]
    if new.action == "disable":
        lines.append("  action: disable")
    if new.level:
        lines.append(f"  level: {_scalar(new.level)}")
    for name, values in (("host", new.hosts), ("user", new.users)):
        if values:
            lines.append(f"  {name}: {_listed(values)}")
    if new.match:
        lines.append("  match:")
        lines += [f"    {_scalar(field)}: {_listed(values)}" for field, values in new.match.items()]
    if new.until:
        lines.append(f"  until: {new.until.isoformat()}")
    lines.append(f"  reason: {_scalar(new.reason.strip())}")
    return "\n".join(lines) + "\n"


def day(written: str) -> date | None:
    """Read the last day of an entry; None when it has none.

    Raises:
        SourceError: it is no day.
    """
    try:
        return date.fromisoformat(written) if written.strip() else None
    except ValueError as error:
        raise SourceError("is no day: write 2027-03-31", written[:40]) from error


def _listed(values: tuple[str, ...]) -> str:
    if not 0 < len(values) <= MOST_VALUES:
        raise SourceError(f"an entry has 1 to {MOST_VALUES} values in a place", NAME)
    return _scalar(values[0]) if len(values) == 1 else f"[{', '.join(map(_scalar, values))}]"


def _scalar(value: str) -> str:
    """Write a text so that it is read back as it is, whatever stands in it. Source: YAML 1.1, 5.7 and 9.1.2."""
    if len(value) > LONGEST:
        raise SourceError(f"a value has {LONGEST} characters at most", NAME)
    if _UNPRINTED.search(value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'
    return "'" + value.replace("'", "''") + "'"


def _loaded(database: Database, written: str, rules: RuleSet, today: date | None = None) -> Tuning:
    if not _says_something(written):
        return Tuning()
    day = today or datetime.now().astimezone().date()
    return tuning.load([(str(place(database)), written)], files.known(rules), day)


def _says_something(written: str) -> bool:
    """Tell whether there is more than comments: a file without entries is none."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in written.splitlines())


def _check_count(database: Database, before: str, after: str, rules: RuleSet, more: int) -> None:
    """Make sure that a change did what it should, however the file is written.

    Raises:
        SourceError: the file is written in another way than one entry after a dash.
    """
    old, new = (_loaded(database, written, rules) for written in (before, after))
    total = len(old.entries) + len(old.failed) + more
    if len(new.entries) + len(new.failed) != total or len(new.failed) > len(old.failed):
        raise SourceError("is written in a form that only its text as a whole can be changed", NAME)


def _expected(database: Database, seen: str) -> str:
    before = text(database)
    if seen and seen != digest(before):
        raise ChangedError("somebody else changed the tuning in the meantime; look again", NAME)
    return before


def _first_entry(written: str) -> int:
    """Give where the first entry begins, behind the comments at the top; the end where there is none."""
    at = 0
    for line in written.splitlines(keepends=True):
        if _BEGIN.match(line):
            return at
        at += len(line)
    return at


def _start(lines: list[str], line: int) -> int:
    """Give the index of the line with an entry's dash, from the line of one of its parts."""
    at = min(max(line, 1), len(lines)) - 1
    while at > 0 and not _BEGIN.match(lines[at]):
        at -= 1
    return at


def _write(database: Database, written: str) -> None:
    """Write the file beside the old one and put it in its place, whole or not at all; without entries it goes."""
    path = place(database)
    if len(written) > MAX_CHARS:
        raise SourceError(f"has more than {MAX_CHARS} characters", NAME)
    try:
        if not _says_something(written):
            path.unlink(missing_ok=True)
            return
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
            file.write(written.encode("utf-8", "replace").decode())
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", str(path)) from error
