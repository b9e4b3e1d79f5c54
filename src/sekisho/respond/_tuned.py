"""What tuning did, counted: the same line in the terminal and in the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sekisho.model.result import Tuned
from sekisho.respond.wording import Words


def tuning_facts(tuned: Sequence[Tuned], disabled: int, words: Words) -> list[str]:
    """Give the counts of what tuning did; those that are zero are left out, but for what it suppressed."""
    states = Counter(one.state for one in tuned)
    counts = {
        "suppressed": sum(one.suppressed for one in tuned),
        "changed": sum(one.changed for one in tuned),
        "disabled": disabled,
        "in_use": states.pop("active", 0),
    }
    facts = [words.get(f"tuning.{key}", count=count) for key, count in counts.items() if count or key == "suppressed"]
    return [*facts, *(f"{words.word('tuning.state', state)}: {count}" for state, count in states.items())]
