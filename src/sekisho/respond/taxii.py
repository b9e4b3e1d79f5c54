"""A read-only TAXII 2.1 server as one pure function: a request comes in, a response goes out.

Whoever speaks HTTP hands requests over (``app.exchange.taxii`` does on loopback). There is one API root, and a
collection for each set of objects. Nothing can be added, changed or deleted from outside.

Source: TAXII Version 2.1, OASIS Standard of 10 June 2021; sections 1.6.8 (media types), 3.4 (pagination), 4 and 5.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
ROOT = "/taxii2/root/"
PAGE = 100
MOST = 1_000
"""Objects of one page: by default, and whatever a client asks for."""
TARGET_CHARS = 8_192
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class Response:
    """What it gets."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects that are given together."""

    id: str
    """A UUID."""
    title: str
    description: str
    objects: tuple[tuple[str, Object], ...]
    """(time added as an RFC 3339 text in UTC, STIX object), oldest first."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is served."""

    title: str
    collections: tuple[Collection, ...]
    token: str
    """What clients must show as ``Authorization: Bearer``, or as the password of any user; never empty."""


def answer(server: Server, request: Request) -> Response:
    """Answer one request; every failure is a TAXII error message, never an exception."""
    if len(request.target) > TARGET_CHARS:
        return _error(414, "The address is too long")
    if not _allowed(server, request.headers.get("authorization", "")):
        return _error(401, "Credentials are needed", ("WWW-Authenticate", 'Basic realm="taxii", charset="UTF-8"'))
    if not _accepts(request.headers.get("accept", "")):
        return _error(406, f"Only {TAXII} is given")
    path, _, asked = request.target.partition("?")
    path = path if path.endswith("/") else f"{path}/"
    if request.method not in ("GET", "HEAD"):
        return _error(405, "This server is read-only", ("Allow", "GET, HEAD"))
    try:
        query = parse_qs(asked, max_num_fields=50)
    except ValueError:
        return _error(400, "Too many parameters")
    made = _route(server, path, query)
    return Response(made.status, b"", made.headers) if request.method == "HEAD" else made


def _route(server: Server, path: str, query: Mapping[str, Sequence[str]]) -> Response:
    if path == "/taxii2/":
        return _good({"title": server.title, "default": ROOT, "api_roots": [ROOT]})
    if path == ROOT:
        return _good({"title": server.title, "versions": [TAXII], "max_content_length": 1})
    if not path.startswith(f"{ROOT}collections/"):
        return _error(404, "There is no such resource")
    rest = path.removeprefix(f"{ROOT}collections/").strip("/").split("/")
    if rest == [""]:
        return _good({"collections": [_about(one) for one in server.collections]})
    found = next((one for one in server.collections if one.id == rest[0]), None)
    if found is None:
        return _error(404, "There is no such collection")
    if len(rest) == 1:
        return _good(_about(found))
    if rest[1] not in ("objects", "manifest") or len(rest) > 3 or (rest[1] == "manifest" and len(rest) > 2):
        return _error(404, "There is no such resource")
    one = rest[2] if len(rest) == 3 else ""
    return _objects(found, query, one, manifest=rest[1] == "manifest")


def _objects(found: Collection, query: Mapping[str, Sequence[str]], one: str, *, manifest: bool) -> Response:
    """Give a page of objects, or of what is said about them."""
    try:
        wanted = _matching(found, query, one)
        start, limit = int(query.get("next", ["0"])[0]), int(query.get("limit", [str(PAGE)])[0])
    except ValueError:
        return _error(400, "A parameter cannot be read")
    if start < 0 or limit < 1:
        return _error(400, "A parameter is out of range")
    if one and not wanted:
        return _error(404, "There is no such object")
    page = wanted[start : start + min(limit, MOST)]
    told: dict[str, Any] = {}
    after = start + len(page)
    if after < len(wanted):
        told |= {"more": True, "next": str(after)}
    if manifest:
        told["objects"] = [
            {"id": item["id"], "date_added": added, "version": _version(item, added), "media_type": STIX}
            for added, item in page
        ]
    else:
        told["objects"] = [dict(item) for _, item in page]
    if not page:
        return _good({})
    ends = (("X-TAXII-Date-Added-First", page[0][0]), ("X-TAXII-Date-Added-Last", page[-1][0]))
    return _good(told, *ends)


def _matching(found: Collection, query: Mapping[str, Sequence[str]], one: str) -> Sequence[tuple[str, Object]]:
    """Filter a collection. Source: TAXII 2.1, section 3.4.

    Raises:
        ValueError: a time cannot be read.
    """
    after = _moment(query["added_after"][0]) if "added_after" in query else None
    ids = {one} if one else _words(query, "match[id]")
    kinds, versions = _words(query, "match[type]"), _words(query, "match[version]")
    specs = _words(query, "match[spec_version]")
    kept = []
    for added, item in found.objects:
        if after is not None and _moment(added) <= after:
            continue
        if (ids and item["id"] not in ids) or (kinds and item["type"] not in kinds):
            continue
        if specs and str(item.get("spec_version", "2.0")) not in specs:
            continue
        if versions and not versions & {"all", "first", "last"} and _version(item, added) not in versions:
            continue  # we keep one version of each object, which is first and last
        kept.append((added, item))
    return kept


def _words(query: Mapping[str, Sequence[str]], name: str) -> set[str]:
    return {word for value in query.get(name, ()) for word in value.split(",") if word}


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace(" ", "+"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _version(item: Object, added: str) -> str:
    return str(item.get("modified") or item.get("created") or added)


def _about(one: Collection) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "can_read": True,
        "can_write": False,
        "media_types": [STIX],
    }


def _allowed(server: Server, header: str) -> bool:
    """Tell whether the token was shown, in a time that does not depend on where it differs."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    shown = value.strip().encode("utf-8", "replace")
    return bool(server.token) and hmac.compare_digest(shown, server.token.encode())


def _accepts(header: str) -> bool:
    """Tell whether a client takes TAXII 2.1. Source: TAXII 2.1, section 1.6.8.1."""
    for part in header[:2_000].lower().split(","):
        kind, *parameters = (piece.strip().replace(" ", "") for piece in part.split(";"))
        versions = [one.partition("=")[2] for one in parameters if one.startswith("version=")]
        if kind in ("*/*", "application/*") or (kind == "application/taxii+json" and versions in ([], ["2.1"])):
            return True
    return not header


def _good(told: Mapping[str, Any], *headers: tuple[str, str]) -> Response:
    return Response(200, orjson.dumps(told), (("Content-Type", TAXII), *headers))


def _error(status: int, title: str, *headers: tuple[str, str]) -> Response:
    told = {"title": title, "http_status": str(status)}
    return Response(status, orjson.dumps(told), (("Content-Type", TAXII), *headers))
