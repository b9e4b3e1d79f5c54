"""Where a mail's links lead, and what about them serves only to mislead reader or filter.

Only what a reader would follow counts, with the wrapping of mail gateways taken off. Most signals alone are weak:
honest bulk mail goes through trackers, shorteners and redirects too. Each is its own feature, so that rules can hold it
against the sender or the wording. The file is long because its signals are many; each is a few lines.

Source: MITRE ATT&CK T1566.002, T1608.005; kits' use of addresses: their public analyses.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from sekisho.model.artifact import Feature
from sekisho.model.brands import owners, owns
from sekisho.model.hosting import HOSTING, ODD_TLDS, REDIRECTORS, SAFE_SHORTENERS, SHORTENERS, TRACKERS, VERY_ODD_TLDS
from sekisho.model.organisation import Organisation
from sekisho.model.registered import belongs, registered_domain
from sekisho.model.toplevel import TOP_LEVEL
from sekisho.model.url import Url
from sekisho.normalize._url_shapes import is_compromised, is_pseudo_latin, is_random, serial_day
from sekisho.normalize.mail import Mail, mail_facts
from sekisho.normalize.mail._brand_names import brand_of, in_host, in_path
from sekisho.normalize.mail._leads import FOLLOWED, clicks, hosting

KINDS = tuple(dict.fromkeys(HOSTING.values()))
_SIGNALS = tuple(
    """shortener redirect open_redirect brand_host brand_path deep_host punycode odd_tld very_odd_tld recipient
    recipient_fragment runnable archive double_extension compromised_path random_host port ip malspam_path serial_dat
    userinfo""".split()
)
_ARCHIVES = frozenset("zip rar 7z gz tar tgz cab arj ace lzh iso img vhd vhdx udf daa xz bz2 z".split())
_RUNNABLE = frozenset(
    """exe scr com pif bat cmd vbs vbe js jse wsf wsh hta ps1 msi dll cpl jar apk lnk url msix appx
    dmg pkg chm iso img vhd vhdx xll one""".split()
)
_DOCUMENTS = frozenset("doc docx docm xls xlsx xlsm ppt pptx pdf rtf txt csv jpg jpeg png".split())
_PAGES = frozenset("php asp aspx jsp html htm shtml cgi".split())
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,200}={0,2}(?![A-Za-z0-9+/_-])")
_LEAVING = re.compile(
    r"unsub|opt.?out|preferences|abmeld|desinscri|descadastr|remove|baja|kaijo|taikai|haishin|profile|manage",
    re.IGNORECASE,
)
_NESTED = re.compile(r"https?(?::|%3a)(?:/|%2f){1,2}(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}", re.IGNORECASE)


@mail_facts(
    "links",
    features=(
        *(f"link.{name}" for name in _SIGNALS),
        *(f"link.{kind}" for kind in KINDS),
        *("link.mismatch", "link.mismatch_sender", "link.hosts", "link.only_host", "link.to_sender", "link.qr"),
        "link.mostly_site",
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give what is odd about a mail's links, each signal with the link or host that shows it.

    Yields:
        ``link.<signal>`` (the URL or host, one a host) for each of the module's signals; ``link.site``,
        ``link.storage``, ``link.form``, ``link.tunnel``, ``link.ipfs`` (host where anybody publishes);
        ``link.mismatch`` (``shown -> real``, other registered domain); ``link.hosts`` (count of registered domains);
        ``link.only_host`` (all links lead to this one domain, which is not the sender's), ``link.to_sender`` (count of
        links to the sender's domain, or another of the same company); ``link.qr`` (host behind a QR code);
        ``link.mostly_site`` (host where anybody publishes, when most links lead to such hosts: what a mail is
        about, not one mention among many).
    """
    links = clicks(mail)
    if not links:
        return
    sender = registered_domain(mail.text("sender.domain"))
    addresses = [str(one).lower() for name in ("recipients", "delivered_to") for one in mail.message.values(name)[:5]]
    seen: set[tuple[str, str]] = set()
    for url in links:
        for name, value in _signals(url, sender, addresses, mail):
            key = (name, url.host)
            if key not in seen:
                seen.add(key)
                yield Feature(f"link.{name}", value)
    yield from _mismatches(mail, sender)
    domains = dict.fromkeys(registered_domain(url.host) for url in links)
    yield Feature("link.hosts", len(domains))
    yield Feature("link.to_sender", _to_sender(links, sender))
    if len(domains) == 1 and sender and sender not in domains:
        yield Feature("link.only_host", next(iter(domains)))
    yield from (Feature("link.qr", url.host) for url in links if url.where == "qr")
    sites = [url.host for url in links if hosting(url.host) == "site"]
    if sites and 2 * len(sites) > len(links):
        yield Feature("link.mostly_site", sites[0])


def _to_sender(links: list[Url], sender: str) -> int:
    """Count links to the sender's domain, or to another one that the same company is known to have."""
    same = owners(sender)
    return sum(
        registered_domain(url.host) == sender or bool(same and same & owners(url.host) and not hosting(url.host))
        for url in links
    )


def _signals(url: Url, sender: str, addresses: list[str], mail: Mail) -> Iterator[tuple[str, str]]:
    parts = urlsplit(url.canonical)
    foreign = registered_domain(url.host) != sender
    yield from _host_signals(url, parts.port, foreign)
    yield from _path_signals(url, parts.path, foreign, mail)
    if foreign:
        yield from _redirects(url, parts.path, parts.query, sender)
        yield from _addressed(url, parts.path, parts.query, parts.fragment, addresses)


def _host_signals(url: Url, port: int | None, foreign: bool) -> Iterator[tuple[str, str]]:
    host = url.host
    if url.ip:
        yield "ip", host
    if port is not None and port not in (80, 443) and foreign and not url.ip:  # a bare address is sign enough
        yield "port", f"{host}:{port}"
    if "userinfo" in url.hidden_by:
        yield "userinfo", url.canonical[:300]
    if url.ip or "." not in host:
        return
    domain = registered_domain(host)
    if kind := hosting(host):
        yield kind, host
    if (domain in SHORTENERS or host in SHORTENERS) and host not in SAFE_SHORTENERS:
        yield "shortener", host
    labels = host.removesuffix(domain).rstrip(".").split(".") if host != domain else []
    if len(labels) >= 4 or any(len(label) > 40 and "-" in label for label in labels):
        yield "deep_host", host
    if "xn--" in host:
        yield "punycode", host
    last = host.rpartition(".")[2]
    if foreign and last in ODD_TLDS:
        yield "odd_tld", host
        if last in VERY_ODD_TLDS:
            yield "very_odd_tld", host
    if (brand := in_host(host)) and not owns(brand_of(brand), host) and foreign:
        yield "brand_host", f"{brand}: {host}"
    if (
        foreign
        and not kind
        and domain not in TRACKERS
        and any(is_random(label) for label in (domain.partition(".")[0], *labels))
    ):
        yield "random_host", host


def _path_signals(url: Url, path: str, foreign: bool, mail: Mail) -> Iterator[tuple[str, str]]:
    shown = url.canonical[:300]
    if foreign and is_compromised(path):
        yield "compromised_path", shown
    names = path.rpartition("/")[2].lower().split(".")
    if len(names) > 1:
        if names[-1] in _RUNNABLE:
            yield "runnable", shown
        if names[-1] in _ARCHIVES:
            yield "archive", shown
        if len(names) > 2 and names[-1] in _RUNNABLE | _ARCHIVES | _PAGES and names[-2] in _DOCUMENTS:
            yield "double_extension", shown
    if foreign and (brand := in_path(path)) and not owns(brand_of(brand), url.host):
        yield "brand_path", f"{brand}: {shown}"
    if is_pseudo_latin(path):
        yield "malspam_path", shown
    if (day := serial_day(path)) and _near(day, mail):
        yield "serial_dat", shown


def _near(day: datetime, mail: Mail) -> bool:
    """Tell whether an Excel day is within two days of the mail's date; a mail without one cannot contradict."""
    for name in ("received_at", "sent_at"):
        try:
            at = datetime.fromisoformat(mail.text(name))
        except ValueError:
            continue
        return abs(at - day) <= timedelta(days=2)
    return True


def _redirects(url: Url, path: str, query: str, sender: str) -> Iterator[tuple[str, str]]:
    """Give where a link is sent on to, when that is another owner's host and not the sender's."""
    target = ""
    for part, start, names in REDIRECTORS:
        if part in f"{url.host}." and path.startswith(start):
            target = _parameter(query, names) if names else _in_path(path[len(start) :])
            if target:
                break
    if target and registered_domain(target) not in (registered_domain(url.host), sender):
        yield "open_redirect", f"{url.host} -> {target}"
        return
    target = _nested(query) or _nested(path[1:])
    if target and registered_domain(target) not in (registered_domain(url.host), sender, ""):
        yield "redirect", f"{url.host} -> {target}"


def _parameter(query: str, names: tuple[str, ...]) -> str:
    for name, value in parse_qsl(query[:4_000], keep_blank_values=True) if query.count("&") < 60 else ():
        if name.lower() in names:
            if host := _nested(value):
                return host
            if value.startswith("a1"):  # Bing: base64 after two characters
                return _nested(_decoded(value[2:]))
    return ""


def _in_path(path: str) -> str:
    """Give the host that a path begins with, as AMP caches have it."""
    found = re.match(r"(?:s/)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?:/|$)", path, re.IGNORECASE)
    return found[1].lower() if found else ""


def _nested(text: str) -> str:
    found = _NESTED.search(text[:4_000])
    return urlsplit(unquote(unquote(found[0]))).hostname or "" if found else ""


def _decoded(text: str) -> str:
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return ""
    return raw.decode("latin-1")


def _addressed(url: Url, path: str, query: str, fragment: str, addresses: list[str]) -> Iterator[tuple[str, str]]:
    """Give links that carry the recipient's address: a kit's page fills it in. Ways out of a list carry it as well."""
    if not addresses or _LEAVING.search(f"{url.host}{path}?{query[:200]}"):
        return
    if fragment and _carries(fragment, addresses):
        yield "recipient_fragment", url.canonical[:300]
    elif _carries(f"{path}?{query}", addresses):
        yield "recipient", url.canonical[:300]


def _carries(text: str, addresses: list[str]) -> bool:
    text = unquote(text[:2_000])
    lower = text.lower()
    if any(one in lower for one in addresses if "@" in one):
        return True
    for run in _BASE64.findall(text)[:20]:
        plain = _decoded(run.rstrip("=")).lower()
        if "@" in plain and any(one in plain for one in addresses if "@" in one):
            return True
    return False


def _mismatches(mail: Mail, sender: str) -> Iterator[Feature]:
    """Give links whose text is an address of one owner and which lead to another's.

    A mailing service's click link under the sender's own address is what honest bulk mail has; it is left out.
    """
    found: dict[str, bool] = {}
    for url in mail.urls:
        if not url.shown or url.where not in FOLLOWED or len(found) >= 5:
            continue
        shown = _host_in(url.shown)
        if not shown or shown.rpartition(".")[2] not in TOP_LEVEL:
            continue
        first, second = registered_domain(shown), registered_domain(url.host)
        if first == second or belongs(url.host, TRACKERS) or hosting(shown):
            continue
        if first.partition(".")[0] == second.partition(".")[0] or _wraps(url, first):
            continue
        found[f"{shown} -> {url.host}"] = first == sender
    for text, own in found.items():
        yield Feature("link.mismatch_sender" if own else "link.mismatch", text)


def _host_in(text: str) -> str:
    found = re.match(r"\s*(?:https?:[\\/]{2})?([\w.-]{3,253})", text, re.IGNORECASE)
    return found[1].lower().strip(".") if found else ""


def _wraps(url: Url, domain: str) -> bool:
    """Tell a redirect that leads to what it shows: its address stands in the link."""
    return domain in unquote(url.canonical.lower())[8 + len(url.host) :] or any(
        url.host.endswith(host)
        for host in ("safelinks.protection.outlook.com", "urldefense.proofpoint.com", "urldefense.com")
    )
