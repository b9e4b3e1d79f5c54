"""Attribution as text on the screen, as a page, and as JSON: never a name without its probability and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined, Template
from rich.console import Console
from rich.text import Text as Styled

from sekisho.model.attribution import Attribution, Evidence, Hypothesis
from sekisho.respond.wording import Words, safe

SCHEMA = "sekisho-attribution/1"
HYPOTHESES, LINES, CITED, CITED_IN_JSON = 5, 10, 2, 20


def show(judged: Sequence[Attribution], words: Words, console: Console) -> None:
    """Print each question's answer."""
    for one in judged:
        console.print(Styled(f"\n{headline(one, words)}", "bold"), soft_wrap=True)
        console.print(Styled(words.get("attribution.reference", name=one.reference), "dim"), soft_wrap=True)
        for number, hypothesis in enumerate(one.hypotheses[:HYPOTHESES], 1):
            _hypothesis(number, hypothesis, words, console)
        if one.hypotheses:
            console.print(
                Styled(f"  {words.get('attribution.unknown_line', percent=_percent(one.unknown))}", "magenta")
            )
        for text in (*changes(one, words), *links(one, words)):
            console.print(Styled(f"  {text}"), soft_wrap=True)
        for caution in one.cautions:
            console.print(Styled(f"  ! {words.say(caution)}", "yellow"), soft_wrap=True)


def headline(one: Attribution, words: Words) -> str:
    """Say the answer in one sentence, in the words of the scale."""
    kind = words.word("attribution.kind", one.kind)
    if one.band == "unknown":
        return words.get("attribution.unknown", kind=kind)
    top = one.hypotheses[0]
    scale = words.word("band", one.band)
    return words.get("attribution.top", kind=kind, name=top.name, band=scale, percent=_percent(top.probability))


def _percent(value: float) -> str:
    return "<1" if 0 < value < 0.01 else ">99" if 0.99 < value < 1 else f"{value * 100:.0f}"


def _hypothesis(number: int, one: Hypothesis, words: Words, console: Console) -> None:
    line = Styled(f"  {number}. {safe(one.name)} ", "bold" if number == 1 else "")
    line.append(f"{_percent(one.probability)} %", "cyan")
    line.append(f"  {about(one, words)}", "dim")
    console.print(line, soft_wrap=True)
    if number > 3:
        return
    for item in one.evidence[:LINES]:
        style = "green" if item.weight > 0 else "red"
        console.print(Styled(f"       {item.weight:+.1f}  {told(item, words)}", style), soft_wrap=True)
    if one.missing and number == 1:
        names = [item.name for item in one.missing]
        console.print(Styled(f"       ({words.get('attribution.missing', values=words.listed(names, 8))})", "dim"))


def about(one: Hypothesis, words: Words) -> str:
    """Say on how many reports of which time a hypothesis rests."""
    if one.first is None or one.last is None:
        return words.get("attribution.reports_undated", count=one.reports)
    return words.get("attribution.reports", count=one.reports, first=one.first, last=one.last)


def told(item: Evidence, words: Words) -> str:
    """Say one line of a ledger, with the reports it rests on."""
    kind = words.word("evidence", item.kind)
    named = " ".join(part for part in (safe(item.value), safe(item.name)) if part)
    text = f"{kind}: {named}" if named else kind
    if item.kind in ("technique", "malware", "tool"):
        text += (
            f" · {words.get('attribution.in_reports', count=item.reports)}"
            if item.reports
            else (f" · {words.get('attribution.not_reported')}")
        )
    cited = [f"{safe(one.url)} ({one.date or words.get('attribution.undated')})" for one in item.citations[:CITED]]
    return text + (f" · {'; '.join(cited)}" if cited else "")


def changes(one: Attribution, words: Words) -> list[str]:
    """Say what would put another first."""
    return [
        words.get(
            f"attribution.change.{item.action}",
            name=item.name,
            value=item.value,
            top=item.top,
            percent=_percent(item.probability),
        )
        for item in one.changes
    ]


def links(one: Attribution, words: Words) -> list[str]:
    """Say which names may mean the same."""
    return [
        words.get("attribution.link", one=item.one, other=item.other, weight=item.weight, why=item.why)
        for item in one.links
    ]


def document(judged: Sequence[Attribution], words: Words) -> dict[str, Any]:
    """Give the answers as plain dictionaries and lists; probabilities and weights rounded to three digits."""
    return {"schema": SCHEMA, "language": words.language, "attributions": [_plain(one, words) for one in judged]}


def _plain(one: Attribution, words: Words) -> dict[str, Any]:
    made: dict[str, Any] = _rounded(asdict(one))
    made["band"] = one.band
    made["headline"] = headline(one, words)
    made["cautions"] = [words.say(caution) for caution in one.cautions]
    for hypothesis in made["hypotheses"]:
        for line in hypothesis["evidence"]:
            line["citations"] = line["citations"][:CITED_IN_JSON]
    return made


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def dump(judged: Sequence[Attribution], words: Words) -> bytes:
    """Give the answers as indented UTF-8 JSON."""
    return orjson.dumps(document(judged, words), option=orjson.OPT_INDENT_2) + b"\n"


def page(judged: Sequence[Attribution], words: Words) -> str:
    """Give the answers as a page that is complete in itself."""
    return template().render(
        words=words,
        judged=judged,
        headline=headline,
        about=about,
        told=told,
        changes=changes,
        links=links,
        percent=_percent,
        safe=safe,
        comparison=None,
        rows=(),
    )


@cache
def template() -> Template:
    """Load the page that answers and comparisons share."""
    text = resources.files("sekisho.respond").joinpath("pages/attribution.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
