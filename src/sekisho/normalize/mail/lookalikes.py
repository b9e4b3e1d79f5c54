"""Domains of sender and links that are made to be taken for the organisation's own, its partners' or a brand's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from sekisho.model.artifact import Feature
from sekisho.model.freemail import FREEMAIL
from sekisho.model.lookalike import Index, Likeness, mixed_host, unicode_host
from sekisho.model.organisation import Organisation
from sekisho.normalize.mail import Mail, mail_facts

LINKS = 200
"""Hosts of links that are looked at."""
# Under these a brand's label is nearly always the brand's own domain.
_SUFFIXES = ("com", "co.jp", "jp", "co.uk", "de", "fr", "es", "it", "nl", "com.br", "com.au", "ca", "in")


@mail_facts(
    "lookalikes",
    features=(
        *("lookalike.sender", "lookalike.sender_of", "lookalike.sender_how"),
        *("lookalike.link", "lookalike.link_of", "lookalike.link_how", "lookalike.link_host"),
        *("mixed_script.sender", "mixed_script.link"),
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give the domains that look like known ones, and those whose scripts nobody mixes.

    Yields:
        ``lookalike.sender`` and ``.link``: whose domain it looks like (``own``, ``partner``, ``brand``); ``_of`` that
        domain, ``_how``: ``letters``, ``slip``, ``word``, ``suffix`` or ``subdomain``; ``mixed_script.*``: the host as
        it is read.
    """
    index = _index(organisation)
    names = ("sender.address", "sender.header", "reply_to")
    senders = {str(value).rpartition("@")[2] for name in names for value in mail.message.values(name)}
    for host in sorted(senders)[:20]:
        if found := index.match(host):
            yield from _told("sender", found)
        if mixed_host(host):
            yield Feature("mixed_script.sender", unicode_host(host)[:255])
    hosts = list(dict.fromkeys(url.host for url in mail.urls if url.host and url.host not in senders and not url.ip))
    seen: set[Likeness] = set()
    for host in hosts[:LINKS]:
        if (found := index.match(host)) and found not in seen:
            seen.add(found)
            yield from _told("link", found)
            yield Feature("lookalike.link_host", host)
        if mixed_host(host):
            yield Feature("mixed_script.link", unicode_host(host)[:255])


def _told(where: str, found: Likeness) -> Iterator[Feature]:
    yield Feature(f"lookalike.{where}", found.whose)
    yield Feature(f"lookalike.{where}_of", found.of)
    yield Feature(f"lookalike.{where}_how", found.how)


@lru_cache(maxsize=4)
def _index(organisation: Organisation) -> Index:
    domains, labels = _brand_domains()
    known = {
        **dict.fromkeys((f"{label}.{suffix}" for label in labels for suffix in _SUFFIXES), "brand"),
        **dict.fromkeys(domains, "brand"),
        **dict.fromkeys(organisation.partners, "partner"),
        **dict.fromkeys(organisation.domains, "own"),
    }
    return Index(known, FREEMAIL)


def _brand_domains() -> tuple[frozenset[str], frozenset[str]]:
    """Give the domains of brands and the labels that a brand has in every country, where brands are known."""
    with suppress(ImportError):
        found: Any = importlib.import_module("sekisho.model.brands")
        every = found.brands().values()
        return frozenset().union(*(one.domains for one in every)), frozenset().union(*(one.labels for one in every))
    return frozenset(), frozenset()
