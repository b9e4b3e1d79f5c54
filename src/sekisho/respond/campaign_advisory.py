"""Advisories on a campaign: many mails over time told to staff, mail administrators or other CSIRTs, in ja or en.

The facts are the same in both languages and for every reader. Nothing is told that needs evidence from hosts: a
campaign knows mails, not who opened them. There is no letter to a partner, which needs an incident.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.attack import name_of
from sekisho.model.campaign import Dossier
from sekisho.model.errors import SekishoError
from sekisho.respond._page import Block, Heading, Items, Page, Para, Table
from sekisho.respond._sheet import ROWS, Letter, Made, Sheet, told
from sekisho.respond.campaigns import commonest, counts, guessed, subject_of, techniques, times_ns
from sekisho.respond.observed import Picked
from sekisho.respond.wording import Words, safe

READERS = ("staff", "mail-admin", "csirt")
UNREADABLE = frozenset({"text.passage", "macro.passage", "macro.skeleton", "mail.parts", "subject.word"})
"""Kinds of traits that tell people nothing, hashes above all."""


def page(dossier: Dossier, picked: Picked, reader: str, words: Words, letter: Letter) -> Page:
    """Give the page for one of READERS.

    Raises:
        SekishoError: for another reader.
    """
    writer = _Writer(dossier, picked, words, letter)
    makers = {"staff": writer.staff, "mail-admin": writer.mail_admin, "csirt": writer.csirt}
    if reader not in makers:
        raise SekishoError(f"a campaign is told to {', '.join(READERS)}; a letter to a {reader} needs an incident")
    title, label, blocks = makers[reader]()
    foot = words.get("campaign_told.foot", campaign=dossier.campaign.id, zone=str(words.zone))
    return Page(words.language, title, label, told(blocks), foot)


class _Writer(Sheet):
    """Words a campaign."""

    def __init__(self, dossier: Dossier, picked: Picked, words: Words, letter: Letter) -> None:
        super().__init__(words, letter, picked, times_ns(dossier, "mail"))
        self.dossier = dossier
        self.subject = letter.hide(safe(subject_of(dossier)))

    def own(self, key: str, **values: object) -> str:
        """Word one key that only campaigns have."""
        return self.words.get(f"campaign_told.{key}", **values)

    def staff(self) -> Made:
        """Tell staff what not to open, and what to do."""
        get = self.get
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("staff.intro", issuer=self.issuer)),
            Heading(get("features")),
            Table((), tuple(self._features())),
            *self.volume(),
            Heading(get("please")),
            Items(
                (
                    get("please.report", contact=self.contact),
                    get("please.opened", contact=self.contact),
                    get("please.known"),
                ),
                numbered=True,
            ),
            Para(get("staff.thanks")),
            Para(get("staff.closing", contact=self.contact)),
        ]
        return get("staff.title", subject=self.subject), "", blocks

    def _features(self) -> Iterator[tuple[str, ...]]:
        for field, kind in (("subject", "title"), ("sender", "sender.address"), ("files", "file.name")):
            if values := commonest(self.dossier, kind):
                yield self.get(f"field.{field}"), self.listed(values)
        if values := [one.value for one in self.picked.observed if one.role == "linked"]:
            yield self.get("field.urls"), self.listed(values)
        if self.times_ns:
            yield self.get("field.arrived"), self.span(min(self.times_ns), max(self.times_ns))
        yield from self._counted()

    def _counted(self) -> Iterator[tuple[str, ...]]:
        for kind, count in counts(self.dossier).items():
            yield self.words.word("campaign_told.kind", kind), str(count)

    def mail_admin(self) -> Made:
        """Tell mail administrators what to search, hold and block."""
        get = self.get
        steps = [self.own("search_all")]
        if self.picked.strong:
            steps.append(get("admin.step.block", count=len(self.picked.strong)))
        steps += [get("admin.step.sender"), get("admin.step.trace"), get("admin.step.types")]
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("admin.intro", issuer=self.issuer)),
            Heading(get("admin.steps")),
            Items(tuple(steps), numbered=True),
            Heading(get("admin.search")),
            Table((), (*self._features(), *self._traces())),
            *self.volume(),
            Heading(get("admin.block")),
            self.indicators(strong=True),
            Para(self.own("caution")),
            *self.left_out(),
        ]
        return get("admin.title", subject=self.subject), f"TLP:{self.letter.tlp.upper()}", blocks

    def _traces(self) -> Iterator[tuple[str, ...]]:
        if values := commonest(self.dossier, "sender.ip"):
            yield self.get("field.ip"), self.listed(values)
        if values := commonest(self.dossier, "file.sha256"):
            yield "SHA-256", self.listed(values)

    def csirt(self) -> Made:
        """Tell other incident teams how the campaign looks, and what it probably is."""
        get, own = self.get, self.own
        head = (get("field.kind"), get("field.value"), own("members"))
        inside = self.letter.hide("a@b.example") == "a@b.example"
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(own("intro.inside" if inside else "intro", issuer=self.issuer)),
            Heading(get("csirt.summary")),
            Table((), tuple(self._summary())),
            *self.volume(),
            Heading(own("common")),
            Table(head, tuple(self._common())),
            Heading(get("csirt.techniques")),
            Table(("ATT&CK", get("field.name"), own("members")), tuple(self._techniques())),
            Heading(get("csirt.indicators")),
            self.indicators(strong=False),
            Para(own("caution")),
            *self.left_out(),
        ]
        return get("csirt.title", title=self.subject), f"TLP:{self.letter.tlp.upper()}", blocks

    def _summary(self) -> Iterator[tuple[str, ...]]:
        one = self.dossier.campaign
        yield self.own("campaign"), one.id
        if times := times_ns(self.dossier):
            yield self.get("field.period"), self.span(min(times), max(times))
        yield from self._counted()
        if one.undated:
            yield self.own("undated"), str(one.undated)
        if guesses := [guessed(each, self.words) for each in self.dossier.guesses]:
            yield self.own("probably"), "\n".join(guesses)
        yield self.own("found"), self.own("values", count=len(self.picked.observed), strong=len(self.picked.strong))

    def _common(self) -> Iterator[tuple[str, ...]]:
        for trait, count in self.dossier.campaign.common[:ROWS]:
            if trait not in self.dossier.everybodys and trait.kind not in UNREADABLE:
                yield trait.kind, self.letter.hide(safe(trait.value)), str(count)

    def _techniques(self) -> Iterator[tuple[str, ...]]:
        for technique, count in techniques(self.dossier):
            yield technique, name_of(technique), str(count)
