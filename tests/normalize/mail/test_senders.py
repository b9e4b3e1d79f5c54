"""Whether the mailbox knows who writes."""

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.history import Seen
from sekisho.model.organisation import NOBODY
from sekisho.normalize.mail import with_facts

AT = 1767571200  # 2026-01-05


class Past:
    """Knows one sender and one thread."""

    def before(self, at):
        assert at == AT
        return self

    def seen_sender(self, address):
        return Seen(3) if address == "suzuki@partner.example" else Seen()

    def seen_domain(self, domain):
        return Seen(4) if domain == "partner.example" else Seen()

    def seen_pair(self, sender, recipient):
        return Seen(2) if (sender, recipient) == ("suzuki@partner.example", "sato@corp.example") else Seen()

    def seen_message_id(self, identifier):
        return identifier == "<known@corp.example>"

    def seen_passages(self, hashes):
        return 0

    def thread(self, subject):
        return Seen(1) if subject == "Re: Invoice" else Seen()

    def names_of(self, address):
        return ()

    def addresses_of(self, name):
        known = {
            "Suzuki Ichiro": ("suzuki@partner.example",),
            "Info Desk": tuple(f"info@{at}.example" for at in range(9)),
        }
        return known.get(name, ())


def facts(
    memory=None, sender="suzuki@partner.example", name="Suzuki Ichiro", at="2026-01-05T00:00:00Z", parent=None, **more
):
    named = [("subject", "Re: Invoice"), ("sender.address", sender), ("sender.name", name), ("received_at", at)]
    named += [("recipients", "sato@corp.example"), *((key.replace("__", "."), value) for key, value in more.items())]
    artifact = Artifact("m.eml", b"", "m.eml", parent)
    message = Analysis(artifact, "a" * 64, 10, "message/rfc822", ("eml",), tuple(Feature(*one) for one in named))
    (out,) = with_facts([message], NOBODY, memory)
    return {one.name.removeprefix("history."): one.value for one in out.features if one.name.startswith("history.")}


def test_without_a_store_nothing_is_claimed():
    assert facts() == facts(Past(), at="") == facts(Past(), parent="outer.eml") == facts(Past(), sender="") == {}


def test_a_known_sender():
    assert facts(Past()) == {
        "sender_first": False,
        "sender_mails": 3,
        "domain_first": False,
        "pair_first": False,
        "thread_seen": True,
    }


def test_a_new_sender_with_a_known_name():
    found = facts(Past(), sender="x@evil.test")
    assert (found["sender_first"], found["domain_first"], found["pair_first"]) == (True, True, True)
    assert found["name_of_other"] == "suzuki@partner.example"
    assert "name_of_other" not in facts(Past(), sender="new@mail.partner.example")
    assert "name_of_other" not in facts(Past(), sender="x@evil.test", name="Info Desk")
    assert "name_of_other" not in facts(Past(), sender="x@evil.test", name="Info")


def test_answers():
    assert facts(Past(), thread__in_reply_to="<known@corp.example>")["reply_known"] is True
    assert facts(Past(), thread__references="<other@corp.example>")["reply_known"] is False
