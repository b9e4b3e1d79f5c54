"""Windows Installer files (.msi): what is installed, and the custom actions that run while it is.

Source: Microsoft, "Installer Database Reference": CustomAction, Property, Binary, File, Media, Registry tables and
"Summary List of All Custom Action Types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers import _link_disguise as names
from sekisho.analyzers import analyzer
from sekisho.analyzers._compound import MAGIC
from sekisho.analyzers._msi_database import Database, Row, open_database
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls

POOL = "\u4840\u3f3f\u4577\u446c".encode("utf-16-le")
"""``!_String`` as an installer packs it: the start of a directory name that every one of them has."""
SEQUENCES = ("InstallExecuteSequence", "InstallUISequence", "AdminExecuteSequence", "AdvtExecuteSequence")
FORMS = {1: "dll", 2: "exe", 3: "error", 5: "jscript", 6: "vbscript", 7: "install"}
PLACES = {0x00: "binary", 0x10: "file", 0x20: "directory", 0x30: "property"}
PROPERTIES = {
    "ProductName": "msi.product",
    "Manufacturer": "msi.manufacturer",
    "ProductVersion": "msi.version",
    "ProductCode": "msi.product_code",
    "UpgradeCode": "msi.upgrade_code",
}
ACTIONS, LISTED = 500, 500
REFERENCES = 20
"""Properties filled into one command line."""
_SETS_PROPERTY, _SETS_DIRECTORY = 51, 35
_REFERENCE = re.compile(r"\[([A-Za-z_][\w.]{0,72})\]")
_WORD = re.compile(r"(?<![\w%-])([a-z][a-z0-9_]{1,31})(\.exe)?(?![\w-])", re.IGNORECASE)
_RUN_KEY = re.compile(r"\\Run(?:Once)?(?:\\|$)|\\Image File Execution Options\\|\\Winlogon", re.IGNORECASE)
_LAUNCHES = re.compile(r"cmdline|commandline|quietexec|qtexec|silent_?exec|launch|execute|run", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Action:
    """One custom action."""

    name: str
    form: str
    """dll, exe, jscript, vbscript, install, error, or ``set`` for one that only sets a property or folder."""
    place: str
    source: str
    target: str


def _recognise(artifact: Artifact) -> bool:
    return artifact.data.startswith(MAGIC) and POOL in artifact.data


@analyzer(
    "msi",
    recognise=_recognise,
    media_type="application/x-msi",
    features=(
        *PROPERTIES.values(),
        *("msi.action", "msi.form", "msi.command", "msi.interpreter", "msi.unused_action", "msi.file", "msi.binary"),
        *("msi.run_key", "msi.hidden_product", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the tables, then hand back scripts, commands, binaries and cabinets.

    Yields:
        The product's properties; ``msi.action`` (``name: form in place: source target``) and ``msi.form`` for each
        custom action that runs something, ``msi.unused_action`` for one in no sequence; ``msi.command`` for command
        lines, properties filled in, and ``msi.interpreter`` for interpreters named in them; ``msi.file`` (names to be
        installed); ``msi.run_key`` for registry rows that start something; ``msi.hidden_product`` when it asks not
        to be listed; ``url``. Children: ``decoded`` commands and scripts of actions, then ``member`` binaries and
        cabinets.

    Raises:
        MalformedError: a table or stream is broken; everything else has been yielded.
        LimitError: there is more of something than is read.
    """
    database = open_database(artifact.data)
    properties = {str(row.get("Property", "")): str(row.get("Value", "")) for row in database.rows("Property")}
    for key, name in PROPERTIES.items():
        if properties.get(key):
            yield Feature(name, properties[key][:400])
    yield Feature("msi.hidden_product", properties.get("ARPSYSTEMCOMPONENT") == "1")
    actions = [_action(row) for row in database.rows("CustomAction")[:ACTIONS]]
    yield from _actions(artifact, database, actions, properties)
    yield from _listed(database)
    yield from _streams(artifact, database, actions)
    if database.flaw:
        raise database.flaw


def _action(row: Row) -> Action:
    kind = int(row.get("Type") or 0)
    low = kind & 0x3F
    form = "set" if low in (_SETS_PROPERTY, _SETS_DIRECTORY) else FORMS.get(low & 0x07, "")
    place = PLACES[low & 0x30]
    if form in ("jscript", "vbscript") and place == "directory":
        place = "inline"
    return Action(str(row.get("Action", "")), form, place, str(row.get("Source") or ""), str(row.get("Target") or ""))


def _actions(
    artifact: Artifact, database: Database, actions: list[Action], properties: dict[str, str]
) -> Iterator[Feature | Artifact]:
    used = {str(row.get("Action", "")) for table in SEQUENCES for row in database.rows(table)}
    files = {str(row.get("File", "")): _long_name(str(row.get("FileName", ""))) for row in database.rows("File")}
    known = {action.name for action in actions}
    texts, found = [], []
    for action in actions:
        text = _command(action, files, properties, known)
        if action.form not in ("set", "error", ""):
            shown = f"{action.name}: {action.form} in {action.place}: {action.source} {action.target}"
            yield Feature("msi.action", shown[:1_000].strip())
            yield Feature("msi.form", action.form)
            if action.name not in used:
                yield Feature("msi.unused_action", action.name)
        if action.form in ("jscript", "vbscript") and (script := _script(action, properties)):
            texts.append(script)
            yield artifact.child(action.name, script.encode(), relation="decoded", kind=action.form)
        elif text:
            texts.append(text)
            found += _interpreters(text)
            yield Feature("msi.command", text[:4_000])
            yield artifact.child(action.name, text.encode(), relation="decoded", kind="cmd")
    yield from (Feature("msi.interpreter", name) for name in dict.fromkeys(found))
    texts += [value for key, value in properties.items() if not key.startswith("ARP")]
    yield from (Feature("url", url) for url in find_urls("\n".join(texts)[: DEFAULT.text_chars], "text"))


def _command(action: Action, files: dict[str, str], properties: dict[str, str], known: set[str]) -> str:
    """Give the command line that an action starts, empty when it starts none that a table shows."""
    target = _filled(action.target, properties, files)
    if action.form == "set":
        hands_over = action.source in known or _LAUNCHES.search(action.source)
        return target if hands_over and _interpreters(target) else ""
    if action.form != "exe":
        return ""
    program = {
        "binary": action.source,
        "file": files.get(action.source, action.source),
        "directory": "",
        "property": properties.get(action.source, f"[{action.source}]"),
    }[action.place]
    return f"{_quoted(program)} {target}".strip()


def _quoted(program: str) -> str:
    return f'"{program}"' if " " in program and not program.startswith('"') else program


def _script(action: Action, properties: dict[str, str]) -> str:
    if action.place == "inline":
        return action.target
    return properties.get(action.source, "") if action.place == "property" else ""


def _filled(text: str, properties: dict[str, str], files: dict[str, str]) -> str:
    """Put properties and files where a formatted text names them; what only the installation knows stays."""

    def value(match: re.Match[str]) -> str:
        return properties.get(match[1], match[0])[:4_000]

    text = _REFERENCE.sub(value, text[:10_000], count=REFERENCES)
    return re.sub(r"\[[#!]([\w.]{1,72})\]", lambda match: files.get(match[1], match[0]), text, count=REFERENCES)


def _interpreters(text: str) -> list[str]:
    found = []
    for match in _WORD.finditer(text):
        name = match[1].lower()
        if name in names.INTERPRETERS and (match[2] or name not in names.WORDS_TOO):
            found.append(name)
    return found


def _long_name(name: str) -> str:
    return name.rpartition("|")[2]


def _listed(database: Database) -> Iterator[Feature]:
    for row in database.rows("File")[:LISTED]:
        if name := _long_name(str(row.get("FileName", ""))):
            yield Feature("msi.file", name)
    for row in database.rows("Registry")[: 4 * LISTED]:
        key = str(row.get("Key", ""))
        if _RUN_KEY.search(key):
            yield Feature("msi.run_key", f"{key}: {row.get('Value', '')}"[:1_000])


def _streams(artifact: Artifact, database: Database, actions: list[Action]) -> Iterator[Feature | Artifact]:
    """Give binaries and cabinets; a binary that an action runs as a script is read as one."""
    scripts = {one.source: one.form for one in actions if one.place == "binary" and one.form.endswith("script")}
    room, count = DEFAULT.unpacked_bytes, 0
    for name, path in database.streams.items():
        if name.startswith(("!", "\x05")) or len(path) != 1:
            continue
        count += 1
        size = database.compound.entries[path].size_bytes
        if size > room or count > DEFAULT.children // 2:
            database.flaw = LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)
            yield artifact.child(name, b"", unscanned=str(database.flaw))
            continue
        data = database.stream(name)
        room -= len(data)
        table, dot, key = name.partition(".")
        if table == "Binary" and dot:
            yield Feature("msi.binary", key)
        if data or not size:
            yield artifact.child(key if table == "Binary" and dot else name, data, kind=scripts.get(key, ""))
        else:
            yield artifact.child(name, b"", unscanned="its sectors are broken")
