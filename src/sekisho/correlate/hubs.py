"""Hubs: values so many share by their nature that they link nothing, whatever the counts in this evidence say."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from sekisho.model import brands
from sekisho.model.freemail import FREEMAIL
from sekisho.model.hosting import TRACKERS
from sekisho.model.observable import Observable
from sekisho.model.registered import belongs

# Names that machines look up by themselves. Source: the vendors' lists of end points for network checks, certificate
# status and updates.
EVERYWHERE = frozenset(
    "msftconnecttest.com msftncsi.com windowsupdate.com windows.com windows.net microsoft.com office.com office365.com "
    "office.net live.com digicert.com verisign.com letsencrypt.org lencr.org globalsign.com sectigo.com gstatic.com "
    "googleapis.com google.com apple.com icloud.com akamai.net akamaiedge.net cloudfront.net fastly.net cloudflare.com "
    "amazonaws.com azureedge.net w3.org mozilla.org mozilla.com".split()
)


class Hubs:
    """Tells what links nothing: the company's own names, those everybody uses, and what the user adds."""

    def __init__(self, own: Collection[str] = (), addresses: Collection[str] = ()) -> None:
        """``own`` are the company's domains, ``addresses`` its servers, gateways and proxies; lower case."""
        self.own, self.addresses = frozenset(own), frozenset(addresses)
        self._is_hub = lru_cache(maxsize=65_536)(self._look)

    def is_own(self, name: str) -> bool:
        """Tell whether a host or mailbox is the company's."""
        return belongs(name.rpartition("@")[2], self.own)

    def is_hub(self, what: Observable) -> bool:
        """Tell whether a value links nothing."""
        return what.type in ("domain", "ip", "mailbox", "url") and self._is_hub(what)

    def _look(self, what: Observable) -> bool:
        kind, value = what
        if kind == "ip":
            return value in self.addresses
        if kind == "mailbox":
            return False
        host = value.partition("/")[0].partition(":")[0]
        if self.is_own(host):
            return True
        if kind == "url":
            return "/" not in value or belongs(host, TRACKERS)  # a site's front page is the site
        return belongs(host, EVERYWHERE) or belongs(host, TRACKERS) or host in FREEMAIL or bool(brands.owners(host))
