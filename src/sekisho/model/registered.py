"""Where a registered domain begins in a host name, by the Public Suffix List."""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from sekisho.model.toplevel import TOP_LEVEL


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=16_384)
def registered_domain(host: str) -> str:
    """Give the domain that a host's owner registered, in lower case; an address or a bare suffix comes back as it is.

    Suffixes that companies let customers register under (``github.io``) count as suffixes: two customers of one host
    are two owners.

    Source: publicsuffix.org, ICANN and private parts, as packed in ``publicsuffixlist``.
    """
    name = host.strip(".[] ").lower()
    if not name or ":" in name or name.replace(".", "").isdigit() or len(name) > 253:
        return name
    return str(_suffixes().privatesuffix(name) or name)


@lru_cache(maxsize=4_096)
def is_top_level(label: str) -> bool:
    """Tell whether a name may end in this label: delegated, or reserved and used in examples and inside networks."""
    return label in TOP_LEVEL or _suffixes().publicsuffix(f"x.{label}", accept_unknown=False) is not None


def belongs(host: str, domains: tuple[str, ...] | frozenset[str]) -> bool:
    """Tell whether a host is one of these domains or lies below one."""
    name = host.strip(".").lower()
    while name:
        if name in domains:
            return True
        name = name.partition(".")[2]
    return False
