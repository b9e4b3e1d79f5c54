"""YARA rules from an incident's hostile files: strings that stand in them and in nothing honest of the same evidence.

Source: YARA documentation, "Writing YARA rules"; the choice of strings follows what Roth's yarGen README describes as
its idea (strings of the sample minus strings of goodware), with the case's own clean files as goodware.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick

from sekisho.respond._discreet import Hide, keep

SHORTEST, LONGEST = 8, 96  # characters of a string
CANDIDATES = 4_000  # of one sample, longest first
STRINGS = 12  # of one rule
LEAST = 3  # strings below which a rule would hang on chance
SAMPLE_BYTES = 32 * 1024 * 1024
# Found in the files of everybody who uses the same program. Source: what Office, compilers and zip tools write.
_ORDINARY = re.compile(
    rb"microsoft|windows|office|schemas\.|openxmlformats|content-type|xmlns|copyright|version|calibri|times new|arial"
    rb"|visual basic|vbaproject|summaryinformation|root entry|workbook|normal\.dotm|this program|kernel32|worksheet"
    rb"|documentsummary|ms sans|stdole|\.dll\x00|assembly|manifest|iccp|adobe|photoshop",
    re.I,
)
_ASCII = re.compile(rb"[\x20-\x7e]{%d,%d}" % (SHORTEST, LONGEST))
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){%d,%d}" % (SHORTEST, LONGEST))
# First bytes that tell a format. Source: each format's specification, as analyzers/_signatures.py cites.
_MAGIC = (
    (bytes.fromhex("d0cf11e0"), "uint32be(0) == 0xd0cf11e0"),
    (bytes.fromhex("504b0304"), "uint32be(0) == 0x504b0304"),
    (bytes.fromhex("4c000000"), "uint32be(0) == 0x4c000000"),
    (b"MZ", "uint16be(0) == 0x4d5a"),
    (b"%PDF", "uint32be(0) == 0x25504446"),
    (b"{\\rt", "uint32be(0) == 0x7b5c7274"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A hostile file."""

    name: str
    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """A rule, or why there is none."""

    sample: Sample
    name: str
    text: str
    """Empty where there are too few strings of its own."""
    strings: tuple[bytes, ...] = ()
    """As they stand in the file."""
    least: int = 0
    """How many of them must stand in a file that it matches."""

    def matches(self, data: bytes) -> bool:
        """Tell what the rule would: for where no YARA engine is at hand."""
        magic = next((one for one, _ in _MAGIC if self.sample.data.startswith(one)), b"")
        small = len(data) < _size_limit(self.sample)
        return small and data.startswith(magic) and sum(one in data for one in self.strings) >= self.least > 0


def rules(
    samples: Sequence[Sample], clean: Iterable[bytes], incident: str, producer: str = "Sekisho", hide: Hide = keep
) -> list[Made]:
    """Give a rule for each sample.

    Args:
        samples: hostile files, each once.
        clean: bytes of honest files of the same evidence; no string of theirs is used.
        incident: its id.
        producer: who made the rules.
        hide: what takes victims' names out of a text; strings that hold any are not used.
    """
    candidates = {one.sha256: _candidates(one, hide) for one in samples}
    every = sorted({text for found in candidates.values() for text in found})
    honest = _found_in(every, clean)
    return [
        _rule(one, [text for text in candidates[one.sha256] if text not in honest], incident, producer)
        for one in samples
    ]


def _candidates(sample: Sample, hide: Hide) -> list[bytes]:
    """Give the strings of a sample that could be its own, the most telling first."""
    data = sample.data[:SAMPLE_BYTES]
    found: dict[bytes, None] = {}
    for pattern in (_ASCII, _WIDE):
        for match in pattern.finditer(data):
            text = match[0]
            plain = text[::2] if pattern is _WIDE else text
            if (
                len(set(plain)) >= SHORTEST - 2
                and not _ORDINARY.search(plain)
                and hide(plain.decode()) == plain.decode()
            ):
                found.setdefault(text)
    return sorted(found, key=lambda text: (-_worth(text), text))[:CANDIDATES]


def _worth(text: bytes) -> float:
    """Tell how telling a string is: long words of letters say more than runs of symbols."""
    plain = text[::2] if text[1:2] == b"\0" else text
    letters = sum(chr(one).isalnum() for one in plain)
    return min(len(plain), 40) * (letters / len(plain)) + len(set(plain)) / 4


def _found_in(texts: Sequence[bytes], clean: Iterable[bytes]) -> set[bytes]:
    """Give those of many strings that stand in any of the clean files, by one pass over each."""
    if not texts:
        return set()
    engine = BytesAhoCorasick(list(texts))
    found: set[int] = set()
    for data in clean:
        found.update(index for index, _, _ in engine.find_matches_as_indexes(data, overlapping=True))
    return {texts[index] for index in found}


def _rule(sample: Sample, own: Sequence[bytes], incident: str, producer: str) -> Made:
    name = f"sekisho_{incident}_{sample.sha256[:12]}"
    kept: list[bytes] = []
    for text in own:
        if not any(text in other or other in text for other in kept):
            kept.append(text)
        if len(kept) == STRINGS:
            break
    if len(kept) < LEAST:
        return Made(sample, name, "")
    least = max(LEAST, -(-len(kept) * 2 // 3))
    lines = [
        f"rule {name}",
        "{",
        "    meta:",
        f'        description = "Hostile file of incident {incident}"',
        f'        author = "{_quoted(producer.encode("ascii", "backslashreplace"))}"',
        f'        sha256 = "{sample.sha256}"',
        "    strings:",
    ]
    for number, text in enumerate(kept, 1):
        wide = text[1:2] == b"\0"
        plain = text[::2] if wide else text
        lines.append(f'        $s{number} = "{_quoted(plain)}" {"wide" if wide else "ascii"}')
    magic = next((f"{test} and " for start, test in _MAGIC if sample.data.startswith(start)), "")
    lines += ["    condition:", f"        {magic}filesize < {_size_limit(sample)} and {least} of them", "}", ""]
    return Made(sample, name, "\n".join(lines), tuple(kept), least)


def _size_limit(sample: Sample) -> int:
    return max(65_536, 4 * len(sample.data))


def _quoted(text: bytes) -> str:
    """Give printable ASCII as a YARA string. Source: YARA documentation, "Text strings"."""
    return text.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
