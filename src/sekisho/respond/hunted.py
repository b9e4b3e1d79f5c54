"""Answers to a question about stored events, on the screen or as lines of JSON; counts of values as bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from sekisho.model.event import Event, Logsource
from sekisho.respond import document
from sekisho.respond.wording import Words, safe

# What people want to see first of an event, by category; of others, the first fields that have a value.
MAIN = {
    "process_creation": ("Image", "CommandLine", "ParentImage"),
    "file_event": ("Image", "TargetFilename"),
    "registry_set": ("Image", "TargetObject", "Details"),
    "network_connection": ("Image", "DestinationHostname", "DestinationIp", "DestinationPort"),
    "dns_query": ("Image", "QueryName"),
    "message": ("sender.address", "subject", "recipients"),
    "attachment": ("name", "media_type", "sha256", "message.subject"),
    "url": ("canonical", "shown", "where"),
    "webserver": ("c-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "sc-status"),
    "proxy": ("c-ip", "cs-method", "c-uri", "c-useragent"),
    "authentication": ("user", "src_ip", "result"),
}
OTHERS_SHOWN = 4
FIELDS_SHOWN = 8
VALUE_CHARS = 160
BAR_CHARS, VALUES_SHOWN = 40, 30


def lines(events: Iterable[Event]) -> Iterator[bytes]:
    """Give each event as one line of JSON."""
    return map(document.event_line, events)


def show(events: Sequence[Event], named: Sequence[str], words: Words, console: Console) -> None:
    """Print events, each with the fields that the question named and those that people look at first."""
    for event in events:
        head = Styled(words.time(event.time_ns, date=True) or words.get("hunt.no_time"), "bold")
        head.append("  " + "  ".join(safe(one) for one in (event.host, event.user) if one), "")
        head.append(f"  {shown_logsource(event.logsource)}", "cyan")
        head.append(f"  {_place(event)}", "dim")
        console.print(head, soft_wrap=True)
        for name, value in _fields(event, named):
            text = safe(value)
            cut = text if len(text) <= VALUE_CHARS else f"{text[: VALUE_CHARS - 1]}…"
            console.print(Styled.assemble("  ", (f"{safe(name)}: ", "dim"), cut), soft_wrap=True)
    console.print()


def _place(event: Event) -> str:
    """Give where the record is found again; the address of a mail or file has its path in it."""
    inside = event.record.startswith(event.source)
    return safe(event.record) if inside else f"{safe(event.source)} #{safe(event.record)}"


def _fields(event: Event, named: Sequence[str]) -> list[tuple[str, Any]]:
    own = {name.casefold(): name for name in event.fields}
    wanted = [own[name.casefold()] for name in named if name.casefold() in own]
    wanted += [name for name in MAIN.get(event.logsource.category, ()) if name in event.fields]
    if not wanted:
        wanted = [name for name, value in event.fields.items() if value not in (None, "", "-", [])][:OTHERS_SHOWN]
    return [(name, event.fields[name]) for name in dict.fromkeys(wanted)][:FIELDS_SHOWN]


def counts(found: Mapping[str, int], by: str, words: Words, console: Console) -> None:
    """Print how often each value of a field occurs, most first, rarest in sight too."""
    rows = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(words.get("detect.count"), justify="right")
    table.add_column("", no_wrap=True)
    table.add_column(safe(by), overflow="fold")
    most = rows[0][1] if rows else 1
    shown = (
        rows
        if len(rows) <= VALUES_SHOWN
        else [*rows[: VALUES_SHOWN - VALUES_SHOWN // 3], *rows[-(VALUES_SHOWN // 3) :]]
    )
    for at, (value, count) in enumerate(shown):
        if len(shown) < len(rows) and at == VALUES_SHOWN - VALUES_SHOWN // 3:
            table.add_row("", "", Styled(words.get("hunt.between", count=f"{len(rows) - len(shown):,}"), "dim"))
        bar = Styled("█" * max(1, round(BAR_CHARS * count / most)), "cyan")
        table.add_row(f"{count:,}", bar, safe(value) if value else Styled(words.get("hunt.without"), "dim"))
    console.print(table)


def status(logsources: Sequence[tuple[Logsource, int]], words: Words, console: Console) -> None:
    """Print how many events there are of each logsource."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(words.get("hunt.events"), justify="right")
    table.add_column(words.get("hunt.logsource"))
    for logsource, rows in logsources:
        table.add_row(f"{rows:,}", shown_logsource(logsource))
    console.print(table)


def shown_logsource(one: Logsource) -> str:
    """Give a logsource as it is written for ``--logsource``."""
    return safe("/".join(one).rstrip("/")) or "?"
