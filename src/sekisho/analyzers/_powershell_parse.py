"""PowerShell text read expression by expression: what is known is put in the place of what hides it, nothing runs.

The reader follows the language's own grammar on demand and never stops at what it does not know: such text stays as
written and its value is unknown. The file is long because expressions, strings, commands and blocks call each other.

Source: Microsoft, Windows PowerShell Language Specification 3.0, chapters 2 (lexical), 7 (operators), 8 (statements).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sekisho.analyzers import _powershell_values as values
from sekisho.analyzers._powershell_values import UNKNOWN, Block, Made, Member, TypeName, Unknown, known, to_text
from sekisho.analyzers._script import Trace
from sekisho.model.limits import DEFAULT

DEPTH = 40
"""Expressions in expressions; each costs some eight Python frames."""
LOOP_ITEMS = 4_000
CALLS = 2_000
"""Calls of the script's own functions that are followed."""
FOLDED_CHARS = 200_000

SINGLE = "'\u2018\u2019\u201a\u201b"
DOUBLE = '"\u201c\u201d\u201e'
_BLANK = re.compile(r"(?:[ \t\f\v\xa0\u3000]|`\r?\n|<#(?:[^#]|#(?!>))*(?:#>|$)|(?<![\w$])#[^\n]*)+")
_BLANK_LINES = re.compile(r"(?:\s|`\r?\n|<#(?:[^#]|#(?!>))*(?:#>|$)|(?<![\w$])#[^\n]*)+")
_VARIABLE = re.compile(
    r"\$(?:\{((?:[^}`]|`.){1,200})\}|((?:global:|script:|local:|private:|using:|env:|variable:)?[\w?]+|[$^?]))", re.I
)
_ASSIGN = re.compile(
    r"(?:\[\w[\w.]{0,80}(?:\[\])?\]\s*){0,6}\$(?:\{([^}]{1,200})\}|((?:global:|script:|local:|private:|env:)?\w+))\s*([-+*/%]?=)(?!=)",
    re.I,
)
_NUMBER_LIST = re.compile(
    r"(?:0[xX][0-9a-fA-F]{1,16}+|\d{1,18}+)(?:\s*,\s*(?:0[xX][0-9a-fA-F]{1,16}+|\d{1,18}+))++(?P<more>\s*,|[\w.$])?"
)
_NUMBER = re.compile(
    r"(0[xX][0-9a-fA-F]{1,16}|\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?)([kKmMgG][bB]|[lLdD])?(?!\w)"
)
_TYPE = re.compile(r"\[\s*([A-Za-z_][\w.+`]*(?:\s*\[[\w.,\s]*\])?)\s*\]")
_WORD_OPERATOR = re.compile(r"[-\u2013\u2014\u2015]([A-Za-z`]{1,20})(?![\w-])")
_NAME = re.compile(r"[\w`]+")
_BARE = re.compile(r"(?:`.|[^\s`;|&(){}<>,'\"$@\u2018-\u201f]|(?<=\w)@|\$(?![\w{(]))+", re.DOTALL)
_PARAMETER = re.compile(r"[-\u2013\u2014\u2015](?:[A-Za-z?_]|`.)(?:[\w`?-]|`.)*:?")
_REDIRECT = re.compile(r"([1-6*]?)>>?(&\d)?")
_KEYWORD = re.compile(
    r"(if|elseif|else|while|until|switch|for|foreach|do|try|catch|finally|trap|function|filter|param|return|throw|exit|break"
    r"|continue|begin|process|end|class|enum|using|data|dynamicparam|in)(?![\w.\\:/-])",
    re.IGNORECASE,
)
_FUNCTION = re.compile(r"(?P<name>[\w:`-]+)\s*(?:\((?P<parameters>[^)]{0,2000})\))?\s*")
_PARAM = re.compile(r"\s*param\s*\(", re.IGNORECASE)
_XOR_LOOP = re.compile(
    r"^\s*\$(\w+)\[\$(\w+)\]\s*=\s*(?:\[byte\]\s*)?\(?\s*\$\1\[\$\2\]\s*-bxor\s*(0x[0-9a-f]{1,2}|\d{1,3})\s*\)?\s*;?\s*$",
    re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}

LEVELS = {
    **dict.fromkeys(("-and", "-or", "-xor"), 1),
    **dict.fromkeys(("-band", "-bor", "-bxor", "-shl", "-shr"), 2),
    **{f"-{mark}{name}": 3 for mark in ("", "c", "i") for name in values.CASED},
    **dict.fromkeys(("-join", "-is", "-isnot", "-as"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
    "-f": 6,
    "..": 7,
    ",": 8,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """One word after a command: its value, and the text to show for it."""

    value: Any
    text: str
    parameter: str = ""
    """Lower case with its dash when the word is a parameter's name."""


class TooDeep(Exception):
    """Expressions are nested deeper than the reader follows."""


class Reader:
    """One reading of a script."""

    def __init__(self, text: str, trace: Trace, run: Callable[[Reader, str, list[Argument], Any], Any]) -> None:
        """``run`` says what a command does: (reader, name, arguments, piped value) to its output."""
        self.text, self.trace, self.run = text, trace, run
        self.at = 0
        self.depth = 0
        self.quiet = 0
        self.mixed_until = 0
        self.calls = 0
        self.inside = ""
        """The mark that ends the statements being read: an assignment has a value only inside brackets."""
        self.functions: dict[str, tuple[tuple[str, ...], Block]] = {}
        self.variables: dict[str, Any] = {}
        self.folds: list[tuple[int, int, str]] = []

    # Statements

    def script(self) -> str:
        """Read to the end; give the text with everything known written out."""
        while self.at < len(self.text):
            self.statements("")
        return self.folded(0, len(self.text))

    def statements(self, until: str) -> list[Any]:
        """Read statements up to a closing mark; give what they put out."""
        around, self.inside = self.inside, until
        try:
            return self._statements(until)
        finally:
            self.inside = around

    def _statements(self, until: str) -> list[Any]:
        output: list[Any] = []
        while self.at < len(self.text):
            self.blank(lines=True)
            mark = self.text[self.at : self.at + 1]
            if mark and mark == until:
                self.at += 1
                break
            if mark in ";" or (not until and mark in ")}]"):
                self.at += 1
                continue
            if until and mark and mark in ")}" and mark != until:
                break
            before = self.at
            try:
                result = self.statement()
            except TooDeep:
                if self.depth:
                    raise
                result = UNKNOWN
                self.at = self._line_end()
            if result is not None:
                output.append(result)
            if self.at == before:
                self.at += 1
        return output

    def statement(self) -> Any:
        """Read one statement."""
        self.trace.step()
        keyword = _KEYWORD.match(self.text, self.at)
        if keyword and keyword.group(1).lower() != "in":
            return self._keyword(keyword)
        return self.pipeline()

    def _keyword(self, match: re.Match[str]) -> Any:
        word = match.group(1).lower()
        self.at = match.end()
        self.blank(lines=True)
        if word == "foreach" and self._peek("("):
            self._foreach()
        elif word == "for" and self._peek("("):
            self._for()
        elif word in ("function", "filter"):
            self._function()
        elif word in ("param", "catch", "trap", "using", "class", "enum"):
            self.at = self._after(re.compile(r"(?:\s*\[[\w.]+\](?:\s*,)?)+"))
            if word == "param" and self._peek("("):
                self.at = self.closing(self.at) + 1
            elif word in ("catch", "trap", "class", "enum"):
                self.at = self._after(re.compile(r"[^{\n]*"))
                self._block()
        elif word in ("return", "throw", "exit"):
            return self.pipeline() if self.text[self.at : self.at + 1] not in ("", ";", "}", "\n") else None
        else:
            if self._peek("("):
                self.at += 1
                self.nested(lambda: self.statements(")"))
            self.blank(lines=True)
            self._block()
        return None

    def _function(self) -> None:
        """Read ``function name(parameters) { ... }``: once with nothing known, and again for each call."""
        head = _FUNCTION.match(self.text, self.at)
        if not head:
            return
        self.at = head.end()
        if not self._peek("{"):
            return
        start, names = self.at + 1, _VARIABLE.findall(head.group("parameters") or "")
        if not names and (inner := _PARAM.match(self.text, start)):
            names = _VARIABLE.findall(self.text[inner.end() : self.closing(inner.end() - 1)])
        end = self.closing(self.at)
        self.functions[head.group("name").lower()] = (tuple((a or b).lower() for a, b in names), Block(start, end))
        self._block()

    def called(self, name: str, arguments: list[Any]) -> Any:
        """Give what a function of the script puts out for some arguments."""
        parameters, block = self.functions[name]
        if self.calls > CALLS or self.depth > DEPTH // 2:
            return UNKNOWN
        self.calls += 1
        saved, at = dict(self.variables), self.at
        self.variables.update(dict.fromkeys(parameters, None))
        self.variables.update(zip(parameters, arguments, strict=False))
        self.variables["args"] = arguments
        self.quiet += 1
        self.at = block.start
        try:
            output = self.nested(lambda: self.statements("}"))
        finally:
            self.quiet -= 1
            self.variables, self.at = saved, at
        known_output = [item for item in output if item is not None]
        return known_output[-1] if len(known_output) == 1 else known_output or None

    def _peek(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _after(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        return match.end() if match else self.at

    def _block(self) -> list[Any]:
        self.blank(lines=True)
        if not self._peek("{"):
            return []
        self.at += 1
        return self.nested(lambda: self.statements("}"))  # type: ignore[no-any-return]

    def _foreach(self) -> None:
        head = re.compile(r"\(\s*\$(\w+)\s+in\s", re.IGNORECASE).match(self.text, self.at)
        if not head:
            self.at += 1
            self.nested(lambda: self.statements(")"))
            self._block()
            return
        self.at = head.end()
        items = self.nested(lambda: self.statements(")"))
        items = values.to_list(items[0]) if len(items) == 1 and not isinstance(items[0], Unknown) else items
        self.blank(lines=True)
        self.loop(head.group(1).lower(), items or [UNKNOWN], self.at + 1, body_end=None)

    def loop(self, name: str, items: list[Any], start: int, *, body_end: int | None) -> list[Any]:
        """Read a body once for each item; the text keeps the first reading."""
        output: list[Any] = []
        if body_end is None and not self._peek("{"):
            return output
        for count, item in enumerate(items[:LOOP_ITEMS]):
            self.variables[name] = item
            self.at = start
            self.quiet += bool(count) or len(items) > 1
            try:
                output += self.nested(lambda: self.statements("}"))
            finally:
                self.quiet -= bool(count) or len(items) > 1
        self.variables.pop(name, None)
        return output

    def _for(self) -> None:
        self.at += 1
        self.nested(lambda: self.statements(")"))
        self.blank(lines=True)
        start = self.at
        self._block()
        match = _XOR_LOOP.match(self.text[start + 1 : min(self.at - 1, start + 300)])
        if match and self.at - start < 300:
            data = values.to_bytes(self.variables.get(match.group(1).lower(), UNKNOWN))
            if isinstance(data, bytes):
                self.trace.trick("xor")
                key = int(match.group(3), 0) & 255
                self.variables[match.group(1).lower()] = bytes(value ^ key for value in data)

    # Pipelines and commands

    def pipeline(self) -> Any:
        """Read commands and expressions joined by ``|``, with redirections; give the last one's output."""
        value = self._assignment()
        if value is not None:
            return value if self.inside == ")" else None
        value = self.element(None, piped=False)
        while True:
            self.blank()
            if self._peek("||") or self._peek("&&"):
                self.at += 2
                value = self.element(None, piped=False)
            elif self._peek("|"):
                self.at += 1
                self.blank(lines=True)
                value = self.element(value, piped=True)
            elif (redirect := _REDIRECT.match(self.text, self.at)) is not None:
                self._redirected(redirect, value)
            else:
                return value

    def _redirected(self, redirect: re.Match[str], value: Any) -> None:
        self.at = redirect.end()
        if not redirect.group(2):
            self.blank()
            target = self.argument()
            if redirect.group(1) in ("", "1", "*") and target.text.lower() not in ("$null", "nul"):
                self.run(self, "out-file", [target], value)

    def _assignment(self) -> Any:
        match = _ASSIGN.match(self.text, self.at)
        if not match:
            return None
        self.at = match.end()
        self.blank(lines=True)
        name = self._variable_name(match.group(1) or match.group(2))
        chained = _ASSIGN.match(self.text, self.at) is not None
        value = self.nested(self._assignment if chained else self.statement)
        if match.group(3) == "+=" and name in self.variables:
            value = values.binary("+", self.variables[name], value, self.trace)
        elif match.group(3) != "=":
            value = UNKNOWN
        self.variables[name] = value
        return value if value is not None else UNKNOWN

    def element(self, given: Any, *, piped: bool) -> Any:
        """Read one member of a pipeline."""
        self.blank()
        start = self.at
        mark = self.text[start : start + 1]
        if mark in ("&", ".") and re.compile(r"[&.]\s*[('\"$\u2018-\u201f{A-Za-z]").match(self.text, start):
            return self._called(start, given)
        if mark == "%" and piped:
            self.at += 1
            return self.command("%", start, given)
        if mark == "?" and piped:
            self.at += 1
            return self.command("?", start, given)
        word = _BARE.match(self.text, start)
        if word and (mark.isalpha() or mark in "_`\\." or re.match(r"\d+\w*[A-Za-z]\w*\.\w", word.group())):
            self.at = word.end()
            name = word.group()
            if "`" in name:
                self.trace.trick("backtick")
                name = re.sub(r"`(.)", r"\1", name, flags=re.DOTALL)
                self.fold(start, name, bare=True)
            return self.command(name, start, given)
        return self.expression()

    def _called(self, start: int, given: Any) -> Any:
        self.at += 1
        self.blank()
        begin = self.at
        quoted = self.text[self.at : self.at + 1] in ("(", "$", "{", *SINGLE, *DOUBLE)
        value = self.primary() if quoted else self.argument().value
        if isinstance(value, Block):
            return self.run(self, "invoke-command", [Argument(value, self.text[begin : self.at])], given)
        name = value if isinstance(value, str) else ""
        if isinstance(value, Member | Made):
            return UNKNOWN
        if name:
            self.fold(begin, name, bare=True)
            if self._peek("("):  # & 'x'(args)
                self.trace.step()
        return self.command(name or self.text[begin : self.at], start, given)

    def command(self, name: str, start: int, given: Any) -> Any:
        """Read a command's arguments and say what it does."""
        arguments: list[Argument] = []
        while True:
            self.blank()
            mark = self.text[self.at : self.at + 1]
            if not mark or mark in "\r\n;|)}" or self._peek("&&"):
                break
            if _REDIRECT.match(self.text, self.at):
                break
            before = self.at
            arguments.append(self.nested(self.argument))
            if self.at == before:
                self.at += 1
            if len(arguments) > 2_000:
                break
        return self.run(self, name, arguments, given)

    def argument(self) -> Argument:
        """Read one word of a command, lists included."""
        first = self._word()
        items = [first]
        while True:
            save = self.at
            self.blank()
            if not self._peek(","):
                self.at = save
                break
            self.at += 1
            self.blank(lines=True)
            items.append(self._word())
        if len(items) == 1:
            return first
        return Argument([item.value for item in items], ",".join(item.text for item in items))

    def _word(self) -> Argument:
        start = self.at
        parameter = _PARAMETER.match(self.text, start)
        if parameter:
            self.at = parameter.end()
            name = "-" + parameter.group()[1:].replace("`", "")
            return Argument(name, name, name.rstrip(":").lower())
        pieces: list[Any] = []
        while self.at < len(self.text):
            mark = self.text[self.at]
            if mark in f"({SINGLE}{DOUBLE}$@{{" and not (
                mark == "$" and not re.match(r"\$[\w{(?:^$]", self.text[self.at : self.at + 2])
            ):
                if pieces and mark == "(" and isinstance(pieces[-1], str):
                    break  # New-Object Type(arguments): the bracket begins a word of its own
                piece_at = self.at
                value = self.primary()
                if self.at == piece_at:
                    break
                pieces.append(
                    value if known(value) or isinstance(value, Block) else _Source(self.text[piece_at : self.at], value)
                )
            elif bare := _BARE.match(self.text, self.at):
                word = bare.group()
                self.at = bare.end()
                if "`" in word:
                    self.trace.trick("backtick")
                    word = re.sub(r"`(.)", r"\1", word, flags=re.DOTALL)
                pieces.append(word)
            else:
                break
        if len(pieces) == 1 and not isinstance(pieces[0], _Source):
            value = pieces[0]
            if isinstance(value, str) and self.text[start] not in SINGLE + DOUBLE:
                self.fold(start, value, bare=self.text[start] != "(" and not re.search(r"[\s'\"();|]", value))
            return Argument(value, self.text[start : self.at] if isinstance(value, Block) else to_text(value))
        if len(pieces) == 1:
            return Argument(pieces[0].value, pieces[0].text)
        text = "".join(piece.text if isinstance(piece, _Source) else to_text(piece) for piece in pieces)
        return Argument(text if all(not isinstance(piece, _Source) for piece in pieces) else UNKNOWN, text)

    # Expressions

    def nested(self, read: Callable[[], Any]) -> Any:
        """Read one level deeper.

        Raises:
            TooDeep: that is too deep.
        """
        if self.depth >= DEPTH:
            raise TooDeep
        self.depth += 1
        try:
            return read()
        finally:
            self.depth -= 1

    def expression(self, level: int = 0) -> Any:
        """Read an expression of operators that bind at least as tightly as ``level``."""
        self.trace.step()
        self.blank()
        start = self.at
        value = self.unary()
        while True:
            save = self.at
            self.blank()
            operator, end = self._operator()
            if not operator or LEVELS[operator] < level:
                self.at = save
                return value
            self.at = end
            self.blank(lines=True)
            if operator == ",":
                value = self._list(value)
            else:
                right = self.nested(lambda bound=LEVELS[operator]: self.expression(bound + 1))  # type: ignore[misc]
                value = values.binary(operator, value, right, self.trace)
            self.fold(start, value)

    def _operator(self) -> tuple[str, int]:
        mark = self.text[self.at : self.at + 1]
        if self._peek(".."):
            return "..", self.at + 2
        if mark in "+*/%," and mark and not self._peek("++"):
            return mark, self.at + 1
        if mark in "-\u2013\u2014\u2015" and mark:
            word = _WORD_OPERATOR.match(self.text, self.at)
            name = "-" + word.group(1).replace("`", "").lower() if word else "-"
            if word and name in LEVELS:
                return name, word.end()
            return ("", self.at) if word or self._peek("--") else ("-", self.at + 1)
        return "", self.at

    def _list(self, first: Any) -> list[Any]:
        items = [first, self.nested(self.unary)]
        while True:
            save = self.at
            self.blank()
            if not self._peek(",") or len(items) > values.ITEMS:
                self.at = save
                return items
            self.at += 1
            self.blank(lines=True)
            items.append(self.nested(self.unary))
            self.trace.step()

    def unary(self) -> Any:
        """Read prefix operators, casts and what they apply to."""
        self.blank()
        start = self.at
        mark = self.text[start : start + 1]
        if mark in "-\u2013\u2014+!," and mark:
            word = _WORD_OPERATOR.match(self.text, start)
            name = word.group(1).replace("`", "").lower() if word else mark
            self.at = word.end() if word else start + 1
            value = self.nested(self.unary)
            value = self._prefixed(name, value)
            self.fold(start, value)
            return value
        if mark == "[" and (match := _TYPE.match(self.text, start)):
            return self._typed(start, match)
        return self.primary()

    def _prefixed(self, name: str, value: Any) -> Any:
        if name == "join":
            return values.binary("-join", value, "", self.trace)
        if name == "split":
            return values.binary("-split", value.strip(), r"\s+", self.trace) if isinstance(value, str) else UNKNOWN
        if name == ",":
            return [value]
        number = values.to_number(value)
        if name == "+" or name == "-":
            return UNKNOWN if isinstance(number, Unknown) else -number if name == "-" else number
        return (not value) if name in ("!", "not") and known(value) else UNKNOWN

    def _typed(self, start: int, match: re.Match[str]) -> Any:
        name = match.group(1)
        self.at = match.end()
        after = self.at
        self.blank()
        if self._peek("::"):
            return self.postfix(TypeName(values.type_name(name)), start)
        if self.text[self.at : self.at + 1] not in (
            "",
            ")",
            ";",
            "|",
            ",",
            "}",
            "\n",
            "\r",
            "]",
            ".",
            "=",
            "*",
            "/",
            "<",
            ">",
            "%",
        ):
            value = values.cast(name, self.nested(self.unary), self.trace)
            self.fold(start, value)
            return value
        self.at = after
        return self.postfix(TypeName(values.type_name(name)), start)

    def primary(self) -> Any:
        """Read one operand with its members, indexes and calls."""
        start = self.at
        mark = self.text[start : start + 1]
        value: Any = UNKNOWN
        if mark and mark in SINGLE + DOUBLE:
            value = self.string()
        elif self._peek("@(") or self._peek("$("):
            self.at += 2
            output = self.nested(lambda: self.statements(")"))
            value = output[0] if len(output) == 1 and (mark == "$" or isinstance(output[0], list | Unknown)) else output
        elif mark == "(":
            self.at += 1
            output = self.nested(lambda: self.statements(")"))
            value = output[-1] if output else UNKNOWN
        elif self._peek("@'") or self._peek('@"'):
            value = self._here_string()
        elif self._peek("@{"):
            self.at += 1
            self._block()
        elif mark == "{":
            end = self.closing(start)
            value = Block(start + 1, end)
            self.at = end + 1
        elif mark == "$" and (variable := _VARIABLE.match(self.text, start)):
            self.at = variable.end()
            value = self.lookup(variable.group(1) or variable.group(2))
        elif mark.isdigit():
            value = self._number()
        elif mark == "@" and (variable := re.compile(r"@\w+").match(self.text, start)):
            self.at = variable.end()
        elif word := _BARE.match(self.text, start):
            self.at = word.end()
        return self.postfix(value, start)

    def _numbers(self) -> re.Match[str] | None:
        """Read a list of nothing but numbers at once; loaders carry thousands. A mixed list is read item by item."""
        match = _NUMBER_LIST.match(self.text, self.at) if self.at >= self.mixed_until else None
        if match and match.group("more"):
            self.mixed_until = match.end()
            return None
        if match:
            self.at = match.end()
            self.trace.step(len(match.group()) // 64)
        return match

    def _number(self) -> Any:
        if numbers := self._numbers():
            return [int(item, 0 if "x" in item.lower() else 10) for item in _comma(numbers.group())]
        match = _NUMBER.match(self.text, self.at)
        if not match:
            self.at = self._after(re.compile(r"[\w.]+"))
            return UNKNOWN
        self.at = match.end()
        digits, unit = match.group(1), (match.group(2) or "").lower()
        number = (
            int(digits, 16)
            if digits[:2] in ("0x", "0X")
            else float(digits)
            if re.search(r"[.eE]", digits)
            else int(digits)
        )
        return number * {"kb": 1024, "mb": 1024**2, "gb": 1024**3}.get(unit, 1)

    def postfix(self, value: Any, start: int) -> Any:
        """Read members, static members, indexes and calls that follow an operand without a blank."""
        while self.at < len(self.text):
            mark = self.text[self.at]
            if self._peek("::") or (
                mark == "."
                and re.compile(r"\.\s*[\w`'\"($\u2018-\u201f]").match(self.text, self.at)
                and not self._peek("..")
            ):
                self.at += 2 if mark == ":" else 1
                value = self._member(value, start)
            elif mark == "[" and not self._peek("[]"):
                self.at += 1
                place = self.nested(lambda: self.statements("]"))
                value = values.index(value, place[0]) if len(place) == 1 else UNKNOWN
            elif self._peek("++") or self._peek("--"):
                self.at += 2
                value = UNKNOWN
            else:
                break
            self.fold(start, value)
        if isinstance(value, Made | Member):
            return value
        if start < self.at and self.text[start] == "$":
            self.fold(start, value)
        return value

    def _member(self, owner: Any, start: int) -> Any:
        self.blank()
        mark = self.text[self.at : self.at + 1]
        if mark and mark in SINGLE + DOUBLE:
            name = to_text(self.string())
        elif mark in ("(", "$"):
            name_value = self.nested(self.primary_only)
            name = name_value if isinstance(name_value, str) else ""
        else:
            match = _NAME.match(self.text, self.at)
            name = match.group() if match else ""
            begin, self.at = self.at, match.end() if match else self.at + 1
            if "`" in name:
                self.trace.trick("backtick")
                name = name.replace("`", "")
                self.fold(begin, name, bare=True)
        if not self._peek("("):
            return values.member(owner, name)
        self.at += 1
        arguments = self._call_arguments()
        if name.lower() == "invoke" and isinstance(owner, Member):
            owner, name = owner.owner, owner.name
        shown = [self._shown(argument, span) for argument, span in arguments]
        given = [argument for argument, _ in arguments]
        result = values.call(owner, name.lower(), given, self.trace)
        if isinstance(result, Unknown):
            result = self.run(
                self, f".{name.lower()}", [Argument(v, t) for v, t in zip(given, shown, strict=True)], owner
            )
        return result

    def primary_only(self) -> Any:
        """Read ``(...)`` or a variable without what follows it."""
        if self._peek("("):
            self.at += 1
            output = self.statements(")")
            return output[-1] if output else UNKNOWN
        match = _VARIABLE.match(self.text, self.at)
        self.at = match.end() if match else self.at + 1
        return self.lookup(match.group(1) or match.group(2)) if match else UNKNOWN

    def _call_arguments(self) -> list[tuple[Any, tuple[int, int]]]:
        """Read ``a, b)`` as separate values, each with its place."""
        found: list[tuple[Any, tuple[int, int]]] = []
        while self.at < len(self.text):
            self.blank(lines=True)
            if self._peek(")"):
                self.at += 1
                break
            if self._peek(","):
                self.at += 1
                continue
            start = self.at
            if numbers := self._numbers():
                found += [
                    (int(item, 0 if "x" in item.lower() else 10), numbers.span()) for item in _comma(numbers.group())
                ]
                continue
            value = self.nested(lambda: self.expression(9))
            value = self._rest(start, value)
            found.append((value, (start, self.at)))
            if self.at == start:
                self.at += 1
        return found

    def _rest(self, start: int, value: Any) -> Any:
        """Go on with operators looser than a comma inside one argument."""
        while True:
            save = self.at
            self.blank(lines=True)
            operator, end = self._operator()
            if not operator or operator == ",":
                self.at = save
                return value
            self.at = end
            right = self.nested(lambda: self.expression(9))
            value = values.binary(operator, value, right, self.trace)
            self.fold(start, value)

    def _shown(self, value: Any, span: tuple[int, int]) -> str:
        return to_text(value) if known(value) else self.folded(*span).strip()

    # Words

    def blank(self, *, lines: bool = False) -> None:
        """Skip blanks and comments, line ends too when asked."""
        if match := (_BLANK_LINES if lines else _BLANK).match(self.text, self.at):
            self.at = match.end()

    def lookup(self, name: str) -> Any:
        """Give a variable's value."""
        key = self._variable_name(name)
        if key in self.variables:
            return self.variables[key]
        if key.startswith("env:"):
            return ENVIRONMENT.get(key[4:], f"${name}")
        return WELL_KNOWN.get(key, UNKNOWN)

    @staticmethod
    def _variable_name(name: str) -> str:
        return re.sub(r"^(?:global|script|local|private|using|variable):", "", name.replace("`", "").lower())

    def string(self) -> str:
        """Read a quoted string."""
        start = self.at
        quote = SINGLE if self.text[start] in SINGLE else DOUBLE
        pieces: list[str] = []
        self.at += 1
        stop = re.compile(f"[{quote}]" if quote == SINGLE else f"[{quote}`$]")
        while match := stop.search(self.text, self.at):
            pieces.append(self.text[self.at : match.start()])
            mark = match.group()
            self.at = match.end()
            if mark in quote:
                if self.text[self.at : self.at + 1] and self.text[self.at] in quote:
                    pieces.append(self.text[self.at])
                    self.at += 1
                    continue
                break
            pieces.append(self._escape() if mark == "`" else self._interpolated(match.start()))
        else:
            pieces.append(self.text[self.at :])
            self.at = len(self.text)
        text = "".join(pieces)
        self.trace.step(len(text) // 256)
        if quote == DOUBLE:
            self.fold(start, text)
        return text

    def _escape(self) -> str:
        following = self.text[self.at : self.at + 1]
        self.at += len(following)
        if following.isalpha() and following not in _ESCAPES:
            self.trace.trick("backtick")
        return _ESCAPES.get(following, following)

    def _interpolated(self, dollar: int) -> str:
        """Give what a ``$`` inside double quotes stands for; what is not known stays as written."""
        if self._peek("("):
            self.at += 1
            output = self.nested(lambda: self.statements(")"))
            return to_text(output) if known(output) else self.text[dollar : self.at]
        if variable := _VARIABLE.match(self.text, dollar):
            self.at = variable.end()
            value = self.lookup(variable.group(1) or variable.group(2))
            return to_text(value) if known(value) else variable.group()
        return "$"

    def _here_string(self) -> str:
        quote = self.text[self.at + 1]
        end = self.text.find(f"\n{quote}@", self.at)
        begin = self.text.find("\n", self.at) + 1
        if end < 0 or begin == 0:
            self.at = len(self.text)
            return ""
        self.at = end + 3
        body = self.text[begin : max(begin, end)].rstrip("\r")
        if quote == "'":
            return body
        return re.sub(r"`(.)", lambda match: _ESCAPES.get(match[1], match[1]), body)

    def closing(self, start: int) -> int:
        """Give where the bracket at ``start`` closes, or the end of the text."""
        depth, at = 0, start
        while match := _BRACKETS.search(self.text, at):
            mark, at = match.group(), match.end()
            if mark[0] == "@":
                end = self.text.find(f"\n{mark[1]}@", match.end() - 1)
                if end < 0:
                    break
                at = end + 3
            elif len(mark) == 1 and mark in "{([":
                depth += 1
            elif len(mark) == 1 and mark in "})]":
                depth -= 1
                if depth == 0:
                    self.trace.step((at - start) // 16)
                    return match.start()
        self.trace.step((len(self.text) - start) // 16)
        return len(self.text)

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end + 1

    # Folding

    def fold(self, start: int, value: Any, *, bare: bool = False) -> None:
        """Write a known value in the place of the text it was read from, where that is another text."""
        if self.quiet or not isinstance(value, str) or len(value) > FOLDED_CHARS:
            return
        literal = str(value) if bare else "'" + value.replace("'", "''") + "'"
        written = self.text[start : self.at]
        if written != literal and written[1:-1] != value:
            self.folds.append((start, self.at, literal))

    def folded(self, start: int, end: int) -> str:
        """Give a part of the text with everything known in it written out, outermost first."""
        pieces, at, room = [], start, DEFAULT.text_chars
        self.trace.step(len(self.folds) // 8)
        for fold_start, fold_end, literal in sorted(
            (fold for fold in self.folds if start <= fold[0] and fold[1] <= end), key=lambda fold: (fold[0], -fold[1])
        ):
            if fold_start >= at and room > 0:
                pieces += [self.text[at:fold_start], literal]
                at = fold_end
                room -= len(literal)
        return "".join([*pieces, self.text[at:end]])


def _comma(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


@dataclass(frozen=True, slots=True)
class _Source:
    """A piece of a word whose value is not known, as written."""

    text: str
    value: Any


_BRACKETS = re.compile(
    r"@['\"][ \t]*\r?\n|'[^']*'?|\"(?:`.|[^\"`])*\"?|<#(?:[^#]|#(?!>))*(?:#>|$)|(?<![\w$`])#[^\n]*|`.|[{}()\[\]]",
    re.DOTALL,
)
# Source: Windows PowerShell 5.1 defaults; loaders spell "iex" with letters cut out of these.
WELL_KNOWN: dict[str, Any] = {
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
    "debugpreference": "SilentlyContinue",
    "warningpreference": "Continue",
    "erroractionpreference": "Continue",
    "progresspreference": "Continue",
    "confirmpreference": "High",
    "psculture": "en-US",
    "psuiculture": "en-US",
    "true": True,
    "false": False,
    "null": None,
    "ofs": " ",
    "home": "$home",
    "pwd": "$pwd",
    "psscriptroot": "$PSScriptRoot",
    "executioncontext": Made("executioncontext"),
}
ENVIRONMENT = {
    "comspec": r"C:\Windows\system32\cmd.exe",
    "public": r"C:\Users\Public",
    "windir": r"C:\Windows",
    "systemroot": r"C:\Windows",
    "systemdrive": "C:",
    "programdata": r"C:\ProgramData",
    "allusersprofile": r"C:\ProgramData",
    "programfiles": r"C:\Program Files",
    "os": "Windows_NT",
    "psmodulepath": r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC;.CPL",
}
