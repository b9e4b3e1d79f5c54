"""Script in what customers and clients wrote, and hosts that pose as others, as fields of orders and requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from sekisho.model.event import Event
from sekisho.model.lookalike import Index
from sekisho.model.registered import belongs, registered_domain

FIELDS = (
    "injection.kind", "injection.context", "injection.field", "injection.layers", "injection.text", "injection.why",
    "injection.host", "injection.lookalike",
)  # fmt: skip
REPORT_FIELDS = ("document-host", "blocked-host", "blocked-foreign", "blocked-lookalike", "admin-page")
MAX_FIELDS = 400
"""Of one order; EC-CUBE's longest export has some hundred."""
MAX_PAIRS = 200
"""Of one query."""
ORDER, WEB, REPORT = "order", "webserver", "csp_violation"
_HEADERS = ("cs-user-agent", "cs-referer", "cs-cookie", "cs-username", "cs-host", "request_rest", "request_line")
_WORTH = re.compile(r"[^\w.,@/:\-\u3000-\u9fff ]")
"""A text without any of these cannot do anything; most cells are names, numbers and plain addresses."""
# Parts of addresses under which shops keep their back office; many rename it, so that order pages count as well.
# Source: EC-CUBE 2 and 4, routes of the administration; WordPress, ``wp-admin``; Shopify, ``/admin``; Magento.
_ADMIN = re.compile(
    r"/(?:[\w-]*admin[\w-]*|manage|management|backoffice|kanri)(?:/|$|\.php)|/order/(?:\d+/(?:edit|mail)|edit\.php|disp\.php|mail\.php)",
    re.IGNORECASE,
)
# Hosts that pages of shops load scripts from, which is what a loader's name is made to resemble.
# Source: the embedding instructions of each service.
SCRIPT_HOSTS = (
    "googleapis.com googletagmanager.com google-analytics.com gstatic.com googleadservices.com doubleclick.net"
    " cloudflare.com jsdelivr.net jquery.com bootstrapcdn.com cloudfront.net fontawesome.com facebook.net hotjar.com"
    " clarity.ms bing.com yimg.jp stripe.com paypal.com paypalobjects.com payjp.jp gmo-pg.com veritrans.co.jp"
    " shopify.com shopifycdn.com woocommerce.com ec-cube.net googlesyndication.com adobe.com"
).split()


class Found(Protocol):
    """What :func:`sekisho.model.injection.find_injection` gives."""

    @property
    def kind(self) -> str:
        """What acts."""

    @property
    def context(self) -> str:
        """Where in a page it would."""

    @property
    def text(self) -> str:
        """The part that does, decoded."""

    @property
    def layers(self) -> tuple[str, ...]:
        """What hid it."""

    @property
    def why(self) -> str:
        """By what it acts."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Other places it names."""


Find = Callable[[str], Found | None]


def enrich(event: Event, find: Find) -> Event:
    """Add FIELDS to an order or request that carries script, and REPORT_FIELDS to a report; give any other back.

    ``injection.field`` names each place that carries one, in order; the other fields tell of the first.
    """
    kind = event.logsource.category
    if kind == REPORT:
        return replace(event, fields={**event.fields, **_reported(event.fields)})
    if kind == ORDER:
        places = _cells(event.fields)
    elif kind == WEB:
        places = _request(event.fields)
    else:
        return event
    found = [(name, one) for name, text in places if _WORTH.search(text) and (one := find(text)) is not None]
    if not found:
        return event
    first = found[0][1]
    added: dict[str, Any] = {
        "injection.kind": list(dict.fromkeys(one.kind for _, one in found)),
        "injection.context": first.context,
        "injection.field": list(dict.fromkeys(name for name, _ in found)),
        "injection.layers": list(dict.fromkeys(layer for _, one in found for layer in one.layers)),
        "injection.text": first.text,
        "injection.why": first.why,
        "injection.host": list(dict.fromkeys(host for _, one in found for host in one.hosts)),
    }
    if likeness := _lookalike(added["injection.host"]):
        added["injection.lookalike"] = likeness
    return replace(event, fields={**event.fields, **added})


def _cells(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a customer may have written: every text of an order."""
    for number, (name, value) in enumerate(fields.items()):
        if number >= MAX_FIELDS:
            return
        if type(value) is str:
            yield name, value
        elif type(value) is list:
            yield from ((name, one) for one in value if type(one) is str)


def _request(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a client may have written: path, each name and value of the query and of the referer's, headers."""
    for name in ("cs-uri-stem", *_HEADERS):
        value = fields.get(name)
        if type(value) is str and value:
            yield name, value
            if name == "cs-referer" and "?" in value:
                yield from (("cs-referer", text) for text in _pairs(value.partition("?")[2]))
    query = fields.get("cs-uri-query")
    if type(query) is str and query:
        yield from (("cs-uri-query", text) for text in _pairs(query))


def _pairs(query: str) -> Iterator[str]:
    pairs = query.split("&", MAX_PAIRS)
    for pair in pairs:
        name, _, value = pair.replace("+", " ").partition("=")
        yield name
        if value:
            yield value
    if len(pairs) == 1 or "<" not in query:
        return
    yield query  # one that forgot to encode its own & is cut by it


def _reported(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a report's addresses say together."""
    added: dict[str, Any] = {}
    document, blocked = fields.get("document-host"), fields.get("blocked-host")
    if type(document) is str and type(blocked) is str:
        added["blocked-foreign"] = registered_domain(document) != registered_domain(blocked)
    if type(blocked) is str and (likeness := _lookalike([blocked], document if type(document) is str else "")):
        added["blocked-lookalike"] = likeness
    address = fields.get("document-uri")
    if type(address) is str:
        added["admin-page"] = _ADMIN.search(address) is not None
    return added


def _lookalike(hosts: list[str], own: str = "") -> str:
    """Give the domain that one of these hosts is made to be taken for."""
    for host in hosts:
        if own and belongs(host, frozenset({registered_domain(own)})):
            continue
        if likeness := _index().match(host):
            return likeness.of
    return ""


@cache
def _index() -> Index:
    return Index(dict.fromkeys(SCRIPT_HOSTS, "brand"))
