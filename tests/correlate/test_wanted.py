"""What hostile mails name, and what names nothing hostile."""

from sekisho.correlate.hubs import Hubs
from sekisho.correlate.joins import Carried
from sekisho.correlate.wanted import of_mails
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.observable import Observable
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

BAD = Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),))
FINE = Judgement(Verdict.CLEAN, 0.05)


def url(text, host):
    return Feature("url", Url(text, text, host, ""))


def mail(judgement):
    head = Artifact("a.eml", b"", "a.eml")
    message = Analysis(head, "m" * 64, 9, "message/rfc822", ("eml",), (Feature("message_id", "<12345@x.example>"),))
    links = (url("http://hacked.example/a/b", "hacked.example"), url("http://www.corp.example/", "www.corp.example"))
    body = Analysis(head.child("body", b"", relation="body"), "b" * 64, 9, "text/plain", ("text",), links)
    return [Carried(message, judgement, message, 0, ()), Carried(body, FINE, message, 0, ())]


def test_a_hostile_mail_names_its_id_and_its_links_but_not_the_company():
    found = of_mails(mail(BAD), Hubs({"corp.example"}))
    assert {Observable("message", "12345@x.example"), Observable("url", "hacked.example/a/b")} <= found
    assert Observable("domain", "hacked.example") in found
    assert not any("corp.example" in one.value for one in found)


def test_a_clean_mail_names_nothing():
    assert of_mails(mail(FINE), Hubs()) == frozenset()
