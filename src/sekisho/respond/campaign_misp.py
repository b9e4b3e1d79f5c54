"""MISP: a campaign as one event, with its mails as objects, its values as attributes, and guesses as tags.

Source: MISP core format (draft-dulaunoy-misp-core-format); machine tags of an own namespace, as its taxonomies are.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from sekisho.model.campaign import Dossier, Sighting
from sekisho.respond.campaigns import guessed, subject_of, techniques
from sekisho.respond.misp import Object, Parts, technique_tag
from sekisho.respond.observed import Picked
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words, safe

MAILS = 100
"""Of one campaign, told one by one; all are counted."""
MEDIUM = "2"
LIKELY = 0.5
"""Probability from which a guess is a tag, by which platforms sort events; less sure ones stand in the text alone."""


def event(dossier: Dossier, picked: Picked, words: Words, how: Telling) -> bytes:
    """Give one event as UTF-8 JSON; the same campaign gives the same bytes."""
    return orjson.dumps({"Event": _Writer(dossier, picked, words, how).event()}, option=orjson.OPT_INDENT_2)


class _Writer(Parts):
    """The event of a campaign."""

    def __init__(self, dossier: Dossier, picked: Picked, words: Words, how: Telling) -> None:
        one = dossier.campaign
        first = how.at_ns if one.first_at_s is None else one.first_at_s * 1_000_000_000
        super().__init__(one.id, first, first if one.last_at_s is None else one.last_at_s * 1_000_000_000, words, how)
        self.dossier, self.picked = dossier, picked

    def event(self) -> Object:
        """Give the event."""
        one = self.dossier.campaign
        tags = [technique_tag(technique) for technique, _ in techniques(self.dossier)]
        tags.append(f'sekisho:campaign="{one.id}"')
        tags += [_tag(each.what, each.name) for each in self.dossier.guesses if each.probability >= LIKELY]
        title = self.words.get("campaign_told.title", title=safe(subject_of(self.dossier)))
        parts = {"Attribute": list(self._attributes()), "Object": [*self._mails(), *self._files()]}
        return self.head(title, MEDIUM, tags) | parts

    def _attributes(self) -> Iterator[Object]:
        one, get = self.dossier.campaign, self.words.get
        told = [get("campaign_told.count", count=len(one.members), undated=one.undated)]
        told += [guessed(each, self.words) for each in self.dossier.guesses]
        for number, line in enumerate([*told, get("campaign_told.caution")]):
            yield self.value("comment", "Other", line, f"told {number}", strong=False)
        for each in self.picked.observed:
            if each.kind != "sha256":  # these are in objects
                yield self.attribute(each)

    def _mails(self) -> Iterator[Object]:
        for one in [each for each in self.dossier.members if each.kind == "mail"][:MAILS]:
            sender = next((value for kind, value in one.traits if kind == "sender.address"), "")
            values = [("subject", "email-subject", one.title, False), ("from", "email-src", sender, False)]
            if one.title or sender:
                yield self._seen(self.object("email", one.id, values), one)

    @staticmethod
    def _seen(made: Object, one: Sighting) -> Object:
        return made | ({} if one.day is None else {"first_seen": f"{one.day}T00:00:00+00:00"})

    def _files(self) -> Iterator[Object]:
        for one in self.picked.observed:
            if one.kind == "sha256":
                yield self.object("file", one.value, [("sha256", "sha256", one.value, one.strong)])


def _tag(what: str, name: str) -> str:
    """Give a machine tag; nothing in a name may end its quotes."""
    return f'sekisho:{what}="{safe(name).replace(chr(34), "")}"'
