"""Parser of the BASIC family: source to tree, forgiving.

A statement that cannot be read is left out up to the end of its line and the next one is read: a macro written to break
parsers still gives everything else. Longer than most modules because a recursive parser does not come apart well.

Source: [MS-VBAL] 5; VBScript differs in having ``Class`` inside a file, no types and code outside procedures.
"""

from __future__ import annotations

from sekisho.analyzers._basic_grammar import NESTING, Grammar, Unreadable
from sekisho.analyzers._basic_tokens import END, NAME, NUMBER, STRING
from sekisho.analyzers._basic_tree import (
    Assign,
    Call,
    Declare,
    Expression,
    External,
    FileStatement,
    For,
    ForEach,
    If,
    Invoke,
    Label,
    Leave,
    Literal,
    New,
    Parameter,
    Procedure,
    Select,
    Statement,
    Unit,
    While,
    With,
)

_MODIFIERS = {"public", "private", "friend", "static", "global", "default"}
_PROCEDURES = {"sub", "function", "property"}
_STOPS = {
    "end", "else", "elseif", "next", "loop", "wend", "case",
}  # fmt: skip
_FILE_VERBS = {"kill", "filecopy", "mkdir", "rmdir", "setattr", "chdir", "savesetting", "deletesetting"}
_IGNORED = {"option", "on", "resume", "stop", "event", "implements", "attribute", "erase", "defint", "deflng", "defstr",
            "defbool", "defvar", "randomize", "raiseevent", "seek", "lock", "unlock", "width", "reset"}  # fmt: skip


def parse(source: str, name: str = "", *, vbscript: bool = False) -> Unit:
    """Give the tree of one module; never fails."""
    return _Parser(source, name, vbscript).unit()


class _Parser(Grammar):
    def __init__(self, source: str, module: str, vbscript: bool) -> None:
        super().__init__(source, vbscript=vbscript)
        self.module = module
        self.procedures: list[Procedure] = []
        self.externals: list[External] = []
        self.inside = False
        """In a procedure's body."""
        self.taken: list[tuple[int, int]] = []
        """Token ranges of procedures."""

    # modules

    def unit(self) -> Unit:
        body = self.block(set(), top=True)
        outside, at = set[str](), 0
        for begin, end in self.taken:
            outside |= self.mentions(at, begin)
            at = end
        outside |= self.mentions(at, self.last)
        texts = [token.value for token in self.tokens if token.kind == STRING]
        return Unit(
            self.module, body, self.procedures, self.externals, frozenset(outside), frozenset(texts), len(texts)
        )

    def mentions(self, begin: int, end: int) -> set[str]:
        return {token.value.lower() for token in self.tokens[begin:end] if token.kind in (NAME, STRING)}

    def block(self, stops: set[str], *, top: bool = False) -> list[Statement]:
        """Read statements up to one of ``stops`` (not taken) or a word that closes an outer block."""
        body: list[Statement] = []
        self.depth += 1
        try:
            while not self.finished():
                if self.at_end():
                    self.at += 1
                    continue
                token = self.peek()
                if token.kind == NAME and self.closes(token.value, stops):
                    if not top:
                        break
                    self.skip_statement()  # closes nothing that is open
                    continue
                begin = self.at
                try:
                    self.statement(body)
                except Unreadable:
                    self.at = max(self.at, begin + 1)
                    self.skip_statement()
        finally:
            self.depth -= 1
        return body

    def starts_procedure(self) -> bool:
        """Tell whether a procedure starts here, which inside another one means that its end is missing."""
        ahead = 0
        while ahead < 3 and self.is_name(*_MODIFIERS, ahead=ahead):
            ahead += 1
        return self.is_name(*_PROCEDURES, ahead=ahead) and self.peek(ahead + 1).kind == NAME

    def closes(self, word: str, stops: set[str]) -> bool:
        if word in stops or (self.inside and self.starts_procedure()):
            return True
        if word == "end":
            return self.is_name("if", "sub", "function", "property", "select", "with", "class", "type", "enum", ahead=1)
        return word in _STOPS and not self.is_operator("=", ahead=1) and not self.is_operator(".", ahead=1)

    # statements

    def statement(self, body: list[Statement]) -> None:
        """Read one statement into ``body``."""
        if self.depth > NESTING:
            raise Unreadable
        token = self.peek()
        if token.kind == NUMBER:  # a line number
            body.append(Label(token.value))
            self.at += 1
            if not self.at_end():
                self.statement(body)
            return
        if token.kind == NAME:
            if self.label(body):
                return
            reader = _READERS.get(token.value)
            if reader is not None and not self.is_operator("=", ahead=1) and not self.is_operator(".", ahead=1):
                reader(self, body)
                self.skip_statement()
                return
            if token.value in _MODIFIERS and self.modified(body):
                return
            if token.value in _IGNORED and not self.is_operator("=", ahead=1) and not self.is_operator(".", ahead=1):
                self.skip_statement()
                return
        self.call_or_assign(body)
        self.skip_statement()

    def label(self, body: list[Statement]) -> bool:
        following = self.peek(1)
        if following.kind != END or self.source[following.start : following.start + 1] != ":":
            return False
        name = self.peek().value
        if (
            name in _READERS
            or name in _STOPS
            or name in ("doevents", "beep", "stop")
            or following.start != self.peek().stop
        ):
            return False
        before = self.tokens[self.at - 1] if self.at else None
        if before is not None and not (before.kind == END and before.value == "\n"):
            return False
        body.append(Label(name))
        self.at += 1
        return True

    def modified(self, body: list[Statement]) -> bool:
        """Read what follows ``Public``, ``Private`` …: a procedure, a declaration or variables."""
        begin = self.at
        while self.is_name(*_MODIFIERS):
            self.at += 1
        if self.is_name(*_PROCEDURES) or self.is_name("declare", "const", "type", "enum", "class", "event"):
            word = self.peek().value
            if word == "event":
                self.skip_statement()
            else:
                _READERS[word](self, body)
                self.skip_statement()
            return True
        if self.peek().kind == NAME:
            self.accept_name("withevents")
            self.declarations(body, keep=False)
            self.skip_statement()
            return True
        self.at = begin
        return False

    def call_or_assign(self, body: list[Statement]) -> None:
        begin = self.at
        target = self.primary()
        if self.accept("="):
            start = self.at
            value = self.expression()
            body.append(Assign(target, value, self.span(start)))
            return
        if self.at_end() or self.is_name("else"):
            body.append(Invoke(target, self.span(begin)))
            return
        if isinstance(target, Call) and target.open_at >= 0 and not self.is_operator(","):
            self.at = target.open_at  # ``Shell (a) & b``: the parentheses belong to the first argument
            target = target.target
        elif isinstance(target, Call) and target.open_at >= 0:
            self.at = target.open_at
            target = target.target
        arguments, named = self.arguments(None)
        body.append(Invoke(Call(target, arguments, self.text(begin), named=named), self.span(begin)))

    # blocks

    def read_if(self, body: list[Statement]) -> None:
        self.at += 1
        condition = self.expression()
        self.expect("then")
        branches: list[tuple[Expression | None, list[Statement]]] = []
        if not (self.at_end() and self.peek().value == "\n"):
            body.append(If(self.one_line_if(condition)))
            return
        while True:
            branches.append((condition, self.block({"else", "elseif", "end"})))
            if self.accept_name("elseif"):
                condition = self.expression()
                self.accept_name("then")
                continue
            if self.accept_name("else"):
                if self.accept_name("if"):  # ``Else If`` written apart
                    condition = self.expression()
                    self.accept_name("then")
                    continue
                branches.append((None, self.block({"end"})))
            break
        self.close("if")
        body.append(If(branches))

    def close(self, word: str) -> None:
        """Take ``End word`` when it is there; a missing one closes all the same."""
        if self.is_name("end") and self.is_name(word, ahead=1):
            self.at += 2

    def one_line_if(self, condition: Expression) -> list[tuple[Expression | None, list[Statement]]]:
        branches: list[tuple[Expression | None, list[Statement]]] = [(condition, [])]
        self.depth += 1
        try:
            while not self.finished() and not (self.at_end() and self.peek().value == "\n"):
                if self.at_end():
                    self.at += 1
                elif self.accept_name("else"):
                    branches.append((None, []))
                elif self.is_name("end") and self.is_name("if", ahead=1):
                    self.at += 2
                    break
                elif self.peek().kind == NUMBER:  # ``Then 100``: a jump
                    branches[-1][1].append(Leave("goto:" + self.take().value))
                else:
                    self.in_line(branches[-1][1])
        finally:
            self.depth -= 1
        return branches

    def in_line(self, body: list[Statement]) -> None:
        """Read one statement that an ``Else`` on the same line may end."""
        begin = self.at
        if self.depth > NESTING:
            self.at += 1
            self.to_else()
            return
        try:
            reader = _READERS.get(self.peek().value) if self.peek().kind == NAME else None
            if reader is not None and not self.is_operator("=", ahead=1) and not self.is_operator(".", ahead=1):
                reader(self, body)
            elif self.peek().kind == NAME and self.peek().value in _IGNORED and not self.is_operator("=", ahead=1):
                self.at += 1
                self.to_else()
            else:
                self.call_or_assign(body)
        except Unreadable:
            self.at = max(self.at, begin + 1)
        self.to_else()

    def to_else(self) -> None:
        while not self.at_end() and not self.is_name("else"):
            self.at += 1

    def read_for(self, body: list[Statement]) -> None:
        self.at += 1
        if self.accept_name("each"):
            item = self.primary()
            self.expect("in")
            items = self.expression()
            body.append(ForEach(item, items, self.loop_body("next")))
            return
        counter = self.primary()
        self.expect("=")
        start = self.expression()
        self.expect("to")
        stop = self.expression()
        step = self.expression() if self.accept_name("step") else None
        body.append(For(counter, start, stop, step, self.loop_body("next")))

    def loop_body(self, closing: str) -> list[Statement]:
        inner = self.block({closing})
        self.accept_name(closing)
        return inner

    def read_while(self, body: list[Statement]) -> None:
        self.at += 1
        condition = self.expression()
        body.append(While(condition, False, True, self.loop_body("wend")))

    def read_do(self, body: list[Statement]) -> None:
        self.at += 1
        condition, until, first = None, False, True
        if self.is_name("while", "until"):
            until = self.take().value == "until"
            condition = self.expression()
        inner = self.loop_body("loop")
        if condition is None and self.is_name("while", "until"):
            until, first = self.take().value == "until", False
            condition = self.expression()
        body.append(While(condition, until, first, inner))

    def read_select(self, body: list[Statement]) -> None:
        self.at += 1
        self.expect("case")
        select = Select(self.expression(), [])
        self.block({"case"})
        while self.accept_name("case"):
            tests: list[tuple[str, Expression, Expression | None]] = []
            if not self.accept_name("else"):
                tests = self.case_tests()
            select.cases.append((tests, self.block({"case"})))
        self.close("select")
        body.append(select)

    def case_tests(self) -> list[tuple[str, Expression, Expression | None]]:
        tests: list[tuple[str, Expression, Expression | None]] = []
        while not self.at_end():
            operator = "="
            if self.accept_name("is") or self.peek().value in ("<", ">", "<=", ">=", "<>"):
                operator = self.take().value
            low = self.expression()
            high = self.expression() if self.accept_name("to") else None
            tests.append((operator, low, high))
            if not self.accept(","):
                break
        return tests

    def read_with(self, body: list[Statement]) -> None:
        self.at += 1
        target = self.expression()
        inner = self.block(set())
        self.close("with")
        body.append(With(target, inner))

    # small statements

    def read_set(self, body: list[Statement]) -> None:
        self.at += 1
        self.call_or_assign(body)

    def read_call(self, body: list[Statement]) -> None:
        begin = self.at
        self.at += 1
        body.append(Invoke(self.primary(), self.span(begin)))

    def read_exit(self, body: list[Statement]) -> None:
        self.at += 1
        word = self.take().value if not self.at_end() else "sub"
        body.append(Leave("sub" if word in _PROCEDURES else word))

    def read_end(self, body: list[Statement]) -> None:
        self.at += 1
        body.append(Leave("end"))

    def read_goto(self, body: list[Statement]) -> None:
        self.at += 1
        if not self.at_end():
            body.append(Leave("goto:" + self.take().value))

    def read_dim(self, body: list[Statement]) -> None:
        self.at += 1
        self.accept_name("withevents")
        self.declarations(body, keep=self.accept_name("preserve"))

    def declarations(self, body: list[Statement], *, keep: bool) -> None:
        while self.peek().kind == NAME:
            item = Declare(self.take().value, keep=keep)
            if self.accept("("):
                item.bounds = self.bounds()
            if self.accept_name("as"):
                self.type_of(item)
            if self.accept("="):  # Const
                start = self.at
                item.value = self.expression()
                _ = start
            body.append(item)
            if not self.accept(","):
                return

    def bounds(self) -> list[tuple[Expression | None, Expression]]:
        bounds: list[tuple[Expression | None, Expression]] = []
        while not self.accept(")"):
            low: Expression | None = self.expression()
            high = self.expression() if self.accept_name("to") else None
            bounds.append((low, high) if high is not None else (None, low or Literal(0)))
            if not self.accept(",") and not self.is_operator(")"):
                raise Unreadable
        return bounds

    def type_of(self, item: Declare) -> None:
        fresh = self.accept_name("new")
        begin = self.at
        while self.peek().kind == NAME or self.is_operator("."):
            self.at += 1
        item.type_name = self.text(begin).lower()
        if fresh:
            item.value = New(item.type_name)
        if self.accept("*"):  # fixed-length string
            self.primary()

    def read_const(self, body: list[Statement]) -> None:
        self.at += 1
        self.declarations(body, keep=False)

    def read_enum(self, body: list[Statement]) -> None:
        self.skip_statement()
        following = 0
        while not self.finished() and not (self.is_name("end") and self.is_name("enum", ahead=1)):
            if self.peek().kind == NAME:
                item = Declare(self.take().value, value=Literal(following))
                if self.accept("="):
                    try:
                        item.value = self.expression()
                    except Unreadable:
                        self.skip_statement()
                if isinstance(item.value, Literal) and isinstance(item.value.value, int):
                    following = item.value.value + 1
                body.append(item)
            self.at += 1
        self.close("enum")

    def read_type(self, body: list[Statement]) -> None:
        while not self.finished() and not (self.is_name("end") and self.is_name("type", ahead=1)):
            self.at += 1
        self.close("type")

    def read_class(self, body: list[Statement]) -> None:
        self.at += 1
        self.skip_statement()
        body.extend(self.block(set()))
        self.close("class")

    def read_declare(self, body: list[Statement]) -> None:
        self.at += 1
        self.accept_name("ptrsafe")
        self.take()  # Sub or Function
        name = self.take().value
        library, function = "", name
        while not self.at_end():
            if self.accept_name("lib") and self.peek().kind == STRING:
                library = self.take().value.lower()
            elif self.accept_name("alias") and self.peek().kind == STRING:
                function = self.take().value.lower()
            elif self.is_operator("("):
                break
            else:
                self.at += 1
        self.externals.append(External(name, plain_function(function), library.removesuffix(".dll")))

    def read_procedure(self, body: list[Statement]) -> None:
        kind = self.take().value
        if kind == "property":
            self.take()  # Get, Let or Set
        if self.peek().kind != NAME:
            raise Unreadable
        begin = self.at
        spelled = self.source[self.peek().start : self.peek().stop]
        name = self.take().value
        parameters: list[Parameter] = []
        try:
            parameters = self.parameters() if self.accept("(") else []
        except Unreadable:
            self.skip_line()
        if self.accept_name("as"):
            self.skip_statement()
        self.inside = True
        inner = self.block(set())
        self.inside = False
        mentions = frozenset(self.mentions(begin, self.at))
        self.taken.append((begin, self.at))
        for word in _PROCEDURES:
            self.close(word)
        gives = kind != "sub"
        self.procedures.append(Procedure(name, spelled, self.module, parameters, inner, mentions, gives))

    def parameters(self) -> list[Parameter]:
        parameters: list[Parameter] = []
        while not self.accept(")"):
            by_value = rest = False
            while self.is_name("byval", "byref", "optional", "paramarray"):
                word = self.take().value
                by_value, rest = by_value or word == "byval", rest or word == "paramarray"
            if self.peek().kind != NAME:
                raise Unreadable
            parameter = Parameter(self.take().value, by_value, None, rest)
            if self.accept("("):
                self.expect(")")
            if self.accept_name("as"):
                while self.peek().kind == NAME or self.is_operator("."):
                    self.at += 1
            if self.accept("="):
                parameter.default = self.expression()
            parameters.append(parameter)
            if not self.accept(",") and not self.is_operator(")"):
                raise Unreadable
        return parameters

    # files

    def read_open(self, body: list[Statement]) -> None:
        begin = self.at
        self.at += 1
        path = self.expression()
        if not self.accept_name("for") and (self.at_end() or self.is_operator(",")):
            self.at = begin  # a procedure of the user's own named Open
            raise Unreadable
        mode = self.take().value if self.peek().kind == NAME else ""
        while not self.at_end() and not self.accept_name("as"):
            self.at += 1
        number_ = self.expression() if not self.at_end() else Literal(0)
        body.append(FileStatement("open", [path, number_], mode))

    def read_print(self, body: list[Statement]) -> None:
        verb = self.peek().value
        if not (self.is_operator("#", ahead=1) or verb in ("put", "get")):
            self.call_or_assign(body)
            return
        self.at += 1
        arguments = self.arguments(None)[0]
        body.append(FileStatement(verb, arguments))

    def read_name(self, body: list[Statement]) -> None:
        if not any(token.value == "as" for token in self.tokens[self.at + 1 : self.at + 40]):
            self.call_or_assign(body)
            return
        self.at += 1
        old = self.expression()
        self.expect("as")
        body.append(FileStatement("name", [old, self.expression()]))

    def read_file_verb(self, body: list[Statement]) -> None:
        verb = self.take().value
        body.append(FileStatement(verb, self.arguments(None)[0]))

    def read_execute(self, body: list[Statement]) -> None:
        self.call_or_assign(body)

    def read_nothing(self, body: list[Statement]) -> None:
        self.skip_statement()


_READERS = {
    "if": _Parser.read_if,
    "for": _Parser.read_for,
    "while": _Parser.read_while,
    "do": _Parser.read_do,
    "select": _Parser.read_select,
    "with": _Parser.read_with,
    "set": _Parser.read_set,
    "let": _Parser.read_set,
    "call": _Parser.read_call,
    "exit": _Parser.read_exit,
    "end": _Parser.read_end,
    "goto": _Parser.read_goto,
    "gosub": _Parser.read_nothing,
    "return": _Parser.read_nothing,
    "dim": _Parser.read_dim,
    "redim": _Parser.read_dim,
    "const": _Parser.read_const,
    "enum": _Parser.read_enum,
    "type": _Parser.read_type,
    "class": _Parser.read_class,
    "declare": _Parser.read_declare,
    "sub": _Parser.read_procedure,
    "function": _Parser.read_procedure,
    "property": _Parser.read_procedure,
    "open": _Parser.read_open,
    "close": _Parser.read_nothing,
    "print": _Parser.read_print,
    "write": _Parser.read_print,
    "put": _Parser.read_print,
    "get": _Parser.read_print,
    "name": _Parser.read_name,
    **dict.fromkeys(sorted(_FILE_VERBS), _Parser.read_file_verb),
}


def plain_function(name: str) -> str:
    """Give a Windows function's name without the letter for its character set."""
    plain = name.lower().rsplit("#", 1)[-1]
    if len(plain) > 4 and plain[-1] in "aw" and name[-1:].isupper():
        return plain[:-1]
    return plain[:-1] if plain.endswith(("filea", "filew", "executea", "executew", "processa", "processw")) else plain
