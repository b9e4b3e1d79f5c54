"""Which passwords to try on an encrypted part, and as which bytes."""

from __future__ import annotations

import unicodedata

from sekisho.model.limits import DEFAULT, Limits

# Source: what malware exchanges and mail gateways use by convention (infected, virus, malware, password) and the most
# frequent short passwords of malspam archives noted by the executemalware tracker, 2021 and 2022.
COMMON = (
    "infected",
    "virus",
    "password",
    "1234",
    "12345",
    "123456",
    "malware",
    "pass",
    "0000",
    "1111",
    "123",
    "2021",
    "2022",
    "2023",
    "2024",
    "2025",
    "2026",
    "abc123",
    "777",
    "321",
)


def candidates(known: tuple[str, ...], limits: Limits = DEFAULT) -> list[str]:
    """Give passwords to try, those from the text around the artifact first; at most ``limits.passwords``."""
    return list(dict.fromkeys((*known, *COMMON)))[: limits.passwords]


def spellings(password: str) -> list[bytes]:
    """Give the bytes a password may have been typed as: cp932 and UTF-8, as written and with full-width forms folded.

    Japanese archivers encode in cp932, others in UTF-8, and mails announce passwords in full-width letters.
    """
    out = []
    for text in dict.fromkeys((password, unicodedata.normalize("NFKC", password), password.strip())):
        for encoding in ("cp932", "utf-8"):
            try:
                out.append(text.encode(encoding))
            except UnicodeEncodeError:
                continue
    return [raw for raw in dict.fromkeys(out) if raw]
