"""Response: what to do about an incident, whom it touches, who agreed, what was done, and how it is taken back."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sekisho.app.console.aims import MOST_TARGETS, Aims
from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.choices import Reach, load
from sekisho.app.console.database import Database
from sekisho.app.console.vault import Vault
from sekisho.app.console.ways import KINDS, PartlyError, Task, Way, ways
from sekisho.model.errors import ResponseError, SourceError
from sekisho.respond import feed

STATES = ("proposed", "approved", "running", "done", "partly", "failed", "undone", "refused")
REASON_CHARS = 1_000
LOST = "the console was ended while this ran; look there whether it happened"


class StateError(SourceError):
    """Somebody else was faster, or the action is not where it would have to be."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target of an action, and what became of it."""

    number: int
    kind: str
    value: str
    messages: tuple[str, ...]
    reached: str
    state: str
    """waiting running done failed undone."""
    said: str
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done, or done."""

    id: str
    kind: str
    way: str
    incident: str
    reason: str
    state: str
    proposed_by: str
    proposed_at: int
    decided_by: str
    decided_at: int | None
    run_by: str
    undoing: int
    changed_at: int


class Response:
    """The actions in a database."""

    def __init__(self, database: Database, vault: Vault, own: frozenset[str] = frozenset()) -> None:
        """``own``: names and networks that must never be blocked, besides those in the settings."""
        self._database, self._vault = database, vault
        self.aims = Aims(database, own)

    @property
    def second_person(self) -> bool:
        """Tell whether another person must approve."""
        return load(self._database, Reach).second_person

    def ways(self, kind: str = "") -> list[Way]:
        """Give the ways by which a kind of action, or any, can go."""
        return [one for one in ways(self._database, self._vault) if not kind or kind in one.kinds]

    def propose(
        self,
        kind: str,
        way: str,
        chosen: Sequence[tuple[str, str]],
        by: Actor,
        *,
        incident: str = "",
        message: str = "",
        reason: str = "",
    ) -> str:
        """Propose an action and give its id.

        Args:
            kind: one of KINDS.
            way: name of a way.
            chosen: kinds and values of targets; what the console knows of them is looked up anew.
            by: who proposes.
            incident: what it answers; a mailbox's mails are those of this incident.
            message: the Message-ID that a mailbox's quarantine is about, without an incident.
            reason: in the proposer's words.

        Raises:
            SourceError: the kind, the way or a target cannot be.
        """
        ready = next((one for one in self.ways(kind) if one.name == way), None) if kind in KINDS else None
        if ready is None:
            raise SourceError("there is no such action, or it cannot go this way", f"{kind[:40]} {way[:40]}")
        if lacks := ready.lacks():
            raise SourceError("this way is not set up yet", f"{way}: {lacks}")
        targets = self.aims.chosen(kind, chosen, incident, message)
        key, now = "x" + secrets.token_hex(6), int(time.time())
        with self._database.change() as base:
            base.execute(
                "INSERT INTO actions (id, kind, way, incident, reason, state, proposed_by, proposed_at, changed_at) "
                "VALUES (?, ?, ?, ?, ?, 'proposed', ?, ?, ?)",
                (key, kind, way, incident, reason.strip()[:REASON_CHARS], by.name, now, now),
            )
            base.executemany(
                "INSERT INTO action_targets (action, number, kind, value, messages, reached, changed_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (key, at, one.kind, one.value, orjson.dumps(one.messages).decode(), one.reached, now)
                    for at, one in enumerate(targets)
                ],
            )
            values = [one.value for one in targets[:50]]
            note(base, by, "action.propose", key, kind=kind, way=way, incident=incident, targets=values)
        return key

    def approve(self, key: str, by: Actor) -> None:
        """Agree to an action.

        Raises:
            SourceError: a second person has to, and this is the first one.
            StateError: it is not waiting for that.
        """
        action = self._known(key)
        if self.second_person and action.proposed_by.casefold() == by.name.casefold():
            raise SourceError("somebody else has to approve what you proposed", key)
        self._move(
            key, ("proposed",), "approved", by, "action.approve", decided_by=by.name, decided_at=int(time.time())
        )

    def refuse(self, key: str, by: Actor) -> None:
        """Turn an action down; who proposed it may withdraw it so.

        Raises:
            StateError: it is running or over.
        """
        moment = int(time.time())
        self._move(key, ("proposed", "approved"), "refused", by, "action.refuse", decided_by=by.name, decided_at=moment)

    def run(self, key: str, by: Actor) -> None:
        """Have an approved action done; what failed before is tried again.

        Raises:
            StateError: nobody approved it, or it is over.
        """
        states: tuple[str, ...] = ("approved", "failed", "partly")
        if not self.second_person:
            states = (*states, "proposed")
        self._move(key, states, "running", by, "action.run", run_by=by.name, undoing=0)

    def undo(self, key: str, by: Actor) -> None:
        """Have what was done taken back.

        Raises:
            SourceError: this way cannot take it back.
            StateError: nothing was done.
        """
        action = self._known(key)
        if not self.can_undo(action):
            raise SourceError("this way cannot take it back", key)
        self._move(key, ("done", "partly", "failed"), "running", by, "action.undo", run_by=by.name, undoing=1)

    def can_undo(self, action: Action) -> bool:
        """Tell whether something was done that can be taken back."""
        way = self._way(action.way)
        if way is None or action.kind not in way.undoes or action.state not in ("done", "partly", "failed"):
            return False
        return bool(
            self._database.count(
                "SELECT count(*) FROM action_targets WHERE action = ? AND (state = 'done' OR receipt != '{}')",
                action.id,
            )
        )

    def get(self, key: str) -> Action | None:
        """Give an action."""
        row = self._database.one("SELECT * FROM actions WHERE id = ?", key)
        return Action(**row) if row is not None else None

    def targets(self, key: str) -> list[Target]:
        """Give the targets of an action."""
        rows = self._database.all("SELECT * FROM action_targets WHERE action = ? ORDER BY number", key)
        return [
            Target(
                row["number"],
                row["kind"],
                row["value"],
                tuple(orjson.loads(row["messages"])),
                row["reached"],
                row["state"],
                row["said"],
                orjson.loads(row["receipt"]),
            )
            for row in rows
        ]

    def listed(self, state: str, most: int, skip: int = 0, incident: str = "") -> list[sqlite3.Row]:
        """Give actions, the latest first, with how many targets they have and how many of them are done."""
        where, values = _where(state, incident)
        return self._database.all(
            "SELECT actions.*, (SELECT count(*) FROM action_targets WHERE action = id) AS targets, "
            "(SELECT count(*) FROM action_targets WHERE action = id AND state = 'done') AS done, "
            "(SELECT value FROM action_targets WHERE action = id AND number = 0) AS first, "
            "(SELECT count(*) FROM action_targets WHERE action = id AND reached NOT IN ('', 'received')) AS opened "
            f"FROM actions WHERE {where} ORDER BY changed_at DESC, id LIMIT ? OFFSET ?",
            *values,
            most,
            skip,
        )

    def count(self, state: str, incident: str = "") -> int:
        """Count actions."""
        where, values = _where(state, incident)
        return self._database.count(f"SELECT count(*) FROM actions WHERE {where}", *values)

    def plan(self, key: str) -> list[tuple[Target, list[str]]]:
        """Give what running, or running again, would send for each target: the dry run; nothing is sent."""
        action = self._known(key)
        way = self._way(action.way)
        wanted = [one for one in self.targets(key) if one.state != "done"]
        return [(one, way.told(_task(action, one)) if way else []) for one in wanted[:MOST_TARGETS]]

    def blocked(self, kind: str, most: int = 200_000) -> list[feed.Blocked]:
        """Give what stands on a block list now, each value once."""
        rows = self._database.all(
            "SELECT * FROM blocks WHERE kind = ? AND (until_at IS NULL OR until_at > ?) GROUP BY value LIMIT ?",
            kind,
            int(time.time()),
            most,
        )
        names = ("kind", "value", "since_at", "until_at", "who", "action", "reason")
        return [feed.Blocked(*(row[name] for name in names)) for row in rows]

    def work(self) -> bool:
        """Do what waits to be done, target by target, and tell whether there was anything."""
        row = self._database.one("SELECT * FROM actions WHERE state = 'running' ORDER BY changed_at LIMIT 1")
        if row is None:
            return False
        action = Action(**row)
        way = self._way(action.way)
        for target in self.targets(action.id):
            due = (target.state == "done" or target.receipt) if action.undoing else target.state != "done"
            if due:
                self._one(action, target, way)
        self._close(action)
        return True

    def recover(self) -> None:
        """Say of targets that an ended console was at work on that nobody knows what became of them."""
        with self._database.change() as base:
            lost = base.execute(
                "UPDATE action_targets SET state = 'failed', said = ? WHERE state = 'running'", (LOST,)
            ).rowcount
            if lost:
                note(base, SYSTEM, "action.recover", "", count=lost)
        for row in self._database.all("SELECT * FROM actions WHERE state = 'running'"):
            if self._database.count(
                "SELECT count(*) FROM action_targets WHERE action = ? AND said = ?", row["id"], LOST
            ):
                self._close(Action(**row))  # a person looks first; it is not done twice by itself

    def _one(self, action: Action, target: Target, way: Way | None) -> None:
        task = _task(action, target)
        self._mark(action, target, "running", "", target.receipt)
        state, said, receipt = "undone" if action.undoing else "done", "", target.receipt
        try:
            way = _usable(way, action)
            receipt = way.undo(task, target.receipt) if action.undoing else _joined(target.receipt, way.do(task))
            said = str(receipt.get("said", ""))
            if action.undoing:
                receipt = {}
        except PartlyError as error:
            receipt = error.receipt if action.undoing else _joined(target.receipt, error.receipt)
            state, said = "failed", str(error)
        except ResponseError as error:
            state, said = ("done" if action.undoing and target.state == "done" else "failed"), str(error)
        self._mark(action, target, state, said, receipt, done=True)

    def _mark(
        self, action: Action, target: Target, state: str, said: str, receipt: dict[str, Any], *, done: bool = False
    ) -> None:
        with self._database.change() as base:
            base.execute(
                "UPDATE action_targets SET state = ?, said = ?, receipt = ?, changed_at = ? "
                "WHERE action = ? AND number = ?",
                (state, said[:1000], orjson.dumps(receipt).decode(), int(time.time()), action.id, target.number),
            )
            if done:
                how = "action.taken_back" if action.undoing else "action.did"
                told = {"value": target.value, "kind": action.kind, "way": action.way, "state": state}
                note(base, Actor(action.run_by or SYSTEM.name), how, action.id, **told, said=said[:300])

    def _close(self, action: Action) -> None:
        targets = self.targets(action.id)
        done = sum(one.state == "done" for one in targets)
        if action.undoing:
            left = sum(one.state == "done" or bool(one.receipt) for one in targets)
            state = "undone" if not left else "partly" if done < len(targets) else "done"
        else:
            state = "done" if done == len(targets) else "partly" if done else "failed"
        with self._database.change() as base:
            base.execute(
                "UPDATE actions SET state = ?, changed_at = ? WHERE id = ?", (state, int(time.time()), action.id)
            )
            note(base, Actor(action.run_by or SYSTEM.name), "action.end", action.id, state=state)

    def _move(self, key: str, before: tuple[str, ...], after: str, by: Actor, what: str, **changed: Any) -> None:
        """Change the state of an action that is in one of ``before``."""
        sets = "".join(f", {name} = ?" for name in changed)
        marks = ", ".join("?" * len(before))
        with self._database.change() as base:
            moved = base.execute(
                f"UPDATE actions SET state = ?, changed_at = ?{sets} WHERE id = ? AND state IN ({marks})",
                (after, int(time.time()), *changed.values(), key, *before),
            )
            if not moved.rowcount:
                row = base.execute("SELECT state FROM actions WHERE id = ?", (key,)).fetchone()
                if row is None:
                    raise SourceError("there is no such action", key)
                raise StateError(f"is {row['state']}; somebody may have been faster", key)
            note(base, by, what, key)

    def _known(self, key: str) -> Action:
        action = self.get(key)
        if action is None:
            raise SourceError("there is no such action", key[:40])
        return action

    def _way(self, name: str) -> Way | None:
        return next((one for one in self.ways() if one.name == name), None)


def _usable(way: Way | None, action: Action) -> Way:
    """Give a way that can be used.

    Raises:
        ResponseError: it cannot.
    """
    if way is None:
        raise ResponseError("there is no such way any more", action.way)
    if lacks := way.lacks():
        raise ResponseError(f"this way is not set up: {lacks}", action.way)
    return way


def _where(state: str, incident: str) -> tuple[str, tuple[str, ...]]:
    conditions, values = [], []
    if state == "open":
        conditions.append("state IN ('proposed', 'approved', 'running')")
    elif state:
        conditions.append("state = ?")
        values.append(state)
    if incident:
        conditions.append("incident = ?")
        values.append(incident)
    return " AND ".join(conditions) or "1", tuple(values)


def _joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Give the receipt of two attempts: what the first one moved is taken back too."""
    lists = {name: [*value, *now.get(name, [])] for name, value in before.items() if isinstance(value, list)}
    return {**before, **now, **lists}


def _task(action: Action, target: Target) -> Task:
    """Give what is to be done to a target; mails that an earlier attempt moved are not looked for again."""
    moved = set() if action.undoing else {one[0] for one in target.receipt.get("moved", ())}
    return Task(
        action.id,
        action.kind,
        action.incident,
        action.reason,
        target.kind,
        target.value,
        tuple(one for one in target.messages if one not in moved),
        action.run_by or action.proposed_by,
    )
