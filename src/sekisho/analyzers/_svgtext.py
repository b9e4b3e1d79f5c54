"""Telling SVG from HTML and other XML by its first element, and its markup as a page's.

Source: SVG 2, 1.4 and 5.1.1; XML 1.0, 2.8 (prolog).
"""

from __future__ import annotations

import re

HEAD = 8_192
_PROLOG = (
    r"(?>\s+|<!--.*?-->|<\?[^>]*>|<!DOCTYPE\s+(?:[\w-]+:)?svg[^>\[]*(?:\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*)?>)*+"
)
_ROOT = re.compile(rf"{_PROLOG}<(?:[A-Za-z][\w-]{{0,40}}:)?svg[\s/>:]", re.IGNORECASE | re.DOTALL)
_PREFIX = re.compile(
    r"(</?)[A-Za-z][\w-]{0,40}:(?=(?:svg|script|a|image|use|foreignObject|g|text|style|set|animate)\b)"
)
_XLINK = re.compile(r"(?<![\w-])[A-Za-z][\w-]{0,40}:href(?=\s*=)")


def is_svg(text: str) -> bool:
    """Tell whether the first element of a text is ``svg``."""
    return "svg" in text[:HEAD].lower() and _ROOT.match(text[:HEAD].lstrip("\ufeff")) is not None


def as_markup(source: str) -> str:
    """Give SVG without the prefixes that only XML readers resolve."""
    return _XLINK.sub("href", _PREFIX.sub(r"\1", source))
