"""The parser's cursor over tokens, and the grammar of expressions.

Source: [MS-VBAL] 5.6 expressions, 5.6.9.1 operator precedence, 3.3.2 number tokens.
"""

from __future__ import annotations

from sekisho.analyzers._basic_tokens import END, NAME, NUMBER, OPERATOR, STRING, Token, tokenize
from sekisho.analyzers._basic_tree import Call, Chain, Expression, Literal, Member, Name, New, Unary

NESTING = 50  # of parentheses or blocks; keeps the parser and the evaluator inside Python's own stack
TEXT_CUT = 80  # characters of source kept to show what could not be evaluated

_PRECEDENCE = {
    "imp": 1, "eqv": 2, "xor": 3, "or": 4, "and": 5,
    "=": 7, "<>": 7, "><": 7, "<": 7, ">": 7, "<=": 7, "=<": 7, ">=": 7, "=>": 7, "like": 7, "is": 7,
    "&": 8, "+": 9, "-": 9, "mod": 10, "\\": 11, "*": 12, "/": 12, "^": 14,
}  # fmt: skip
_NOT, _COMPARE, _SIGN = 6, 7, 13
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nothing": None, "empty": None, "null": None}


class Unreadable(Exception):
    """The statement does not parse; never leaves this module."""


class Grammar:
    """A cursor over one module's tokens that reads expressions."""

    def __init__(self, source: str, *, vbscript: bool) -> None:
        """Tokenise; reading starts at the first token."""
        self.source = source
        self.tokens = tokenize(source, vbscript=vbscript)
        self.at = 0
        self.depth = 0
        self.last = len(self.tokens) - 1

    def peek(self, ahead: int = 0) -> Token:
        index = self.at + ahead
        return self.tokens[index if index < self.last else self.last]

    def take(self) -> Token:
        token = self.peek()
        if self.at < self.last:
            self.at += 1
        return token

    def is_name(self, *values: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == NAME and token.value in values

    def is_operator(self, value: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == OPERATOR and token.value == value

    def accept_name(self, *values: str) -> bool:
        if self.is_name(*values):
            self.at += 1
            return True
        return False

    def accept(self, value: str) -> bool:
        if self.is_operator(value):
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not (self.accept(value) or self.accept_name(value)):
            raise Unreadable

    def at_end(self) -> bool:
        return self.peek().kind == END

    def finished(self) -> bool:
        return self.at >= self.last

    def skip_statement(self) -> None:
        while not self.at_end():
            self.at += 1

    def skip_line(self) -> None:
        while not self.finished() and not (self.at_end() and self.peek().value == "\n"):
            self.at += 1

    def text(self, start: int) -> str:
        """Give the source from token ``start`` up to here, cut."""
        begin = self.tokens[start].start
        end = self.tokens[self.at - 1].stop if self.at > start else begin
        return self.source[begin : min(end, begin + TEXT_CUT)]

    def span(self, start: int) -> tuple[int, int]:
        return self.tokens[start].start, self.tokens[max(self.at - 1, start)].stop

    def arguments(self, closing: str | None) -> tuple[list[Expression], dict[str, Expression]]:
        """Read arguments up to ``closing`` (taken), or to the end of the statement."""
        arguments: list[Expression] = []
        named: dict[str, Expression] = {}
        while True:
            if closing and self.accept(closing):
                return arguments, named
            if self.at_end() or (closing is None and self.is_name("else")):
                return arguments, named
            if self.accept(","):
                arguments.append(Literal(None))
                continue
            if self.peek().kind == NAME and self.is_operator(":=", ahead=1):
                key = self.take().value
                self.at += 1
                named[key] = self.expression()
            else:
                self.accept_name("byval", "byref")
                arguments.append(self.expression())
            if self.accept(",") or self.accept(";"):
                if closing and self.is_operator(closing):
                    arguments.append(Literal(None))
                continue
            if closing:
                self.expect(closing)
            return arguments, named

    def expression(self, minimum: int = 0) -> Expression:
        self.depth += 1
        try:
            if self.depth > NESTING:
                raise Unreadable
            left = self.prefix()
            chain: Chain | None = None
            chain_precedence = -1
            while True:
                token = self.peek()
                precedence = _PRECEDENCE.get(token.value) if token.kind in (OPERATOR, NAME) else None
                if precedence is None or precedence < minimum:
                    return left
                self.at += 1
                right = self.expression(precedence + 1)
                if chain is not None and precedence == chain_precedence and left is chain:
                    chain.rest.append((token.value, right))
                    continue
                left = chain = Chain(left, [(token.value, right)])
                chain_precedence = precedence
        finally:
            self.depth -= 1

    def prefix(self) -> Expression:
        token = self.peek()
        if token.kind == NAME and token.value == "not":
            self.at += 1
            return Unary("not", self.expression(_COMPARE))
        if token.kind == OPERATOR and token.value in "+-":
            self.at += 1
            return Unary(token.value, self.expression(_SIGN))
        return self.primary()

    def primary(self) -> Expression:
        begin = self.at
        node = self.atom()
        while True:
            if self.is_operator("("):
                open_at = self.at
                self.at += 1
                arguments, named = self.arguments(")")
                node = Call(node, arguments, self.text(begin), open_at, named)
            elif (self.is_operator(".") or self.is_operator("!")) and self.peek(1).kind == NAME:
                self.at += 1
                node = Member(node, self.take().value, self.text(begin))
            else:
                return node

    def atom(self) -> Expression:
        token = self.take()
        if token.kind == STRING:
            return Literal(token.value)
        if token.kind == NUMBER:
            return Literal(number(token.value))
        if token.kind == NAME:
            return self.word(token)
        if token.value == "(":
            inner = self.expression()
            self.expect(")")
            return inner if not isinstance(inner, Name) else Chain(inner, [])
        if token.value in (".", "!") and self.peek().kind == NAME:  # inside With
            name = self.take()
            return Member(None, name.value, self.source[token.start : name.stop])
        if token.value == "#" and self.peek().kind in (NAME, NUMBER):  # a file number
            return self.atom()
        if token.kind == END:
            self.at -= self.at > 0 and self.tokens[self.at - 1] is token
        raise Unreadable

    def word(self, token: Token) -> Expression:
        if token.value in _CONSTANTS:
            return Literal(_CONSTANTS[token.value])
        if token.value == "new" and self.peek().kind == NAME:
            begin = self.at
            self.primary()
            return New(self.text(begin).partition("(")[0].lower())
        if token.value == "addressof":
            return Call(Name("addressof"), [self.primary()], "AddressOf")
        if token.value == "typeof":
            return self.primary()
        return Name(token.value)


def number(text: str) -> int | float:
    """Give the value of a number literal.

    ``&H`` and ``&O`` literals of up to four hexadecimal digits are 16-bit and signed, longer ones 32-bit.

    Source: [MS-VBAL] 3.3.2 number tokens.
    """
    if text.startswith("&"):
        base = 16 if text[1] == "h" else 8
        value = int(text[2:66] or "0", base)
        if value > 0xFFFFFFFF:
            return value
        if value > 0xFFFF:
            return value - (1 << 32) if value >= 1 << 31 else value
        return value - (1 << 16) if value >= 1 << 15 else value
    if text.isdigit():
        return int(text[:40])
    try:
        return float(text.replace("d", "e"))
    except ValueError:
        return 0
