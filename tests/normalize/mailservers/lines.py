"""Lines as text to events, for the tests of each mail server."""

from sekisho.normalize import syslog
from sekisho.sources import Row
from sekisho.sources._years import Order, Years
from sekisho.sources.syslog import rows

END_OF_2024 = 1_735_600_000.0


def events(text):
    found = rows(text.strip("\n").split("\n"), Years(Order(0, (12, 30)), END_OF_2024))
    return list(syslog.normalize((row for row in found if isinstance(row, Row)), "mail.log"))


def one(text):
    (event,) = events(text)
    return event


def told(event, *names):
    """Give the category, the user and some fields."""
    return (event.logsource.category, event.user, *(event.fields.get(name) for name in names))
