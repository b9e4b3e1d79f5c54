"""Look-alikes among the domains of a mail."""

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.url import Url
from sekisho.normalize.mail import with_facts

CORP = Organisation(frozenset({"corp.example"}), frozenset({"partner-shoji.example"}))


def facts(organisation, address, *hosts):
    links = [("url", Url(f"http://{host}/", f"http://{host}/", host)) for host in hosts]
    named = [("subject", "hello"), ("sender.address", address), *links]
    message = Analysis(
        Artifact("m.eml", b"", "m.eml"), "a" * 64, 10, "message/rfc822", ("eml",), tuple(Feature(*one) for one in named)
    )
    (out,) = with_facts([message], organisation)
    mine = [one for one in out.features[len(named) :] if one.name.startswith(("lookalike.", "mixed_script."))]
    return {one.name: one.value for one in mine}


def test_sender_and_links():
    assert facts(CORP, "a@corp-login.test", "partner-shouji.test", "corp.example", "partner-shouji.test") == {
        "lookalike.sender": "own",
        "lookalike.sender_of": "corp.example",
        "lookalike.sender_how": "word",
        "lookalike.link": "partner",
        "lookalike.link_of": "partner-shoji.example",
        "lookalike.link_how": "slip",
        "lookalike.link_host": "partner-shouji.test",
    }


def test_known_and_other_domains():
    assert facts(CORP, "a@corp.example", "www.partner-shoji.example", "other.example", "日本語.jp") == {}
    assert facts(NOBODY, "a@corp-login.test") == {}


def test_mixed_scripts_need_no_organisation():
    host = "xn--" + "cоrp".encode("punycode").decode() + ".test"
    assert facts(NOBODY, f"a@{host}") == {"mixed_script.sender": "cоrp.test"}
    assert facts(NOBODY, "a@b.example", host) == {"mixed_script.link": "cоrp.test"}
    assert facts(CORP, "a@b.example", host)["lookalike.link_how"] == "letters"
