"""Processing pipelines: YAML that fits rules to the names and shapes of someone's events before they are compiled.

The form is pySigma's, so that pipelines people have run as they are. A pipeline in which anything is unknown is
refused as a whole, because rules under half a mapping would miss in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sekisho.detect._draft import LOGSOURCE, Draft, Item, Part, PipelineError, copied, draft_of, grouped, texts_in
from sekisho.detect._field_steps import FIELD_STEPS, Names, names_by, renamed
from sekisho.detect._gates import Subject
from sekisho.detect._item_steps import ITEM_STEPS
from sekisho.detect._pipeline_file import NEST, Pipeline, Reader, Step
from sekisho.detect._rule_steps import RULE_STEPS
from sekisho.detect._tree import All, AtLeast, Leaf, Node, Not
from sekisho.detect._written import Table
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource

__all__ = ["Pipeline", "apply", "load", "map_correlation"]


def load(texts: Iterable[tuple[str, str]]) -> tuple[Pipeline, ...]:
    """Read pipelines and put them in the order of their priority, the lowest first.

    Args:
        texts: (path, YAML text) pairs, each one pipeline. The path is for messages only.

    Raises:
        RuleError: something in a pipeline is unknown or wrong, with its line; none of them may be used then.

    Source: pySigma documentation, "Processing Pipelines" (https://sigmahq-pysigma.readthedocs.io).
    """
    return tuple(sorted((Reader(path).pipeline(text) for path, text in texts), key=lambda one: one.priority))


def apply(pipelines: Iterable[Pipeline], path: str, document: Any) -> Any:
    """Give the document of a rule as the pipelines make it; the document given stays as it is.

    A document that is not shaped as a rule comes back as it is, for whoever checks rules to name its faults.

    Raises:
        RuleError: a pipeline cannot be used on this rule, or says that the rule must fail.
    """
    chosen = tuple(pipelines)
    draft = draft_of(document, _variables(chosen)) if chosen else None
    if draft is None:
        return document
    _run(chosen, draft, path)
    return draft.written()


def map_correlation(
    pipelines: Iterable[Pipeline], path: str, document: Any, logsources: Iterable[Logsource] = ()
) -> Any:
    """Give the document of a correlation rule with its fields renamed: group-by, condition, aliases.

    Args:
        pipelines: as :func:`load` gives them.
        path: of the rule, for messages.
        document: of the correlation rule; it stays as it is.
        logsources: of the rules it refers to, as written; conditions on a logsource hold when one of them fits.

    Raises:
        RuleError: a field that must be one becomes several, or a pipeline says that the rule must fail.
    """
    if not isinstance(document, Table) or not isinstance(document.get("correlation"), Table):
        return document
    chosen = tuple(pipelines)
    words = [{name: word for name in LOGSOURCE if (word := getattr(one, name))} for one in logsources]
    draft = Draft(document, _variables(chosen), words, fields=texts_in(document.get("fields")))
    made = copied(document)
    made["correlation"] = correlation = copied(document["correlation"])
    _run(chosen, draft, path, correlation)
    if draft.fields or "fields" in made:
        made["fields"] = draft.fields
    return made


def without_dropped(tree: Node) -> Node | None:
    """Give a tree without the selections that pipelines emptied, or None when nothing is left.

    What was dropped decides nothing: it is left out of "and", "or", and of what is counted.
    """
    if isinstance(tree, Leaf):
        return tree
    if isinstance(tree, Not):
        inner = without_dropped(tree.node)
        return None if inner is None else Not(inner, tree.shown)
    nodes = tuple(kept for one in tree.nodes if (kept := without_dropped(one)) is not None)
    if not nodes:
        return None
    if isinstance(tree, All):
        return All(nodes) if len(nodes) > 1 else nodes[0]
    return AtLeast(min(tree.least, len(nodes)), nodes) if len(nodes) > 1 else nodes[0]


# Running


def _variables(pipelines: Iterable[Pipeline]) -> dict[str, Any]:
    return {name: value for one in pipelines for name, value in one.variables.items()}


def _run(pipelines: Iterable[Pipeline], draft: Draft, path: str, correlation: Table | None = None) -> None:
    for pipeline in pipelines:
        for step in pipeline.steps:
            try:
                _take(step, draft, correlation)
            except PipelineError as error:
                named = pipeline.name or pipeline.path
                reason = f"pipeline {named!r}, line {step.line}, {step.type}: {error}"
                raise RuleError(reason, path, draft.document.line) from error


def _take(step: Step, draft: Draft, correlation: Table | None) -> None:
    if not step.rule.holds(Subject(draft)):
        return
    draft.applied.add(step.id)
    if step.type == NEST:
        for inner in step.steps:
            _take(inner, draft, correlation)
    elif step.type in RULE_STEPS:
        RULE_STEPS[step.type].run(draft, **step.arguments)
    elif step.type in ITEM_STEPS:
        draft.rewrite(lambda item: _item_taken(step, draft, item))
    else:
        names = names_by(FIELD_STEPS[step.type], step.arguments)
        draft.rewrite(lambda item: _item_renamed(step, draft, item, names))
        draft.fields = [name for one in draft.fields for name in _read_as(step, draft, one, names)]
        if correlation is not None:
            _correlation_renamed(correlation, lambda field: _read_as(step, draft, field, names))


def _item_taken(step: Step, draft: Draft, item: Item) -> Part | None:
    subject = Subject(draft, item, item.field)
    if not (step.item.holds(subject) and step.field.holds(subject)):
        return item
    made: Part | None = ITEM_STEPS[step.type].run(draft, item, **step.arguments)
    return made if made is None else _marked(made, step.id)


def _item_renamed(step: Step, draft: Draft, item: Item, names: Names) -> Part | None:
    if not step.item.holds(Subject(draft, item, item.field)):
        return item
    made = renamed(item, names, lambda field: step.field.holds(Subject(draft, item, field)))
    return made if made is None or made is item else _marked(made, step.id)


def _marked(part: Part, step_id: str) -> Part:
    if isinstance(part, Item):
        return replace(part, applied=part.applied | {step_id})
    return grouped(part.every, [_marked(one, step_id) for one in part.parts], part.line)


def _read_as(step: Step, draft: Draft, field: str, names: Names) -> tuple[str, ...]:
    """Give the new names of a field that stands outside of detection items."""
    found = names(field) if step.field.holds(Subject(draft, None, field)) else None
    return tuple(name for name in found if name) or (field,) if found is not None else (field,)


def _correlation_renamed(correlation: Table, names: Callable[[str], tuple[str, ...]]) -> None:
    def one(field: str) -> str:
        found = names(field)
        if len(found) > 1:
            raise PipelineError(
                f"field {field!r} becomes several ({', '.join(found)}), which a correlation cannot read"
            )
        return found[0]

    known: Table | dict[str, Any] = {}
    if isinstance(correlation.get("aliases"), Table):
        known = correlation["aliases"] = copied(correlation["aliases"])
        for alias, fields in known.items():
            if isinstance(fields, Table):
                known[alias] = copied(fields)
                known[alias].update({rule: one(field) for rule, field in fields.items() if isinstance(field, str)})
    if correlation.get("group-by"):
        correlation["group-by"] = [
            name
            for field in texts_in(correlation["group-by"])
            for name in ((field,) if field in known else names(field))
        ]
    condition = correlation.get("condition")
    if isinstance(condition, Table) and condition.get("field"):
        correlation["condition"] = changed = copied(condition)
        fields = changed["field"]
        changed["field"] = [one(str(name)) for name in fields] if isinstance(fields, list) else one(str(fields))
