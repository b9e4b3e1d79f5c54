"""PHP as tokens: what stands between ``<?php`` and ``?>``, without comments, bounded and in one pass.

Source: PHP manual, "Basic syntax", "Strings" (quotes, heredoc, nowdoc) and "Comments".
"""

from __future__ import annotations

import re
from typing import NamedTuple

TOKENS = 200_000
"""Of one file; a shop's largest has some ten thousand."""
_OPEN = re.compile(r"<\?(?:php\b|=|(?!xml\b))", re.IGNORECASE)
_TOKEN = re.compile(
    r"(?P<gap>\s+|/\*.*?(?:\*/|\Z)|(?:#(?!\[)|//)(?:[^\n?]|\?(?!>))*)"
    r"|(?P<end>\?>)"
    r"|(?P<text>'(?:[^'\\]|\\.)*+(?:'|\Z)|\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|`(?:[^`\\]|\\.)*+(?:`|\Z))"
    r"|(?P<heredoc><<<[ \t]*(?P<mark>['\"]?)(?P<label>[A-Za-z_]\w{0,60})(?P=mark)[ \t]*\r?\n)"
    r"|(?P<variable>\$[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)"
    r"|(?P<word>\\?[A-Za-z_\x80-\uffff][\w\x80-\uffff]*(?:\\[A-Za-z_][\w]*)*)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|\d[\d_.]*)"
    r"|(?P<mark2>->|=>|::|\.=|==|!=|<=|>=|&&|\|\||.)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u\{([0-9a-fA-F]{1,6})\}|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}


class Token(NamedTuple):
    """One token."""

    kind: str
    """``variable word text number mark``; ``page`` for what stands outside of PHP."""
    text: str
    """Strings without their quotes, escapes undone; words in lower case without a leading backslash."""
    at: int
    """Offset in the text."""
    quote: str = ""
    """Of a string: ``'``, ``"`` or a backtick."""


def tokens(text: str) -> tuple[list[Token], bool]:
    """Give the tokens of a file in order, and whether there were more than TOKENS."""
    found: list[Token] = []
    at = 0
    while opening := _OPEN.search(text, at):
        if opening.start() > at:
            found.append(Token("page", text[at : opening.start()], at))
        if opening[0] == "<?=":
            found.append(Token("word", "echo", opening.start()))
        at = opening.end()
        while at < len(text):
            one = _TOKEN.match(text, at)
            if one is None or len(found) >= TOKENS:
                return found, True
            start, at = at, one.end()
            kind = one.lastgroup or ""
            if kind == "end":
                found.append(Token("mark", ";", start))
                break
            if kind in ("heredoc", "label", "mark") or one["heredoc"]:
                body, at = _heredoc(text, at, one["label"])
                quote = "'" if one["mark"] == "'" else '"'
                found.append(Token("text", body, start, quote))
            elif kind != "gap":
                found.append(_token(kind, one[0], start))
        else:
            return found, False
    if at < len(text):
        found.append(Token("page", text[at:], at))
    return found, False


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "text":
        quote = text[0]
        inner = text[1:-1] if len(text) > 1 and text[-1] == quote else text[1:]
        return Token("text", _unescaped(inner, quote), at, quote)
    if kind == "word":
        return Token("word", text.lstrip("\\").lower(), at)
    return Token("mark" if kind == "mark2" else kind, text, at)


def _heredoc(text: str, at: int, label: str) -> tuple[str, int]:
    end = re.compile(rf"^[ \t]*{label}\b", re.MULTILINE).search(text, at)
    return (text[at:], len(text)) if end is None else (text[at : end.start()], end.end())


def _unescaped(text: str, quote: str) -> str:
    if "\\" not in text:
        return text
    if quote == "'":
        return text.replace("\\'", "'").replace("\\\\", "\\")
    return _ESCAPE.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if found[2]:
        code = int(found[2], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
    if found[3]:
        return chr(int(found[3], 8) & 0xFF)
    return _LETTERS.get(found[4], found[4] if found[4] in '\\"`$' else f"\\{found[4]}")
