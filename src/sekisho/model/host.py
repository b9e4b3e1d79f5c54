"""Host names as a resolver reads them: numeric addresses in any spelling, and what a spelling hides."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
HAS_DIGIT_OR_COLON = re.compile(r"[0-9:\uff10-\uff19%]")
# Characters that name preparation drops without a trace.
# Source: UTS #46 section 4 and its mapping table, status "ignored".
INVISIBLE = re.compile("[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
FULL_WIDTH = re.compile("[\uff01-\uff5e\u3002\uff61]")
LARGEST = 2**32
HOST_CHARS = 2_048
"""A DNS name ends at 253; percent-encoded UTF-8 may be nine times as long."""


def plain_host(host: str) -> str:
    """Give a host percent-decoded once, width-folded, without invisible characters, in lower case.

    Source: WHATWG URL, "host parser"; UTS #46 (the folding is the same NFKC).
    """
    decoded = unquote(host[:HOST_CHARS], errors="replace") if "%" in host else host[:HOST_CHARS]
    if not decoded.isascii():
        decoded = unicodedata.normalize("NFKC", INVISIBLE.sub("", decoded).translate(DOTS)).translate(DOTS)
    return decoded.strip().lower()


def canonical_ip(host: str) -> str | None:
    """Give the address that a host stands for, or None when it is a name.

    One to four parts, each decimal, octal (leading ``0``) or hexadecimal (leading ``0x``), mixed at will; the last
    part fills all bytes that are left. One trailing dot, percent-encoding and full-width digits or dots are read as
    browsers do. IPv6 comes back compressed and without brackets, IPv4-mapped IPv6 as IPv4.

    Source: POSIX inet_addr(); WHATWG URL, "IPv4 parser" (which refuses what overflows).
    """
    if not HAS_DIGIT_OR_COLON.search(host[:HOST_CHARS]) and host.isascii():
        return None
    text = plain_host(host)
    if ":" in text:
        return _ipv6(text)
    numbers = [_number(part) for part in text.removesuffix(".").split(".")]
    if len(numbers) > 4:
        return None
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or any(number > 255 for number in known[:-1]):
        return None
    room = 256 ** (5 - len(known))
    if known[-1] >= room:
        return None
    value = known[-1] + sum(number << (24 - 8 * place) for place, number in enumerate(known[:-1]))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _ipv6(text: str) -> str | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _number(part: str) -> int | None:
    """Read one part; a part too long to fit an address counts as too large, at no cost."""
    if not NUMBER.fullmatch(part):
        return None
    if part[:2] in ("0x", "0X"):
        digits, base = part[2:].lstrip("0"), 16
    elif part[0] == "0" and len(part) > 1:
        digits, base = part[1:].lstrip("0"), 8
    else:
        digits, base = part, 10
    if len(digits) > 12:
        return LARGEST
    try:
        return int(digits or "0", base)
    except ValueError:  # 8 or 9 in an octal part
        return None


def host_tricks(host: str) -> tuple[str, ...]:
    """Name what a written host hides, in the order a reader would undo it; empty for an ordinary one.

    ``percent-encoded-host soft-hyphen full-width compatibility-letters`` for the spelling, then for addresses
    ``hex-ip octal-ip integer-ip mixed-ip short-ip mapped-ip trailing-dot``.
    """
    tricks = []
    decoded = host
    if "%" in host:
        decoded = unquote(host[:HOST_CHARS], errors="replace")
        tricks.append("percent-encoded-host")
    if not decoded.isascii():
        visible = INVISIBLE.sub("", decoded)
        folded = FULL_WIDTH.sub("", visible)
        if visible != decoded:
            tricks.append("soft-hyphen")
        if folded != visible:
            tricks.append("full-width")
        if unicodedata.normalize("NFC", folded) != unicodedata.normalize("NFKC", folded):
            tricks.append("compatibility-letters")
    if canonical_ip(host) is not None:
        tricks.extend(_address_tricks(plain_host(host)))
    return tuple(tricks)


def _address_tricks(text: str) -> list[str]:
    if ":" in text:
        return ["mapped-ip"] if "." in (_ipv6(text) or "") else []
    parts = text.removesuffix(".").split(".")
    kinds = {_base(part) for part in parts} - {""}
    tricks = []
    if len(kinds) > 1:
        tricks.append("mixed-ip")
    elif kinds - {"integer"}:
        tricks.append(f"{kinds.pop()}-ip")
    elif len(parts) == 1:
        tricks.append("integer-ip")
    if 1 < len(parts) < 4:
        tricks.append("short-ip")
    return [*tricks, "trailing-dot"] if text.endswith(".") else tricks


def _base(part: str) -> str:
    """Name the base of one part; empty where octal and decimal read alike (0 to 7)."""
    if part[:2] == "0x":
        return "hex"
    if len(part) == 1 and part < "8":
        return ""
    return "octal" if part[0] == "0" else "integer"


# What is no address of the internet. Source: RFC 1918, RFC 1122 (this host, loopback), RFC 3927, RFC 6598, RFC 4193,
# RFC 4291. Blocks for documentation (RFC 5737, RFC 3849) stand for addresses of the internet.
_INSIDE_4 = re.compile(
    r"(?:10|127)\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\."
)
_INSIDE_6 = re.compile(r"f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::1$|::$", re.IGNORECASE)
_DOTTED = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")


def is_address(text: object) -> bool:
    """Tell an IP address as logs write it."""
    if type(text) is not str or len(text) > 45:
        return False
    return _DOTTED.fullmatch(text) is not None or (":" in text and _ipv6(text) is not None)


def is_inside(text: object) -> bool:
    """Tell an address that only private networks use; False for names and for anything else."""
    if type(text) is not str:
        return False
    if ":" in text:
        mapped = text.rpartition(":")[2]
        return _INSIDE_6.match(text) is not None or ("." in mapped and _INSIDE_4.match(mapped) is not None)
    return _INSIDE_4.match(text) is not None and _DOTTED.fullmatch(text) is not None


def inside_end(source: object, destination: object) -> str:
    """Give the end of a connection that lies inside, the source when both do; empty when none does."""
    for end in (source, destination):
        if is_inside(end):
            return str(end)
    return ""
