"""Script in text that a page will show: found by what a browser would make of it, in every context and coding.

A customer's address, a search word or a browser's name is text. It becomes script when a page puts it down without
escaping it. So each reading of the text (:mod:`sekisho.model.textlayers`) is tokenised as if it stood in the content of
a page, inside an attribute's value, a comment, a style, a script's string, or as the whole of a URL; and it is an
injection when the tokens would run, load or restyle something there. Ordinary text has ``<``, ``&`` and quotes as well,
but nothing behind them that a browser acts on.

Source: WHATWG, HTML Living Standard (8.1.7 event handlers; 4.12.1 script; 7.4.2.3.2 javascript: URLs; 4.8 embedded
content); OWASP, "Cross Site Scripting Prevention Cheat Sheet" (contexts); W3C, CSS 2.1, 4.1.3 (escapes); Microsoft,
dynamic properties, DHTML behaviors and HTML+TIME, which browsers of the time of these shops still obeyed.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from sekisho.model.markup import Attribute, Tag, in_content, raw_content, rests, tags
from sekisho.model.scriptcode import REACHES, code_of
from sekisho.model.textlayers import layers

SHOWN_CHARS = 300
"""Of the decoded evidence."""
SHORTEST = 6
"""Characters of the shortest text that does anything: ``<a on…``."""
MAX_ALONE = 4_096
"""Of a text that is looked at as the whole of a URL."""
SCHEME_CHARS = 1_024
"""Of a value that a scheme is looked for in, blanks and all."""
HANDLER_CHARS = 1_024
"""Of the value of an event that no browser knows."""
HOSTS = 5
KINDS = (
    "script", "handler", "script-url", "style", "active-element", "declaration", "template", "string-break", "code",
)  # fmt: skip
"""From plainest to weakest: element that is a script, attribute that runs, address that runs, style that runs, element
that loads a page or resets the base, declaration that loads, template, end of a script's string, bare code."""

_SCRIPT_SCHEME = re.compile(r"(?:(?:feed|view-source|jar|pcap):){0,4}(?:java|vb|live|j|ecma)script:|mocha:|vbs:")
_DATA_SCHEME = re.compile(
    r"data:(?:text/(?:html|xml|javascript)|image/svg|application/(?:xml|xhtml|javascript|x-javascript))"
)
_BASE64 = re.compile(r";\s*base64\s*,\s*([A-Za-z0-9+/=\s%]{8,4096})")
_NAMED_BLANKS = re.compile(r"&(?:tab|newline);", re.IGNORECASE)
_NO_TITLE = frozenset("\\/[\"'%&!+{")
"""What no title goes on with behind a colon."""
_SCHEME_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028\u2029\ufeff]+")
_NOTHING = re.compile(
    r"(?:void\(?['\"]?0?['\"]?\)?|undefined|null|false|true|return(?:false|true)?|[;#/\s]*|(?:window\.|self\.)?(?:history\."
    r"(?:back\(\)|go\(-?\d*\))|print\(\)|close\(\)))[;\s]*",
    re.IGNORECASE,
)
_HANDLER = re.compile(r"(?:[\w-]{1,20}:|[^\w\u3000-\uffff]{0,20})(on[a-z]{3,40}|ev:event|fscommand)[^a-z]{0,8}")
_FIRST_HANDLER = re.compile(r"\s{0,8}(on[a-z]{3,40})\s{0,8}=\s{0,8}([^\s].{2,2000})", re.IGNORECASE | re.DOTALL)
# Source: WHATWG, GlobalEventHandlers and WindowEventHandlers; Microsoft, DHTML events; SVG and HTML+TIME events.
_EVENT = re.compile(
    r"on(?:abort|after|animation|auto|aux|before|begin|blur|bounce|cancel|can|cell|change|click|close|context|copy|cue"
    r"|cut|data|dbl|deactivate|activate|device|drag|drop|duration|emptied|end|error|event|filter|finish|focus|form|fullscreen|got"
    r"|hash|help|input|invalid|key|language|layout|load|lose|lost|media|message|mouse|move|off|online|out|page|paste"
    r"|pause|play|pointer|pop|progress|property|rate|ready|rejection|repeat|reset|resize|resume|reverse|row|scroll|search|seek"
    r"|select|show|slot|stalled|start|stop|storage|submit|suspend|sync|time|toggle|touch|track|transition|unhandled|unload|url"
    r"|volume|waiting|webkit|wheel|zoom)"
)
_ACTS = re.compile(r"[\w$\])]\(|`|[\w$\])]\s*=(?!=)|#")
_SCRIPT = re.compile(r"script(?![\w-])")
_CSS_COMMENT = re.compile(r"(\"[^\"]*\"|'[^']*')|/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\(?:0{0,4}([0-9a-fA-F]{2,4})\s?|([^0-9a-fA-F\n]))")
_CSS_RUNS = re.compile(
    r"expression\(|-moz-binding:|behaviou?r:url\(|url\(['\"]?(?:java|vb|live)script|(?::|;|@import)['\"]?(?:java|vb|live)script:|@import(?:url|['\"]|https?:|//)"
    r"|-o-link:|(?:url\()['\"]?data:(?:text/html|image/svg|text/xml)|@charset['\"]?utf-7|behavior:"
)
_BREAKS_STYLE = re.compile(r"[{}\[]|url\s{0,8}\(", re.IGNORECASE)
"""What a style of one element needs only to break out of it, or to fetch something."""
_SHEET = re.compile(r"@\\|url\s{0,8}\(|@import", re.IGNORECASE)
_CSS_GAPS = re.compile(r"[\s\x00-\x20\xa0\u2000-\u200f\u3000\ufeff]+")
_REFRESH = re.compile(r"url\s*=|^\s*[\d.]*\s*[;,]\s*\S")
_DECLARATION = re.compile(
    r"<\?(?:xml-stylesheet|import|xml:namespace)\s[^>]{0,2000}|<?!entity\s+(?:%\s+)?[\w.:-]{1,80}\s+(?:system|public|['\"])[^>]{0,2000}|<!attlist\s[^>]{0,2000}"
    r"|<!--#(?:exec|include|echo)\s[^>]{0,500}",
    re.IGNORECASE,
)
_APART = re.compile(r"<\s?((?:[a-z]\s{1,3}){2,9}[a-z])(?![a-z])", re.IGNORECASE)
_NAMES = frozenset(
    "script style iframe frame frameset object embed applet form input button dialog video audio svg math meta base"
    " link img image body html template marquee details isindex textarea select".split()
)
"""Elements that nobody spells letter by letter unless a filter is to miss them."""
_TEMPLATE = re.compile(r"\{\{([^{}]{3,500})\}\}|[$#]\{([^{}]{3,500})\}")
_STRING_END = re.compile(r"\\?(['\"`])(?=\s*[;+\-*/|&^%)}\]<>?]|\s*\n)")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,10}:)?[\\/]{2}([a-z0-9\u0080-\uffff](?:[a-z0-9.\u0080-\uffff-]{0,250})\.[a-z\u0080-\uffff][a-z0-9\u0080-\uffff-]{1,62})",
    re.IGNORECASE,
)
_GATE = re.compile(r"[<>\"'`(={&%\\:\xbc\xc0\xc1\uff01-\uff5e\ufe55-\ufe68\u2039\u2329\u3008\u02ba\u02b9]|\+A|\[\]")
_ALIVE = re.compile(r"[<\"'`(={:]")
_BREAKS = re.compile(r"on[a-z]{3}|style|script|data:|fscommand|ev:event", re.IGNORECASE)
_CSS_MARKS = (
    "expression", "script", "binding", "behavio", "import", "charset", "data:", "link:", "\\", "/*", "\uff1a", "\uff08",
)  # fmt: skip
_FOLLOWED = re.compile(r"([A-Za-z$][\w$]{1,24})(?=\s{0,8}[(\[=`.}/])")
_MADE = re.compile(r"[\])]\(|\[\]|\\u00")


# Elements that load or change a page by being there, and the attributes by which they do.
_LOADS = {
    "iframe": ("src", "srcdoc", "name", "onload"), "frame": ("src",), "frameset": ("src", "onload"),
    "object": ("data", "classid", "codebase", "type", "archive", "code"), "embed": ("src", "code", "href", "type"),
    "applet": ("code", "codebase", "archive", "object"), "base": ("href",), "bgsound": ("src",), "xml": ("src", "id"),
    "layer": ("src",), "ilayer": ("src",), "vmlframe": ("src",), "handler": ("type", "xlink:href", "href"),
    "listener": ("event", "handler"), "event-source": ("src",), "import": ("implementation", "namespace"),
    "isindex": ("action", "type", "formaction"), "portal": ("src",), "fencedframe": ("src",), "include": ("href",),
    "x-import": ("href",), "stylesheet": ("src",), "basefont": (), "comment": (), "vmlframe.": (),
}  # fmt: skip
_META = ("set-cookie", "link", "content-security-policy")
_ANIMATED = frozenset({"set", "animate", "animatemotion", "animatecolor", "animatetransform", "t:set", "t:animate"})


@dataclass(frozen=True, slots=True)
class Injection:
    """What a browser would do with a text, and where it says so."""

    kind: str
    """One of KINDS."""
    context: str
    """``content``, ``value`` (it first ends an attribute's value, a comment or raw text), ``url``, ``script``."""
    text: str
    """The part that does it, decoded."""
    at: int
    """Where that part begins in the decoded text; for a text that was not coded, in the text itself."""
    end: int
    layers: tuple[str, ...]
    """The codings that hid it, outermost first; empty when it stands there as it is."""
    why: str
    """What acts: an element, an attribute, a scheme, a name that the script reaches."""
    hosts: tuple[str, ...] = ()
    """Other places that it names, lower case."""


def find_injection(text: str) -> Injection | None:
    """Give the plainest injection in a text, None when a browser would only show it."""
    if len(text) < SHORTEST or _GATE.search(text) is None:
        return None
    best: Injection | None = None
    for layer in layers(text):
        if _ALIVE.search(layer.text) is None:
            continue
        for found in _readings(layer.text):
            if best is None or KINDS.index(found.kind) < KINDS.index(best.kind):
                best = _made(found, layer.text, layer.how)
                if best.kind == KINDS[0]:
                    return best
        if best is not None and best.kind in ("script", "handler", "script-url"):
            break
    return best


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    context: str
    at: int
    end: int
    why: str


def _made(found: _Found, text: str, how: tuple[str, ...]) -> Injection:
    shown = text[found.at : found.end]
    hosts = dict.fromkeys(match[1].lower() for match in _ADDRESS.finditer(text[found.at : found.end + 2_000]))
    return Injection(
        found.kind,
        found.context,
        shown[:SHOWN_CHARS],
        found.at,
        found.end,
        how,
        found.why,
        tuple(hosts)[:HOSTS],
    )


def _readings(text: str) -> Iterator[_Found]:
    """Give what a text would do in each of the contexts."""
    if "<" in text:
        yield from _as_content(text)
    if "=" in text and _BREAKS.search(text):
        yield from _as_value(text)
    if ":" in text and (why := _runs(text, alone=True)):
        yield _Found("script-url", "url", 0, len(text), why)
    lower = text.lower()
    if any(mark in lower for mark in _CSS_MARKS) and (why := _styles(text)):
        yield _Found("style", "value", 0, len(text), why)
    if _may_reach(text):
        yield from _as_script(text)


def _may_reach(text: str) -> bool:
    """Tell cheaply whether anything in a text could be code that :func:`code_of` takes for more than a calculation."""
    return any(word.lower() in REACHES for word in _FOLLOWED.findall(text)) or _MADE.search(text) is not None


def _as_content(text: str) -> Iterator[_Found]:
    reached = in_content(text)
    is_xml = text.lstrip()[:5].lower() == "<?xml"  # whose attributes are fields of their own
    looked = _Looked()
    for tag in tags(text):
        kind, why = looked.at(tag, text)
        if kind:
            end = tag.end
            if kind == "script":
                end = min(len(text), end + len(raw_content(text, tag)))
            yield _Found(kind, "content" if tag.at in reached else "value", tag.at, end, why)
        elif is_xml:
            for one in tag.attributes[:8]:
                for inner in _as_script(html.unescape(one.value)):
                    yield replace(inner, at=one.at, end=one.end)
    for found in _APART.finditer(text):
        if (word := re.sub(r"\s", "", found[1]).lower()) in _NAMES:
            yield _Found("active-element", "content", found.start(), found.end(), f"letters of {word} apart")
    for found in _DECLARATION.finditer(text):
        yield _Found("declaration", "content", found.start(), found.end(), found[0].split()[0].lower())


class _Looked:
    """What was found in the tags of one text: those inside others share attributes and content with them."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[str, str]] = {}
        self.sheet_until = 0

    def at(self, tag: Tag, text: str) -> tuple[str, str]:
        """Give what a tag does, and by what; empty for one that only shows."""
        name = tag.name.rpartition(":")[2].strip("\x00")
        if _SCRIPT.match(name):
            return "script", tag.name
        worst = ("", "")
        for one in tag.attributes:
            found = self.known.get(one.at)
            if found is None:
                found = self.known[one.at] = _acting(one)
            if found[0] and (not worst[0] or KINDS.index(found[0]) < KINDS.index(worst[0])):
                worst = found
        if worst[0]:
            return worst
        if name == "style" and tag.at >= self.sheet_until:
            content = raw_content(text, tag)
            self.sheet_until = tag.end + len(content)
            if why := _styles(content) or _sheet_loads(content):
                return "style", why
        return _active(name, {one.name: one for one in tag.attributes})


def _acting(one: Attribute) -> tuple[str, str]:
    """Give what an attribute does by itself, whatever the element."""
    if handler := _handles(one, in_tag=True):
        return "handler", handler
    if one.value and (why := _runs(one.value)):
        return "script-url", f"{one.name}={why}"
    if one.value and (why := _attribute_styles(one)):
        return "style", why
    return "", ""


def _active(name: str, by_name: dict[str, Attribute]) -> tuple[str, str]:
    if name in _LOADS and any(one in by_name and by_name[one].value.strip() for one in _LOADS[name]):
        return "active-element", name
    if name == "base" and "href" in by_name:
        return "active-element", name
    if "datasrc" in by_name and by_name["datasrc"].value:
        return "active-element", f"{name} datasrc"
    if name == "meta" and (act := by_name.get("http-equiv")):
        word = act.value.strip().lower()
        content = by_name["content"].value.lower() if "content" in by_name else ""
        if (word == "refresh" and (not content or _REFRESH.search(content))) or word in _META:
            return "active-element", f"meta {word}"
    if name == "meta" and ("charset" in by_name or any("utf-7" in one.value.lower() for one in by_name.values())):
        return "active-element", "meta charset"
    if name == "link" and "href" in by_name:
        rel = by_name["rel"].value.lower() if "rel" in by_name else ""
        if any(word in rel for word in ("stylesheet", "import", "manifest")) or not rel:
            return "active-element", "link"
    if name in _ANIMATED and (target := by_name.get("attributename")):
        word = html.unescape(target.value).strip().lower()
        if word.endswith(("href", "innerhtml", "src")) or word.startswith("on"):
            return "active-element", f"{name} {word}"
    return "", ""


def _as_value(text: str) -> Iterator[_Found]:
    """Give what a text does when it ends the attribute's value that it was put into."""
    for quote, tag in rests(text):
        for one in tag.attributes:
            if handler := _handles(one):
                yield _Found("handler", "value", tag.at, one.end, handler)
            elif one.value and one.name.isascii() and one.name.replace("-", "").isalpha() and (why := _runs(one.value)):
                yield _Found("script-url", "value", tag.at, one.end, f"{one.name}={why}")
            elif one.name == "style" and quote and (why := _attribute_styles(one)):
                yield _Found("style", "value", tag.at, one.end, why)
    if start := _FIRST_HANDLER.match(text):
        found = _handles(Attribute(start[1].lower(), start[2].strip("\"'"), 0, len(text)))
        if found:
            yield _Found("handler", "value", 0, len(text), found)


def _handles(one: Attribute, *, in_tag: bool = False) -> str:
    """Give the name of an attribute that runs its value when something happens, empty for any other.

    An event that no browser knows counts when its value reads as a script that reaches something; one that browsers
    know, outside of a tag, when its value calls or assigns something.
    """
    name = _HANDLER.fullmatch(one.name)
    if name is None or not one.value.strip():
        return ""
    value = html.unescape(one.value)
    if name[1] in ("ev:event", "fscommand"):
        return name[1]
    if _EVENT.match(name[1]) and (_ACTS.search(value) or (in_tag and len(value) > 2)):
        return name[1]
    return name[1] if _runs(value) or code_of(value[:HANDLER_CHARS]).reaches else ""


def _runs(value: str, *, alone: bool = False) -> str:
    """Give the scheme of an address that runs or carries a page, empty for any other and for one that does nothing.

    ``alone`` tells that the value is a text by itself: then what follows the scheme must read as a script, for a title
    may begin with that word too.
    """
    value = value[: MAX_ALONE if alone else SCHEME_CHARS]
    if ":" not in value and "&" not in value:
        return ""
    value = _NAMED_BLANKS.sub(" ", value)
    head = _SCHEME_BLANKS.sub("", html.unescape(value)).lower()
    for mark in ('"', "'", "`"):
        head = head.removeprefix(mark)
    head = re.sub(r"^(?:\d*;)?url=['\"]?", "", head) if not alone else head
    if scheme := _SCRIPT_SCHEME.match(head):
        rest = head[scheme.end() :]
        if scheme[0] not in value.lower():
            return scheme[0]  # whoever takes it apart means it
        if _NOTHING.fullmatch(rest):
            return ""
        if alone and rest[0] not in _NO_TITLE:
            written = html.unescape(value)
            code = code_of(written.split(":", 1)[1])
            if not code.reads or not (code.reaches or _ACTS.search(rest)):
                return ""
        return scheme[0]
    if data := _DATA_SCHEME.match(head):
        return data[0]
    if head.startswith("data:") and (packed := _BASE64.search(html.unescape(value))):
        return "data: with markup" if _is_markup(packed[1]) else ""
    if head.startswith("data:,") and find_markup(head[6:]):
        return "data: with script"
    return ""


def find_markup(text: str) -> bool:
    """Tell whether a text holds the start of a tag or a call."""
    return bool(re.search(r"<[a-z!?]|[\w$]\(", text))


def _is_markup(packed: str) -> bool:
    text = re.sub(r"%[0-9a-fA-F]{2}|\s", "", packed)
    try:
        raw = base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return False
    return raw.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"


def _attribute_styles(one: Attribute) -> str:
    if "style" not in one.name and one.name not in ("filter", "css"):
        return ""
    css = html.unescape(one.value)
    found = _BREAKS_STYLE.search(css)
    return _styles(css) or (f"style with {found[0]}" if found else "")


def _sheet_loads(css: str) -> str:
    """Give what makes a style sheet fetch something or hide the name of a rule."""
    found = _SHEET.search(css)
    return found[0].strip().lower() if found else ""


def _styles(css: str) -> str:
    """Give what in a style runs or loads a script, empty for a style that only looks."""
    if len(css) > 8_192:
        css = css[:8_192]
    plain = _CSS_COMMENT.sub(lambda found: found[1] or "", css)
    if "\\" in plain:
        plain = _CSS_ESCAPE.sub(_css_escaped, plain)
    plain = _CSS_GAPS.sub("", plain.replace("\\", "")).lower()
    if not plain.isascii():
        plain = plain.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
    found = _CSS_RUNS.search(plain)
    if found is None:
        return ""
    if found[0] in ("behavior:",) and not re.search(r"behavior:['\"]?url|behavior:#", plain):
        return ""
    return found[0]


def _css_escaped(found: re.Match[str]) -> str:
    if found[2]:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if not 0xD800 <= code < 0xE000 else ""


def _as_script(text: str) -> Iterator[_Found]:
    """Give what a text does inside a script: behind the end of a string, in a template, or as code itself."""
    if "{" in text:
        for found in _TEMPLATE.finditer(text):
            inner = found[1] or found[2]
            if (code := code_of(inner)).reads and code.reaches:
                yield _Found("template", "script", found.start(), found.end(), code.reaches[0])
    for found in islice(_STRING_END.finditer(text), 8):
        rest = text[found.end() :]
        code = code_of(rest)
        if code.reads and code.reaches:
            yield _Found("string-break", "script", found.start(), len(text), code.reaches[0])
            return
    code = code_of(text)
    if code.reads and code.reaches:
        yield _Found("code", "script", 0, len(text), code.reaches[0])
