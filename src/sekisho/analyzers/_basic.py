"""Evaluator of the BASIC family: what a macro or script would start, fetch and write, without doing any of it.

Every statement is followed as far as its values are known. What only a real machine could tell stays as text in braces;
a branch that depends on it is followed both ways, a loop that depends on it once. Steps, text and nesting are bounded.
Longer than most modules: one class walks one tree.

Source: [MS-VBAL] 5.4 statements, 5.6 expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sekisho.analyzers._basic_expressions import LAYERS, Expressions, Scope
from sekisho.analyzers._basic_objects import write_member
from sekisho.analyzers._basic_operators import WORK_CHARS, Spent
from sekisho.analyzers._basic_syntax import parse
from sekisho.analyzers._basic_trace import Trace
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
    Member,
    Name,
    Procedure,
    Select,
    Statement,
    Unit,
    While,
    With,
)
from sekisho.analyzers._basic_values import (
    LONGEST_TEXT,
    Array,
    Partial,
    Thing,
    Value,
    to_bytes,
    to_number,
    to_text,
    truth,
    unknown,
)
from sekisho.model.limits import DEFAULT, Limits

ROUNDS = 30_000  # of one loop: above any decoder of text a macro carries, far below a delay loop
IDLE_ROUNDS = 500  # of a loop that builds no text and fills no array: it waits, or counts for show
CALLS = 16  # procedures inside procedures
JUMPS = 200  # GoTo within one block
CELLS = 200_000  # elements of one array
_WRITING = {"output": "Open", "append": "Open", "binary": "OpenBinary", "random": "Open"}


def evaluate(
    units: Iterable[Unit],
    entries: Iterable[str] = (),
    *,
    sources: Mapping[str, str] | None = None,
    whole: bool = True,
    limits: Limits = DEFAULT,
) -> Trace:
    """Follow the code of one project and give what it does.

    Args:
        units: its modules.
        entries: procedures that run by themselves, lower case; followed first.
        sources: texts that the document holds (form controls, properties) by lower-case name.
        whole: all modules are here, so a name that nothing sets is an empty variable.
        limits: ``steps`` and ``text_chars`` apply.
    """
    machine = _Machine(list(units), sources or {}, whole, limits)
    machine.run(list(entries))
    return machine.trace


def unfold(source: str, folded: Mapping[tuple[int, int], str | None]) -> str:
    """Give ``source`` with every expression that always came to one text replaced by it."""
    pieces: list[str] = []
    at = 0
    for (start, stop), text in sorted(folded.items()):
        if text is None or start < at:
            continue
        pieces += [source[at:start], text]
        at = stop
    return "".join(pieces) + source[at:]


def quoted(text: str) -> str:
    """Give a text as a BASIC literal."""
    return '"' + text.replace('"', '""') + '"'


HANDLERS = 50
"""Error handlers followed of one procedure."""


class _Machine(Expressions):
    def __init__(self, units: list[Unit], sources: Mapping[str, str], whole: bool, limits: Limits) -> None:
        self.units, self.sources, self.whole, self.limits = units, sources, whole, limits
        self.trace = Trace()
        self.globals: dict[str, Value] = {}
        self.procedures: dict[str, Procedure] = {}
        self.externals: dict[str, External] = {}
        self.modules = {unit.name.lower() for unit in units if unit.name}
        self.literals: set[str] = set()
        self.classes: set[str] = set()
        self.steps = self.work = self.depth = self.layers = 0
        self.budget = limits.steps
        self.files: dict[str, str] = {}
        """Path by file number."""
        self.undecided: list[dict[tuple[int, str], tuple[dict[str, Value], Value | None]]] = []
        """For each branch that may not be taken: what its variables were before, with where they lie."""
        self.entered: set[int] = set()
        self.passed: set[int] = set()
        """Labels that were come by."""
        self.last_scope: Scope | None = None
        """Of the procedure that ended last: where changed arguments are."""
        for unit in units:
            self.learn(unit)

    def learn(self, unit: Unit) -> None:
        for procedure in unit.procedures:
            self.procedures.setdefault(procedure.name, procedure)
            self.procedures[f"{unit.name.lower()}.{procedure.name}"] = procedure
        self.externals.update((external.name, external) for external in unit.externals)
        self.literals |= unit.literals

    # running

    def run(self, entries: list[str]) -> None:
        """Follow the code outside procedures, then the entry points, then whatever was not reached from them."""
        self.trace.automatic = True
        for unit in self.units:
            scope = Scope(self.globals, unit.name)
            self.root(lambda unit=unit, scope=scope: self.block(unit.body, scope), 0.5)  # type: ignore[misc]
        for name in entries:
            procedure = self.procedures.get(name)
            if procedure is not None and not self.exhausted():
                self.root(lambda procedure=procedure: self.enter(procedure, []), 0.6)  # type: ignore[misc]
        self.trace.automatic = False
        for procedure in list(self.procedures.values()):
            if id(procedure) not in self.entered and not self.exhausted():
                self.root(lambda procedure=procedure: self.enter(procedure, None), 0.3)  # type: ignore[misc]
        self.keep_texts(self.globals)

    def exhausted(self) -> bool:
        return self.steps >= self.limits.steps or self.work >= WORK_CHARS

    def root(self, start: Callable[[], object], share: float) -> None:
        """Run one root with a share of what is left, and survive its end."""
        self.budget = self.steps + max(int((self.limits.steps - self.steps) * share), 1000)
        self.depth = 0
        try:
            start()
        except Spent as spent:
            self.trace.cut = spent.limit
        except RecursionError:  # bounded nesting in bounded calls may still add up to more than Python's stack
            self.trace.cut = "depth"

    def tick(self) -> None:
        self.steps += 1
        if self.steps > self.budget:
            raise Spent("steps")

    def enter(self, procedure: Procedure, args: list[Value] | None) -> Value:
        """Run a procedure; ``args`` None stands for values nobody knows."""
        if self.depth >= CALLS:
            return unknown(procedure.spelled + "()")
        self.depth += 1
        self.entered.add(id(procedure))
        self.trace.ran.add(procedure.name)
        scope = Scope({}, procedure.module, procedure.name)
        if procedure.gives:
            scope.values[procedure.name] = None
        self.bind(procedure, args, scope)
        self.block(procedure.body, scope)
        self.handlers(procedure.body, scope)
        self.depth -= 1
        self.last_scope = scope
        self.keep_texts(scope.values)
        return scope.values.get(procedure.name)

    def handlers(self, body: list[Statement], scope: Scope) -> None:
        """Run what only an error leads to: a label behind the end of a procedure's own way that nothing jumped to."""
        pairs = zip(range(1, len(body)), body, body[1:], strict=False)
        ends = [at for at, before, one in pairs if isinstance(one, Label) and isinstance(before, Leave)]
        for at in ends[:HANDLERS]:
            if id(body[at]) not in self.passed:
                self.maybe(body[at:], scope)

    def bind(self, procedure: Procedure, args: list[Value] | None, scope: Scope) -> None:
        for index, parameter in enumerate(procedure.parameters):
            if args is None:
                scope.values[parameter.name] = unknown(parameter.name)
            elif parameter.rest:
                scope.values[parameter.name] = Array.of(args[index:])
            elif index < len(args):
                scope.values[parameter.name] = args[index]
            else:
                default = parameter.default
                scope.values[parameter.name] = self.value(default, scope) if default is not None else None

    def keep_texts(self, values: Mapping[str, Value]) -> None:
        for value in values.values():
            if isinstance(value, str):
                self.keep(value)

    def keep(self, text: str) -> None:
        if len(text) >= 4 and text not in self.literals and not (text.startswith("{") and text.endswith("}")):
            self.trace.string(text)

    # what handlers of objects call back

    def run_text(self, source: str, language: str) -> Value:
        """Follow code that the code built."""
        self.trace.tricks["built-code"] += 1
        self.trace.layers.append((language, source[: self.limits.text_chars]))
        if "vb" not in language or self.layers >= LAYERS or "{" in source[:1]:
            return unknown("built code")
        self.layers += 1
        unit = parse(source[:LONGEST_TEXT], f"layer{self.layers}", vbscript=True)
        for procedure in unit.procedures:
            self.procedures[procedure.name] = procedure
        self.literals |= unit.literals
        self.block(unit.body, Scope(self.globals, unit.name))
        return None

    def call_name(self, name: str, args: list[Value]) -> Value:
        """Call a procedure by name."""
        procedure = self.procedures.get(name)
        return self.enter(procedure, args) if procedure is not None else unknown(name or "macro")

    # statements

    def block(self, body: list[Statement], scope: Scope) -> str:
        """Run statements; gives ``""`` or how they were left: for, do, sub, end, goto:label."""
        index, jumps = 0, 0
        while index < len(body):
            statement = body[index]
            self.tick()
            left = _STATEMENTS[type(statement)](self, statement, scope)
            if left:
                target = self.label(body, left) if left.startswith("goto:") and jumps < JUMPS else None
                if target is None:
                    return left
                index, jumps = target, jumps + 1
                continue
            index += 1
        return ""

    def label(self, body: list[Statement], jump: str) -> int | None:
        name = jump[5:]
        return next((at for at, entry in enumerate(body) if isinstance(entry, Label) and entry.name == name), None)

    def maybe(self, body: list[Statement], scope: Scope) -> None:
        """Run a branch that may or may not be taken: leaving it leaves nothing else, numbers set in it are unsure."""
        self.undecided.append({})
        left = self.block(body, scope)
        for (_, name), (holder, before) in self.undecided.pop().items():
            after = holder.get(name)
            if self.undecided:
                self.undecided[-1].setdefault((id(holder), name), (holder, before))
            before = 0 if before is None else before
            unsure = isinstance(before, Partial) or (isinstance(before, (int, float)) and after != before)
            if isinstance(after, (int, float)) and unsure:
                holder[name] = unknown(name)
        if left in ("for", "do"):
            scope.leave_loop = True

    def do_assign(self, statement: Assign, scope: Scope) -> str:
        value = self.value(statement.value, scope)
        if isinstance(value, str) and not isinstance(statement.value, (Literal, Name)) and value not in self.literals:
            self.trace.fold(scope.module, statement.span, quoted(value))
        self.store(statement.target, value, scope)
        return ""

    def store(self, target: Expression, value: Value, scope: Scope) -> None:
        if isinstance(target, Name):
            holder = scope.values if target.name in scope.values or target.name not in self.globals else self.globals
            if self.undecided:
                self.undecided[-1].setdefault((id(holder), target.name), (holder, holder.get(target.name)))
            holder[target.name] = value
        elif isinstance(target, Member):
            self.store_member(target, value, scope)
        elif isinstance(target, Call):
            self.store_element(target, value, scope)

    def store_member(self, target: Member, value: Value, scope: Scope) -> None:
        owner = self.owner(target, scope)
        if isinstance(target.target, Name) and target.target.name in self.modules:
            self.globals[target.name] = value
        if isinstance(owner, Thing):
            write_member(self, owner, target.name, value)
            self.keep(to_text(value)) if isinstance(value, str) else None

    def store_element(self, target: Call, value: Value, scope: Scope) -> None:
        args = [self.value(argument, scope) for argument in target.arguments]
        if isinstance(target.target, Name) and target.target.name == "mid" and target.arguments:
            self.store_middle(target.arguments[0], args, value, scope)
            return
        holder = self.variable(target.target.name, scope) if isinstance(target.target, Name) else None
        if isinstance(target.target, Member):
            if target.target.name == "privateprofilestring" and len(args) > 2:
                path = to_text(args[0]) or "\\".join(map(to_text, args))  # a file of settings, else the registry
                self.trace.write("WriteProfile" if args[0] else "RegWrite", path).add(to_text(value), LONGEST_TEXT)
                return
            if target.target.name == "profilestring" and len(args) > 1:
                path = "\\".join(("HKEY_CURRENT_USER", *map(to_text, args)))
                self.trace.write("RegWrite", path).add(to_text(value), LONGEST_TEXT)
                return
            holder = self.value(target.target, scope)
        if isinstance(holder, bytes):
            holder = Array.of(list(holder))
            self.store(target.target, holder, scope)
        if isinstance(holder, Array):
            key = self.index(args)
            if key is not None and len(holder.items) < CELLS:
                self.work += 1
                holder.items[key] = value
                if isinstance(key, int) and key > holder.upper:
                    holder.upper = key
        elif isinstance(holder, Thing) and args:
            write_member(self, holder, to_text(args[0]), value)

    def store_middle(self, target: Expression, args: list[Value], value: Value, scope: Scope) -> None:
        text, start, new = to_text(args[0]), to_number(args[1]) if len(args) > 1 else None, to_text(value)
        if start is None or isinstance(text, Partial) or isinstance(new, Partial) or start < 1:
            return
        length = to_number(args[2]) if len(args) > 2 else len(new)
        begin = int(start) - 1
        count = min(int(length or 0), len(new), max(len(text) - begin, 0))
        self.store(target, text[:begin] + new[:count] + text[begin + count :], scope)

    def do_invoke(self, statement: Invoke, scope: Scope) -> str:
        node = statement.call
        if isinstance(node, Call):
            args = [self.value(argument, scope) for argument in node.arguments]
            named = {key: self.value(argument, scope) for key, argument in node.named.items()}
            self.fold_call(node, args, statement.span, scope)
            self.apply_call(node, args, named, scope)
        else:
            self.value(node, scope, called=True)
        return ""

    def fold_call(self, node: Call, args: list[Value], span: tuple[int, int], scope: Scope) -> None:
        """Keep what a call statement comes to when an argument had to be computed."""
        computed = [
            isinstance(value, str) and not isinstance(argument, Literal) and value not in self.literals
            for argument, value in zip(node.arguments, args, strict=True)
        ]
        if not any(computed):
            return
        target = node.target
        head = target.text if isinstance(target, Member) else target.name if isinstance(target, Name) else "call"
        shown = ", ".join(quoted(value) if isinstance(value, str) else to_text(value) for value in args)
        self.trace.fold(scope.module, span, f"{head}({shown})")

    def do_declare(self, statement: Declare, scope: Scope) -> str:
        value: Value = None
        if statement.bounds is not None:
            value = self.array(statement, scope)
        elif statement.value is not None:
            value = self.value(statement.value, scope)
        elif statement.type_name in ("long", "integer", "byte", "double", "single", "longptr", "currency"):
            value = 0
        elif statement.type_name == "string":
            value = ""
        scope.values[statement.name] = value
        return ""

    def array(self, statement: Declare, scope: Scope) -> Array:
        array = Array()
        bounds = statement.bounds or []
        if bounds:
            low = to_number(self.value(bounds[0][0], scope)) if bounds[0][0] is not None else 0
            high = to_number(self.value(bounds[0][1], scope))
            array.lower, array.upper = int(low or 0), int(high if high is not None else -1)
        old = self.variable(statement.name, scope)
        if statement.keep and isinstance(old, Array):
            array.items = old.items
        elif statement.keep and isinstance(old, bytes):
            array.items = dict(enumerate(old))
        return array

    def do_if(self, statement: If, scope: Scope) -> str:
        undecided = False
        for condition, body in statement.branches:
            holds = True if condition is None else truth(self.value(condition, scope))
            if holds is None:
                undecided = True
                self.maybe(body, scope)
            elif holds and undecided:
                self.maybe(body, scope)
                return ""
            elif holds:
                return self.block(body, scope)
        return ""

    def do_for(self, statement: For, scope: Scope) -> str:
        start, stop = to_number(self.value(statement.start, scope)), to_number(self.value(statement.stop, scope))
        step = to_number(self.value(statement.step, scope)) if statement.step is not None else 1
        if start is None or stop is None or not step:
            self.store(statement.counter, start if start is not None else unknown("counter"), scope)
            return self.once(statement.body, scope)
        counter, rounds, before = start, 0, self.work
        while (counter <= stop if step > 0 else counter >= stop) and rounds < ROUNDS:
            if rounds == IDLE_ROUNDS and self.work == before:
                counter = stop + step
                break
            self.store(statement.counter, counter, scope)
            left = self.block(statement.body, scope)
            if left and left != "for":
                return left
            self.leaving(scope)  # loaders leave such a loop at the first address that answers: all of them count
            if left:
                return ""
            current = self.value(statement.counter, scope)
            counter = (current if isinstance(current, (int, float)) else counter) + step
            rounds += 1
            if not statement.body:
                break
        self.store(statement.counter, counter, scope)
        return ""

    def once(self, body: list[Statement], scope: Scope) -> str:
        self.maybe(body, scope)
        scope.leave_loop = False
        return ""

    def leaving(self, scope: Scope) -> bool:
        leave, scope.leave_loop = scope.leave_loop, False
        return leave

    def do_for_each(self, statement: ForEach, scope: Scope) -> str:
        items = self.value(statement.items, scope)
        values: list[Value]
        if isinstance(items, Array):
            values = items.values()
        elif isinstance(items, bytes):
            values = list(items)
        else:
            self.store(statement.item, Thing(to_text(items)[:200]), scope)
            return self.once(statement.body, scope)
        for value in values[:ROUNDS]:
            self.store(statement.item, value, scope)
            left = self.block(statement.body, scope)
            if left and left != "for":
                return left
            self.leaving(scope)  # as above
            if left:
                break
        return ""

    def do_while(self, statement: While, scope: Scope) -> str:
        rounds, work = 0, self.work
        while rounds < ROUNDS and (rounds < IDLE_ROUNDS or self.work > work):
            if statement.condition is not None and (statement.first or rounds):
                holds = truth(self.value(statement.condition, scope))
                if holds is None:
                    return self.once(statement.body, scope) if rounds == 0 else ""
                if holds == statement.until:
                    return ""
            before = self.steps
            left = self.block(statement.body, scope)
            if left and left != "do":
                return left
            if left or self.leaving(scope) or self.steps == before:
                return ""
            rounds += 1
        return ""

    def do_select(self, statement: Select, scope: Scope) -> str:
        subject = self.value(statement.subject, scope)
        open_case = False
        for tests, body in statement.cases:
            holds: bool | None = not tests or self.any_case(subject, tests, scope)
            if holds is None or (holds and open_case):
                open_case = True
                self.maybe(body, scope)
            elif holds:
                return self.block(body, scope)
        return ""

    def any_case(
        self, subject: Value, tests: list[tuple[str, Expression, Expression | None]], scope: Scope
    ) -> bool | None:
        answer: bool | None = False
        for operator, low, high in tests:
            value = self.value(low, scope)
            if high is None:
                holds = truth(self.apply(operator, subject, value))
            else:
                above = truth(self.apply(">=", subject, value))
                below = truth(self.apply("<=", subject, self.value(high, scope)))
                holds = None if above is None or below is None else above and below
            if holds:
                return True
            answer = None if holds is None else answer
        return answer

    def do_with(self, statement: With, scope: Scope) -> str:
        scope.withs.append(self.value(statement.target, scope, called=True))
        left = self.block(statement.body, scope)
        scope.withs.pop()
        return left

    def do_leave(self, statement: Leave, _: Scope) -> str:
        return "end" if statement.how == "end" else "do" if statement.how == "while" else statement.how

    def do_label(self, statement: Label, _: Scope) -> str:
        self.passed.add(id(statement))
        return ""

    def do_file(self, statement: FileStatement, scope: Scope) -> str:
        args = [self.value(argument, scope) for argument in statement.arguments]
        texts = [to_text(argument) for argument in args] + ["", ""]
        verb = statement.verb
        if verb == "open":
            self.files[texts[1]] = texts[0]
            if statement.mode in _WRITING and statement.mode != "binary":
                self.trace.write(_WRITING[statement.mode], texts[0])
        elif verb in ("print", "write", "put"):
            path = self.files.get(texts[0], "{file}")
            pieces = args[1:] if verb != "put" else args[-1:]
            written = self.trace.write("Put" if verb == "put" else "Open", path)
            for piece in pieces:
                data = to_bytes(piece) if isinstance(piece, Array) else piece if isinstance(piece, bytes) else None
                written.add(data if data is not None else to_text(piece), LONGEST_TEXT)
            if verb != "put":
                written.add("\r\n", LONGEST_TEXT)
        elif verb in ("filecopy", "name"):
            self.trace.write("FileCopy" if verb == "filecopy" else "Name", texts[1])
        elif verb == "kill":
            self.trace.remove(texts[0], "Kill")
        elif verb == "setattr":
            self.trace.act("tampers:SetAttr")
        return ""


_STATEMENTS: dict[type, Callable[..., str]] = {
    Assign: _Machine.do_assign,
    Invoke: _Machine.do_invoke,
    Declare: _Machine.do_declare,
    If: _Machine.do_if,
    For: _Machine.do_for,
    ForEach: _Machine.do_for_each,
    While: _Machine.do_while,
    Select: _Machine.do_select,
    With: _Machine.do_with,
    Leave: _Machine.do_leave,
    Label: _Machine.do_label,
    FileStatement: _Machine.do_file,
}
