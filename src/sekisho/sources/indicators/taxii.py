"""TAXII 2.1 collections of others, read over HTTPS: only when a user names one, and only that one.

Redirections are not followed and addresses in answers are not visited: the one host that was named is asked.

Source: TAXII Version 2.1, sections 3.4 (pagination) and 5.4 (get objects).
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from sekisho.model.errors import SourceError

ACCEPT = "application/taxii+json;version=2.1"
PAGE_BYTES = 64 * 1024 * 1024
PAGES = 10_000
TIMEOUT_S = 60.0
Fetch = Callable[[str, dict[str, str]], bytes]
"""Gets an address with headers and gives the body, at most PAGE_BYTES + 1 of it."""


def collection(
    url: str, *, token: str = "", user: str = "", added_after: str = "", fetch: Fetch | None = None
) -> Iterator[dict[str, Any]]:
    """Give the STIX objects of a collection, page after page.

    Args:
        url: of the collection, ``https://host/root/collections/ID/``.
        token: a bearer token, or the password where there is a user.
        user: for HTTP basic authentication.
        added_after: RFC 3339 time; only what was added later.
        fetch: what asks; the standard library where None.

    Raises:
        SourceError: the address is none, the server cannot be reached, refuses, or answers what is no TAXII.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SourceError("is no address", url) from error
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise SourceError("must begin with https:// (http only on this machine)", url)
    headers = {"Accept": ACCEPT, "User-Agent": "sekisho"}
    if user:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:{token}'.encode()).decode()}"
    elif token:
        headers["Authorization"] = f"Bearer {token}"
    asked: dict[str, str] = {"added_after": added_after} if added_after else {}
    seen: set[str] = set()
    for _ in range(PAGES):
        query = f"?{urlencode(asked, quote_via=quote)}" if asked else ""
        page = _page((fetch or _fetch)(f"{url.rstrip('/')}/objects/{query}", headers), url)
        objects = page.get("objects")
        for one in objects if isinstance(objects, list) else ():
            if isinstance(one, dict):
                yield one
        following = str(page.get("next") or "")
        if page.get("more") is not True or not following or following in seen:
            return
        seen.add(following)
        asked["next"] = following
    raise SourceError(f"has more than {PAGES} pages", url)


def _page(body: bytes, url: str) -> dict[str, Any]:
    if len(body) > PAGE_BYTES:
        raise SourceError(f"answers with more than {PAGE_BYTES >> 20} MiB at once", url)
    try:
        page = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise SourceError("answers what is no JSON", url) from error
    if not isinstance(page, dict):
        raise SourceError("answers what is no TAXII envelope", url)
    return page


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirection would carry the token elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse."""
        return


def _fetch(url: str, headers: dict[str, str]) -> bytes:
    opener = urllib.request.build_opener(_NoRedirect())
    request = urllib.request.Request(url, headers=headers)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            body: bytes = response.read(PAGE_BYTES + 1)
            return body
    except urllib.error.HTTPError as error:
        raise SourceError(f"refuses: HTTP {error.code}", url, retry=error.code in (429, 503)) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot be reached: {error}", url, retry=True) from error
