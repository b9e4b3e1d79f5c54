"""Script injections and honest text to measure the detector on, cut into a half to develop on and one held back.

The halves are told by a hash of each text, so that they never change. What the detector misses may be looked at in the
development half only; ``evaluate.py`` reports both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import yaml

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
WEBLOGS = DATA / "weblogs"
HEADERS = ("user-agent", "referer", "cookie", "x-forwarded-for")
"""Request headers that logs and pages show."""


class Sample(NamedTuple):
    """One text or request with what is known of it."""

    kind: str
    """Where it is from."""
    texts: tuple[str, ...]
    """A request has several: parts of its address, its fields, its headers."""
    is_attack: bool
    held: bool
    name: str


def is_held(text: str) -> bool:
    """Tell whether a text belongs to the half that is held back."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 1


def libinjection(folder: Path = WEBLOGS / "libinjection") -> Iterator[Sample]:
    """Give the vectors of libinjection, each once: all are attacks; lines that begin with # are remarks."""
    seen: set[str] = set()
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            text = line.decode("utf-8", "replace").strip("\r")
            if text.strip() and not text.startswith("#") and text not in seen:
                seen.add(text)
                yield Sample("libinjection", (text,), True, is_held(text), f"{path.stem}:{number}")


def core_rule_set(folder: Path = WEBLOGS / "crs-941") -> Iterator[Sample]:
    """Give the requests of the Core Rule Set's 941 tests, with what their rule is expected to say."""
    for path in sorted(folder.rglob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        for test in document["tests"]:
            for stage in test["stages"]:
                log = (stage.get("output") or {}).get("log") or {}
                texts = tuple(_texts(stage["input"]))
                if "expect_ids" in log or "no_expect_ids" in log:
                    attack = "expect_ids" in log
                    held = is_held("\n".join(texts))
                    yield Sample("crs-941", texts, attack, held, f"{document['rule_id']}-{test['test_id']}")


def _texts(request: dict[str, Any]) -> Iterator[str]:
    """Give the places of a request that an attacker fills."""
    uri = str(request.get("uri", ""))
    path, _, query = uri.partition("?")
    yield path
    yield from _form(query)
    for name, value in (request.get("headers") or {}).items():
        if name.lower() in HEADERS:
            yield from re.split(r";\s*", str(value)) if name.lower() == "cookie" else [str(value)]
            if name.lower() == "cookie":
                yield str(value)
    body = str(request.get("data") or "")
    if body:
        yield body
        yield from _form(body)


def _form(text: str) -> Iterator[str]:
    if text:
        yield text
    for pair in text.split("&") if text else ():
        name, _, value = pair.partition("=")
        yield unquote_plus(name)
        yield unquote_plus(value)
