"""Indicators: typed values that may be looked for elsewhere, in one spelling each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from ntpath import basename

from sekisho.model.registered import is_top_level
from sekisho.model.urltext import parse_url, refang

KINDS = ("ip", "domain", "url", "email", "md5", "sha1", "sha256", "file")
"""Kinds of value; ``file`` is a file's name without its folders."""
AGE_DAYS = {"ip": 30, "url": 90, "domain": 120, "email": 180, "md5": 3650, "sha1": 3650, "sha256": 3650, "file": 90}
"""Days after which a value of a kind is old, where nobody says otherwise.

Source: hashes never mean anything else, so ten years; for the rest the lifetimes of MISP's default decaying models (3
to 120 days) and the weeks after which rented addresses change hands; users set their own.
"""
HASH_CHARS = {32: "md5", 40: "sha1", 64: "sha256"}
TEXT_CHARS = 2_048
"""Longest value read. Source: what browsers and gateways handle as a URL in practice."""
_HEX = re.compile(r"[0-9a-f]{32,64}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_EMAIL = re.compile(r"[^\s@<>\"',;:/\\]{1,64}@([^\s@<>\"',;:/\\]{3,253})")
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,12}:[\\/]{1,3}", re.IGNORECASE)
_NUMERIC = re.compile(r"[0-9.]+")


@dataclass(frozen=True, slots=True)
class Indicator:
    """A value that stands for an attack while it is fresh."""

    kind: str
    """One of KINDS."""
    value: str
    """As :func:`canonical` spells it."""
    confidence: int = 50
    """0 to 100, as STIX and MISP count. Source: STIX 2.1, appendix A."""
    first_at: int | None = None
    last_at: int | None = None
    """UTC seconds of the first and last time it was seen, by whoever told of it."""
    until_at: int | None = None
    """UTC seconds at which it is to be forgotten; None where whoever told of it does not say."""
    source: str = ""
    """Who told of it."""
    note: str = ""
    """What it is, in the teller's words; hostile text."""
    sightings: int = 0
    """How often it was seen since, by whoever told of it."""


def canonical(kind: str, text: str) -> str | None:
    """Give a value of a known kind in the one spelling that is compared; None when it is no such value.

    Defanged spellings are read. Nothing here resolves, visits or guesses: an address range, a pattern or half a name
    is no value.
    """
    written = refang(text.strip()[: TEXT_CHARS + 1])
    if not written or len(written) > TEXT_CHARS:
        return None
    if kind in ("md5", "sha1", "sha256"):
        low = written.lower()
        return low if _HEX.fullmatch(low) and HASH_CHARS.get(len(low)) == kind else None
    if kind == "ip":
        return _address(written)
    if kind == "url":
        return _url(written)
    if kind == "email":
        found = _EMAIL.fullmatch(written)
        return written.lower() if found and _host(found[1]) else None
    if kind == "file":
        name = basename(written).strip()
        return name.casefold() if name and not any(ord(letter) < 32 for letter in name) else None
    return _host(written) if kind == "domain" else None


def guess(text: str) -> tuple[str, str] | None:
    """Give kind and value of a text that does not say what it is; file names are not guessed."""
    written = refang(text.strip()[: TEXT_CHARS + 1])
    length_kind = HASH_CHARS.get(len(written))
    if length_kind and (value := canonical(length_kind, written)):
        return length_kind, value
    order = ("url",) if _HAS_SCHEME.match(written) else ("ip", "email", "domain")
    for kind in order:
        if (value := canonical(kind, written)) and (kind in ("url", "ip") or is_top_level(value.rpartition(".")[2])):
            return kind, value
    head, slash, rest = written.partition("/")
    if _address(head) and rest.isdigit():
        return None  # a range of addresses
    named = _host(head) if slash else None
    if (
        slash
        and (_address(head) or (named and is_top_level(named.rpartition(".")[2])))
        and (value := canonical("url", f"http://{written}"))
    ):
        return "url", value
    return None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return None


def _host(text: str) -> str | None:
    """Give a name in its ASCII form; at least two labels, the last of which is no number."""
    name = text.rstrip(".")
    if not name.isascii():
        name = parse_url(f"http://{name}/").host
    name = name.lower()
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(one) for one in labels):
        return None
    return None if _NUMERIC.fullmatch(labels[-1]) else name


def _url(text: str) -> str | None:
    if not _HAS_SCHEME.match(text):
        return None
    url = parse_url(text)
    if not url.canonical or not url.host or not (url.ip or _host(url.host)):
        return None
    return url.canonical.partition("#")[0]


def host_of(kind: str, value: str) -> str:
    """Give the host that a value names, empty for hashes and files."""
    if kind in ("ip", "domain"):
        return value
    if kind == "email":
        return value.rpartition("@")[2]
    return _authority(value) if kind == "url" else ""


def _authority(url: str) -> str:
    """Give the host of a URL in its canonical spelling, without parsing it again."""
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def joined(old: Indicator, new: Indicator) -> Indicator:
    """Give one indicator of what two tellers say: the widest span, the surer word, all sightings."""
    firsts = [at for at in (old.first_at, new.first_at) if at is not None]
    lasts = [at for at in (old.last_at, new.last_at) if at is not None]
    ends = [at for at in (old.until_at, new.until_at) if at is not None]
    return replace(
        new,
        confidence=max(old.confidence, new.confidence),
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        until_at=max(ends, default=None),
        note=new.note or old.note,
        sightings=old.sightings + new.sightings,
    )
