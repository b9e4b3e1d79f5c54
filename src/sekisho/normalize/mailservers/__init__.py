"""Mail servers' logs in text become events: logins, sessions, mails on their way, and what clients did wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.model.event import Logsource

_CLIENT = "src_ip src_net client_name"
FIELDS: Mapping[Logsource, tuple[str, ...]] = MappingProxyType(
    {
        Logsource("imap", "authentication"): tuple(
            f"user account {_CLIENT} protocol method result repeat reason attempts tls session stage database "
            "unknown_user queue_id helo".split()
        ),
        Logsource("imap", "session"): tuple(
            "user account src_ip src_net protocol session reason fetched fetched_bytes headers headers_bytes in_bytes "
            "out_bytes deleted expunged trashed appended autoexpunged duration_s".split()
        ),
        Logsource("imap", "mailbox"): tuple("user account src_ip src_net protocol session action folder".split()),
        Logsource("email", "mailflow"): tuple(
            f"user account {_CLIENT} sender recipient original_recipient message_id subject direction status action "
            "command code dsn reason reply relay relay_ip delay_s size recipient_count helo method queue_id spam "
            "joined_records".split()
        ),
        Logsource("email", "smtp"): tuple(f"{_CLIENT} helo action violation after input count tls auth_failed".split()),
        Logsource("email", "mailserver"): tuple("program message queue_id user account recipient".split()),
    }
)
"""Fields of each kind of event; docs/guide/mail-servers.md says what they hold."""
