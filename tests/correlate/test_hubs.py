"""Hubs link nothing."""

import pytest

from sekisho.correlate.hubs import Hubs
from sekisho.model.observable import Observable

HUBS = Hubs({"corp.example"}, {"192.0.2.25"})


@pytest.mark.parametrize(
    ("kind", "value", "is_hub"),
    [
        ("domain", "mail.corp.example", True),
        ("domain", "ctldl.windowsupdate.com", True),
        ("domain", "gmail.com", True),
        ("domain", "hacked.example", False),
        ("domain", "notcorp.example", False),
        ("url", "hacked.example", True),
        ("url", "hacked.example/x", False),
        ("url", "intra.corp.example/x", True),
        ("ip", "192.0.2.25", True),
        ("ip", "203.0.113.1", False),
        ("mailbox", "user01@corp.example", False),
        ("account", "user01", False),
    ],
)
def test_what_is_a_hub(kind, value, is_hub):
    assert HUBS.is_hub(Observable(kind, value)) is is_hub


def test_own_mailboxes():
    assert HUBS.is_own("user01@corp.example")
    assert not HUBS.is_own("user01@partner.example")
