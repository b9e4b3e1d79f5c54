"""Places in the evidence that could not be read: the first few named, the rest counted, whatever their number."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekisho.sources import Gap

NAMED = 5  # per file


@dataclass(slots=True)
class Gaps:
    """What is missing of one file."""

    named: list[Gap] = field(default_factory=list)
    count: int = 0

    def add(self, gap: Gap) -> None:
        """Take note of one place."""
        self.count += 1
        if len(self.named) < NAMED:
            self.named.append(gap)

    def join(self, other: Gaps) -> None:
        """Add what was noted elsewhere, later in the file."""
        self.count += other.count
        self.named += other.named[: NAMED - len(self.named)]

    def __bool__(self) -> bool:
        return self.count > 0

    def text(self) -> str | None:
        """Word them as the reason of an input; None when there are none."""
        if not self:
            return None
        said = [f"{gap.record}: {gap.reason}" if gap.record else gap.reason for gap in self.named]
        return "; ".join(said) + (f" (and {self.count - NAMED} more)" if self.count > NAMED else "")
