"""What ``findstr`` on a file's own bytes would print: the script that a shortcut carries inside itself.

Source: Microsoft, "findstr" (Windows commands); which search strings are regular expressions by default, as measured in
"What are the undocumented features and limitations of the Windows FINDSTR command?" (Stack Overflow 8844868).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.model.limits import DEFAULT, Limits

MAX_COMMANDS = 16
_TOKEN = re.compile(r'(?:"[^"]*"|[^\s"&|<>])+|>>?|[&|<"]')
_META = re.compile(r"(?<!\\)[.*^$\[]|\\[<>]")
_ATOM = re.compile(rb"\\[<>]|\\.|\[\^?\]?[^\]]*\]|.", re.DOTALL)
SEARCHERS = frozenset({"findstr", "find"})


@dataclass(frozen=True, slots=True)
class Search:
    """One findstr or find command."""

    patterns: tuple[str, ...]
    """A line that matches any of them is printed."""
    regex: bool
    ignore_case: bool
    invert: bool
    at_start: bool
    at_end: bool
    files: tuple[str, ...]
    written: str
    """File that the output is redirected to, as spelled; empty when it is not."""


def searches(command: str) -> Iterator[Search]:
    """Give the searches in a command line, in order, at most MAX_COMMANDS."""
    tokens = [token.group() for token in _TOKEN.finditer(uncaret(command))]
    found = 0
    for index, token in enumerate(tokens):
        name = base_name(token).removesuffix(".exe")
        if name not in SEARCHERS or found == MAX_COMMANDS:
            continue
        search = _search(tokens[index + 1 :], literal=name == "find")
        if search:
            found += 1
            yield search


def base_name(path: str) -> str:
    """Give the last part of a Windows path in lower case, quotes removed."""
    return re.split(r"[\\/]", path.replace('"', ""))[-1].lower()


def uncaret(command: str) -> str:
    """Give a command line as cmd sees it after its escape character, which is plain text inside quotes."""
    if "^" not in command:
        return command
    out, quoted, escaped = [], False, False
    for char in command:
        if escaped or (char != "^" or quoted):
            quoted ^= char == '"' and not escaped
            out.append(char)
            escaped = False
        else:
            escaped = True
    return "".join(out)


def _search(tokens: list[str], *, literal: bool) -> Search | None:
    options, explicit, operands, written = set[str](), list[str](), list[str](), ""
    redirect = False
    for token in tokens:
        if redirect:
            written, redirect = token.replace('"', ""), False
        elif token in ("&", "|"):
            break
        elif token in (">", ">>"):
            redirect = True
        elif token.lower().startswith("/c:"):
            explicit.append(token[3:].replace('"', ""))
        elif token.startswith("/"):
            options.update(token[1:].lower() if ":" not in token else "")
        elif token != "<":
            operands.append(token.replace('"', ""))
    patterns = explicit
    if not explicit:
        if not operands:
            return None
        patterns = [operands[0]] if literal else operands.pop(0).split()
        operands = operands[1:] if literal else operands
    if not any(patterns):
        return None
    guessed = "l" not in options and not explicit and bool(_META.search(patterns[0]))
    regex = not literal and ("r" in options or guessed)
    return Search(
        tuple(patterns),
        regex,
        ignore_case="i" in options,
        invert="v" in options,
        at_start=bool(options & {"b", "x"}),
        at_end=bool(options & {"e", "x"}),
        files=tuple(operands),
        written=written,
    )


def matching_lines(data: bytes, search: Search, limits: Limits = DEFAULT) -> bytes:
    """Give the lines of ``data`` (ended by LF) that a search prints, with their ends.

    Bounded by ``limits.steps`` lines looked at and ``limits.text_chars`` bytes printed.
    """
    # Imported here: 10 ms, and only a shortcut that searches itself needs a matcher that cannot hang.
    import re2

    text = b"|".join(_translate(pattern, regex=search.regex) for pattern in search.patterns)
    text = (b"^" if search.at_start else b"") + b"(?:" + text + b")" + (b"$" if search.at_end else b"")
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not search.ignore_case
    options.log_errors = False
    options.dot_nl = False
    try:
        compiled = re2.compile(text, options)
    except re2.error:
        return b""
    out: list[bytes] = []
    size = 0
    for line in _lines(data, _needle(search), limits.steps):
        if (compiled.search(line.rstrip(b"\r\n")) is None) is search.invert:
            out.append(line)
            size += len(line)
            if size > limits.text_chars:
                break
    return b"".join(out)[: limits.text_chars]


def _needle(search: Search) -> bytes:
    """Give bytes that every printed line holds, empty when none are known."""
    if search.invert or search.ignore_case or len(search.patterns) != 1:
        return b""
    pattern = search.patterns[0]
    if not search.regex:
        return _encoded(pattern)
    head = re.match(r"[^.*^$\[\\]+", pattern)
    if not head:
        return b""
    literal = head.group()
    return _encoded(literal[:-1] if pattern[head.end() : head.end() + 1] == "*" else literal)


def _lines(data: bytes, needle: bytes, steps: int) -> Iterator[bytes]:
    """Give the lines that hold ``needle`` (all of them when it is empty), at most ``steps``."""
    at = 0
    for _ in range(steps):
        hit = data.find(needle, at) if needle else at
        if hit < 0 or hit >= len(data):
            return
        start = data.rfind(b"\n", at, hit) + 1 or at
        end = data.find(b"\n", hit)
        end = len(data) if end < 0 else end + 1
        yield data[start:end]
        at = end


def _encoded(pattern: str) -> bytes:
    return pattern.encode("cp932", "replace")


def _translate(pattern: str, *, regex: bool) -> bytes:
    """Give a pattern of findstr in RE2's language; bytes above ASCII are written as escapes."""
    raw = _encoded(pattern)
    if not regex:
        return b"".join(map(_literal, raw))
    out = []
    for index, atom in enumerate(_ATOM.findall(raw)):
        if (atom in (b".", b"*", b"$") and not (atom == b"*" and index == 0)) or (atom == b"^" and index == 0):
            out.append(atom)
        elif atom in (b"\\<", b"\\>"):
            out.append(b"\\b")
        elif atom.startswith(b"[") and len(atom) > 2:
            body = atom[1:-1]
            negated = body.startswith(b"^") and len(body) > 1
            inner = b"".join(byte if byte == b"-" else _literal(byte[0]) for byte in _bytes(body[negated:]))
            out.append(b"[" + (b"^" if negated else b"") + inner + b"]")
        else:
            out.append(b"".join(map(_literal, atom[1:] if len(atom) == 2 and atom[:1] == b"\\" else atom)))
    return b"".join(out)


def _bytes(raw: bytes) -> list[bytes]:
    return [raw[index : index + 1] for index in range(len(raw))]


def _literal(byte: int) -> bytes:
    return b"\\x%02x" % byte
