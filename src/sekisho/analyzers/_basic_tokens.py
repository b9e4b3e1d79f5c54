"""Tokens of the BASIC family (VBA, VBScript): one pass, one pattern, nothing thrown away but blanks and comments.

Source: [MS-VBAL] 3.2 physical and logical lines, 3.3 lexical tokens.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NAME, STRING, NUMBER, OPERATOR, END = "name", "string", "number", "operator", "end"

_PATTERN = re.compile(
    r"""
      (?P<blank>[ \t\f\v\u00a0\u3000\ufeff]+|_[ \t]*(?:\r\n?|\n))
    | (?P<name>[^\W\d]\w*|\[[^\]\r\n]{1,255}\])
    | (?P<string>"(?:[^"\r\n]|"")*"?)
    | (?P<end>\r\n?|\n|\u2028|\u2029|:(?!=))
    | (?P<comment>'(?:[^\r\n]*[ \t]_[ \t]*(?:\r\n?|\n))*[^\r\n]*)
    | (?P<number>&[hH][0-9a-fA-F]+&?|&[oO][0-7]+&?|(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)
    | (?P<date>\#(?=[^\#\r\n]*[/:\-])[\d/\-:.][\d/\-:.\ ]*(?:[AaPp][Mm])?\ *\#)
    | (?P<operator><>|<=|>=|=<|=>|><|:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUFFIXES = "$%!#@^"
# After these, ``&`` behind a name or number is its type (Long), not a concatenation.
_AFTER_TYPE = re.compile(
    r"[ \t]*(?:[=,)\]:;<>+\-*/\\^\r\n']|$|(?:then|to|step|and|or|xor|mod|as|is|like|else|goto)\b)", re.I
)
_DIRECTIVE = re.compile(r"#[ \t]*(?:if|elseif|else|end[ \t]*if|const)\b[^\r\n]*", re.I)
_REST_OF_LINE = re.compile(r"[^\r\n]*")


class Token(NamedTuple):
    """One token; ``value`` is lower case for names, unquoted for strings."""

    kind: str
    value: str
    start: int
    stop: int


def tokenize(source: str, *, vbscript: bool = False) -> list[Token]:
    """Give the tokens of ``source``, closed by one ``end``.

    Both branches of conditional compilation are kept: which one Office takes is not known here, and a branch never
    compiled is still evidence. ``vbscript`` tells that ``&`` never marks a type.
    """
    tokens: list[Token] = []
    at, size = 0, len(source)
    fresh = True  # at the start of a statement
    match = _PATTERN.match
    while at < size:
        found = match(source, at)
        if found is None:  # cannot happen: the last alternative takes any character
            break
        kind, start, at = found.lastgroup or OPERATOR, at, found.end()
        if kind in ("blank", "comment"):
            continue
        text = found.group()
        if kind == NAME:
            value = text.lower()
            if value == "rem" and fresh:
                at = _line_end(source, start)
                continue
            at = _past_type(source, at, vbscript)
            if value[0] == "[":
                value = value[1:-1]
            tokens.append(Token(NAME, value, start, at))
        elif kind == STRING:
            closed = text.endswith('"') and len(text) > 1
            tokens.append(Token(STRING, text[1 : -1 if closed else None].replace('""', '"'), start, at))
        elif kind == END:
            if not fresh:
                tokens.append(Token(END, ":" if text == ":" else "\n", start, at))
            elif text != ":" and tokens and tokens[-1].value == ":":  # a line's end weighs more than a colon
                tokens[-1] = Token(END, "\n", tokens[-1].start, at)
            fresh = True
            continue
        elif kind == NUMBER:
            at = _past_type(source, at, vbscript)
            tokens.append(Token(NUMBER, text.lower().rstrip("&"), start, at))
        elif kind == "date":
            tokens.append(Token(STRING, text.strip("#").strip(), start, at))
        elif text == "#" and fresh and (directive := _DIRECTIVE.match(source, start)):
            at = directive.end()
            continue
        else:
            tokens.append(Token(OPERATOR, text, start, at))
        fresh = False
    tokens.append(Token(END, "\n", size, size))
    return tokens


def _line_end(source: str, at: int) -> int:
    found = _REST_OF_LINE.match(source, at)
    return found.end() if found else len(source)


def _past_type(source: str, at: int, vbscript: bool) -> int:
    """Step over a type character (``name$``, ``5&``), which says nothing that evaluation needs."""
    following = source[at : at + 1]
    if not following or vbscript:
        return at
    if following == "!":  # recordset!field
        return at if source[at + 1 : at + 2].isalpha() or source[at + 1 : at + 2] == "[" else at + 1
    if following in _SUFFIXES and not (following == "#" and source[at + 1 : at + 2].isdigit()):
        return at + 1 if following != "^" or _AFTER_TYPE.match(source, at + 1) else at
    if following == "&" and _AFTER_TYPE.match(source, at + 1):
        return at + 1
    return at
