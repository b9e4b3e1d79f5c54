"""The values that a user gives for placeholders: names that rules use with the modifier ``expand``."""

from __future__ import annotations

from sekisho.detect._values import text_of
from sekisho.detect._written import Table
from sekisho.detect._yaml import documents
from sekisho.model.errors import RuleError

MAX_CHARS = 4_000_000


def values(path: str, text: str) -> dict[str, tuple[str, ...]]:
    """Read placeholders from YAML: a mapping of names, without their percent signs, to a value or a list of values.

    Args:
        path: for messages.
        text: one document or more; later ones add names.

    Raises:
        RuleError: not such a mapping, or a name twice.
    """
    if len(text) > MAX_CHARS:
        raise RuleError(f"text of more than {MAX_CHARS} characters", path)
    found: dict[str, tuple[str, ...]] = {}
    for document in documents(path, text):
        if not isinstance(document, Table):
            raise RuleError("placeholders must be a mapping of names to lists of values", path)
        for written, given in document.items():
            name, line = written.strip("%"), document.line_of(written)
            listed = given if isinstance(given, list) else [given]
            if name in found:
                raise RuleError(f"placeholder {name} is there twice", path, line)
            if not listed or any(one is None or isinstance(one, (dict, list)) for one in listed):
                raise RuleError(f"placeholder {name} needs a value or a list of values", path, line)
            found[name] = tuple(getattr(one, "text", None) or text_of(one) for one in listed)
    return found
