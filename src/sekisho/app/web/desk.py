"""What every page and call of a running console needs: its database, its jobs and its settings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request

from sekisho.app.console.accounts import Accounts
from sekisho.app.console.cases import Cases
from sekisho.app.console.courier import Courier
from sekisho.app.console.database import Database
from sekisho.app.console.jobs import Jobs, Supervisor
from sekisho.app.console.notify import Notices
from sekisho.app.console.oidc import Oidc
from sekisho.app.console.oidc import read as read_oidc
from sekisho.app.console.reading import Readers
from sekisho.app.console.reported import Reports
from sekisho.app.console.response import Response
from sekisho.app.console.upkeep import Upkeep
from sekisho.app.console.vault import Vault
from sekisho.app.console.watching import Watcher
from sekisho.app.store.state import State
from sekisho.model.errors import SourceError

UPLOAD_BYTES = 4 * 1024**3  # of one file; a day's EVTX of a server is some hundreds of MB


@dataclass(frozen=True, slots=True)
class Settings:
    """How a console was started."""

    folder: Path
    """Store of events, with the console's database, the cases' evidence and uploads on their way."""
    host: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    """Host names it answers to besides its own address."""
    secure: bool = False
    """It is reached over HTTPS, by a proxy in front of it: cookies go over nothing else."""
    upload_bytes: int = UPLOAD_BYTES
    work: tuple[str, ...] = ()
    """Options of every investigation (:func:`sekisho.app.console.work.options`)."""
    watch: Path | None = None
    """A folder whose new files are taken in."""
    oidc: Path | None = None
    """A file that says who signs people in by OpenID Connect."""


@dataclass(slots=True)
class Desk:
    """A running console."""

    settings: Settings
    database: Database
    cases: Cases
    jobs: Jobs
    accounts: Accounts
    supervisor: Supervisor
    upkeep: Upkeep
    vault: Vault
    response: Response
    notices: Notices
    reports: Reports
    courier: Courier
    readers: Readers = field(default_factory=Readers)
    """What reads raw evidence again for who looks at it."""
    oidc: Oidc | None = None
    """Who signs people in besides the console itself."""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Opens a console without accounts, for who started it; new at each start."""


def open_desk(settings: Settings) -> Desk:
    """Open a folder as a console's, and make what it lacks.

    Raises:
        SourceError: the folder holds something else or cannot be written to, or there is no folder to watch.
    """
    if settings.watch is not None and not settings.watch.is_dir():
        raise SourceError("is no folder that could be watched", str(settings.watch))
    if not (settings.folder / "store.db").exists():
        State(settings.folder, write=True).close()
    database = Database(settings.folder.absolute())
    cases = Cases(database)
    cases.prepare()
    supervisor = Supervisor(database, settings.work)
    vault = Vault(database.folder)
    response = Response(database, vault, _own(settings))
    notices = Notices(database, vault)
    reports = Reports(database, cases, Jobs(database), vault)
    courier = Courier(database, [response.work, notices.look, notices.send, reports.poll], [response.recover])
    watcher = Watcher(database, cases, settings.watch, settings.upload_bytes) if settings.watch else None
    return Desk(
        settings=settings,
        database=database,
        cases=cases,
        jobs=Jobs(database),
        accounts=Accounts(database),
        supervisor=supervisor,
        upkeep=Upkeep(database, cases, watcher),
        vault=vault,
        response=response,
        notices=notices,
        reports=reports,
        courier=courier,
        oidc=Oidc(read_oidc(settings.oidc), database) if settings.oidc else None,
    )


def _own(settings: Settings) -> frozenset[str]:
    """Give the names and networks of the organisation whose mail it is: they are never blocked.

    Raises:
        RuleError: its file cannot be used.
    """
    if "--organisation" not in settings.work:
        return frozenset()
    from sekisho.app import organisation
    from sekisho.respond.observed import own_names

    return own_names(organisation.read(settings.work[settings.work.index("--organisation") + 1]))


def desk_of(request: Request) -> Desk:
    """Give the console that a request came to."""
    desk: Desk = request.app.state.desk
    return desk
