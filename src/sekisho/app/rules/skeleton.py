"""``sekisho rules new``: a rule to fill in, with empty samples where they belong."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from uuid import UUID

from sekisho.detect.lint import FILL_IN
from sekisho.model.errors import ResponseError, SekishoError

KINDS = {"mail": "email/attachment", "endpoint": "windows/process_creation", "correlation": ""}
"""Kind of rule, which is also its folder, and the logsource it has unless told otherwise."""
FIELDS = {
    "email/message": "subject",
    "email/attachment": "name",
    "email/url": "canonical",
    "windows/file_event": "TargetFilename",
    "windows/network_connection": "DestinationHostname",
    "windows/dns_query": "QueryName",
    "windows/image_load": "ImageLoaded",
    "windows/registry_set": "TargetObject",
    "windows/ps_script": "ScriptBlockText",
}
"""A field to begin with, by logsource; ``CommandLine`` for any other."""
NAME = re.compile(r"[a-z0-9_]+")
PARTS = ("product", "category", "service")


def create(
    name: str, *, kind: str, title: str, day: date, logsource: str = "", folder: str = "rules", samples: str = ""
) -> list[Path]:
    """Write a rule and its empty samples; give the paths, rule first.

    Args:
        name: of the file, without its ending.
        kind: one of KINDS.
        title: of the rule.
        day: today.
        logsource: ``product/category/service``, any of them empty.
        folder: where rules are; the file goes into ``<folder>/<kind>``.
        samples: where samples are; when empty, in ``tests`` beside the folder of rules.

    Raises:
        SekishoError: name or logsource cannot be used.
        ResponseError: a file is there already or cannot be written.
    """
    if not NAME.fullmatch(name):
        raise SekishoError(f"{name}: a rule's file name has lower-case letters, digits and _ only")
    head = _head(title, day)
    body = _correlation() if kind == "correlation" else _detection(logsource or KINDS[kind])
    rule = Path(folder) / kind / f"{name}.yml"
    below = Path(samples or Path(folder).parent / "tests" / Path(folder).name) / kind / name
    places = [below / f"{word}.json" for word in ("hit", "miss")]
    texts = {rule: head + body, **(dict.fromkeys(places, "[]\n") if kind != "correlation" else {})}
    for path in texts:
        if path.exists():
            raise ResponseError("is there already", str(path))
    for path, text in texts.items():
        save(path, text.encode(), new=True)
    return list(texts)


def save(path: Path, data: bytes, *, new: bool = False) -> None:
    """Write a file; ``new`` refuses one that is there.

    Raises:
        ResponseError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb" if new else "wb") as file:
            file.write(data)
    except OSError as error:
        raise ResponseError(f"cannot be written: {error.strerror}", str(path)) from error


def _head(title: str, day: date) -> str:
    return f"""title: {_quoted(title)}
id: {UUID(bytes=os.urandom(16), version=4)}
status: experimental
description: {FILL_IN} what happens, and why it is bad
references: []
date: {day.isoformat()}
tags: []
"""


def _detection(logsource: str) -> str:
    words = [*(part.strip().lower() for part in logsource.split("/")), "", "", ""][:3]
    if not any(words) or logsource.count("/") > 2:
        raise SekishoError(f"{logsource}: a logsource is written product/category/service, e.g. windows/dns_query")
    named = "".join(f"  {part}: {_quoted(word)}\n" for part, word in zip(PARTS, words, strict=True) if word)
    field = FIELDS.get("/".join(word for word in words if word), "CommandLine")
    return f"""logsource:
{named}detection:
  selection:
    {field}|contains: '{FILL_IN}'
  condition: selection
falsepositives:
  - Unknown
level: medium
"""


def _correlation() -> str:
    return f"""correlation:
  type: temporal_ordered
  rules:
    - {FILL_IN}_first_rule
    - {FILL_IN}_second_rule
  group-by:
    - User
  timespan: 1h
falsepositives:
  - Unknown
level: high
"""


def _quoted(text: str) -> str:
    """Write a YAML scalar that reads back as this text."""
    plain = re.fullmatch(r"[A-Za-z][\w ./-]*", text) and text.lower() not in ("true", "false", "null")
    return text if plain else "'" + " ".join(text.split()).replace("'", "''") + "'"
