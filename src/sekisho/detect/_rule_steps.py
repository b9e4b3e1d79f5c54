"""Transformations of a whole rule: its logsource, conditions, list of fields, attributes, and what is remembered.

Source: pySigma documentation, "Processing Pipelines", "Rule Pre-Processing Transformations".
"""

from __future__ import annotations

from string import Template
from typing import Any, NoReturn

from sekisho.detect._draft import LOGSOURCE, Draft, PipelineError, part_of
from sekisho.detect._gates import Kind, flag, scalar, some, text, texts
from sekisho.detect._tree import KEYWORD
from sekisho.detect._written import Table


def _add_condition(
    draft: Draft, conditions: Table, name: str | None = None, template: bool = False, negated: bool = False
) -> None:
    """Add a selection that every condition of the rule asks for as well, or asks not to hold."""
    if not draft.selections:
        return  # a correlation has no detection of its own
    if name is None:
        name = next(one for at in range(len(draft.selections) + 1) if (one := f"_added_{at}") not in draft.selections)
    elif name in draft.selections:
        raise PipelineError(f"add_condition: the rule has a selection {name!r} of its own")
    draft.selections[name] = part_of(_filled(conditions, draft) if template else conditions, conditions.line)
    sign = "not " if negated else ""
    draft.conditions = [
        f"{sign}{name} and ({one})" if isinstance(one, str) and one.strip() else one for one in draft.conditions
    ]


def _filled(conditions: Table, draft: Draft) -> Table:
    words = {name: draft.logsources[0].get(name, "") for name in LOGSOURCE}

    def put(value: Any) -> Any:
        return Template(value).safe_substitute(words) if isinstance(value, str) else value

    filled = Table(conditions.line)
    filled.lines.update(conditions.lines)
    for key, value in conditions.items():
        filled[key] = [put(one) for one in value] if isinstance(value, list) else put(value)
    return filled


def _conditions(value: Any) -> Table:
    if not isinstance(value, Table) or not value:
        raise PipelineError("must be a mapping of fields and values")
    return value


def _name(value: Any) -> str:
    """Accept a name that a condition can refer to."""
    name = text(value)
    if not name or any(char in "()|*" or char.isspace() for char in name):
        raise PipelineError("must be a name without spaces, brackets, | and *")
    return name


def _change_logsource(draft: Draft, **given: str) -> None:
    if draft.selections:
        draft.logsources = [given]


def _set_state(draft: Draft, key: str, val: Any) -> None:
    draft.state[key] = val


def _set_attribute(draft: Draft, attribute: str, value: Any) -> None:
    draft.attributes[attribute] = value


def _fail(draft: Draft, message: str) -> NoReturn:
    raise PipelineError(message)


def _fail_unmapped(draft: Draft) -> None:
    found = sorted({item.field for item in draft.items() if not item.mapped and item.field != KEYWORD})
    if found:
        raise PipelineError(f"fields are not mapped: {', '.join(found)}")


def _add_field(draft: Draft, field: tuple[str, ...]) -> None:
    draft.fields += field


def _remove_field(draft: Draft, field: tuple[str, ...]) -> None:
    draft.fields = [one for one in draft.fields if one not in field]


def _set_field(draft: Draft, fields: tuple[str, ...]) -> None:
    draft.fields = list(fields)


RULE_STEPS: dict[str, Kind] = {
    "add_condition": Kind(
        _add_condition, {"conditions": _conditions}, {"name": _name, "template": flag, "negated": flag}
    ),
    "change_logsource": Kind(_change_logsource, {}, dict.fromkeys(LOGSOURCE, text), some),
    "set_state": Kind(_set_state, {"key": text, "val": scalar}),
    "set_custom_attribute": Kind(_set_attribute, {"attribute": text, "value": scalar}),
    "rule_failure": Kind(_fail, {"message": text}),
    "strict_field_mapping_failure": Kind(_fail_unmapped),
    "add_field": Kind(_add_field, {"field": texts}),
    "remove_field": Kind(_remove_field, {"field": texts}),
    "set_field": Kind(_set_field, {"fields": texts}),
}
