"""Evidence as given: files and folders are walked, each file recognised by its content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sekisho import sources
from sekisho.model.artifact import SEPARATOR, Artifact
from sekisho.model.errors import LimitError
from sekisho.model.limits import Limits

HEAD_BYTES = 64 * 1024  # what a source may look at to recognise a file
NOT_REGULAR = "not a regular file"
# Names that mail stores and file systems keep beside the evidence. Source: Maildir and Dovecot documentation.
NOT_EVIDENCE = ("dovecot", "maildirfolder", "subscriptions", ".ds_store", "thumbs.db", "desktop.ini", ".gitkeep")


@dataclass(frozen=True, slots=True)
class Intake:
    """One file found under the given paths."""

    path: Path
    shown: str
    """The path as the user gave it, with the part below a folder added."""
    source: sources.Source | None = None
    """What reads it as a log or mailbox; None means it is analysed as an artifact."""
    skipped: str = ""
    failed: bool = False
    """True when skipping it loses evidence."""


def walk(paths: Iterable[str], limits: Limits) -> Iterator[Intake]:
    """Give every file below the paths in name order, symbolic links and special files named and left alone.

    A file that several of the paths lead to comes once, as the first of them calls it: evidence is not counted twice.
    """
    seen: set[tuple[str, bool]] = set()
    addresses: set[str] = set()
    for given in paths:
        for one in _below(Path(given), given, limits):
            place = _place(one.path, follow=not one.skipped)
            if place in seen:
                continue
            seen.add(place)
            shown, number = one.shown, 1
            while shown in addresses:  # two names that differ only in bytes that are no text
                number += 1
                shown = f"{one.shown} #{number}"
            addresses.add(shown)
            yield replace(one, shown=shown)


def shown_name(name: str) -> str:
    """Give a file name as text for every output, with bytes that are no UTF-8 and what separates addresses escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace").replace(SEPARATOR, r" \xbb ")


def _place(path: Path, *, follow: bool) -> tuple[str, bool]:
    """Give what is the same for two ways to one file; a link that is not followed is a place of its own."""
    where = Path(os.path.realpath(path)) if follow else Path(os.path.realpath(path.parent)) / path.name
    return str(where), follow


def _below(path: Path, given: str, limits: Limits) -> Iterator[Intake]:
    if path.is_dir():
        yield from _folder(path, given, limits)
        return
    if not path.exists() and not path.is_symlink():
        yield Intake(path, shown_name(given), skipped="no such file or folder", failed=True)
        return
    one = recognise(path, shown_name(given), limits)
    # What the user asked for by name and cannot be read is a loss; in a folder it is only what lies around.
    yield replace(one, failed=one.failed or one.skipped == NOT_REGULAR)


def recognise(path: Path, shown: str, limits: Limits) -> Intake:
    """Tell what reads one file, or why nothing does."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Intake(path, shown, skipped=NOT_REGULAR)
        if status.st_size == 0:
            return Intake(path, shown, skipped="empty file")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        return Intake(path, shown, skipped=f"cannot be read: {error.strerror or error}", failed=True)
    for source in sources.load().values():
        if source.recognise(head, path):
            return Intake(path, shown, source)
    if status.st_size > limits.input_bytes:
        return Intake(path, shown, skipped=str(LimitError("input_bytes", limits.input_bytes)), failed=True)
    return Intake(path, shown)


def artifact(one: Intake, passwords: tuple[str, ...]) -> Artifact:
    """Read a file whole, as the root of its own tree.

    Raises:
        OSError: it went away or cannot be read.
    """
    return Artifact(name=shown_name(one.path.name), data=one.path.read_bytes(), address=one.shown, passwords=passwords)


def _folder(path: Path, given: str, limits: Limits) -> Iterator[Intake]:
    errors: list[OSError] = []
    found = False
    for folder, names, files in os.walk(path, onerror=errors.append):
        names.sort()
        for name in sorted(files):
            inner = Path(folder) / name
            shown = shown_name(str(Path(given) / inner.relative_to(path)))
            found = True
            if inner.is_symlink():
                yield Intake(inner, shown, skipped="symbolic link, not followed")
            elif name.lower().startswith(NOT_EVIDENCE):
                yield Intake(inner, shown, skipped="index file, holds no evidence")
            else:
                yield recognise(inner, shown, limits)
    for error in errors:
        yield Intake(
            Path(error.filename),
            shown_name(str(error.filename)),
            skipped=f"cannot be read: {error.strerror}",
            failed=True,
        )
    if not found and not errors:
        yield Intake(path, shown_name(given), skipped="empty folder")
