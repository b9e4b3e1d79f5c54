"""Organisation files are read here: whose mail it is, in YAML; and files of DKIM keys."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sekisho.detect._written import Table
from sekisho.detect._yaml import documents
from sekisho.model.errors import RuleError
from sekisho.model.organisation import NOBODY, Organisation, Person

KEYS = ("domains", "partners", "people", "relays", "dkim_keys")
PERSON_KEYS = ("name", "also", "addresses")
MAX_CHARS = 1_000_000  # of an organisation file: some ten thousand people
MAX_KEY_CHARS = 20_000_000  # of a file of keys
ENTRIES = 20_000  # of one list
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,20}[^\W\d_](?:[\w-]{0,61}[^\W_])?")
_ADDRESS = re.compile(r"[^\s@<>\",;]{1,64}@[^\s@<>\",;]{3,253}")
_NAME = re.compile(r"[\w.-]{1,253}")
_QUOTED = re.compile(r'"([^"]*)"')


def read(path: str = "", keys: str = "") -> Organisation:
    """Read an organisation file and a file of DKIM keys; either may be missing.

    Raises:
        RuleError: the first thing that cannot be used, with file and line.
    """
    found = _organisation(path) if path else NOBODY
    return replace(found, keys={**found.keys, **read_keys(keys)}) if keys else found


def _organisation(path: str) -> Organisation:
    written = list(documents(path, _text(path, MAX_CHARS)))
    if len(written) != 1 or not isinstance(written[0], Table):
        raise RuleError("must be one mapping with any of " + ", ".join(KEYS), path)
    table = written[0]
    for key in table:
        if key not in KEYS:
            raise RuleError(f"{key!r} is none of {', '.join(KEYS)}", path, table.line_of(key))
    keys = table.get("dkim_keys")
    if keys is not None and (not isinstance(keys, str) or not keys.strip()):
        raise RuleError("dkim_keys must be the path of a file", path, table.line_of("dkim_keys"))
    return Organisation(
        domains=_domains(path, table, "domains"),
        partners=_domains(path, table, "partners"),
        people=tuple(_people(path, table)),
        relays=frozenset(_relay(path, table, one) for one in _texts(path, table, "relays")),
        keys=read_keys(str(Path(path).parent / keys)) if keys else {},
    )


def _domains(path: str, table: Table, key: str) -> frozenset[str]:
    found = []
    for one in _texts(path, table, key):
        name = one.lower().strip(".")
        if not _DOMAIN.fullmatch(name):
            raise RuleError(f"{key}: {one!r} is no domain", path, table.line_of(key))
        try:
            found += [name] if name.isascii() else [name, name.encode("idna").decode("ascii")]
        except UnicodeError as error:
            raise RuleError(f"{key}: {one!r} is no domain", path, table.line_of(key)) from error
    return frozenset(found)


def _relay(path: str, table: Table, one: str) -> str:
    name = one.lower().strip()
    try:
        ipaddress.ip_network(name, strict=False)
    except ValueError as error:
        if not _NAME.fullmatch(name) or name.replace(".", "").isdigit():
            raise RuleError(f"relays: {one!r} is no host, address or network", path, table.line_of("relays")) from error
    return name


def _people(path: str, table: Table) -> Iterator[Person]:
    written = table.get("people")
    if written is None:
        return
    if not isinstance(written, list) or len(written) > ENTRIES:
        raise RuleError(f"people must be a list of at most {ENTRIES}", path, table.line_of("people"))
    for one in written:
        if not isinstance(one, Table):
            raise RuleError("each of people must be a mapping with a name", path, table.line_of("people"))
        for key in one:
            if key not in PERSON_KEYS:
                raise RuleError(f"{key!r} is none of {', '.join(PERSON_KEYS)}", path, one.line_of(key))
        name = one.get("name")
        if not isinstance(name, str) or not name.strip():
            raise RuleError("a person has no name", path, one.line)
        addresses = _texts(path, one, "addresses")
        for address in addresses:
            if not _ADDRESS.fullmatch(address):
                raise RuleError(f"addresses: {address!r} is no mail address", path, one.line_of("addresses"))
        yield Person((name.strip(), *_texts(path, one, "also")), frozenset(address.lower() for address in addresses))


def _texts(path: str, table: Table, key: str) -> list[str]:
    """Give a list of texts, or the one that stands alone."""
    written = table.get(key)
    values = [] if written is None else written if isinstance(written, list) else [written]
    if len(values) > ENTRIES or not all(isinstance(one, str) and one.strip() for one in values):
        raise RuleError(f"{key} must be text or a list of at most {ENTRIES} texts", path, table.line_of(key))
    return [one.strip() for one in values]


def read_keys(path: str) -> dict[str, tuple[str, ...]]:
    """Read DKIM keys: a line has ``selector._domainkey.domain`` and the TXT record, quoted in pieces or not.

    Lines of a zone file (``name. 3600 IN TXT "v=DKIM1; " "p=..."``) are read as well; ``#`` and ``;`` start comments.

    Raises:
        RuleError: a line is neither.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_text(path, MAX_KEY_CHARS).splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        name, _, rest = line.strip().partition(" ") if " " in line.strip() else line.strip().partition("\t")
        name = name.strip().strip(".").lower()
        pieces = _QUOTED.findall(rest)
        record: Any = "".join(pieces) if pieces else re.sub(r"^\s*(?:\d+\s+)?(?:IN\s+)?(?:TXT\s+)?", "", rest).strip()
        if "._domainkey." not in name or "p=" not in record:
            raise RuleError("must be selector._domainkey.domain and its TXT record", path, number)
        found.setdefault(name, []).append(record)
    return {name: tuple(records[:10]) for name, records in found.items()}


def _text(path: str, limit: int) -> str:
    try:
        with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(limit + 1)
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", path) from error
    if len(text) > limit:
        raise RuleError(f"text of more than {limit} characters", path)
    return text
