"""What a PHP file does with what a request brings: which of it ends up as code, as a command or in a file.

A shop's programs read requests, write files and even evaluate code all day. What tells a webshell is the way between:
request data that reaches ``eval``, a function's name, a command or an ``include``, directly or through variables and
decoders. Values that are constants are worked out, so that ``$f = 'as' . 'sert'`` is known by its name.

Source: PHP manual, "Reserved variables", "Program execution functions", "Variable functions", ``include``, ``assert``,
``create_function``, ``preg_replace`` (modifier e), "Handling file uploads"; JPCERT/CC on attacks on
EC-CUBE shops, 2021.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sekisho.analyzers._php_tokens import Token

PASSES = 3
"""Times that assignments are gone through: a value may be used above the line that made it."""
EXPRESSION_TOKENS = 3_000
DEPTH = 60
"""Brackets within brackets that are worked out."""
STEPS = 3_000_000
"""Tokens looked at in all; beyond, what was found stands."""
TEXT_CHARS = 500_000
FLOWS = 50

SOURCES = frozenset(
    "$_GET $_POST $_REQUEST $_COOKIE $_FILES $HTTP_POST_VARS $HTTP_GET_VARS $HTTP_RAW_POST_DATA".split()
)
SOURCE_CALLS = frozenset({"getallheaders", "apache_request_headers", "filter_input", "filter_input_array"})
CODE = frozenset({"eval", "assert", "create_function"})
COMMANDS = frozenset("system exec shell_exec passthru popen proc_open pcntl_exec ssh2_exec expect_popen".split())
CALLBACKS = frozenset(
    "call_user_func call_user_func_array array_map array_filter array_walk usort uasort uksort ob_start"
    " register_shutdown_function iterator_apply array_reduce forward_static_call preg_replace_callback".split()
)
INCLUDES = frozenset({"include", "include_once", "require", "require_once"})
WRITES = frozenset("file_put_contents fwrite fputs move_uploaded_file copy rename fputcsv error_log".split())
OUTS = {
    "openssl_public_decrypt": 1, "openssl_private_decrypt": 1, "parse_str": 1, "preg_match": 2, "preg_match_all": 2,
    "mb_parse_str": 1, "openssl_open": 1,
}  # fmt: skip
"""Functions that write into an argument, and which."""
DECODERS = frozenset(
    "base64_decode gzinflate gzuncompress gzdecode str_rot13 strrev hex2bin pack urldecode"
    " rawurldecode convert_uudecode openssl_decrypt openssl_public_decrypt"
    " openssl_private_decrypt mcrypt_decrypt zlib_decode".split()
)
ASKED = frozenset("isset empty count strlen is_array is_string md5 sha1 intval in_array strcmp hash_equals".split())
"""What is asked of a value, or made of it so that nothing of it is left."""
_HTTP = re.compile(r"HTTP_|REQUEST_URI|QUERY_STRING|PATH_INFO|REMOTE_USER|argv", re.IGNORECASE)
_HELD = re.compile(r"\$\{?([A-Za-z_]\w*)")


@dataclass(slots=True)
class Found:
    """What one file does."""

    flows: dict[str, int] = field(default_factory=dict)
    """``eval <- $_POST``: what uses request data, and the offset."""
    hidden: dict[str, int] = field(default_factory=dict)
    """``eval of base64_decode``: code that only a decoder brings out."""
    writes: dict[str, int] = field(default_factory=dict)
    """``move_uploaded_file <- $_FILES``."""
    decoded: list[str] = field(default_factory=list)
    """Code that constants decode to."""
    dynamic: dict[str, int] = field(default_factory=dict)
    """Calls whose function's name is put together at run time."""
    silenced: int = 0
    """Request data read behind ``@``."""


@dataclass(slots=True)
class _Scope:
    """What is known of the variables of one function, or of the file outside of all."""

    tainted: dict[str, str] = field(default_factory=dict)
    """Variable to the source it has its value from."""
    constants: dict[str, str] = field(default_factory=dict)
    coded: dict[str, str] = field(default_factory=dict)
    """Variable to the decoder that made its value."""


class Flow:
    """Follows the values of one file."""

    def __init__(self, listed: list[Token]) -> None:
        self.tokens = listed
        self.close = _pairs(listed)
        self.scopes = [_Scope()]
        self.functions: dict[str, tuple[int, list[str]]] = {}
        """Own functions and methods: scope and names of the arguments."""
        self.scope_of = self._scoped()
        self.inside = -1
        self._enter(0)
        self.all_tainted = ""
        self.steps = STEPS
        self.depth = 0
        self.found = Found()

    def run(self) -> Found:
        """Give what the file does; of one that takes too many steps, what was found until then."""
        for number in range(PASSES):
            before = [(len(one.tainted), len(one.constants), len(one.coded)) for one in self.scopes]
            self._assignments()
            if number and before == [(len(one.tainted), len(one.constants), len(one.coded)) for one in self.scopes]:
                break
        self._uses()
        return self.found

    def _assignments(self) -> None:
        listed = self.tokens
        for at, token in enumerate(listed):
            if self.steps < 0:
                return
            self._enter(at)
            if token.kind == "variable" and (begin := self._assigned(at)):
                end = self._end(begin)
                self._assign(token.text, begin, end, also=listed[begin - 1].text == ".=")
            elif token.kind == "word" and self._is_call(at):
                if token.text in OUTS:
                    self._write_out(token.text, at + 1)
                elif token.text in ("extract", "import_request_variables") and (
                    why := self._taint(at + 2, self.close[at + 1])
                ):
                    self.all_tainted = why
                elif token.text == "foreach":
                    self._loop(at + 1)
                elif token.text in self.functions and listed[at - 1].text != "function":
                    self._hand_over(token.text, at + 1)

    def _hand_over(self, name: str, opening: int) -> None:
        """Follow request data into a function of the file's own."""
        scope, names = self.functions[name]
        for one, (begin, end) in zip(names, self._arguments(opening), strict=False):
            if why := self._taint(begin, end):
                self.scopes[scope].tainted.setdefault(one, why)

    def _scoped(self) -> list[int]:
        """Tell for each token in which function of a name it stands; 0 is outside of all."""
        found: list[int] = []
        held: list[tuple[int, int]] = [(0, -1)]
        depth, body = 0, -1
        for at, token in enumerate(self.tokens):
            if token.kind == "word" and token.text == "function":
                body = self._body(at) or body
            if token.kind == "mark" and token.text == "{":
                if at == body:
                    held.append((len(self.scopes) - 1, depth))
                depth += 1
            elif token.kind == "mark" and token.text == "}":
                depth -= 1
                if depth == held[-1][1] and len(held) > 1:
                    held.pop()
            found.append(held[-1][0])
        return found

    def _body(self, at: int) -> int:
        """Note a function that begins here and give where its body does; 0 for one without a name or a body."""
        name = at + 1 + (self.tokens[at + 1].text == "&" if at + 1 < len(self.tokens) else 0)
        if name >= len(self.tokens) or self.tokens[name].kind != "word" or not self._is_call(name):
            return 0
        close = self.close[name + 1]
        body = next(
            (n for n in range(close + 1, min(close + 10, len(self.tokens))) if self.tokens[n].text in ("{", ";")), 0
        )
        if not body or self.tokens[body].text != "{":
            return 0
        names = [one.text for one in self.tokens[name + 2 : close] if one.kind == "variable"]
        self.scopes.append(_Scope())
        self.functions.setdefault(self.tokens[name].text, (len(self.scopes) - 1, names))
        return body

    def _enter(self, at: int) -> None:
        scope = self.scope_of[at] if at < len(self.scope_of) else 0
        if scope != self.inside:
            one = self.scopes[scope]
            self.tainted, self.constants, self.coded = one.tainted, one.constants, one.coded
            self.inside = scope

    def _assigned(self, at: int) -> int:
        """Give where the value begins that is assigned to the variable at a place, 0 when none is."""
        after = at + 1
        listed = self.tokens
        while after < len(listed) and listed[after].text == "[" and after in self.close:
            after = self.close[after] + 1
            self.steps -= 1
        if after < len(listed) and listed[after].text in ("=", ".=") and listed[after].kind == "mark":
            return after + 1 + (after + 1 < len(listed) and listed[after + 1].text == "&")
        return 0

    def _assign(self, name: str, begin: int, end: int, *, also: bool) -> None:
        if why := self._taint(begin, end):
            self.tainted.setdefault(name, why)
        value = self._constant(begin, end)
        if value is not None:
            self.constants[name] = (self.constants.get(name, "") + value if also else value)[:TEXT_CHARS]
        elif not also:
            self.constants.pop(name, None)
        if coded := self._decoder(begin, end):
            self.coded.setdefault(name, coded)

    def _write_out(self, name: str, opening: int) -> None:
        arguments = list(self._arguments(opening))
        place = OUTS[name]
        if len(arguments) > place:
            begin, end = arguments[place]
            why = self._taint(*arguments[0]) or (self._taint(*arguments[1]) if place > 1 else "")
            if why and begin < end and self.tokens[begin].kind == "variable":
                self.tainted.setdefault(self.tokens[begin].text, why)
                if name in DECODERS:
                    self.coded.setdefault(self.tokens[begin].text, name)

    def _loop(self, opening: int) -> None:
        inside = range(opening + 1, self.close.get(opening, opening))
        split = next((at for at in inside if self.tokens[at].text == "as"), None)
        if split is not None and (why := self._taint(opening + 1, split)):
            for at in range(split, self.close[opening]):
                if self.tokens[at].kind == "variable":
                    self.tainted.setdefault(self.tokens[at].text, why)

    def _uses(self) -> None:
        listed = self.tokens
        for at, token in enumerate(listed):
            if self.steps < 0:
                return
            self._enter(at)
            if token.kind == "word":
                self._word(at, token)
            elif token.text == "(" and token.kind == "mark" and at:
                self._called(at)
            elif token.kind == "text" and token.quote == "`" and (why := self._in_text(token)):
                self._note(self.found.flows, f"command <- {why}", token.at)
            elif token.text == "@" and at + 1 < len(listed) and listed[at + 1].text in SOURCES:
                self.found.silenced += 1

    def _word(self, at: int, token: Token) -> None:
        name = token.text
        if name in INCLUDES:
            if why := self._taint(at + 1, self._end(at + 1)):
                self._note(self.found.flows, f"include <- {why}", token.at)
            return
        if not self._is_call(at) or self._is_method(at):
            return
        begin, end = at + 2, self.close[at + 1]
        if name in CODE or (name == "preg_replace" and self._evaluates(at + 1)):
            self._code(name, begin, end, token.at)
        elif name in COMMANDS:
            if why := self._taint(begin, end):
                self._note(self.found.flows, f"{name} <- {why}", token.at)
        elif name in CALLBACKS:
            self._callback(name, at + 1, token.at)
        elif name in WRITES and (why := self._taint(begin, end)):
            self._note(self.found.writes, f"{name} <- {why}", token.at)

    def _code(self, name: str, begin: int, end: int, at: int) -> None:
        if why := self._taint(begin, end):
            self._note(self.found.flows, f"{name} <- {why}", at)
        value = self._constant(begin, end)
        if coded := self._decoder(begin, end):
            self._note(self.found.hidden, f"{name} of {coded}", at)
            if value:
                self.found.decoded.append(value[:TEXT_CHARS])

    def _callback(self, name: str, opening: int, at: int) -> None:
        """Tell callbacks that the request names, and those known to run code that get request data."""
        arguments = list(self._arguments(opening))
        named = (
            1
            if name in ("usort", "uasort", "uksort", "array_filter", "array_walk", "iterator_apply", "array_reduce")
            else 0
        )
        if len(arguments) <= named:
            return
        function = (self._constant(*arguments[named]) or "").lower().lstrip("\\")
        begin, end = arguments[named]
        direct = end - begin >= 1 and self.tokens[begin].text in SOURCES
        if direct and (why := self._taint(begin, end)):
            self._note(self.found.flows, f"{name} <- {why}", at)
        elif function in CODE | COMMANDS and (why := self._taint(opening + 1, self.close[opening])):
            self._note(self.found.flows, f"{function} <- {why}", at)
        elif self._variable_name(begin, end) and (why := self.tainted.get(self.tokens[begin].text, "")):
            self._note(self.found.flows, f"{name} <- {why}", at)

    def _variable_name(self, begin: int, end: int) -> bool:
        return end - begin == 1 and self.tokens[begin].kind == "variable"

    def _called(self, at: int) -> None:
        """Tell calls of what is no plain name: ``$f(…)``, ``$_GET['f'](…)``, ``('a'.'b')(…)``."""
        before = self.tokens[at - 1]
        begin, end = at + 1, self.close.get(at, at)
        if before.kind == "variable":
            if at > 1 and (self._is_method(at - 1) or self.tokens[at - 2].text == "new"):
                return
            name = self.constants.get(before.text, "").lower().lstrip("\\")
            self._dynamic(name, self._source_of(before.text), begin, end, before.at)
        elif before.text in ("]", "}", ")") and before.kind == "mark":
            opening = self._opening(at - 1)
            if opening is None or (
                before.text == ")" and opening and self.tokens[opening - 1].kind in ("word", "variable")
            ):
                return
            first = opening if before.text == ")" else self._base(opening)
            if self._is_method(first):
                return
            name = (self._constant(first, at) or "").lower().lstrip("\\")
            why = self.tokens[first].text if self.tokens[first].text in SOURCES else ""
            if before.text == ")":
                why = self._taint(first + 1, at - 1)
                if any(one.text in ("function", "fn") for one in self.tokens[first : first + 3]):
                    return
            self._dynamic(name, why, begin, end, self.tokens[first].at)

    def _dynamic(self, name: str, why: str, begin: int, end: int, at: int) -> None:
        carried = self._taint(begin, end)
        if why:
            self._note(self.found.flows, f"call <- {why}", at)
        elif name in CODE | COMMANDS:
            self._note(self.found.dynamic, name, at)
            if carried:
                self._note(self.found.flows, f"{name} <- {carried}", at)
            elif coded := self._decoder(begin, end):
                self._note(self.found.hidden, f"{name} of {coded}", at)

    # what an expression is

    def _taint(self, begin: int, end: int) -> str:
        """Give the source whose value an expression passes on, empty for none."""
        at, last = begin, min(end, begin + EXPRESSION_TOKENS)
        while at < last:
            self.steps -= 1
            token = self.tokens[at]
            if token.kind == "word" and token.text in ASKED and self._is_call(at):
                at = self.close[at + 1] + 1
                continue
            if token.kind == "variable":
                if token.text == "$_SERVER":
                    if at + 2 < last and _HTTP.search(self.tokens[at + 2].text):
                        return token.text
                elif why := self._source_of(token.text):
                    return why
            elif token.kind == "word" and token.text in SOURCE_CALLS and self._is_call(at):
                return token.text
            elif token.kind == "text":
                if token.text.lower() == "php://input":
                    return "php://input"
                if token.quote != "'" and (why := self._in_text(token)):
                    return why
            at += 1
        return ""

    def _source_of(self, name: str) -> str:
        if name in SOURCES:
            return name
        return self.tainted.get(name) or (self.all_tainted if name != "$this" and name not in self.constants else "")

    def _in_text(self, token: Token) -> str:
        for found in _HELD.finditer(token.text[:20_000]):
            if why := self._source_of(f"${found[1]}"):
                return why
        return ""

    def _decoder(self, begin: int, end: int) -> str:
        for at in range(begin, min(end, begin + EXPRESSION_TOKENS)):
            self.steps -= 1
            token = self.tokens[at]
            if token.kind == "word" and token.text in DECODERS and self._is_call(at):
                return token.text
            if token.kind == "variable":
                if self.constants.get(token.text, "").lower() in DECODERS and self._is_call(at):
                    return self.constants[token.text].lower()
                if token.text in self.coded:
                    return self.coded[token.text]
        return ""

    def _constant(self, begin: int, end: int) -> str | None:
        """Work out an expression of constants, joined by dots; None for anything else."""
        if end - begin > EXPRESSION_TOKENS or begin >= end or self.depth > DEPTH:
            return None
        self.depth += 1
        try:
            return self._joined(begin, end)
        finally:
            self.depth -= 1

    def _joined(self, begin: int, end: int) -> str | None:
        parts: list[str] = []
        at = begin
        while at < end:
            value, at = self._term(at, end)
            if value is None or (at < end and self.tokens[at].text != "."):
                return None
            parts.append(value)
            at += 1
        return "".join(parts)[:TEXT_CHARS]

    def _term(self, at: int, end: int) -> tuple[str | None, int]:
        self.steps -= 1
        if self.steps < 0:
            return None, end
        token = self.tokens[at]
        if token.text == "@" and at + 1 < end:
            return self._term(at + 1, end)
        if token.kind == "text" and (token.quote == "'" or "$" not in token.text):
            return token.text, at + 1
        if token.kind == "number":
            return token.text, at + 1
        if token.kind == "variable" and not (at + 1 < end and self.tokens[at + 1].text in ("(", "[", "->", "::")):
            return self.constants.get(token.text), at + 1
        if token.text == "(" and at in self.close:
            return self._constant(at + 1, self.close[at]), self.close[at] + 1
        if token.kind in ("word", "variable") and self._is_call(at):
            name = token.text if token.kind == "word" else self.constants.get(token.text, "").lower()
            return self._worked_out(name, at + 1), self.close[at + 1] + 1
        return None, at + 1

    def _worked_out(self, name: str, opening: int) -> str | None:
        function = PURE.get(name)
        if function is None:
            return None
        values: list[str] = []
        for one in self._arguments(opening):
            value = self._constant(*one)
            if value is None:
                return None
            values.append(value)
        try:
            return function(*values)
        except TypeError:  # not as many as it takes
            return None

    # where things end

    def _is_call(self, at: int) -> bool:
        return at + 1 < len(self.tokens) and self.tokens[at + 1].text == "(" and at + 1 in self.close

    def _is_method(self, at: int) -> bool:
        return at > 0 and self.tokens[at - 1].text in ("->", "::", "function")

    def _arguments(self, opening: int) -> Iterator[tuple[int, int]]:
        """Give where each argument of a call begins and ends."""
        end = self.close.get(opening, opening)
        begin = at = opening + 1
        while at < end and at - opening < EXPRESSION_TOKENS:
            self.steps -= 1
            if at in self.close:
                at = self.close[at]
            elif self.tokens[at].text == "," and self.tokens[at].kind == "mark":
                yield begin, at
                begin = at + 1
            at += 1
        if begin < end:
            yield begin, end

    def _end(self, begin: int) -> int:
        """Give where an expression ends: before the next ``;`` or ``,``, or the bracket that closes around it."""
        at = begin
        while at < len(self.tokens) and at - begin < EXPRESSION_TOKENS:
            self.steps -= 1
            if at in self.close:
                at = self.close[at] + 1
                continue
            if self.tokens[at].kind in ("mark", "page") and self.tokens[at].text in (";", ",", ")", "]", "}"):
                return at
            at += 1
        return min(at, len(self.tokens))

    def _opening(self, closing: int) -> int | None:
        return self.close.get(-closing)

    def _base(self, opening: int) -> int:
        """Give the variable that an index belongs to."""
        at = opening - 1
        while at > 0 and self.tokens[at].text == "]" and (before := self._opening(at)) is not None:
            at = before - 1
        return max(at, 0)

    def _evaluates(self, opening: int) -> bool:
        """Tell a pattern whose modifiers have it evaluate what it puts in."""
        first = next(self._arguments(opening), None)
        pattern = self._constant(*first) if first else None
        return bool(pattern) and re.search(r"[/#~|}\])][imsxuADSUXJ]*e[imsxuADSUXJe]*$", pattern or "") is not None

    def _note(self, where: dict[str, int], what: str, at: int) -> None:
        if len(where) < FLOWS:
            where.setdefault(what, at)


def _pairs(listed: list[Token]) -> dict[int, int]:
    """Give for each opening bracket where it closes, and for the negative of each closing one where it opened."""
    found: dict[int, int] = {}
    held: list[tuple[str, int]] = []
    for at, token in enumerate(listed):
        if token.kind != "mark":
            continue
        if token.text in ("(", "[", "{"):
            held.append((token.text, at))
        elif token.text in (")", "]", "}") and held and held[-1][0] == {")": "(", "]": "[", "}": "{"}[token.text]:
            opening = held.pop()[1]
            if token.text != "}" or (opening and listed[opening - 1].text in ("->", "$")):
                found[opening] = at
                found[-at] = opening
    return found


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _base64(text: str, strict: str = "") -> str | None:
    raw = re.sub(r"[^A-Za-z0-9+/]", "", text)
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


def _inflate(text: str, bits: int) -> str | None:
    try:
        return zlib.decompressobj(bits).decompress(_bytes(text), TEXT_CHARS).decode("latin-1")
    except zlib.error:
        return None


def _hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text.strip()).decode("latin-1")
    except ValueError:
        return None


def _replace(old: str, new: str, text: str) -> str | None:
    return text.replace(old, new)[:TEXT_CHARS] if old and len(new) <= len(old) else None


PURE: dict[str, Callable[..., str | None]] = {
    "base64_decode": _base64,
    "gzinflate": lambda text, *_: _inflate(text, -15),
    "gzuncompress": lambda text, *_: _inflate(text, 15),
    "gzdecode": lambda text, *_: _inflate(text, 31),
    "str_rot13": lambda text, *_: codecs.encode(text, "rot13"),
    "strrev": lambda text, *_: text[::-1],
    "hex2bin": lambda text, *_: _hex(text),
    "pack": lambda form, text="", *_: _hex(text) if form.upper().startswith("H") else None,
    "chr": lambda text, *_: chr(int(text) % 256) if text.isdecimal() and len(text) < 6 else None,
    "strtolower": lambda text, *_: text.lower(),
    "trim": lambda text, *_: text.strip(),
    "str_replace": lambda old="", new="", text="", *_: _replace(old, new, text),
}
"""Functions that are worked out when all they get is constant."""
