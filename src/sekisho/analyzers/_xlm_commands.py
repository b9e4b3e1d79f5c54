"""What the macro functions do to an emulated workbook, and which of them act on the world.

A catalogue of functions, each a few lines, hence its length. Every command takes the machine and its unevaluated
arguments, because many of them decide which are evaluated and which are places rather than values.

Source: the XLM (Excel 4.0 macro function) reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from sekisho.analyzers import _xlm_environment as environment
from sekisho.analyzers._xlm_ast import (
    Call,
    Err,
    Expr,
    Missing,
    Name,
    Ref,
    UserCall,
    bare,
    render,
)
from sekisho.analyzers._xlm_ast import children as parts_of
from sekisho.analyzers._xlm_book import MACRO
from sekisho.analyzers._xlm_formula import FORMULA_CHARS, parse_formula
from sekisho.analyzers._xlm_functions import match_position, serial
from sekisho.analyzers._xlm_state import ABSENT, Absent, Formula, Goto, Halt, Key, Loop, Return, is_built
from sekisho.analyzers._xlm_values import (
    NA_ERROR,
    REF_ERROR,
    VALUE_ERROR,
    Fault,
    Scalar,
    Table,
    Unknown,
    Value,
    compare,
    fitting,
    shown,
    text_number,
    to_bool,
    to_int,
    to_number,
    to_text,
    unknown,
)
from sekisho.model.errors import MalformedError

if TYPE_CHECKING:
    from sekisho.analyzers._xlm_evaluator import Machine

Args: TypeAlias = tuple[Expr, ...]
Command: TypeAlias = Callable[["Machine", Args], Value]

WRITES_CODE = frozenset({"FORMULA", "FORMULA.FILL", "FORMULA.ARRAY"})
EXECUTES = frozenset(
    {
        "CALL", "EXEC", "EXECUTE", "FILE.DELETE", "FWRITE", "FWRITELN", "INITIATE", "POKE", "REGISTER", "REGISTER.ID",
        "SAVE.AS", "SAVE.COPY.AS", "SEND.KEYS", "SEND.MAIL", "VBA.INSERT.FILE",
    }
)  # fmt: skip
"""Functions that start, load, write or send something outside the workbook."""
ACTIVE = (
    EXECUTES
    | WRITES_CODE
    | frozenset(
        {
            "ALERT", "APP.ACTIVATE", "CLOSE", "CLOSE.ALL", "DEFINE.NAME", "FILE.CLOSE", "FOPEN", "GOTO", "HALT",
            "INSERT.OBJECT", "MESSAGE", "ON.DATA", "ON.ENTRY", "ON.KEY", "ON.RECALC", "ON.SHEET", "ON.TIME",
            "ON.WINDOW", "OPEN", "OPEN.LINKS", "QUIT", "RETURN", "RUN", "SAVE", "SET.NAME", "SET.VALUE", "WAIT",
            "WORKBOOK.ACTIVATE", "WORKBOOK.DELETE", "WORKBOOK.HIDE", "WORKBOOK.INSERT", "WORKBOOK.NAME",
            "WORKBOOK.UNHIDE",
        }
    )
)  # fmt: skip
"""Functions that must not be computed just because somebody looks at their cell."""


def functions_in(expr: Expr) -> Iterator[str]:
    """Give the names of the built-in functions in a formula; ``()`` for a call of a macro."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node.name
        elif isinstance(node, UserCall):
            yield "()"
        waiting.extend(parts_of(node))


def is_active(expr: Expr) -> bool:
    """Tell whether running a formula does more than give a value."""
    return any(name in ACTIVE or name == "()" for name in functions_in(expr))


def _at(args: Args, index: int) -> Expr:
    return args[index] if index < len(args) else Missing()


def _given(args: Args, index: int) -> bool:
    return index < len(args) and not isinstance(bare(args[index]), Missing)


# ---- decisions and flow -------------------------------------------------------------------------------------------


def _if(m: Machine, args: Args) -> Value:
    condition = m.scalar(_at(args, 0))
    if len(args) == 1:
        return _block_if(m, condition)
    outcome = _decide(condition)
    if isinstance(outcome, Err):
        return outcome
    if outcome is None:
        first, second = m.either(lambda: m.eval(_at(args, 1)), lambda: m.eval(args[2]) if len(args) > 2 else False)
        if first == second and type(first) is type(second):
            return first
        return unknown(f"IF({shown(condition)},{shown(first)},{shown(second)})")
    if outcome:
        return m.eval(args[1])
    return m.eval(args[2]) if len(args) > 2 else False


def _decide(condition: Scalar) -> bool | Err | None:
    """Read a condition: None when it cannot be known."""
    if isinstance(condition, Unknown):
        return None
    try:
        return to_bool(condition)
    except Fault as fault:
        return fault.value if isinstance(fault.value, Err) else None


def _block_if(m: Machine, condition: Scalar) -> Value:
    """IF with one argument opens a block that END.IF closes."""
    outcome = _decide(condition)
    ifs = m.frames[-1].ifs
    if isinstance(outcome, Err) or outcome is False:
        ifs.append("seek")
        raise Goto(_block_end(m, stop_at_else=True))
    ifs.append("done" if outcome else "open")
    return True


def _block_end(m: Machine, *, stop_at_else: bool) -> Key:
    """Give the ELSE, ELSE.IF or END.IF that belongs to the block around this cell."""
    depth, at = 0, m.formula_below(_next(m.here))
    while at is not None:
        m.charge()
        top = bare(m.formula_at(at) or Missing())
        name = top.name if isinstance(top, Call) else ""
        if name == "IF" and isinstance(top, Call) and len(top.args) == 1:
            depth += 1
        elif name == "END.IF":
            if depth == 0:
                return at
            depth -= 1
        elif name in ("ELSE", "ELSE.IF") and depth == 0 and stop_at_else:
            return at
        at = m.formula_below(_next(at))
    raise Halt


def _next(key: Key) -> Key:
    return key[0], key[1] + 1, key[2]


def _else(m: Machine, args: Args) -> Value:
    ifs = m.frames[-1].ifs
    if ifs and ifs[-1] == "done":
        raise Goto(_block_end(m, stop_at_else=False))
    if ifs and ifs[-1] == "seek" and args:
        outcome = _decide(m.scalar(args[0]))
        if isinstance(outcome, Err) or outcome is False:
            raise Goto(_block_end(m, stop_at_else=True))
        ifs[-1] = "done" if outcome else "open"
    elif ifs and ifs[-1] == "seek":
        ifs[-1] = "done"
    return True


def _end_if(m: Machine, args: Args) -> Value:
    if m.frames[-1].ifs:
        m.frames[-1].ifs.pop()
    return True


def _goto(m: Machine, args: Args) -> Value:
    target = m.key_of(m.eval(_at(args, 0)))
    if target is None:
        return REF_ERROR
    m.jump(target)
    return True


def _run(m: Machine, args: Args) -> Value:
    value = m.eval(_at(args, 0))
    target = m.key_of(value)
    if target is None:
        m.act("RUN", (value,))
        return unknown(f"RUN({shown(value)})")
    return m.call_macro(target, [])


def _return(m: Machine, args: Args) -> Value:
    raise Return(m.eval(args[0]) if args else None)


def _halt(m: Machine, args: Args) -> Value:
    raise Halt


def _close(name: str) -> Command:
    def run(m: Machine, args: Args) -> Value:
        m.act(name, tuple(m.scalar(arg) for arg in args))
        raise Halt

    return run


def _while(m: Machine, args: Args) -> Value:
    loop = _loop_here(m)
    outcome = _decide(m.scalar(_at(args, 0)))
    if isinstance(outcome, Err) or outcome is False or (outcome is None and loop is not None and loop.undecided):
        _leave_loop(m, loop)
    if loop is None:
        m.frames[-1].loops.append(Loop(m.here, None, outcome is None, m.version))
    else:
        loop.undecided = loop.undecided or outcome is None
        loop.version = m.version
    return True


def _loop_here(m: Machine) -> Loop | None:
    loops = m.frames[-1].loops
    return loops[-1] if loops and loops[-1].head == m.here else None


def _leave_loop(m: Machine, loop: Loop | None) -> None:
    """Go on behind the NEXT that belongs to the loop at this cell."""
    if loop is not None:
        m.frames[-1].loops.pop()
    raise Goto(_next(_loop_end(m, m.here)))


def _loop_end(m: Machine, head: Key) -> Key:
    depth, at = 0, m.formula_below(_next(head))
    while at is not None:
        m.charge()
        top = bare(m.formula_at(at) or Missing())
        name = top.name if isinstance(top, Call) else ""
        if name in ("WHILE", "FOR", "FOR.CELL"):
            depth += 1
        elif name == "NEXT":
            if depth == 0:
                return at
            depth -= 1
        at = m.formula_below(_next(at))
    raise Halt


def _for(m: Machine, args: Args) -> Value:
    loop = _loop_here(m)
    if loop is None:
        start, end = to_number(m.scalar(_at(args, 1))), to_number(m.scalar(_at(args, 2)))
        step = to_number(m.scalar(args[3])) if _given(args, 3) else 1.0
        if m.formula_below(_next(m.here)) == _loop_end(m, m.here):  # nothing inside: it only passes time
            m.set_name(to_text(m.scalar(_at(args, 0))), end)
            _leave_loop(m, None)
        loop = Loop(m.here, _count(start, end, step))
        m.frames[-1].loops.append(loop)
    return _advance(m, loop, args)


def _count(start: float, end: float, step: float) -> Iterator[Value]:
    value = start
    while step and (value <= end if step > 0 else value >= end):
        yield value
        value += step


def _for_cell(m: Machine, args: Args) -> Value:
    loop = _loop_here(m)
    if loop is None:
        area = m.eval(args[1]) if _given(args, 1) else m.active_area()
        if not isinstance(area, Ref):
            return VALUE_ERROR
        loop = Loop(m.here, _cells(area, m.grid(area)))
        m.frames[-1].loops.append(loop)
    return _advance(m, loop, args)


def _cells(area: Ref, grid: list[list[Scalar]]) -> Iterator[Value]:
    for row, cells in enumerate(grid, area.row):
        for col, _ in enumerate(cells, area.col):
            yield Ref(area.sheet, row, col, row, col)


def _advance(m: Machine, loop: Loop, args: Args) -> Value:
    """Give the counter its next value, or leave the loop; a loop of a copied frame has none left."""
    if isinstance(value := next(loop.values or iter(()), ABSENT), Absent):
        _leave_loop(m, loop)
        return False
    m.set_name(to_text(m.scalar(_at(args, 0))), value)
    return True


def _loop_next(m: Machine, args: Args) -> Value:
    loops = m.frames[-1].loops
    if not loops:
        return False
    loop = loops[-1]
    if loop.values is None and not loop.undecided and loop.version == m.version:
        loops.pop()  # nothing changed in a whole round: it would never end
        return False
    raise Goto(loop.head)


def _break(m: Machine, args: Args) -> Value:
    loops = m.frames[-1].loops
    if loops:
        raise Goto(_next(_loop_end(m, loops.pop().head)))
    return False


def _later(name: str, index: int) -> Command:
    """ON.TIME and its kin: the macro they name is run when everything else has been."""

    def run(m: Machine, args: Args) -> Value:
        values = tuple(m.eval(arg) for arg in args)
        m.act(name, values)
        target = m.key_of(values[index]) if index < len(values) else None
        if target is not None and target not in m.pending:
            m.pending.append(target)
        return True

    return run


def _argument(m: Machine, args: Args) -> Value:
    frame = m.frames[-1]
    value = frame.args.pop(0) if frame.args else NA_ERROR
    if _given(args, 0):
        m.set_name(to_text(m.scalar(args[0])), value)
    elif _given(args, 2):
        target = m.key_of(m.eval(args[2]))
        if target is not None:
            m.write(target, m.single(value))
    return value


# ---- writing ------------------------------------------------------------------------------------------------------


def _formula(name: str) -> Command:
    def run(m: Machine, args: Args) -> Value:
        value = m.scalar(_at(args, 0))
        target: Value = m.eval(args[1]) if _given(args, 1) else m.active_area()
        if isinstance(target, str):
            target = m.text_reference(target)
        m.act(name, (value, target), built=is_built(args[:1]))
        if not isinstance(target, Ref):
            return REF_ERROR
        last_row = target.last_row if name != "FORMULA" else target.row
        last_col = target.last_col if name != "FORMULA" else target.col
        for row in range(target.row, min(last_row, target.row + 99) + 1):
            for col in range(target.col, min(last_col, target.col + 99) + 1):
                m.charge()
                _enter(m, (target.sheet.lower(), row, col), value)
        return True

    return run


def _enter(m: Machine, key: Key, value: Scalar) -> None:
    """Type something into a cell."""
    if key[0] not in m.sheets:
        return
    if isinstance(value, str) and value[:1] == "=":
        m.outcome.formulas_written += 1
        m.charge(len(value) >> 3)
        try:
            m.write_formula(key, parse_formula(value[1:], key[1:], r1c1=True))
        except MalformedError:
            m.outcome.formulas_failed += 1
        else:
            return
    m.write_formula(key, None)
    if isinstance(value, str):
        number = text_number(value)
        upper = value.strip().upper()
        value = upper == "TRUE" if upper in ("TRUE", "FALSE") else value if number is None else number
    m.write(key, value)


def _set_value(m: Machine, args: Args) -> Value:
    target, value = m.eval(_at(args, 0)), m.eval(_at(args, 1))
    if not isinstance(target, Ref):
        return REF_ERROR
    rows = m.grid(value) if isinstance(value, Table | Ref) else None
    for row in range(target.row, min(target.last_row, target.row + 99) + 1):
        for col in range(target.col, min(target.last_col, target.col + 99) + 1):
            m.charge()
            cell = m.single(value) if rows is None else _pick(rows, row - target.row, col - target.col)
            m.write((target.sheet.lower(), row, col), cell)
    return True


def _pick(rows: list[list[Scalar]], row: int, col: int) -> Scalar:
    line = rows[row if len(rows) > 1 else 0] if row < len(rows) or len(rows) == 1 else []
    column = col if len(line) > 1 else 0
    return line[column] if column < len(line) else NA_ERROR


def _set_name(m: Machine, args: Args) -> Value:
    name = bare(_at(args, 0))
    text = name.name if isinstance(name, Name) else to_text(m.scalar(name))
    value = m.eval(args[1]) if len(args) > 1 else None
    m.set_name(text, value)
    if isinstance(value, str):
        m.note_string(value)
    return True


def _define_name(m: Machine, args: Args) -> Value:
    name = to_text(m.scalar(_at(args, 0)))
    value: Value | Formula = m.eval(args[1]) if _given(args, 1) else m.active_area()
    if isinstance(value, str) and value.startswith("="):
        try:
            value = Formula(parse_formula(value[1:], m.here[1:], r1c1=True))
        except MalformedError:
            m.outcome.formulas_failed += 1
    m.set_name(name, value)
    return True


def _select(m: Machine, args: Args) -> Value:
    """SELECT, FORMULA.GOTO and the sheet-changing commands: what FORMULA without a place writes to."""
    value = m.eval(args[1]) if _given(args, 1) else m.eval(_at(args, 0))
    if isinstance(value, str):
        here, m.here = m.here, m.active
        value = m.text_reference(value)
        m.here = here
    key = m.key_of(value)
    if key is not None:
        m.active = key
    return True


def _activate(name: str) -> Command:
    def run(m: Machine, args: Args) -> Value:
        values = tuple(m.scalar(arg) for arg in args)
        m.act(name, values)
        for value in values:
            if isinstance(value, str) and value.lower() in m.sheets:
                m.active = (value.lower(), m.active[1], m.active[2])
        return True

    return run


# ---- outside ------------------------------------------------------------------------------------------------------


def _register(m: Machine, args: Args) -> Value:
    values = tuple(m.scalar(arg) for arg in args)
    m.act("REGISTER", values, built=is_built(args))
    number = 1_000.0 + len(m.registered)
    m.registered[number] = values[:3]
    alias = values[3] if len(values) > 3 and isinstance(values[3], str) else values[1] if len(values) > 1 else None
    if isinstance(alias, str) and alias:
        m.aliases[alias.lower()] = values[:3]
    return number


def _call(m: Machine, args: Args) -> Value:
    values = tuple(m.scalar(arg) for arg in args)
    first = values[0] if values else None
    if isinstance(first, float) and first in m.registered:
        values = (*m.registered[first], *values[1:])
    m.act("CALL", values, built=is_built(args))
    return unknown(f"CALL({','.join(map(shown, values[:2]))})")


def _exec(m: Machine, args: Args) -> Value:
    values = tuple(m.scalar(arg) for arg in args)
    m.act("EXEC", values, built=is_built(args))
    return unknown("EXEC()")


def _fopen(m: Machine, args: Args) -> Value:
    values = tuple(m.scalar(arg) for arg in args)
    m.act("FOPEN", values, built=is_built(args))
    number = 1.0 + len(m.handles)
    m.handles[number] = shown(values[0]).strip('"') if values else ""
    return number


def _fwrite(name: str) -> Command:
    end = "\r\n" if name == "FWRITELN" else ""

    def run(m: Machine, args: Args) -> Value:
        handle, text = m.scalar(_at(args, 0)), m.scalar(_at(args, 1))
        path = m.handles.get(handle, "file") if isinstance(handle, float) else "file"
        m.act(name, (path, text), built=is_built(args[1:]))
        line = (shown(text) if isinstance(text, Unknown) else to_text(text)) + end
        m.keep(len(line))
        m.outcome.files.setdefault(path, []).append(line)
        return float(len(line))

    return run


def _acting(name: str, result: Value) -> Command:
    def run(m: Machine, args: Args) -> Value:
        m.act(name, tuple(m.scalar(arg) for arg in args), built=is_built(args))
        return result

    return run


def _silent(result: Value) -> Command:
    def run(m: Machine, args: Args) -> Value:
        for arg in args:
            m.eval(arg)
        return result

    return run


# ---- the machine --------------------------------------------------------------------------------------------------


def _asked(name: str, answers: dict[int, Scalar]) -> Command:
    def run(m: Machine, args: Args) -> Value:
        number = m.scalar(_at(args, 0))
        text = f"{name}({shown(number)})"
        m.check(text)
        if isinstance(number, Unknown):
            return unknown(text)
        return answers.get(to_int(number), unknown(text))

    return run


def _get_document(m: Machine, args: Args) -> Value:
    number = to_int(m.scalar(_at(args, 0)))
    sheet = m.sheets.get(m.here[0])
    name = sheet.name if sheet else ""
    m.check(f"GET.DOCUMENT({number})")
    named: dict[int, Scalar] = {
        1: f"[{environment.BOOK_NAME}]{name}",
        2: environment.DIRECTORY,
        76: f"[{environment.BOOK_NAME}]{name}",
        88: environment.BOOK_NAME,
    }
    return named.get(number, environment.DOCUMENT.get(number, unknown(f"GET.DOCUMENT({number})")))


def _info(m: Machine, args: Args) -> Value:
    kind = to_text(m.scalar(_at(args, 0))).lower()
    m.check(f'INFO("{kind}")')
    return environment.INFO.get(kind, VALUE_ERROR)


def _now(*, whole: bool) -> Command:
    def run(m: Machine, args: Args) -> Value:
        m.outcome.clock_read = True
        number = serial(m.clock)
        return float(int(number)) if whole else number

    return run


# ---- references ---------------------------------------------------------------------------------------------------


def _ref_arg(m: Machine, args: Args, index: int = 0) -> Ref:
    value = m.eval(args[index]) if _given(args, index) else _here(m)
    if isinstance(value, Ref):
        return value
    raise Fault(value if isinstance(value, Err | Unknown) else VALUE_ERROR)


def _here(m: Machine) -> Ref:
    return m.area(Ref("", m.here[1], m.here[2], m.here[1], m.here[2]))


def _extent(give: Callable[[Ref], int]) -> Command:
    return lambda m, args: float(give(_ref_arg(m, args)))


def _offset(m: Machine, args: Args) -> Value:
    ref = _ref_arg(m, args)
    row = ref.row + to_int(m.scalar(_at(args, 1)))
    col = ref.col + to_int(m.scalar(_at(args, 2)))
    height = to_int(m.scalar(args[3])) if _given(args, 3) else ref.last_row - ref.row + 1
    width = to_int(m.scalar(args[4])) if _given(args, 4) else ref.last_col - ref.col + 1
    if row < 0 or col < 0 or height < 1 or width < 1:
        return REF_ERROR
    return Ref(ref.sheet, row, col, row + height - 1, col + width - 1)


def _index(m: Machine, args: Args) -> Value:
    value = m.eval(_at(args, 0))
    row, col = to_int(m.scalar(_at(args, 1))), to_int(m.scalar(_at(args, 2)))
    if isinstance(value, Ref):
        if value.row == value.last_row and len(args) == 2:
            row, col = 1, row
        top, bottom = (value.row, value.last_row) if row == 0 else (value.row + row - 1,) * 2
        left, right = (value.col, value.last_col) if col == 0 else (value.col + col - 1,) * 2
        if value.col == value.last_col:
            left = right = value.col
        if bottom > value.last_row or right > value.last_col or row < 0 or col < 0:
            return REF_ERROR
        return Ref(value.sheet, top, left, bottom, right)
    rows = m.grid(value)
    if len(rows) == 1 and len(args) == 2:
        row, col = 1, row
    try:
        return rows[max(row, 1) - 1][max(col, 1) - 1]
    except IndexError:
        return REF_ERROR


def _indirect(m: Machine, args: Args) -> Value:
    text = to_text(m.scalar(_at(args, 0)))
    return m.text_reference(text, r1c1=_given(args, 1) and not to_bool(m.scalar(args[1])))


def _textref(m: Machine, args: Args) -> Value:
    text = to_text(m.scalar(_at(args, 0)))
    return m.text_reference(text, r1c1=not (_given(args, 1) and to_bool(m.scalar(args[1]))))


def _reftext(m: Machine, args: Args) -> Value:
    ref = _ref_arg(m, args)
    if _given(args, 1) and to_bool(m.scalar(args[1])):
        return render(ref)
    first = f"R{ref.row + 1}C{ref.col + 1}"
    last = f"R{ref.last_row + 1}C{ref.last_col + 1}"
    return render(Ref(ref.sheet, 0, 0, 0, 0)).rpartition("!")[0] + "!" + (first if first == last else f"{first}:{last}")


def _absref(m: Machine, args: Args) -> Value:
    text, base = to_text(m.scalar(_at(args, 0))), _ref_arg(m, args, 1)
    here, m.here = m.here, (base.sheet.lower(), base.row, base.col)
    value = m.text_reference(text)
    m.here = here
    return value


def _relref(m: Machine, args: Args) -> Value:
    ref, base = _ref_arg(m, args), _ref_arg(m, args, 1)
    return f"R[{ref.row - base.row}]C[{ref.col - base.col}]"


def _deref(m: Machine, args: Args) -> Value:
    return m.scalar(_at(args, 0))


def _get_cell(m: Machine, args: Args) -> Value:
    """Contents only: formats, which some macros keep their keys in, are not read."""
    number, ref = to_int(m.scalar(_at(args, 0))), _ref_arg(m, args, 1) if _given(args, 1) else m.active_area()
    key = (ref.sheet.lower(), ref.row, ref.col)
    if number == 5:
        return m.get(key)
    if number in (6, 41):
        formula = m.formula_at(key)
        return f"={render(formula)}" if formula is not None else m.get(key)
    if number in (1, 32, 62, 66):
        return {1: m.where(key), 66: environment.BOOK_NAME}.get(number, f"[{environment.BOOK_NAME}]{ref.sheet}")
    if number in (2, 3):
        return float((ref.row if number == 2 else ref.col) + 1)
    return unknown(f"GET.CELL({number},{m.where(key)})")


def _get_formula(m: Machine, args: Args) -> Value:
    ref = _ref_arg(m, args)
    formula = m.formula_at((ref.sheet.lower(), ref.row, ref.col))
    return f"={render(formula)}" if formula is not None else m.single(ref)


def _evaluate(m: Machine, args: Args) -> Value:
    value = m.scalar(_at(args, 0))
    if not isinstance(value, str):
        return value
    m.charge(len(value) >> 3)
    try:
        expr = parse_formula(value.removeprefix("=")[:FORMULA_CHARS], m.here[1:])
    except MalformedError:
        return VALUE_ERROR
    return m.eval(expr)


def _isref(m: Machine, args: Args) -> Value:
    return isinstance(m.eval(_at(args, 0)), Ref)


# ---- choosing and looking up --------------------------------------------------------------------------------------


def _choose(m: Machine, args: Args) -> Value:
    number = m.scalar(_at(args, 0))
    if isinstance(number, Unknown):
        return unknown(f"CHOOSE({shown(number)})")
    index = to_int(number)
    return m.eval(args[index]) if 1 <= index < len(args) else VALUE_ERROR


def _if_error(m: Machine, args: Args) -> Value:
    value = m.scalar(_at(args, 0))
    return m.eval(_at(args, 1)) if isinstance(value, Err) else value


def _lookup(vertical: bool) -> Command:
    def run(m: Machine, args: Args) -> Value:
        wanted, rows = m.scalar(_at(args, 0)), m.grid(m.eval(_at(args, 1)))
        offset = to_int(m.scalar(_at(args, 2))) - 1
        exact = _given(args, 3) and not to_bool(m.scalar(args[3]))
        if not vertical:
            rows = [list(line) for line in zip(*rows, strict=False)]
        place = match_position(wanted, [line[0] if line else None for line in rows], 0 if exact else 1)
        if place is None:
            return NA_ERROR
        return rows[place][offset] if 0 <= offset < len(rows[place]) else REF_ERROR

    return run


def _lookup_vector(m: Machine, args: Args) -> Value:
    wanted, vector = m.scalar(_at(args, 0)), m.flat(m.eval(_at(args, 1)))
    results = m.flat(m.eval(args[2])) if _given(args, 2) else vector
    place = match_position(wanted, vector, 1)
    return NA_ERROR if place is None or place >= len(results) else results[place]


def _match(m: Machine, args: Args) -> Value:
    kind = to_int(m.scalar(args[2])) if _given(args, 2) else 1
    place = match_position(m.scalar(_at(args, 0)), m.flat(m.eval(_at(args, 1))), kind)
    return NA_ERROR if place is None else float(place + 1)


def _count_if(*, total: bool) -> Command:
    def run(m: Machine, args: Args) -> Value:
        cells, wanted = m.flat(m.eval(_at(args, 0))), m.scalar(_at(args, 1))
        values = m.flat(m.eval(args[2])) if total and _given(args, 2) else cells
        test = _criterion(wanted)
        hits = [value for cell, value in zip(cells, values, strict=False) if test(cell)]
        if not total:
            return float(len(hits))
        return float(sum(value for value in hits if isinstance(value, float)))

    return run


def _criterion(wanted: Scalar) -> Callable[[Scalar], bool]:
    """Read a criterion such as ">5" or "a*"."""
    op, operand = "=", wanted
    if isinstance(wanted, str):
        op = next((sign for sign in (">=", "<=", "<>", ">", "<", "=") if wanted.startswith(sign)), "")
        operand = wanted[len(op) :]
        number = text_number(operand)
        operand = operand if number is None else number

    def test(cell: Scalar) -> bool:
        if cell is None or isinstance(cell, Err | Unknown) or type(cell) is not type(operand):
            return op == "<>"
        if op in ("", "=", "<>"):
            return (match_position(operand, [cell], 0) is not None) != (op == "<>")
        order = compare(cell, operand)
        return {">": order > 0, "<": order < 0, ">=": order >= 0, "<=": order <= 0}[op]

    return test


def _transpose(m: Machine, args: Args) -> Value:
    rows = m.grid(m.eval(_at(args, 0)))
    return Table(tuple(zip(*rows, strict=False)))


def _sumproduct(m: Machine, args: Args) -> Value:
    columns = [m.flat(m.eval(arg)) for arg in args]
    total = 0.0
    for cells in zip(*columns, strict=False):
        product = 1.0
        for cell in cells:
            product *= cell if isinstance(cell, float) else 0.0
        total += product
    return total


def _caller(m: Machine, args: Args) -> Value:
    return REF_ERROR


def _names_text(m: Machine, args: Args) -> Value:
    """GET.NAME: what a name stands for, as text."""
    found = m.lookup(to_text(m.scalar(_at(args, 0))).lstrip("!"))
    if isinstance(found, Absent):
        return Err("#NAME?")
    return fitting("=" + (render(found.expr) if isinstance(found, Formula) else shown(found)))


def _get_workbook(m: Machine, args: Args) -> Value:
    number = to_int(m.scalar(_at(args, 0)))
    names = tuple(f"[{environment.BOOK_NAME}]{sheet.name}" for sheet in m.book.sheets)
    if number == 1:
        return Table((names,))
    if number == 4:
        return float(len(names))
    macro = next((sheet.name for sheet in m.book.sheets if sheet.kind == MACRO), "")
    return {3: f"[{environment.BOOK_NAME}]{macro}", 38: f"[{environment.BOOK_NAME}]{macro}"}.get(
        number, unknown(f"GET.WORKBOOK({number})")
    )


COMMANDS: dict[str, Command] = {
    "ABSREF": _absref,
    "ACTIVATE": _activate("ACTIVATE"),
    "ACTIVE.CELL": lambda m, args: m.active_area(),
    "ALERT": _acting("ALERT", True),
    "ARGUMENT": _argument,
    "AREAS": lambda m, args: 1.0,
    "BREAK": _break,
    "CALL": _call,
    "CALLER": _caller,
    "CANCEL.KEY": _silent(True),
    "CHOOSE": _choose,
    "CLOSE": _close("CLOSE"),
    "CLOSE.ALL": _close("CLOSE.ALL"),
    "COLUMN": _extent(lambda ref: ref.col + 1),
    "COLUMNS": _extent(lambda ref: ref.last_col - ref.col + 1),
    "COUNTIF": _count_if(total=False),
    "DEFINE.NAME": _define_name,
    "DEREF": _deref,
    "DIRECTORY": lambda m, args: environment.DIRECTORY,
    "ECHO": _silent(True),
    "ELSE": _else,
    "ELSE.IF": _else,
    "END.IF": _end_if,
    "ERROR": _silent(True),
    "EVALUATE": _evaluate,
    "EXEC": _exec,
    "FCLOSE": _silent(True),
    "FILE.CLOSE": _close("FILE.CLOSE"),
    "FOPEN": _fopen,
    "FOR": _for,
    "FOR.CELL": _for_cell,
    "FORMULA": _formula("FORMULA"),
    "FORMULA.ARRAY": _formula("FORMULA.ARRAY"),
    "FORMULA.FILL": _formula("FORMULA.FILL"),
    "FORMULA.GOTO": _select,
    "FWRITE": _fwrite("FWRITE"),
    "FWRITELN": _fwrite("FWRITELN"),
    "GET.CELL": _get_cell,
    "GET.DOCUMENT": _get_document,
    "GET.FORMULA": _get_formula,
    "GET.NAME": _names_text,
    "GET.WINDOW": _asked("GET.WINDOW", environment.WINDOW),
    "GET.WORKBOOK": _get_workbook,
    "GET.WORKSPACE": _asked("GET.WORKSPACE", environment.WORKSPACE),
    "GOTO": _goto,
    "HALT": _halt,
    "HLOOKUP": _lookup(vertical=False),
    "IF": _if,
    "IFERROR": _if_error,
    "IFNA": _if_error,
    "INDEX": _index,
    "INDIRECT": _indirect,
    "INFO": _info,
    "ISREF": _isref,
    "LOOKUP": _lookup_vector,
    "MATCH": _match,
    "MESSAGE": _acting("MESSAGE", True),
    "NEXT": _loop_next,
    "NOW": _now(whole=False),
    "OFFSET": _offset,
    "ON.DATA": _later("ON.DATA", 1),
    "ON.ENTRY": _later("ON.ENTRY", 1),
    "ON.KEY": _later("ON.KEY", 1),
    "ON.RECALC": _later("ON.RECALC", 1),
    "ON.SHEET": _later("ON.SHEET", 1),
    "ON.TIME": _later("ON.TIME", 1),
    "ON.WINDOW": _later("ON.WINDOW", 1),
    "QUIT": _close("QUIT"),
    "REFTEXT": _reftext,
    "REGISTER": _register,
    "REGISTER.ID": _register,
    "RELREF": _relref,
    "RESULT": _silent(True),
    "RETURN": _return,
    "ROW": _extent(lambda ref: ref.row + 1),
    "ROWS": _extent(lambda ref: ref.last_row - ref.row + 1),
    "RUN": _run,
    "SELECT": _select,
    "SELECTION": lambda m, args: m.active_area(),
    "SET.NAME": _set_name,
    "SET.VALUE": _set_value,
    "STEP": _silent(True),
    "SUMIF": _count_if(total=True),
    "SUMPRODUCT": _sumproduct,
    "TEXTREF": _textref,
    "TODAY": _now(whole=True),
    "TRANSPOSE": _transpose,
    "VLOOKUP": _lookup(vertical=True),
    "VOLATILE": _silent(True),
    "WHILE": _while,
    "WORKBOOK.ACTIVATE": _activate("WORKBOOK.ACTIVATE"),
    "WORKBOOK.SELECT": _activate("WORKBOOK.SELECT"),
}

__all__ = ["ACTIVE", "COMMANDS", "EXECUTES", "WRITES_CODE", "functions_in", "is_active"]
