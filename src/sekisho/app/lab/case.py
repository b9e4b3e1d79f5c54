"""What a lab case is, and the scene it is told in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from sekisho.app.lab.corp import DESKS, OPENER, Desk, moment
from sekisho.app.lab.endpoint import STORY, Machine, Process
from sekisho.app.lab.mail import Attachment, Mail, write_mail
from sekisho.app.lab.noise import background_events, background_mails
from sekisho.app.lab.planted import Planted
from sekisho.app.lab.textlog import TextLog
from sekisho.model.artifact import SEPARATOR

TRUTH_SCHEMA = "sekisho-lab/1"
README = """{title}

This folder is synthetic. Sekisho's lab wrote it; it records no real incident, and its people, companies, machines and
addresses do not exist.

It is inert. File structures are real, so scanners may flag them. Every address is reserved for documentation (RFC 2606
names, RFC 5737 blocks), so nothing in here can be downloaded, and no command finds the file it names.

evidence/mailboxes/   one folder a mailbox, one .eml a delivered copy
evidence/endpoint/    Windows events by machine, as Winlogbeat exports them (JSON lines)
evidence/.../         logs of servers, where the case has any
truth.json            what happened, for checking a result against

合成データです。実在の事件・人物・組織・機器とは関係がなく、無害です（宛先はすべて文書用に予約されたもの）。
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: told anew, byte for byte the same, each time it is asked for."""

    name: str
    title_en: str
    title_ja: str
    day: date
    tell: Callable[[Scene], None]

    def files(self) -> dict[str, bytes]:
        """Give every file by its path below the case's folder: README.txt, truth.json, evidence/..."""
        return self.told()[0]

    def told(self) -> tuple[dict[str, bytes], tuple[Planted, ...]]:
        """Give the files and the planted steps of one telling."""
        scene = self._scene()
        title = f"{self.name}: {self.title_en} / {self.title_ja}"
        truth = json.dumps(scene.truth(), ensure_ascii=False, indent=2) + "\n"
        head = {"README.txt": README.format(title=title).encode(), "truth.json": truth.encode()}
        return head | {f"evidence/{path}": data for path, data in scene.evidence().items()}, scene.planted()

    @property
    def truth(self) -> dict[str, Any]:
        """What a right result says; the keys are those of :meth:`Scene.truth`."""
        return self._scene().truth()

    @property
    def planted(self) -> tuple[Planted, ...]:
        """The steps that a right result finds, record by record; empty for a case that states only its truth."""
        return self.told()[1]

    def _scene(self) -> Scene:
        scene = Scene(self.name, {"en": self.title_en, "ja": self.title_ja}, self.day)
        self.tell(scene)
        return scene


class Scene:
    """Collects a case's mails and events while it is told."""

    def __init__(self, case: str, title: dict[str, str], day: date) -> None:
        self.case, self.title, self.day = case, title, day
        self.verdict = "clean"
        self.machines = {desk.host: Machine(desk, case, self.at("08:31:00")) for desk in DESKS}
        self._mails: dict[str, bytes] = {}
        self._lures: list[dict[str, Any]] = []
        self._chain: list[dict[str, Any]] = []
        self._network: list[dict[str, Any]] = []
        self._steps: list[dict[str, str]] = []
        self._root: dict[str, str] = {}
        self.passwords: tuple[str, ...] = ()
        self.urls: tuple[str, ...] = ()
        """As a browser would read them."""
        self.dropped: list[str] = []
        """Paths that the case's processes wrote."""
        self.logs: list[TextLog] = []
        self._planted: list[Planted] = []
        for number, machine in enumerate(self.machines.values()):
            background_events(machine, day, tools=number < 2)
        for mail in background_mails(case, day):
            self._deliver(mail)
        self.machine.part = STORY

    @property
    def machine(self) -> Machine:
        """The machine that the case happens on."""
        return self.machines[OPENER.host]

    @property
    def desk(self) -> Desk:
        """Who opens it."""
        return OPENER

    def at(self, clock: str) -> datetime:
        """Give an instant of the case's day from a wall time in Japan."""
        return moment(self.day, clock)

    def send(self, mail: Mail) -> None:
        """Deliver a mail that the case is about."""
        copies = self._deliver(mail)
        attachments = [{"name": part.name, "sha256": sha256(part.data).hexdigest()} for part in mail.attachments]
        lure = {"message_id": mail.message_id, "subject": mail.subject, "sender": mail.sender}
        self._lures.append(lure | {"recipients": list(mail.to), "copies": copies, "attachments": attachments})
        shown = ", ".join(part.name for part in mail.attachments) or "a mail without attachments"
        self.step(mail.sent_at, "mail", f"{mail.sender} sends {shown} to {len(mail.to)} mailbox(es)")

    def plant(self, key: str, mail: Mail) -> None:
        """Deliver a mail as background and count each of its copies as a planted step."""
        self._planted += [Planted(key, "mail", path, "") for path in self._deliver(mail)]

    def post(self, mail: Mail) -> None:
        """Deliver a mail that has nothing to do with the case."""
        self._deliver(mail)

    def open_from(self, mail: Mail, *members: Attachment) -> None:
        """Name the artifact that it began with: an attachment of the opener's copy, a member below it, or the mail."""
        copy = self._path(mail, self.desk.mailbox)
        address = SEPARATOR.join([f"evidence/{copy}", *(member.name for member in members)])
        digest = sha256(members[-1].data if members else self._mails[copy]).hexdigest()
        self._root = {"address": address, "sha256": digest, "message_id": mail.message_id, "mail": f"evidence/{copy}"}

    def step(self, at: datetime, layer: str, what: str) -> None:
        """Add a sentence to the story."""
        self._steps.append({"at": _iso(at), "layer": layer, "what": what})

    def start(
        self, image: str, command: str, at: datetime, parent: Process, *, folder: str = "", user: str = ""
    ) -> Process:
        """Start a process that belongs to the chain."""
        process = self.machine.start(image, command, at, parent, folder=folder, user=user)
        self.join(process)
        self.step(at, "endpoint", f"{parent.name} starts {process.name} on {self.desk.host}")
        return process

    def join(self, process: Process) -> None:
        """Count a process that runs already to the chain."""
        shown = {"image": process.image, "command_line": process.command, "guid": process.guid, "pid": process.pid}
        self._chain.append(shown | {"host": self.desk.host, "user": process.user})

    def drop(self, process: Process, path: str, at: datetime) -> None:
        """Have a process of the chain write a file."""
        self.machine.create_file(process, path, at)
        self.dropped.append(path)
        self.step(at, "endpoint", f"{process.name} writes {path}")

    def reach(self, process: Process, address: str, port: int, at: datetime, name: str = "", url: str = "") -> None:
        """Have a process of the chain connect somewhere."""
        self.machine.connect(process, address, port, at, name)
        shown = {"image": process.image, "address": address, "port": port, "name": name, "url": url}
        self._network.append(shown | {"at": _iso(at), "host": self.desk.host})
        self.step(at, "network", f"{process.name} connects to {name or address}:{port}")

    def evidence(self) -> dict[str, bytes]:
        """Give the evidence by path below its folder."""
        events = {f"endpoint/{host}.jsonl": machine.export().data for host, machine in self.machines.items()}
        logs = {log.path: log.data() for log in self.logs}
        return dict(sorted(self._mails.items())) | events | dict(sorted(logs.items()))

    def planted(self) -> tuple[Planted, ...]:
        """Give every planted step, record by record."""
        found = list(self._planted)
        for host, machine in self.machines.items():
            for key, lines in machine.export().planted.items():
                found += [Planted(key, "endpoint", f"evidence/endpoint/{host}.jsonl", str(line)) for line in lines]
        for log in self.logs:
            found += log.planted()
        return tuple(found)

    def truth(self) -> dict[str, Any]:
        """Give what happened.

        Keys: ``schema case title synthetic verdict root_cause opener recipients mails passwords urls process_chain
        dropped network steps events``. Paths begin with ``evidence/``. ``events`` has line numbers by machine's file:
        ``story`` must be in the incident, ``context`` (logon, shell, mail program) may be, and no other line is.
        """
        exports = {f"evidence/endpoint/{host}.jsonl": machine.export() for host, machine in self.machines.items()}
        malicious = self.verdict == "malicious"
        opener = {"mailbox": self.desk.mailbox, "user": self.desk.account, "host": self.desk.host}
        return {
            "schema": TRUTH_SCHEMA,
            "case": self.case,
            "title": self.title,
            "synthetic": True,
            "verdict": self.verdict,
            "root_cause": self._root if malicious else None,
            "opened": self._root,
            "opener": opener,
            "recipients": sorted({mailbox for lure in self._lures for mailbox in lure["recipients"]}),
            "mails": self._lures,
            "passwords": list(self.passwords),
            "urls": list(self.urls),
            "process_chain": self._chain,
            "dropped": self.dropped,
            "network": self._network,
            "steps": sorted(self._steps, key=lambda step: step["at"]),
            "events": {path: export.lines for path, export in exports.items()},
        }

    def _deliver(self, mail: Mail) -> list[str]:
        for mailbox in mail.to:
            self._mails[self._path(mail, mailbox)] = write_mail(mail, mailbox)
        return [f"evidence/{self._path(mail, mailbox)}" for mailbox in mail.to]

    def _path(self, mail: Mail, mailbox: str) -> str:
        return f"mailboxes/{mailbox}/{mail.sent_at:%Y%m%d-%H%M%S}.{mail.hex(8)}.eml"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
