"""Transformations of detection items and their values: one item in, what takes its place out.

Each is called with the draft, the item and its own arguments, and gives an item, a group, or None to leave the item
out. Values are texts as rules write them; a value that was changed is written back without ``contains`` and the like,
which become wildcards.

Source: pySigma documentation, "Processing Pipelines", "Value Transformations" and the classes named there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, NoReturn, TypeAlias

import re2

from sekisho.detect._draft import Draft, Item, Part, Pieces, PipelineError, grouped
from sekisho.detect._gates import Kind, flag, one_of, scalar, shown, text, texts
from sekisho.detect._modifiers import MAX_VALUES, MODES, PLACEHOLDER
from sekisho.detect._tree import ANY
from sekisho.detect._values import pieces_of, text_of
from sekisho.detect._written import Real

MAX_PATTERN = 10_000  # characters
# Hexadecimal digits of a hash, to its name, for values that do not say which they are.
HASH_CHARS = {32: "MD5", 40: "SHA1", 64: "SHA256", 128: "SHA512"}
HASH = re.compile(r"\*?(?:(\w+)[=|])?([^*?=|]*)(\*?)")
WHOLE = re.compile(r"-?(?:0|[1-9]\d*)")
FRACTION = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")
TEMPLATE = re.compile(r"\\(?:(\d{1,2})|g<(\w+)>|(.)|$)", re.DOTALL)
ESCAPES = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
KEPT = frozenset({"all", "neq", "cased"})
"""Modifiers that say nothing about how a value is written."""

Names: TypeAlias = tuple[str, ...] | None


# Arguments


def _regex(value: Any) -> Any:
    pattern = text(value)
    if len(pattern) > MAX_PATTERN:
        raise PipelineError(f"is a regular expression of more than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise PipelineError(f"is no regular expression that RE2 can run, which has no lookaround: {why}") from error


def _strings(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not value:
        raise PipelineError("must be a mapping of texts")
    return {name: texts(given) for name, given in value.items()}


# Values


def _changed(item: Item, change: Callable[[Pieces], Iterable[Pieces] | None]) -> Item:
    """Give an item with other texts; ``change`` gives what takes the place of one, or None to leave it."""
    if not item.is_text:
        return item
    values: list[Any] = []
    touched = False
    for value in item.values:
        made = change(item.pieces(value)) if isinstance(value, str) else None
        touched = touched or made is not None
        if made is not None:
            values += map(_written, made)
        else:
            mode = bool(MODES.keys() & set(item.modifiers))
            values.append(_written(item.pieces(value)) if isinstance(value, str) or mode else value)
    if not touched:
        return item
    return replace(item, modifiers=tuple(one for one in item.modifiers if one not in MODES), values=tuple(values))


def _written(pieces: Pieces) -> str:
    """Write a pattern as a rule would: the opposite of ``pieces_of``."""
    made = []
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if isinstance(piece, int):
            made.append("*" if piece == ANY else "?")
            continue
        literal = re.sub(r"[*?]|\\(?=[*?\\])", r"\\\g<0>", piece)
        made.append(literal + "\\" if isinstance(following, int) and piece.endswith("\\") else literal)
    return "".join(made)


def _replace_string(
    draft: Draft, item: Item, regex: Any, replacement: str, skip_special: bool = False, interpret_special: bool = False
) -> Part:
    put = _template(replacement, regex)

    def change(pieces: Pieces) -> list[Pieces] | None:
        if skip_special:
            parts = [one if isinstance(one, int) else regex.sub(put, one) for one in pieces]
            if parts == pieces:
                return None
            read: Pieces = []
            for part in parts:
                read += [part] if isinstance(part, int) or not interpret_special else _read(part)
            return [[one for one in read if one != ""]]
        before = shown(pieces)
        after = regex.sub(put, before)
        if after == before:
            return None
        # A path's backslash before a wildcard looks like an escape; it is one only where such a thing was written.
        literal = any(isinstance(one, str) and set(one) & {"*", "?"} for one in pieces)
        return [pieces_of(after) if literal or re.search(r"\\\\[*?]", replacement) else _read(after)]

    return _changed(item, change)


def _read(value: str) -> Pieces:
    """Read a text in which a backslash is only a backslash."""
    return pieces_of(value.replace("\\", "\\\\"))


def _template(replacement: str, regex: Any) -> Callable[[Any], str]:
    r"""Give the function that fills in a replacement: ``\1`` and ``\g<name>`` are what a group matched."""
    for found in TEMPLATE.finditer(replacement):
        number, name, escape = found.groups()
        known = name is None or name in regex.groupindex or (name.isdecimal() and int(name) <= regex.groups)
        if (number and int(number) > regex.groups) or not known or not (number or name or escape in ESCAPES):
            raise PipelineError(f"replacement has {found[0]!r}, which stands for nothing")

    def one(match: Any, found: re.Match[str]) -> str:
        number, name, escape = found.groups()
        if escape:
            return ESCAPES[escape]
        return match.group(int(number or name) if (number or name).isdecimal() else name) or ""

    return lambda match: TEMPLATE.sub(lambda found: one(match, found), replacement)


def _map_string(draft: Draft, item: Item, mapping: Mapping[str, tuple[str, ...]]) -> Part:
    known = [(pieces_of(name), [pieces_of(one) for one in given]) for name, given in mapping.items()]
    return _changed(item, lambda pieces: next((given for name, given in known if name == pieces), None))


def _case(draft: Draft, item: Item, method: str = "lower") -> Part:
    def literal(piece: str) -> str:
        if method == "snake_case":
            return re.sub(r"(?<!^)(?=[A-Z])", "_", piece).lower()
        return piece.lower() if method == "lower" else piece.upper()

    return _changed(item, lambda pieces: [[one if isinstance(one, int) else literal(one) for one in pieces]])


def _as_regex(draft: Draft, item: Item, method: str = "ignore_case_brackets") -> Part:
    """Keep what the expression would say: a plain one regards case, the others do not, which texts here never do."""
    if method != "plain" or not item.is_text or "cased" in item.modifiers:
        return item
    return replace(item, modifiers=(*item.modifiers, "cased"))


def _set_value(draft: Draft, item: Item, value: Any, force_type: str | None = None) -> Part:
    made = _forced(value, force_type)
    return replace(item, modifiers=tuple(one for one in item.modifiers if one in KEPT), values=(made,))


def _forced(value: Any, force_type: str | None = None) -> Any:
    return value if force_type is None else text_of(value) if force_type == "str" else _number(value)


def _convert_type(draft: Draft, item: Item, target_type: str) -> Part:
    if not item.is_text:
        return item
    if target_type == "num":
        values = [_number(one) if isinstance(one, str) else one for one in item.values]
    else:
        kinds = (int, float)
        values = [text_of(one) if isinstance(one, kinds) and not isinstance(one, bool) else one for one in item.values]
    return replace(item, values=tuple(values))


def _number(value: Any) -> int:
    if isinstance(value, int):
        return value
    try:
        return int(value)
    except (ValueError, TypeError) as error:
        raise PipelineError(f"value {value!r} is not a number") from error


# Items


def _drop(draft: Draft, item: Item) -> None:
    return None


def _fail(draft: Draft, item: Item, message: str) -> NoReturn:
    raise PipelineError(message)


def _hashes(
    draft: Draft,
    item: Item,
    valid_hash_algos: tuple[str, ...],
    field_prefix: str = "",
    drop_algo_prefix: bool = False,
    field_to_parse: tuple[str, ...] = ("Hashes", "Hash"),
) -> Part:
    """Give each hash in a field of its own; a hash cut short keeps its wildcard."""
    if item.field not in field_to_parse or not item.is_text:
        return item
    fields: dict[str, list[str]] = {}
    valid = {one.upper() for one in valid_hash_algos}
    for value in item.values:
        found = HASH.fullmatch(_written(item.pieces(value))) if isinstance(value, str) else None
        if found is None:
            continue
        name = (found[1] or HASH_CHARS.get(len(found[2]), "")).upper()
        if name in valid:
            whole = len(found[2]) in HASH_CHARS
            made = found[2] if whole else found[2] + found[3]
            fields.setdefault(field_prefix + ("" if drop_algo_prefix else name), []).append(made)
    if not fields:
        raise PipelineError(f"{item.field} has no hash that is one of {', '.join(valid_hash_algos)}")
    kept = tuple(one for one in item.modifiers if one in KEPT)
    parts = [replace(item, field=name, modifiers=kept, values=tuple(given)) for name, given in fields.items()]
    return grouped(bool({"all", "neq"} & set(kept)), parts, item.line)


def _extract(
    draft: Draft, item: Item, regex: Any, field_prefix: str | None = None, preserve_unmatched: bool = False
) -> Part:
    """Give each named group of a value its own field; values that do not match go, unless all of them do not."""
    if not item.is_text:
        return item
    parts: list[Part] = []
    unmatched = []
    for value in item.values:
        found = regex.match(shown(item.pieces(value))) if isinstance(value, str) else None
        if found is None:
            unmatched.append(value)
            continue
        named = {name: given for name, given in found.groupdict().items() if given}
        start = f"{field_prefix}." if field_prefix else ""
        made = [Item(start + name, (), (_typed(given),), item.line) for name, given in named.items()]
        parts.append(grouped(True, made, item.line))
    if not parts:
        return item
    if unmatched and preserve_unmatched:
        parts.append(replace(item, values=tuple(unmatched)))
    return grouped("all" in item.modifiers, parts, item.line)


def _named_groups(value: Any) -> Any:
    compiled = _regex(value)
    if not compiled.groupindex:
        raise PipelineError("must have a named group, (?P<name>...)")
    return compiled


def _typed(value: str) -> Any:
    """Read a captured text; leading zeros keep a number a text."""
    if value.lower() in ("null", "none"):
        return None
    if WHOLE.fullmatch(value):
        return int(value)
    return Real(value) if FRACTION.fullmatch(value) else _written([value])


# Placeholders


def _filled(item: Item, names: Callable[[str], list[str] | None]) -> Item:
    """Put texts in for placeholders; ``names`` gives those of one, or None to leave it for later."""
    if "expand" not in item.modifiers:
        return item
    values: list[Any] = []
    for value in item.values:
        if not isinstance(value, str):
            values.append(value)
            continue
        parts = PLACEHOLDER.split(value)
        choices = [
            [one] if at % 2 == 0 else found if (found := names(one)) is not None else [f"%{one}%"]
            for at, one in enumerate(parts)
        ]
        total = 1
        for choice in choices:
            total *= len(choice)
        if total + len(values) > MAX_VALUES:
            raise PipelineError(f"placeholders give more than {MAX_VALUES} values")
        values += ["".join(_spaced([part for part in one if part])) for one in product(*choices)]
    return replace(item, values=tuple(values))


def _spaced(parts: list[str]) -> Iterable[str]:
    """Keep a backslash that ends one part from taking the wildcard that begins the next for an escape."""
    for one, following in zip(parts, [*parts[1:], ""], strict=True):
        odd = (len(one) - len(one.rstrip("\\"))) % 2
        yield one + "\\" if odd and following.startswith(("*", "?")) else one


def _chosen(name: str, include: tuple[str, ...] | None, exclude: tuple[str, ...] | None) -> bool:
    return name in include if include is not None else name not in (exclude or ())


def _one_choice(include: Names = None, exclude: Names = None, **_: Any) -> None:
    if include is not None and exclude is not None:
        raise PipelineError("include and exclude cannot be used together")


def _value_placeholders(draft: Draft, item: Item, include: Names = None, exclude: Names = None) -> Part:
    def names(name: str) -> list[str] | None:
        if not _chosen(name, include, exclude):
            return None
        if name not in draft.variables:
            raise PipelineError(f"placeholder %{name}% is not among the vars")
        given = draft.variables[name]
        return [text_of(one).replace("%", "\\%") for one in (given if isinstance(given, list) else [given])]

    return _filled(item, names)


def _wildcard_placeholders(draft: Draft, item: Item, include: Names = None, exclude: Names = None) -> Part:
    return _filled(item, lambda name: ["*"] if _chosen(name, include, exclude) else None)


def _outside_placeholders(draft: Draft, item: Item, include: Names = None, exclude: Names = None, **_: Any) -> Part:
    """Refuse what would ask a back end, a file, a server or a command; only rules with such a placeholder fail."""

    def names(name: str) -> list[str] | None:
        if _chosen(name, include, exclude):
            raise PipelineError(f"placeholder %{name}% asks for a look-up outside the rules, which is not done here")
        return None

    return _filled(item, names)


CHOICE = {"include": texts, "exclude": texts}


def _anything(value: Any) -> Any:
    return value


SOURCE = dict.fromkeys(("format", "filter", "csv_column", "csv_has_header", "jq_expression"), _anything)
HTTP = dict.fromkeys(
    ("url", "method", "timeout", "headers", "params", "form_data", "json_body", "max_body_size"), _anything
)
COMMAND = dict.fromkeys(("cmd", "timeout", "max_stdout"), _anything)
ITEM_STEPS: dict[str, Kind] = {
    "drop_detection_item": Kind(_drop),
    "detection_item_failure": Kind(_fail, {"message": text}),
    "hashes_fields": Kind(
        _hashes,
        {"valid_hash_algos": texts},
        {"field_prefix": text, "drop_algo_prefix": flag, "field_to_parse": texts},
    ),
    "extract_fields": Kind(_extract, {"regex": _named_groups}, {"field_prefix": text, "preserve_unmatched": flag}),
    "replace_string": Kind(
        _replace_string,
        {"regex": _regex, "replacement": text},
        {"skip_special": flag, "interpret_special": flag},
        lambda regex, replacement, **_: _template(replacement, regex),
    ),
    "map_string": Kind(_map_string, {"mapping": _strings}),
    "case": Kind(_case, {}, {"method": one_of("lower", "upper", "snake_case")}),
    "regex": Kind(_as_regex, {}, {"method": one_of("plain", "ignore_case_flag", "ignore_case_brackets")}),
    "set_value": Kind(_set_value, {"value": scalar}, {"force_type": one_of("str", "num")}, _forced),
    "convert_type": Kind(_convert_type, {"target_type": one_of("str", "num")}),
    "value_placeholders": Kind(_value_placeholders, {}, CHOICE, _one_choice),
    "wildcard_placeholders": Kind(_wildcard_placeholders, {}, CHOICE, _one_choice),
    "query_expression_placeholders": Kind(
        _outside_placeholders, {}, {**CHOICE, "expression": text, "mapping": _anything}, _one_choice
    ),
    "file_placeholders": Kind(_outside_placeholders, {}, {**CHOICE, **SOURCE, "path": text}, _one_choice),
    "http_placeholders": Kind(_outside_placeholders, {}, {**CHOICE, **SOURCE, **HTTP}, _one_choice),
    "command_placeholders": Kind(_outside_placeholders, {}, {**CHOICE, **SOURCE, **COMMAND}, _one_choice),
}
