"""Mails of one campaign, grouped so that none is learnt from and measured on at once.

Two mails belong together when the word triples of subject and text (links as host and shape only, numbers as one sign)
are mostly the same, estimated by minhash and looked up by bands: no pair is compared that shares no band.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence

HASHES, BANDS = 64, 16
SAME = 0.5
"""Share of equal minhashes from which on two mails are one campaign: half of all that either says."""
WORDS_SHINGLED = 2_000
_PRIME = (1 << 61) - 1
_DICE = random.Random(20240115)
_STEPS = [(_DICE.randrange(1, _PRIME), _DICE.randrange(_PRIME)) for _ in range(HASHES)]
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+|[\u3040-\u30ff\u4e00-\u9fff]|#")


def skeleton(url: str) -> str:
    """Give a link without what differs from mail to mail: its host's last two labels and how deep it goes."""
    host, _, path = url.partition("//")[2].partition("/")
    return ".".join(host.split(":")[0].split(".")[-2:]) + " link" * min(4, 1 + path.count("/"))


def signature(subject: str, text: str, urls: Sequence[str]) -> list[int]:
    """Give the minhash signature of a mail; empty where it says nothing."""
    shown = re.sub(r"https?://\S+", " link ", text)
    links = " ".join(map(skeleton, urls[:50]))
    words = _WORD.findall(_DIGITS.sub("#", f"{subject} {shown} {links}".lower()))[:WORDS_SHINGLED]
    shingles = {zlib.crc32(" ".join(words[at : at + 3]).encode("utf-8", "replace")) for at in range(len(words))}
    return [min((a * one + b) % _PRIME for one in shingles) for a, b in _STEPS] if shingles else []


def groups(signatures: Sequence[Sequence[int]]) -> list[int]:
    """Give the number of its group for each signature; groups are numbered by their first member."""
    parent = list(range(len(signatures)))

    def find(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    rows = HASHES // BANDS
    for band in range(BANDS):
        buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for at, one in enumerate(signatures):
            if one:
                buckets[tuple(one[band * rows : (band + 1) * rows])].append(at)
        for members in buckets.values():
            for at in members[1:]:
                near = next((m for m in members[:20] if m < at and _alike(signatures[m], signatures[at])), None)
                if near is not None:
                    left, right = sorted((find(near), find(at)))
                    parent[right] = left
    return [find(at) for at in range(len(signatures))]


def _alike(left: Sequence[int], right: Sequence[int]) -> bool:
    return sum(a == b for a, b in zip(left, right, strict=True)) >= SAME * HASHES
