"""Expressions of the BASIC family: names, members, calls.

Source: [MS-VBAL] 5.6.10 to 5.6.14 simple names, member access, index expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sekisho.analyzers._basic_builtins import CONSTANTS, FUNCTIONS, TRICKS, Incomputable
from sekisho.analyzers._basic_names import (
    APPLICATION_METHODS,
    CONSTANT_NAME,
    CONTROL_NAME,
    HOSTS,
    KNOWN_ENVIRONMENT,
    LIBRARIES,
)
from sekisho.analyzers._basic_objects import call, call_external, create, read_member
from sekisho.analyzers._basic_operators import WORK_CHARS, Operators, Spent
from sekisho.analyzers._basic_syntax import parse
from sekisho.analyzers._basic_tree import (
    Assign,
    Call,
    Chain,
    Expression,
    External,
    Literal,
    Member,
    Name,
    New,
    Procedure,
    Unary,
)
from sekisho.analyzers._basic_values import LONGEST_TEXT, Array, Partial, Thing, Value, to_number, to_text, unknown

LAYERS = 8
"""Code that builds code that builds code."""


@dataclass(slots=True)
class Scope:
    """One running procedure, or the code outside all of them."""

    values: dict[str, Value]
    module: str
    procedure: str = ""
    withs: list[Value] = field(default_factory=list)
    leave_loop: bool = False
    """An exit that may or may not happen was met: the loop ends after this round."""


class Expressions(Operators):
    """The part of the evaluator that computes values; statements lie in the class built on it."""

    modules: set[str]
    procedures: dict[str, Procedure]
    externals: dict[str, External]
    globals: dict[str, Value]
    sources: Mapping[str, str]
    whole: bool
    layers: int
    classes: set[str]
    """Names that ``New`` was used with and that are no library's."""
    last_scope: Scope | None

    def tick(self) -> None:
        """Spend a step."""
        raise NotImplementedError

    def enter(self, procedure: Procedure, args: list[Value] | None) -> Value:
        """Run a procedure; ``args`` None stands for values nobody knows."""
        raise NotImplementedError

    def store(self, target: Expression, value: Value, scope: Scope) -> None:
        """Assign."""
        raise NotImplementedError

    def keep(self, text: str) -> None:
        """Record a computed text."""
        raise NotImplementedError

    def run_text(self, source: str, language: str) -> Value:
        """Follow code that the code built."""
        raise NotImplementedError

    def call_name(self, name: str, args: list[Value]) -> Value:
        """Call a procedure by name."""
        raise NotImplementedError

    def value(self, node: Expression | None, scope: Scope, *, called: bool = False) -> Value:
        """Compute an expression."""
        if node is None:
            return None
        if type(node) is Literal:
            return node.value
        if type(node) is Name:
            return self.name(node.name, scope, called=called)
        if type(node) is Call:
            args = [self.value(argument, scope) for argument in node.arguments]
            named = {key: self.value(argument, scope) for key, argument in node.named.items()}
            return self.apply_call(node, args, named, scope)
        if type(node) is Chain:
            return self.chain(node, scope)
        if type(node) is Member:
            return self.member(node, scope)
        if type(node) is Unary:
            return self.unary(node, scope)
        if type(node) is New:
            if "." not in node.name:
                self.classes.add(node.name.lower())
            return create(self, node.name, "New")
        return None

    def variable(self, name: str, scope: Scope) -> Value:
        return scope.values[name] if name in scope.values else self.globals.get(name)

    def name(self, name: str, scope: Scope, *, called: bool = False) -> Value:
        if name in scope.values and not (called and name in self.procedures):
            return scope.values[name]
        if name in self.globals:
            return self.globals[name]
        if name in self.procedures:
            return self.call_procedure(self.procedures[name], [], [], scope)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.sources:
            return self.sources[name]
        if name in self.externals:
            return self.external(self.externals[name].function, [], name)
        if name in HOSTS or name in self.modules:
            return Thing(name)
        if CONSTANT_NAME.fullmatch(name):
            return unknown(name)
        return None if self.whole and not CONTROL_NAME.fullmatch(name) else unknown(name)

    def owner(self, node: Member, scope: Scope) -> Value:
        """Give the object a member belongs to."""
        if node.target is None:
            return scope.withs[-1] if scope.withs else None
        if isinstance(node.target, Name):
            name = node.target.name
            value = self.variable(name, scope)
            if value is None and name not in self.procedures and name not in self.externals:
                return Thing(name)
            return self.name(name, scope)
        return self.value(node.target, scope)

    def member(self, node: Member, scope: Scope) -> Value:
        if self.is_library(node.target):
            return self.name(node.name, scope)
        owner = self.owner(node, scope)
        if isinstance(owner, Thing):
            if owner.name in self.modules and node.name in self.globals:
                return self.globals[node.name]
            procedure = self.procedures.get(f"{owner.name}.{node.name}") or (
                self.procedures.get(node.name) if self.may_be_own(owner) else None
            )
            if procedure is not None:
                return self.call_procedure(procedure, [], [], scope)
            try:
                return read_member(owner, node.name)
            except KeyError:
                pass
            known = self.source(owner, node)
            if known is not None:
                self.trace.tricks["document-text"] += 1
                return known
            return self.method(owner, node.name, [], {}, self.shown(owner, node))
        return unknown(node.text)

    def shown(self, owner: Thing, node: Member) -> str:
        return node.text if node.target is not None else f"{owner.name.strip('{}')}.{node.name}"[:200]

    def source(self, owner: Thing, node: Member) -> str | None:
        """Give a text that the document itself holds: a form control's, a property's."""
        if not self.sources:
            return None
        if node.name in ("text", "caption", "value", "tag", "controltiptext"):
            path = owner.name.strip("{}").lower()
            for key in (f"{path}.{node.name}", path, path.rpartition(".")[2]):
                if key in self.sources:
                    return self.sources[key]
            return None
        return self.sources.get(f"{owner.name}.{node.name}".lower())

    def is_library(self, node: Expression | None) -> bool:
        if isinstance(node, Member) and isinstance(node.target, Name):
            return f"{node.target.name}.{node.name}" in LIBRARIES
        return isinstance(node, Name) and node.name in LIBRARIES and node.name not in self.procedures

    def unary(self, node: Unary, scope: Scope) -> Value:
        value = self.value(node.operand, scope)
        if node.operator == "not" and isinstance(value, bool):
            return not value
        number = to_number(value)
        if number is None:
            return unknown(f"{node.operator} {to_text(value)[:60]}")
        if node.operator == "not":
            return ~int(number)
        return -number if node.operator == "-" else number

    def chain(self, node: Chain, scope: Scope) -> Value:
        left = self.value(node.first, scope)
        if len(node.rest) > 1 and all(operator == "&" for operator, _ in node.rest):
            pieces = [to_text(left)] + [to_text(self.value(part, scope)) for _, part in node.rest]
            self.count_pieces(node)
            return self.joined(pieces)
        if node.rest and node.rest[0][0] in ("&", "+"):
            self.count_pieces(node)
        for operator, part in node.rest:
            left = self.apply(operator, left, self.value(part, scope))
        return left

    def count_pieces(self, node: Chain) -> None:
        """Count strings written next to each other only to be joined."""
        before: Expression = node.first
        for operator, part in node.rest:
            self.trace.tricks["concat"] += operator in "&+" and _is_text(before) and _is_text(part)
            before = part

    # calls

    def apply_call(self, node: Call, args: list[Value], named: dict[str, Value], scope: Scope) -> Value:
        self.tick()
        target = node.target
        if isinstance(target, Name):
            return self.call_by_name(target.name, node, args, named, scope)
        if isinstance(target, Member):
            if self.is_library(target.target):
                return self.call_by_name(target.name, node, args, named, scope)
            return self.call_member(target, node, args, named, scope)
        return self.element(self.value(target, scope), args, node.text)

    def call_by_name(self, name: str, node: Call, args: list[Value], named: dict[str, Value], scope: Scope) -> Value:
        own = name == scope.procedure
        if not own and (name in scope.values or name in self.globals):
            held = self.variable(name, scope)
            if isinstance(held, (Array, bytes, Thing, Partial)) or name not in self.procedures:
                return self.element(held, args, node.text)
        if name in self.procedures:
            return self.call_procedure(self.procedures[name], args, node.arguments, scope, named)
        if name in self.externals:
            return self.external(self.externals[name].function, args, node.text)
        special = _SPECIAL_CALLS.get(name)
        if special is not None:
            return special(self, args, node, scope)
        return self.builtin(name, args, node.text)

    def builtin(self, name: str, args: list[Value], text: str) -> Value:
        function = FUNCTIONS.get(name)
        if function is None and name in APPLICATION_METHODS:
            return self.method(Thing("application"), name, args, {}, text)
        if function is None:
            return self.element(Thing(name), args, text) if name in HOSTS or name in self.modules else unknown(text)
        if name in ("mid", "left", "right") and args and isinstance(args[0], Partial) and args[0] in KNOWN_ENVIRONMENT:
            args = [KNOWN_ENVIRONMENT[args[0]], *args[1:]]
        self.work += sum(len(arg) for arg in args if isinstance(arg, str))
        try:
            result = function(args)
        except Incomputable:
            return self.tolerant(name, args, text)
        if name in TRICKS:
            self.trace.tricks[TRICKS[name]] += 1
        if name == "environ":
            return Partial(to_text(result))
        if isinstance(result, str):
            self.work += len(result)
            if len(result) > LONGEST_TEXT or self.work > WORK_CHARS:
                raise Spent("text_chars")
        return result

    def tolerant(self, name: str, args: list[Value], text: str) -> Value:
        """Keep the argument where the function hardly changes it, the call as text elsewhere."""
        if name in ("cstr", "cvar", "format") and args and isinstance(args[0], (Partial, Thing)):
            return to_text(args[0])
        return unknown(text)

    def element(self, holder: Value, args: list[Value], text: str) -> Value:
        """Give an element of an array or the default property of an object."""
        if isinstance(holder, Array):
            key = self.index(args)
            if key is None:
                return unknown(text)
            return holder.items.get(key)
        if isinstance(holder, bytes):
            at = to_number(args[0]) if args else None
            return holder[int(at)] if at is not None and 0 <= at < len(holder) else None
        if isinstance(holder, Thing):
            if holder.name == "environment" and args:
                return Partial(f"%{to_text(args[0]).upper()}%")
            if args and to_text(args[0]) in holder.members:
                return holder.members[to_text(args[0])]
            return self.child(holder, text, args)
        return unknown(text) if holder is not None or args else None

    def child(self, holder: Thing, text: str, args: list[Value]) -> Value:
        """Give a named part of an object: ``BuiltInDocumentProperties("Comments")``, ``Controls("x")``."""
        name = to_text(args[0]).lower() if args else ""
        if name:
            for key in (f"{holder.name}.{name}", f"{holder.name.rpartition('.')[2]}.{name}", f"{holder.name}({name})"):
                if key in self.sources:
                    self.trace.tricks["document-text"] += 1
                    return self.sources[key]
        path = f"{holder.name.strip('{}')}({name})" if name else holder.name
        return Thing(path[-200:], parent=holder, shown=text[:200])

    def index(self, args: list[Value]) -> int | tuple[int, ...] | None:
        numbers = [to_number(argument) for argument in args]
        if not numbers or any(number is None for number in numbers):
            return None
        keys = tuple(round(number or 0) for number in numbers)
        return keys[0] if len(keys) == 1 else keys

    def call_member(
        self, target: Member, node: Call, args: list[Value], named: dict[str, Value], scope: Scope
    ) -> Value:
        owner = self.owner(target, scope)
        if not isinstance(owner, Thing):
            return unknown(node.text)
        procedure = self.procedures.get(f"{owner.name}.{target.name}")
        if procedure is None and self.may_be_own(owner):
            procedure = self.procedures.get(target.name)
        if procedure is not None:
            return self.call_procedure(procedure, args, node.arguments, scope, named)
        return self.method(owner, target.name, args, named, node.text if target.target is not None else "")

    def may_be_own(self, owner: Thing) -> bool:
        """Tell whether methods are the code's own: of its own object, or of a class among modules without names."""
        return owner.name == "me" or (not self.whole and owner.root().name in self.classes)

    def method(self, owner: Thing, name: str, args: list[Value], named: dict[str, Value], text: str) -> Value:
        try:
            return call(self, owner, name, args, named)
        except KeyError:
            pass
        if args and name in owner.members:
            return self.element(owner.members[name], args, text)
        path = f"{owner.name}.{name}"[-200:]
        shown = text if text and "{" not in owner.name else f"{owner.shown or owner.name}.{name}"
        if args and isinstance(args[0], str):
            return self.child(Thing(path, parent=owner), shown, args)
        return Thing(path, parent=owner, shown=shown[:200])

    def external(self, function: str, args: list[Value], text: str) -> Value:
        try:
            return call_external(self, function, args)
        except KeyError:
            return unknown(text)

    def call_procedure(
        self,
        procedure: Procedure,
        args: list[Value],
        nodes: list[Expression],
        scope: Scope,
        named: dict[str, Value] | None = None,
    ) -> Value:
        if named:
            args = self.ordered(procedure, args, named)
        result = self.enter(procedure, args)
        inner = self.last_scope
        if inner is not None and inner.procedure == procedure.name:
            for node, parameter in zip(nodes, procedure.parameters, strict=False):
                if not isinstance(node, Name) or parameter.by_value or parameter.rest:
                    continue
                if node.name in scope.values or node.name in self.globals:
                    self.store(node, inner.values.get(parameter.name), scope)
        if isinstance(result, str):
            self.keep(result)
        return result

    def ordered(self, procedure: Procedure, args: list[Value], named: dict[str, Value]) -> list[Value]:
        full = list(args)
        for index, parameter in enumerate(procedure.parameters):
            if index >= len(full):
                full.append(named.get(parameter.name))
        return full

    # calls that are more than a computation

    def call_shell(self, args: list[Value], node: Call, scope: Scope) -> Value:
        text = to_text(args[0]) if args else to_text(self.value(node.named.get("pathname"), scope))
        self.trace.command("Shell", text)
        return 1

    def call_create(self, args: list[Value], node: Call, scope: Scope) -> Value:
        return create(self, args[0] if args else "")

    def call_get_object(self, args: list[Value], node: Call, scope: Scope) -> Value:
        return create(self, next((argument for argument in args if argument), ""), "GetObject")

    def call_execute(self, args: list[Value], node: Call, scope: Scope) -> Value:
        return self.run_text(to_text(args[0]) if args else "", "vbscript")

    def call_eval(self, args: list[Value], node: Call, scope: Scope) -> Value:
        text = to_text(args[0]) if args else ""
        if isinstance(text, Partial) or self.layers >= LAYERS:
            return unknown(node.text)
        self.layers += 1
        unit = parse("result = " + text[:LONGEST_TEXT], vbscript=True)
        self.trace.tricks["built-code"] += 1
        value: Value = unknown(node.text)
        for statement in unit.body:
            if isinstance(statement, Assign):
                value = self.value(statement.value, scope)
        return value

    def call_method_by_name(self, args: list[Value], node: Call, scope: Scope) -> Value:
        self.trace.tricks["callbyname"] += 1
        if len(args) < 2 or not isinstance(args[0], Thing):
            return unknown(node.text)
        if isinstance(args[1], Partial):
            self.trace.act("computed:CallByName")
        return self.method(args[0], to_text(args[1]).lower(), args[3:], {}, node.text)

    def call_get_ref(self, args: list[Value], node: Call, scope: Scope) -> Value:
        return self.call_name(to_text(args[0]).lower() if args else "", [])


_SPECIAL_CALLS: dict[str, Callable[[Expressions, list[Value], Call, Scope], Value]] = {
    "shell": Expressions.call_shell,
    "createobject": Expressions.call_create,
    "getobject": Expressions.call_get_object,
    "execute": Expressions.call_execute,
    "executeglobal": Expressions.call_execute,
    "eval": Expressions.call_eval,
    "callbyname": Expressions.call_method_by_name,
    "getref": Expressions.call_get_ref,
}


def _is_text(node: Expression) -> bool:
    return isinstance(node, Literal) and isinstance(node.value, str)
