"""Whether a text can be JavaScript, and whether what it says reaches into a browser: told by tokens, not by words.

Prose puts two words side by side, and uses marks that no script has; a script does neither. A text that reads as a
script counts only when it calls, assigns to or reaches into something that a page's window has.

Source: ECMA-262, 12 (lexical grammar); WHATWG HTML, Window (its members and the constructors found on it).
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_CHARS = 4_096
MAX_TOKENS = 1_000
_TOKEN = re.compile(
    r"(?P<gap>\s+)|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z)|<!--[^\n]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*(?:\"|\Z)|'(?:[^'\\\n]|\\.)*(?:'|\Z)|`(?:[^`\\]|\\.)*(?:`|\Z))"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?)n?)"
    r"|(?P<word>(?:[^\W\d]|\$|\\u[0-9a-fA-F]{4})(?:\w|\$|\\u[0-9a-fA-F]{4})*)"
    r"|(?P<mark>=>|===?|!==?|&&|\|\||\+\+|--|[-+*/%&|^!~?:;,.=<>(){}\[\]])",
    re.DOTALL,
)
_JOINING = frozenset(
    "var let const new return typeof void delete throw in of instanceof if else for while do function async await"
    " class extends try catch finally switch case default yield import export get set static this break".split()
)
"""Words of the language that another word may stand beside."""
REACHES = frozenset(
    "alert confirm prompt eval settimeout setinterval setimmediate execscript requestanimationframe fetch"
    " xmlhttprequest websocket eventsource importscripts function document window self location navigator history"
    " localstorage sessionstorage postmessage globalthis frames parent top opener cookie constructor atob btoa"
    " unescape decodeuricomponent fromcharcode innerhtml outerhtml write writeln createelement appendchild"
    " insertadjacenthtml queryselector getelementbyid activexobject image open console string math reflect"
    " srcdoc domparser worker promise array print jquery object throw onerror call apply bind".split()
)
"""Names, in lower case, by which a script gets hold of the page or makes code of text."""
_AMBIGUOUS = frozenset(
    "call apply bind open top parent image print write self function object array string promise console math frames"
    " history location cookie worker throw document window".split()
)
"""Of these, the ones that are ordinary words as well: they count when something is reached through them."""
_MEMBERS = REACHES | frozenset(
    "href hash search host hostname domain title body forms links images scripts all assign replace reload referrer"
    " name defaultview documentelement getelementsbytagname getelementsbyname pushstate replacestate back go log"
    " clipboard sendbeacon credentials serviceworker useragent platform setitem getitem attachevent addeventlistener"
    " dispatchevent postmessage implementation currentscript head src from raw set define construct apply then"
    " protocol port pathname origin event external clipboarddata showmodaldialog onload navigate".split()
)
"""Names that are reached through one of REACHES, as ordinary words behind a dot are not."""
_LETTERS = re.compile("[\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f]")
"""Of the Far East: a script may name its variables so, but does not when it is to fit anywhere."""
_ASSIGNED = frozenset({"location", "innerhtml", "outerhtml", "cookie", "onerror"})
_HELD = re.compile(r"\$\{([^{}]{1,500})\}")
_LETTERLESS = re.compile(r"[\[\]()!+{}\s\"'`$_,;=.~:/\\|&<>*^%?-]+")


class Code(NamedTuple):
    """What a text is when it is read as a script."""

    reads: bool
    """True when nothing in it keeps it from being one."""
    reaches: tuple[str, ...]
    """What it takes hold of; empty when it does nothing to a page."""


def code_of(text: str) -> Code:
    """Read a text as a script; one that is too long is judged by its beginning."""
    text = text[:MAX_CHARS]
    if _is_letterless(text):
        return Code(True, ("()",))
    reader = _Reader()
    at, last = 0, len(text)
    for _ in range(MAX_TOKENS):
        if at >= last:
            break
        found = _TOKEN.match(text, at)
        if found is None or not reader.take(found.lastgroup or "", found[0]):
            return Code(False, ())
        at = found.end()
    return Code(True, tuple(dict.fromkeys(reader.reaches)))


class _Reader:
    """Goes through the tokens of a text and notes what it reaches."""

    def __init__(self) -> None:
        self.reaches: list[str] = []
        self.before = ""
        """Kind of the token before, blanks and comments left out."""
        self.word = ""
        """The name before, until it is known what follows it."""
        self.gap = False
        """Whether blanks stand behind that name."""
        self.dot = False
        """Whether the name is followed by a dot."""
        self.made = False
        """Whether ``new`` stands before the name."""
        self.asked = ""
        """An ordinary word that is called, until it is known whether with a text: ``open('…')`` but ``open(24h)``."""

    def take(self, kind: str, token: str) -> bool:
        """Take the next token; False when no script has it there."""
        if kind in ("gap", "comment"):
            if kind == "gap":
                self.gap = True
                self.before = ";" if "\n" in token else self.before
            return True
        if kind == "mark":
            if token in ("!", "~") and self.before in ("operand", "closing"):
                return False
            self._mark(token)
            return True
        if (self.before == "operand" and token[0] != "`") or (kind == "word" and _LETTERS.search(token)):
            return False
        if self.asked and kind == "text":
            self.reaches.append(self.asked)
        self.asked = ""
        if token[0] == "`":
            self._template(token)
        elif kind == "word":
            if self.dot and token.lower() in (REACHES if self.gap else _MEMBERS):
                self.reaches.append(f"{self.word}.{token}")
            self.before = "joining" if token in _JOINING else "operand"
            self.made = self.word == "new"
            self.word, self.dot, self.gap = token, False, False
            return True
        self.before, self.word, self.dot = "operand", "", False
        return True

    def _mark(self, token: str) -> None:
        word = self.word.lower()
        if token == "(" and self.before == "closing":
            self.reaches.append("](")
        if self.dot:  # nothing is called so: "self.(x)"
            word = ""
        called = token == "(" and (word not in _AMBIGUOUS or self.made)
        self.asked = self.word if token == "(" and word in _AMBIGUOUS and not self.gap else ""
        if word in REACHES and (called or token == "[" or (token == "=" and word in _ASSIGNED)):
            self.reaches.append(self.word)
        self.dot = token == "." and word in REACHES
        if not self.dot:
            self.word = ""
        self.before = "closing" if token in (")", "]", "}") else token

    def _template(self, token: str) -> None:
        """Take a template: behind a name it is a call, and what it holds in ``${}`` runs."""
        if self.word.lower() in REACHES:
            self.reaches.append(self.word)
        for found in _HELD.finditer(token):
            if found[1].strip().lower() in REACHES - _AMBIGUOUS or code_of(found[1]).reaches:
                self.reaches.append(found[1].strip())


def _is_letterless(text: str) -> bool:
    """Tell code made of brackets and signs alone, which spells any word by the language's conversions."""
    return len(text) >= 24 and text.count("[") >= 6 and text.count("!") >= 2 and bool(_LETTERLESS.fullmatch(text))
