"""One question is answered: families and distributors by signs in our file, actors by an index of ATT&CK's reports."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sekisho.app.attribution import families, index
from sekisho.app.attribution.subject import Subject
from sekisho.attribute import families as weighing
from sekisho.attribute import judge as actors
from sekisho.model.attribution import Attribution


def judge(
    asked: Subject, language: str, *, attack: str = "", known: str = "", before: date | None = None
) -> list[Attribution]:
    """Rank families, then distributors, then, with an index, actors.

    Args:
        asked: techniques, software and texts.
        language: of the signs' texts.
        attack: path of the index that ``sekisho attribute learn`` wrote; empty for none.
        known: path of a file of families; empty for our own.
        before: only reports of earlier days are used.

    Raises:
        SourceError: a file cannot be used.
    """
    reference, listed = families.read(known)
    seen = weighing.Seen(asked.texts, asked.techniques, asked.at)
    judged = [
        weighing.weigh(listed, seen, kind, subject=asked.name, reference=reference, language=language)
        for kind in ("family", "distributor")
    ]
    if attack:
        knowledge, model = index.read(attack)
        items = (*asked.techniques, *asked.software, *weighing.software(judged[0]))
        today = before or asked.at or datetime.now(UTC).date()
        judged.append(actors.attribute(knowledge, model, items, subject=asked.name, at=today, before=before))
    return judged
