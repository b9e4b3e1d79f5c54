"""Who invites and who sent."""

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY
from sekisho.normalize.mail import Mail
from sekisho.normalize.mail.invitation import facts


def one(name, *features):
    return Analysis(Artifact(name, b"", name), "", 0, "text/calendar", (), tuple(Feature(*pair) for pair in features))


def said(sender, organizer, method="REQUEST", reply_to=()):
    message = one("m", ("sender.address", sender), *(("reply_to", address) for address in reply_to))
    file = one("a.ics", ("calendar.method", method), ("calendar.organizer", organizer))
    return {feature.name: feature.value for feature in facts(Mail(message, (), (file,)), NOBODY)}


@pytest.mark.parametrize(
    ("sender", "organizer", "differs"),
    [
        ("a@example.com", "b@example.com", False),
        ("a@mail.example.com", "b@example.com", False),
        ("a@example.net", "boss@example.com", True),
        ("a@badexample.com", "boss@example.com", True),
    ],
)
def test_domains(sender, organizer, differs):
    assert said(sender, organizer) == {"invitation.organizer": organizer, "invitation.organizer_differs": differs}


def test_answers_go_to_the_organizer():
    assert (
        said("a@calendar.example", "b@example.com", reply_to=["b@example.com"])["invitation.organizer_differs"] is False
    )


def test_an_answer_is_no_invitation():
    assert said("a@example.net", "b@example.com", "REPLY") == {}
    assert list(facts(Mail(one("m"), (), ()), NOBODY)) == []
