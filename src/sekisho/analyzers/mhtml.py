"""Web archives (.mht .mhtml): a page with its parts in one MIME file, which a browser opens and filters take for mail.

Source: RFC 2557; the fields that Chromium writes (``Snapshot-Content-Location``) and Internet Explorer wrote
(``From: <Saved by …>``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import _mime, analyzer
from sekisho.analyzers.headers import parameters, split
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.urltext import parse_url

HEAD = 16_384
NAMES = (".mht", ".mhtml", ".mhtm", ".webarchive.mht")
_SENT = re.compile(
    rb"^(?:to|cc|received|return-path|message-id|delivered-to|dkim-signature|envelope-to)[ \t]*:", re.IGNORECASE | re.M
)
"""Fields of a message that somebody sent: an archive has none."""
_SAVED = re.compile(
    rb"^\s*\"?<?\s*Saved by|^\s*\"?<(?:Gespeichert|Enregistr|Guardado|Salvato|Opgeslagen)", re.IGNORECASE
)
_TYPES = ("multipart/related", "multipart/alternative", "text/html")


def is_web_archive(artifact: Artifact) -> bool:
    """Tell an archive from a mail: nobody sent it, and a page is its root."""
    head = artifact.data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = head[:4_096].lower()
    if b"mime-version:" not in lower and b"content-type:" not in lower:
        return False
    head = head if b"\n" in head else head.replace(b"\r", b"\n")
    end = min((at for at in (head.find(b"\n\n"), head.find(b"\n\r\n")) if at >= 0), default=len(head))
    if _SENT.search(head, 0, end):  # before the fields are split: nearly all that comes here is mail
        return False
    fields, _ = split(head)
    media = parameters(fields.raw("content-type"))[0].lower()
    if not media.startswith(_TYPES):
        return False
    if "snapshot-content-location" in fields.names or _SAVED.match(fields.raw("from")):
        return True
    return artifact.name.lower().endswith(NAMES) or not fields.names & {"from", "sender", "subject", "reply-to"}


@analyzer(
    "mhtml",
    recognise=is_web_archive,
    media_type="multipart/related",
    features=("mhtml.saved_from", "mhtml.parts", "mhtml.location", "url"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Hand back the page and its parts.

    Yields:
        ``mhtml.saved_from`` (the address it says it was saved from) also as ``url``; ``mhtml.parts`` (count) and
        ``mhtml.location`` of each part; then the parts as ``embedded`` children, pages as HTML.

    Raises:
        LimitError: more parts than ``children``; those before stand.
    """
    data = artifact.data.lstrip(b"\xef\xbb\xbf \t\r\n")
    data = data if b"\n" in data else data.replace(b"\r", b"\n")
    parts: list[_mime.Part] = []
    problem: LimitError | None = None
    try:
        parts.extend(_mime.walk(data))
    except LimitError as error:
        problem = error
    if parts:
        fields = parts[0].fields
        saved = fields.text("snapshot-content-location") or fields.text("content-location")
        if saved:
            yield Feature("mhtml.saved_from", saved[:2_000])
            url = parse_url(saved.strip(), where="header")
            if url.canonical.startswith("http"):
                yield Feature("url", url)
    leaves = [part for part in parts if part.role not in ("multipart", "epilogue")]
    yield Feature("mhtml.parts", len(leaves))
    for number, part in enumerate(leaves, 1):
        location = part.fields.text("content-location")
        if location:
            yield Feature("mhtml.location", location[:2_000])
        yield artifact.child(
            _name(location, part.media_type, number),
            _mime.content(data, part),
            relation="embedded",
            declared_type=part.media_type,
        )
    if problem is not None:
        raise problem


def _name(location: str, media_type: str, number: int) -> str:
    """Give a part's name: the last step of its address, with the ending of its type where it has none."""
    last = re.split(r"[/\\]", re.split(r"[?#]", location)[0].rstrip("/"))[-1][-100:].strip()
    ending = {"text/html": ".html", "text/css": ".css", "image/svg+xml": ".svg", "text/javascript": ".js"}.get(
        media_type, ""
    )
    if not last or ":" in last:
        last = f"part{number}"
    return last if "." in last and not ending else f"{last.rpartition('.')[0] or last}{ending}"
