"""Which of a mail's URLs a reader would follow, and whether its sender is who it says."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl, unquote

from sekisho.model.hosting import HOSTING, REWRITERS, SHARED_HOSTS
from sekisho.model.url import Url
from sekisho.model.urltext import parse_url
from sekisho.normalize.mail import Mail

FOLLOWED = frozenset({"href", "form", "text", "qr", "refresh", ""})
"""``Url.where`` of what a reader follows, not of what a program loads for him."""
CLICKS = 200
_UNFETCHED = ("http:", "https:", "ftp:")
_NAMESPACES = ("www.w3.org", "schemas.microsoft.com", "schemas.openxmlformats.org", "purl.org", "ns.adobe.com")


def clicks(mail: Mail) -> list[Url]:
    """Give the URLs that a reader would follow, each once, with the wrapping of mail gateways taken off."""
    found: dict[str, Url] = {}
    for url in mail.urls:
        if url.where not in FOLLOWED or not url.canonical.startswith(_UNFETCHED) or url.host in _NAMESPACES:
            continue
        real = unwrapped(url)
        found.setdefault(real.canonical, real)
        if len(found) >= CLICKS:
            break
    return list(found.values())


@lru_cache(maxsize=4_096)
def unwrapped(url: Url) -> Url:
    """Give where a URL leads that a mail gateway has wrapped (Safe Links, URL Defense), else the URL itself."""
    for _ in range(3):
        names = next((names for host, names in REWRITERS if url.host.endswith(host)), None)
        if names is None:
            return url
        target = _wrapped(url.canonical, names)
        if not target:
            return url
        url = parse_url(target, where=url.where, shown=url.shown)
    return url


def _wrapped(canonical: str, names: tuple[str, ...]) -> str:
    start = canonical.find("__http")
    if start >= 0:  # URL Defense, version 3: …/v3/__https://host/path__;…
        return canonical[start + 2 :].partition("__;")[0]
    query = canonical.partition("?")[2].partition("#")[0]
    for name, value in parse_qsl(query[:4_000], max_num_fields=50) if query.count("&") < 50 else ():
        if name in names and value:
            if "-3A__" in value:  # version 2 writes % as - and / as _
                value = unquote(value.replace("-", "%").replace("_", "/"))
            if value.startswith(("http://", "https://")):
                return value
    return ""


def hosting(host: str) -> str:
    """Give what kind of service lets anybody publish under this host (``site``...), empty for none.

    Where each customer has a host below the service's, the service's own pages are nobody else's.
    """
    asked = name = host.lower().strip(".")
    while name:
        if kind := HOSTING.get(name):
            own = asked.removeprefix("www.") == name
            return "" if own and kind == "site" and name not in SHARED_HOSTS else kind
        name = name.partition(".")[2]
    return ""


def hosted_by_anybody(host: str) -> bool:
    """Tell whether anybody may publish under this host."""
    return bool(hosting(host))


def aligned(mail: Mail) -> bool | None:
    """Tell whether authentication stands behind the sender's domain; None when the mail says nothing about it."""
    results = {name: mail.text(f"auth.{name}") for name in ("dmarc", "spf", "dkim")}
    if results["dmarc"] == "pass":
        return True
    if results["dmarc"] == "fail":
        return False
    bad = {"fail", "softfail", "none", "permerror", "neutral"}
    if results["spf"] in bad and results["dkim"] in bad:
        return False
    return None
