"""What unfolding a script of any language gives, and how its analysers say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.url import Url
from sekisho.model.urltext import find_urls

FEATURES = (
    "script.language",
    "script.unfolded",
    "script.tricks",
    "script.calls",
    "script.commands",
    "script.hidden",
    "url",
)
CALLS = 500
"""Calls and commands kept of one script; the longest real loader seen in public notes has some forty."""
CALL_CHARS = 4_000
SENSITIVE = re.compile(
    r"wscript|powershell|pwsh|cmd(?:\.exe|\s+/)|https?://|mshta|regsvr32|rundll32|certutil|bitsadmin|winmgmts|win32_process"
    r"|adodb\.stream|xmlhttp|winhttprequest|filesystemobject|shell\.application|urldownloadtofile|schedule\.service|cscript"
    r"|frombase64string|downloadfile|downloadstring|\.exe\b|\.dll\b|\.ocx\b|\.vbs\b|\.js\b|\.hta\b|\.ps1\b|\.bat\b"
    r"|schtasks|wmic|msiexec|odbcconf|vssadmin|bcdedit|shellexecute|invoke-|iex\b",
    re.I,
)
"""What an attacker would rather not have read in the source."""
TELLING_CHARS = 100_000
"""Characters of a final text that are searched for what its source does not show."""
BESIDE = frozenset({"hidden-window", "for-loop", "nesting"})
"""Tricks that hide something else than text."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A script or file that unfolding another one brought out."""

    name: str
    kind: str
    """Analyser to read it with; empty when its content decides."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A script with its disguise taken off."""

    text: str
    tricks: tuple[str, ...] = ()
    """Names of what was undone, in the order it was met."""
    urls: tuple[Url, ...] = ()
    calls: tuple[str, ...] = ()
    """``downloads X``, ``writes X``, ``starts X``, each once, in order."""
    commands: tuple[str, ...] = ()
    """Command lines it starts, final text."""
    layers: tuple[Layer, ...] = ()
    cut: str = ""
    """Field of Limits that stopped the unfolding early; empty when it was read whole."""


class Trace:
    """Collects what a script does while it is unfolded; keeps each thing once and stops at the limits."""

    def __init__(self) -> None:
        """Start empty, with the steps of ``Limits.steps`` to spend."""
        self.tricks: dict[str, None] = {}
        self.calls: dict[str, None] = {}
        self.commands: dict[str, None] = {}
        self.layers: dict[tuple[str, bytes], Layer] = {}
        self.addresses: dict[str, Url] = {}
        self.steps = DEFAULT.steps
        self.room = DEFAULT.text_chars
        self.cut = ""

    def trick(self, name: str) -> None:
        """Note a disguise."""
        self.tricks[name] = None

    def call(self, verb: str, what: str) -> None:
        """Note something the script does."""
        if what.strip() and len(self.calls) < CALLS:
            self.calls[f"{verb} {what.strip()[:CALL_CHARS]}"] = None

    def command(self, text: str) -> None:
        """Note a command line it starts."""
        if text.strip() and len(self.commands) < CALLS:
            self.commands[text.strip()[:CALL_CHARS]] = None

    def layer(self, name: str, kind: str, text: str | bytes) -> None:
        """Note a script inside the script."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if data.strip() and len(self.layers) < CALLS:
            self.layers.setdefault((kind, data), Layer(name, kind, data))

    def url(self, url: Url) -> None:
        """Note a URL that only the reader of this language can see."""
        if url.canonical:
            self.addresses.setdefault(url.canonical, url)

    def step(self, count: int = 1) -> None:
        """Spend steps.

        Raises:
            LimitError: none are left.
        """
        self.steps -= count
        if self.steps < 0:
            raise LimitError("steps", DEFAULT.steps)

    def grow(self, chars: int) -> None:
        """Spend room for decoded text.

        Raises:
            LimitError: the decoded texts together are too long.
        """
        self.room -= chars
        if self.room < 0:
            raise LimitError("text_chars", DEFAULT.text_chars)

    def result(self, raw: str, text: str) -> Unfolded:
        """Give everything collected, with the URLs of the final text and of what it calls."""
        tricks = tuple(self.tricks)
        seen = "\n".join([text, *self.calls, *self.commands])
        urls = dict(self.addresses)
        for url in find_urls(seen, "script"):
            urls.setdefault(url.canonical or url.raw, _with_tricks(url, raw, tricks))
        for url in find_urls(raw, "script"):
            urls.setdefault(url.canonical or url.raw, url)
        return Unfolded(
            text,
            tricks,
            tuple(urls.values()),
            tuple(self.calls),
            tuple(self.commands),
            tuple(self.layers.values()),
            self.cut,
        )


def _with_tricks(url: Url, raw: str, tricks: tuple[str, ...]) -> Url:
    """Add the script's tricks to a URL that its raw text does not show."""
    if url.raw in raw:
        return url
    names = dict.fromkeys(
        [*(trick for trick in tricks if trick not in BESIDE), *filter(None, url.hidden_by.split(", "))]
    )
    return replace(url, hidden_by=", ".join(names))


def features(artifact: Artifact, language: str, unfolded: Unfolded) -> Iterator[Feature | Artifact]:
    """Say what was found: features first, then one child for each layer.

    Raises:
        LimitError: unfolding stopped early; raised last, so that what was found stands.
    """
    yield Feature("script.language", language)
    yield Feature("script.unfolded", unfolded.text)
    for name, values in (
        ("script.tricks", unfolded.tricks),
        ("script.calls", unfolded.calls),
        ("script.commands", unfolded.commands),
    ):
        for value in values:
            yield Feature(name, value)
    for word in hidden(script_text(artifact.data), unfolded):
        yield Feature("script.hidden", word)
    for url in unfolded.urls:
        yield Feature("url", url)
    for layer in unfolded.layers:
        yield artifact.child(layer.name, layer.data, relation="decoded", kind=layer.kind)
    if unfolded.cut:
        raise LimitError(unfolded.cut, getattr(DEFAULT, unfolded.cut))


def hidden(source: str, unfolded: Unfolded) -> list[str]:
    """Give the telling words that only unfolding shows: in the final text, in what is done, in scripts inside.

    Addresses and extensions are none: honest pages and start scripts put those together from parts.
    """
    plain = source.lower()
    if "installproduct" in plain:
        plain += "msiexec"  # the word that calls name it by
    texts = [unfolded.text, *unfolded.calls, *unfolded.commands]
    texts += [layer.data[:CALL_CHARS].decode("utf-8", "replace") for layer in unfolded.layers if layer.kind]
    whole = "\n".join(text[:TELLING_CHARS] for text in texts)[: 4 * TELLING_CHARS]
    found = (match.group().lower() for match in SENSITIVE.finditer(whole))
    telling = (word for word in dict.fromkeys(found) if not word.startswith(("http", ".")))
    return [word for word in telling if word not in plain][:CALLS]


_FIELDS = re.compile(
    r"[A-Za-z][\w-]{1,60}:[ \t][^\n]*\n(?:[ \t][^\n]*\n){0,50}[A-Za-z][\w-]{1,60}:(?:[ \t]|\r?\n[ \t])"
)


def is_message_or_page(text: str) -> bool:
    """Tell text that begins as a mail or a page does, which no script does; far cheaper than looking for code in it."""
    bare = text.lstrip("\ufeff \t\r\n")
    return (bare[:1] == "<" and bare[:2] != "<#") or _FIELDS.match(bare) is not None


def mostly_code(text: str, code: re.Pattern[str]) -> bool:
    """Tell whether at least half of a text's lines look like code, as prose that quotes some does not."""
    lines = [line for line in text.splitlines() if line.strip()]
    return 2 * sum(code.search(line[:2_000]) is not None for line in lines) >= len(lines)


def script_text(data: bytes) -> str:
    """Decode a script file: by its byte-order mark, as UTF-16 when every second byte is zero, else UTF-8 or cp932."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if len(data) > 3 and data[1] == 0 and data[3] == 0 and data[0]:
        return data.decode("utf-16-le", "replace")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "replace")
