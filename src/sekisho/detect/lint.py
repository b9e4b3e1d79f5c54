"""What is doubtful about a rule that loads: each problem with its line, and nothing that is a matter of taste.

Every check was run over 3,753 public rules and kept only if what it says there is true.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import product
from pathlib import PurePosixPath
from typing import Any, Literal

from sekisho.detect._modifiers import ENCODERS, MODES, REGEX_FLAGS, REGEX_WORDS
from sekisho.detect._regex import is_linear, searcher
from sekisho.detect._tree import ANY, All, AtLeast, Leaf, Node, Not, OneOf, Text, fields_of, leaves_of
from sekisho.detect._values import pieces_of
from sekisho.detect._written import Table
from sekisho.detect.near_miss import NOT_SELECTIONS, selections_of, shape_of
from sekisho.detect.oracle import explain
from sekisho.detect.rules import RuleSet, rule_documents
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource
from sekisho.model.finding import LEVELS

# Source: Sigma specification 2.1, "Status" and "Date"; Sigma tags appendix 2.1.0.
STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
# Source: ATT&CK enterprise matrix, version 19 of April 2026, and "defense-evasion", which it split in two.
TACTICS = frozenset(
    "reconnaissance resource-development initial-access execution persistence privilege-escalation stealth "
    "defense-impairment defense-evasion credential-access discovery lateral-movement collection command-and-control "
    "exfiltration impact".split()
)
ATTACK_ID = re.compile(r"(?:t\d{4}(?:\.\d{3})?|[gsmc]\d{4}|ds\d{4})")
CVE_ID = re.compile(r"\d{4}-\d{4,}")
TAG = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
FILE_NAME = re.compile(r"[a-z0-9_]+\.ya?ml")
FILL_IN = "FILL_IN"
"""What ``sekisho rules new`` writes where the author has to."""
PATH_FIELDS = frozenset({"image", "parentimage", "imageloaded", "targetfilename", "sourceimage", "targetimage"})
"""File paths, in which no asterisk can stand. Source: Microsoft, "Naming Files, Paths, and Namespaces"."""
SINGLE_VALUED = frozenset({"windows", "linux", "macos"})
"""Products whose fields hold one value each."""
PROBES = ("", "x", "\x00 0")  # a regular expression found in all of these is found in anything
MAX_SHARED = 12  # selections tried in all combinations
CLOSE = 0.75


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or doubtful about a rule."""

    path: str
    line: int
    """From 1; 0 when the whole file is meant."""
    severity: Literal["error", "warning"]
    """``error``: the rule cannot run."""
    code: str
    """One of CODES."""
    values: tuple[tuple[str, str], ...] = ()
    """What to fill into the text of the code, by name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of events."""

    logsources: frozenset[Logsource]
    """Every logsource that Sigma or we have a word for."""
    fields: Mapping[Logsource, frozenset[str]]
    """All fields that its events can have; only for logsources where that is known."""


CODES = tuple(
    "cannot_run id_missing id_form status_unknown level_missing logsource_unknown field_unknown "
    "field_blanks selection_unused wildcards_both wildcard_needless wildcard_escaped all_single value_blanks "
    "value_twice cased_needless regex_slow regex_any never conflict always only_negated tag_form tactic_unknown "
    "date_form file_name unfilled sample_missing".split()
)


def check(texts: Iterable[tuple[str, str]], loaded: RuleSet, known: Known) -> Iterator[Problem]:
    """Give every problem of a set of rules and of the texts it was loaded from."""
    trees: dict[str, dict[int, Node]] = defaultdict(dict)
    for one in loaded.compiled:
        trees[one.rule.path][one.rule.line] = one.tree
    yield from errors(loaded.failed)
    for path, text in texts:
        yield from warnings(path, text, trees[path], known)


def errors(failed: Iterable[RuleError]) -> Iterator[Problem]:
    """Give the rules that cannot run."""
    for one in failed:
        yield Problem(one.path, one.line, "error", "cannot_run", (("reason", one.reason),))


def warnings(path: str, text: str, trees: Mapping[int, Node], known: Known) -> Iterator[Problem]:
    """Give what is doubtful about the rules of one text.

    Args:
        path: of the file; for messages, and its name is checked.
        text: YAML.
        trees: the detections of its rules that can run, by the line their document begins at.
        known: what events there are.

    Yields:
        Problems in no particular order; none for a place where the text cannot be read.
    """
    if not FILE_NAME.fullmatch(name := PurePosixPath(path).name):
        yield Problem(path, 0, "warning", "file_name", (("name", name),))
    try:
        for document in rule_documents(path, text):
            if isinstance(document, Table):
                yield from _Rule(path, document, trees.get(document.line), known).problems()
    except RuleError:
        return  # it is among the errors


@dataclass(frozen=True, slots=True)
class _Item:
    """One key of a selection as it is written."""

    line: int
    key: str
    values: list[Any]

    @property
    def field(self) -> str:
        return self.key.split("|")[0]

    @property
    def modifiers(self) -> set[str]:
        return {one.strip().lower() for one in self.key.split("|")[1:]}


class _Rule:
    """The checks of one rule."""

    def __init__(self, path: str, document: Table, tree: Node | None, known: Known) -> None:
        self.path, self.document, self.tree, self.known = path, document, tree, known
        detection = document.get("detection")
        self.detection = detection if isinstance(detection, Table) else None
        self.logsource = _logsource(document)

    def problems(self) -> Iterator[Problem]:
        yield from self._head()
        yield from self._tags()
        if self.detection is None:
            return
        yield from self._logsource()
        yield from self._condition(self.detection)
        allowed = self._fields()
        for item in _items(self.detection):
            if allowed is not None:
                yield from self._field(item, allowed)
            yield from self._modifiers(item)
            yield from self._values(item)

    def _warn(self, line: int, code: str, **values: object) -> Problem:
        return Problem(self.path, line, "warning", code, tuple((name, str(value)) for name, value in values.items()))

    def _head(self) -> Iterator[Problem]:
        document, line = self.document, self.document.line
        written = document.get("id")
        if written is None:
            yield self._warn(line, "id_missing")
        elif not UUID.fullmatch(str(written).lower()):
            yield self._warn(document.line_of("id"), "id_form", id=written)
        status = document.get("status")
        if status is not None and str(status).lower() not in STATUSES:
            yield self._warn(document.line_of("status"), "status_unknown", status=status, known=", ".join(STATUSES))
        if document.get("level") is None and self.detection is not None:
            yield self._warn(line, "level_missing", known=", ".join(LEVELS))
        for key in ("date", "modified"):
            if key in document and not _is_day(str(document[key])):
                yield self._warn(document.line_of(key), "date_form", key=key, value=document[key])
        for key in ("title", "description"):
            if FILL_IN in str(document.get(key)):
                yield self._warn(document.line_of(key), "unfilled", value=key)

    def _tags(self) -> Iterator[Problem]:
        tags, line = self.document.get("tags"), self.document.line_of("tags")
        for tag in tags if isinstance(tags, list) else ():
            space, _, name = str(tag).lower().partition(".")
            if not TAG.fullmatch(str(tag).lower()) or (space == "cve" and not CVE_ID.fullmatch(name)):
                yield self._warn(line, "tag_form", tag=tag)
            elif space == "attack" and not ATTACK_ID.fullmatch(name) and name.replace("_", "-") not in TACTICS:
                close = get_close_matches(name.replace("_", "-"), TACTICS, 1)
                yield self._warn(line, "tactic_unknown", tag=tag, close=f"attack.{close[0]}" if close else "")

    def _logsource(self) -> Iterator[Problem]:
        if self.logsource is None or any(self.logsource.reads(one) for one in self.known.logsources):
            return
        words = named(self.logsource)
        close = get_close_matches(words, sorted(map(named, self.known.logsources)), 1)
        line = self.document.line_of("logsource")
        yield self._warn(line, "logsource_unknown", logsource=words, close=close[0] if close else "")

    def _fields(self) -> dict[str, str] | None:
        """Give the fields of this rule's events by their folded names, when all of them are known."""
        if self.logsource is None or not self.logsource.category:
            return None
        listed = [names for one, names in self.known.fields.items() if self.logsource.reads(one)]
        return {name.casefold(): name for names in listed for name in names} or None

    def _field(self, item: _Item, allowed: Mapping[str, str]) -> Iterator[Problem]:
        names = [item.field.strip()]
        if "fieldref" in item.modifiers:
            names += [one for one in item.values if isinstance(one, str)]
        for name in names:
            if name and name.casefold() not in allowed:
                close = get_close_matches(name.casefold(), allowed, 1, CLOSE)
                where = named(self.logsource) if self.logsource else ""
                shown = allowed[close[0]] if close else ""
                yield self._warn(item.line, "field_unknown", field=name, logsource=where, close=shown)

    def _modifiers(self, item: _Item) -> Iterator[Problem]:
        given = item.modifiers
        if item.field != item.field.strip():
            yield self._warn(item.line, "field_blanks", field=item.field)
        if "all" in given and len(item.values) == 1 and "expand" not in given:
            yield self._warn(item.line, "all_single", key=item.key)
        texts = [one for one in item.values if isinstance(one, str)]
        if "cased" in given and texts and all(one.lower() == one.upper() for one in texts):
            yield self._warn(item.line, "cased_needless", key=item.key)
        if not given & ({"cased", "re"} | ENCODERS):
            folded: dict[str, str] = {}
            for one in texts:
                if folded.setdefault(one.casefold(), one) is not one:
                    yield self._warn(item.line, "value_twice", key=item.key, value=one)

    def _values(self, item: _Item) -> Iterator[Problem]:
        found: dict[str, list[str]] = defaultdict(list)
        texts = [one for one in item.values if isinstance(one, str)]
        for value in texts:
            if FILL_IN in value:
                found["unfilled"].append(item.key or value)
            for code in _regex(item, value) if "re" in item.modifiers else _text(item, value):
                found[code].append(value)
        if len(found["wildcards_both"]) < len(item.values):  # no modifier says the same of all of them
            del found["wildcards_both"]
        for code, values in found.items():
            more = f" (+{len(values) - 1})" if len(values) > 1 else ""
            yield self._warn(item.line, code, value=values[0], more=more, key=item.key)

    def _condition(self, detection: Table) -> Iterator[Problem]:
        shape, line = shape_of(detection), detection.line_of("condition")
        if shape is None or self.tree is None:
            return
        used = fields_of(shape)
        for name in detection:
            if name not in used and name not in NOT_SELECTIONS and not name.startswith("_"):
                yield self._warn(detection.line_of(name), "selection_unused", name=name)
        if self.logsource and self.logsource.product in SINGLE_VALUED and (field := _conflict(self.tree)):
            yield self._warn(line, "conflict", field=field)
        elif (fixed := _fixed(shape, dict(selections_of(self.tree, detection)))) is not None:
            yield self._warn(line, "always" if fixed else "never")
        elif _matches_nothing_special(self.tree):
            yield self._warn(line, "only_negated")


def _regex(item: _Item, value: str) -> Iterator[str]:
    """Give the codes of what is doubtful about a regular expression."""
    words = {REGEX_WORDS.get(one, one) for one in item.modifiers}
    flags = "".join(sorted(words & REGEX_FLAGS))
    try:
        search = searcher(value, flags)
    except ValueError:
        return  # it is among the errors
    if not is_linear(value, flags):
        yield "regex_slow"
    if all(search(probe) for probe in PROBES):
        yield "regex_any"


def _text(item: _Item, value: str) -> Iterator[str]:
    """Give the codes of what is doubtful about a text."""
    if item.modifiers & (ENCODERS | {"cidr", "fieldref", "exists"}):
        return
    pieces = pieces_of(value)
    mode = next((MODES[one] for one in MODES if one in item.modifiers), "in" if not item.field else "equal")
    opened, closed = pieces[:1] == [ANY], pieces[-1:] == [ANY]
    if mode == "equal" and len(pieces) == 3 and opened and closed and isinstance(pieces[1], str):
        yield "wildcards_both"
    if len(pieces) > 1 and ((opened and mode in ("in", "end")) or (closed and mode in ("in", "start"))):
        yield "wildcard_needless"
    if mode == "equal" and value != value.strip() and value.strip():
        yield "value_blanks"
    if item.field.casefold() in PATH_FIELDS and any("*" in one for one in pieces if isinstance(one, str)):
        yield "wildcard_escaped"


def named(logsource: Logsource) -> str:
    """Write a logsource as ``product/category/service`` without empty parts at its end."""
    return f"{logsource.product or '*'}/{logsource.category or '*'}/{logsource.service}".rstrip("/").removesuffix("/*")


def _logsource(document: Table) -> Logsource | None:
    """Read a rule's logsource, unless its fields are another taxonomy's or it is not there."""
    table = document.get("logsource")
    if not isinstance(table, Table) or str(document.get("taxonomy") or "sigma").lower() != "sigma":
        return None
    return Logsource(**{key: str(table.get(key) or "").strip().lower() for key in ("product", "category", "service")})


def _is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _items(detection: Table) -> Iterator[_Item]:
    for name, selection in detection.items():
        if name in NOT_SELECTIONS:
            continue
        waiting = [selection]
        while waiting:
            value = waiting.pop()
            if isinstance(value, Table):
                for key, one in value.items():
                    yield _Item(value.line_of(key), key, one if isinstance(one, list) else [one])
            elif isinstance(value, list) and any(isinstance(one, (list, dict)) for one in value):
                waiting += [one for one in value if isinstance(one, (list, dict))]
            else:
                yield _Item(detection.line_of(name), "", value if isinstance(value, list) else [value])


def _conflict(tree: Node) -> str:
    """Give a field that would need two values at once for the rule to match; empty when there is none."""
    allowed: dict[str, frozenset[str]] = {}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, All):
            waiting += node.nodes
        elif isinstance(node, Leaf) and (texts := _equal_texts(node)) is not None:
            name = node.field.casefold()
            allowed[name] = allowed.get(name, texts) & texts
            if not allowed[name] or (node.every and len(texts) > 1):
                return node.field
    return ""


def _equal_texts(leaf: Leaf) -> frozenset[str] | None:
    """Give the texts of which a field must equal one, folded; None when it may be anything else."""
    parts = [one for test in leaf.tests for one in (test.tests if isinstance(test, OneOf) else (test,))]
    if not leaf.field or not all(isinstance(one, Text) and one.mode == "equal" for one in parts):
        return None
    if leaf.every and any(isinstance(test, OneOf) for test in leaf.tests):
        return None
    return frozenset(one.text.casefold() for one in parts if isinstance(one, Text))


def _fixed(shape: Node, nodes: Mapping[str, Node]) -> bool | None:
    """Give what a condition is whatever its selections are, None when it depends on them.

    Only a selection that stands both plain and negated can make it so; equal selections count as one.
    """
    seen: dict[bool, set[Node]] = {False: set(), True: set()}
    _polarity(shape, nodes, seen, negated=False)
    shared = seen[False] & seen[True]
    every = list(seen[False] | seen[True])
    if not shared or len(every) > MAX_SHARED:
        return None
    answers = set()
    for truth in product((False, True), repeat=len(every)):
        given = dict(zip(every, truth, strict=True))
        answers.add(_holds(shape, lambda name, given=given: given[nodes[name]]))  # type: ignore[misc]
        if len(answers) > 1:
            return None
    return answers.pop()


def _polarity(shape: Node, nodes: Mapping[str, Node], seen: dict[bool, set[Node]], *, negated: bool) -> None:
    if isinstance(shape, Leaf):
        if shape.field in nodes:
            seen[negated].add(nodes[shape.field])
    elif isinstance(shape, Not):
        _polarity(shape.node, nodes, seen, negated=not negated)
    else:
        for one in shape.nodes:
            _polarity(one, nodes, seen, negated=negated)


def _holds(shape: Node, truth: Callable[[str], bool]) -> bool:
    if isinstance(shape, Leaf):
        return truth(shape.field)
    if isinstance(shape, Not):
        return not _holds(shape.node, truth)
    count = sum(_holds(one, truth) for one in shape.nodes)
    return count >= (shape.least if isinstance(shape, AtLeast) else len(shape.nodes))


def _matches_nothing_special(tree: Node) -> bool:
    """Tell whether a rule matches both a record without any of its fields and one with odd values in all of them."""
    odd = {leaf.field: "\x00" for leaf in leaves_of(tree) if leaf.field}
    return explain(tree, {}) is not None and explain(tree, odd) is not None
