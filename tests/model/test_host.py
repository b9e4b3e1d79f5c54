"""Numeric hosts in every spelling, and the names of the spellings."""

import ipaddress
import random

import pytest

from sekisho.model.host import canonical_ip, host_tricks, inside_end, is_address, is_inside, plain_host

SAME = [
    ("0xc12a24f5", "193.42.36.245"),  # the three vectors of the mission's article 3
    ("0056.0151.0121.0114", "46.105.81.76"),
    ("0xb907d607", "185.7.214.7"),
    ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("0x7F000001", "127.0.0.1"),
    ("0300.0250.1.1", "192.168.1.1"),
    ("0xC0.0250.257", "192.168.1.1"),
    ("192.0.2.1.", "192.0.2.1"),
    ("%31%32%37.0.0.1", "127.0.0.1"),
    ("１２７。０。０。１", "127.0.0.1"),
    ("１２７．０｡０．１", "127.0.0.1"),
    ("0x", "0.0.0.0"),
    ("0", "0.0.0.0"),
    ("4294967295", "255.255.255.255"),
    ("00000000000000000000300.1", "192.0.0.1"),
    ("0x000000000000000000000007f.1", "127.0.0.1"),
    ("[::1]", "::1"),
    ("[2001:DB8:0:0::1]", "2001:db8::1"),
    ("[::ffff:192.0.2.1]", "192.0.2.1"),
]
NAMES = [
    "4294967296",
    "256.0.0.1",
    "1.2.3.256",
    "1.2.65536",
    "1.16777216",
    "08.1.1.1",
    "1.2.3.4.5",
    "1..2",
    "",
    ".",
    "0x7g",
    "example.com",
    "1.2.3.x",
    "-1",
    "+1",
    "1 2",
    "9" * 6_000,
    "0x" + "f" * 6_000,
    "[::g]",
]


@pytest.mark.parametrize(("host", "ip"), SAME)
def test_every_spelling_of_an_address(host, ip):
    assert canonical_ip(host) == ip


@pytest.mark.parametrize("host", NAMES)
def test_names_and_overflows_are_no_address(host):
    assert canonical_ip(host) is None


def test_random_spellings_agree_with_the_address():
    rng = random.Random(7)
    for _ in range(500):
        address = rng.randrange(2**32)
        octets = list(address.to_bytes(4, "big"))
        count = rng.randint(1, 4)
        numbers = [*octets[: count - 1], int.from_bytes(bytes(octets[count - 1 :]), "big")]
        spelled = ".".join(rng.choice(("{}", "0x{:x}", "0{:o}", "0X{:X}")).format(number) for number in numbers)
        assert canonical_ip(spelled) == str(ipaddress.IPv4Address(address)), spelled


@pytest.mark.parametrize(
    ("host", "tricks"),
    [
        ("192.0.2.1", ()),
        ("www.example.com", ()),
        ("日本.example", ()),
        ("0xc12a24f5", ("hex-ip",)),
        ("0xc1.0x2a.0x24.0xf5", ("hex-ip",)),
        ("0056.0151.0121.0114", ("octal-ip",)),
        ("3221225985", ("integer-ip",)),
        ("0xC0.0250.257", ("mixed-ip", "short-ip")),
        ("127.1", ("short-ip",)),
        ("192.0.2.1.", ("trailing-dot",)),
        ("１２７.0.0.1", ("full-width",)),
        ("exa\u00admple.com", ("soft-hyphen",)),
        ("ⓔⓧⓐⓜⓟⓛⓔ.com", ("compatibility-letters",)),
        ("ex%61mple.com", ("percent-encoded-host",)),
        ("%30x7f.1", ("percent-encoded-host", "hex-ip", "short-ip")),
        ("[::ffff:192.0.2.1]", ("mapped-ip",)),
    ],
)
def test_tricks_are_named(host, tricks):
    assert host_tricks(host) == tricks


def test_plain_host_decodes_and_folds():
    assert plain_host("EX%61MPLE%E3%80%82com") == "example.com"


@pytest.mark.parametrize(
    "text",
    ["10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.9", "169.254.1.1", "100.64.0.1", "fd00::1",
     "fe80::1", "::1", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_addresses_of_private_networks_lie_inside(text):
    assert is_inside(text)


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1", "198.51.100.1", "203.0.113.9", "172.32.0.1", "100.128.0.1", "11.0.0.1", "2001:db8::1", "",
     "10.example", "10.0.0.1.example.com", None, 10, "::ffff:203.0.113.9"],
)  # fmt: skip
def test_others_do_not(text):
    assert not is_inside(text)


def test_the_inside_end_of_a_connection():
    assert inside_end("10.0.0.1", "203.0.113.9") == inside_end("203.0.113.9", "10.0.0.1") == "10.0.0.1"
    assert inside_end("10.0.0.1", "10.0.0.2") == "10.0.0.1"
    assert inside_end("203.0.113.9", None) == ""


def test_addresses_are_told_from_names():
    assert all(map(is_address, ("192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1")))
    assert not any(map(is_address, ("a.example", "", None, "1.2.3", "a:b", "1" * 99)))
