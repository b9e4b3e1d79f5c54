"""Rules are read and checked: Sigma documents in, a rule set out, and a named reason for each that cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._modifiers import ModifierError, Placeholders, leaf_of
from sekisho.detect._tree import KEYWORD, All, AtLeast, Node, OneOf, fields_of, leaves_of
from sekisho.detect._yaml import Table, documents
from sekisho.detect.engine import Compiled
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource
from sekisho.model.finding import LEVELS
from sekisho.model.ids import stable_id
from sekisho.model.rule import WEIGHTS, Rule

__all__ = ["RuleSet", "load"]

MAX_CHARS = 1_000_000  # of one text; the longest public rule has 30,000
MAX_VALUES = 20_000  # of one rule
MAX_WEIGHT = 10.0  # log-odds; beyond it nothing else would count
TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
NOT_SELECTIONS = frozenset({"condition", "timeframe"})
DEFAULT_LEVEL = "low"
LEVEL_ALIASES = {"info": "informational"}  # Trend Vision One's published models write it so


def load(texts: Iterable[tuple[str, str]], placeholders: Placeholders | None = None) -> RuleSet:
    """Read rules; what cannot run is in ``RuleSet.failed`` and takes no other rule with it.

    Args:
        texts: (path, YAML text) pairs; a text may hold several documents. The path is for messages only.
        placeholders: values for the names that rules use with ``expand``.

    Source: Sigma rules specification 2.0; ``action: global`` as in Sigma 1.0.
    """
    reader = _Reader(placeholders or {})
    for path, text in texts:
        reader.read(path, text)
    return RuleSet(reader.compiled, reader.failed)


class _Reader:
    """Collects rules and failures, and keeps rule ids unique."""

    def __init__(self, placeholders: Placeholders) -> None:
        self.placeholders = placeholders
        self.compiled: list[Compiled] = []
        self.failed: list[RuleError] = []
        self.seen: dict[str, Rule] = {}

    def read(self, path: str, text: str) -> None:
        """Read all documents of one text."""
        if len(text) > MAX_CHARS:
            self.failed.append(RuleError(f"text of more than {MAX_CHARS} characters", path))
            return
        try:
            shared: Table | None = None
            for document in documents(path, text):
                if isinstance(document, Table) and document.get("action") == "global":
                    shared = document
                    continue
                self._keep(path, document if shared is None else _merged(shared, document))
        except RuleError as error:
            self.failed.append(error)

    def _keep(self, path: str, document: Any) -> None:
        try:
            compiled = _compiled(path, document, self.placeholders)
        except RuleError as error:
            self.failed.append(error)
            return
        rule = compiled.rule
        other = self.seen.setdefault(rule.id, rule)
        if other is rule:
            self.compiled.append(compiled)
        else:
            self.failed.append(RuleError(f"rule id {rule.id} is taken by {other.path}:{other.line}", path, rule.line))


def _merged(shared: Table, document: Any) -> Any:
    """Lay one document over the ``action: global`` document before it; mappings are joined."""
    if not isinstance(document, Table):
        return document
    merged = Table(document.line)
    merged.update({key: value for key, value in shared.items() if key != "action"})
    merged.lines.update(shared.lines)
    merged.lines.update(document.lines)
    for key, value in document.items():
        over = isinstance(value, Table) and isinstance(shared.get(key), Table)
        merged[key] = _merged(shared[key], value) if over else value
    if "id" in shared and "id" not in document:
        merged["id"] = stable_id("r", shared["id"], document.line)
    return merged


def _compiled(path: str, document: Any, placeholders: Placeholders) -> Compiled:
    if not isinstance(document, Table):
        raise RuleError("not a rule: the document is no mapping", path)
    if "correlation" in document:
        line = document.line_of("correlation")
        raise RuleError("correlation rules join the findings of other rules: not a rule for single events", path, line)
    if "detection" not in document and "filter" in document:
        raise RuleError("Sigma filters are not supported", path, document.line_of("filter"))
    for key in ("title", "logsource", "detection"):
        if document.get(key) is None:
            raise RuleError(f"{key} is missing", path, document.line)
    tree = _detection(path, document, placeholders)
    return Compiled(_rule(path, document, tree), tree)


def _rule(path: str, document: Table, tree: Node) -> Rule:
    title = _text(path, document, "title")
    logsource = _logsource(path, document)
    written = _text(path, document, "level", DEFAULT_LEVEL).lower()
    level = LEVEL_ALIASES.get(written, written)
    if level not in LEVELS:
        raise RuleError(f"level {level!r} is not one of {', '.join(LEVELS)}", path, document.line_of("level"))
    derived = stable_id("r", title, logsource.product, logsource.category, logsource.service)
    tags = document.get("tags")
    found = (TECHNIQUE.fullmatch(tag) for tag in (tags if isinstance(tags, list) else ()) if isinstance(tag, str))
    weight, texts = _own(path, document, level)
    return Rule(
        id=_text(path, document, "id", derived),
        title=title,
        level=level,
        status=_text(path, document, "status").lower(),
        attack=tuple(dict.fromkeys(tag[1].upper() for tag in found if tag)),
        logsource=logsource,
        path=path,
        line=document.line,
        fields=tuple(sorted({name or "*" for name in fields_of(tree)})),
        weight=weight,
        texts=texts,
        description=_text(path, document, "description").strip(),
        references=_texts(document, "references"),
        falsepositives=_texts(document, "falsepositives"),
    )


def _text(path: str, document: Table, key: str, default: str = "") -> str:
    value = document.get(key)
    if value is None:
        return default
    if isinstance(value, (list, dict)):
        raise RuleError(f"{key} must be text", path, document.line_of(key))
    return str(value)


def _texts(document: Table, key: str) -> tuple[str, ...]:
    value = document.get(key)
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(one) for one in values if not isinstance(one, (list, dict)))


def _logsource(path: str, document: Table) -> Logsource:
    table, line = document["logsource"], document.line_of("logsource")
    if not isinstance(table, Table):
        raise RuleError("logsource must be a mapping", path, line)
    words = {key: _text(path, table, key).strip().lower() for key in ("product", "category", "service")}
    if not any(words.values()):
        raise RuleError("logsource names no product, category or service", path, line)
    return Logsource(**words)


def _own(path: str, document: Table, level: str) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Read our own key: ``sekisho: {weight: 2.5, title_ja: ...}``.

    Source: Sigma rules specification 2.0, "File Structure" (arbitrary custom fields).
    """
    own = document.get("sekisho")
    if own is None:
        return WEIGHTS[level], ()
    line = document.line_of("sekisho")
    if not isinstance(own, Table):
        raise RuleError("sekisho must be a mapping", path, line)
    texts: list[tuple[str, str]] = []
    weight = WEIGHTS[level]
    for key, value in own.items():
        if key == "weight" and isinstance(value, (int, float)) and abs(value) <= MAX_WEIGHT:
            weight = float(value)
        elif key.startswith("title_") and isinstance(value, str):
            texts.append((key.removeprefix("title_"), value))
        else:
            raise RuleError(f"sekisho.{key} is unknown or of the wrong kind", path, own.line_of(key))
    return weight, tuple(texts)


def _detection(path: str, document: Table, placeholders: Placeholders) -> Node:
    detection, line = document["detection"], document.line_of("detection")
    if not isinstance(detection, Table):
        raise RuleError("detection must be a mapping", path, line)
    if detection.get("condition") in (None, "", []):
        raise RuleError("detection has no condition", path, line)
    selections: dict[str, Node] = {}
    for name, value in detection.items():
        if name not in NOT_SELECTIONS:
            selections[name] = _selection(value, placeholders, (path, name, detection.line_of(name)))
    if sum(map(_size, selections.values())) > MAX_VALUES:
        raise RuleError(f"rule of more than {MAX_VALUES} values", path, line)
    written = detection["condition"]
    conditions = written if isinstance(written, list) else [written]
    try:
        trees = tuple(condition_tree(_condition(one), selections) for one in conditions)
    except ConditionError as error:
        raise RuleError(str(error), path, detection.line_of("condition")) from error
    return trees[0] if len(trees) == 1 else AtLeast(1, trees)


def _condition(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ConditionError("condition must be text or a list of texts")


def _selection(value: Any, placeholders: Placeholders, place: tuple[str, str, int]) -> Node:
    """Turn one selection into a node: a mapping is "and", a list is "or", bare values are keywords."""
    path, name, line = place
    if isinstance(value, Table):
        if not value:
            raise RuleError(f"selection {name!r} is empty", path, line)
        leaves = tuple(_leaf(key, one, placeholders, (path, name, value.line_of(key))) for key, one in value.items())
        return leaves[0] if len(leaves) == 1 else All(leaves)
    values = value if isinstance(value, list) else [value]
    words = [one for one in values if not isinstance(one, (list, dict))]
    nodes = [_selection(one, placeholders, place) for one in values if isinstance(one, (list, dict))]
    if words or not nodes:
        nodes.insert(0, _leaf(KEYWORD, words, placeholders, place))
    return nodes[0] if len(nodes) == 1 else AtLeast(1, tuple(nodes))


def _leaf(key: str, value: Any, placeholders: Placeholders, place: tuple[str, str, int]) -> Node:
    path, name, line = place
    try:
        return leaf_of(key, value, placeholders)
    except ModifierError as error:
        where = f"selection {name!r}, {key!r}" if key else f"selection {name!r}"
        raise RuleError(f"{where}: {error}", path, line) from error


def _size(tree: Node) -> int:
    return sum(len(test.tests) if isinstance(test, OneOf) else 1 for leaf in leaves_of(tree) for test in leaf.tests)
