"""``sekisho taxii``: what it takes, and which module answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sekisho.app.exchange._options import GOOD, save, say, telling_options, wish_of

TAXII = """examples:
  sekisho taxii serve result.json --indicators indicators.db --token-file token.txt --organisation corp.yml
  sekisho taxii fetch https://cti.example/root/collections/ID/ --token-file token.txt --out feed.json
  sekisho indicators import feed.json --store indicators.db

"""


def add(commands: Any, language: str) -> None:
    """Add the commands; ``language`` is that of texts, unless ``--lang`` says otherwise."""
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    group = commands.add_parser("taxii", help="serve and fetch indicators by TAXII 2.1", epilog=TAXII, **shape)
    actions = group.add_subparsers(metavar="ACTION", required=True)
    serve = actions.add_parser(
        "serve", help="serve incidents and indicators, read-only, on loopback", epilog=TAXII, **shape
    )
    serve.add_argument("results", nargs="*", metavar="RESULT", help="results of --json")
    serve.add_argument("--indicators", default="", metavar="FILE", help="a store that sekisho indicators import made")
    serve.add_argument("--token-file", required=True, metavar="FILE", help="holds what clients must show")
    serve.add_argument("--port", type=int, default=6100, metavar="N", help="on 127.0.0.1 (default: 6100)")
    telling_options(serve, language)
    serve.set_defaults(run=_serve)
    fetch = actions.add_parser("fetch", help="write a collection of others as a bundle", epilog=TAXII, **shape)
    fetch.add_argument("url", metavar="URL", help="https://host/root/collections/ID/")
    fetch.add_argument("--token-file", default="", metavar="FILE", help="holds the token, or the password of --user")
    fetch.add_argument("--user", default="", metavar="NAME", help="for basic authentication")
    fetch.add_argument("--added-after", default="", metavar="TIME", help="only what was added later (RFC 3339)")
    fetch.add_argument("--out", required=True, metavar="FILE", help="write the bundle here; indicators import reads it")
    fetch.set_defaults(run=_fetch)


def _serve(chosen: argparse.Namespace) -> int:
    from sekisho.app.exchange import results, taxii
    from sekisho.model.errors import SekishoError

    token = _token(chosen.token_file)
    if len(token) < 16:
        raise SekishoError("the token must have 16 characters or more")
    if not chosen.results and not chosen.indicators:
        raise SekishoError("nothing to serve; name results or --indicators")
    told = [(path, results.read(path)) for path in chosen.results]
    try:
        server = taxii.listen(taxii.server(told, chosen.indicators, token, wish_of(chosen)), chosen.port)
    except OSError as error:
        raise SekishoError(f"port {chosen.port}: {error.strerror}") from error
    say([f"http://127.0.0.1:{server.server_port}/taxii2/"])
    with server:
        server.serve_forever()
    return GOOD


def _fetch(chosen: argparse.Namespace) -> int:
    import orjson

    from sekisho.sources.indicators import taxii

    token = _token(chosen.token_file) if chosen.token_file else ""
    objects = list(taxii.collection(chosen.url, token=token, user=chosen.user, added_after=chosen.added_after))
    save(chosen.out, orjson.dumps({"type": "bundle", "objects": objects}, option=orjson.OPT_INDENT_2))
    say([f"{len(objects)} objects: {chosen.out}"])
    return GOOD


def _token(path: str) -> str:
    """Read a token from a file: on the command line everybody on the machine could read it.

    Raises:
        SourceError: the file cannot be read.
    """
    from sekisho.model.errors import SourceError

    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot be read: {error}", path) from error
