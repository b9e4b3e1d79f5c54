"""What belongs to a mail: its own text and bodies, its files down to messages inside."""

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.url import Url
from sekisho.normalize import mail

ROOT = "m.eml"
OUTER, INNER = Url("http://a.example/", "http://a.example/"), Url("http://b.example/", "http://b.example/")


def analysis(address, *features, analyzers=(), relation="attachment"):
    parent, _, name = address.rpartition(" » ")
    artifact = Artifact(name, b"", address, parent or None, address.count("»"), relation)
    return Analysis(artifact, "a" * 64, 10, "x/y", analyzers, tuple(Feature(*one) for one in features))


TREE = (
    analysis(ROOT, ("subject", "outer"), ("url", OUTER), analyzers=("eml",), relation="input"),
    analysis(f"{ROOT} » body.html", ("url", OUTER), relation="body", analyzers=("html",)),
    analysis(f"{ROOT} » a.zip", analyzers=("zip",)),
    analysis(f"{ROOT} » a.zip » b.html", ("url", INNER), relation="member", analyzers=("html",)),
    analysis(f"{ROOT} » old.eml", ("subject", "inner"), analyzers=("eml",)),
    analysis(f"{ROOT} » old.eml » body.html", ("url", INNER), relation="body", analyzers=("html",)),
    analysis(f"{ROOT} » old.eml » c.pdf", relation="attachment"),
)


def test_a_mail_has_its_own_bodies_links_and_files():
    found = mail.mail_of(TREE[0], TREE)
    assert [one.address for one in found.bodies] == [f"{ROOT} » body.html"]
    assert [one.artifact.name for one in found.files] == ["a.zip", "b.html", "old.eml"]
    assert found.urls == (OUTER,)
    assert found.text("subject") == "outer"


def test_a_message_inside_is_a_mail_of_its_own():
    found = mail.mail_of(TREE[4], TREE)
    assert [one.artifact.name for one in found.files] == ["c.pdf"]
    assert found.urls == (INNER,)


def test_every_fact_that_comes_out_was_declared():
    declared = set(mail.fields())
    for before, after in zip(TREE, mail.with_facts(TREE), strict=True):
        added = after.features[len(before.features) :]
        assert {feature.name for feature in added} <= declared
        assert after.features[: len(before.features)] == before.features
