"""The words of the rules commands in the reader's language, with values that cannot act on a screen."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from sekisho.respond.wording import safe


class Texts:
    """One language's catalogue."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalogue(language)

    def get(self, key: str, /, **values: Any) -> str:
        """Word one key; values are cut, cleaned and defanged."""
        return self._texts[key].format_map({name: safe(value) for name, value in values.items()})


@cache
def catalogue(language: str) -> dict[str, str]:
    """Load one language's texts; flat keys with dots."""
    text = resources.files("sekisho.app.rules").joinpath(f"words/{language}.toml").read_text(encoding="utf-8")
    return {str(key): str(value) for key, value in tomllib.loads(text).items()}
