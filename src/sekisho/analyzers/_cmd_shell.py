"""A walk through cmd.exe syntax that runs nothing: what each command would be when its turn comes.

Reads carets, quotes, variables, blocks, conditions, loops, redirections and nested shells. Both arms of a condition
are read unless it compares two known words inside a loop; variables are put in when a command is reached, not when
its line is, so that ``set x=..&&call %x%`` comes out in one pass.

Source: Microsoft, cmd command reference; ``help cmd set for if call`` of Windows 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import _programs as programs
from sekisho.analyzers._cmd_variables import Variables
from sekisho.analyzers._cmd_walk import BLANKS, Walk
from sekisho.analyzers._script import Trace

DEPTH = 16
"""Shells in shells, blocks in blocks and loops in loops; the deepest real one seen in public notes has five."""
LOOP_VALUES = 5_000
BLOCK_LINES = 500
CONTINUED = "\0"

_CMD_OPTION = re.compile(r"(?:^|(?<=[\s,;=\"])|(?<=:on)|(?<=:off)|(?<=/[a-z]))/[ckr]", re.IGNORECASE)
_SPLIT_WORD = re.compile(r"(?<![^\s,;=(])[\w:/.\\?=&%-]*(?:\"[\w:/.\\?=&%-]*\"[\w:/.\\?=&%-]*){1,400}(?![^\s,;)|<>])")
_SET = re.compile(r"set(?=[\s\"/,;=]|$)(.*)", re.IGNORECASE | re.DOTALL)
_ECHO = re.compile(r"echo(?:[\s.,;=:(/\\+\[\]]|$)(.*)", re.IGNORECASE | re.DOTALL)
_START = re.compile(
    r"start\s+(?:\"[^\"]*\"\s*)?((?:/(?:d|node|affinity)\s+\S+\s+|/\w+\s+)*)(?:\"\"\s+)?(.*)", re.I | re.DOTALL
)


class Shell:
    """One run through a command line or batch file."""

    def __init__(self, trace: Trace, *, batch: bool) -> None:
        """``batch`` decides what becomes of unknown variables."""
        self.trace = trace
        self.variables = Variables(trace)
        self.variables.drop_unknown = batch
        self.files: dict[str, list[str]] = {}
        self.loops = 0
        self.printed = ""
        """What the last text walked through prints."""
        self.depth_limit = DEPTH

    def run(self, text: str) -> str:
        """Give the text as it would be executed, one line for each."""
        lines = [self._line(line) for line in _logical_lines(text)]
        return "\n".join(line for line in lines if line)

    def _line(self, line: str) -> str:
        bare = line.lstrip(BLANKS + "@")
        if bare.startswith(":") or bare[:4].lower() in ("rem ", "rem\t", "rem"):
            return line
        if self.variables.drop_unknown:
            line = self.variables.expand(line, final=False)
        return self.commands(line, 0)

    def commands(self, text: str, depth: int) -> str:
        """Walk through commands joined by operators; give them as executed."""
        if depth > DEPTH:
            self.trace.trick("nesting")
            return text
        self.trace.step(1 + len(text) // 16)
        walk = Walk(self, text, depth)
        final = walk.finish()
        self.printed = "\n".join(walk.prints)
        return final

    def simple(self, text: str, targets: list[str], stdin: str, depth: int) -> tuple[str, str]:
        """Run one command with its redirections; give its final text and what it would print."""
        self.trace.step()
        final = self.variables.expand(text)
        if final != text and depth < DEPTH and _has_operator(final):
            return self.commands(final, depth + 1), ""
        final = final.strip("\t\r\n ") if not _SET.match(final.lstrip()) else final.lstrip()
        printed = ""
        if final:
            final, printed = self._dispatch(final, stdin, depth)
        for target in targets:
            self.write(self.variables.expand(target), printed)
        return final, printed

    def write(self, target: str, printed: str) -> None:
        """Note that a file is written, and keep what is known of its text."""
        path = target.strip('" ')
        if path.lower() in ("nul", "con", "", "prn", "clip"):
            return
        self.trace.call("writes", path)
        self.trace.grow(len(printed))
        self.files.setdefault(path.lower(), [path]).append(printed)

    def _dispatch(self, text: str, stdin: str, depth: int) -> tuple[str, str]:
        if (assignment := _SET.match(text)) and not text.lower().startswith("setlocal"):
            return self._set(text, assignment.group(1))
        if echo := _ECHO.match(text):
            return text, echo.group(1)
        text = self._clean_program(text)
        head, _, rest = text.partition(" ")
        name = (
            programs.program_name(head) if '"' not in head else programs.program_name((programs.words(text) or [""])[0])
        )
        if name == "setlocal":
            self.variables.delayed |= "enabledelayedexpansion" in rest.lower()
        elif name == "call" and rest:
            if not rest.lstrip().startswith(":"):
                return f"{head} {self.commands(self.variables.expand(rest), depth + 1)}", ""
        elif name == "start" and (started := _START.match(text)) and started.group(2):
            lead = text[: started.start(2)]
            return lead + self.commands(started.group(2), depth + 1), ""
        elif name == "cmd" or (depth == 0 and text.startswith("/")):
            return self._nested(text, stdin, depth), self.printed
        else:
            self._program(text, name, stdin, depth)
        return text, ""

    def _clean_program(self, text: str) -> str:
        """Take out quotes that only split words, and separators that stand for a blank."""
        head = re.match(r'(?:"[^"]*"|[^\s"/,;=(]|(?<=[\\/.\w])/(?=\w+\.))+', text)
        if head:
            word, rest = head.group(), text[head.end() :]
            if '"' in word and (word.count('"') > 2 or not (word[0] == word[-1] == '"')):
                self.trace.trick("quote")
                word = word.replace('"', "")
            elif word[:1] == '"' and " " not in word and "%" not in word and re.fullmatch(r'"[\w.]+"', word):
                word = word.strip('"')
            if rest[:1] and rest[0] in ",;=":
                self.trace.trick("separator")
                rest = " " + rest.lstrip(BLANKS)
            text = word + rest
        return (
            text
            if re.match(r"(?:\S*[\\/])?cmd(?:\.exe)?\b", text, re.IGNORECASE)
            else _SPLIT_WORD.sub(self._join_word, text)
        )

    def _join_word(self, match: re.Match[str]) -> str:
        """Take out quotes inside a word that needs none."""
        word = match.group()
        if re.search(r'\w"+\w', word) and not (word[0] == word[-1] == '"' and word.count('"') == 2):
            self.trace.trick("quote")
            return word.replace('"', "")
        return word

    def _nested(self, text: str, stdin: str, depth: int) -> str:
        option = _CMD_OPTION.search(text)
        if not option:
            self.printed = ""
            if stdin.strip():
                self.commands(stdin, depth + 1)
            return text
        switches = text[: option.end()]
        self.variables.delayed |= bool(re.search(r"/v(?!:off)", switches, re.IGNORECASE))
        inner = text[option.end() :].strip()
        if inner.startswith('"'):
            before, _, after = inner[1:].rpartition('"')  # the first and the last quote go, Source: cmd /?
            inner = before + after if '"' in inner[1:] else inner[1:]
        inner = self.commands(inner.lstrip(BLANKS), depth + 1)
        return f"{switches.rstrip()} {inner}"

    def _set(self, text: str, rest: str) -> tuple[str, str]:
        rest = rest.lstrip(" \t,;")
        if (option := rest[:2].lower()) in ("/a", "/p"):
            name, _, value = rest[2:].strip().strip('"').partition("=")
            if option == "/a":
                self.variables.assign(name, str(_integer(value)))
            return text, value.strip('"') if option == "/p" else ""
        if rest.startswith('"'):
            rest = rest[1:].rpartition('"')[0] if '"' in rest[1:] else rest[1:]
        name, equals, value = rest.partition("=")
        if equals:
            self.variables.assign(name, value)
        return text, ""

    def _program(self, text: str, name: str, stdin: str, depth: int) -> None:
        if name in ("powershell", "pwsh") and stdin.strip() and re.search(r"\s-(?:c\w*\s+)?-?\s*$", text + " "):
            self.trace.layer("powershell", "powershell", stdin)
        self._known_file(text, name)
        for nested in programs.describe(self.trace, text):
            self.commands(nested, depth + 1)

    def _known_file(self, text: str, name: str) -> None:
        """Decode with certutil what was echoed into a file before."""
        parts = [part for part in programs.words(text) if not part.startswith(("-", "/"))]
        if name == "certutil" and len(parts) > 2 and (known := self.files.get(parts[1].lower())):
            decoded = programs.decode_certificate("\n".join(known[1:]))
            if decoded:
                self.trace.grow(len(decoded))
                self.trace.layer(parts[2], kind_of(parts[2]), decoded)

    def condition(self, match: re.Match[str]) -> bool:
        """Tell whether the body of an ``if`` is to be read: only a loop's own test can rule it out."""
        left, right = match.group("left"), match.group("right")
        if not self.loops or left is None or re.search(r"[%!]", left + right):
            return True
        left, right = left.strip('"').lower(), right.strip('"').lower()
        operator = match.group("op").strip().lower()
        numbers = left.lstrip("-").isdigit() and right.lstrip("-").isdigit()
        order = (
            (int(left[:18]) > int(right[:18])) - (int(left[:18]) < int(right[:18]))
            if numbers
            else (left > right) - (left < right)
        )
        holds = {
            "==": left == right,
            "equ": order == 0,
            "neq": order != 0,
            "lss": order < 0,
            "leq": order <= 0,
            "gtr": order > 0,
            "geq": order >= 0,
        }[operator]
        return holds != bool(match.group("not"))

    def loop(self, match: re.Match[str], values_text: str, body: str, depth: int) -> str:
        """Read a loop's body once for each value; a set that is not known gives one reading."""
        values = self._values(match, self.variables.expand(values_text), depth)
        variable = re.compile(rf"%%?(?:~[a-z$]*?)?{re.escape(match.group('letter'))}")
        self.trace.trick("for-loop")
        self.loops += 1
        lines = []
        try:
            for value in values[:LOOP_VALUES]:
                bare = value.strip('"') if "~" in body else value
                known = len(self.trace.commands)
                text = self.commands(variable.sub(lambda _, bare=bare: bare, body), depth + 1)  # type: ignore[misc]
                if len(values) < 9 or len(self.trace.commands) > known:
                    lines.append(text)
        finally:
            self.loops -= 1
        return "\n".join(lines) if values else self.commands(body, depth + 1)

    def _values(self, match: re.Match[str], text: str, depth: int) -> list[str]:
        kind = (match.group("kind") or "").lower()
        if kind == "/l":
            numbers = [int(number[:9]) for number in re.findall(r"-?\d+", text)[:3]]
            if len(numbers) < 3 or not numbers[1]:
                return []
            start, step, end = numbers
            return [str(n) for n in range(start, end + (1 if step > 0 else -1), step)[:LOOP_VALUES]]
        if kind == "/f":
            return self._fields(match.group("options") or "", text.strip(), depth)
        return re.findall(r'"[^"]*"|[^\s,;=]+', text)

    def _fields(self, options: str, text: str, depth: int) -> list[str]:
        """Give what ``for /f`` cuts out of a literal or of what an echo prints."""
        quote = text[:1]
        if not text.endswith(quote) or quote not in ("'", '"', "`") or len(text) < 2:
            return []
        inner = text[1:-1]
        if (quote == "'" and "usebackq" in options.lower()) or (quote == '"' and "usebackq" not in options.lower()):
            source = inner
        else:
            self.commands(inner, depth + 1)
            source = self.printed
        if not source:
            return []
        delimiters = re.search(r"delims=([^\"]*?)(?:\s+\w+=|\"|$)", options, re.IGNORECASE)
        token = re.search(r"tokens=(\d{1,2}|\*)", options, re.IGNORECASE)
        marks = delimiters.group(1) if delimiters else " \t"
        if (token and token.group(1) == "*") or not marks:
            return source.splitlines()[:LOOP_VALUES]
        index = int(token.group(1)) if token else 1
        fields = [re.split(f"[{re.escape(marks)}]+", line.strip(marks)) for line in source.splitlines()]
        return [field[index - 1] for field in fields if 0 < index <= len(field)]


def kind_of(path: str) -> str:
    """Give the analyser for a script file by its extension; empty lets its content decide."""
    return programs.SCRIPT_KINDS.get(path.lower().rstrip('" ').rpartition(".")[2], "")


def _has_operator(text: str) -> bool:
    unquoted = re.sub(r'"[^"]*"', "", text)
    return any(mark in unquoted for mark in "&|<>^")


def _integer(text: str) -> int:
    """Evaluate the one thing ``set /a`` is used for in loaders: a number in any base, with a sum or difference."""
    total = 0
    for sign, number in re.findall(r"([+-]?)\s*(0x[0-9a-f]{1,8}|\d{1,10})", text.lower())[:64]:
        octal = number.startswith("0") and number.isdigit() and len(number) > 1 and not set(number) & set("89")
        value = int(number, 16) if number.startswith("0x") else int(number, 8 if octal else 10)
        total += -value if sign == "-" else value
    return total


def _logical_lines(text: str) -> Iterator[str]:
    """Give lines, joined where a caret ends one or a block is still open."""
    pending: list[str] = []
    opened = 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        pending.append(line)
        bare = re.sub(r'"[^"]*"|\^.', "", line)
        if not bare.lstrip(BLANKS + "@").lower().startswith(("rem ", ":", "echo")):
            opened = max(0, opened + bare.count("(") - bare.count(")"))
        elif bare.strip() == ")":
            opened = max(0, opened - 1)
        if (len(line) - len(line.rstrip("^"))) % 2:
            pending[-1] = line[:-1] + CONTINUED
            continue
        if opened and len(pending) < BLOCK_LINES:
            continue
        yield _joined(pending)
        pending, opened = [], 0
    if pending:
        yield _joined(pending)


def _joined(lines: list[str]) -> str:
    """Join the lines of one command: without a break where a caret ended one."""
    return "\n".join(lines).replace(CONTINUED + "\n", "").removesuffix(CONTINUED)
