"""Warning lists: what everybody uses and nobody owns never becomes an indicator; what attackers use does."""

import pytest

from sekisho.model.warninglists import REASONS, why_not

OWN = frozenset({"corp.co.jp", "93.184.216.34", "45.77.0.0/16", "a/b"})


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("ip", "10.1.2.3", "private"),
        ("ip", "127.0.0.1", "private"),
        ("ip", "169.254.1.1", "private"),
        ("ip", "100.64.3.4", "private"),
        ("ip", "224.0.0.251", "private"),
        ("ip", "::1", "private"),
        ("ip", "fe80::1", "private"),
        ("ip", "203.0.113.9", "documentation"),
        ("ip", "2001:db8::5", "documentation"),
        ("ip", "8.8.8.8", "resolver"),
        ("ip", "104.16.3.4", "cdn"),
        ("ip", "93.184.216.34", "own"),
        ("ip", "45.77.3.4", "own"),
        ("url", "http://45.77.3.4/x", "own"),
        ("domain", "corp.co.jp", "own"),
        ("domain", "mail.corp.co.jp", "own"),
        ("url", "https://mail.corp.co.jp/owa/", "own"),
        ("domain", "google.com", "top_site"),
        ("domain", "www.google.co.jp", "top_site"),
        ("domain", "update.windowsupdate.com", "top_site"),
        ("url", "http://ocsp.digicert.com/", "top_site"),
        ("domain", "github.io", "free_host"),
        ("domain", "docs.google.com", "free_host"),
        ("domain", "bit.ly", "free_host"),
        ("url", "https://docs.google.com/", "free_host"),
        ("url", "https://www.google.com/search?q=a", "top_site"),
        ("domain", "gmail.com", "free_mail"),
        ("domain", "co.jp", "suffix"),
        ("domain", "com", "suffix"),
        ("domain", "cloudfront.net", "cdn"),
        ("domain", "cloudflare.com", "cdn"),
        ("domain", "click.list-manage.com", "mail_service"),
        ("url", "https://nam02.safelinks.protection.outlook.com/?url=x", "mail_service"),
        ("domain", "pc1.local", "reserved_name"),
        ("domain", "evil.example", "documentation"),
        ("url", "http://203.0.113.9/x", "documentation"),
        ("url", "http://192.168.0.1/x", "private"),
        ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "standard_file"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e", "standard_file"),
        ("md5", "44d88612fea8a8f36de82e1278abb02f", "standard_file"),
        ("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "standard_file"),
        ("file", "rundll32.exe", "common_name"),
        ("file", "a.js", "too_short"),
    ],
)
def test_left_out_with_its_reason(kind, value, reason):
    assert why_not(kind, value, OWN) == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip", "45.76.12.34"),
        ("ip", "2a01:4f8::1"),
        ("domain", "flower-shop-tokyo.net"),
        ("domain", "login-account.github.io"),
        ("domain", "d111111abcdef8.cloudfront.net"),
        ("url", "https://docs.google.com/uc?id=abc"),
        ("url", "https://bit.ly/3abc"),
        ("url", "https://www.google.com/url?q=https://evil-shop.net/"),
        ("url", "https://login-account.github.io/"),
        ("url", "https://flower-shop-tokyo.net/"),
        ("email", "someone@gmail.com"),
        ("sha256", "1" * 64),
        ("file", "form 01.21.2022.xls"),
    ],
)
def test_what_attackers_own_passes(kind, value):
    assert why_not(kind, value, OWN) == ""


def test_lab_names_pass_in_an_exercise_and_nothing_else_does():
    assert why_not("ip", "203.0.113.9", exercise=True) == ""
    assert why_not("url", "http://flower-shop.example/x", exercise=True) == ""
    assert why_not("ip", "10.0.0.1", exercise=True) == "private"
    assert why_not("domain", "corp.example", frozenset({"corp.example"}), exercise=True) == "own"
