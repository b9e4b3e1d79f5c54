"""A nested record to one flat one: dotted names, plain values, lists of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

Fields = dict[str, Any]

MAX_DEPTH = 24
"""Objects below the record that get names of their own; deeper ones stay as JSON text."""
MAX_NAME_CHARS = 1_000
MAX_NAMES_CHARS = 4_000_000
"""Of one object's members, prefix included: else one long key over many members fills the memory."""
MAX_TEXT_CHARS = 1_000_000
"""Longest text that is looked into when it is JSON; such columns hold some kilobytes."""
_NAME_KEYS = ("name", "Name", "key", "Key", "displayName")
_VALUE_KEYS = ("value", "Value", "boolValue", "intValue", "multiValue", "newValue")


def flatten(record: Mapping[str, Any]) -> Fields:
    """Give a new flat record.

    Members of objects get dotted names; lists of objects become lists of values under such names, and one more field
    ``list.name`` for each member written as ``{"name": …, "value": …}``. Text that is itself a JSON object or array
    stays and is opened besides. Nulls, and empty objects and lists, are left out.
    """
    fields: Fields = {}
    for name, value in record.items():
        kind = type(value)
        if kind is str:
            fields[name] = value
            if value and value[0] in "{[" and value[-1] in "}]":
                _text_into(fields, name, value)
        elif kind is dict or kind is list:
            _into(fields, name, value, 1)
        elif value is not None:
            fields[name] = value
    return fields


def as_json(value: Any) -> str:
    """Give a nested value as JSON text, as rules quote it: no blanks."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return "(nested too deep)"


def _text_into(fields: Fields, name: str, text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        return
    try:
        value = orjson.loads(text)
    except ValueError:
        return
    inner: Fields = {}
    _into(inner, name, value, 1)
    for path, found in inner.items():
        fields.setdefault(path, found)


def _into(fields: Fields, path: str, value: Any, depth: int) -> None:
    """Put what an object or list holds under dotted names."""
    if depth > MAX_DEPTH or len(path) > MAX_NAME_CHARS or len(path) * len(value) > MAX_NAMES_CHARS:
        _put(fields, path[:MAX_NAME_CHARS], as_json(value))
    elif type(value) is list:
        _list_into(fields, path, value, depth)
    else:
        for name, inner in value.items():
            kind = type(inner)
            if kind is dict or kind is list:
                _into(fields, f"{path}.{name}", inner, depth + 1)
            elif inner is not None:
                dotted = f"{path}.{name}"
                if dotted in fields:
                    _put(fields, dotted, inner)
                else:
                    fields[dotted] = inner


def _list_into(fields: Fields, path: str, items: list[Any], depth: int) -> None:
    plain: list[Any] = []
    members: dict[str, list[Any]] = {}
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            one: Fields = {}
            _into(one, path, item, depth + 1)
            for name, value in one.items():
                _extend(members.setdefault(name, []), value)
            if kind is dict:
                _named_into(fields, path, item)
        elif item is not None:
            plain.append(item)
    if plain:
        _put(fields, path, plain)
    for name, values in members.items():
        _put(fields, name, values)


def _named_into(fields: Fields, path: str, item: Mapping[str, Any]) -> None:
    """Read ``{"name": "ForwardTo", "value": "…"}``."""
    name = next((item[key] for key in _NAME_KEYS if key in item), None)
    if type(name) is str and 0 < len(name) <= MAX_NAME_CHARS:
        for key in _VALUE_KEYS:
            value = item.get(key)
            if value is not None and type(value) is not dict and type(value) is not list:
                fields.setdefault(f"{path}.{name}", value)
                return


def _put(fields: Fields, name: str, value: Any) -> None:
    """Set a field; what is already there under this name is kept beside it."""
    if name not in fields:
        fields[name] = value
        return
    both: list[Any] = []
    _extend(both, fields[name])
    _extend(both, value)
    fields[name] = both


def _extend(values: list[Any], value: Any) -> None:
    if type(value) is list:
        values += value
    else:
        values.append(value)
