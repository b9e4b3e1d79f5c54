"""What only a whole mail shows: facts drawn from its fields, bodies, links and files together, and from who is known.

The folder is the registry: every module here that uses ``@mail_facts`` is found by :func:`load`. A fact is a feature of
the message, and so a field of its event that rules read. What one artifact alone shows is its analyser's work.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from sekisho.model.artifact import Analysis, Feature
from sekisho.model.history import History, Memory
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.url import Url
from sekisho.normalize.artifacts import PARTS, is_message, time_ns


@dataclass(frozen=True, slots=True)
class Mail:
    """One message with everything that hangs on it."""

    message: Analysis
    bodies: tuple[Analysis, ...]
    """Its HTML bodies."""
    files: tuple[Analysis, ...]
    """Its attachments and all below them, parents first, down to messages inside, which are mails of their own."""
    urls: tuple[Url, ...] = field(default=())
    """Of its text and bodies, each once, as the reader meets them; those of files are not among them."""
    history: History | None = None
    """What came before it, where there is a store that knows."""

    def text(self, name: str) -> str:
        """Give the first value of one of the message's features as text, empty when there is none."""
        return str(self.message.first(name))


@dataclass(frozen=True, slots=True)
class Facts:
    """One kind of fact and the names it may yield."""

    name: str
    run: Callable[[Mail, Organisation], Iterator[Feature]]
    features: tuple[str, ...]


_registry: dict[str, Facts] = {}


def mail_facts(
    name: str, *, features: Iterable[str]
) -> Callable[[Callable[[Mail, Organisation], Iterator[Feature]]], Callable[[Mail, Organisation], Iterator[Feature]]]:
    """Register a generator of (mail, organisation) that yields features of the message."""

    def register(
        run: Callable[[Mail, Organisation], Iterator[Feature]],
    ) -> Callable[[Mail, Organisation], Iterator[Feature]]:
        _registry[name] = Facts(name, run, tuple(features))
        return run

    return register


@cache
def load() -> dict[str, Facts]:
    """Import every module of this folder once and give its facts by name, in name order."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registry.items()))


def fields() -> tuple[str, ...]:
    """Give the names of all facts, in the order of :func:`load`."""
    return tuple(dict.fromkeys(name for facts in load().values() for name in facts.features))


def with_facts(
    tree: Sequence[Analysis], organisation: Organisation = NOBODY, memory: Memory | None = None
) -> list[Analysis]:
    """Give the analyses of one input with what each whole mail shows added to its message.

    ``memory`` tells what came before a mail; of mails inside others and of those without a time it is not asked.
    """
    return [_with_facts(one, tree, organisation, memory) if is_message(one) else one for one in tree]


def _with_facts(
    message: Analysis, tree: Sequence[Analysis], organisation: Organisation, memory: Memory | None
) -> Analysis:
    mail = mail_of(message, tree)
    at = time_ns(message)
    if memory is not None and at is not None and message.artifact.parent is None:
        mail = replace(mail, history=memory.before(at // 1_000_000_000))
    added = tuple(feature for facts in load().values() for feature in facts.run(mail, organisation))
    return replace(message, features=(*message.features, *added))


def mail_of(message: Analysis, tree: Sequence[Analysis]) -> Mail:
    """Give a message of a tree with its parts; the tree has parents before their children."""
    inside = {message.address}
    bodies, files = [], []
    for one in tree:
        if one.artifact.parent not in inside or one.artifact.parent is None:
            continue
        if one.artifact.relation == "body":
            bodies.append(one)
        elif one.artifact.relation in PARTS:
            files.append(one)
        if not is_message(one):
            inside.add(one.address)
    urls = dict.fromkeys(
        url for one in (message, *bodies) if one is message or _direct(one, message) for url in one.urls
    )
    return Mail(message, tuple(one for one in bodies if _direct(one, message)), tuple(files), tuple(urls))


def _direct(one: Analysis, message: Analysis) -> bool:
    return one.artifact.parent == message.address
