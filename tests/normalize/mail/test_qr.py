"""What a whole mail tells of its QR codes."""

import base64

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.url import Url
from sekisho.normalize.mail import with_facts

LINK = "https://login.example.net/?e="


def analysis(name, features=(), parent=None, relation="input", kinds=("image",)):
    address = f"{parent} » {name}" if parent else name
    return Analysis(Artifact(name, b"", address, parent, relation=relation), "", 0, "", kinds, tuple(features))


def url(address, where):
    return Feature("url", Url(address, address, where=where))


def mail(code, *files, links=(), relation="attachment", name="a.png", parent="m.eml"):
    head = [
        Feature("subject", "x"),
        Feature("sender.address", "a@example.com"),
        Feature("recipients", "user@example.org"),
    ]
    found = Feature("url", Url(code, code, where="qr"))
    return [
        analysis("m.eml", [*head, *links], kinds=("eml",)),
        *files,
        analysis(name, [Feature("qr.text", code), found] if code else (), parent, relation),
    ]


def told(tree):
    found = {}
    for feature in with_facts(tree)[0].features:
        if feature.name.startswith("qr."):
            found.setdefault(feature.name, []).append(feature.value)
    return found


def test_a_code_that_is_all_there_is():
    assert told(mail(LINK)) == {
        "qr.url": [LINK],
        "qr.place": ["picture"],
        "qr.only_link": [True],
        "qr.names_recipient": [False],
    }


@pytest.mark.parametrize(
    ("link", "only"),
    [
        (url("https://www.example.com/", "href"), False),
        (url("https://www.example.com/", "text"), False),
        (url("https://www.example.com/logo.png", "image"), True),
        (url("mailto:a@example.com", "href"), True),
    ],
)
def test_links_beside_a_code(link, only):
    assert told(mail(LINK, links=[link]))["qr.only_link"] == [only]


def test_places():
    body = analysis("body.html", parent="m.eml", relation="body", kinds=("html",))
    document = analysis("a.pdf", parent="m.eml", relation="attachment", kinds=("pdf",))
    for files, name, parent, place in (
        ([body], "data1.png", body.address, "picture"),
        ([body], "drawn code.png", body.address, "drawn"),
        ([], "drawn code.png", "m.eml", "drawn"),
        ([document], "pages", document.address, "document"),
    ):
        assert told(mail(LINK, *files, name=name, parent=parent, relation="decoded"))["qr.place"] == [place]


@pytest.mark.parametrize(
    "rest",
    [
        "user@example.org",
        "user%40example.org",
        "USER@EXAMPLE.ORG",
        base64.b64encode(b"user@example.org").decode(),
        base64.urlsafe_b64encode(b"x=1&u=user@example.org").decode().rstrip("="),
    ],
)
def test_codes_that_name_their_reader(rest):
    assert told(mail(LINK + rest))["qr.names_recipient"] == [True]
    assert told(mail(LINK + "other"))["qr.names_recipient"] == [False]


def test_a_mail_without_codes():
    assert told(mail("")) == {}
