"""How much of anything hostile input may cost us."""

from __future__ import annotations

from dataclasses import dataclass

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
