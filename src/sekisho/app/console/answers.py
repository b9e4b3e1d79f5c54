"""Answers of a hunt as people read them: the columns of a table, and one event whole with where its values lead."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from sekisho.detect.hunting import term
from sekisho.model.event import Event
from sekisho.model.host import canonical_ip
from sekisho.model.urltext import defang
from sekisho.respond.document import moment
from sekisho.respond.hunted import MAIN
from sekisho.respond.wording import ACTING

MOST_COLUMNS, OTHERS = 7, 5
MOST_ITEMS = 40  # of a list in a field that get links
MOST_NAMED = 12  # entities of one event that are kept with a finding on it
LONGEST_SHOWN = 20_000  # characters of a value in a whole event
HUGE, CUT = 400_000, 300  # characters of an event above which its values are cut to so many
LONGEST_TERM = 300  # characters of a value that a link may put into a question
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
OWN_COLUMNS = ("time", "host", "user", "logsource", "source", "record")
_KINDS = {
    "ip": "ip ipaddress sourceip destinationip src_ip dst_ip id.orig_h id.resp_h c-ip s-ip origin.ip clientip "
    "client_ip clientaddress originalclientip serverip answers queryresults",
    "domain": "destinationhostname queryname query sender.domain cs-host host.name server_name r-dns host san.dns",
    "mailbox": "sender.address recipients reply_to return_path mailbox from to recipient sender recipientaddress "
    "senderaddress",
    "host": "computer workstationname @host",
    "user": "@user subjectusername targetusername username cs-username authenticateduser",
    "file": "name member filename",
    "path": "image parentimage targetfilename targetobject imageloaded",
    "process": "commandline parentcommandline",
    "url": "canonical url urls c-uri",
    "message": "message_id message-id messageid",
    "sha256": "sha256",
}
KIND_OF = {field: kind for kind, fields in _KINDS.items() for field in fields.split()}
"""Which entity a field names, by its name in lower case: names of Sigma, Zeek, W3C logs and our mail events."""
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field."""

    text: str
    kind: str = ""
    """The entity it names; empty when none."""
    entity: str = ""
    """As that entity is called."""
    term: str = ""
    """What finds it in this field; empty when it is too long for a question."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event."""

    name: str
    values: tuple[Value, ...]
    more: int = 0
    """Values of a long list that are not given."""


def columns(events: Sequence[Event], named: Sequence[str]) -> tuple[str, ...]:
    """Give the fields that a table of events has columns for: those of the question, then those people look at first.

    Empty where events of several categories have no columns in common; then :func:`summary` tells each one.
    """
    categories = {one.logsource.category or "/".join(one.logsource) for one in events}
    if len(categories) != 1:
        return ()
    [category] = categories
    spelled: dict[str, str] = {}
    for one in events:
        for name, value in one.fields.items():
            if value not in (None, "", "-", []):
                spelled.setdefault(name.casefold(), name)
    wanted = [spelled[name.casefold()] for name in named if name.casefold() in spelled]
    main = [name for name in MAIN.get(category, ()) if name.casefold() in spelled]
    others = list(spelled.values())[:OTHERS] if not main else []
    return tuple(dict.fromkeys([*wanted, *main, *others]))[:MOST_COLUMNS]


def summary(event: Event, named: Sequence[str]) -> list[tuple[str, str]]:
    """Give what of an event people look at first, with the fields that the question names."""
    own = {name.casefold(): name for name in event.fields}
    wanted = [own[name.casefold()] for name in named if name.casefold() in own]
    wanted += [name for name in MAIN.get(event.logsource.category, ()) if name in event.fields]
    if not wanted:
        wanted = [name for name, value in event.fields.items() if value not in (None, "", "-", [])][:OTHERS]
    return [(name, text_of(event.fields[name])) for name in dict.fromkeys(wanted)][:MOST_COLUMNS]


def text_of(value: Any) -> str:
    """Give a field's value as text."""
    if isinstance(value, list | tuple):
        return " · ".join(map(str, value[:MOST_ITEMS]))
    return "" if value is None else str(value)


def unfolded(value: str) -> str:
    """Give a value whole, up to LONGEST_SHOWN characters, as text that cannot act on a screen."""
    return ACTING.sub(lambda match: f"‹{ord(match[0]):04X}›", defang(value[: LONGEST_SHOWN + 1]))


def whole(event: Event) -> list[Field]:
    """Give all fields of an event, its own first; of a huge one every value is cut short."""
    own = [("@host", event.host), ("@user", event.user), ("@source", event.source)]
    named = [(name, value) for name, value in (*own, *event.fields.items()) if value not in ("", [], None)]
    most = LONGEST_SHOWN if sum(len(text_of(value)) for _, value in named) <= HUGE else CUT
    return [_field(name, value, most) for name, value in named]


def _field(name: str, value: Any, most: int) -> Field:
    values = list(value) if isinstance(value, list | tuple) else [value]
    given = tuple(_value(name, one, most) for one in values[:MOST_ITEMS])
    return Field(name, given, max(0, len(values) - MOST_ITEMS))


def _value(name: str, value: Any, most: int) -> Value:
    text = str(value)
    kind, entity = entity_of(name, text) or ("", "")
    plain = isinstance(value, str | int) and not isinstance(value, bool) and len(text) <= LONGEST_TERM
    shown = text if len(text) <= most else f"{text[:most]}…"
    return Value(shown, kind, entity, term(name, text) if plain else "")


def entity_of(field: str, text: str) -> tuple[str, str] | None:
    """Give kind and name of the entity that a field's value names."""
    folded = field.casefold()
    if folded == "hashes":
        found = _SHA256.search(text[:2_000])
        return ("sha256", found[0].lower()) if found else None
    kind = KIND_OF.get(folded)
    if kind is None or len(text) > 2_000 or not any(map(str.isalnum, text)):  # "-" and the like are logs' own blanks
        return None
    if kind in ("ip", "domain", "host"):
        address = canonical_ip(text.strip())
        if address or kind == "ip":
            return ("ip", address) if address else None
    return kind, text.strip()[:400]


def address(event: Event) -> str:
    """Give where an event is found again, as the query of an address."""
    at = "" if event.time_ns is None else str(event.time_ns)
    place = {"logsource": "/".join(event.logsource), "at": at, "source": event.source, "record": event.record}
    return urlencode({**place, "id": event.id}, errors="replace")


def named(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give kind and name of the entities that an event's fields name, no more than MOST_NAMED; lists are left out."""
    found = (entity_of(name, value) for name, value in fields.items() if isinstance(value, str))
    yield from islice(dict.fromkeys(one for one in found if one is not None), MOST_NAMED)


def as_csv(events: Iterable[Event], named: Sequence[str] = ()) -> bytes:
    """Give events as CSV for spreadsheets: UTF-8 with a mark, a column for each field that occurs, no formulas."""
    held = list(events)
    fields = list(dict.fromkeys([*named, *(name for one in held for name in one.fields)]))[:500]
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([inert(name) for name in (*OWN_COLUMNS, *fields)])
    for one in held:
        own = (moment(one.time_ns) or "", one.host, one.user, "/".join(one.logsource), one.source, one.record)
        rows.writerow([inert(text) for text in (*own, *(text_of(one.fields.get(name)) for name in fields))])
    return out.getvalue().encode("utf-8-sig", "backslashreplace")


def inert(text: str) -> str:
    """Give a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
