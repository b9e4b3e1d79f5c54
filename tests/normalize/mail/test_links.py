"""Where links lead: each signal on a link made for it, and quiet on the links of honest mail."""

import base64
import random

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY
from sekisho.model.urltext import parse_url
from sekisho.normalize import mail
from sekisho.normalize.mail import links

TARO = "taro@victim.example"


def facts(*urls, sender="info@shop.example", sent="2021-10-13T10:00:00+00:00", where="href", shown=""):
    fields = {"sender.address": sender, "sender.domain": sender.partition("@")[2], "recipients": TARO, "sent_at": sent}
    features = [Feature(*one) for one in fields.items()]
    features += [Feature("url", parse_url(url, where=where, shown=shown)) for url in urls]
    head = Analysis(Artifact("m.eml", b"", "m.eml"), "a", 1, "message/rfc822", ("eml",), tuple(features))
    found = {}
    for feature in links.facts(mail.mail_of(head, [head]), NOBODY):
        found.setdefault(feature.name.removeprefix("link."), []).append(feature.value)
    return found


SIGNALS = [
    ("https://bit.ly/3x", "shortener"),
    ("https://www.google.com/url?q=https://evil.example/x", "open_redirect"),
    ("https://www.google.com/amp/s/evil.example/x", "open_redirect"),
    ("https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cHM6Ly9ldmlsLmV4YW1wbGUv&ntb=1", "open_redirect"),
    ("https://www.youtube.com/redirect?q=https%3A%2F%2Fevil.example", "open_redirect"),
    ("https://vk.com/away.php?utf=1&to=https%3A%2F%2Fevil.example%2Fz", "open_redirect"),
    ("https://track.other.example/c?id=1&url=https%3A%2F%2Fevil.test%2Fz", "redirect"),
    ("https://acct.weebly.com/", "site"),
    ("https://a-b-c.translate.goog/x", "site"),
    ("https://x.blob.core.windows.net/a/b.html", "storage"),
    ("https://forms.gle/abc", "form"),
    ("https://a-b.trycloudflare.com/", "tunnel"),
    ("https://bafy.ipfs.dweb.link/", "ipfs"),
    ("http://198.51.100.4/a", "ip"),
    ("http://evil.example:8081/a", "port"),
    ("https://www.shop.example@198.51.100.4/", "userinfo"),
    ("https://paypal-login.example.net/", "brand_host"),
    ("https://evil.example/netflix/login", "brand_path"),
    ("https://a.b.c.d.evil.example/", "deep_host"),
    ("https://xn--pypal-4ve.example/", "punycode"),
    ("https://evil.xyz/", "odd_tld"),
    ("https://evil.cyou/", "very_odd_tld"),
    (f"https://evil.example/?user={TARO}", "recipient"),
    (f"https://evil.example/#{TARO}", "recipient_fragment"),
    (f"https://evil.example/#{base64.b64encode(TARO.encode()).decode()}", "recipient_fragment"),
    ("https://evil.example/setup.exe", "runnable"),
    ("https://evil.example/a.zip", "archive"),
    ("https://evil.example/invoice.pdf.zip", "double_extension"),
    ("https://evil.example/wp-includes/js/x/login.php", "compromised_path"),
    ("https://jo4dh9l5i5c422fb6.example/", "random_host"),
    ("https://evil.example/vitaelibero/inventoreest-31247564", "malspam_path"),
    ("https://evil.example/qui-qui/et.zip", "malspam_path"),
    ("https://evil.example/voluptatem-ut/numquam.zip", "malspam_path"),
    ("http://198.51.100.4/44481.5123456789.dat", "serial_dat"),
]


@pytest.mark.parametrize(("url", "signal"), SIGNALS)
def test_signals(url, signal):
    assert signal in facts(url)


HONEST = [
    "https://www.shop.example/orders/1042?utm_source=mail",
    "https://click.mail.shop.example/ls/click?upn=u001.abcDEF",
    "https://u123.ct.sendgrid.net/ls/click?upn=abc",
    f"https://news.other.example/unsubscribe?email={TARO}",
    "https://blog.other.example/wp-content/uploads/2026/10/report.pdf",
    "https://www.other.example/blog/lorem-ipsum-12345678901",
    "https://www.google.com/maps?q=Tokyo",
    "https://www.amazon.co.jp/gp/css/order-history",
    "https://www.kuronekoyamato.co.jp/",
    "https://amzn.to/3xyz",
    "https://www.youtube.com/watch?v=abc",
    "https://www.facebook.com/shop",
    "https://lists.freshpackages.example/",
    "https://github.com/org/project/releases",
    "https://www.other.example/.well-known/change-password",
    "https://shop.example/index.html",
    "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd",
]


@pytest.mark.parametrize("url", HONEST)
def test_honest_links_are_quiet(url):
    signals = set(facts(url)) - {"hosts", "to_sender", "only_host"}
    assert not signals


def test_one_mention_of_a_free_site_is_not_where_a_mail_leads():
    site, others = "https://anna.blogspot.com/", ["https://www.news.example/1", "https://forum.example/2"]
    assert facts(site)["mostly_site"] == ["anna.blogspot.com"]
    assert "mostly_site" not in facts(site, *others)
    assert "mostly_site" not in facts(site, others[0])
    assert "mostly_site" in facts(site, "https://b.weebly.com/", others[0])


def test_a_service_s_own_pages_are_its_own():
    for url in ("https://www.livejournal.com/talk?id=1", "https://wordpress.com/blog", "https://www.dyndns.org/"):
        assert "site" not in facts(url)
    for url in ("https://anna.livejournal.com/1", "https://sites.google.com/view/x", "https://telegra.ph/x-01"):
        assert "site" in facts(url)


def test_a_serial_of_another_day_is_a_name_like_any():
    assert "serial_dat" not in facts("http://198.51.100.4/44300.5123456789.dat")


def test_shown_and_real():
    assert facts("https://evil.example/", shown="www.bank.example")["mismatch"] == ["www.bank.example -> evil.example"]
    assert "mismatch" not in facts("https://login.bank.example/", shown="www.bank.example")
    assert "mismatch" not in facts("https://u1.ct.sendgrid.net/x", shown="www.bank.example")
    assert "mismatch" not in facts("https://go.other.example/?u=https://www.bank.example/", shown="www.bank.example")
    assert facts("https://c.other.test/", shown="shop.example")["mismatch_sender"] == ["shop.example -> c.other.test"]


def test_gateways_are_looked_through():
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.weebly.com%2Fx&data=05"
    assert facts(wrapped)["site"] == ["evil.weebly.com"]
    version3 = "https://urldefense.com/v3/__https://evil.weebly.com/x__;!!abc$"
    assert facts(version3)["site"] == ["evil.weebly.com"]
    version2 = "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.weebly.com_x&d=Dw"
    assert facts(version2)["site"] == ["evil.weebly.com"]


def test_whose_hosts():
    found = facts("https://a.evil.example/1", "https://b.evil.example/2")
    assert (found["hosts"], found["only_host"], found["to_sender"]) == ([1], ["evil.example"], [0])
    assert "only_host" not in facts("https://www.shop.example/")
    assert facts("https://x.example/", where="image") == {}
    assert facts("https://x.example/", where="qr")["qr"] == ["x.example"]
    assert facts() == {}


def test_domains_of_one_company_are_the_sender_s():
    found = facts("https://account.live.com/activity", sender="x@accountprotection.microsoft.com")
    assert found["to_sender"] == [1]
    assert facts("https://x.example/", sender="x@microsoft.com")["to_sender"] == [0]


def test_any_url_is_read_without_error():
    dice = random.Random(5)
    pieces = [
        "http://",
        "a.example",
        "/",
        "?",
        "url=",
        "https%3A%2F%2F",
        "#",
        "@",
        "%",
        "[",
        "]",
        ":",
        "99999",
        "é",
        "\0",
        "=",
        "&",
        ".zip",
        "A" * 30,
        TARO,
    ]
    for _ in range(500):
        facts("http://e.example/" + "".join(dice.choices(pieces, k=12)), "".join(dice.choices(pieces, k=8)))
