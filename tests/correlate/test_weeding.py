"""What is let go is missed by nobody: incidents are the same as when everything is kept, on many small worlds."""

import random

import pytest

from sekisho.correlate.history import History
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.incidents import Choices, correlate
from sekisho.correlate.joins import Carried, sought
from sekisho.correlate.wanted import of_mails
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

SECOND, NOON = 1_000_000_000, 1_650_855_600_000_000_000
SYSTEM_32 = "C:\\Windows\\System32\\"
IMAGES = (
    "C:\\Windows\\explorer.exe", f"{SYSTEM_32}cmd.exe", f"{SYSTEM_32}wscript.exe", f"{SYSTEM_32}regsvr32.exe",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "C:\\Office\\OUTLOOK.EXE", "C:\\Office\\WINWORD.EXE",
    "System", "C:\\Users\\u\\AppData\\stage.exe",
)  # fmt: skip
NAMES = ("invoice.lnk", "minutes.docx", "stage.exe", "other.dll", "note.txt", "fetched.zip")
ADDRESSES = ("203.0.113.10", "203.0.113.11", "198.51.100.7", "10.0.0.9")
SITES = ("hacked.example", "ordinary.example")


class World:
    """Some hosts, mails and a proxy, and what rules found, all by chance."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.events, self.findings, self.found = [], [], set()
        self.hosts = [f"PC-{number}" for number in range(self.dice.randrange(1, 6))]
        self.with_names = self.dice.random() < 0.8  # else records leave the program's path out
        for host in self.hosts:
            self.live(host)
        for _ in range(self.dice.randrange(6)):
            self.ask()
        self.dice.shuffle(self.events)
        for one in self.events:
            if self.dice.random() < 0.08:
                self.find(one, self.dice.choice((0.0, 0.5, 3.5, 3.5)))
        for number in range(self.dice.randrange(2)):
            some = self.dice.sample(self.events, min(3, len(self.events)))
            for one in some:
                self.find(one, 0.0)
            self.findings.append(self.finding(some[0], 3.5, f"joined{number}", tuple(one.id for one in some)))
        self.carried = self.mails()

    def event(self, category, host, service="sysmon", **fields):
        at = NOON + self.dice.randrange(0, 900) * SECOND
        source = Logsource("windows" if service else "", category, service)
        user = self.dice.choice(("CORP\\user0", "CORP\\user1", "")) if host else ""
        place = f"{host or 'proxy'}.jsonl"
        self.events.append(Event(source, fields, at, host, user, place, str(len(self.events))))

    def live(self, host):
        dice = self.dice
        guids = [f"{{{host}-{number}}}" for number in range(dice.randrange(1, 9))]
        images = {guid: dice.choice(IMAGES) for guid in guids}
        for number, guid in enumerate(guids):
            if dice.random() < 0.85:
                parent = dice.choice(guids)
                command = (
                    f"{images[guid]} {dice.choice((*NAMES, 'x'))} http://{dice.choice(SITES)}/a/{dice.choice(NAMES)}"
                )
                more = {
                    "ParentProcessGuid": parent,
                    "ParentImage": images[parent],
                    "ParentProcessId": guids.index(parent),
                }
                for service in ("sysmon", "security")[: dice.choice((1, 1, 2))]:
                    self.event(
                        "process_creation", host, service, Image=images[guid], CommandLine=command, ProcessId=number,
                        **({"ProcessGuid": guid} if service == "sysmon" else {}), **more,
                    )  # fmt: skip
            for _ in range(dice.randrange(4)):
                self.act(host, number, guid, images[guid])

    def act(self, host, number, guid, image):
        dice, who = self.dice, {}
        if dice.random() < 0.8:
            who["ProcessGuid"] = guid
        if dice.random() < 0.7:
            who["ProcessId"] = number
        if self.with_names:
            who["Image"] = image
        kind = dice.randrange(4)
        if kind == 0:
            self.event("file_event", host, **who, TargetFilename=f"C:\\Users\\u\\{dice.choice(NAMES)}")
        elif kind == 1:
            self.event("network_connection", host, **who, DestinationIp=dice.choice(ADDRESSES), DestinationPort=443)
        elif kind == 2:
            self.event("dns_query", host, **who, QueryName=dice.choice(SITES))
        else:
            self.event("create_stream_hash", host, **who, TargetFilename=f"C:\\d\\{dice.choice(NAMES)}:Zone.Identifier")

    def ask(self):
        url = f"http://{self.dice.choice(SITES)}/{self.dice.choice(NAMES)}"
        self.event("proxy", "", "", **{"c-ip": self.dice.choice(("10.0.0.1", "10.0.0.2")), "c-uri": url})

    def find(self, one, weight):
        self.found.add(one.id)
        self.findings.append(self.finding(one, weight, f"rule{self.dice.randrange(5)}"))

    def finding(self, one, weight, rule, of=()):
        return Finding(
            f"f{len(self.findings)}", rule, "Odd", "high", (), one.source, one.record, one.time_ns, (), one.id,
            one.host, one.user, "endpoint", weight, of=of,
        )  # fmt: skip

    def mails(self):
        made = []
        for number, (file, bad) in enumerate((("invoice.lnk", True), ("minutes.docx", False), ("fetched.zip", True))):
            if self.dice.random() < 0.6:
                made += mail(number, file, bad, self.dice.choice(ADDRESSES), self.dice.choice(SITES))
        return made


def mail(number, file, bad, address, site):
    where, at = f"m{number}.eml", NOON - 60 * SECOND
    urls = (
        Url(f"http://{address}/a", f"http://{address}/a", address, address),
        Url(f"http://{site}/a/stage.exe", f"http://{site}/a/stage.exe", site),
    )
    features = (Feature("sender.address", "a@partner.example"), Feature("delivered_to", f"user{number}@corp.example"))
    message = Analysis(Artifact(where, b"", where), f"{number}a" * 32, 500, "message/rfc822", ("eml",), features)
    inside = Artifact(file, b"", f"{where} » {file}", where, 1, "attachment")
    held = tuple(Feature("url", one) for one in urls) if bad else ()
    attached = Analysis(inside, f"{number}f" * 32, 500, "x/y", ("lnk",), held)
    judged = (
        Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),)) if bad else Judgement(Verdict.CLEAN, 0.05)
    )
    return [Carried(one, judged, message, at, (f"user{number}@corp.example",)) for one in (message, attached)]


def kept_whole(world):
    history = History(of_mails(world.carried, Hubs()))
    for one in world.events:
        history.add(one, found=one.id in world.found)
    return correlate(world.carried, history, world.findings, Choices(whole=True))


def packed(world, parts):
    wanted = of_mails(world.carried, Hubs())
    named = sought(world.carried, wanted)
    history = History(wanted)
    step = max(1, len(world.events) // parts)
    for start in range(0, len(world.events), step):
        worker = History(wanted, sought=named)
        for one in world.events[start : start + step]:
            worker.add(one, found=one.id in world.found)
        history.give(worker.take())
    return correlate(world.carried, history, world.findings), history


@pytest.mark.parametrize("seed", range(60))
def test_incidents_are_those_of_everything(seed):
    whole = kept_whole(World(seed))
    assert packed(World(seed), 1)[0] == whole
    assert packed(World(seed), 7)[0] == whole
