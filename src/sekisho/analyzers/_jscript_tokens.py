"""JavaScript text as tokens.

Source: ECMA-262, chapter 12 (lexical grammar).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKENS = 600_000
"""Some four megabytes of minified code; more is cut, named."""

_TOKEN = re.compile(
    r"(?P<blank>(?:[\s\ufeff]+|//[^\n\r]*|/\*(?:[^*]|\*(?!/))*(?:\*/|$)|<!--[^\n]*|^\s*-->[^\n]*)+)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\(?:\r\n|[\s\S]))*\"?|'(?:[^'\\\n]|\\(?:\r\n|[\s\S]))*'?)"
    r"|(?P<template>`(?:[^`\\]|\\[\s\S])*`?)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)n?"
    r"|(?P<name>[A-Za-z_$\u0080-\uffff](?:[\w$\u0080-\uffff]|\\u[0-9a-fA-F]{4})*)"
    r"|(?P<mark>>>>=|===|!==|>>>|<<=|>>=|\*\*=|&&=|\|\|=|\?\?=|\.\.\.|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|/=|%="
    r"|&=|\|=|\^=|<<|>>|\*\*|[\s\S])",
    re.MULTILINE,
)
_REGEX = re.compile(r"/((?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,120}+\]){1,2000}+)/([a-z]*)")
_OPERAND_BEFORE = frozenset({"name", "number", "string", "template", "regex"})
_WORDS_BEFORE_REGEX = frozenset("return typeof case in of do else void delete throw new instanceof".split())
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([0-7]{1,3})|\r\n|([\s\S]))")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\n": "", "\u2028": "", "\u2029": ""}
_HIDING = re.compile(r"(?:\\x[2-7][0-9a-fA-F]|\\u00[2-7][0-9a-fA-F]|\\[0-3][0-7]{2}){3}")


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    kind: str
    """string template number name mark regex."""
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Give the tokens of a text without its blanks and comments; at most TOKENS of them."""
    found: list[Token] = []
    at, size = 0, len(text)
    match_at = _TOKEN.match
    while at < size and len(found) < TOKENS:
        match = match_at(text, at)
        if match is None:
            break
        kind = match.lastgroup or "mark"
        if kind == "blank":
            at = match.end()
            continue
        if kind == "mark" and match.group()[0] == "/" and _regex_may_begin(found) and (regex := _REGEX.match(text, at)):
            match, kind = regex, "regex"
        found.append(Token(kind, match.group(), at, match.end()))
        at = match.end()
    return found


def _regex_may_begin(found: list[Token]) -> bool:
    if not found:
        return True
    last = found[-1]
    if last.kind in _OPERAND_BEFORE:
        return last.kind == "name" and last.text in _WORDS_BEFORE_REGEX
    return last.text not in (")", "]", "}", "++", "--")


def unescaped(body: str) -> str:
    """Give a string's text without its escapes."""
    return _ESCAPE.sub(_plain, body) if "\\" in body else body


def hides(body: str) -> bool:
    """Tell whether a string writes plain letters as escapes, three in a row."""
    return "\\" in body and _HIDING.search(body) is not None


def _plain(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    if match[4]:
        return chr(int(match[4], 8) & 0xFF)
    return _SIMPLE.get(match[5], match[5]) if match[5] else ""
