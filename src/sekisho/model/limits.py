"""How much of anything hostile input may cost us."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, replace
from typing import Any

from sekisho.model.errors import SekishoError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one analysis; every one of them is named in the result when it is reached.

    Source: the limits that Strelka and Assemblyline ship, tightened for one machine of two cores.
    """

    input_bytes: int = 50 * MIB
    """One mail or file; a larger one is skipped, named."""
    depth: int = 16
    """Artifacts below artifacts."""
    children: int = 1_000
    """Children of one artifact."""
    artifacts: int = 2_000
    """Artifacts of one input, all levels."""
    member_bytes: int = 50 * MIB
    """One unpacked child."""
    unpacked_bytes: int = 200 * MIB
    """All unpacked children of one input."""
    passwords: int = 40
    """Passwords tried on one encrypted artifact."""
    steps: int = 200_000
    """Evaluation steps of one macro sheet or script."""
    text_chars: int = 2_000_000
    """Characters of one unfolded or decoded text."""
    wall_s: float = 10.0
    """Wall time of one artifact's analysis."""
    cpu_s: int = 8
    """CPU time of one artifact's analysis."""
    memory_bytes: int = 1_024 * MIB
    """Address space of one worker above what it needs to start."""


DEFAULT = Limits()
"""In force in this process; :func:`configure` sets others at its start."""

_UNITS = {"": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}
_KEPT_TO_BY = ("sekisho.analyzers", "sekisho.app.pipeline")


def configure(changes: list[str]) -> Limits:
    """Put limits of the user's in force, from ``name=value`` with ``k``, ``m`` or ``g`` for multiples of 1,024.

    Only at the start of a process: what keeps to the limits reads them when it is imported.

    Raises:
        SekishoError: there is no such limit, or the value is no positive number.
    """
    global DEFAULT
    if changes and any(name in sys.modules for name in _KEPT_TO_BY):
        raise SekishoError("limits can only be set at the start of a process")
    for change in changes:
        DEFAULT = _changed(DEFAULT, change)
    return DEFAULT


def _changed(limits: Limits, change: str) -> Limits:
    name, _, text = change.partition("=")
    names = [one.name for one in fields(Limits)]
    if name not in names:
        raise SekishoError(f"--limit {change}: there is no limit {name}; there are {', '.join(names)}")
    number = text.strip().lower().removesuffix("ib").removesuffix("b")
    unit = number[-1:] if number[-1:] in _UNITS else ""
    try:
        value = float(number.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        value = 0.0
    if not 0 < value < 2**53:
        raise SekishoError(f"--limit {change}: write a number above 0, such as {name}={getattr(Limits(), name)}")
    changed: dict[str, Any] = {name: value if isinstance(getattr(limits, name), float) else int(value) or 1}
    return replace(limits, **changed)
