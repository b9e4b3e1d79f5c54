"""Artifacts and features: what a file is made of and what was read in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sekisho.model.ids import stable_id
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.url import Url

SEPARATOR = " » "

Value = str | int | float | bool | Url


@dataclass(frozen=True, slots=True)
class Artifact:
    """Bytes with a name and an address in the tree of the evidence they came from."""

    name: str
    """As its container spells it; hostile text, never a path to write to."""
    data: bytes = field(repr=False)
    address: str
    """``path » child » grandchild``: unique in a run, openable by the user."""
    parent: str | None = None
    """Address of the artifact this one was found in."""
    depth: int = 0
    relation: str = "input"
    """How it hangs on its parent: input attachment body member overlay embedded macro decoded."""
    kind: str = ""
    """Analyser that our own code asks for by name; empty for anything recognised by content."""
    declared_type: str = ""
    """Media type that the container claims; hostile."""
    passwords: tuple[str, ...] = ()
    """Candidates to open it with, best first, from the text around it."""
    unscanned: str = ""
    """Why its bytes could not be had (encrypted, limit), empty when they could."""
    organisation: Organisation = field(default=NOBODY, repr=False, compare=False)
    """Whose mail it is; set in the worker only, so that it never crosses a pipe."""

    def child(
        self,
        name: str,
        data: bytes,
        *,
        relation: str = "member",
        kind: str = "",
        declared_type: str = "",
        passwords: tuple[str, ...] = (),
        unscanned: str = "",
    ) -> Artifact:
        """Give an artifact found inside this one, with this one's passwords after its own."""
        return Artifact(
            name=name,
            data=data,
            address=f"{self.address}{SEPARATOR}{name}",
            parent=self.address,
            depth=self.depth + 1,
            relation=relation,
            kind=kind,
            declared_type=declared_type,
            passwords=tuple(dict.fromkeys(passwords + self.passwords)),
            unscanned=unscanned,
        )

    def at(self, address: str) -> Artifact:
        """Give the same artifact under another address (siblings may share a name)."""
        return replace(self, address=address)


@dataclass(frozen=True, slots=True)
class Feature:
    """One named, typed fact read at a place in an artifact."""

    name: str
    """``lnk.arguments``: declared by the analyser, usable as a rule field."""
    value: Value
    at: int | None = None
    """Byte offset in the artifact, when the fact has one place."""

    def __reduce__(self) -> tuple[type[Feature], tuple[str, Value, int | None]]:
        """Pickle by what it is made of: thousands go to the run, and the usual way takes thrice as long."""
        return Feature, (self.name, self.value, self.at)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What all analysers found in one artifact, without its bytes."""

    artifact: Artifact
    """With ``data`` emptied: bytes never leave the worker twice."""
    sha256: str
    size_bytes: int
    media_type: str
    analyzers: tuple[str, ...]
    """Names of the analysers that read it, in order."""
    features: tuple[Feature, ...]
    notes: tuple[str, ...] = ()
    """What was malformed or cut by a limit: read up to there, named here."""
    unscanned: str = ""
    """Why it counts as not scanned, empty when it was read whole."""

    @property
    def id(self) -> str:
        """Stable id from the address."""
        return stable_id("a", self.artifact.address)

    @property
    def address(self) -> str:
        """Where it lies."""
        return self.artifact.address

    @property
    def urls(self) -> list[Url]:
        """Its URLs in the order they were read, each once."""
        return list(dict.fromkeys(value for value in self.values("url") if isinstance(value, Url)))

    def values(self, name: str) -> list[Value]:
        """Give every value of one feature, in the order it was read."""
        return [feature.value for feature in self.features if feature.name == name]

    def first(self, name: str, default: Value = "") -> Value:
        """Give the first value of one feature."""
        return next((feature.value for feature in self.features if feature.name == name), default)
