"""Warning lists: values that must not become indicators, because everybody uses them or nobody owns them.

One poisoned or careless indicator blocks a company's mail or its software updates, so every way in and every way out
asks here.

Source: MISP warning lists name the kinds (public resolvers, CDN ranges, top sites, empty hashes, reserved ranges);
the values are each operator's own publication. as_of: 2026-10.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from hashlib import md5, sha1, sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sekisho.model import brands
from sekisho.model.freemail import FREEMAIL
from sekisho.model.hosting import FREE_MAIL, HOSTING, PICTURE_HOSTS, REDIRECTORS, REWRITERS, SHORTENERS, TRACKERS
from sekisho.model.indicator import host_of
from sekisho.model.registered import belongs, registered_domain

REASONS = (
    "documentation",
    "private",
    "reserved_name",
    "own",
    "resolver",
    "cdn",
    "top_site",
    "free_host",
    "free_mail",
    "mail_service",
    "suffix",
    "standard_file",
    "common_name",
    "too_short",
)
"""Why a value is left out (catalogue: ``left_out.*``)."""

# Source: RFC 5737, RFC 3849, RFC 9637 (3fff::/20); RFC 2606 and RFC 6761 for names.
_DOCUMENTATION = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
_DOCUMENTATION_NAMES = frozenset({"example", "example.com", "example.net", "example.org", "example.jp", "test"})
# Source: RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476, ICANN's reservation of .internal (2024).
_RESERVED_NAMES = frozenset("localhost local invalid internal lan home corp intranet home.arpa arpa alt".split())

# Public resolvers and hosts that programs ask for their own address or the time.
# Source: the operators' pages: Google Public DNS, Cloudflare 1.1.1.1, Quad9, OpenDNS, AdGuard, IIJ Public DNS, root
# server addresses of Verisign's J and A.
_RESOLVERS = frozenset(
    """8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 9.9.9.9 9.9.9.10 149.112.112.112 149.112.112.10
    208.67.222.222 208.67.220.220 94.140.14.14 94.140.15.15 4.2.2.1 4.2.2.2 64.6.64.6 64.6.65.6 198.41.0.4
    192.58.128.30 114.114.114.114 223.5.5.5 223.6.6.6 103.2.57.5 103.2.57.6 77.88.8.8 76.76.2.0
    2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001
    2620:fe::fe 2620:fe::9""".split()
)
# Addresses that thousands of unrelated sites share. Source: cloudflare.com/ips, Fastly's public-ip-list.
_CDN = """173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18
    190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 104.24.0.0/14
    172.64.0.0/13 131.0.72.0/22 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29
    2c0f:f248::/32 151.101.0.0/16 199.232.0.0/16 146.75.0.0/17 2a04:4e40::/32"""
_CDN_NAMES = frozenset(
    """cloudfront.net akamai.net akamaiedge.net akamaihd.net akamaized.net edgekey.net edgesuite.net fastly.net
    fastlylb.net azureedge.net azurefd.net trafficmanager.net llnwd.net b-cdn.net cdn77.org jsdelivr.net unpkg.com
    cdnjs.cloudflare.com cloudflare.com cloudflare.net gvt1.com gvt2.com 1e100.net hwcdn.net stackpathcdn.com
    bootstrapcdn.com""".split()
)
# Names beside those of the brands that half of all clients ask for every day: search, news, software updates,
# certificate status, time. Source: Tranco top 1,000 of 2025 by hand, operators' documentation of update hosts.
_TOP_SITES = frozenset(
    """windowsupdate.com digicert.com ocsp.digicert.com verisign.com symantec.com sectigo.com usertrust.com comodoca.com
    letsencrypt.org lencr.org globalsign.com globalsign.net entrust.net godaddy.com pki.goog ntp.org nist.gov
    wikipedia.org wikimedia.org yahoo.com yahoo.co.jp yimg.jp yimg.com bing.com duckduckgo.com baidu.com yandex.ru
    yandex.net reddit.com redd.it stackoverflow.com mozilla.org mozilla.net firefox.com python.org
    debian.org ubuntu.com redhat.com docker.com docker.io gitlab.com bitbucket.org
    sourceforge.net apache.org w3.org ietf.org iana.org icann.org archive.org nytimes.com bbc.com bbc.co.uk cnn.com
    nhk.or.jp asahi.com yomiuri.co.jp nikkei.com mainichi.jp go.jp jpcert.or.jp ipa.go.jp jprs.jp nic.ad.jp ntt.com
    oracle.com java.com salesforce.com sap.com ibm.com cisco.com intel.com nvidia.com amd.com vmware.com citrix.com
    trendmicro.com mcafee.com kaspersky.com eset.com sophos.com virustotal.com abuse.ch misp-project.org mitre.org
    paypal.com ebay.com alibaba.com taobao.com wordpress.org gravatar.com gstatic.com googleapis.com
    googletagmanager.com
    google-analytics.com doubleclick.net ipify.org ifconfig.me ipinfo.io icanhazip.com checkip.amazonaws.com
    api.ipify.org zoom.us slack.com webex.com chatwork.com cybozu.com kintone.com backlog.jp sansan.com""".split()
)
# File names that say nothing by themselves. Source: default names of Windows, Office, scanners and mail programs.
_COMMON_NAMES = frozenset(
    """image001.png image002.png image001.jpg logo.png logo.jpg winmail.dat smime.p7s smime.p7m invite.ics noname
    attachment.dat untitled.txt readme.txt index.html default.htm desktop.ini thumbs.db cmd.exe powershell.exe
    rundll32.exe regsvr32.exe mshta.exe wscript.exe cscript.exe explorer.exe svchost.exe winword.exe excel.exe
    powerpnt.exe outlook.exe notepad.exe calc.exe chrome.exe msedge.exe setup.exe update.exe install.exe""".split()
)
_MAIL_SERVICES = TRACKERS | {name for name, _ in REWRITERS}
_HOSTING_NAMES = frozenset(HOSTING)
_STANDARD = (
    b"",
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"{}",
    b"[]",
    b"\xef\xbb\xbf",
    b"test",
    b"test\n",
    bytes(512),
    bytes(1024),
    bytes(4096),
    # The smallest transparent GIF, the pixel of every newsletter.
    bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"),
    bytes.fromhex("47494638396101000100f00000ffffff00000021f90401000000002c00000000010001000002024401003b"),
    bytes.fromhex("504b0506") + bytes(18),  # an empty ZIP
    # EICAR's test file, in halves so that no scanner takes this one for it. Source: eicar.org.
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
)
NAME_CHARS = 5
"""Shortest file name that may be looked for; what is shorter stands in half of all commands."""


def why_not(kind: str, value: str, own: frozenset[str] = frozenset(), *, exercise: bool = False) -> str:
    """Tell why a value must not be looked for or blocked: one of REASONS, or empty.

    Args:
        kind: one of ``model.indicator.KINDS``.
        value: in its canonical spelling.
        own: domains, addresses and networks of one's own and of partners, lower case.
        exercise: let names and addresses pass that are reserved for documentation; lab cases are made of them.
    """
    if kind in ("md5", "sha1", "sha256"):
        return "standard_file" if value in _standard_hashes() else ""
    if kind == "file":
        if len(value) < NAME_CHARS:
            return "too_short"
        return "common_name" if value in _COMMON_NAMES else ""
    host = host_of(kind, value)
    try:
        address = ip_address(host)
    except ValueError:
        return _name(kind, host, value, own, exercise=exercise)
    return _address(address, own, exercise=exercise)


def _address(address: IPv4Address | IPv6Address, own: frozenset[str], *, exercise: bool) -> str:
    text = str(address)
    if text in own or _within(address, _own_networks(own)):
        return "own"
    if _within(address, _networks("documentation")):
        return "" if exercise else "documentation"
    if not address.is_global or address.is_multicast or address.is_reserved:
        return "private"
    if text in _RESOLVERS:
        return "resolver"
    return "cdn" if _within(address, _networks("cdn")) else ""


def _name(kind: str, host: str, value: str, own: frozenset[str], *, exercise: bool) -> str:
    if not host:
        return "too_short"
    if belongs(host, own):
        return "own"
    if belongs(host, _DOCUMENTATION_NAMES):
        return "" if exercise else "documentation"
    if belongs(host, _RESERVED_NAMES):
        return "reserved_name"
    if kind == "email":
        return ""  # one mailbox of many: the address is its own, whatever its provider
    if kind == "url":
        path = value.partition("://")[2].partition("/")[2].strip("/?#")
        if path and (host in SHORTENERS or host in HOSTING or belongs(host, PICTURE_HOSTS) or _sends_on(host, path)):
            return ""  # one page of many, or one address behind a redirector
    return _everybodys(host)


def _everybodys(host: str) -> str:
    """Tell whether a whole name is one that too many share."""
    if registered_domain(host) in _CDN_NAMES or host in _CDN_NAMES:
        return "cdn"
    if "." not in host or _is_suffix(host):
        return "free_host" if host in HOSTING else "suffix"
    if host in FREEMAIL or host in FREE_MAIL:
        return "free_mail"
    if host in HOSTING or host in SHORTENERS or host in PICTURE_HOSTS:
        return "free_host"
    if belongs(host, _MAIL_SERVICES):
        return "mail_service"
    if belongs(host, _TOP_SITES) or brands.owners(host):
        return "" if belongs(host, _HOSTING_NAMES) else "top_site"
    return ""


def _is_suffix(host: str) -> bool:
    """Tell whether a name is one under which others register (``co.jp``, ``github.io``)."""
    return registered_domain(f"x.{host}") != registered_domain(host)


def _sends_on(host: str, path: str) -> bool:
    """Tell whether a path of a well-known host sends a browser on to any address."""
    return any(
        f".{host}".find(f".{name}") >= 0 and f"/{path}".startswith(start) and ("=" in path or not names)
        for name, start, names in REDIRECTORS
    )


def _within(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=8)
def _own_networks(own: frozenset[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for one in own:
        if "/" in one:
            with suppress(ValueError):  # a name with a slash is no network, and no host either
                found.append(ip_network(one, strict=False))
    return tuple(found)


@cache
def _networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    written = _CDN.split() if name == "cdn" else _DOCUMENTATION
    return tuple(ip_network(one) for one in written)


@cache
def _standard_hashes() -> frozenset[str]:
    found = set()
    for data in _STANDARD:
        for algorithm in (md5, sha1, sha256):
            found.add(algorithm(data, usedforsecurity=False).hexdigest())
    return frozenset(found)
