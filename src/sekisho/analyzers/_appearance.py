"""How a page looks to its reader: logos, pictures in place of text, links that run script, words split by hidden marks.

Source: HTML Living Standard (img, a); MITRE ATT&CK T1027 and the obfuscation of words that spam filters' authors
describe ("hash busting", "lost in space").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sekisho.model.artifact import Feature

APPEARANCE_FEATURES = (
    "html.logo",
    "html.picture_only",
    "html.picture_links",
    "html.odd_link",
    "html.split_words",
    "html.unseen_chars",
)
LOGOS = 8
NODES = 400
FEW_CHARS = 120
"""Visible characters below which a page with a linked picture says what it has to say in the picture."""
_SPLIT = re.compile(
    r"<(?<=[a-z]<)(span|font|b|i|em|small|u|s)\s[^<>]{0,200}?(?:font-size:\s*0(?:\.0)?(?:px|pt|em|%)?\s*[;\"']|display:\s*none|visibility:\s*hidden)[^<>]{0,200}>"
    r"[^<]{1,40}</\1>[a-z]"
)
"""For a source in lower case; its first letter is a plain one, for which the search leaps ahead."""
_FILE = re.compile(r"([^/\\?#]{2,60})\.(?:png|jpe?g|gif|svg|webp)(?:[?#]|$)", re.IGNORECASE)
_SMALL = re.compile(r"^\s*[0-3](?:px)?\s*$")
_SHARE = re.compile(
    r"//(?:[\w-]{1,20}\.)?(?:facebook|instagram|twitter|x|linkedin|youtube|tiktok|pinterest|line)\.(?:com|me)\b"
)
"""Links of the buttons that stand in everybody's mail."""
_WIDE = re.compile("[\u3041-\u30fa\u4e00-\u9fff\uac00-\ud7a3]")
_WORDS = re.compile(r"[^\W_]{2,}")


def appearance(tree: LexborHTMLParser, lower: str, text: str, hidden: str) -> Iterator[Feature]:
    """Give the features of ``APPEARANCE_FEATURES``.

    Args:
        tree: the parsed page.
        lower: its source in lower case.
        text: what a reader sees.
        hidden: text that is there but not seen.
    """
    pictures = [node for node in tree.css("img")[:NODES] if not _tiny(node)] if "<img" in lower else []
    logos: dict[str, None] = {}
    for node in pictures[:LOGOS]:
        for name in (node.attributes.get("alt") or "", _stem(node.attributes.get("src") or "")):
            if name.strip():
                logos[name.strip()[:80]] = None
    yield from (Feature("html.logo", name) for name in list(logos)[:LOGOS])
    linked = {target for node in pictures if (target := _link_of(node))}
    if linked:
        yield Feature("html.picture_links", len(linked))
    if pictures:
        yield Feature(
            "html.picture_only", any(not _SHARE.search(target) for target in linked) and _width(text) < FEW_CHARS
        )
    yield from _odd_links(tree, lower)
    if hidden and (split := len(_SPLIT.findall(lower))):
        yield Feature("html.split_words", split)
    if unseen := sum(map(len, _WORDS.findall(hidden))):
        yield Feature("html.unseen_chars", unseen)


def _width(text: str) -> int:
    """Give how much a text says: an ideograph or kana counts as two letters."""
    return len(text) + len(_WIDE.findall(text))


def _tiny(node: LexborNode) -> bool:
    return any(_SMALL.match(node.attributes.get(name) or "") for name in ("width", "height"))


def _stem(source: str) -> str:
    found = _FILE.search(source[:400])
    return re.sub(r"[-_+%.]|20", " ", found[1]) if found else ""


def _link_of(node: LexborNode) -> str:
    """Give the target of the link that a picture stands in, looking four levels up."""
    parent = node.parent
    for _ in range(4):
        if parent is None:
            return ""
        if parent.tag == "a":
            return parent.attributes.get("href") or ""
        parent = parent.parent
    return ""


def _odd_links(tree: LexborHTMLParser, lower: str) -> Iterator[Feature]:
    """Give the scheme of links that run or hold their target instead of leading to it."""
    schemes = [
        one
        for one in ("data:", "javascript:", "vbscript:", "file:", "search-ms:", "ms-word:", "ms-excel:")
        if one in lower
    ]
    if not schemes:
        return
    found: dict[str, None] = {}
    for node in tree.css("a[href]")[:NODES]:
        target = (node.attributes.get("href") or "").strip().lower()
        for scheme in schemes:
            if target.startswith(scheme) and not target.startswith(("javascript:void", "javascript:;", "data:image")):
                found[f"{scheme}{target[len(scheme) : 80]}"] = None
    yield from (Feature("html.odd_link", one) for one in list(found)[:5])
