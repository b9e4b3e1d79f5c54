"""One pass over cmd.exe text: what separates commands, escapes letters, groups, loops and redirects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sekisho.analyzers._cmd_shell import Shell

BLANKS = " \t,;=\x0b\x0c\xa0"
_PLAIN = re.compile(r'(?:[^\^"&|<>\n]|"[^"\n]*"?)+')
_TARGET = re.compile(r'[ \t]*((?:"[^"\n]*"?|[^\s"&|<>()])+|&\d)')
_BLOCK_TAIL = re.compile(r"\s*[12]?(?=>)")
_BRACKET = re.compile(r'"[^"\n]*"?|\^.|[()]', re.DOTALL)
_ESCAPED_WORD = re.compile(r"(?:f\^?o\^?r|i\^?f|e\^?l\^?s\^?e)\^?(?=[\s(])", re.IGNORECASE)
_HEADER_END = re.compile(r"\)[\s,;^]*d\^?o\^?(?=[\s(,;])", re.IGNORECASE)
_FOR = re.compile(
    r"for\s+(?P<kind>/[dlrf]\b)?\s*(?P<options>\"[^\"]*\"|[^\s%\"(]\S*\s)?\s*(?P<var>%%?(?P<letter>[^\s%]))\s+in\s*\(",
    re.IGNORECASE,
)
_DO = re.compile(r"[\s,;=]*do[\s,;=(@]", re.IGNORECASE)
_WORD = r'(?:"[^"]*"|[^\s"=]+)'
_IF = re.compile(
    rf"if\s+(?:/i\s+)?(?P<not>not\s+)?(?:(?:exist|defined|errorlevel|cmdextversion)\s+(?:\"[^\"]*\"|\S+)"
    rf"|(?P<left>{_WORD})\s*(?P<op>==|\s(?:equ|neq|lss|leq|gtr|geq)\s)\s*(?P<right>{_WORD}))",
    re.IGNORECASE,
)


class Walk:
    """One pass over a text of commands and operators, running each when it is complete."""

    def __init__(self, shell: Shell, text: str, depth: int) -> None:
        """``depth`` is how many shells, blocks and loops are around the text."""
        self.shell, self.text, self.depth = shell, text, depth
        self.at = 0
        self.out: list[str] = []
        self.buffer: list[str] = []
        self.targets: list[str] = []
        self.stdin = ""
        self.prints: list[str] = []
        """What each echo of this text prints."""

    def finish(self) -> str:
        """Walk to the end; give the commands with their operators, as executed."""
        while self.at < len(self.text):
            if self.buffer or not self._at_start():
                self._advance()
        self._command("")
        return "".join(self.out).strip(" ")

    def _at_start(self) -> bool:
        """Read what may only stand where a command begins; True when something was read."""
        start = self.at
        while self.at < len(self.text) and (self.text[self.at] in BLANKS or self.text[self.at] == "@"):
            self.at += 1
        if self.at > start:
            if any(mark in ",;=" for mark in self.text[start : self.at]):
                self.shell.trace.trick("separator")
            return True
        if self.text.startswith("(", self.at):
            self._block()
            return True
        self._unescape_word()
        word = self.text[self.at : self.at + 5].lower()
        if word.startswith("for") and (loop := _FOR.match(self.text, self.at)):
            return self._loop(loop)
        if word.startswith("if") and (condition := _IF.match(self.text, self.at)):
            self.at = condition.end()
            self.out.append(condition.group() + " ")
            if not self.shell.condition(condition):
                self.at = len(self.text)
            return True
        if re.match(r"else\b", word):
            self.at += 4
            self.out.append("else " if self.out and self.out[-1][-1:].isspace() else " else ")
            return True
        return False

    def _unescape_word(self) -> None:
        """Take the carets out of a keyword, and out of the head of a loop."""
        match = _ESCAPED_WORD.match(self.text, self.at)
        if not match:
            return
        end = match.end()
        if match.group()[:1] in "fF" and (head := _HEADER_END.search(self.text, end)):
            end = head.end()
        escaped = self.text[self.at : end]
        if "^" in escaped:
            self.shell.trace.trick("caret")
            self.text = self.text[: self.at] + escaped.replace("^", "") + self.text[end:]

    def _advance(self) -> None:
        """Read up to and including the next character that means something."""
        if plain := _PLAIN.match(self.text, self.at):
            self.buffer.append(plain.group())
            self.at = plain.end()
        mark = self.text[self.at : self.at + 1]
        if mark == "^":
            self._escape()
        elif mark and mark in "<>":
            self._redirect()
        elif mark:
            operator = mark * 2 if self.text.startswith(mark * 2, self.at) and mark in "&|" else mark
            self.at += len(operator)
            self._command(operator)

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following.isalnum() or following in tuple(":/\\.-_%"):
            self.shell.trace.trick("caret")
        if following == "\n":
            following = ""
            self.at += 1
        self.buffer.append(following)
        self.at += 1 + len(following)

    def _redirect(self) -> None:
        """Read ``2>>target`` or ``<source``."""
        writes = self.text[self.at] == ">"
        if self.buffer and re.search(r"(?:^|[\s\"])[0-9]$", last := self.buffer[-1]):
            handle, self.buffer[-1] = last[-1], last[:-1]
        else:
            handle = "1"
        self.at += 2 if self.text.startswith(">>", self.at) else 1
        target = _TARGET.match(self.text, self.at)
        if target:
            self.at = target.end()
            if writes and handle == "1" and not target.group(1).startswith("&"):
                self.targets.append(target.group(1).replace("^", ""))

    def _command(self, operator: str) -> None:
        """Run what the buffer holds and note the operator after it."""
        text = "".join(self.buffer)
        self.buffer.clear()
        targets, self.targets = self.targets, []
        if text.strip() or targets:
            final, printed = self.shell.simple(text, targets, self.stdin, self.depth)
            shown = "".join(f" > {target}" for target in targets)
            self.out.append(final.rstrip(" ") + shown if operator or shown else final)
            if printed:
                self.prints.append(printed)
            self.stdin = printed if operator == "|" else ""
        if operator:
            self.out.append("\n" if operator == "\n" else f" {operator} ")

    def _block(self) -> None:
        close = closing(self.text, self.at)
        inner = Walk(self.shell, self.text[self.at + 1 : close], self.depth + 1)
        self.at = close + 1
        if self.depth < self.shell.depth_limit:
            self.shell.trace.step(1 + len(inner.text) // 16)
            text = inner.finish()
        else:
            text = inner.text
        self.out.append(f"({text})")
        while (tail := _BLOCK_TAIL.match(self.text, self.at)) is not None:
            self.at = tail.end()
            self._redirect()
        for target in self.targets:
            self.out.append(f" > {target}")
            self.shell.write(self.shell.variables.expand(target), "\n".join(inner.prints))
        self.targets = []
        self.stdin = "\n".join(inner.prints)

    def _loop(self, loop: re.Match[str]) -> bool:
        close = closing(self.text, loop.end() - 1)
        do = _DO.match(self.text, close + 1)
        if not do:
            return False
        values, body = self.text[loop.end() : close], self.text[do.end() - 1 :]
        self.at = len(self.text)
        self.out.append(self.shell.loop(loop, values, body.lstrip(), self.depth))
        return True


def closing(text: str, start: int) -> int:
    """Give where the parenthesis opened at ``start`` closes, or the end of the text."""
    depth = 0
    for mark in _BRACKET.finditer(text, start):
        if mark.group() == "(":
            depth += 1
        elif mark.group() == ")":
            depth -= 1
            if depth == 0:
                return mark.start()
    return len(text)
