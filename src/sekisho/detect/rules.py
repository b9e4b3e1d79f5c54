"""Rules are read and checked: Sigma documents in, a rule set out, and a named reason for each that cannot run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sekisho.detect import _document as read
from sekisho.detect import aggregations, correlations, filters, pipelines
from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._draft import Every
from sekisho.detect._modifiers import ModifierError, Placeholders, leaf_of
from sekisho.detect._tree import KEYWORD, All, AtLeast, Node, OneOf, fields_of, leaves_of
from sekisho.detect._written import Table
from sekisho.detect._yaml import documents
from sekisho.detect.compiled import Compiled
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource
from sekisho.model.ids import stable_id
from sekisho.model.rule import Rule

__all__ = ["RuleSet", "load"]

MAX_CHARS = 1_000_000  # of one text; the longest public rule has 30,000
MAX_VALUES = 20_000  # of one rule
NOT_SELECTIONS = frozenset({"condition", "timeframe"})


def load(
    texts: Iterable[tuple[str, str]],
    placeholders: Placeholders | None = None,
    pipelines: Iterable[pipelines.Pipeline] = (),
    settled: Iterable[tuple[str, str]] = (),
) -> RuleSet:
    """Read rules; what cannot run is in ``RuleSet.failed`` and takes no other rule with it.

    Args:
        texts: (path, YAML text) pairs; a text may hold several documents. The path is for messages only.
        placeholders: values for the names that rules use with ``expand``.
        pipelines: what fits the rules to the events, as :func:`sekisho.detect.pipelines.load` gives it.
        settled: more texts, read first; pipelines leave them alone, because they are written for these events.

    Source: Sigma rules specification 2.0; ``action: global`` as in Sigma 1.0.
    """
    reader = _Reader(placeholders or {})
    for path, text in settled:
        reader.read(path, text)
    reader.pipelines = tuple(pipelines)
    for path, text in texts:
        reader.read(path, text)
    return reader.rule_set()


class _Reader:
    """Collects rules, correlations, filters and failures, and keeps rule ids unique."""

    def __init__(self, placeholders: Placeholders) -> None:
        self.placeholders = placeholders
        self.compiled: list[Compiled] = []
        self.failed: list[RuleError] = []
        self.seen: dict[str, Rule] = {}
        self.names: dict[str, str] = {}  # rule id -> its name, where it has one
        self.broken: dict[str, RuleError] = {}  # ids and names of what failed
        self.correlations: list[correlations.Correlation] = []
        self.filters: list[filters.Filter] = []
        self.pipelines: tuple[pipelines.Pipeline, ...] = ()
        self.logsources: dict[str, Logsource] = {}  # as written, by rule id and name
        self.waiting: list[tuple[str, Table]] = []  # correlations that pipelines map once all rules are known

    def read(self, path: str, text: str) -> None:
        """Read all documents of one text."""
        if len(text) > MAX_CHARS:
            self.failed.append(RuleError(f"text of more than {MAX_CHARS} characters", path))
            return
        try:
            for document in rule_documents(path, text):
                self._keep(path, document)
        except RuleError as error:
            self.failed.append(error)

    def rule_set(self) -> RuleSet:
        """Join filters and correlations to the rules they are about."""
        for path, document in self.waiting:
            self._map_correlation(path, document)
        compiled, missed = filters.apply(self.compiled, self.filters, self.names)
        rules = (one.rule for one in compiled)
        known = [
            correlations.Known(rule.id, self.names.get(rule.id, ""), rule.level, rule.path, rule.line) for rule in rules
        ]
        resolver = correlations.Resolver(known, self.correlations, self.broken.items())
        found = resolver.resolve()
        return RuleSet(compiled, [*self.failed, *missed, *resolver.failed], found)

    def _keep(self, path: str, document: Any) -> None:
        try:
            for one in aggregations.split(path, document):
                self._read(path, one)
        except RuleError as error:
            self._fail(document, error)

    def _fail(self, document: Any, error: RuleError) -> None:
        self.failed.append(error)
        if isinstance(document, Table):
            self.broken.update({str(document[key]): error for key in ("id", "name") if document.get(key)})

    def _map_correlation(self, path: str, document: Table) -> None:
        called = read.texts(document["correlation"], "rules") if isinstance(document["correlation"], Table) else ()
        logsources = [self.logsources[name] for name in called if name in self.logsources]
        try:
            mapped = pipelines.map_correlation(self.pipelines, path, document, logsources)
            self.correlations.append(correlations.draft(path, mapped))
        except RuleError as error:
            self._fail(document, error)

    def _read(self, path: str, document: Any) -> None:
        if isinstance(document, Table) and "correlation" in document:
            if self.pipelines:
                self.waiting.append((path, document))
            else:
                self.correlations.append(correlations.draft(path, document))
            return
        if isinstance(document, Table) and "filter" in document and "detection" not in document:
            made = pipelines.apply(self.pipelines, path, filters.detection(path, document))
            tree = _detection(path, made, self.placeholders)
            self.filters.append(filters.filter_of(path, document, _logsource(path, made), tree))
            return
        compiled = _compiled(path, pipelines.apply(self.pipelines, path, document), self.placeholders)
        rule = compiled.rule
        if self.pipelines:
            written = _logsource(path, document)
            self.logsources.update(dict.fromkeys((rule.id, str(document.get("name") or rule.id)), written))
        other = self.seen.setdefault(rule.id, rule)
        if other is not rule:
            raise RuleError(f"rule id {rule.id} is taken by {other.path}:{other.line}", path, rule.line)
        self.compiled.append(compiled)
        if name := read.text(path, document, "name"):
            self.names[rule.id] = name


def rule_documents(path: str, text: str) -> Iterator[Any]:
    """Give the documents of one text, each with the ``action: global`` document before it merged in.

    Raises:
        RuleError: the text cannot be read from here on.
    """
    shared: Table | None = None
    for document in documents(path, text):
        if isinstance(document, Table) and document.get("action") == "global":
            shared = document
        else:
            yield document if shared is None else _merged(shared, document)


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
    for key in ("title", "logsource", "detection"):
        if document.get(key) is None:
            raise RuleError(f"{key} is missing", path, document.line)
    tree = _detection(path, document, placeholders)
    return Compiled(_rule(path, document, tree), tree)


def _rule(path: str, document: Table, tree: Node) -> Rule:
    title = read.text(path, document, "title")
    logsource = _logsource(path, document)
    level = read.level(path, document)
    derived = stable_id("r", title, logsource.product, logsource.category, logsource.service)
    weight, texts = read.own(path, document, level)
    return Rule(
        id=read.text(path, document, "id", derived),
        title=title,
        level=level,
        status=read.text(path, document, "status").lower(),
        attack=read.attack(document),
        logsource=logsource,
        path=path,
        line=document.line,
        fields=tuple(sorted({name or "*" for name in fields_of(tree)})),
        weight=weight,
        texts=texts,
        description=read.text(path, document, "description").strip(),
        references=read.texts(document, "references"),
        falsepositives=read.texts(document, "falsepositives"),
        tags=tuple(tag.lower() for tag in read.texts(document, "tags")),
    )


def _logsource(path: str, document: Table) -> Logsource:
    table, line = document["logsource"], document.line_of("logsource")
    if not isinstance(table, Table):
        raise RuleError("logsource must be a mapping", path, line)
    words = {key: read.text(path, table, key).strip().lower() for key in ("product", "category", "service")}
    if not any(words.values()):
        raise RuleError("logsource names no product, category or service", path, line)
    return Logsource(**words)


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
    tree = trees[0] if len(trees) == 1 else AtLeast(1, trees)
    if not any(isinstance(value, Every) and not value for value in detection.values()):
        return tree
    kept = pipelines.without_dropped(tree)
    if kept is None:
        raise RuleError("the pipelines drop everything that the rule looks for", path, line)
    return kept


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
    if isinstance(value, Every):
        return All(tuple(_selection(one, placeholders, place) for one in value))
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
