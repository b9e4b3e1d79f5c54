"""Events: records under their Sigma logsource, in Sigma's own field names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sekisho.model.ids import stable_id

# A rule on the left also reads events of the categories on the right.
# Source: Sigma specification, appendix "taxonomy", registry events.
COVERS = {"registry_event": frozenset({"registry_set", "registry_add", "registry_delete", "registry_rename"})}


class Logsource(NamedTuple):
    """Sigma's three words for where a record comes from; lower case, empty means any (rule) or none (event)."""

    product: str = ""
    category: str = ""
    service: str = ""

    def reads(self, event: Logsource) -> bool:
        """Tell whether a rule with this logsource applies to an event with that one."""
        return (
            self.product in ("", event.product)
            and self.service in ("", event.service)
            and (self.category in ("", event.category) or event.category in COVERS.get(self.category, ()))
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One record: its fields as Sigma names them and the place it can be found again."""

    logsource: Logsource
    fields: Mapping[str, Any]
    """Values are str, int, float, bool, None or a list of these; read-only by agreement."""
    time_ns: int | None = None
    """UTC nanoseconds since 1970."""
    host: str = ""
    user: str = ""
    source: str = ""
    """Path of the file as given."""
    record: str = ""
    """Record id, line number or artifact address inside the source."""
    parts: tuple[str, ...] = field(default=())
    """More parts of the id, when one record gives several events."""

    @property
    def id(self) -> str:
        """Stable id from source and position."""
        return _id(self.source, self.record, self.parts)


@lru_cache(maxsize=16_384)  # whoever looks at an incident asks ten times for the id of each of its events
def _id(source: str, record: str, parts: tuple[str, ...]) -> str:
    return stable_id("e", source, record, *parts)
