"""Claims of a brand against sender and links; mentions of one stay quiet."""

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.urltext import parse_url
from sekisho.normalize import mail
from sekisho.normalize.mail import brands
from sekisho.normalize.mail._brand_names import claims, in_host, in_path, named


def build(name="", address="x@mail.example", subject="", text="", links=(), images=(), logos=(), title="", **more):
    urls = [Feature("url", parse_url(link, where="href")) for link in links]
    urls += [Feature("url", parse_url(link, where="image")) for link in images]
    page = [
        Feature("html.text", text),
        Feature("html.title", title),
        *(Feature("html.logo", logo) for logo in logos),
        *urls,
    ]
    fields = {
        "sender.name": name,
        "sender.address": address,
        "sender.domain": address.partition("@")[2],
        "subject": subject,
        **more,
    }
    message = Artifact("m.eml", b"", "m.eml")
    body = Artifact("body.html", b"", "m.eml » body.html", "m.eml", 1, "body")
    head = Analysis(message, "a", 1, "message/rfc822", ("eml",), tuple(Feature(*one) for one in fields.items()))
    tree = [head, Analysis(body, "b", 1, "text/html", ("html",), tuple(page))]
    return mail.mail_of(head, tree)


def facts(organisation=NOBODY, **parts):
    found = {}
    for feature in brands.facts(build(**parts), organisation):
        found.setdefault(feature.name, []).append(feature.value)
    return found


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        ("PayPal", "paypal"),
        ("Amazon カスタマーサービス", "amazon"),
        ("Apple Support", "apple"),
        ("Chase", "chase"),
        ("Microsoft account team, _", "microsoft"),
        ("Amazon.co.jp", "amazon"),
        ("Fedex®", "fedex"),
        ("三井住友カード株式会社", "smbccard"),
        ("ETC利用照会サービス", "etc"),
        ("日本郵便", "japanpost"),
        ("au", "au"),
        ("Раypal", "paypal"),
        ("Chase Smith", ""),
        ("Apple Growers Weekly Digest", ""),
        ("Anna (via Google Docs)", ""),
        ("Ed Norton Jr", ""),
        ("Nifty Ideas", ""),
        ("Zoom Lens Reviews", ""),
        ("", ""),
    ],
)
def test_names(name, brand):
    assert named(name) == brand


def test_a_name_and_links_that_are_not_the_brand_s():
    found = facts(name="PayPal Service", subject="Your account", links=["https://pay.example.net/login"])
    assert found["brand.claimed"] == ["paypal"]
    assert found["brand.contradicted"] == [True]
    assert found["brand.link_hosts"] == ["pay.example.net"]


def test_the_brand_itself_is_quiet():
    found = facts(
        name="PayPal", address="service@paypal.com", text="Your PayPal account", links=["https://www.paypal.com/x"]
    )
    assert found["brand.sender_elsewhere"] == [False]
    assert found["brand.contradicted"] == [False]


def test_the_brand_s_domain_with_failed_authentication_is_not_the_brand():
    parts = {"name": "Bradesco", "address": "sac@bradesco.com.br", "links": ["https://x.run.app/"]}
    assert facts(**parts)["brand.sender_elsewhere"] == [False]
    assert facts(**parts, **{"auth.dmarc": "fail"})["brand.contradicted"] == [True]
    assert facts(**parts, **{"auth.spf": "softfail", "auth.dkim": "none"})["brand.contradicted"] == [True]
    assert facts(**parts, **{"auth.spf": "none", "auth.dkim": "none", "auth.dmarc": "pass"})["brand.contradicted"] == [
        False
    ]


def test_links_at_hosts_for_everybody_are_not_the_brand_s():
    found = facts(name="Google", links=["https://docs.google.com/forms/d/e/1"])
    assert found["brand.links_elsewhere"] == [True]


def test_logo_title_and_wording_together_are_a_claim():
    found = facts(
        subject="Dokument", title="Microsoft", logos=["Microsoft logo"], text="Your Microsoft account needs you",
        links=["https://login.example.net/"], images=["https://img.microsoft.com/logo.png"],
    )  # fmt: skip
    assert found["brand.claimed"] == ["microsoft"]
    assert {"title", "logo", "text", "image"} <= set(found["brand.where"])
    assert found["brand.images_own"] == [True]


@pytest.mark.parametrize(
    "parts",
    [
        {"name": "Book Shop", "subject": "News", "text": "Follow us on Facebook, Instagram and Twitter. Pay with PayPal or Visa.",
         "links": ["https://www.facebook.com/shop"], "logos": ["Facebook", "Instagram", "PayPal"]},
        {"name": "Hanako", "subject": "Microsoft's new release", "text": "Did you read about Microsoft? I like Google more."},
        {"name": "Mac users", "address": "list@lists.example", "subject": "[macs] Apple event", "text": "Apple showed a phone"},
        {"name": "Taro", "subject": "Fwd: Amazon", "text": "see below what Amazon wrote"},
        {"name": "旅行のサンプル", "subject": "楽天ポイントが使えます", "text": "PayPay、楽天ペイでお支払いいただけます"},
        {"name": "Sample Store", "text": "Download our app in the App Store and at Google Play.", "logos": ["App Store", "Google Play"]},
        {"name": "Sample Hotel", "subject": "Your stay", "text": "You booked on Booking.com. See you soon."},
    ],
)  # fmt: skip
def test_mentions_are_no_claims(parts):
    assert "brand.claimed" not in facts(**parts)


def test_an_organisation_s_own_brand_is_not_judged():
    own = Organisation(domains=frozenset({"paypal.com"}))
    assert facts(own, name="PayPal", links=["https://x.example/"]) == {}


def test_claims_need_words_of_the_brand_itself():
    assert claims("thank you. the paypal team") == ["paypal"]
    assert claims("© 2024 microsoft corporation") == ["microsoft"]
    assert claims("amazonをご利用いただき") == ["amazon"]
    assert claims("we compared paypal and others") == []
    assert claims("write to help@paypal.example account") == []


def test_brands_in_hosts_and_paths():
    assert in_host("secure-paypal.example.net") == "paypal"
    assert in_host("mytrustwalletlogin.example") == "trustwallet"
    assert in_host("chase.example") == ""
    assert in_host("pineapple.example") == ""
    assert in_host("groups.google.example") == ""
    assert in_path("/x/netflix/login.php") == "netflix"
    assert in_path("/about/facebook.png") == ""
