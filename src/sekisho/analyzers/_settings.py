"""Settings as Windows keeps them in text: sections in brackets, and ``name=value`` lines.

Source: Microsoft, "GetPrivateProfileString": names without case, of two lines the first counts.
"""

from __future__ import annotations

import re

from sekisho.analyzers._script import script_text

TEXT_BYTES = 1 << 20
LINES = 20_000
_SECTION = re.compile(r"\s*\[([^\]\r\n]{1,260})\]")
Settings = dict[str, dict[str, str]]


def read_settings(data: bytes) -> Settings:
    """Give values by section and name, both lower case; what stands before the first section is under an empty name."""
    found: Settings = {"": {}}
    current = found[""]
    for line in script_text(data[:TEXT_BYTES]).lstrip("\ufeff").splitlines()[:LINES]:
        if head := _SECTION.match(line):
            current = found.setdefault(head[1].strip().lower(), {})
        elif not line.lstrip().startswith((";", "#")):
            name, equals, value = line.partition("=")
            if equals:
                current.setdefault(name.strip().lower(), value.strip()[:8_000])
    return found
