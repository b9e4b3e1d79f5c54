"""Finding one rule by what the user calls it: a file, an id, a title or a file's name."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from sekisho.app import ruleset
from sekisho.detect import pipelines, rules
from sekisho.detect.compiled import Compiled
from sekisho.detect.near_miss import names_of
from sekisho.model.errors import RuleError, SekishoError


class Chosen(NamedTuple):
    """A rule and the names of its selections."""

    compiled: Compiled
    names: Mapping[int, str]


def choose(called: str, options: argparse.Namespace) -> Chosen:
    """Find a rule.

    Args:
        called: a rule file, or the id, title, part of the title or file name of a rule that is loaded.
        options: what the user chose about rules; ``load`` loads them.

    Raises:
        SekishoError: none, or more than one, is called so, or it cannot run.
    """
    if Path(called).is_file():
        texts, unreadable = ruleset.texts([called])
        fitting = pipelines.load(ruleset.pipeline_texts(options.pipeline))
        loaded = rules.load(texts, ruleset.read_placeholders(options.placeholders), fitting)
        failed = [*loaded.failed, *unreadable]
        if failed:
            raise failed[0]
        return _named(_only(loaded.compiled, called))
    loaded = options.load(options)
    wanted = called.casefold()
    for name in (lambda one: one.id, lambda one: one.title, lambda one: Path(one.path).stem):
        if found := [one for one in loaded.compiled if name(one.rule).casefold() == wanted]:
            return _named(_only(found, called))
    if found := [one for one in loaded.compiled if wanted in one.rule.title.casefold()]:
        return _named(_only(found, called))
    if broken := [one for one in loaded.failed if Path(one.path).stem.casefold() == wanted]:
        raise broken[0]
    if joined := [one for one in loaded.correlations if wanted in (one.id, one.name.casefold(), one.title.casefold())]:
        raise SekishoError(f"{called}: a correlation; explain one of the rules it joins: {', '.join(joined[0].rules)}")
    close = get_close_matches(called, [one.title for one in loaded.rules], 3)
    hint = f"; did you mean: {'; '.join(close)}" if close else f"; {len(loaded)} rules are loaded (--rules adds more)"
    raise SekishoError(f"{called}: no rule has this file, id or title{hint}")


def _only(found: Sequence[Compiled], called: str) -> Compiled:
    if len(found) == 1:
        return found[0]
    several = "; ".join(f"{one.rule.id} {one.rule.title}" for one in found[:5])
    raise SekishoError(f"{called}: {len(found)} rules are called so: {several}")


def _named(compiled: Compiled) -> Chosen:
    """Read the rule's file once more for the names of its selections; without it the parts have none."""
    try:
        return named_in(compiled, Path(compiled.rule.path).read_text(encoding="utf-8-sig", errors="replace"))
    except OSError:
        return Chosen(compiled, {})


def named_in(compiled: Compiled, text: str) -> Chosen:
    """Give a rule with the names that its selections have in the text of its file."""
    try:
        for document in rules.rule_documents(compiled.rule.path, text):
            if isinstance(document, dict) and getattr(document, "line", 0) == compiled.rule.line:
                return Chosen(compiled, names_of(compiled.tree, document.get("detection") or {}))
    except RuleError:
        pass
    return Chosen(compiled, {})
