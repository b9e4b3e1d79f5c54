"""``sekisho serve`` and ``sekisho accounts``: the console is started, and people are let in."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.app.web.desk import Settings

SERVE = """examples:
  sekisho serve --data desk
  sekisho serve --data desk --watch /srv/quarantine --organisation corp.toml
  sekisho serve --data desk --host 192.0.2.10 --name soc.corp.example --secure

The first start prints an address with a key that opens the console for whoever started it. As soon as there is an
account (sekisho accounts add), people sign in instead. Other addresses than this machine's own need an account first.

"""
ACCOUNTS = """examples:
  sekisho accounts add suzuki --role admin --data desk
  sekisho accounts list --data desk
  sekisho accounts change suzuki --role analyst --data desk
  sekisho accounts change suzuki --password --data desk

roles: viewer (looks), analyst (adds evidence, triages), responder (acts, takes attachments), admin (accounts, deletion)

"""


def add(commands: Any) -> None:
    """Add the commands."""
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    serve = commands.add_parser(
        "serve",
        help="open the console in a browser",
        description="Open the web console on a store: upload evidence, follow incidents, hunt, decide and act.",
        epilog=SERVE,
        **shape,
    )
    give = serve.add_argument
    give("--data", required=True, metavar="DIR", help="the store, a folder; made when there is none")
    give("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: this machine only)")
    give("--port", type=int, default=8765, metavar="N", help="port to listen on (default: 8765)")
    give("--name", action="append", default=[], metavar="HOST", help="a host name it answers to; repeatable")
    give("--secure", action="store_true", help="it is reached over HTTPS, by a proxy in front of it")
    give("--watch", default="", metavar="DIR", help="a folder whose new files are investigated")
    give("--oidc", default="", metavar="FILE", help="who signs people in by OpenID Connect")
    give("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or folder; repeatable")
    give("--pipeline", action="append", default=[], metavar="PATH", help="a pySigma pipeline for them; repeatable")
    give("--organisation", default="", metavar="FILE", help="whose mail it is")
    give("--senders", default="", metavar="FILE", help="who wrote before: made by sekisho senders learn")
    serve.set_defaults(run=_serve)
    accounts = commands.add_parser("accounts", help="let people into the console", epilog=ACCOUNTS, **shape)
    actions = accounts.add_subparsers(metavar="ACTION", required=True)
    for name, text, run in (
        ("add", "make an account; asks for its password", _add),
        ("change", "change an account's role or password, or disable it", _change),
        ("list", "list the accounts", _list),
    ):
        action = actions.add_parser(name, help=text, description=text, epilog=ACCOUNTS, **shape)
        action.add_argument("--data", required=True, metavar="DIR", help="the console's folder")
        action.set_defaults(run=run)
        if name == "list":
            continue
        action.add_argument("name", help="who signs in")
        roles = ("viewer", "analyst", "responder", "admin")
        action.add_argument("--role", choices=roles, required=name == "add", help="what it may do")
        action.add_argument("--password", action="store_true", help="ask for a password")
        if name == "add":
            action.add_argument("--email", default="", metavar="ADDRESS", help="by which OpenID Connect knows them")
        else:
            action.add_argument("--disable", action="store_true", help="let nobody in by it")
            action.add_argument("--enable", action="store_true", help="let them in again")


def _settings(chosen: argparse.Namespace) -> Settings:
    from sekisho.app.web.desk import Settings

    work: list[str] = []
    for name in ("rules", "pipeline"):
        for path in getattr(chosen, name):
            work += [f"--{name}", str(Path(path).absolute())]
    for name in ("organisation", "senders"):
        if path := getattr(chosen, name):
            work += [f"--{name}", str(Path(path).absolute())]
    return Settings(
        folder=Path(chosen.data),
        host=chosen.host,
        port=chosen.port,
        names=tuple(chosen.name),
        secure=chosen.secure,
        work=tuple(work),
        watch=Path(chosen.watch).absolute() if chosen.watch else None,
        oidc=Path(chosen.oidc) if chosen.oidc else None,
    )


def _serve(chosen: argparse.Namespace) -> int:
    import uvicorn

    from sekisho.app.web.desk import open_desk
    from sekisho.app.web.guard import is_loopback
    from sekisho.app.web.server import HERE, create
    from sekisho.model.errors import SourceError

    settings = _settings(chosen)
    if not (HERE / "vendor" / ".installed").exists():
        raise SourceError(
            "the console's JavaScript is missing; in a checkout, ./dev check installs it", str(HERE / "vendor")
        )
    desk = open_desk(settings)
    if not is_loopback(settings.host) and not desk.accounts.exist():
        raise SourceError(
            "others could open the console without a password; make an account first: "
            f"sekisho accounts add NAME --role admin --data {settings.folder}",
            settings.host,
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    start = "" if desk.accounts.exist() else f"start?key={desk.key}"
    print(f"Sekisho console: http://{host}:{settings.port}/{start}", flush=True)
    config = uvicorn.Config(
        create(desk),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        proxy_headers=settings.secure,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 2


def _accounts(chosen: argparse.Namespace) -> Any:
    from sekisho.app.web.desk import Settings, open_desk

    return open_desk(Settings(Path(chosen.data))).accounts


def _password() -> str:
    from sekisho.model.errors import SourceError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise SourceError("the two are not the same", "password")
    return first


def _add(chosen: argparse.Namespace) -> int:
    from sekisho.app.console.accounts import Role
    from sekisho.app.console.audit import SYSTEM

    accounts = _accounts(chosen)
    password = "" if chosen.email and not chosen.password else _password()
    accounts.add(chosen.name, Role.of(chosen.role), password, SYSTEM, chosen.email)
    print(f"{chosen.name}: {chosen.role}")
    return 0


def _change(chosen: argparse.Namespace) -> int:
    from sekisho.app.console.accounts import Role
    from sekisho.app.console.audit import SYSTEM

    accounts = _accounts(chosen)
    disabled = True if chosen.disable else False if chosen.enable else None
    role = Role.of(chosen.role) if chosen.role else None
    accounts.change(
        chosen.name, SYSTEM, role=role, password=_password() if chosen.password else None, disabled=disabled
    )
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from sekisho.app.console.database import Database

    for row in Database(Path(chosen.data).absolute()).all("SELECT * FROM accounts ORDER BY name"):
        how = "password" if row["password"] else f"OpenID Connect {row['email']}".rstrip()
        print(f"{row['name']}\t{row['role']}\t{'disabled' if row['disabled'] else how}")
    return 0
