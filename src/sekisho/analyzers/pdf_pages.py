"""The first pages of a PDF as a reader sees them, for QR codes that are pictures, tiles or drawn lines.

An artifact of its own beside the document: drawing is a foreign library's work, and a crash there must not cost what
the document's objects say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sekisho.analyzers import _qr, analyzer
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

KIND = "pdf_pages"
LONGEST = 20
"""Pages of a document that is looked at; letters that carry a code have one to three."""
LARGEST_BYTES = 20 * MIB
FIRST = 3
"""Pages looked at."""
SIDE = 1_240
"""Pixels of a page's longer side as drawn: 106 dots an inch on A4, where a code of 2 cm has two pixels a module."""
FEW_CHARS = 400
"""Text of a first page up to which it may be there for its picture, and is looked at more thoroughly."""


@analyzer(KIND, media_type="application/pdf", features=_qr.FEATURES)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Draw the first pages and read the codes on them.

    Yields:
        ``qr.text``, ``qr.kind`` and ``url`` (``where="qr"``), each text once.

    Raises:
        MalformedError: the document or a page cannot be drawn; raised last.
    """
    import pypdfium2  # slow to import, and few artifacts need it

    seen: set[str] = set()
    try:
        document = pypdfium2.PdfDocument(artifact.data, password=next(iter(artifact.passwords), None))
        count = len(document)
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise MalformedError(f"PDF cannot be drawn: {error}") from error
    flaw: Exception | None = None
    for number in range(min(count, FIRST)):
        try:
            codes = _codes(document, number)
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as error:
            flaw = error
            continue
        yield from _qr.code_features(code for code in codes if code.text not in seen)
        seen.update(code.text for code in codes)
    document.close()
    if count > LONGEST:
        raise LimitError("pages", LONGEST)
    if flaw is not None:
        raise MalformedError(f"page cannot be drawn: {flaw}") from flaw


def _codes(document: Any, number: int) -> list[_qr.Code]:
    page = document[number]
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        return []
    scale = SIDE / max(width, height)
    if min(width, height) * scale < _qr.SMALLEST:
        return []
    picture = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    text = page.get_textpage()
    few = number == 0 and text.count_chars() <= FEW_CHARS
    text.close()
    page.close()
    return _qr.read_codes(picture, thorough=few)
