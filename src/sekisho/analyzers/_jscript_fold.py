"""JavaScript and JScript read expression by expression; what is known is written out, nothing runs.

One pass over the tokens in their order: assignments are followed, counted loops and one-line decoders are repeated
within a budget, everything else keeps its text. The file is long because expressions, calls and functions call each
other.

Source: ECMA-262, chapter 13 (expressions) and 14 (statements); Microsoft's reference of WScript and of ActiveXObject.
"""

from __future__ import annotations

import re
from typing import Any

from sekisho.analyzers import _jscript_values as values
from sekisho.analyzers import _programs as programs
from sekisho.analyzers._cmd_shell import kind_of
from sekisho.analyzers._jscript_tokens import TOKENS, Token, hides, tokens, unescaped
from sekisho.analyzers._jscript_values import UNKNOWN, Function, Made, Regex, Unknown, known, to_text
from sekisho.analyzers._script import Trace, Unfolded
from sekisho.analyzers.script_encoding import MARK, decode_script_encoder
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

DEPTH = 60
LOOP_STEPS = 60_000
"""Tokens read again for loops and functions; beyond that each is read once."""
STATEMENT = 1_000
"""Tokens of a loop's body without braces; a longer one is read once, as what follows the loop."""
FOLDED_CHARS = 200_000
INTERESTING = re.compile(
    r"eval|ActiveXObject|WScript|CreateObject|GetObject|fromCharCode|unescape|atob|\\x[0-9a-f]{2}|\\u00|decodeURI|Function|document\.write"
    r"|\.Run\b|execScript|setTimeout|join\(|split\(|replace\(|[\"']\s*\+|\+\s*[\"']",
    re.IGNORECASE,
)
"""Without any of these there is nothing to fold and nothing that starts."""

LEVELS = {
    **dict.fromkeys(("||", "??"), 3),
    "&&": 4,
    "|": 5,
    "^": 6,
    "&": 7,
    **dict.fromkeys(("==", "!=", "===", "!=="), 8),
    **dict.fromkeys(("<", ">", "<=", ">=", "in", "instanceof"), 9),
    **dict.fromkeys(("<<", ">>", ">>>"), 10),
    **dict.fromkeys(("+", "-"), 11),
    **dict.fromkeys(("*", "/", "%", "**"), 12),
}
ASSIGNS = frozenset(
    ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "**=", "||=", "&&=", "??=")
)
SEPARATE = frozenset((";", "{", "}", ")", "]", ",", ":"))
KEYWORDS = frozenset(
    "var let const if else while do switch case default try catch finally return throw break continue with async await"
    " export import class extends debugger yield static of".split()
)


class TooDeep(Exception):
    """Expressions are nested deeper than the reader follows."""


def unfold_jscript(text: str) -> Unfolded:
    """Give what a script does in the end."""
    raw = text = text[: DEFAULT.text_chars]
    trace = Trace()
    if MARK in text:
        try:
            text = decode_script_encoder(text)
            trace.trick("script-encoder")
        except MalformedError:
            pass
    final = text
    try:
        if INTERESTING.search(text):
            final = _read(text, trace)
    except LimitError as error:
        trace.cut = error.limit
    return trace.result(raw, final)


def _read(text: str, trace: Trace) -> str:
    found = tokens(text)
    if len(found) >= TOKENS:
        trace.cut = "text_chars"
    reader = Reader(text, found, trace)
    try:
        reader.statements(len(found))
    except LimitError as error:
        trace.cut = error.limit
    return reader.folded()


class Reader:
    """One reading of a script."""

    def __init__(self, text: str, found: list[Token], trace: Trace) -> None:
        """Read ``found``, the tokens of ``text``."""
        self.text, self.tokens, self.trace = text, found, trace
        self.kinds = [token.kind for token in found]
        self.words = [token.text for token in found]
        self.at = 0
        self.depth = 0
        self.quiet = 0
        self.budget = LOOP_STEPS
        self.variables: dict[str, Any] = {}
        self.folds: list[tuple[int, int, str]] = []
        self.returned: Any = None
        self.closers = _closers(self.words, self.kinds)

    # Statements

    def statements(self, end: int) -> None:
        """Read statements up to a token."""
        end = min(end, len(self.words))
        while self.at < end:
            before = self.at
            try:
                self.statement()
            except TooDeep:
                if self.depth:
                    raise
                self.at = max(self.at, before + 1)
            if self.at == before:
                self.at += 1

    def statement(self) -> None:
        """Read one statement, or one mark between statements."""
        word = self.words[self.at]
        if self.kinds[self.at] == "mark" and word in SEPARATE:
            self.at += 1
        elif word == "for" and self._is(self.at + 1, "("):
            self._for()
        elif word == "function":
            self._function()
        elif word == "return":
            self.at += 1
            self.returned = (
                self.expression() if self.at < len(self.words) and self.words[self.at] not in SEPARATE else None
            )
        elif word in KEYWORDS and self.kinds[self.at] == "name":
            self.at += 1
        else:
            self.expression()

    def _is(self, at: int, word: str) -> bool:
        return at < len(self.words) and self.words[at] == word and self.kinds[at] == "mark"

    def _closer(self, at: int) -> int:
        """Give where the bracket at a token closes; the end when it never does."""
        return self.closers.get(at, len(self.words))

    def _for(self) -> None:
        close = self._closer(self.at + 1)
        header = range(self.at + 2, close)
        depth, stops = 0, []
        for place in header:
            depth += (self.words[place] in "([{") - (self.words[place] in ")]}") if self.kinds[place] == "mark" else 0
            if not depth and self.words[place] == ";" and self.kinds[place] == "mark":
                stops.append(place)
        if len(stops) != 2:
            self.at += 2
            return
        self.at += 2
        self.statements(stops[0])
        body_start = close + 1
        body_end = self._closer(body_start) + 1 if self._is(body_start, "{") else self._statement_end(body_start)
        size = body_end - stops[0]
        for turn in range(LOOP_STEPS):
            self.at = stops[0] + 1
            goes_on = self.expression() if self.at < stops[1] else True
            if (turn and goes_on is not True) or goes_on is False or (turn and self.budget < size):
                break
            self.quiet += 1
            try:
                self.at = body_start
                self._deeper(lambda: self.statements(body_end))
                self.at = stops[1] + 1
                self._deeper(lambda: self.statements(close))
            finally:
                self.quiet -= 1
            self.budget -= size
            if isinstance(goes_on, Unknown):
                break
        if goes_on is not False:
            self._forget(body_start, body_end)
        self.at = body_end

    def _forget(self, start: int, end: int) -> None:
        """Forget what a loop that was not followed to its end assigns."""
        for place in range(start, min(end, len(self.words)) - 1):
            if self.kinds[place] == "name" and self.words[place + 1] in ASSIGNS:
                self.variables.pop(self.words[place], None)

    def _statement_end(self, at: int) -> int:
        last = min(len(self.words), at + STATEMENT)
        while at < last and not self._is(at, ";"):
            if self.words[at] in "([{" and self.kinds[at] == "mark":
                at = self._closer(at)
            elif self.words[at] in ")]}" and self.kinds[at] == "mark":
                return at
            at += 1
        return at + 1

    def _function(self) -> Any:
        """Read ``function name(a, b) { ... }`` with its parameters unknown; give it."""
        self.at += 1
        if self._is(self.at, "*"):
            self.at += 1
        name = ""
        if self.at < len(self.words) and self.kinds[self.at] == "name":
            name = self.words[self.at]
            self.at += 1
        if not self._is(self.at, "("):
            return UNKNOWN
        close = self._closer(self.at)
        parameters = tuple(self.words[place] for place in range(self.at + 1, close) if self.kinds[place] == "name")
        self.at = close + 1
        if not self._is(self.at, "{"):
            return UNKNOWN
        end = self._closer(self.at)
        function = Function(parameters, self.at + 1, end)
        if name:
            self.variables[name] = function
        self._body(function)
        self.at = end + 1
        return function

    def _body(self, function: Function) -> None:
        """Read a body once with its parameters unknown, for what it does by itself."""
        hidden = {name: self.variables.pop(name) for name in function.parameters if name in self.variables}
        for name in function.parameters:
            self.variables[name] = UNKNOWN
        self.at = function.start
        self._deeper(lambda: self.statements(function.end))
        for name in function.parameters:
            self.variables.pop(name, None)
        self.variables.update(hidden)

    def _deeper(self, read: Any) -> Any:
        if self.depth >= DEPTH:
            raise TooDeep
        self.depth += 1
        try:
            return read()
        finally:
            self.depth -= 1

    # Expressions

    def expression(self) -> Any:
        """Read expressions joined by commas; give the last."""
        value = self.assignment()
        while self._is(self.at, ","):
            self.at += 1
            value = self.assignment()
        return value

    def assignment(self) -> Any:
        """Read one expression, assignments and conditions included."""
        return self._deeper(self._assignment)

    def _assignment(self) -> Any:
        start = self.at
        if start >= len(self.words):
            return UNKNOWN
        if self._is(start + 1, "=>") or (self._is(start, "(") and self._is(self._closer(start) + 1, "=>")):
            return self._arrow()
        value = self._binary(0)
        if self._is(self.at, "?"):
            return self._condition(start, value)
        if self.at < len(self.words) and self.words[self.at] in ASSIGNS and self.kinds[self.at] == "mark":
            return self._assign(start, self.words[self.at])
        return value

    def _condition(self, start: int, test: Any) -> Any:
        self.at += 1
        first = self.assignment()
        second: Any = UNKNOWN
        if self._is(self.at, ":"):
            self.at += 1
            second = self.assignment()
        value = (first if test else second) if known(test) else UNKNOWN
        self.fold(start, value)
        return value

    def _arrow(self) -> Any:
        start = self.at
        close = self._closer(start) if self._is(start, "(") else start
        parameters = tuple(self.words[place] for place in range(start, close + 1) if self.kinds[place] == "name")
        body = close + 2
        if self._is(body, "{"):
            function = Function(parameters, body + 1, self._closer(body))
            self._body(function)
            self.at = function.end + 1
            return function
        self.at = body
        hidden = {name: self.variables.pop(name) for name in parameters if name in self.variables}
        self.variables.update(dict.fromkeys(parameters, UNKNOWN))
        self.assignment()
        for name in parameters:
            self.variables.pop(name, None)
        self.variables.update(hidden)
        return Function(parameters, body, self.at, expression=True)

    def _assign(self, start: int, operator: str) -> Any:
        target_end = self.at
        self.at += 1
        value = self.assignment()
        if target_end == start + 1 and self.kinds[start] == "name":
            name = self.words[start]
            if operator != "=":
                value = values.binary(operator[:-1], self.variables.get(name, UNKNOWN), value, self.trace)
            self.variables[name] = value
        else:
            self._property(start, target_end, value if operator == "=" else UNKNOWN)
        return value

    def _property(self, start: int, end: int, value: Any) -> None:
        """Note ``x.name = value`` where the name says something; forget what an element assignment changes."""
        if (
            end - start == 4
            and self._is(start + 1, "[")
            and isinstance(held := self.variables.get(self.words[start]), list)
        ):
            place = self.words[start + 2]
            number = int(place) if place.isdigit() else self.variables.get(place)
            if isinstance(number, int) and 0 <= number < len(held):
                held[number] = value
            else:
                self.variables.pop(self.words[start], None)
        elif (
            end - start == 3
            and self._is(start + 1, ".")
            and isinstance(held := self.variables.get(self.words[start]), dict)
        ):
            held[self.words[start + 2]] = value

    def _binary(self, level: int) -> Any:
        start = self.at
        value = self.unary()
        while self.at < len(self.words):
            operator = self.words[self.at]
            bound = LEVELS.get(operator)
            if (
                bound is None
                or bound < level
                or (self.kinds[self.at] != "mark" and operator not in ("in", "instanceof"))
            ):
                return value
            self.at += 1
            right = self._deeper(lambda bound=bound: self._binary(bound + 1))
            if operator in ("in", "instanceof"):
                value = UNKNOWN
            else:
                value = values.binary(operator, value, right, self.trace)
                self.fold(start, value)
        return value

    def unary(self) -> Any:
        """Read prefix operators and what they apply to."""
        if self.at >= len(self.words):
            return UNKNOWN
        word, kind = self.words[self.at], self.kinds[self.at]
        if kind == "mark" and word in ("!", "-", "+", "~", "++", "--", "..."):
            self.at += 1
            target = self.at
            value = self._deeper(self.unary)
            if word in ("++", "--"):
                return self._step(target, 1 if word == "++" else -1)
            if word == "!":
                return not value if known(value) else UNKNOWN
            number = values.to_number(value) if known(value) else UNKNOWN
            if isinstance(number, Unknown) or word == "...":
                return UNKNOWN
            return -number if word == "-" else ~int(number) if word == "~" else number
        if kind == "name" and word in ("typeof", "void", "delete", "await", "yield"):
            self.at += 1
            self._deeper(self.unary)
            return UNKNOWN
        if kind == "name" and word == "new":
            return self._new()
        return self._postfix()

    def _step(self, target: int, by: int) -> Any:
        name = self.words[target] if target < len(self.words) else ""
        number = self.variables.get(name, UNKNOWN)
        if self.at == target + 1 and isinstance(number, int | float):
            self.variables[name] = number + by
            return number + by
        self.variables.pop(name, None)
        return UNKNOWN

    def _new(self) -> Any:
        start = self.at
        self.at += 1
        name_start = self.at
        while self.at < len(self.words) and (self.kinds[self.at] == "name" or self._is(self.at, ".")):
            self.at += 1
        name = "".join(self.words[name_start : self.at])
        if self.at == name_start:
            self._deeper(self.unary)
            return UNKNOWN
        arguments = self._arguments() if self._is(self.at, "(") else []
        if name == "Function" and arguments and isinstance(arguments[-1], str):
            self._layer("function", arguments[-1])
        value: Any = UNKNOWN
        if name == "ActiveXObject" and arguments and isinstance(arguments[0], str):
            value = Made(arguments[0].lower())
        elif name in ("String", "RegExp") and arguments and isinstance(arguments[0], str):
            value = (
                arguments[0]
                if name == "String"
                else Regex(arguments[0], to_text(arguments[1]) if len(arguments) > 1 else "")
            )
        elif name == "Array":
            value = list(arguments) if len(arguments) != 1 else []
        return self._members(value, name, start)

    def _arguments(self) -> list[Any]:
        """Read ``(a, b)``."""
        close = self._closer(self.at)
        self.at += 1
        found: list[Any] = []
        while self.at < close:
            before = self.at
            found.append(self.assignment())
            if self.at == before or self._is(self.at, ","):
                self.at += 1
        self.at = close + 1
        return found

    def _postfix(self) -> Any:
        start = self.at
        word, kind = self.words[start], self.kinds[start]
        path = ""
        value: Any = UNKNOWN
        if kind == "string":
            value = self._string(word)
            self.at += 1
            self.fold(start, value)
        elif kind == "number":
            value = _number(word)
            self.at += 1
        elif kind == "template":
            value = unescaped(word[1:-1]) if "${" not in word else UNKNOWN
            self.at += 1
        elif kind == "regex":
            body, _, flags = word[1:].rpartition("/")
            value = Regex(body, flags)
            self.at += 1
        elif kind == "name":
            value, path = self._name(word)
        elif word == "(":
            value = self._group(start)
        elif word == "[":
            value = self._array()
        elif word == "{":
            value = self._object()
        elif word not in ")]}":
            self.at += 1
        return self._members(value, path, start)

    def _name(self, word: str) -> tuple[Any, str]:
        if word == "function":
            return self._function(), ""
        self.at += 1
        if word in ("true", "false"):
            return word == "true", ""
        if word in ("null", "undefined"):
            return None, ""
        value = self.variables.get(word, Made("wscript") if word == "WScript" else UNKNOWN)
        if isinstance(value, str) and not self._is(self.at, "=") and not self._is(self.at, ":"):
            self.fold(self.at - 1, value)
        return value, word

    def _group(self, start: int) -> Any:
        close = self._closer(start)
        self.at += 1
        value: Any = UNKNOWN
        while self.at < close:
            before = self.at
            value = self.expression()
            self.at += self.at == before
        self.at = close + 1
        self.fold(start, value)
        return value

    def _array(self) -> Any:
        close = self._closer(self.at)
        self.at += 1
        items: list[Any] = []
        while self.at < close:
            before = self.at
            items.append(self.assignment())
            if self.at == before or self._is(self.at, ","):
                self.at += 1
        self.at = close + 1
        return items

    def _object(self) -> Any:
        """Read ``{name: value}``; a block of statements reads the same way and gives nothing."""
        close = self._closer(self.at)
        self.at += 1
        held: dict[str, Any] = {}
        while self.at < close:
            before = self.at
            if self.kinds[self.at] in ("name", "string", "number") and self._is(self.at + 1, ":"):
                name = self.words[self.at]
                self.at += 2
                held[self._string(name) if self.kinds[before] == "string" else name] = self.assignment()
            else:
                self.statement()
            self.at += self.at == before
        self.at = close + 1
        return held if held else UNKNOWN

    def _string(self, word: str) -> str:
        body = word[1:-1] if len(word) > 1 and word[-1] == word[0] else word[1:]
        if hides(body):
            self.trace.trick("escape")
        return unescaped(body)

    # Members and calls

    def _members(self, value: Any, path: str, start: int) -> Any:
        """Read ``.name``, ``[index]``, calls and ``++`` after an operand; ``path`` is what is called when unknown."""
        owner: Any = UNKNOWN
        while self.at < len(self.words) and self.kinds[self.at] in ("mark", "template"):
            mark = self.words[self.at]
            if mark in (".", "?."):
                self.at += 1
                name = self.words[self.at] if self.at < len(self.words) else ""
                self.at += 1
                owner, value, path = value, self._member(value, name), f"{path}.{name}"
            elif mark == "[":
                computed = self._closer(self.at) - self.at > 2
                place = self._index()
                if isinstance(place, str) and not isinstance(value, dict):
                    if computed:
                        self.trace.trick("member-name")
                    owner, value, path = value, self._member(value, place), f"{path}.{place}"
                else:
                    owner, value, path = (
                        value,
                        values.index(value, place, self.trace) if known(place) else UNKNOWN,
                        path + "[]",
                    )
            elif mark == "(":
                value = self._call(owner, value, path, start)
                owner, path = UNKNOWN, ""
            elif mark in ("++", "--"):
                self.at += 1
                if self.at == start + 2:
                    self._step_after(start, 1 if mark == "++" else -1)
                    return value
                return UNKNOWN
            else:
                break
            self.fold(start, value)
        return value

    def _step_after(self, place: int, by: int) -> None:
        number = self.variables.get(self.words[place], UNKNOWN)
        if isinstance(number, int | float):
            self.variables[self.words[place]] = number + by
        else:
            self.variables.pop(self.words[place], None)

    def _member(self, value: Any, name: str) -> Any:
        if name == "length" and isinstance(value, str | list):
            return len(value)
        return value.get(name, UNKNOWN) if isinstance(value, dict) else UNKNOWN

    def _index(self) -> Any:
        close = self._closer(self.at)
        self.at += 1
        value: Any = UNKNOWN
        while self.at < close:
            before = self.at
            value = self.expression()
            self.at += self.at == before
        self.at = close + 1
        return value

    def _call(self, owner: Any, callee: Any, path: str, start: int) -> Any:
        open_at = self.at
        arguments = self._arguments()
        name = path.rpartition(".")[2]
        if isinstance(callee, Function):
            return self._apply(callee, arguments)
        if path in values.GLOBALS or path.removeprefix("window.") in values.GLOBALS:
            return self._decoded(values.call_global(path.removeprefix("window."), arguments, self.trace), path)
        if path == "String.fromCharCode.apply" and len(arguments) > 1:
            return values.call_global("String.fromCharCode", [arguments[1]], self.trace)
        result = values.call_method(owner, name, arguments, self.trace) if "." in path else UNKNOWN
        if not isinstance(result, Unknown):
            return result
        return self._act(owner, name, path, arguments, (open_at, self.at))

    def _decoded(self, value: Any, path: str) -> Any:
        """Hand on a file that stands in a base64 text."""
        if path.endswith("atob") and isinstance(value, str) and value.startswith(FILES):
            self.trace.layer("atob", "", value.encode("latin-1", "replace"))
        return value

    def _apply(self, function: Function, arguments: list[Any]) -> Any:
        """Give what a function of the script returns for known arguments, within the budget."""
        size = function.end - function.start
        self.budget -= size + 1
        if self.budget < 0 or self.depth > DEPTH // 2 or size > 2_000 or not all(known(item) for item in arguments):
            return UNKNOWN
        saved, at, returned = dict(self.variables), self.at, self.returned
        self.variables.update(dict.fromkeys(function.parameters, None))
        self.variables.update(zip(function.parameters, arguments, strict=False))
        self.returned = UNKNOWN
        self.quiet += 1
        self.at = function.start
        try:
            if function.expression:
                return self.assignment()
            self._deeper(lambda: self.statements(function.end))
            return self.returned
        finally:
            self.quiet -= 1
            self.variables, self.at, self.returned = saved, at, returned

    def _act(self, owner: Any, name: str, path: str, arguments: list[Any], span: tuple[int, int]) -> Any:
        """Note what a call does to the machine."""
        texts = [item if isinstance(item, str) else "" for item in arguments]
        first = texts[0] if texts else ""
        if (
            path in ("eval", "window.eval", "execScript", "window.execScript", "this.eval", "setTimeout", "Function")
            and first
        ):
            self._layer(name, first)
        elif path.endswith(("document.write", "document.writeln")) and "<" in first:
            self.trace.layer("written.html", "html", first)
        elif path in ("WScript.CreateObject", "Server.CreateObject", "GetObject") and first:
            if path == "GetObject" and first.lower().startswith("script:"):
                programs.downloads(self.trace, first[7:])
                self.trace.call("starts", first)
            return Made(first.lower())
        elif isinstance(owner, Made):
            return self._object_call(owner, name.lower(), texts, arguments, self._spoken(span))
        elif name in ("Run", "ShellExecute") and first and isinstance(owner, Unknown):
            programs.starts(self.trace, " ".join(filter(None, texts[: 2 if name == "ShellExecute" else 1])))
        elif (
            name in ("open", "Open")
            and len(texts) > 1
            and texts[0].upper() in ("GET", "POST")
            and "ActiveXObject" in self.text
        ):
            if texts[1]:
                programs.downloads(self.trace, texts[1])
        elif name in ("SaveToFile", "saveToFile") and first:
            self.trace.call("writes", first)
        return UNKNOWN

    def _spoken(self, span: tuple[int, int]) -> str:
        """Give the arguments of a call as they are written, for those whose value is not known."""
        return self.text[self.tokens[span[0]].end : self.tokens[min(span[1], len(self.tokens)) - 1].start][:200].strip()

    def _object_call(self, owner: Made, name: str, texts: list[str], arguments: list[Any], spoken: str) -> Any:
        if arguments and not texts[0] and spoken:
            self._unknown_call(owner.type, name, spoken)
        first = texts[0] if texts else ""
        kind = owner.type
        trace = self.trace
        if name in ("run", "exec") and "wscript.shell" in kind and first:
            programs.starts(trace, first)
        elif name == "shellexecute" and first:
            programs.starts(trace, " ".join(filter(None, texts[:2])))
        elif name == "open" and len(texts) > 1 and (texts[1] or "xmlhttp" in kind or "winhttprequest" in kind):
            programs.downloads(trace, texts[1]) if texts[1] else trace.call("downloads", f"{{{spoken}}}")
        elif name == "createobject" and kind == "wscript" and first:
            return Made(first.lower())
        elif name == "installproduct" and first:
            programs.starts(trace, f"msiexec /i {first}")
        elif name == "savetofile" and first:
            trace.call("writes", first)
        elif name in ("createtextfile", "opentextfile", "copyfile", "movefile", "createfolder") and first:
            path = texts[1] if name in ("copyfile", "movefile") and len(texts) > 1 else first
            if name != "opentextfile" or len(arguments) > 1:
                trace.call("writes", path)
            return Made("textstream", (path,))
        elif name in ("write", "writeline") and kind == "textstream" and first:
            path = str(owner.arguments[0])
            trace.layer(re.split(r"[\\/]", path)[-1], kind_of(path), first)
        elif name == "regwrite" and first:
            trace.call("writes", first)
        elif name == "create" and first and ("win32_process" in kind or "winmgmts" in kind):
            programs.starts(trace, first)
        elif name == "get" and first and "winmgmts" in kind:
            return Made(first.lower())
        elif name in ("expandenvironmentstrings", "environment") and first:
            return first
        elif name == "specialfolders" and first:
            return f"shell:{first.lower()}"
        elif name == "getspecialfolder" and arguments:
            return {0: r"C:\Windows", 1: r"C:\Windows\System32", 2: "%TEMP%"}.get(
                arguments[0] if known(arguments[0]) else -1, UNKNOWN
            )
        elif name == "buildpath" and len(texts) > 1:
            return f"{texts[0]}\\{texts[1]}"
        return UNKNOWN

    def _unknown_call(self, kind: str, name: str, spoken: str) -> None:
        """Note an act on something that only running the script would tell."""
        if name in ("run", "exec", "shellexecute") and ("wscript.shell" in kind or "shell.application" in kind):
            self.trace.call("starts", f"{{{spoken}}}")
        elif name == "savetofile":
            self.trace.call("writes", f"{{{spoken}}}")
        elif name == "create" and ("win32_process" in kind or "winmgmts" in kind):
            self.trace.call("starts", f"{{{spoken}}}")
        elif name in ("copyfile", "copy") and "scriptfullname" in spoken.lower():
            self.trace.call("copies", "itself")

    def _layer(self, name: str, script: str) -> None:
        if len(script) > 3:
            self.trace.layer(name, "jscript", script)

    # Folding

    def fold(self, start: int, value: Any) -> None:
        """Write a known string in the place of the tokens it was read from, where those are another text."""
        if self.quiet or not isinstance(value, str) or len(value) > FOLDED_CHARS or self.at <= start:
            return
        if self.at == start + 1 and self.kinds[start] == "string" and "\\" not in self.words[start]:
            return
        literal = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'
        span = self.tokens[start].start, self.tokens[min(self.at, len(self.tokens)) - 1].end
        if self.text[span[0] : span[1]] != literal:
            self.folds.append((*span, literal))

    def folded(self) -> str:
        """Give the text with everything known in it written out, outermost first."""
        pieces, at, room = [], 0, DEFAULT.text_chars
        for start, end, literal in sorted(self.folds, key=lambda fold: (fold[0], -fold[1])):
            if start >= at and room > 0:
                pieces += [self.text[at:start], literal]
                at = end
                room -= len(literal)
        return "".join([*pieces, self.text[at:]])


FILES = (
    "PK\x03\x04",
    "MZ",
    "%PDF",
    "\xd0\xcf\x11\xe0",
    "Rar!",
    "7z\xbc\xaf",
    "ITSF",
    "<html",
    "<!DOCTYPE",
    "L\x00\x00\x00",
)


def _number(word: str) -> Any:
    try:
        if word[:2] in ("0x", "0X", "0b", "0B"):
            return int(word, 0)
        return float(word) if re.search(r"[.eE]", word) else int(word[:18])
    except ValueError:
        return UNKNOWN


def _closers(words: list[str], kinds: list[str]) -> dict[int, int]:
    """Pair brackets; one that is closed by another kind is paired with that, as nothing better is known."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for place, word in enumerate(words):
        if kinds[place] != "mark":
            continue
        if word in ("(", "[", "{"):
            opened.append(place)
        elif word in (")", "]", "}") and opened:
            pairs[opened.pop()] = place
    return pairs
