"""TAXII on this machine: a thin HTTP adapter for the server, and what it serves from stores and results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid5

import orjson

from sekisho.app.exchange.export import Wish, chosen, export
from sekisho.app.exchange.store import Store
from sekisho.model.indicator import Indicator
from sekisho.model.result import Result
from sekisho.respond import stix
from sekisho.respond.observed import Observed
from sekisho.respond.stix import Telling
from sekisho.respond.taxii import Collection, Request, Response, Server, answer
from sekisho.respond.wording import Words

OWN = UUID("8f0a7f4e-6b51-5c43-9a3d-1d9f9c0f5b63")
STRONG_AT = 60
"""Confidence from which a stored value is told as malicious rather than anomalous."""
TIMEOUT_S = 30.0


def server(results: Sequence[tuple[str, Result]], store: str, token: str, wish: Wish, title: str = "Sekisho") -> Server:
    """Give a server with a collection for incidents and one for stored indicators.

    Args:
        results: (name, result) pairs.
        store: of indicators; empty for none.
        token: that clients must show.
        wish: how incidents are told.
        title: of the server.
    """
    collections = []
    if results:
        objects: dict[str, dict[str, Any]] = {}
        for _, result in results:
            if chosen(result, wish.incidents):
                for one in orjson.loads(export(result, "stix", wish).data)["objects"]:
                    objects.setdefault(one["id"], one)
        collections.append(_collection("incidents", "Incidents", objects.values()))
    if store:
        with Store(store) as opened:
            known = opened.active(wish.now_ns // 1_000_000_000)
        how = Telling(wish.tlp, wish.producer, wish.now_ns)
        told = stix.indicator_objects([_observed(one) for one in known], Words(wish.language), how)
        collections.append(_collection("indicators", "Indicators", told))
    return Server(title, tuple(collections), token)


def _collection(name: str, title: str, objects: Any) -> Collection:
    """Give a collection, oldest first; an object counts as added when it was last changed."""
    dated = sorted(((_added(one), one) for one in objects), key=lambda pair: (pair[0], pair[1]["id"]))
    return Collection(str(uuid5(OWN, name)), title, f"{len(dated)} objects", tuple(dated))


def _added(one: dict[str, Any]) -> str:
    return str(one.get("modified") or one.get("created") or datetime.fromtimestamp(0, UTC).isoformat())


def _observed(one: Indicator) -> Observed:
    first = None if one.first_at is None else one.first_at * 1_000_000_000
    last = None if one.last_at is None else one.last_at * 1_000_000_000
    strong = one.confidence >= STRONG_AT and one.kind not in ("file", "email")
    return Observed(one.kind, one.value, "contacted" if strong else "named", strong, one.confidence, (), first, last)


class _Handler(BaseHTTPRequestHandler):
    """Turns HTTP into requests of the server and back."""

    served: Server
    timeout = TIMEOUT_S
    server_version = "sekisho"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(answer(self.served, Request(self.command, self.path, headers)))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _send(self, made: Response) -> None:
        self.send_response(made.status)
        for name, value in made.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(made.body)))
        self.end_headers()
        self.wfile.write(made.body)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: what clients send is theirs."""


def listen(served: Server, port: int) -> ThreadingHTTPServer:
    """Give an HTTP server on loopback that is not running yet; port 0 takes a free one."""
    handler = type("_Bound", (_Handler,), {"served": served})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)
