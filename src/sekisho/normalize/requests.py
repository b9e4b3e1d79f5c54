"""Web requests and name queries say more than their fields: the address a host hides, the shape of a path, a cookie.

Whatever wrote the record (a proxy, Zeek, Suricata, an endpoint), a request in the category ``proxy`` gets the same
fields, and a query of the category ``dns`` the domain that somebody registered. Rules read these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sekisho.model.event import Event
from sekisho.model.host import canonical_ip, host_tricks
from sekisho.model.hosting import ODD_TLDS
from sekisho.model.registered import registered_domain
from sekisho.normalize._name_letters import surprise
from sekisho.normalize._url_shapes import is_compromised, is_pseudo_latin, is_random_folder, serial_day

REQUEST_FIELDS = ("url.host", "url.ip", "url.hidden_by", "url.domain", "url.path", "url.signs", "cookie.host",
                  "cookie.user")  # fmt: skip
QUERY_FIELDS = ("dns.domain", "dns.surprise")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://)(?:[^/?#@]{0,300}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:]{0,300})(?::\d{1,5})?",
                  re.IGNORECASE)  # fmt: skip
_NUMERIC = re.compile(r"[0-9\[%]|0x|[^\x00-\x7f]", re.IGNORECASE)
MAX_URL_CHARS = 8_192
REMEMBERED = 16_384
"""Hosts and names of which is kept what they say: logs repeat them."""
_EARLIER, _LATER = timedelta(days=1), timedelta(days=2)
"""The request may be a day before its file name's day (time zones) and until the end of the day after it."""
# A loader's first request tells who asks in names that analytics use: its build, system, processor, and host and user
# as hexadecimal digits. Source: the packet capture of 15 March 2021 in Unit 42's tweets repository, as the mission
# decodes it; Binary Defense, "IcedID GZIPLOADER Analysis".
_COOKIE_NAMES = ("__gads=", "_gat=", "_ga=", "_u=")
_COOKIE_USER = re.compile(r"(?:^|[;\s])_u=((?:[0-9a-f]{2}){1,120}):((?:[0-9a-f]{2}){1,120})", re.IGNORECASE)
_HOSTS = ("cs-host", "cs-uri-host", "r-dns", "cs_host")
_NOTHING = (None, "", "-")
_OWN = frozenset({"localhost", "local", "internal", "arpa", "lan", "home", "corp"})
"""Suffixes that nobody registers names under. Source: RFC 6761, RFC 6762, and the names ICANN keeps from delegation."""


def described(event: Event) -> Event:
    """Give a request or query with what it says between the lines; any other event as it is."""
    category = event.logsource.category
    if category == "proxy":
        facts = request_facts(event.fields, event.time_ns)
    elif category == "dns" and "query" in event.fields:
        facts = query_facts(event.fields)
    else:
        return event
    # Not replace(), which costs as much as all that was worked out.
    return Event(
        event.logsource, {**event.fields, **facts}, event.time_ns, event.host, event.user, event.source, event.record,
        event.parts,
    )  # fmt: skip


def request_facts(fields: Mapping[str, Any], time_ns: int | None) -> dict[str, Any]:
    """Give REQUEST_FIELDS of a request, as far as it has them.

    ``url.signs`` lists: ``bare_address`` (no name), ``odd_tld``, ``compromised_path``, ``folder`` (the path ends with a
    slash below the root), ``random_folder`` (whose name is no word), ``malspam_path``, ``serial_dat`` (named by Excel's
    clock within a day of the request), ``loader_cookie`` (a loader's cookie, decoded into ``cookie.host`` and
    ``cookie.user``), ``no_user_agent``. ``src_ip`` is who asked, also where a proxy calls it ``c-ip``.
    """
    written = fields.get("c-uri")
    uri = written[:MAX_URL_CHARS] if type(written) is str else ""
    host, path = _parts(uri, fields)
    facts: dict[str, Any] = {}
    signs: list[str] = []
    if host:
        of_host, sign = _of_host(host)
        facts.update(of_host)
        if sign:
            signs.append(sign)
    if path:
        facts["url.path"] = path
        signs += _path_signs(path, time_ns)
    signs += _asker_signs(fields, facts)
    if "src_ip" not in fields and fields.get("c-ip") not in _NOTHING:
        facts["src_ip"] = fields["c-ip"]
    if signs:
        facts["url.signs"] = signs
    return facts


@lru_cache(maxsize=REMEMBERED)
def _of_host(host: str) -> tuple[tuple[tuple[str, Any], ...], str]:
    """Give what a host says: fields, and its sign if it has one."""
    if address := canonical_ip(host) if _NUMERIC.search(host) else None:
        tricks = host_tricks(host)
        hidden = (("url.hidden_by", list(tricks)),) if tricks else ()
        return (("url.host", host), ("url.ip", address), *hidden), "bare_address"
    sign = "odd_tld" if host.rpartition(".")[2] in ODD_TLDS else ""
    return (("url.host", host), ("url.domain", registered_domain(host))), sign


def _parts(uri: str, fields: Mapping[str, Any]) -> tuple[str, str]:
    """Give host, in lower case and without its port, and path of a request."""
    if found := _URL.match(uri):
        host, path = found[1], uri[found.end() :]
    else:
        host = next((str(fields[name]) for name in _HOSTS if fields.get(name) not in _NOTHING), "")
        path = uri if uri[:1] == "/" else ""
        if not host and uri and not path:  # CONNECT writes host:port
            host = uri
        if host.count(":") == 1:
            host = host.partition(":")[0]
    return host.strip("[]").rstrip(".").lower()[:300], path.partition("?")[0].partition("#")[0]


def _path_signs(path: str, time_ns: int | None) -> list[str]:
    signs = []
    if is_compromised(path):
        signs.append("compromised_path")
    if len(path) > 1 and path[-1] == "/":
        signs.append("folder")
        if is_random_folder(path):
            signs.append("random_folder")
    if is_pseudo_latin(path):
        signs.append("malspam_path")
    day = serial_day(path) if path.endswith(".dat") else None
    if day is not None and time_ns is not None:
        at = datetime.fromtimestamp(time_ns / 1e9, UTC)
        if day - _EARLIER <= at <= day + _LATER:
            signs.append("serial_dat")
    return signs


def _asker_signs(fields: Mapping[str, Any], facts: dict[str, Any]) -> list[str]:
    signs = []
    if fields.get("cs-method") not in (None, "CONNECT") and fields.get("c-useragent") in _NOTHING:
        signs.append("no_user_agent")
    cookie = fields.get("cs-cookie")
    if type(cookie) is list:
        cookie = "; ".join(map(str, cookie[:20]))
    if type(cookie) is not str or not all(name in cookie for name in _COOKIE_NAMES):
        return signs
    if found := _COOKIE_USER.search(cookie[:MAX_URL_CHARS]):
        signs.append("loader_cookie")
        facts["cookie.host"], facts["cookie.user"] = map(_from_hex, found.groups())
    return signs


def _from_hex(digits: str) -> str:
    raw = bytes.fromhex(digits)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp932", "replace")
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def query_facts(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the registered domain of a query and how unlike a chosen name its first label is."""
    query = fields.get("query")
    name = query[0] if type(query) is list and query else query
    return dict(_of_query(name)) if type(name) is str and 0 < len(name) <= 253 else {}


@lru_cache(maxsize=REMEMBERED)
def _of_query(name: str) -> tuple[tuple[str, Any], ...]:
    if "." not in name.strip("."):
        return ()
    domain = registered_domain(name)
    label, _, suffix = domain.partition(".")
    ours = not suffix or suffix in _OWN or domain.replace(".", "").isdigit()
    score = None if ours else surprise(label)
    return (("dns.domain", domain),) if score is None else (("dns.domain", domain), ("dns.surprise", score))
