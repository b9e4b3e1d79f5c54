"""File formats: bytes in, features and child artifacts out; one file a format.

The folder is the registry: every module here that uses ``@analyzer`` is found by :func:`load`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from sekisho.model.artifact import Artifact, Feature

Yield = Feature | Artifact
Analyze = Callable[[Artifact], Iterator[Yield]]


@dataclass(frozen=True, slots=True)
class Analyzer:
    """One format's reader and how to tell that it applies."""

    name: str
    run: Analyze
    media_type: str
    """What an artifact is when this analyser recognised it by magic; empty when it does not decide."""
    magic: tuple[bytes, ...]
    """Any of these at offset 0."""
    recognise: Callable[[Artifact], bool] | None
    """For formats without magic: looks at the bytes, and at the name only where bytes cannot tell."""
    features: tuple[str, ...]
    """Every feature name it may yield: the rule fields, checked in tests and listed in the docs."""

    def claims(self, artifact: Artifact) -> bool:
        """Tell whether this analyser reads the artifact."""
        if artifact.kind:
            return artifact.kind == self.name
        if self.magic and artifact.data.startswith(self.magic):
            return True
        return self.recognise is not None and self.recognise(artifact)


_registry: dict[str, Analyzer] = {}


def analyzer(
    name: str,
    *,
    features: Iterable[str],
    media_type: str = "",
    magic: bytes | tuple[bytes, ...] = (),
    recognise: Callable[[Artifact], bool] | None = None,
) -> Callable[[Analyze], Analyze]:
    """Register a generator as the analyser of one format."""

    def register(run: Analyze) -> Analyze:
        magics = (magic,) if isinstance(magic, bytes) else tuple(magic)
        _registry[name] = Analyzer(name, run, media_type, magics, recognise, tuple(features))
        return run

    return register


@cache
def load() -> dict[str, Analyzer]:
    """Import every module of this folder once and give its analysers by name, in name order."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registry.items()))
