"""Signatures of a mail (DKIM, ARC) held against its bytes: the body without any key, all of it with keys from a file.

Nothing is looked up: a key is one that the organisation gave, or there is none. Bare line feeds count as line ends,
as a mail has them once it was saved as a file.

Source: RFC 6376 3.4 to 3.7 and 6.1 (DKIM), RFC 8301 (key sizes, SHA-1), RFC 8463 (Ed25519), RFC 8617 5.2 (ARC).
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sekisho.analyzers.headers import Fields
from sekisho.model.artifact import Feature

SIGNATURE_FEATURES = (
    *("auth.dkim_body", "auth.dkim_claimed", "auth.dkim_verified", "auth.dkim_verified_domain"),
    *("auth.dkim_verified_why", "auth.arc_sealer", "auth.arc_verified", "auth.arc_verified_why"),
)
SIGNATURES = 10
"""Looked into of one mail; each costs one hash of the body."""
INSTANCES = 50
"""ARC sets of one mail. Source: RFC 8617 4.2.1."""
BODY_BYTES = 16 * 1024 * 1024
"""Larger bodies are not hashed."""
RSA_BITS = (1024, 8192)
"""Accepted key sizes. Source: RFC 8301 3.2 for the lower bound."""

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]{0,30})\s*=(.*)", re.DOTALL)
_OWN = re.compile(rb"(^|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*")
"""Any that are more than one space: single ones stay, and are by far the most."""
_ALL_BLANKS = re.compile(rb"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One header field as it stands, folded."""

    name: str
    """Lower case."""
    raw: bytes
    """With its name and line ends (CRLF)."""
    value: bytes


class _Bodies:
    """The body in both canonical forms, each made once."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.made: dict[bool, bytes] = {}

    def digest(self, tags: Mapping[str, str]) -> bytes:
        """Give the hash that ``bh`` must hold."""
        relaxed = _forms(tags)[1]
        if relaxed not in self.made:
            self.made[relaxed] = canonical_body(self.body, relaxed=relaxed)
        data = self.made[relaxed]
        length = tags.get("l", "")
        if length.isascii() and length.isdigit() and len(length) < 20:
            data = data[: int(length)]
        return hashlib.new(_hash(tags), data, usedforsecurity=False).digest()


def signature_features(
    data: bytes, body_at: int, fields: Fields, keys: Mapping[str, tuple[str, ...]]
) -> Iterator[Feature]:
    """Give what the mail's own signatures prove.

    Yields:
        For each DKIM signature ``auth.dkim_claimed`` (its domain) and ``auth.dkim_body`` (``pass`` or ``fail``: whether
        the body is still the one that was signed); with keys ``auth.dkim_verified`` (``pass``, ``fail``, ``no key``)
        with ``auth.dkim_verified_why``, and the domain of each that passed. The same for the ARC chain as a whole.
    """
    if not fields.names & {"dkim-signature", "arc-seal"} or len(data) - body_at > BODY_BYTES:
        return
    lines = header_lines(data[:body_at])
    bodies = _Bodies(data[body_at:])
    for line in [line for line in lines if line.name == "dkim-signature"][:SIGNATURES]:
        yield from _dkim(line, lines, bodies, keys)
    yield from _arc(lines, bodies, keys)


def _dkim(line: Line, lines: list[Line], bodies: _Bodies, keys: Mapping[str, tuple[str, ...]]) -> Iterator[Feature]:
    tags = tag_list(line.value.decode("latin-1"))
    domain = tags.get("d", "").lower().strip(".")
    if not domain or len(domain) > 255:
        return
    yield Feature("auth.dkim_claimed", domain)
    same = _same_body(tags, bodies)
    if same is not None:
        yield Feature("auth.dkim_body", "pass" if same else "fail")
    if keys:
        why = "body was changed" if same is False else _signed(line, lines, tags, keys)
        if not why and "from" not in _names(tags):
            why = "does not cover From"
        yield from _told("auth.dkim_verified", why, f"{tags.get('s', '')}._domainkey.{domain}")
        if not why:
            yield Feature("auth.dkim_verified_domain", domain)


def _told(name: str, why: str, key: str) -> Iterator[Feature]:
    yield Feature(name, why if why == "no key" else "fail" if why else "pass")
    if why:
        yield Feature(f"{name}_why", f"{key[:400]}: {why}")


def _same_body(tags: Mapping[str, str], bodies: _Bodies) -> bool | None:
    """Tell whether the body has the hash that was signed; None when the signature is too broken to say."""
    if _hash(tags) not in ("sha256", "sha1") or not (said := _decoded(tags.get("bh", ""))):
        return None
    return said == bodies.digest(tags)


def _signed(line: Line, lines: list[Line], tags: Mapping[str, str], keys: Mapping[str, tuple[str, ...]]) -> str:
    """Check the signature over the header fields; give why it fails, empty when it holds."""
    relaxed = _forms(tags)[0]
    waiting: dict[str, list[Line]] = {}
    for one in lines:
        waiting.setdefault(one.name, []).append(one)
    covered = [waiting[name].pop() for name in _names(tags)[:1_000] if waiting.get(name)]
    text = b"".join(_canonical(one, relaxed=relaxed) for one in covered)
    return _verified(tags, text + _canonical(_emptied(line), relaxed=relaxed)[:-2], keys)


def _arc(lines: list[Line], bodies: _Bodies, keys: Mapping[str, tuple[str, ...]]) -> Iterator[Feature]:
    sets: dict[int, dict[str, Line]] = {}
    for line in lines:
        if line.name in ("arc-seal", "arc-message-signature", "arc-authentication-results"):
            number = tag_list(line.value[:20_000].decode("latin-1")).get("i", "")
            if re.fullmatch(r"[1-9][0-9]?", number):
                sets.setdefault(int(number), {}).setdefault(line.name, line)
    if not sets or len(sets) > INSTANCES:
        return
    last = max(sets)
    sealer = tag_list(sets[last]["arc-seal"].value.decode("latin-1")) if "arc-seal" in sets[last] else {}
    if sealer.get("d"):
        yield Feature("auth.arc_sealer", sealer["d"].lower()[:255])
    if keys:
        why = _chain(sets, lines, bodies, keys)
        yield from _told("auth.arc_verified", why, f"i={last}")


def _chain(
    sets: Mapping[int, Mapping[str, Line]], lines: list[Line], bodies: _Bodies, keys: Mapping[str, tuple[str, ...]]
) -> str:
    """Check a chain: whole, the newest message signature, every seal; give why it fails."""
    names = ("arc-authentication-results", "arc-message-signature", "arc-seal")
    if sorted(sets) != list(range(1, len(sets) + 1)) or any(len(one) < len(names) for one in sets.values()):
        return "sets are missing"
    newest = sets[len(sets)]["arc-message-signature"]
    tags = tag_list(newest.value.decode("latin-1"))
    if _same_body(tags, bodies) is not True:
        return "body was changed"
    if why := _signed(newest, lines, tags, keys):
        return f"message signature: {why}"
    before = b""
    for number in range(1, len(sets) + 1):
        seal = sets[number]["arc-seal"]
        tags = tag_list(seal.value.decode("latin-1"))
        if tags.get("cv", "").lower() != ("none" if number == 1 else "pass"):
            return f"seal {number} says {tags.get('cv', 'nothing')[:20]}"
        before += b"".join(_canonical(sets[number][name], relaxed=True) for name in names[:2])
        if why := _verified(tags, before + _canonical(_emptied(seal), relaxed=True)[:-2], keys):
            return f"seal {number}: {why}"
        before += _canonical(seal, relaxed=True)
    return ""


def _verified(tags: Mapping[str, str], text: bytes, keys: Mapping[str, tuple[str, ...]]) -> str:
    """Check one signature over a text with the keys of its selector; give why it fails."""
    name = f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}".lower()
    records = keys.get(name, ())
    if not records:
        return "no key"
    algorithm, signature = tags.get("a", "").lower(), _decoded(tags.get("b", ""))
    if algorithm not in ("rsa-sha256", "ed25519-sha256"):
        return f"algorithm {algorithm[:20] or 'missing'} proves nothing"
    why = "signature does not verify"
    for record in records[:10]:
        key = public_key(record)
        if isinstance(key, str):
            why = key
        elif key[0] == algorithm.partition("-")[0] and _holds(key, text, signature):
            return ""
    return why


def _holds(key: tuple[str, Any], text: bytes, signature: bytes) -> bool:
    from Cryptodome.Hash import SHA256
    from Cryptodome.Signature import eddsa, pkcs1_15

    try:
        if key[0] == "rsa":
            pkcs1_15.new(key[1]).verify(SHA256.new(text), signature)
        else:
            eddsa.new(key[1], "rfc8032").verify(SHA256.new(text).digest(), signature)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def public_key(record: str) -> tuple[str, Any] | str:
    """Read a key record (``v=DKIM1; k=rsa; p=...``): its kind (``rsa`` or ``ed25519``) and key, or why it is none."""
    from Cryptodome.PublicKey import RSA
    from Cryptodome.Signature import eddsa

    tags = tag_list(record)
    kind, data = tags.get("k", "rsa").lower(), _decoded(tags.get("p", ""))
    if not data:
        return "key was withdrawn" if "p" in tags else "key record has no key"
    try:
        if kind == "ed25519":
            return kind, eddsa.import_public_key(data)
        if kind != "rsa":
            return "key of unknown kind"
        key = RSA.import_key(data)
    except (ValueError, IndexError, TypeError):
        return "key cannot be read"
    return ("rsa", key) if RSA_BITS[0] <= key.size_in_bits() <= RSA_BITS[1] else "key is too short or too long"


def tag_list(text: str) -> dict[str, str]:
    """Read ``name=value; name=value``; the first of two equal names counts, and blanks inside values are dropped."""
    found: dict[str, str] = {}
    for part in text[:64_000].split(";"):
        if match := _TAG.match(part):
            found.setdefault(match[1], "".join(match[2].split()))
    return found


def header_lines(head: bytes) -> list[Line]:
    """Cut a header block into fields as they stand, with CRLF as line ends."""
    found: list[list[bytes]] = []
    for line in head.replace(b"\r\n", b"\n").split(b"\n"):
        if not line.strip():
            if found and not line:
                break
            continue
        if line[:1] in (b" ", b"\t") and found:
            found[-1].append(line)
        else:
            found.append([line])
    made = []
    for folded in found:
        raw = b"\r\n".join(folded) + b"\r\n"
        name, colon, value = raw.partition(b":")
        if colon:
            made.append(Line(name.strip().lower().decode("latin-1"), raw, value))
    return made


def canonical_body(body: bytes, *, relaxed: bool) -> bytes:
    """Give a body as DKIM hashes it."""
    text = body.replace(b"\r\n", b"\n")
    if relaxed:
        text = text.replace(b"\t", b" ")
        while b"  " in text:  # halves every run; a pattern takes ten times as long
            text = text.replace(b"  ", b" ")
        text = text.replace(b" \n", b"\n")
        text = text.removesuffix(b" ")
    text = text.rstrip(b"\n").replace(b"\n", b"\r\n")
    return text + b"\r\n" if text or not relaxed else b""


def _canonical(line: Line, *, relaxed: bool) -> bytes:
    if not relaxed:
        return line.raw
    return line.name.encode("latin-1") + b":" + _ALL_BLANKS.sub(b" ", line.value).strip() + b"\r\n"


def _emptied(line: Line) -> Line:
    """Give a signature field without the signature itself."""
    value = _OWN.sub(rb"\1\2", line.value.removesuffix(b"\r\n")) + b"\r\n"
    return Line(line.name, line.raw[: line.raw.index(b":") + 1] + value, value)


def _forms(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Tell whether header and body are relaxed."""
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    return header == "relaxed", body == "relaxed"


def _hash(tags: Mapping[str, str]) -> str:
    return tags.get("a", "").lower().rpartition("-")[2]


def _names(tags: Mapping[str, str]) -> list[str]:
    return [name for name in tags.get("h", "").lower().split(":") if name]


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii", "ignore") + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
