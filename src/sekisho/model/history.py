"""What a mailbox has seen before a mail came: senders, pairs, threads and passages of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

PASSAGES = 200
"""Kept of one mail."""
PASSAGE_CHARS = (16, 2_000)
"""Letters and digits of one passage: shorter ones everybody writes, longer ones are cut."""
_QUOTED = re.compile(r"^[\s>|＞]{0,40}")
_ENDS = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")
_KEPT = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Seen:
    """How often and when something came; nothing at all when ``count`` is 0."""

    count: int = 0
    first_at: int = 0
    """UTC, seconds since 1970."""
    last_at: int = 0
    """The first sight of the last day it came on."""

    def __bool__(self) -> bool:
        return self.count > 0


class History(Protocol):
    """What came before one moment; what comes later, or at it, is not there."""

    def seen_sender(self, address: str) -> Seen:
        """Tell how often an address sent."""

    def seen_domain(self, domain: str) -> Seen:
        """Tell how often a registered domain sent."""

    def seen_pair(self, sender: str, recipient: str) -> Seen:
        """Tell how often one wrote to the other."""

    def seen_message_id(self, identifier: str) -> bool:
        """Tell whether a message with this id came, with or without its angle brackets."""

    def seen_passages(self, hashes: Iterable[int]) -> int:
        """Count the passages of :func:`passages` that stood in an earlier mail."""

    def thread(self, subject: str) -> Seen:
        """Tell how often a subject came, reply prefixes aside."""

    def names_of(self, address: str) -> tuple[str, ...]:
        """Give the names that an address showed, in the form that equal names share."""

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Give the addresses that showed a name, written in any way."""


class Memory(Protocol):
    """Everything a store knows, to be asked about one moment."""

    def before(self, at: int) -> History:
        """Give what came before a time (UTC, seconds since 1970)."""


def passages(text: str) -> list[int]:
    """Give a hash of each sentence and line that is long enough to be somebody's own, each once, in reading order.

    Quote marks, blanks, width, case and punctuation do not matter, so that quoted text is found again.
    """
    found: dict[int, None] = {}
    for piece in _pieces(text[:400_000]):
        plain = _KEPT.sub("", unicodedata.normalize("NFKC", piece[: PASSAGE_CHARS[1]]).casefold())
        if len(plain) >= PASSAGE_CHARS[0]:
            digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            found[int.from_bytes(digest, "big", signed=True)] = None
            if len(found) >= PASSAGES:
                break
    return list(found)


def _pieces(text: str) -> Iterator[str]:
    """Give each paragraph's sentences, however its lines were wrapped, then its lines, for lists and tables."""
    paragraph: list[str] = []
    for line in (*(_QUOTED.sub("", line) for line in text.splitlines()), ""):
        if line:
            paragraph.append(line)
            continue
        yield from _ENDS.split(" ".join(paragraph))
        if len(paragraph) > 1:
            yield from paragraph
        paragraph = []


_PREFIX = re.compile(
    r"(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv|enc|rif|res|odp|ynt|回复|答复|转发|返信|転送)(?:\s?[\[(^]\d{1,3}[\])]?)?\s*:\s*",
    re.IGNORECASE,
)


def subject_of(subject: str) -> str:
    """Give a subject without what replies and forwards put before it, in the form that equal ones share."""
    text = unicodedata.normalize("NFKC", subject[:1_000]).strip()
    for _ in range(20):
        found = _PREFIX.match(text)
        if found is None:
            break
        text = text[found.end() :].strip()
    return " ".join(text.casefold().split())[:300]
