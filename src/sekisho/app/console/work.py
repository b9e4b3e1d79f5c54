"""The process of one job: a case's evidence becomes events in the store, and what was found in it rows that pages show.

Run by :class:`sekisho.app.console.jobs.Supervisor` as ``python -m sekisho.app.console.work DIR JOB [OPTION ...]``.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.app.console.cases import CASES
from sekisho.app.console.database import Database
from sekisho.app.console.jobs import Job, Jobs
from sekisho.model.errors import SekishoError, SourceError

if TYPE_CHECKING:
    from sekisho.app.store.state import State

REPORT_EVERY_S = 0.4
LOCKED_S = 600.0  # how long another process may write to the store before a job gives up


def main(arguments: Sequence[str] | None = None) -> int:
    """Do a job and give an exit code; what went wrong is the last line of standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("job", type=int)
    options(parser)
    chosen = parser.parse_args(arguments)
    database = Database(chosen.folder.absolute())
    jobs = Jobs(database)
    job = jobs.get(chosen.job)
    if job is None:
        print("there is no such job", file=sys.stderr)
        return 2
    try:
        _do(database, job, chosen)
    except SekishoError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except (sqlite3.Error, OSError) as error:
        print(f"cannot be kept: {error}", file=sys.stderr)
        return 2
    jobs.end(job.id)
    return 0


def _do(database: Database, job: Job, chosen: argparse.Namespace) -> None:
    """Do what a job's kind says."""
    if job.kind == "campaigns":
        from sekisho.app.console import campaigns, sharing

        sharing.prune(database)
        campaigns.refresh(database, _reporter(database, job))
    elif job.kind == "sweep":
        from sekisho.app.console import sweeping

        sweeping.run(database, job, _reporter(database, job))
    elif job.kind == "share":
        from sekisho.app import organisation
        from sekisho.app.console import sharing
        from sekisho.respond.observed import own_names

        own = own_names(organisation.read(chosen.organisation))
        sharing.refresh_all(database, own, _reporter(database, job))
    else:
        investigate(database, job, chosen)


def options(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen for all jobs of a console."""
    add = parser.add_argument
    add("--rules", action="append", default=[], metavar="PATH", help="more rules: a file or folder; repeatable")
    add(
        "--pipeline", action="append", default=[], metavar="PATH", help="a pySigma pipeline for those rules; repeatable"
    )
    add("--organisation", default="", metavar="FILE", help="whose mail it is")
    add("--senders", default="", metavar="FILE", help="who wrote before: a store that sekisho senders learn made")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worker processes")


def investigate(database: Database, job: Job, chosen: argparse.Namespace) -> None:
    """Investigate a case as a whole, keep what is new of its events, and put what was found into the database."""
    from sekisho.app import organisation, pipeline
    from sekisho.app.console import campaigns, indicators, passwords, rulebook, sharing, tuning_file
    from sekisho.app.console.indexing import index
    from sekisho.app.console.saved import alert
    from sekisho.app.senders import Store
    from sekisho.app.store.ingest import Keeper, look
    from sekisho.model.limits import DEFAULT
    from sekisho.respond.observed import own_names

    case = database.one("SELECT * FROM cases WHERE id = ?", job.case_id)
    if case is None:
        return  # deleted since
    report = _reporter(database, job)
    report("rules", 0, 0, "")
    folder = database.folder
    for path in chosen.rules:
        if not Path(path).exists():
            raise SourceError("there are no such rules", path)
    whose = organisation.read(str(Path(chosen.organisation).absolute()) if chosen.organisation else "", "")
    memory = Store(str(Path(chosen.senders).absolute())) if chosen.senders else None
    loaded = rulebook.load(database, chosen)
    tuned = tuning_file.read(database, loaded)
    rules, known = indicators.beside(database, loaded)
    os.chdir(folder / CASES)  # addresses begin with the case's id, wherever the console's folder lies
    with _store(folder) as state:
        new, _ = look(state, [job.case_id], DEFAULT)
        keeper = Keeper(state, new)
        asked = pipeline.Options(
            jobs=max(1, chosen.jobs),
            keeper=keeper,
            tuning=tuned,
            organisation=whose,
            memory=memory,
            apart=tuple(case["apart"].split()),
            passwords=passwords.of(database, job.case_id),
        )
        result = pipeline.investigate([job.case_id], rules, asked, report)
        keeper.close()
    report("index", 0, 0, "")
    index(database, job.case_id, result)
    indicators.sighted(database, result.findings, known)
    campaigns.after_investigation(database, job.case_id, result)
    sharing.after_investigation(database, job.case_id, own_names(whose))
    alert(database)


def _store(folder: Path) -> State:
    """Open the store to write; another process that writes to it is waited for."""
    from sekisho.app.store.state import State

    until = time.monotonic() + LOCKED_S
    while True:
        try:
            return State(folder, write=True)
        except SourceError as error:
            if "another process" not in error.reason or time.monotonic() > until:
                raise
            time.sleep(1.0)


def _reporter(database: Database, job: Job) -> Callable[[str, int, int, str], None]:
    """Give what writes a job's progress, not too often."""
    jobs, last_at, last_stage = Jobs(database), 0.0, ""

    def report(stage: str, done: int, total: int, what: str) -> None:
        nonlocal last_at, last_stage
        now = time.monotonic()
        if stage != last_stage or now - last_at >= REPORT_EVERY_S:
            last_at, last_stage = now, stage
            jobs.report(job.id, stage, done, total, what)

    return report


if __name__ == "__main__":
    from sekisho.app.jail import end_with_parent

    end_with_parent()  # a server that was killed starts this job again; two must not be at it
    sys.exit(main())
