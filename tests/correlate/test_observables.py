"""What records name, and the part each plays."""

import random

import pytest

from sekisho.correlate.observables import account_of, outside, sightings
from sekisho.model.event import Event, Logsource


def seen(user="", product="", **fields):
    event = Event(Logsource(product), {name.replace("__", "-"): value for name, value in fields.items()}, user=user)
    return {(one.what.type, one.what.value, one.role) for one in sightings(event)}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"c__ip": "203.0.113.5:4711"}, {("ip", "203.0.113.5", "actor")}),
        ({"c__ip": "::ffff:203.0.113.5"}, {("ip", "203.0.113.5", "actor")}),
        ({"cs__username": "CORP\\User01"}, {("account", "user01", "actor")}),
        ({"cs__username": "MXS01$"}, set()),
        ({"recipient__address": ["a@corp.example", "b@corp.example"]},
         {("mailbox", "a@corp.example", "receiver"), ("mailbox", "b@corp.example", "receiver")}),
        ({"message__id": "<x1@corp.example>"}, {("message", "x1@corp.example", "object")}),
        ({"cs__uri__stem": "/owa/auth/%71x.aspx"}, {("file", "qx.aspx", "object")}),
        ({"cs__uri__stem": "/owa/auth/logon.aspx"}, set()),
        ({"cs__uri__stem": "/admin/order/1234/edit"}, {("order", "1234", "object")}),
        ({"c__uri": "HTTP://Shop.Example:8080/a?b#c"},
         {("url", "shop.example:8080/a?b", "object"), ("domain", "shop.example", "object")}),
        ({"Hashes": "MD5=00,SHA256=" + "AB" * 32}, {("sha256", "ab" * 32, "object")}),
        ({"query": "198.51.100.7"}, {("ip", "198.51.100.7", "object")}),
        ({"session": "ab"}, set()),
    ],
)  # fmt: skip
def test_values_are_read_in_one_form(fields, wanted):
    shown = seen(**fields)
    assert {one for one in shown if one[1] != "shop.example:8080"} == wanted


def test_a_failed_login_makes_its_account_a_target_and_its_address_an_actor():
    assert seen(user="user01", src_ip="203.0.113.5", result="failure") == {
        ("account", "user01", "target"), ("ip", "203.0.113.5", "actor"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["SYSTEM", "NT AUTHORITY\\SYSTEM", "-", "PC-1$", "HealthMailbox1a2b@corp.example"])
def test_nobodys_accounts(name):
    assert account_of(name) == ""


@pytest.mark.parametrize(
    ("address", "is_outside"),
    [("10.1.2.3", False), ("172.31.0.1", False), ("127.0.0.1", False), ("8.8.8.8", False), ("fe80::1", False),
     ("203.0.113.5", True), ("2001:db8::1", True), ("100.64.0.1", False), ("x", False)],
)  # fmt: skip
def test_outside_addresses(address, is_outside):
    assert outside(address) is is_outside


def test_nothing_hostile_breaks_it():
    dice = random.Random(11)
    alphabet = 'a.@<>/:%[]\\\0\ud800\u202e１0 \n"'
    names = ("c-ip", "c-uri", "message-id", "cs-uri-stem", "sha256", "user", "recipients", "query", "session")
    for _ in range(400):
        fields = {name: "".join(dice.choices(alphabet, k=dice.randrange(200))) for name in names}
        for one in sightings(Event(Logsource(), fields, user=fields["user"])):
            assert len(one.what.value) <= 2_048
