"""A folder that came as a ZIP becomes the files of a case: all of it or, when it is not what it says, none of it.

ZIPs that are evidence themselves (a password, a member no folder would hold) are kept whole: the analysers open those.
"""

from __future__ import annotations

import errno
import lzma
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sekisho.app.console.audit import Actor
from sekisho.app.console.cases import PIECE_BYTES, Added, Cases, pieces
from sekisho.model.errors import SourceError

MOST_MEMBERS = 100_000
MOST_RATIO, RATIO_FREE_BYTES = 1000, 1024 * 1024
"""Unpacked bytes for one packed, of members larger than the free amount; logs of one repeated line reach some 900."""
_ENCRYPTED, _UTF8 = 0x1, 0x800


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What became of a ZIP."""

    added: tuple[Added, ...]
    kept_whole: str
    """Why it was not unpacked but kept as one file; empty when it was unpacked."""


def unpack(cases: Cases, key: str, name: str, place: Path, most_bytes: int, by: Actor) -> Unpacked:
    """Add what a ZIP holds to a case, below a folder of the ZIP's name.

    Args:
        cases: the cases.
        key: the case.
        name: what the ZIP is called.
        place: where it lies; it is left there.
        most_bytes: of all it unpacks to.
        by: who gave it.

    Raises:
        SourceError: there is no such case, or the disk is full; what was added until then stays.
    """
    folder = cases.incoming / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        members = list(_members(place, folder, most_bytes))
    except _BROKEN as error:
        if (
            isinstance(error, OSError) and error.errno != errno.EINVAL
        ):  # that one is a place before the file's beginning
            raise SourceError(f"cannot be unpacked: {error.strerror or error}", name[:200]) from error
        whole = cases.add(key, name, pieces(place), by)
        reason = str(error) if isinstance(error, _RefusalError) else "is no ZIP that can be unpacked"
        return Unpacked((whole,), reason)
    else:
        stem = Path(name.replace("\\", "/")).stem
        return Unpacked(tuple(cases.add(key, f"{stem}/{path}", pieces(file), by) for path, file in members), "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _RefusalError(Exception):
    """Why a ZIP is kept whole."""


_BROKEN = (
    *(_RefusalError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, EOFError, RuntimeError, ValueError, OSError),
)  # what the library raises on hostile bytes


def _members(place: Path, folder: Path, most_bytes: int) -> Iterator[tuple[str, Path]]:
    """Unpack each member into a numbered file, and give it with its own name."""
    with zipfile.ZipFile(place) as archive:
        infos = [one for one in archive.infolist() if not one.is_dir()]
        if len(infos) > MOST_MEMBERS:
            raise _RefusalError(f"holds {len(infos)} files; {MOST_MEMBERS} are unpacked at most")
        if any(one.flag_bits & _ENCRYPTED for one in infos):
            raise _RefusalError("has a password")
        left = most_bytes
        for number, one in enumerate(infos):
            file = folder / str(number)
            most = min(left, max(RATIO_FREE_BYTES, one.compress_size * MOST_RATIO))
            with archive.open(one) as packed, file.open("xb") as out:
                left -= _copied(packed, out, most, one.filename)
            yield _name(one), file


def _copied(packed: object, out: object, most: int, name: str) -> int:
    """Copy a member, whatever size it claims, and give its size."""
    count = 0
    while piece := packed.read(PIECE_BYTES):  # type: ignore[attr-defined]
        count += len(piece)
        if count > most:
            raise _RefusalError(f"unpacks to more than is allowed at {name[:200]}")
        out.write(piece)  # type: ignore[attr-defined]
    return count


def _name(one: zipfile.ZipInfo) -> str:
    """Give a member's name; Windows in Japan writes it in its own code page without saying so.

    Source: APPNOTE.TXT 6.3.10, 4.4.4 bit 11 and appendix D.
    """
    if one.flag_bits & _UTF8 or one.filename.isascii():
        return one.filename
    raw = one.orig_filename.encode("cp437", "replace")
    for charset in ("utf-8", "cp932"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return one.filename
