"""Regular expressions of rules, none of which can hang the matcher.

RE2 runs them in time linear in the text. What RE2 cannot say (lookaround, backreferences) goes to Python's own
engine only when a bound on its steps can be read off the pattern, and on a text cut so that the bound holds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 10_000  # characters
BUDGET = 4_000_000  # steps of Python's engine on one text: some 50 ms
CUTS = (8192, 4096, 2048, 1024, 512, 256, 128)  # characters of the text that such a pattern may see
REPEAT = re.compile(r"\{(\d*)(,?)(\d*)\}")
GROUP = re.compile(r"\?(?:#|[aiLmsux-]*\)|P?<\w+>|P=\w+|<?[=!]|[>:]|[aiLmsux-]+:|\(\w+\))")
MODES = re.compile(r"\(\?[a-zA-Z]*m|\\Q")
LAST = r"(?:\n?\z)"
CLASSES = frozenset("sSdDwWbBAnrtfv")  # escapes that stand for other characters or for none
LOOK = frozenset({"?=", "?!", "?<=", "?<!"})

LONG_LINE = re.compile(r"\.\{([0-9]{1,4}),\}")
"""A pattern that asks for nothing but so many characters in a line."""

Search = Callable[[str], bool]


@lru_cache(maxsize=4096)
def searcher(pattern: str, flags: str) -> Search:
    """Give a function that tells whether the pattern is found anywhere in a text.

    Args:
        pattern: as written; matched with regard to case unless ``flags`` say otherwise.
        flags: any of ``ims``.

    Raises:
        ValueError: the pattern is wrong, too long, or has no bound on its steps; worded for people.

    Source: Sigma modifiers 2.1.0, "Regular Expression".
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"regular expression of more than {MAX_PATTERN} characters")
    try:
        compiled = _linear(pattern, flags)
    except (re2.error, UnicodeError) as error:
        return _bounded(pattern, flags, str(error))

    if long := LONG_LINE.fullmatch(pattern):  # RE2 counts such repeats in 200 µs a text
        least, whole = int(long[1]), "s" in flags
        return lambda text: len(text) >= least and (whole or any(len(line) >= least for line in text.split("\n")))

    find = compiled.search
    return lambda text: find(text.encode("utf-8", "replace")) is not None  # bytes save the wrapper's offset counting


def is_linear(pattern: str, flags: str) -> bool:
    """Tell whether RE2 runs a pattern; any other that :func:`searcher` takes is slower and sees a cut text."""
    try:
        _linear(pattern, flags)
    except (re2.error, UnicodeError):
        return False
    return True


def _linear(pattern: str, flags: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True  # only whether it matches is asked, which is several times cheaper
    pattern = _ended(pattern) if "$" in pattern and "m" not in flags else pattern
    return re2.compile(f"(?{flags}){pattern}" if flags else pattern, options)


def _ended(pattern: str) -> str:
    r"""Let ``$`` match before a line break at the very end too: in PCRE it does, in RE2 it is ``\z``.

    A ``$`` with more behind it stays as it is, and so do patterns that switch modes inside or quote with ``\Q``.

    Source: pcre2pattern, "Circumflex and dollar"; RE2 syntax, "Empty strings".
    """
    if MODES.search(pattern):
        return pattern
    parts, at = [], 0
    while at < len(pattern):
        end = _item_end(pattern, at)
        last = pattern[at:end] == "$" and pattern[end : end + 1] in ("", ")", "|")
        parts.append(LAST if last else pattern[at:end])
        at = end
    return "".join(parts)


def _bounded(pattern: str, flags: str, why: str) -> Search:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set" and the like: matched as written
            compiled = re.compile(pattern, sum((getattr(re, flag.upper()) for flag in flags), re.RegexFlag(0)))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}; RE2: {why}") from error
    if compiled.flags & re.VERBOSE:
        raise ValueError("regular expression needs lookaround or backreferences and is verbose (?x)")
    starts = 1 if pattern.startswith("^") and not compiled.flags & re.MULTILINE else 0
    for cut in CUTS:
        if _steps(pattern, cut) * (1 if starts else cut) <= BUDGET:
            return lambda text: compiled.search(text[:cut]) is not None
    raise ValueError("regular expression needs lookaround or backreferences and repeats too much to be bounded")


@dataclass(slots=True)
class _Frame:
    """What is known of one open group: ways through it, and steps to try all of them."""

    look: bool = False
    ways: float = 1
    steps: float = 1
    branch_ways: float = 0
    branch_steps: float = 0
    last: tuple[float, float] = (1, 1)
    """Ways of the last item alone, and ways before it: what a quantifier after it needs."""

    def add(self, ways: float, steps: float) -> None:
        """Put an item behind what is there."""
        self.last = (ways, self.ways)
        self.steps += self.ways * steps
        self.ways *= ways

    def branch(self) -> None:
        """Begin another alternative."""
        self.branch_ways += self.ways
        self.branch_steps += self.steps
        self.ways = self.steps = 1

    def repeat(self, low: float, high: float, length: int) -> None:
        """Repeat the last item.

        Raises:
            ValueError: the item can be passed in several ways already, so repeats of it multiply without a bound.
        """
        ways, before = self.last
        if ways > 1 and high > 1:
            raise ValueError("regular expression repeats something that repeats or has alternatives, without RE2")
        choices = min(high, length) - min(low, length) + 1
        self.ways = before * (ways * choices if ways > 1 else choices)
        self.steps += self.ways + before * min(high, length)
        self.last = (self.ways / before, before)


def _steps(pattern: str, length: int) -> float:
    """Bound the steps of one attempt to match at one place of a text of this length.

    Every choice is taken to multiply all choices before it, except inside lookaround, which keeps one answer.

    Raises:
        ValueError: there is no such bound.
    """
    frames = [_Frame()]
    at = 0
    while at < len(pattern):
        char, top = pattern[at], frames[-1]
        if char == "(":
            found = GROUP.match(pattern, at + 1)
            opened = found.group() if found else ""
            if opened == "?#":
                at = pattern.index(")", at) + 1
                continue
            at += 1 + len(opened)
            if not opened.endswith(")") or opened.startswith("?("):
                if opened.startswith("?P="):
                    top.add(1, length)
                else:
                    frames.append(_Frame(look=opened in LOOK))
            continue
        if char == ")":
            if len(frames) > 1:  # else the end of a named backreference
                frames.pop()
                top.branch()
                frames[-1].add(1 if top.look else top.branch_ways, top.branch_steps)
            at += 1
        elif char == "|":
            top.branch()
            at += 1
        elif char in "*+?" or (char == "{" and REPEAT.match(pattern, at)):
            at = _quantifier(pattern, at, top, length)
        else:
            at = _item_end(pattern, at)
            top.add(1, length if char == "\\" and pattern[at - 1].isdigit() else 1)
    frames[0].branch()
    return frames[0].branch_steps


def _quantifier(pattern: str, at: int, top: _Frame, length: int) -> int:
    if found := REPEAT.match(pattern, at):
        low = int(found[1] or 0)
        high = float(found[3] or "inf") if found[2] else low
        at = found.end()
    else:
        low, high = {"*": (0, float("inf")), "+": (1, float("inf")), "?": (0, 1)}[pattern[at]]
        at += 1
    if at < len(pattern) and pattern[at] in "?+":  # lazy or possessive: no more ways than greedy
        at += 1
    top.repeat(low, high, length)
    return at


def _item_end(pattern: str, at: int) -> int:
    if pattern[at] == "\\":
        return at + 2
    if pattern[at] != "[":
        return at + 1
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    at += 1 if pattern[at : at + 1] == "]" else 0  # a bracket in first place is a member
    while at < len(pattern) and pattern[at] != "]":
        named = pattern.find(":]", at) if pattern.startswith("[:", at) else -1
        at = named + 2 if named > 0 else at + (2 if pattern[at] == "\\" else 1)
    return at + 1


def literal_of(pattern: str) -> str:
    """Give the longest text that is in everything the pattern matches, but for case; empty when none is plain to see.

    Only texts outside groups are seen, and none in patterns with more than RE2 can say.
    """
    runs, at, depth = [""], 0, 0
    while at < len(pattern):
        char, begin = pattern[at], at
        if char == "(":
            found = GROUP.match(pattern, at + 1)
            opened = found.group() if found else ""
            if (
                opened in LOOK
                or opened[:2] in ("?(", "?#", "?>")
                or (opened[:3] == "?P=")
                or "x" in opened.split("<")[0]
            ):
                return ""
            depth += 0 if opened.endswith(")") else 1
            at += 1 + len(opened)
        elif char == ")":
            depth -= 1
            at += 1
        elif char in "*+?" or (char == "{" and REPEAT.match(pattern, at)):
            least, at = _least(pattern, at)
            if not least and not depth:
                runs[-1] = runs[-1][:-1]
        elif char == "|" and not depth:
            return ""
        else:
            at = _item_end(pattern, at)
            plain = pattern[begin + 1 : at] if char == "\\" else char if char not in ".^$[|" else ""
            if char == "\\" and plain.isalnum():
                if plain not in CLASSES:
                    return ""
                plain = ""
            if plain and not depth:
                runs[-1] += plain
                continue
        runs.append("")
    return max(runs, key=len)


def _least(pattern: str, at: int) -> tuple[int, int]:
    """Give how often a quantifier repeats at least, and where it ends."""
    if found := REPEAT.match(pattern, at):
        return int(found[1] or 0), found.end()
    return int(pattern[at] == "+"), at + 1
