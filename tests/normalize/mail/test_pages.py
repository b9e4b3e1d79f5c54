"""Facts of bodies become facts of their mail."""

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY
from sekisho.model.urltext import parse_url
from sekisho.normalize import mail
from sekisho.normalize.mail import pages


def facts(*features):
    head = Analysis(Artifact("m", b"", "m"), "a", 1, "message/rfc822", ("eml",), (Feature("subject", "x"),))
    body = Analysis(
        Artifact("b", b"", "m » b", "m", 1, "body"),
        "b",
        1,
        "text/html",
        ("html",),
        tuple(Feature(*one) for one in features),
    )
    return [(one.name, one.value) for one in pages.facts(mail.mail_of(head, [head, body]), NOBODY)]


def test_what_the_body_shows_is_lifted():
    assert facts(("html.picture_only", True), ("html.split_words", 2)) == [
        ("page.picture_only", True),
        ("page.split_words", 2),
    ]
    assert facts(("html.picture_only", False), ("html.script", False)) == []


def test_a_page_of_filler():
    assert ("page.mostly_unseen", True) in facts(("html.unseen_chars", 900), ("html.text", "Hi"))
    assert ("page.mostly_unseen", True) not in facts(("html.unseen_chars", 900), ("html.text", "word " * 100))
    assert ("page.mostly_unseen", True) not in facts(("html.unseen_chars", 90), ("html.text", ""))


def test_pictures_from_where_anybody_puts_them():
    assert ("page.public_picture", "i.imgur.com") in facts(
        ("url", parse_url("https://i.imgur.com/a.png", where="image"))
    )
    assert facts(("url", parse_url("https://cdn.shop.example/a.png", where="image"))) == []
    assert facts(("url", parse_url("https://imgur.com/a", where="href"))) == []
