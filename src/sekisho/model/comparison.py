"""Two samples or incidents side by side: which kinds of features are compared, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of feature."""

    name: str
    """Catalogue: ``compare.<name>``."""
    most: float
    """Log-odds, in nats, that full likeness of rare values is worth."""
    against: float
    """Log-odds that complete difference takes away. What changes between builds takes little."""
    ordered: bool = False
    """The order matters: a list of commands."""
    fuzzy: bool = False
    """Values are alike by their characters: a fuzzy hash."""


KINDS = (
    Kind("commands", 3.5, 0.8, ordered=True),
    Kind("paths", 2.0, 0.4),
    Kind("extensions", 2.0, 0.5, ordered=True),
    Kind("strings", 2.5, 0.3),
    Kind("pdb", 3.0, 0.2),
    Kind("mutex", 3.0, 0.2),
    Kind("imphash", 1.5, 0.1),
    Kind("rich", 2.0, 0.1),
    Kind("fuzzy", 2.0, 0.1, fuzzy=True),
    Kind("domains", 2.5, 0.1),
    Kind("dyndns", 0.7, 0.2),
    Kind("asn", 0.7, 0.2),
    Kind("certificates", 2.0, 0.1),
    Kind("techniques", 1.0, 0.4),
    Kind("hours", 0.5, 0.5),
    Kind("victims", 0.7, 0.4),
    Kind("languages", 0.7, 0.5),
)
"""Source of weights: own setting, in the order in which the 2020/21 report on Earth Kitsune gives its grounds: the
sequence of commands with its paths and extensions first; shared dynamic DNS services and hours prove little."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one sample or incident."""

    name: str
    values: Mapping[str, tuple[str, ...]]
    """Kind -> values, in their own order."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One row of the table."""

    kind: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    common: tuple[str, ...]
    likeness: float
    """0 to 1."""
    weight: float
    """Log-odds for one hand behind both; 0 where one side has nothing to compare."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table, and what it adds up to."""

    old: str
    new: str
    rows: tuple[Compared, ...]
    weight: float
    """Sum of the rows. It is evidence for one hand, not its probability, and names nobody."""
    corpus: int
    """Other samples that rarity was counted in; 0 when nothing tells rare from common."""
    left_out: tuple[str, ...] = ()
    """Kinds in the input that are none of KINDS."""

    @property
    def grade(self) -> str:
        """Give the step of likeness (catalogue: ``compare.grade.*``)."""
        steps = ((6.0, "strong"), (3.0, "notable"), (1.0, "weak"), (-1.0, "none"))
        return next((word for least, word in steps if self.weight >= least), "different")
