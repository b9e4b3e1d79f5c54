"""What the exchange commands share: options, and how they write and say things."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.app.exchange.export import Wish

GOOD, FOUND, USAGE, PARTIAL = range(4)
TLP = ("clear", "green", "amber", "amber+strict", "red")


def out_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--out``."""
    parser.add_argument("--out", default="", metavar="FILE", help="write it here (- for standard output)")


def telling_options(parser: argparse.ArgumentParser, language: str) -> None:
    """Add the options that say what is told, and to whom."""
    add = parser.add_argument
    add("--incident", action="append", default=[], metavar="ID", help="only this incident (repeatable; default: all)")
    add("--organisation", default="", metavar="FILE", help="YAML: own and partner domains, which are never blocked")
    add("--exercise", action="store_true", help="keep names and addresses reserved for documentation (lab cases)")
    add("--internal", action="store_true", help="name victims: the reader is inside")
    add("--tlp", choices=TLP, default="amber", help="Traffic Light Protocol 2.0 label (default: amber)")
    add("--producer", default="Sekisho", metavar="NAME", help="who tells it")
    add("--lang", choices=("en", "ja"), default=language, help="language of texts (default: from LANG)")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes (default: all cores)")


def wish_of(chosen: argparse.Namespace) -> Wish:
    """Read the options of :func:`telling_options`."""
    from sekisho.app import organisation
    from sekisho.app.exchange.export import Wish
    from sekisho.respond.observed import own_names

    return Wish(
        language=chosen.lang,
        incidents=tuple(chosen.incident),
        own=own_names(organisation.read(chosen.organisation)),
        exercise=chosen.exercise,
        internal=chosen.internal,
        tlp=chosen.tlp,
        producer=chosen.producer,
    )


def shown(value: str) -> str:
    """Give a value fit for a screen."""
    from sekisho.respond.wording import safe

    return safe(value)


def say(lines: Sequence[str], total: int = 0, words: Any = None) -> None:
    """Tell the user lines on standard error, so that standard output stays what ``--out -`` asked for."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    if words is not None and total > len(lines):
        sys.stderr.write(f"{words.get('export.more', count=total - len(lines))}\n")


def save(path: str, data: bytes) -> None:
    """Write what was made; nothing where no path is given.

    Raises:
        ResponseError: it cannot be written.
    """
    from sekisho.model.errors import ResponseError

    if not path:
        return
    try:
        if path == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            Path(path).write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror}", path) from error


def writer(path: str) -> Callable[[bytes], None]:
    """Give what writes piece by piece to where :func:`save` writes at once; the first piece takes an old file's place.

    Both raise alike.
    """
    from sekisho.model.errors import ResponseError

    begun = False

    def write(data: bytes) -> None:
        nonlocal begun
        if path in ("", "-") or not begun:
            begun = True
            save(path, data)
            return
        try:
            with Path(path).open("ab") as file:
                file.write(data)
        except OSError as error:
            raise ResponseError(f"cannot be written: {error.strerror}", path) from error

    return write
