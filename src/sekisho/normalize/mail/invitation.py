"""Invitations in a mail: whether the one who invites is the one who sent it.

Source: RFC 6047 2.2.3: a calendar program takes the organizer for the sender, whoever sent the mail.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.organisation import Organisation
from sekisho.normalize.mail import Mail, mail_facts


@mail_facts("invitation", features=("invitation.organizer", "invitation.organizer_differs"))
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give the organizer of the first invitation, and whether no address of the mail's sender is of the same domain."""
    del organisation
    for one in mail.files:
        organizers = [str(value) for value in one.values("calendar.organizer")]
        if not organizers or str(one.first("calendar.method")) not in ("REQUEST", "PUBLISH", "ADD"):
            continue
        senders = [str(value) for name in ("sender.address", "reply_to") for value in mail.message.values(name)]
        yield Feature("invitation.organizer", organizers[0])
        yield Feature("invitation.organizer_differs", not any(_related(organizers[0], sender) for sender in senders))
        return


def _related(one: str, other: str) -> bool:
    """Tell whether two addresses are of one domain, or of one below the other."""
    first, second = (address.lower().rpartition("@")[2] for address in (one, other))
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")
