"""The syntax tree of the BASIC family: expressions and statements, no behaviour.

Source: [MS-VBAL] 5.3 module declarations, 5.4 procedure bodies and statements, 5.6 expressions.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Literal:
    """A constant written in the source, or an omitted argument (``None``)."""

    value: str | int | float | bool | None


@dataclass(slots=True)
class Name:
    """A variable, procedure or built-in, in lower case."""

    name: str


@dataclass(slots=True)
class Member:
    """``target.name``; no target inside ``With``."""

    target: Expression | None
    name: str
    text: str
    """As the source spells it, cut."""


@dataclass(slots=True)
class Call:
    """``target(arguments)``: a call, an array element or a default property; the source cannot tell them apart."""

    target: Expression
    arguments: list[Expression]
    text: str
    open_at: int = -1
    """Index of the token ``(``, for statements whose first argument is in parentheses."""
    named: dict[str, Expression] = field(default_factory=dict)


@dataclass(slots=True)
class Unary:
    """``-x``, ``+x`` or ``not x``."""

    operator: str
    operand: Expression


@dataclass(slots=True)
class Chain:
    """Operators of one precedence in the order written: never a deep tree, however long the line."""

    first: Expression
    rest: list[tuple[str, Expression]]


@dataclass(slots=True)
class New:
    """``New type``."""

    name: str


Expression = Literal | Name | Member | Call | Unary | Chain | New


@dataclass(slots=True)
class Assign:
    """``target = value``, ``Set`` and ``Let`` included."""

    target: Expression
    value: Expression
    span: tuple[int, int]
    """Where ``value`` stands in the source."""


@dataclass(slots=True)
class Invoke:
    """A call for its effect."""

    call: Expression
    span: tuple[int, int]


@dataclass(slots=True)
class Declare:
    """One ``Dim``/``ReDim``/``Const`` item; ``bounds`` is None for a scalar."""

    name: str
    bounds: list[tuple[Expression | None, Expression]] | None = None
    value: Expression | None = None
    type_name: str = ""
    keep: bool = False
    """``ReDim Preserve``."""


@dataclass(slots=True)
class If:
    """Branches in order; the last may have no condition."""

    branches: list[tuple[Expression | None, list[Statement]]]


@dataclass(slots=True)
class For:
    """``For counter = start To stop Step step``."""

    counter: Expression
    start: Expression
    stop: Expression
    step: Expression | None
    body: list[Statement]


@dataclass(slots=True)
class ForEach:
    """``For Each item In items``."""

    item: Expression
    items: Expression
    body: list[Statement]


@dataclass(slots=True)
class While:
    """``While``/``Do`` loops; no condition is an endless one."""

    condition: Expression | None
    until: bool
    first: bool
    """The condition is asked before the first round."""
    body: list[Statement]


@dataclass(slots=True)
class Select:
    """``Select Case``; a case is a list of (operator, expression, upper bound), empty for ``Else``."""

    subject: Expression
    cases: list[tuple[list[tuple[str, Expression, Expression | None]], list[Statement]]]


@dataclass(slots=True)
class With:
    """``With target``."""

    target: Expression
    body: list[Statement]


@dataclass(slots=True)
class Leave:
    """``Exit x`` (``for do sub``), ``End`` (``end``) or ``GoTo label`` (``goto:label``)."""

    how: str


@dataclass(slots=True)
class Label:
    """A place that ``GoTo`` names."""

    name: str


@dataclass(slots=True)
class FileStatement:
    """``Open``, ``Print #``, ``Write #``, ``Put``, ``Kill``, ``FileCopy``, ``Name`` …: file input and output."""

    verb: str
    arguments: list[Expression]
    mode: str = ""


Statement = Assign | Invoke | Declare | If | For | ForEach | While | Select | With | Leave | Label | FileStatement


@dataclass(slots=True)
class Parameter:
    """One formal parameter."""

    name: str
    by_value: bool
    default: Expression | None = None
    rest: bool = False
    """``ParamArray``."""


@dataclass(slots=True)
class Procedure:
    """One ``Sub``, ``Function`` or ``Property``."""

    name: str
    spelled: str
    module: str
    parameters: list[Parameter]
    body: list[Statement]
    mentions: frozenset[str]
    """Every name and every string in its text, lower case: who it may call."""
    gives: bool
    """A function: returns a value."""


@dataclass(slots=True)
class External:
    """One ``Declare``: a function of a DLL."""

    name: str
    function: str
    """What the DLL calls it, lower case, ``A``/``W`` removed."""
    library: str


@dataclass(slots=True)
class Unit:
    """One parsed module."""

    name: str
    body: list[Statement]
    procedures: list[Procedure]
    externals: list[External]
    mentions: frozenset[str]
    """Names and strings outside any procedure."""
    literals: frozenset[str]
    """Every string as written."""
    pieces: int
    """How many strings are written."""
