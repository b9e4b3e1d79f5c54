"""Documents of incidents that people merged become one: steps by time, everything else once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Document = dict[str, Any]
STATES = ("received", "opened", "ran", "contacted")
"""How far an attack got; each state goes further than the one before."""


def united(told: Sequence[Document], ids: Sequence[str]) -> Document:
    """Give incidents as one document, the first of them foremost."""
    return {
        **told[0],
        "first_at": min((one["first_at"] for one in told if one["first_at"]), default=None),
        "last_at": max((one["last_at"] for one in told if one["last_at"]), default=None),
        "steps": _in_order([one["steps"] for one in told]),
        "entities": _once((x for one in told for x in one["entities"]), "type", "value", "role"),
        "graph": {
            "nodes": _once((x for one in told for x in one["graph"]["nodes"]), "id"),
            "edges": _once((x for one in told for x in one["graph"]["edges"]), "source", "target", "relation"),
        },
        "findings": list(dict.fromkeys(x for one in told for x in one["findings"])),
        "recommendations": _advice(told),
        "unknown": list(dict.fromkeys(x for one in told for x in one["unknown"])),
        "unknown_facts": list({str(x): x for one in told for x in one["unknown_facts"]}.values()),
        "merges": _once((x for one in told for x in one["merges"]), "id"),
        "identities": _once((x for one in told for x in one["identities"]), "why", "left", "right"),
        "clocks": _once((x for one in told for x in one["clocks"]), "source"),
        "reached": _furthest(x for one in told for x in one["reached"]),
        "related": [
            x for x in _once((x for one in told for x in one["related"]), "incident") if x["incident"] not in ids
        ],
    }


def _in_order(stories: Sequence[list[Document]]) -> list[Document]:
    """Give steps by time; one without a time stays behind the step that it follows from."""
    placed = []
    for number, steps in enumerate(stories):
        last = ""
        for at, step in enumerate(steps):
            last = max(last, step["at"] or "")
            placed.append((last, number, at, step))
    return [step for *_, step in sorted(placed, key=lambda one: one[:3])]


def _once(items: Iterable[Document], *names: str) -> list[Document]:
    return list({str([one[name] for name in names]): one for one in reversed(list(items))}.values())[::-1]


def _furthest(items: Iterable[Document]) -> list[Document]:
    best: dict[tuple[str, str], Document] = {}
    for one in items:
        key = (one["type"], one["value"].casefold())
        if key not in best or STATES.index(one["state"]) > STATES.index(best[key]["state"]):
            best[key] = one
    return sorted(best.values(), key=lambda one: (-STATES.index(one["state"]), one["at"] or ""))


def _advice(told: Sequence[Document]) -> list[Document]:
    """Join what to do: one line an action and its reason as worded, with all its targets."""
    found: dict[tuple[str, str], Document] = {}
    for one in (x for doc in told for x in doc["recommendations"]):
        key = (one["action"], one["why"])
        if key not in found:
            found[key] = {**one}
            continue
        for name in ("targets", "evidence"):
            found[key][name] = list(dict.fromkeys([*found[key][name], *one[name]]))
    return list(found.values())
