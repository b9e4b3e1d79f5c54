"""Splits a mail's text into what its sender wrote and what it quotes, and reads who and when from the quote.

Mail programs put the answered mail below the new text: after ``>``, after a line that names writer and time, or under
the fields of the old mail. Only what stands in such lines counts, not addresses in running text.

Source: reply templates of Outlook, Gmail, Apple Mail, Thunderbird and Japanese webmail in English, Japanese, German,
French, Spanish, Portuguese and Italian; RFC 3676 4.5 (``>``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sekisho.analyzers._maildate import utc

CHARS = 60_000
LINES = 2_000
PARTICIPANTS = 50
_RULER = re.compile(
    r"^[>\s]{0,10}[-_*=]{2,40}\s{0,3}(?:original (?:message|appointment)|forwarded (?:message|by)"
    r"|urspr\u00fcngliche nachricht"
    r"|original-?nachricht|weitergeleitete nachricht|message d['\u2019]origine|message transf\u00e9r\u00e9"
    r"|mensaje original|mensaje reenviado"
    r"|mensagem original|mensagem encaminhada|messaggio originale|messaggio inoltrato|元のメッセージ|元メール"
    r"|転送メッセージ|転送されたメッセージ"
    r"|original|reply message|begin forwarded message)[^\n]{0,40}$",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"^[>\s]{0,10}(?:on|am|le|el|em|il|op)\s[^\n]{6,250}?\s(?:wrote|writes|schrieb[^\n:]{0,80}|a \u00e9crit"
    r"|escribi\u00f3|escreveu|ha scritto|schreef[^\n:]{0,80})\s?:\s*$"
    r"|^[>\s]{0,10}\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}日?[^\n]{0,200}(?:<[^<>\s@]{1,64}@[^<>\s]{1,253}>\s?:?|のメール\s?:?|wrote:|:)\s*$"
    r"|^[>\s]{0,10}[^\n<>]{1,80}<[^<>\s@]{1,64}@[^<>\s]{1,253}>\s(?:wrote|schrieb|a \u00e9crit|escribi\u00f3"
    r"|escreveu|さんは書きました)[^\n]{0,20}:\s*$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"^[>\s*]{0,10}(?P<name>from|von|de|da|expéditeur|差出人|送信者|発信者|sent|date|gesendet|datum|envoyé"
    r"|enviado(?: el| em)?|enviada(?: em)?|inviato|data|fecha"
    r"|送信日時|日時|送信日|to|an|à|para|a|宛先|受信者|cc|kopie|subject|betreff|objet|asunto|assunto|oggetto"
    r"|件名|題名)\s?\*{0,2}\s{0,3}[:：]\*{0,2}\s{0,3}(?P<value>[^\n]{0,1000})$",
    re.IGNORECASE,
)
_FROM = frozenset("from von de da expéditeur 差出人 送信者 発信者".split())
_TO = frozenset("to an à para a 宛先 受信者 cc kopie".split())
_WHEN = frozenset(
    "sent date gesendet datum envoyé enviado inviato data fecha 送信日時 日時 送信日 enviada".split()
) | frozenset({"enviado el", "enviado em", "enviada em"})
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan|janv|ene|gen feb|févr|fev|febr mar|mär|mars|märz apr|avr|abr may|mai|mayo|maio|mag jun|juin|giu"
        " jul|juil|lug aug|août|ago|aout sep|sept|set oct|okt|out|ott nov dec|dez|déc|dic".split(),
        1,
    )
    for name in names.split("|")
}
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[年/.-]\s?(\d{1,2})\s?[月/.-]\s?(\d{1,2})")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\.?\s(?:de\s)?([^\W\d_]{3,10})\.?,?\s(?:de\s)?((?:19|20)\d\d)")
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,10})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s((?:19|20)\d\d)")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})([./])(\d{1,2})\2((?:19|20)\d\d)")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a text quotes."""

    new: str
    """What stands before the first quote."""
    quoted: str
    writers: tuple[str, ...]
    """Addresses that the quote names as senders, lower case."""
    readers: tuple[str, ...]
    """Addresses that the quote names as recipients."""
    at: str
    """Newest day among the quoted mails, ISO 8601 at midnight UTC; empty when none can be read."""


def split(text: str) -> Quote:
    """Give new and quoted text; a text that quotes nothing is all new."""
    lines = text[:CHARS].split("\n")[:LINES]
    writers: dict[str, None] = {}
    readers: dict[str, None] = {}
    days: list[str] = []
    start = len(lines)
    for number, line in enumerate(lines):
        place = _begins(lines, number, start)
        if not place:
            continue
        start = min(start, number)
        if place == "wrote":
            joined = _joined(lines, number)
            writers.update((address.lower(), None) for address in _ADDRESS.findall(joined)[-1:])
            days.append(_day(joined))
        elif place == "field":
            _read_field(line, writers, readers, days)
    return Quote(
        "\n".join(lines[:start]).strip(),
        "\n".join(lines[start:]),
        tuple(writers)[:PARTICIPANTS],
        tuple(readers)[:PARTICIPANTS],
        max(filter(None, days), default=""),
    )


def _begins(lines: list[str], number: int, start: int) -> str:
    """Give what a line has of a quote: ``ruler``, ``wrote``, ``field``, ``mark``, or nothing."""
    line = lines[number]
    if not line or len(line) > 1_200:
        return ""
    if _FIELD.match(line):
        return "field" if start <= number or _block(lines, number) else ""
    joined = _joined(lines, number)
    if _WROTE.match(line) or (joined != line and _WROTE.match(joined)):
        return "wrote"
    if _RULER.match(line):
        return "ruler"
    return "mark" if line.startswith(">") and number > 0 else ""


def _joined(lines: list[str], number: int) -> str:
    """Give a line, with the next when it is a writer's line that was wrapped."""
    line = lines[number]
    return f"{line} {lines[number + 1]}" if number + 1 < len(lines) and not line.rstrip().endswith(":") else line


def _block(lines: list[str], number: int) -> bool:
    """Tell whether two more fields follow closely: one alone is a sentence with a colon."""
    found = sum(_FIELD.match(line) is not None for line in lines[number + 1 : number + 6] if len(line) < 1_200)
    return found >= 2 and (match := _FIELD.match(lines[number])) is not None and match["name"].lower() in _FROM


def _read_field(line: str, writers: dict[str, None], readers: dict[str, None], days: list[str]) -> None:
    found = _FIELD.match(line)
    if found is None:
        return
    name, value = found["name"].lower(), found["value"]
    if name in _FROM:
        writers.update((address.lower(), None) for address in _ADDRESS.findall(value)[:5])
    elif name in _TO:
        readers.update((address.lower(), None) for address in _ADDRESS.findall(value)[:PARTICIPANTS])
    elif name in _WHEN:
        days.append(_day(value))


def _day(text: str) -> str:
    """Give the day that a text names, as mail programs of several languages write it; empty when it names none.

    Where day and month can be told from each other by neither name nor size, a slash means month first, a full stop
    day first.
    """
    if found := _ISO.search(text):
        return _iso(found[1], found[2], found[3])
    if found := _DAY_FIRST.search(text):
        return _iso(found[3], _month(found[2]), found[1])
    if found := _MONTH_FIRST.search(text):
        return _iso(found[3], _month(found[1]), found[2])
    if found := _NUMBERS.search(text):
        first, second = int(found[1]), int(found[3])
        swap = second > 12 or (found[2] == "/" and first <= 12)
        return _iso(found[4], first if swap else second, second if swap else first)
    return utc(text.strip()[:100])[:10] and _iso(*utc(text.strip()[:100])[:10].split("-"))


def _month(name: str) -> int:
    lower = name.lower()
    return next((_MONTHS[lower[:size]] for size in (5, 4, 3) if lower[:size] in _MONTHS), 0)


def _iso(year: str, month: str | int, day: str | int) -> str:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC).isoformat()
    except ValueError:
        return ""
