"""Dated notes of public trackers: plain text with a heading over each list of indicators, read as one sighting.

A note names what it saw by stage (subjects, senders, links, attachments, payloads, contacts) under headings in
capitals. A heading decides where its lines belong; its own words never become traits, as they name the family.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sekisho.campaigns.traits import Evidence, File
from sekisho.model.urltext import refang

NOTE_CHARS = 400_000
LINES = 6_000
_HEADING = re.compile(r"^[A-Z](?:[A-Z0-9 /()'&\".,:#_{}-]|(?<=C2)s){3,100}:?$")
_HASH = re.compile(r"^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_URL = re.compile(r"(?:https?|hxxps?)[:\[]{1,2}[^\s\"'<>|]{3,1500}", re.IGNORECASE)
_REPORT = re.compile(
    r"https?://(?:www\.)?(?:[\w-]+\.)?(?:tria\.ge|any\.run|virustotal\.com|abuse\.ch|twitter\.com|joesandbox\.com)/"
)
"""Where analysts publish what they saw: never a part of an attack."""
_CALL_PATH = re.compile(r"[\"' ](?:[A-Z]:\\|%\w+%\\|\.\.\\)[\w\\ .%-]{2,120}", re.IGNORECASE)
_NAMED = re.compile(r"(?:all\s+)?files?\s+(?:are|were)\s+(?:all\s+)?named:?\s*\"?([^\")]{3,100})", re.IGNORECASE)
_PLACE = re.compile(r"<[^<>]{1,30}>")
_FILE = re.compile(r"^[^\\/:*?\"<>|\t]{1,120}\.[A-Za-z0-9]{1,5}$")
_STOLEN = re.compile(r"(?:stolen|reused|hijacked)\b.{0,40}\bthread|previously stolen|reply.chain", re.IGNORECASE)
_ISO_DATE = re.compile(r"(20\d\d)-(\d\d)-(\d\d)")
_DOT_DATE = re.compile(r"(\d\d)\.(\d\d)\.(20\d\d)")
_LABEL = re.compile(r"THREAT (?:IDENTIFICATION|ATTRIBUTION)\s*:\s*(.{1,80})", re.IGNORECASE)
_MARK = re.compile(
    r"\b(obama|biden|tr|aa|bb|pr|tzr|cullinan|azd|presidents?|e[45]|epoch[45])_?(\d{0,4})\b", re.IGNORECASE
)

# Words of a heading, in order of who is asked first, and the stage that its lines belong to.
_STAGES = (
    ("cobalt strike", "later"),
    ("c2", "contact"),
    ("c&c", "contact"),
    ("exfil", "later"),
    ("evidence", ""),
    ("subject", "subject"),
    ("sender", "sender"),
    ("email body", "body"),
    ("password", "password"),
    ("zip", "delivery"),
    ("iso", "delivery"),
    ("redirect", "delivery"),
    ("maldoc download", "delivery"),
    ("maldoc redirect", "delivery"),
    ("maldoc feedproxy", "delivery"),
    ("maldoc proxy", "delivery"),
    ("lure", "delivery"),
    ("attachment", "delivery"),
    ("unpacked", "later"),
    ("extracted", "later"),
    ("payload", "payload"),
    ("stager", "payload"),
    ("intermedia", "payload"),
    ("secondary", "payload"),
    ("embedded", "payload"),
    ("mshta", "payload"),
    ("hta", "payload"),
    ("png", "payload"),
    ("powershell", "code"),
    ("macro", "code"),
    ("maldoc", "delivery"),
    ("xls", "delivery"),
    ("excel", "delivery"),
    ("word", "delivery"),
    ("doc", "delivery"),
    ("lnk file target", "code"),
    ("lnk shortcut", "code"),
    ("lnk", "payload"),
    ("html file", "delivery"),
    ("pdf", "delivery"),
    ("vbs", "payload"),
    ("download", "payload"),
)


@dataclass(frozen=True, slots=True)
class Note:
    """One note: what it says of each stage, and what it calls it."""

    mail: Evidence
    """Only what the mail itself shows: subject, sender, links in it, attachments."""
    whole: Evidence
    """That and all later stages."""
    at_s: int | None
    family: str
    distributor: str
    """``tr aa bb pr tzr obama biden e4 e5`` and the like; empty when the note says none."""
    wave: str
    """A distributor's own number of a wave, as ``obama175``; empty when there is none."""


def read(text: str, name: str) -> Note:
    """Read a note; ``name`` is its file's name, which may hold date, family and distributor.

    A note without anything to read gives empty evidence; nothing in it is an error.
    """
    text = text[:NOTE_CHARS]
    mail, later = _stages(text)
    label = _LABEL.search(text)
    head = text[:160].partition("\n")[0] if not label else label.group(1)
    called = f"{head} {name.replace('_', ' ')}"
    distributor, wave = _distributor(called)
    return Note(mail, _merged(mail, later), _date(name, head), family(called), distributor, wave)


def _date(*texts: str) -> int | None:
    for text in texts:
        if found := _ISO_DATE.search(text):
            year, month, day = map(int, found.groups())
        elif found := _DOT_DATE.search(text):
            day, month, year = map(int, found.groups())
        else:
            continue
        try:
            when = date(year, month, day)
        except ValueError:
            continue
        return int(datetime(when.year, when.month, when.day, 12, tzinfo=UTC).timestamp())
    return None


def family(text: str) -> str:
    """Give the first family that a text names, by its usual name in lower case; empty when it names none known."""
    plain = re.sub(r"[^a-z0-9]+", " ", text.lower())
    plain = f" {plain} "
    best = min(((at, name) for word, name in FAMILIES.items() if (at := plain.find(word)) >= 0), default=(0, ""))
    return best[1]


FAMILIES = {
    **{" qakbot": "qakbot", " qbot": "qakbot", " quakbot": "qakbot", " emotet": "emotet", " hancitor": "hancitor"},
    **{" icedid": "icedid", " bokbot": "icedid", " bazar": "bazarloader", " trickbot": "trickbot", " dridex": "dridex"},
    **{" squirrel": "squirrelwaffle", " remcos": "remcos", " agent tesla": "agent tesla", " agenttesla": "agent tesla"},
    **{" formbook": "formbook", " xloader": "formbook", " lokibot": "lokibot", " snake": "snake keylogger"},
    **{
        " avemaria": "avemaria",
        " warzone": "avemaria",
        " asyncrat": "asyncrat",
        " njrat": "njrat",
        " redline": "redline",
    },
    **{" vjw": "vjw0rm", " aggah": "aggah", " hagga": "aggah", " griffon": "griffon", " ursnif": "ursnif"},
    **{" gozi": "ursnif", " bumblebee": "bumblebee", " buer": "buerloader", " netsupport": "netsupport"},
    **{" nanocore": "nanocore", " matanbuchus": "matanbuchus", " socgholish": "socgholish", " strrat": "strrat"},
    **{
        " bitrat": "bitrat",
        " orcus": "orcus",
        " sliver": "sliver",
        " zeppelin": "zeppelin",
        " blustealer": "blustealer",
    },
    **{" mirrorblast": "mirrorblast", " matiex": "matiex", " javastealer": "javastealer", " n w0rm": "n-w0rm"},
}
"""Spellings, with a blank before each, and the name that is used here."""


def _distributor(text: str) -> tuple[str, str]:
    for found in _MARK.finditer(text.replace("_", " ")):
        crew, number = found.group(1).lower(), found.group(2)
        crew = {"epoch4": "e4", "epoch5": "e5", "president": "pr", "presidents": "pr"}.get(crew, crew)
        if len(crew) == 2 and crew.isalpha() and found.group(1).islower() and found.group(1) != "aa":
            continue  # "tr" and the like count in capitals only: they are parts of ordinary words elsewhere
        return crew, f"{crew}{number}" if number else ""
    return "", ""


def _stages(text: str) -> tuple[Evidence, Evidence]:
    mail, later = _Lists(), _Lists()
    stage, named, kind = "delivery" if _DOT_DATE.search(text[:200]) else "", "", ""
    for number, line in enumerate(text.splitlines()):
        if number >= LINES:
            break
        line = line.strip()[:3_000]
        if not line:
            named = ""
            continue
        if _HEADING.match(line) and not _HASH.match(line) and "." not in line.rstrip(".:") and " " in line:
            stage, named = _stage(line.lower()), ""
            kind = next((one for one in _EXTENSIONS if one in line.lower().split()), "")
            continue
        if re.match(r"^SUBJECTS?$|^SENDERS?$", line):
            stage = "subject" if line.startswith("SUBJ") else "sender"
            continue
        named = _take(mail if stage in _MAIL_STAGES else later, stage, line, named or f".{kind}")
    return mail.evidence(), later.evidence()


_EXTENSIONS = "zip iso img xlsb xlsm xlsx xls xll docm doc lnk html pdf vbs js".split()
"""That a heading may give to hashes without a name."""
_MAIL_STAGES = frozenset({"subject", "sender", "body", "password", "delivery"})


def _stage(heading: str) -> str:
    return next((stage for word, stage in _STAGES if word in heading), "later")


@dataclass(slots=True)
class _Lists:
    subjects: list[str]
    senders: list[str]
    body: list[str]
    urls: list[str]
    files: list[File]
    paths: list[str]
    contacts: list[str]
    passwords: list[str]
    stolen: bool

    def __init__(self) -> None:
        self.subjects, self.senders, self.body, self.urls, self.files = [], [], [], [], []
        self.paths, self.contacts, self.passwords, self.stolen = [], [], [], False

    def evidence(self) -> Evidence:
        return Evidence(
            subjects=tuple(self.subjects),
            text="\n".join(self.body),
            senders=tuple(self.senders),
            urls=tuple(self.urls),
            files=tuple(self.files),
            macro_paths=tuple(self.paths),
            contacts=tuple(self.contacts),
            passwords=tuple(self.passwords),
            stolen_thread=self.stolen,
        )


def _take(lists: _Lists, stage: str, line: str, named: str) -> str:
    """Put one line where it belongs; give the file name that hashes on the next lines are of."""
    plain = refang(line)
    if stage == "subject":
        if _STOLEN.search(line):
            lists.stolen = True
        elif len(line) < 300:
            lists.subjects.append(line)
    elif stage == "sender":
        lists.senders += _MAIL.findall(plain)[:5]
    elif stage == "body":
        lists.body.append(line)
    elif stage == "password":
        lists.passwords.append(line[:60])
    elif stage == "contact":
        lists.contacts += [plain.split()[0]] if "." in plain else []
    elif stage:
        return _indicators(lists, plain, named)
    return ""


def _indicators(lists: _Lists, line: str, named: str) -> str:
    urls = [one for one in _URL.findall(line) if not _REPORT.match(one)]
    lists.urls += urls
    lists.paths += [one[1:].strip() for one in _CALL_PATH.findall(line)]
    if found := _NAMED.search(line):
        lists.files.append(File(_PLACE.sub("1234567", found.group(1)).strip()))
        return ""
    first, _, rest = line.partition(" ")
    if first.startswith(".") and _HASH.match(rest.strip()):  # ".xls 1c929b..."
        lists.files.append(_hashed("", rest.strip(), first[1:]))
        return ""
    if _HASH.match(line):
        bare = named.startswith(".")
        lists.files.append(_hashed("" if bare else named, line, named[1:] if bare else ""))
        return named
    if not urls and _FILE.match(line) and " " not in line.rpartition(".")[2]:
        return line
    return ""


def _hashed(name: str, digest: str, extension: str) -> File:
    return File(name, digest if len(digest) == 64 else "", digest if len(digest) == 32 else "", extension)


def _merged(mail: Evidence, later: Evidence) -> Evidence:
    return replace(
        mail,
        urls=mail.urls + later.urls,
        files=mail.files + later.files,
        macro_paths=mail.macro_paths + later.macro_paths,
        contacts=mail.contacts + later.contacts,
    )


def indicators(evidence: Evidence) -> Iterator[str]:
    """Give the values of evidence that stand for themselves: links, hashes, senders, contacts."""
    yield from evidence.urls
    yield from evidence.senders
    yield from evidence.contacts
    yield from (one.sha256 or one.md5 for one in evidence.files if one.sha256 or one.md5)
