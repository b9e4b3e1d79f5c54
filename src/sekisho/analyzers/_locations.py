r"""Places outside this machine that Windows opens like files: shares, WebDAV folders, ``file:`` URLs.

Source: [MS-DTYP] 2.2.57 (UNC), Microsoft's description of the WebDAV redirector (``\\host@SSL@port\DavWWWRoot``),
RFC 8089 (file URLs); MITRE ATT&CK T1187 (forced authentication).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from sekisho.model.url import Url
from sekisho.model.urltext import parse_url

_UNC = re.compile(
    r"(?:file:(?:[\\/]{2}(?=[^\\/])|[\\/]{4,5})|[\\/]{2}\?[\\/]UNC[\\/]|[\\/]{2})"
    r"(?![?.][\\/])([^\\/\s\"'<>|?*]{1,255})(?:[\\/]([^\"'<>|\r\n]{0,1000}))?",
    re.IGNORECASE,
)
_PORT = re.compile(r"@(ssl)?(?:@?(\d{1,5}))?", re.IGNORECASE)
_OWN = frozenset({"localhost", "127.0.0.1", "::1", ".", "wsl$", "wsl.localhost", "tsclient"})
_DAV = re.compile(r"(?:^|[\\/])davwwwroot(?:[\\/]|$)", re.IGNORECASE)
_EXAMPLES = tuple(
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
"""Reserved for documentation; they count as the internet's, so that examples work."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A place on another host."""

    host: str
    path: str
    is_webdav: bool
    url: Url


def remote_of(text: str, where: str) -> Remote | None:
    """Give the host that opening a path would ask, None for local paths and for http addresses."""
    found = _UNC.match(text.strip().strip('"'))
    if found is None:
        return None
    host, _, suffix = found[1].partition("@")
    marks = _PORT.fullmatch(f"@{suffix}") if suffix else None
    host = host.lower()
    if host in _OWN or not host or (len(host) == 2 and host[1] in ":|"):
        return None
    path = found[2] or ""
    is_webdav = marks is not None or bool(_DAV.search(path))
    slashed = path.replace("\\", "/")
    if is_webdav and marks is not None:
        port = f":{marks[2]}" if marks[2] else ""
        url = parse_url(f"{'https' if marks[1] else 'http'}://{host}{port}/{slashed}", where=where)
    else:
        url = parse_url(f"file://{host}/{slashed}", where=where)
    return Remote(host, path, is_webdav, replace(url, raw=text.strip()[:2_000]))


def is_outside(host: str) -> bool:
    """Tell whether a host is one of the internet's: a name with a dot, or an address that is not private."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".internal", ".corp"))
    return address.is_global or any(address in network for network in _EXAMPLES)
