"""STIX 2.1: a campaign with its members, what it probably brings and who probably spreads it, as a bundle.

Family and distributor are relationships with the confidence that the guess has, never part of the campaign's name.

Source: STIX Version 2.1, OASIS Standard of 10 June 2021, sections 4.2 (campaign), 4.8 (intrusion set), 4.11 (malware).
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.campaign import Dossier, Sighting
from sekisho.model.indicator import canonical
from sekisho.respond.campaigns import guessed, subject_of, techniques
from sekisho.respond.observed import Picked
from sekisho.respond.stix import Object, Telling, Writer, moment, plain
from sekisho.respond.wording import Words, safe

MEMBERS, NOTES = 100, 50
"""Mails and notes of one campaign that are told one by one; all are counted."""


def bundle(dossier: Dossier, picked: Picked, words: Words, how: Telling) -> bytes:
    """Give a bundle as UTF-8 JSON; the same campaign gives the same bytes."""
    writer = _Writer(how, words)
    writer.campaign(dossier, picked)
    return writer.bundle()


class _Writer(Writer):
    """Adds what only campaigns have."""

    def campaign(self, dossier: Dossier, picked: Picked) -> None:
        """Keep a campaign, all that it is related with, and the report that holds it together."""
        one = dossier.campaign
        first, last = (None if at is None else at * 1_000_000_000 for at in (one.first_at_s, one.last_at_s))
        rest: Object = {"name": self._title(dossier), "description": "\n".join(self._described(dossier))}
        if first is not None and last is not None:
            rest |= {"first_seen": moment(first), "last_seen": moment(last)}
        if notes := list(self._notes(dossier)):
            rest["external_references"] = notes
        key = self.add(self.sdo("campaign", one.id, rest, first))
        refs = [key, *self._guessed(key, dossier, last)]
        for technique, _ in techniques(dossier):
            found = self.technique(technique, last)
            refs += [found, self.relate(key, "uses", found, last)]
        for indicator in self.indicators(picked.observed).values():
            refs += [indicator, self.relate(indicator, "indicates", key, last)]
        mails = [each for each in dossier.members if each.kind == "mail"]
        for mail in mails[:MEMBERS]:
            refs += self.member(mail)
        refs.append(self.seen(key, dossier, first, last))
        report = {
            "name": self._title(dossier),
            "description": rest["description"],
            "report_types": ["campaign"],
            "published": moment(last if last is not None else self.how.at_ns),
            "lang": self.words.language,
            "object_refs": list(dict.fromkeys(refs)),
        }
        self.add(self.sdo("report", one.id, report, first))

    def _title(self, dossier: Dossier) -> str:
        return self.words.get("campaign_told.title", title=self.how.hide(safe(subject_of(dossier))))

    def _described(self, dossier: Dossier) -> Iterator[str]:
        one, get = dossier.campaign, self.words.get
        yield get("campaign_told.count", count=len(one.members), undated=one.undated)
        for guess in dossier.guesses:
            yield guessed(guess, self.words)
        yield get("campaign_told.caution")

    def _notes(self, dossier: Dossier) -> Iterator[Object]:
        notes = [each for each in dossier.members if each.kind == "report"]
        for each in notes[:NOTES]:
            yield {"source_name": safe(each.title), "description": self.words.get("campaign_told.note")}

    def _guessed(self, key: str, dossier: Dossier, at_ns: int | None) -> Iterator[str]:
        """Keep the family as malware that is used, and the distributor as whom the campaign is attributed to."""
        rest: Object
        for guess in dossier.guesses:
            if guess.what == "family":
                rest = {"name": safe(guess.name), "is_family": True, "malware_types": ["unknown"]}
                other, verb = self.add(self.sdo("malware", f"family {guess.name}", rest, at_ns)), "uses"
            elif guess.what == "distributor":
                rest = {"name": safe(guess.name), "description": self.words.get("campaign_told.distributor")}
                other, verb = self.add(self.sdo("intrusion-set", guess.name, rest, at_ns)), "attributed-to"
            else:
                continue
            relation: Object = {"relationship_type": verb, "source_ref": key, "target_ref": other}
            relation |= {"confidence": round(guess.probability * 100), "description": guessed(guess, self.words)}
            yield other
            yield self.add(self.sdo("relationship", f"{key} {verb} {other}", relation, at_ns))

    def member(self, one: Sighting) -> Iterator[str]:
        """Keep a mail as an observed message."""
        rest: Object = {"is_multipart": False, "subject": self.how.hide(plain(one.title))}
        at_ns = None if one.at_s is None else one.at_s * 1_000_000_000
        sender = next((value for kind, value in one.traits if kind == "sender.address"), "")
        if value := canonical("email", sender):
            rest["from_ref"] = self.sco("email-addr", {"value": value}, "value")
            yield str(rest["from_ref"])
        mail = self.sco("email-message", rest, "from_ref", "subject")
        yield mail
        yield self.observed_data(one.id, [mail], at_ns, at_ns)

    def seen(self, key: str, dossier: Dossier, first: int | None, last: int | None) -> str:
        """Keep that the campaign was seen, how often and when."""
        rest: Object = {"sighting_of_ref": key, "where_sighted_refs": [self.by], "count": len(dossier.members)}
        if first is not None and last is not None:
            rest |= {"first_seen": moment(first), "last_seen": moment(last)}
        return self.add(self.sdo("sighting", key, rest, last))
