"""What outsiders are not told: who of one's own was written to, which accounts ran what, and on which hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from sekisho.model.incident import Incident

NAMES = 2_000  # hidden in one export; an incident of more mailboxes hides the rest by its domain names
SHORT = 3  # a shorter account name stands inside other words
_PROFILE = re.compile(
    r"(\\(?:Users|Documents and Settings)\\)(?!Public\\|Default\\|All Users\\)[^\\/:*?\"<>|]{1,64}", re.I
)
_SID = re.compile(r"S-1-5-21(?:-\d{1,10}){3,4}")

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@(?:[\w-]|\[?\.\]?){1,253}")

Hide = Callable[[str], str]


def keep(text: str) -> str:
    """Give a text as it is, for readers inside."""
    return text


def hider(incidents: Sequence[Incident]) -> Hide:
    """Give a function that takes the names of victims out of a text: mailboxes, accounts, hosts and profile folders."""
    names: dict[str, str] = {}
    for incident in incidents:
        for entity in incident.entities:
            if entity.role == "sender":
                continue
            if entity.type == "mailbox":
                names[entity.value.lower()] = "<mailbox>"
            elif entity.type == "host":
                names[entity.value.lower()] = "<host>"
                names.setdefault(entity.value.lower().partition(".")[0], "<host>")
            elif entity.type == "user":
                names[entity.value.lower()] = "<user>"
                names.setdefault(entity.value.lower().rpartition("\\")[2], "<user>")
    kept = sorted((name for name in names if len(name) > SHORT), key=len, reverse=True)[:NAMES]
    if not kept:
        return lambda text: _SID.sub("<sid>", _PROFILE.sub(r"\1<user>", text))
    spelled = "|".join(re.escape(name).replace(r"\.", r"(?:\.|\[\.\])") for name in kept)  # defanged or not
    # Only ASCII letters go on a name: Japanese text follows one without a blank.
    pattern = re.compile(rf"(?<![A-Za-z0-9_-])(?:{spelled})(?![A-Za-z0-9_-])", re.I)

    def hide(text: str) -> str:
        told = _SID.sub("<sid>", _PROFILE.sub(r"\1<user>", text))
        return pattern.sub(lambda match: names[match[0].lower().replace("[.]", ".")], told)

    return hide


def readers_hider(senders: Iterable[str]) -> Hide:
    """Give a function that takes mail addresses out of a text, but those of the senders of an attack.

    Where no incident tells who the victims are, an address in a subject may be the reader's.
    """
    known = {one.lower() for one in senders}

    def hide(text: str) -> str:
        def shown(match: re.Match[str]) -> str:
            return match[0] if match[0].lower().replace("[.]", ".") in known else "<mailbox>"

        return _ADDRESS.sub(shown, _SID.sub("<sid>", _PROFILE.sub(r"\1<user>", text)))

    return hide
