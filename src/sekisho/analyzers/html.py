"""HTML pages, mail bodies and HTML applications (.html, .hta): links, forms, scripts, and files smuggled in script.

Source: HTML Living Standard (elements, attributes, meta refresh, data: in RFC 2397); HTML smuggling after MITRE ATT&CK
T1027.006 and the loaders of Qakbot and IcedID mails; HTA after Microsoft's HTML Application reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ada_url import join_url
from selectolax.lexbor import LexborHTMLParser, LexborNode

from sekisho.analyzers import analyzer, charset
from sekisho.analyzers._appearance import APPEARANCE_FEATURES, appearance
from sekisho.analyzers._htmltext import ELEMENTS, bounded, meta_charset, visible_text
from sekisho.analyzers._locations import remote_of
from sekisho.analyzers._qr_grid import page_pictures
from sekisho.analyzers._smuggling import Smuggled, data_uri, hidden_files, tricks, written_markup
from sekisho.analyzers._svgtext import is_svg
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.toplevel import TOP_LEVEL
from sekisho.model.url import Url
from sekisho.model.urltext import find_urls, parse_url

URLS = 1_000
"""URLs given of one document."""
SCRIPTS = 200
REFRESHES = 50
DATA_URIS = 50
HIDDEN_CHARS = 4_000

_HEAD = 4_096
_TAGS = (
    r"html|head|body|title|meta|script|style|table|form|iframe|frameset|div|span|center|font|img|svg|br|link|base"
    r"|h[1-6]|p|pre|a|b|i|u|hta:application|object|input|button|section"
)
_FIRST = re.compile(
    rf"(?>\s+|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+html|(?:{_TAGS})[\s/>])", re.IGNORECASE | re.DOTALL
)
_ANY = re.compile(rf"<({_TAGS})[\s/>]", re.I)
_STRONG = frozenset({"html", "body", "head", "form", "iframe", "hta:application", "script"})
# What stands before markup in code, mail, logs and configuration, but not in a fragment of a page.
_NO_PROSE = re.compile(
    r"[;={}()]|^[<{\[#@%]|^[\w-]+:(?:\s|$)|^(?:From|HELO|EHLO|MAIL FROM)[ :]|^\s*dim\s", re.IGNORECASE | re.MULTILINE
)
_OTHER_NAMES = (
    ".js",
    ".jse",
    ".vbs",
    ".vbe",
    ".wsf",
    ".wsc",
    ".sct",
    ".ps1",
    ".bat",
    ".cmd",
    ".eml",
    ".txt",
    ".csv",
    ".log",
)
_HTML_NAMES = (".html", ".htm", ".hta", ".shtml", ".xhtml", ".mht.html")
_REFRESH = re.compile(r"^\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?[\"']?([^\"']+)", re.I)
_SHOWN = re.compile(r"\s*(?:https?:[\\/]{2})?((?:[\w-]{1,63}\.)+([a-z]{2,24}))(?:[:/?#\s]|$)", re.I)
_HIDING = (
    "display:none",
    "visibility:hidden",
    "opacity:0;",
    "opacity:0.0",
    "text-indent:-9",
    "font-size:0",
    "font-size:1px",
)
_NOT_ZERO = re.compile(r"font-size:0?\.[1-9]")
_COLOUR = re.compile(r"(?:^|;)(color|background(?:-color)?):([^;]+)")
_WHITE = frozenset({"#fff", "#ffffff", "white", "rgb(255,255,255)", "#fefefe"})
_VBSCRIPT = re.compile(
    r"\b(?:dim\s+\w|end\s+(?:sub|function|if)\b|on\s+error\s+resume|set\s+\w+\s*=\s*createobject)", re.I
)
_SUBMIT = re.compile(r"\.submit\s*\(|\.click\s*\(\s*\)")
_LINKED = (
    ("a", "href", "href"),
    ("area", "href", "href"),
    ("form", "action", "form"),
    ("button", "formaction", "form"),
    ("input", "formaction", "form"),
    ("iframe", "src", "iframe"),
    ("frame", "src", "iframe"),
    ("embed", "src", "embed"),
    ("object", "data", "embed"),
    ("script", "src", "script"),
    ("link", "href", "link"),
    ("img", "src", "image"),
)
"""Element, attribute, and what ``Url.where`` calls it, in the order in which they matter."""
_BOM16 = (b"\xff\xfe", b"\xfe\xff")


def _recognise(artifact: Artifact) -> bool:
    """Tell markup at the start, or further down when name or container say that it is HTML."""
    head = artifact.data[:_HEAD]
    wide = head.startswith(_BOM16) or b"<\0" in head[:256] or b"\0<" in head[:256]
    if b"<" not in head or (b"\0" in head[:512] and not wide):
        return False
    text = charset.decode(head)[0] if wide else head.decode("latin-1")
    text = text.lstrip("\ufeff\xef\xbb\xbf \t\r\n\f")
    if "\0" in text[:512] or is_svg(text):  # which svg reads as a page
        return False
    name = artifact.name.lower()
    if _FIRST.match(text):
        return True
    found = {match[1].lower() for match in _ANY.finditer(text)}
    if not found:
        return False
    if name.endswith(_HTML_NAMES) or artifact.declared_type.startswith("text/html"):
        return True
    leading = text[: _first_at(text)]
    if name.endswith(_OTHER_NAMES) or _NO_PROSE.search(leading):
        return False
    return len(found) >= 2 and bool(found & _STRONG)


def _first_at(text: str) -> int:
    match = _ANY.search(text)
    return match.start() if match else len(text)


@analyzer(
    "html",
    media_type="text/html",
    recognise=_recognise,
    features=(
        *("html.title", "html.text", "html.form_action", "html.password_field", "html.script", "html.smuggling"),
        *(
            "html.hidden_text",
            "html.auto_submit",
            "html.hta",
            "html.meta_refresh",
            "html.iframe",
            "html.download",
            "url",
        ),
        *APPEARANCE_FEATURES,
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read what a page shows, where it leads, and hand back its scripts and the files it would write.

    Yields:
        The ``html.*`` features and one ``url`` for each link (``raw`` as written, resolved against ``base`` where
        relative; ``shown`` when the reader sees another host); then children: inline scripts (``jscript``,
        ``vbscript``) and data: URIs as ``embedded``, smuggled files, markup written by script and codes drawn with
        cells or characters as ``decoded``.

    Raises:
        LimitError: the document is too deep or too long to be read whole; what stands before is given.
    """
    label = re.search(r"charset\s*=\s*\"?([\w.:-]+)", artifact.declared_type)
    source = charset.decode(artifact.data, label[1] if label else meta_charset(artifact.data) or None)[0]
    whole = source[: DEFAULT.text_chars]
    source, cut = bounded(whole)
    tree = LexborHTMLParser(source.encode("utf-8", "replace").decode("utf-8"))
    page = Page(tree, source, artifact.name)
    yield from page.texts()
    yield from page.links()
    yield from page.flags()
    for item in page.children(whole):
        yield artifact.child(
            item.name, item.data, relation=item.relation, kind=item.kind, declared_type=item.media_type
        )
    for picture in page_pictures(tree, source):
        yield artifact.child("drawn code.png", picture, relation="decoded")
    if cut:
        raise LimitError("steps", ELEMENTS)


class Page:
    """One parsed document."""

    def __init__(self, tree: LexborHTMLParser, source: str, name: str) -> None:
        self.tree, self.source, self.name = tree, source, name
        base = tree.css_first("base[href]")
        self.base = _attribute(base, "href").strip() if base is not None else ""
        self.lower = source.lower()
        self.scripts = list(self._scripts()) if "<script" in self.lower or "on" in self.lower else []
        self.code = "\n".join(text for text, _ in self.scripts)
        self.text = visible_text(source)

    def texts(self) -> Iterator[Feature]:
        """Give title, visible text, and text that is there but not seen."""
        title = self.tree.css_first("title")
        if title is not None and (text := title.text().strip()):
            yield Feature("html.title", text[:1_000])
        if self.text:
            yield Feature("html.text", self.text)
        if hidden := "\n".join(self._hidden())[:HIDDEN_CHARS]:
            yield Feature("html.hidden_text", hidden)
        yield from appearance(self.tree, self.lower, self.text, hidden)

    def _hidden(self) -> Iterator[str]:
        seen = 0
        for node in self.tree.css("[style]") if "style" in self.lower else ():
            if seen < HIDDEN_CHARS and _hides(_attribute(node, "style")):
                text = " ".join(node.text(deep=True, separator=" ").split())[:HIDDEN_CHARS]
                seen += len(text)
                if text:
                    yield text

    def links(self) -> Iterator[Feature]:
        """Give where the page leads, each URL once: links, what it loads, then what its text and scripts name."""
        seen: set[tuple[str, str]] = set()
        for url in self._urls():
            if len(seen) >= URLS:
                return
            key = (url.canonical, url.shown)
            if key not in seen:
                seen.add(key)
                yield Feature("url", url)
        known = {canonical for canonical, _ in seen}
        named = find_urls(visible_text(self.source, links=False), "text") if find_urls(self.text, "text", 1) else []
        for url in (*named, *find_urls(self.code, "script"))[: URLS - len(seen)]:
            if url.canonical not in known:
                known.add(url.canonical)
                yield Feature("url", url)

    def _urls(self) -> Iterator[Url]:
        for tag, attribute, where in _LINKED:
            if f"<{tag}" not in self.lower:
                continue
            for node in self.tree.css(f"{tag}[{attribute}]"):
                raw = _attribute(node, attribute)
                shown = _shown(node, raw) if tag == "a" else ""
                if (url := self._url(raw, where, shown)) is not None:
                    yield url
        for raw in self._refreshes():
            if (url := self._url(raw, "refresh", "")) is not None:
                yield url

    def _refreshes(self) -> Iterator[str]:
        if "http-equiv" not in self.lower:
            return
        for node in self.tree.css("meta[http-equiv]")[:REFRESHES]:
            if _attribute(node, "http-equiv").strip().lower() == "refresh":
                target = _REFRESH.match(_attribute(node, "content"))
                if target and not target[1].strip().replace(".", "").isdigit():
                    yield target[1].strip()

    def _url(self, raw: str, where: str, shown: str) -> Url | None:
        text = raw.strip()
        start = text[:16].lower()
        if not text or start.startswith(
            ("#", "data:", "javascript:", "vbscript:", "cid:", "mailto:", "tel:", "about:", "sms:")
        ):
            return None
        if text.startswith("\\\\") and (
            remote := remote_of(text, where)
        ):  # what Outlook and local pages open as a share
            return replace(remote.url, shown=shown)
        url = parse_url(text, where=where, shown=shown)
        if url.canonical or not self.base or re.match(r"[a-z][a-z0-9+.-]*:", start):
            return url if url.canonical else None
        try:
            joined = parse_url(join_url(self.base, text), where=where, shown=shown)
        except ValueError:
            return None
        return replace(joined, raw=text) if joined.canonical else None

    def flags(self) -> Iterator[Feature]:
        """Give what the page does: forms, scripts, refresh, frames, smuggling."""
        for node in self.tree.css("form[action]")[:100] if "<form" in self.lower else ():
            yield Feature("html.form_action", _attribute(node, "action").strip())
        inputs = self.tree.css("input[type]") if "<input" in self.lower else []
        passwords = any(_attribute(node, "type").strip().lower() == "password" for node in inputs)
        yield Feature("html.password_field", passwords)
        yield Feature("html.script", bool(self.scripts) or "<script" in self.lower)
        forms = "<form" in self.lower or "createelement" in self.lower
        yield Feature("html.auto_submit", bool(forms and _SUBMIT.search(self.code)))
        yield Feature("html.hta", self._is_hta())
        yield from (Feature("html.meta_refresh", target) for target in self._refreshes())
        for node in self.tree.css("iframe")[:50] if "<iframe" in self.lower else ():
            yield Feature("html.iframe", _attribute(node, "src") or "srcdoc")
        names = (
            [_attribute(node, "download") for node in self.tree.css("a[download]")] if "download" in self.lower else []
        )
        yield from (Feature("html.download", name) for name in names[:20] if name)
        for trick in tricks(self.code, has_download=bool(names)):
            yield Feature("html.smuggling", trick)

    def _is_hta(self) -> bool:
        return "<hta:application" in self.lower or self.name.lower().endswith(".hta")

    def children(self, whole: str) -> Iterator[Smuggled]:
        """Give scripts, embedded data and files that only a running script would write."""
        for number, (text, kind) in enumerate(self.scripts[:SCRIPTS], 1):
            suffix = "vbs" if kind == "vbscript" else "js"
            yield Smuggled(f"script{number}.{suffix}", text.encode("utf-8", "replace"), "embedded", kind)
        yield from self._embedded()
        yield from hidden_files(whole, self.code)
        yield from written_markup(self.code)
        for node in self.tree.css("iframe[srcdoc]")[:20] if "srcdoc" in self.lower else ():
            yield Smuggled("srcdoc.html", _attribute(node, "srcdoc").encode("utf-8", "replace"), "embedded", "html")

    def _embedded(self) -> Iterator[Smuggled]:
        if "data:" not in self.lower:
            return
        count = 0
        for selector, attribute in _DATA_PLACES:
            for node in self.tree.css(selector):
                value = _attribute(node, attribute).strip()
                if value[:5].lower() == "data:" and count < DATA_URIS and (item := data_uri(value, count + 1)):
                    count += 1
                    yield item

    def _scripts(self) -> Iterator[tuple[str, str]]:
        default = ""
        for node in self.tree.css("script"):
            language = f"{_attribute(node, 'language')} {_attribute(node, 'type')}".lower()
            text = node.text(deep=True)
            if not text.strip() or any(word in language for word in ("json", "template", "text/html", "importmap")):
                continue
            kind = "vbscript" if "vbs" in language else "jscript" if "j" in language or "ecma" in language else default
            if not kind:
                kind = "vbscript" if _VBSCRIPT.search(text) and not text.rstrip().endswith((";", "}")) else "jscript"
            elif not default and language.strip():
                default = kind
            yield text, kind
        handlers = [value for node in self.tree.css(_HANDLERS) for value in _handlers(node)]
        links = [
            _attribute(node, "href").strip()[11:]
            for node in self.tree.css("a[href]")
            if _attribute(node, "href").strip()[:11].lower() == "javascript:"
        ]
        code = ";\n".join(dict.fromkeys(text for text in handlers + links if len(text) > 12))
        if code:
            yield code, "vbscript" if code.lower().startswith("vbscript:") else "jscript"


_DATA_PLACES = (
    ("a[href]", "href"),
    ("iframe[src]", "src"),
    ("embed[src]", "src"),
    ("object[data]", "data"),
    ("img[src]", "src"),
)
_HANDLERS = "[onload],[onerror],[onclick],[onmouseover],[onfocus],[onsubmit],[onpageshow],[ontoggle],[onmousemove]"


def _handlers(node: LexborNode) -> Iterator[str]:
    return (value for name, value in node.attributes.items() if name.startswith("on") and value)


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node is not None else ""


def _hides(style: str) -> bool:
    """Tell a style that shows nothing: not displayed, too small, or in the colour of its own ground."""
    flat = f"{style.lower().replace(' ', '')};"
    if any(word in flat for word in _HIDING) and not _NOT_ZERO.search(flat):
        return True
    if "background" not in flat:
        return False
    colours = {name[:5]: value for name, value in _COLOUR.findall(flat)}
    front, back = colours.get("color", ""), colours.get("backg", "")
    return bool(front) and (front == back or (front in _WHITE and back in _WHITE))


def _shown(node: LexborNode, raw: str) -> str:
    """Give the text of a link when it names a host that the link does not lead to."""
    text = " ".join(node.text(deep=True).split())[:500]
    match = _SHOWN.match(text)
    if match is None or match[2].lower() not in TOP_LEVEL:
        return ""
    target = parse_url(raw.strip()).host.removeprefix("www.")
    seen = match[1].lower().removeprefix("www.")
    return "" if not target or seen == target else text
