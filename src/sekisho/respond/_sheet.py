"""What all advisories share: who tells it, tables of values, the volume of mails, how days and times are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sekisho.respond._discreet import Hide, keep
from sekisho.respond._figures import volume
from sekisho.respond._page import Block, Heading, Para, Table
from sekisho.respond.observed import Picked
from sekisho.respond.wording import Words, safe

LISTED = 10
"""Values of one kind in a table; the rest are counted."""
ROWS = 200
Made = tuple[str, str, list[Block]]
"""Title, label and blocks of a page."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Who tells it, to whom, and when."""

    issued: date
    issuer: str = ""
    """Who tells; the language's own word for a service desk where empty."""
    contact: str = ""
    """Whom to ask; the same as the issuer where empty."""
    partner: str = ""
    """Domain of the partner that is written to; found in the mails where empty."""
    addressee: str = ""
    """What the partner is called; its domain where empty."""
    tlp: str = "amber"
    hide: Hide = keep
    """Takes the names of victims out of a text."""


def told(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Leave out tables without rows and headings with nothing below them."""
    kept = [one for one in blocks if not (isinstance(one, Table) and not one.rows)]
    pairs = zip(kept, [*kept[1:], None], strict=True)
    return tuple(one for one, below in pairs if not isinstance(one, Heading) or not isinstance(below, Heading | None))


class Sheet:
    """Words what every advisory tells."""

    def __init__(self, words: Words, letter: Letter, picked: Picked, times_ns: Sequence[int]) -> None:
        self.words, self.letter, self.picked, self.times_ns = words, letter, picked, times_ns
        self.issuer = safe(letter.issuer) if letter.issuer else words.get("advisory.issuer")
        self.contact = safe(letter.contact) if letter.contact else self.issuer

    def get(self, key: str, **values: object) -> str:
        """Word one key of the advisory."""
        return self.words.get(f"advisory.{key}", **values)

    def indicators(self, *, strong: bool) -> Block:
        """Give the values to look for, or only those to block."""
        get = self.get
        found = self.picked.strong if strong else self.picked.observed
        if not found:
            return Para(get("no_indicators"))
        head = (get("field.kind"), get("field.value"), get("field.role"), get("field.confidence"))
        rows = [
            (one.kind, self.letter.hide(safe(one.value)), self.words.word("observed", one.role), str(one.confidence))
            for one in found[:ROWS]
        ]
        if len(found) > ROWS:
            rows.append(("", self.words.get("label.more", count=len(found) - ROWS), "", ""))
        return Table(head, tuple(rows))

    def left_out(self) -> list[Block]:
        """Give the values that must not be blocked, with the reasons."""
        left = self.picked.left_out
        if not left:
            return []
        rows = tuple(
            (self.letter.hide(safe(one.value)), self.words.word("left_out", one.reason)) for one in left[:ROWS]
        )
        return [Heading(self.get("left_out")), Table((self.get("field.value"), self.get("field.why")), rows)]

    def volume(self) -> list[Block]:
        """Give how many mails came when, where that can be drawn."""
        bars = volume(self.times_ns, self.get("volume"), self.words.zone)
        return [bars] if bars is not None and len(self.times_ns) > 1 else []

    def listed(self, values: Sequence[str]) -> str:
        """Give values in lines, the first LISTED of them."""
        shown = [self.letter.hide(safe(value)) for value in values[:LISTED]]
        if len(values) > LISTED:
            shown.append(self.words.get("label.more", count=len(values) - LISTED))
        return "\n".join(shown)

    def span(self, first_ns: int, last_ns: int) -> str:
        """Give a time from and to."""
        first, last = (self._moment(at) for at in (first_ns, last_ns))
        return first if first == last else self.get("span", first=first, last=last)

    def _moment(self, at_ns: int) -> str:
        at = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).astimezone(self.words.zone)
        return self.get("moment", **self._parts(at), time=at.strftime("%H:%M"))

    def day(self, day: date) -> str:
        """Give a day as the language writes it."""
        return self.get("day", **self._parts(day))

    def _parts(self, day: date) -> dict[str, object]:
        """Give year, month and day as the language writes them: Japanese without leading zeros."""
        if self.words.language == "ja":
            return {"year": day.year, "month": day.month, "day": day.day}
        return {"year": day.year, "month": f"{day.month:02}", "day": f"{day.day:02}"}
