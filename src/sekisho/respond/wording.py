"""Facts become sentences in the reader's language, defanged and free of anything that could act on a screen."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

from sekisho.model.finding import Finding
from sekisho.model.incident import Offset, Text
from sekisho.model.urltext import defang

LANGUAGES = ("en", "ja")
SHOWN_CHARS = 400  # of one value in a sentence
LISTED = 5
# Control characters and marks that reorder text: a terminal or reader would obey them, so they are shown instead.
# Source: ECMA-48; UAX #9 and CVE-2021-42574 for the bidirectional marks.
BLANKS = re.compile(r"[ \t\xa0\u3000]{9,}")  # a run that pushes what follows out of sight; its length is shown instead
ACTING = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


class Words:
    """One language's catalogue and the result's findings, to word sentences with."""

    def __init__(self, language: str, findings: Sequence[Finding] = (), zone: tzinfo = UTC) -> None:
        """``zone`` is what times are shown in."""
        self.language, self.zone = language, zone
        self._texts = catalogue(language)
        self._findings = {finding.id: finding for finding in findings}

    def get(self, key: str, **values: Any) -> str:
        """Word one key; values are cleaned and defanged."""
        template = self._texts[key]
        return template.format_map({name: safe(value) for name, value in values.items()}) if values else template

    def word(self, prefix: str, value: str) -> str:
        """Word one of a closed set (``verdict.``, ``kind.`` ...), or show the raw word when it is not in it."""
        return self._texts.get(f"{prefix}.{value}", safe(value))

    def say(self, text: Text) -> str:
        """Word a sentence of a story, without the findings that belong to it (:meth:`reasons`)."""
        values = dict(text.values)
        template = self._texts[text.key]
        names = [name for _, name, _, _ in Formatter().parse(template) if name]
        filled = {name: self._value(name, values) for name in names}
        said = template.format_map(filled)
        if values.get("unfolded"):
            said += f"\n{self.get('step.endpoint.unfolded', unfolded=values['unfolded'])}"
        return said

    def reasons(self, text: Text) -> list[str]:
        """Give the titles of the findings that a sentence carries, heaviest first, each once."""
        found = [self._findings[key] for key in dict(text.values).get("findings", ()) if key in self._findings]
        found.sort(key=lambda finding: -finding.weight)
        return list(dict.fromkeys(safe(finding.title_in(self.language)) for finding in found))

    def time(self, at_ns: int | None, *, date: bool = False) -> str:
        """Show a time of day, or date and time; empty when unknown."""
        if at_ns is None:
            return ""
        moment = datetime.fromtimestamp(at_ns / 1e9, UTC).astimezone(self.zone)
        return moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")

    def clock(self, offset: Offset) -> str:
        """Word how far a log's clock is off."""
        key = "clock.ahead" if offset.seconds > 0 else "clock.behind"
        return self.get(key, source=offset.source, seconds=f"{abs(offset.seconds):g}", pairs=offset.pairs)

    def _value(self, name: str, values: Mapping[str, Any]) -> str:
        """Word one placeholder; some are made of several values."""
        value = values.get(name, "")
        if name == "facts":
            return self._facts(values)
        if name == "kind":
            return self.word("kind", str(value))
        if name == "count" and "targets" in values:
            return str(values["targets"])
        if name == "others":
            return self.get("step.mail.others", count=value) if value else ""
        if name == "more":
            return self.get("title.more_hosts", count=value) if value else ""
        if name == "times":
            return self.get("step.times", count=value) if isinstance(value, int) and value > 1 else ""
        if name == "holder":
            return self._holder(values) if value else ""
        if name == "finding":
            named = [self._findings[key] for key in values.get("findings", ()) if key in self._findings]
            return safe(named[0].title_in(self.language)) if named else self.get("label.findings")
        if name == "result":
            return self.word("result", str(values.get("detail", "")))
        if name in ("actor", "target") and not value:
            return "?"
        if name == "at":
            return self.time(values.get("at_ns"), date=True)
        if name == "sender_name":
            return f"{safe(value)} " if value else ""
        if isinstance(value, (tuple, list)):
            return self.listed([str(one) for one in value])
        return safe(value)

    def _holder(self, values: Mapping[str, Any]) -> str:
        picked = {name: values.get(name) for name in ("place", "number", "holder")}
        return self.get("step.network.holder", **picked)

    def _facts(self, values: Mapping[str, Any]) -> str:
        facts = [self.word("relation", str(values.get("relation", "")))]
        facts.append(self.get("step.file.size", count=values.get("size", 0)))
        if values.get("password"):
            facts.append(self.get("step.file.password", password=values["password"]))
        urls = values.get("urls") or ()
        if urls:
            key = "step.file.urls" if len(urls) > 1 else "step.file.url"
            facts.append(self.get(key, count=len(urls), first=urls[0]))
        separator = "、" if self.language == "ja" else ", "
        return separator.join(fact for fact in facts if fact)

    def listed(self, values: Sequence[str], limit: int = LISTED) -> str:
        """Join values, naming the first few and counting the rest."""
        shown = [safe(value) for value in values[:limit]]
        if len(values) > limit:
            shown.append(self.get("label.more", count=len(values) - limit))
        return " · ".join(shown)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Load one language's texts; flat keys with dots."""
    text = resources.files("sekisho.respond").joinpath(f"words/{language}.toml").read_text(encoding="utf-8")
    return {str(key): str(value) for key, value in tomllib.loads(text).items()}


def safe(value: Any) -> str:
    """Make any value fit to be shown: defanged, cut, one line, acting characters made visible."""
    written = " · ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = BLANKS.sub(lambda match: f" ‹{len(match[0])} ␠› ", written)
    if len(text) > SHOWN_CHARS:
        text = f"{text[: SHOWN_CHARS - 1]}…"
    return ACTING.sub(lambda match: f"‹{ord(match[0]):04X}›", defang(text.replace("\r\n", " ").replace("\n", " ")))
