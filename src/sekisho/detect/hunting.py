r"""Questions to stored events: one line in the words of Sigma, made a rule that the engine matches as any other.

    Image|endswith:\regsvr32.exe and not CommandLine|contains:(/s "-s ")
    subject|contains:請求書 or "cobalt strike"

A term is ``field|modifier:value``, with several values in brackets for "any of"; a value with blanks or brackets
stands in quotes, in which ``""`` is one quote. Backslashes and the wildcards ``*`` and ``?`` are Sigma's. A word alone
is looked for in every field. ``and``, ``or``, ``not`` and brackets combine terms; terms side by side mean ``and``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from sekisho.detect._tree import Node
from sekisho.detect._witness import Literal, Witness, needs, witness_of
from sekisho.detect.compiled import Compiled
from sekisho.detect.rules import load
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource

__all__ = ["Literal", "Question", "Witness", "narrowed", "needed", "of_rule", "parse", "term"]

MAX_CHARS = 4_000
MAX_TERMS = 200
NAME, RULE = "query", "rule"
EVERY = Logsource()
ASKED = Logsource(category="question")
"""A rule has to name a logsource; every event is taken for one of this."""
_FIELD = re.compile(r"([\w@.\-]+(?:\[\d*\])?(?:\|[\w]+)*):(?!//)")
_TOKEN = re.compile(r'\s*(?:([()])|"((?:[^"]|"")*)"|([^\s()"]+))')
_WORDS = frozenset({"and", "or", "not"})
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_NAMED = re.compile(r"[\w@.\-]+")
_ESCAPED = re.compile(r"\\(?=[\\*?])|[*?]|\\$")
_NUMBERS = frozenset({"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"})
"""Modifiers whose values are numbers."""


class _Token(NamedTuple):
    """A piece of the text."""

    kind: str
    """``(``, ``)``, ``word`` or ``quoted``."""
    text: str
    at: int
    """Characters before it."""
    field: str = ""
    """What stands before the colon of a term."""


class Question:
    """A question that was understood."""

    def __init__(self, text: str, rules: RuleSet, logsource: Logsource = EVERY) -> None:
        """Made by :func:`parse` and :func:`of_rule`."""
        self.text = text
        self._rules = rules
        self.logsource = logsource
        """Events that it is asked of; empty words mean any."""
        self.needs: tuple[Witness, ...] = tuple(needs(self.tree, _cost))
        """Literals, of each group of which an event that answers has at least one."""

    @property
    def tree(self) -> Node:
        """The checked form, as of rules."""
        return self._rules.compiled[0].tree

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it names."""
        return self._rules.compiled[0].fields

    @property
    def anywhere(self) -> bool:
        """Tell whether it looks for words in every field."""
        return self._rules.compiled[0].anywhere

    def answers(self, event: Event) -> bool:
        """Tell whether an event answers."""
        return bool(self._rules.engine.matches(ASKED, event.fields))


def parse(text: str) -> Question:
    """Understand a question.

    Raises:
        RuleError: it cannot be read; says where and what was expected.
    """
    if len(text) > MAX_CHARS:
        raise RuleError(f"longer than {MAX_CHARS} characters", NAME)
    tokens = list(_tokens(text))
    if not tokens:
        raise RuleError("empty: give a term such as Image|endswith:\\cmd.exe, or a word", NAME)
    selections, condition = _terms(tokens)
    document = {
        "title": NAME,
        "logsource": {"category": ASKED.category},
        "detection": {**selections, "condition": condition},
    }
    rules = load([(NAME, orjson.dumps(document).decode())])
    if rules.failed:
        raise RuleError(_plainly(rules.failed[0].reason), NAME)
    return Question(text, rules)


def of_rule(text: str) -> Question:
    """Understand a Sigma rule as a question to the events of its logsource.

    Raises:
        RuleError: it cannot be used, or is not one single rule; says why, and on which line.
    """
    rules = load([(RULE, text)])
    if rules.failed:
        first = rules.failed[0]
        raise RuleError(first.reason, RULE, first.line)
    if len(rules.compiled) != 1 or rules.correlations:
        raise RuleError("give one rule with a detection; correlations and several rules are for sweeps", RULE)
    [one] = rules.compiled
    asked = Compiled(replace(one.rule, logsource=ASKED), one.tree)
    return Question(text, RuleSet([asked]), one.rule.logsource)


def term(field: str, value: str) -> str:
    """Write the term that finds this very value in a field; empty when no term can name the field."""
    if not _NAMED.fullmatch(field):
        return ""
    literal = _ESCAPED.sub(lambda found: "\\" + found[0], value)
    plain = re.fullmatch(r"[^\s()\"]+", literal)
    return f"{field}:{literal}" if plain else f'{field}:"{literal.replace(chr(34), chr(34) * 2)}"'


def narrowed(text: str, one: str, *, without: bool = False) -> str:
    """Give a question with one more term that must answer, or must not."""
    left = f"({text})" if _OR.search(text) else text
    return " ".join(part for part in (left, "not" if without else "", one) if part)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text.rstrip()):
        if field := _FIELD.match(text, start := _skipped(text, at)):
            at = field.end()
            if text[at : at + 1] in ("", " ", ")"):
                raise RuleError(f"at character {at + 1}: {field[1]} has no value", NAME)
            if text[at] == "(":
                yield _Token("(", "(", at, field[1])
                at += 1
                continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise RuleError(f"at character {start + 1}: a quotation mark that is not closed", NAME)
        name = field[1] if field else ""
        if found[1]:
            yield _Token(found[1], found[1], found.start(1))
        elif found[2] is not None:
            yield _Token("quoted", found[2].replace('""', '"'), found.start(2), name)
        else:
            yield _Token("word", found[3], found.start(3), name)
        at = found.end()


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _terms(tokens: list[_Token]) -> tuple[dict[str, Any], str]:
    """Give Sigma selections and the condition that combines them."""
    selections: dict[str, Any] = {}
    words: list[str] = []
    at = 0
    while at < len(tokens):
        one = tokens[at]
        at += 1
        if one.kind == "word" and not one.field and one.text.lower() in _WORDS:
            words.append(one.text.lower())
            continue
        if one.kind == ")" or (one.kind == "(" and not one.field):
            if one.kind == "(" and words and words[-1] not in (*_WORDS, "("):
                words.append("and")
            words.append(one.kind)
            continue
        texts = [one.text]
        if one.kind == "(":
            texts, at = _values(tokens, at)
        values = [_value(one.field, text) for text in texts]
        if words and words[-1] not in (*_WORDS, "("):
            words.append("and")
        if len(selections) >= MAX_TERMS:
            raise RuleError(f"more than {MAX_TERMS} terms", NAME)
        name = f"t{len(selections)}"
        selections[name] = {one.field: values if len(values) > 1 else values[0]} if one.field else values
        words.append(name)
    return selections, _with_ands(words)


def _value(field: str, text: str) -> Any:
    """Give a value as a rule would have it: some modifiers take numbers and truth values."""
    modifiers = frozenset(field.lower().split("|")[1:])
    if "exists" in modifiers and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if modifiers & _NUMBERS:
        try:
            return float(text) if "." in text else int(text[:18])
        except ValueError:
            return text
    return text


def _with_ands(words: list[str]) -> str:
    """Put ``and`` before a ``not`` that follows a term, as between terms."""
    made: list[str] = []
    for word in words:
        if word == "not" and made and made[-1] not in (*_WORDS, "("):
            made.append("and")
        made.append(word)
    return " ".join(made)


def _values(tokens: list[_Token], at: int) -> tuple[list[str], int]:
    values: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "quoted"):
        if tokens[at].field:
            raise RuleError(f"at character {tokens[at].at + 1}: a term inside a list of values", NAME)
        values.append(tokens[at].text)
        at += 1
    if at == len(tokens) or tokens[at].kind != ")" or not values:
        raise RuleError("a list of values is not closed, or empty", NAME)
    return values, at + 1


def needed(rules: Iterable[Compiled]) -> Witness | None:
    """Give literals of which an event that any of the rules matches holds one; None when a rule has no such."""
    found: dict[Literal, None] = {}
    for one in rules:
        witness = witness_of(one.tree, _cost)
        if witness is None:
            return None
        found.update(dict.fromkeys(witness))
    return tuple(found)


def _cost(one: Literal) -> float:
    """Long literals are rare."""
    return 1.0 / len(one.text)


def _plainly(reason: str) -> str:
    """Word what the rule checker found for somebody who wrote no rule."""
    return reason.replace("condition", "the question")
