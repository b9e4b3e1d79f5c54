"""Where a registered domain begins."""

import pytest

from sekisho.model.registered import belongs, is_top_level, registered_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.corp.example", "corp.example"),
        ("MAIL.corp.co.jp.", "corp.co.jp"),
        ("a.b.github.io", "b.github.io"),
        ("mail.xn--wgv71a119e.jp", "xn--wgv71a119e.jp"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("co.jp", "co.jp"),
        ("localhost", "localhost"),
        ("a..b", "a..b"),
        ("", ""),
        ("a." * 200 + "example", "a." * 200 + "example"),
    ],
)
def test_registered_domain(host, domain):
    assert registered_domain(host) == domain


def test_belongs():
    assert belongs("mail.corp.example", {"corp.example"})
    assert belongs("corp.example", ("corp.example",))
    assert not belongs("notcorp.example", {"corp.example"})
    assert not belongs("", ("corp.example",))


def test_top_level_labels_are_delegated_or_reserved():
    assert all(is_top_level(label) for label in ("com", "jp", "pl", "bank", "xn--p1ai", "example", "zip"))
    assert not any(is_top_level(label) for label in ("exe", "txt", "xls", "", "1"))
