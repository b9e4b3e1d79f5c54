"""SVG pictures: the scripts, links and pages inside that a browser opens with them.

Source: SVG 2, chapters 5 (foreign objects), 15 (scripts), 16 (links); MITRE ATT&CK T1027.017 (SVG smuggling).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from sekisho.analyzers import analyzer, charset
from sekisho.analyzers._htmltext import ELEMENTS, bounded
from sekisho.analyzers._smuggling import data_uri
from sekisho.analyzers._svgtext import HEAD, as_markup, is_svg
from sekisho.analyzers.html import Page
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import parse_url

PICTURES = 50
TEXTS = 1_000
EVENTS = 50
_EVENT = re.compile(r"\s(on[a-z]{3,24})\s*=\s*[\"']", re.IGNORECASE)
_REDIRECTS = re.compile(
    r"\blocation\s*(?:\.\s*(?:href|replace|assign)\s*)?(?:=(?!=)|\()|\[\s*[\"']location[\"']\s*\]|window\s*\.\s*open\s*\(",
    re.IGNORECASE,
)
_REFERRED = ("image", "use", "script", "feImage", "animate", "set")


def _recognise(artifact: Artifact) -> bool:
    head = artifact.data[:HEAD]
    if b"<" not in head or not (b"svg" in head or b"s\0v\0g" in head or b"SVG" in head or b"Svg" in head):
        return False
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<\0" in head[:64]
    return is_svg(charset.decode(head)[0] if wide else head.decode("utf-8-sig", "replace"))


@analyzer(
    "svg",
    media_type="image/svg+xml",
    recognise=_recognise,
    features=(
        *("svg.script", "svg.event", "svg.foreign_object", "svg.external_script", "svg.redirects", "svg.entities"),
        *("html.title", "html.text", "html.form_action", "html.password_field", "html.script", "html.smuggling"),
        *("html.hidden_text", "html.auto_submit", "html.hta", "html.meta_refresh", "html.iframe", "html.download"),
        "url",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the picture as the page that a browser makes of it.

    Yields:
        ``svg.script`` (any script, handler or ``javascript:`` link), ``svg.event`` (names of handlers),
        ``svg.foreign_object`` (a page inside), ``svg.external_script``, ``svg.redirects`` (script that leads
        elsewhere), ``svg.entities`` (XML entities of its own, which hide text); the ``html.*`` features and ``url`` as
        of a page; then children: scripts, embedded pictures and documents, smuggled files.

    Raises:
        LimitError: it is too deep or too long to be read whole; what stands before is given.
    """
    whole = charset.decode(artifact.data)[0][: DEFAULT.text_chars]
    source, cut = bounded(as_markup(whole))
    tree = LexborHTMLParser(source.encode("utf-8", "replace").decode("utf-8"))
    page = Page(tree, source, artifact.name)
    events = list(dict.fromkeys(name.lower() for name in _EVENT.findall(source)))[:EVENTS]
    scripted = bool(page.scripts or events) or "<script" in page.lower or "javascript:" in page.lower
    yield Feature("svg.script", scripted)
    yield from (Feature("svg.event", name) for name in events)
    yield Feature("svg.foreign_object", "<foreignobject" in page.lower)
    yield Feature("svg.redirects", bool(_REDIRECTS.search(page.code)))
    yield Feature("svg.entities", "<!entity" in page.lower)
    yield from page.texts()
    drawn = " ".join(" ".join(node.text(deep=True).split()) for node in tree.css("text")[:TEXTS])
    if drawn and not page.text:  # a reader of pages passes over drawn text
        yield Feature("html.text", drawn[:100_000])
    yield from page.links()
    yield from page.flags()
    yield from _references(tree, artifact)
    for item in page.children(whole):
        yield artifact.child(
            item.name, item.data, relation=item.relation, kind=item.kind, declared_type=item.media_type
        )
    if cut:
        raise LimitError("steps", ELEMENTS)


def _references(tree: LexborHTMLParser, artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Give what elements of SVG load by ``href``: pictures in the file, scripts from elsewhere."""
    count = 0
    for tag in _REFERRED:
        for node in tree.css(f"{tag}[href]"):
            value = (node.attributes.get("href") or "").strip()
            if not value or value.startswith("#") or count >= PICTURES:
                continue
            count += 1
            if value[:5].lower() == "data:":
                if item := data_uri(value, count):
                    yield artifact.child(
                        f"{tag} {item.name}", item.data, relation="embedded", declared_type=item.media_type
                    )
                continue
            url = parse_url(value, where="script" if tag == "script" else "image")
            if url.canonical:
                yield Feature("url", url)
            if tag == "script":
                yield Feature("svg.external_script", value[:2_000])
