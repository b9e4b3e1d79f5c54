"""Transformations of field names: what a name becomes, and what becomes of an item with several names.

Source: pySigma documentation, "Processing Pipelines", "Field Transformations".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sekisho.detect._draft import Item, Part, PipelineError, grouped
from sekisho.detect._gates import Kind, flag, one_of, text
from sekisho.detect._modifiers import MODES
from sekisho.detect._tree import KEYWORD

Names = Callable[[str], "tuple[str, ...] | None"]
"""Gives the names a field gets, or None for one that the transformation does not concern."""


def names_by(kind: Kind, arguments: Mapping[str, Any]) -> Names:
    """Give the function from field to new names of a transformation with these arguments."""
    return lambda field: kind.run(field, **arguments)


def renamed(item: Item, names: Names, reads: Callable[[str], bool]) -> Part | None:
    """Give an item under its new names, the fields that its values refer to (``fieldref``) included.

    Args:
        item: not a keyword.
        names: the transformation.
        reads: tells whether the field name conditions hold for a name that a value refers to.
    """
    if "fieldref" in item.modifiers:
        values: list[Any] = []
        for one in item.values:
            values += (names(one) if isinstance(one, str) and reads(one) else None) or (one,)
        item = replace(item, values=tuple(values))
    found = names(item.field) if item.field != KEYWORD and reads(item.field) else None
    if found is None:
        return item
    if not found:
        raise PipelineError(f"field {item.field!r} is mapped to an empty list")
    return _alternatives(replace(item, mapped=True), found)


def _alternatives(item: Item, names: tuple[str, ...]) -> Part:
    """Look for the values in any of the fields; what asks for absence must hold for all of them.

    ``neq``, null, the empty text and ``exists: false`` say that a value is not there. Of an event that has one of the
    fields, "this one is missing or that one is" would always be true.
    """
    if len(names) == 1:
        return replace(item, field=names[0])
    negated = "neq" in item.modifiers
    parts: list[Part] = []
    for absent in (False, True):
        values = tuple(one for one in item.values if _is_absence(one, item) is absent)
        if values or not item.values:
            made = [replace(item, field=name, values=values) for name in names]
            parts.append(grouped(negated is not absent, made, item.line))
    return grouped(negated or "all" in item.modifiers, parts, item.line)


def _is_absence(value: Any, item: Item) -> bool:
    if "exists" in item.modifiers:
        return value is False
    return value is None or (value == "" and not MODES.keys() & set(item.modifiers))


def _mapping(value: Any) -> Mapping[str, tuple[str, ...]]:
    """Accept names to one name or a list of them; null in a list is the whole record, as for keywords."""
    if not isinstance(value, dict) or not value:
        raise PipelineError("must be a mapping of names")
    made: dict[str, tuple[str, ...]] = {}
    for name, given in value.items():
        if isinstance(given, list):
            made[name] = tuple(KEYWORD if one is None else text(one) for one in given)
        elif given is not None:  # a name without a new one stays
            made[name] = (text(given),)
    return made


def _names(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise PipelineError("must be a mapping of names")
    return {name: text(given) for name, given in value.items()}


def _mapped(field: str, mapping: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    return mapping.get(field)


def _prefix_mapped(field: str, mapping: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    for prefix, given in mapping.items():
        if field.startswith(prefix):
            return tuple(one + field.removeprefix(prefix) for one in given)
    return None


def _transformed(field: str, transform_func: str, mapping: Mapping[str, str], apply_keyword: bool = False) -> Any:
    """Change the case of a name; pySigma takes a Python function here, which YAML can only name."""
    return (mapping.get(field) or (field.lower() if transform_func == "lower" else field.upper()),)


FIELD_STEPS: dict[str, Kind] = {
    "field_name_mapping": Kind(_mapped, {"mapping": _mapping}),
    "field_name_prefix_mapping": Kind(_prefix_mapped, {"mapping": _mapping}),
    "field_name_prefix": Kind(lambda field, prefix: (prefix + field,), {"prefix": text}),
    "field_name_suffix": Kind(lambda field, suffix: (field + suffix,), {"suffix": text}),
    "field_name_transform": Kind(
        _transformed,
        {"transform_func": one_of("lower", "upper"), "mapping": _names},
        {"apply_keyword": flag},
    ),
}
