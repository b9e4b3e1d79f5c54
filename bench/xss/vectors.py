"""Script injections and honest text to measure the detector on, cut into a half to develop on and one held back.

The halves are told by a hash of each text, so that they never change. What the detector misses may be looked at in the
development half only; ``evaluate.py`` reports both.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import yaml
from selectolax.lexbor import LexborHTMLParser

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


def customers() -> dict[str, list[str]]:
    """Give what customers write, by the headings of ``customers.txt``."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("customers.txt").read_text("utf-8").splitlines():
        if line[:1] == "[" and line[-1:] == "]" and line[1:-1].isalpha() and line.isascii():
            words = found.setdefault(line[1:-1], [])
        elif line and found:
            words.append(line)
    return found


def honest(count: int = 40_000, seed: int = 1) -> Iterator[Sample]:
    """Give texts of customers who mean no harm: addresses, companies and remarks with their symbols.

    The words of the two halves are different ones, told by their hashes, and those below ``later`` are held: else the
    held half would be no other text.
    """
    dice, words = Random(seed), customers()
    names = ("cities", "towns", "buildings", "companies", "notes")
    halves = [[[word for word in words[name] if is_held(word) is held] for name in names] for held in (False, True)]
    halves[True][4] += words["later"]
    for number in range(count):
        held = number % 2 == 1
        cities, towns, buildings, companies, notes = halves[held]
        kind = number // 2 % 4
        if kind == 0:
            text = f"{dice.choice(cities)}{dice.choice(towns)}{dice.randrange(1, 9)}-{dice.randrange(1, 40)}-{number}"
            text += " " + dice.choice(buildings).format(n=dice.randrange(1, 40))
        elif kind == 1:
            text = f"{dice.choice(companies)} {dice.choice(words['prefectures'])}支店{number}"
        elif kind == 2:
            text = f"{dice.choice(notes)} {dice.choice(notes)} {number}"
        else:
            text = dice.choice((f"{number}{dice.choice(notes)}", dice.choice(notes), dice.choice(companies)))
        yield Sample("customers", (text,), False, held, str(number))


def ham(limit: int = 100_000) -> Iterator[Sample]:
    """Give the paragraphs of honest mails' plain texts, and what readers see of their pages."""
    for folder in ("spamassassin_corpus", "modern_ham_derived"):
        for path in sorted(path for path in (DATA / "mail" / folder).rglob("*") if path.is_file())[:limit]:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
            for part in message.walk():
                kind = part.get_content_type()
                if kind not in ("text/plain", "text/html") or part.is_multipart():
                    continue
                raw = part.get_payload(decode=True)
                text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
                if kind == "text/html":
                    body = LexborHTMLParser(text).body
                    text = body.text(separator="\n") if body else ""
                for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
                    if paragraph.strip():
                        yield Sample(folder, (paragraph,), False, is_held(paragraph), f"{path.name}:{number}")


def addresses(folder: Path = DATA / "url") -> Iterator[Sample]:
    """Give the WHATWG's URL vectors but those whose scheme is a script's or carries data."""
    seen: set[str] = set()
    for path in sorted(folder.glob("*urltestdata.json")):
        for entry in json.loads(path.read_text("utf-8", "surrogatepass")):
            text = entry.get("input", "") if isinstance(entry, dict) else ""
            plain = re.sub(r"[\x00-\x20]", "", text).lower()
            if text and text not in seen and not plain.startswith(("javascript:", "data:", "vbscript:")):
                seen.add(text)
                yield Sample("url", (text,), False, is_held(text), path.name)
