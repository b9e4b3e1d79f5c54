"""Passwords and keys for other systems: in a file that only the console's user can read, or in the environment.

They are written and used, never shown: whoever reads the settings learns only whether there is one.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import orjson

from sekisho.model.errors import SourceError

NAME = "secrets.json"
VARIABLE = "SEKISHO_SECRET_"
NAMES = ("webhook", "imap", "graph", "smtp", "slack", "teams", "hook", "inbox")
LONGEST = 4096


class Vault:
    """The secrets beside a console's database."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where the console's database lies."""
        self._path = folder / NAME

    def get(self, name: str) -> str:
        """Give a secret: the environment's, else the kept one, else nothing."""
        return os.environ.get(VARIABLE + name.upper()) or self._kept().get(name, "")

    def known(self) -> frozenset[str]:
        """Give the names of the secrets there are."""
        kept = self._kept()
        return frozenset(name for name in NAMES if os.environ.get(VARIABLE + name.upper()) or kept.get(name))

    def keep(self, name: str, value: str) -> None:
        """Keep a secret, or forget it when it is empty; wholly or not at all.

        Raises:
            SourceError: there is no such secret, it is too long or of several lines, or it cannot be written.
        """
        if name not in NAMES:
            raise SourceError("there is no such secret", name[:100])
        if len(value) > LONGEST or any(ord(char) < 32 for char in value):
            raise SourceError(f"a secret is one line of {LONGEST} characters at most", name)
        kept = self._kept()
        kept.pop(name, None)
        if value:
            kept[name] = value
        place = self._path.with_name(f".{NAME}.{secrets.token_hex(6)}")
        try:
            held = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(held, "wb") as file:
                file.write(orjson.dumps(kept))
                file.flush()
                os.fsync(file.fileno())
            place.replace(self._path)
        except OSError as error:
            raise SourceError(f"cannot be kept: {error.strerror or error}", NAME) from error
        finally:
            place.unlink(missing_ok=True)

    def _kept(self) -> dict[str, str]:
        try:
            read = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, orjson.JSONDecodeError) as error:
            raise SourceError("cannot be read", NAME) from error
        return {name: value for name, value in read.items() if isinstance(value, str)} if isinstance(read, dict) else {}
