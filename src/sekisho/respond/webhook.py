"""Signed requests to anything that listens: an own script, a SOAR, a ticket system.

The receiver takes the time and the nonce from the headers, computes HMAC-SHA256 over ``time.nonce.body`` with the
shared key, compares, and refuses what is older than five minutes or was seen before.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from sekisho.respond.outward import Request

VERSION = "v1"
FRESH_S = 300  # how long a receiver should believe a request


def build(url: str, document: dict[str, Any], key: str, at: int, nonce: str) -> Request:
    """Give a signed request.

    Args:
        url: where it goes.
        document: what it says; the keys are sorted, so that equal documents have equal bytes.
        key: shared with the receiver.
        at: seconds UTC.
        nonce: never used before.
    """
    body = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    headers = (
        ("content-type", "application/json"),
        ("user-agent", "sekisho"),
        ("x-sekisho-timestamp", str(at)),
        ("x-sekisho-nonce", nonce),
        ("x-sekisho-signature", f"{VERSION}={signature(key, at, nonce, body)}"),
    )
    return Request("POST", url, headers, body)


def signature(key: str, at: int, nonce: str, body: bytes) -> str:
    """Give the signature of a request's body, lower-case hex. Source: RFC 2104 (HMAC)."""
    return hmac.new(key.encode(), f"{at}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()


def genuine(key: str, headers: dict[str, str], body: bytes, now: int) -> bool:
    """Tell whether a request was signed with a key just now; for receivers in Python. The nonce is theirs to remember.

    Args:
        key: shared with the sender.
        headers: with lower-case names.
        body: as it came.
        now: seconds UTC.
    """
    at, nonce = headers.get("x-sekisho-timestamp", ""), headers.get("x-sekisho-nonce", "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12) or abs(now - int(at)) > FRESH_S:
        return False
    expected = f"{VERSION}={signature(key, int(at), nonce, body)}"
    return hmac.compare_digest(expected.encode(), headers.get("x-sekisho-signature", "").encode())
