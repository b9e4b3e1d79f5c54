"""HTML that somebody else wrote becomes HTML that shows what it says and can do nothing.

The page is written anew from its parsed tree: only the tags below come out, without a single attribute of the author's;
links are text with their real target beside them, pictures are words, hidden text is seen and marked. That is done
in the jail; what comes out of it goes through a second sanitiser (nh3) in the server, so that an error here, or a mail
that took over its worker, opens nothing.

Source: OWASP Cross Site Scripting Prevention Cheat Sheet (an allow list, output made anew); HTML Living Standard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from sekisho.analyzers._htmltext import bounded
from sekisho.analyzers.html import _hides
from sekisho.model.urltext import defang, parse_url
from sekisho.respond.wording import ACTING

MOST_CHARS = 400_000  # of what is given
MOST_NODES = 100_000
DEEPEST = 100  # elements within one another that are written; deeper ones give their text only
LONGEST_TARGET = 500
KEPT = frozenset(
    "p div span br hr b strong i em u s sub sup small center blockquote pre code ul ol li dl dt dd table caption thead "
    "tbody tfoot tr th td h1 h2 h3 h4 h5 h6".split()
)
_DROPPED = frozenset({"style", "head", "title", "meta", "link", "base", "template", "param", "source", "track", "col"})
_ACTIVE = {
    "script": "script",
    "iframe": "frame",
    "frame": "frame",
    "object": "object",
    "embed": "object",
    "applet": "object",
    "svg": "drawing",
    "math": "drawing",
    "audio": "media",
    "video": "media",
    "canvas": "drawing",
}
_FIELDS = frozenset({"input", "select", "textarea", "button"})
CLASSES = frozenset({"x-link", "x-target", "x-wrong", "x-note", "x-hidden"})
_HOST = re.compile(r"\s*(?:https?://)?((?:[\w-]{1,63}\.)+[a-z]{2,24})(?:[:/?#\s]|$)", re.IGNORECASE)
NOTES = {
    "en": {
        "image": "picture",
        "script": "script, not run",
        "frame": "frame, not loaded",
        "object": "embedded object, not loaded",
        "drawing": "drawing, not shown",
        "media": "sound or film, not loaded",
        "form": "form, sends to",
        "field": "field",
        "password": "password field",
        "hidden": "hidden text",
        "cut": "the rest is not shown",
        "nowhere": "leads nowhere",
    },
    "ja": {
        "image": "画像",
        "script": "スクリプト(実行せず)",
        "frame": "フレーム(読み込まず)",
        "object": "埋め込みオブジェクト(読み込まず)",
        "drawing": "図形(非表示)",
        "media": "音声・動画(読み込まず)",
        "form": "フォームの送信先",
        "field": "入力欄",
        "password": "パスワード入力欄",
        "hidden": "隠し文字",
        "cut": "以降は省略",
        "nowhere": "リンク先なし",
    },
}
"""What stands in place of what is not shown."""


@dataclass(slots=True)
class _Writer:
    """What is written so far."""

    words: dict[str, str]
    out: list[str] = field(default_factory=list)
    size: int = 0
    hidden: int = 0
    links: int = 0
    nodes: int = 0

    def raw(self, text: str) -> None:
        """Write markup of our own."""
        self.out.append(text)
        self.size += len(text)

    def text(self, text: str) -> None:
        """Write words of the author's."""
        self.raw(escape(visible(text)))

    def note(self, kind: str, more: str = "") -> None:
        """Write a note of our own, with a value of the author's."""
        tail = f" {escape(one_line(more))}" if more.strip() else ""
        self.raw(f'<span class="x-note">[{self.words[kind]}{tail}]</span>')

    @property
    def full(self) -> bool:
        """Tell whether no more is written."""
        return self.size > MOST_CHARS or self.nodes > MOST_NODES


@dataclass(frozen=True, slots=True)
class Inert:
    """What a page shows."""

    html: str
    """A fragment of :data:`KEPT` tags, without attributes but classes of ours."""
    hidden: int
    """Pieces of hidden text that were made visible."""
    cut: bool
    """The page is longer than what is given."""


def inert(source: str, language: str = "en") -> Inert:
    """Give what a page shows, unable to act; ``language`` is that of the notes."""
    kept, cut = bounded(source[: 4 * MOST_CHARS])
    tree = LexborHTMLParser(kept.encode("utf-8", "replace").decode("utf-8"))
    writer = _Writer(NOTES[language])
    if tree.body is not None:
        _write(tree.body, writer)
    cut = cut or writer.full or len(source) > 4 * MOST_CHARS
    if cut:
        writer.note("cut")
    return Inert("".join(writer.out), writer.hidden, cut)


def cleaned(html: str) -> str:
    """Give what :func:`inert` wrote through the second sanitiser; whoever shows it calls this, and believes nobody."""
    return nh3.clean(
        html[: 4 * MOST_CHARS],
        tags=set(KEPT),
        attributes={"*": set()},  # of any tag; without this, title and lang stay
        allowed_classes={"span": set(CLASSES)},
        strip_comments=True,
        url_schemes=set(),
    )


def visible(text: str) -> str:
    """Give a text of several lines whose characters are all seen and none of which acts; links are defanged."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(
        ACTING.sub(lambda match: f"‹{ord(match[0]):04X}›", defang(line)) if line else "" for line in text.split("\n")
    )


def one_line(text: str) -> str:
    """Give a value as one line that is defanged and not too long."""
    return " ".join(visible(text[:LONGEST_TARGET]).split())


def _write(body: LexborNode, writer: _Writer) -> None:
    """Write what stands in a body, without recursion: an author chooses how deep a page is."""
    stack: list[tuple[LexborNode | None, str]] = [(body.child, "")]
    depth = 0
    while stack:
        node, closing = stack.pop()
        if node is None or writer.full:
            writer.raw(closing)
            depth -= bool(closing)
            continue
        stack.append((node.next, closing))
        writer.nodes += 1
        after = _open(node, writer, depth)
        if after is not None:
            depth += bool(after)
            stack.append((node.child, after))


def _open(node: LexborNode, writer: _Writer, depth: int) -> str | None:
    """Begin an element, or write it whole; give what ends it, None when nothing within it is to be written."""
    tag = (node.tag or "").lower()
    if tag == "-text":
        writer.text(node.text(deep=False) or "")
        return None
    if tag.startswith(("-", "!", "_")) or tag in _DROPPED:
        return None
    if tag in _ACTIVE:
        writer.note(_ACTIVE[tag], _attribute(node, "src") or _attribute(node, "data"))
        return None
    if tag == "img":
        writer.note("image", f"{_attribute(node, 'alt')} {_host(_attribute(node, 'src'))}")
        return None
    if tag in _FIELDS:
        kind = "password" if _attribute(node, "type").strip().lower() == "password" else "field"
        writer.note(kind, " ".join(_attribute(node, name) for name in ("name", "placeholder", "value")))
        return "" if tag == "button" else None
    if tag == "br" or tag == "hr":
        writer.raw(f"<{tag}>")
        return None
    opening, closing = _around(node, tag, writer)
    if tag in KEPT and depth < DEEPEST:
        opening, closing = f"<{tag}>{opening}", f"{closing}</{tag}>"
    writer.raw(opening)
    return closing


def _around(node: LexborNode, tag: str, writer: _Writer) -> tuple[str, str]:
    """Give what marks an element's content: a link's target, a form's, or that it is hidden."""
    opening = closing = ""
    if _hides(_attribute(node, "style")) or "hidden" in node.attributes:
        writer.hidden += 1
        opening, closing = f'<span class="x-hidden"><span class="x-note">[{writer.words["hidden"]}]</span> ', "</span>"
    if tag == "form":
        opening += (
            f'<span class="x-note">[{writer.words["form"]} {escape(one_line(_attribute(node, "action")))}]</span>'
        )
    if tag in ("a", "area") and (target := _attribute(node, "href").strip()):
        text = " ".join(node.text(deep=True)[:2_000].split())
        kind = "x-target x-wrong" if leads_elsewhere(text, target) else "x-target"
        marked = f'<span class="{kind}">→ {escape(one_line(real(target)))}</span>'
        opening, closing = f'{opening}<span class="x-link">', f"</span> {marked}{closing}"
    return opening, closing


def real(target: str) -> str:
    """Give where a link leads as a browser would read it; as written when it cannot be read."""
    return parse_url(target, where="href").canonical or target


def leads_elsewhere(text: str, target: str) -> bool:
    """Tell whether a link's text names a host that it does not lead to."""
    named = _HOST.match(text)
    host = parse_url(target, where="href").host.removeprefix("www.")
    return bool(named and host) and named is not None and named[1].lower().removeprefix("www.") != host


def _host(source: str) -> str:
    return parse_url(source.strip(), where="image").host if "//" in source[:10] else ""


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""
