"""The invented company that every case takes place in: mailboxes, machines, clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
DOMAIN = "corp.example"
NETBIOS_DOMAIN = "CORP"
MX, MX_IP = f"mx.{DOMAIN}", "192.0.2.25"
STORE, STORE_IP = f"mbx01.{DOMAIN}", "10.0.0.25"
FILE_SERVER_IP, HELP_IP, DNS_IP = "10.0.0.20", "10.0.0.30", "10.0.0.53"
DOMAIN_SID = "S-1-5-21-3623811015-3361044348-30300820"


@dataclass(frozen=True, slots=True)
class Desk:
    """One employee: mailbox, account and machine."""

    user: str
    host: str
    ip: str
    number: int

    @property
    def mailbox(self) -> str:
        """Mail address."""
        return f"{self.user}@{DOMAIN}"

    @property
    def account(self) -> str:
        """Windows account with its domain."""
        return f"{NETBIOS_DOMAIN}\\{self.user}"

    @property
    def sid(self) -> str:
        """Security identifier of the account."""
        return f"{DOMAIN_SID}-{1100 + self.number}"

    @property
    def fqdn(self) -> str:
        """Full name of the machine."""
        return f"{self.host}.{DOMAIN}"

    @property
    def home(self) -> str:
        """Profile folder."""
        return f"C:\\Users\\{self.user}"


DESKS = (
    Desk("user01", "PC-0142", "10.0.12.42", 1),
    Desk("user02", "PC-0077", "10.0.12.77", 2),
    Desk("user03", "PC-0203", "10.0.13.3", 3),
    Desk("user04", "PC-0118", "10.0.13.18", 4),
)
OPENER = DESKS[0]
MAILBOXES = tuple(desk.mailbox for desk in DESKS)


def moment(day: date, clock: str) -> datetime:
    """Give an instant from a day and a wall time in Japan such as ``09:31:47.120``."""
    return datetime.combine(day, time.fromisoformat(clock), JST)
