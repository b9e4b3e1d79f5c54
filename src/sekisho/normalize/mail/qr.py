"""QR codes of a mail: where they lead, and how far the mail is there for them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from sekisho.model.artifact import Feature
from sekisho.model.organisation import Organisation
from sekisho.model.url import Url
from sekisho.normalize.mail import Mail, mail_facts

CODES = 50
_NOT_FOLLOWED = frozenset({"image", "link", "script", "embed"})
"""Addresses of a page that nobody clicks: what it shows or loads."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,400}={0,2}")
DRAWN = "drawn code.png"
"""What the readers of mails and pages call a code drawn with characters or cells."""


@mail_facts("qr", features=("qr.url", "qr.place", "qr.only_link", "qr.names_recipient"))
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Tell of the codes in a mail's pictures and files.

    Yields:
        ``qr.url`` for each address that scanning would open; ``qr.place``: picture (in the mail or attached), drawn
        (characters or table cells), document; ``qr.only_link`` when no other link can be followed;
        ``qr.names_recipient`` when an address names a recipient, plainly or in base64.
    """
    urls: dict[str, None] = {}
    places: dict[str, None] = {}
    for one in mail.files:
        codes = [url for url in one.urls if url.where == "qr"]
        urls.update((url.canonical, None) for url in codes)
        if codes:
            near = one.artifact.parent in (mail.message.address, *(body.address for body in mail.bodies))
            places["document" if not near else "drawn" if one.artifact.name.startswith(DRAWN) else "picture"] = None
    if not urls:
        return
    yield from (Feature("qr.url", url) for url in list(urls)[:CODES])
    yield from (Feature("qr.place", place) for place in places)
    yield Feature("qr.only_link", not any(_is_followed(url) for url in mail.urls))
    people = {str(value).lower() for name in ("recipients", "delivered_to") for value in mail.message.values(name)}
    yield Feature("qr.names_recipient", _names(urls, people))


def _is_followed(url: Url) -> bool:
    return url.where not in _NOT_FOLLOWED and url.canonical.startswith(("http:", "https:"))


def _names(urls: Iterable[str], people: set[str]) -> bool:
    for url in urls:
        plain = unquote(url[:4_000]).lower()
        texts = [plain, *(_decoded(match[0]) for match in list(_BASE64.finditer(unquote(url[:4_000])))[:20])]
        if any(person in text for person in people if "@" in person for text in texts):
            return True
    return False


def _decoded(text: str) -> str:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace").lower()
    except (ValueError, binascii.Error):
        return ""
