"""Authentication results as servers write them into mails, read in every form that real servers use.

Source: RFC 8601 2.2 (Authentication-Results), RFC 8617 4.1.1 (ARC-Authentication-Results), RFC 7208 9.1
(Received-SPF), Microsoft Learn "Anti-spam message headers" (compauth, X-Forefront-Antispam-Report). Servers leave out
the server's name, semicolons between results and blanks before comments; they write one dot short of a property,
values without quotes that need some, and whole headers as encoded words. All of that is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

HEADER_CHARS = 8_192
"""Read of one header; a hundred signatures fit."""
RESULTS = 100
"""Kept of one header."""

_OUTSIDE, _COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[();]'), re.compile(r"\\.|[()]")
_PAIR = re.compile(
    r"([A-Za-z][\w.-]{0,60})(?:/\d{1,3})?[ \t]{0,3}="
    r"(?:[ \t]{0,3}(?![A-Za-z][\w.-]{0,60}=)(\"(?:[^\"\\]|\\.)*\"?|[^\s;\"]\S*))?"
)
_INSTANCE = re.compile(r"i\s*=\s*(\d{1,3})")
_WORD = re.compile(r"[A-Za-z]{2,20}")
# Properties that some servers write without the dot of RFC 8601.
_PLAIN = frozenset("reason action policy p sp pct dis d s i b a q from mailfrom helo x".split())
_SPF_RESULTS = frozenset("pass fail softfail neutral none temperror permerror error unknown bestguesspass".split())
_SPF_OF = re.compile(
    r"\bdomain of (?:transitioning )?([^\s;()]{1,320})|\blookup of ([^\s;():]{1,320})|: ([^\s;()]{1,255}) does not des",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check said."""

    method: str
    """Lower case: spf dkim dmarc arc compauth iprev auth and whatever else a server knows."""
    value: str
    """Lower case: pass fail none softfail neutral temperror permerror bestguesspass and others."""
    properties: tuple[tuple[str, str], ...] = ()
    """(``header.d``, value) in order, names in lower case."""
    comment: str = ""
    """All comments on it, where Microsoft and Google write a domain's policy."""

    def get(self, *names: str) -> str:
        """Give the first property of these names that has a value."""
        found = dict(reversed(self.properties))
        return next((found[name] for name in names if found.get(name)), "")


@dataclass(frozen=True, slots=True)
class Results:
    """One header."""

    server: str
    """The authserv-id in lower case; empty where the server gives none."""
    results: tuple[Result, ...]
    instance: int = 0
    """Of an ARC set."""
    whole: bool = True
    """Whether everything in it was understood."""


def read_results(text: str) -> Results:
    """Read the value of Authentication-Results, of its ARC twin, or of one of its copies under another name."""
    segments, whole = _segments(text[:HEADER_CHARS])
    instance = 0
    if segments and (counted := _INSTANCE.fullmatch(segments[0][0].strip())):
        instance = int(counted[1])
        del segments[0]
    server = ""
    found: list[Result] = []
    for number, (segment, comment) in enumerate(segments):
        pairs = list(_PAIR.finditer(segment))
        rest = segment[: pairs[0].start()] if pairs else segment
        words = rest.split()
        if number == 0 and words and not server:
            server = words.pop(0).lower()
            if words and words[0].isdigit():
                words.pop(0)
        if words and [word.lower() for word in words] != ["none"]:
            whole = False
        made, loose, clean = _of_segment(pairs, segment, comment)
        whole = whole and clean
        if loose and found and not made:
            # ``dkim=pass (ok); header.i=@a.example``: a semicolon too many.
            found[-1] = replace(found[-1], properties=(*found[-1].properties, *loose)[:RESULTS])
        found += made[: RESULTS - len(found)]
    return Results(server.strip('"<>'), tuple(found), instance, whole and bool(server or found))


def _of_segment(
    pairs: list[re.Match[str]], segment: str, comment: str
) -> tuple[list[Result], list[tuple[str, str]], bool]:
    """Give the results of what stands between two semicolons: one, but where a semicolon was forgotten.

    Returns:
        The results, the properties in front of the first, and whether all was understood.
    """
    made: list[tuple[str, str, list[tuple[str, str]]]] = []
    loose: list[tuple[str, str]] = []
    clean, at = True, pairs[0].start() if pairs else 0
    for pair in pairs:
        clean = clean and not segment[at : pair.start()].strip()
        at = pair.end()
        name, value = pair[1].lower(), _unquoted(pair[2] or "")
        if "." not in name and name not in _PLAIN and _WORD.fullmatch(value):
            made.append((name, value.lower(), []))
        else:
            (made[-1][2] if made else loose).append((name, value))
    clean = clean and not (pairs and segment[at:].strip())
    results = [
        Result(name, value, (*loose, *properties), comment if number == len(made) - 1 or len(made) == 1 else "")
        for number, (name, value, properties) in enumerate(made)
    ]
    return results, loose, clean


def read_spf(text: str) -> Results:
    """Read the value of Received-SPF: one result, whose ``smtp.mailfrom`` is looked for in the comment as well."""
    segments, whole = _segments(text[:HEADER_CHARS])
    first = _WORD.match(text.strip())
    value = first[0].lower() if first else ""
    if value not in _SPF_RESULTS:
        return Results("", (), whole=False)
    pairs = [pair for segment, _ in segments for pair in _PAIR.finditer(segment)]
    properties = [(pair[1].lower(), _unquoted(pair[2] or "")) for pair in pairs]
    comment = " ".join(comment for _, comment in segments)
    known = dict(properties)
    of = _SPF_OF.search(comment)
    domain = known.get("envelope-from") or known.get("smtp.mailfrom") or (next(filter(None, of.groups())) if of else "")
    named = [("smtp.mailfrom", domain)] if domain else []
    named += [("smtp.helo", known["helo"])] if known.get("helo") else []
    server = known.get("receiver") or comment.partition(":")[0]
    return Results(
        server.strip().lower() if "." in server else "", (Result("spf", value, (*named, *properties)),), 0, whole
    )


def read_report(text: str) -> dict[str, str]:
    """Give the fields of X-Forefront-Antispam-Report (``CIP:192.0.2.1;SFV:SPM;``), names in upper case."""
    pairs = (part.partition(":") for part in text[:HEADER_CHARS].split(";"))
    return {name.strip().upper(): value.strip() for name, colon, value in pairs if colon and value.strip()}


def domain_of(text: str) -> str:
    """Give the domain of an identity however it is written: ``a@b``, ``@b``, ``b``, ``<a@b>``; empty for none."""
    name = text.strip(" <>\"'").rpartition("@")[2].strip(" .<>[]\"'").lower()
    return "" if name in ("none", "unknown") or len(name) > 255 else name


def _unquoted(value: str) -> str:
    return value.strip('"') if value.startswith('"') else value.rstrip(",")


def _segments(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Cut at semicolons outside quotes and comments; give each piece without its comments, and these.

    Returns:
        The pieces that hold anything, and whether every comment was closed.
    """
    pieces: list[tuple[str, str]] = []
    kept: list[str] = []
    comments: list[str] = []
    at = depth = opened = 0
    while True:
        found = (_COMMENT if depth else _OUTSIDE).search(text, opened if depth else at)
        if found is None:
            break
        token = found[0]
        if depth:
            depth += {"(": 1, ")": -1}.get(token, 0)
            opened = found.end()
            if not depth:
                comments.append(text[at : opened - 1])
                at = opened
            continue
        if token[0] == '"':
            kept.append(text[at : found.end()])
        else:
            kept.append(text[at : found.start()])
        at = found.end()
        if token == "(":
            kept.append(" ")
            depth, opened = 1, at
        elif token == ";":
            pieces.append(("".join(kept), " ".join(comments)))
            kept, comments = [], []
    if depth:
        comments.append(text[at:])
    else:
        kept.append(text[at:])
    pieces.append(("".join(kept), " ".join(comments)))
    return [piece for piece in pieces if piece[0].strip() or piece[1]], not depth
