"""Shapes of paths and names that campaigns keep while their hosts change.

Source: the grammars of TR (Qakbot, SquirrelWaffle) and of Excel-serial file names are those of the trackers' notes of
2021 to 2022; ``_random`` labels were measured on the link hosts of the corpora beside the project.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_COMPROMISED = re.compile(
    r"/(?:wp-content/(?!uploads/\d{4}/\d{2}/)|wp-includes/|wp-admin/(?!post)|\.well-known/(?!change-password|security)"
    r"|\.tmb/|administrator/|components/com_|modules/mod_|sites/default/files/\.)",
    re.IGNORECASE,
)
_UPLOADS = re.compile(r"/wp-(?:content|includes|admin)/[^?#]{0,300}\.(?:php|html?|zip|js)(?:[?#]|$)", re.IGNORECASE)
_VOWELS = re.compile("[aeiouy]")
_HEX_RUN = re.compile(r"[0-9a-f]{10,}|[a-z0-9]*\d[a-z]+\d[a-z]*\d[a-z0-9]*")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]{7,}")
_SERIAL = re.compile(r"/(4\d{4})\.\d{4,12}\.dat(?:[?#]|$)")
_SERIAL_START = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of Excel's calendar. Source: ECMA-376 part 1, 18.17.4.1, the 1900 date system as Excel counts it."""
# Endings and words of the Latin filler text that TR made its paths of. Source of the words: Cicero, De finibus 1.32-33,
# from which such text is drawn.
_LATIN = re.compile(
    r"[a-z]*(?:um|us|is|it|ur|em|am|ae|os|as|et|at|unt|ent|nt|ndi|que|tem|tio|ibus|orum|arum|issimos"
    r"|libero|illo|nemo|quo|qui|hic|ab|ad|aut|ea|eos|id|in|vel|ut|non|sed|sit|est|eum|rem|vitae|quia|quae|modi|nihil"
    r"|animi|alias|optio|error|dolor|labore|fuga|odio|iste|omnis|ratione|sint|culpa|natus|veniam"
    r"|harum|autem|vero|ipsa|maxime|minima|facere|saepe|porro|dolores?|esse|nulla|dicta|officia|officiis|tempora|magni|soluta"
    r"|nisi|expedita|reiciendis|deleniti|excepturi|occaecati|architecto|mollitia|cupiditate|unde|eligendi|facilis"
    r"|voluptates?|commodi|assumenda|inventore|explicabo|perferendis|nobis|maiores|asperiores|sapiente|enim|iure)"
)
_FOLDER = re.compile(r"/([A-Za-z0-9]{4,24})/$")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
_TR_NUMBERED = re.compile(r"^/([a-z]{5,30})/([a-z]{5,40})-\d{7,9}/?$")
_TR_ARCHIVE = re.compile(r"^/([a-z]{2,20})-([a-z]{2,20})/([a-z]{2,25})\.zip$")


def is_compromised(path: str) -> bool:
    """Tell a path under the administrative folders of a site, where its owner publishes nothing."""
    return _COMPROMISED.search(path) is not None or _UPLOADS.search(path) is not None


def is_random_folder(path: str) -> bool:
    """Tell a path that ends in a folder whose name mixes cases and digits as no word does (``/K7tRwZ/``).

    Source: the download addresses of Emotet in the trackers' notes of 2021 to 2022.
    """
    found = _FOLDER.search(path)
    return found is not None and _MIXED.match(found[1]) is not None


def is_random(label: str) -> bool:
    """Tell a label that nobody chose for its sound: long, with digits among its letters or hardly a vowel."""
    if len(label) < 9 or "-" in label or label.startswith("xn--"):
        return False
    if label.isdigit():
        return True
    letters = sum(map(str.isalpha, label))
    vowels = len(_VOWELS.findall(label))
    if _HEX_RUN.fullmatch(label) and any(map(str.isdigit, label)):
        return True
    return letters > 8 and (not vowels or _CONSONANTS.search(label) is not None)


def is_pseudo_latin(path: str) -> bool:
    """Tell the filler Latin of TR's links, with a number or an archive at its end."""
    found = _TR_NUMBERED.match(path) or _TR_ARCHIVE.match(path)
    return found is not None and all(map(_LATIN.fullmatch, found.groups()))


def serial_day(path: str) -> datetime | None:
    """Give the day that a file named by Excel's ``NOW()`` was asked for (``/44481.51….dat``), None for another path."""
    found = _SERIAL.search(path)
    return _SERIAL_START + timedelta(days=int(found[1])) if found else None
