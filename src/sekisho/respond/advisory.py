"""Advisories (注意喚起): one incident told to those who must act, each in their own words, in Japanese or English.

Staff are told what the mail looks like and what to do; mail administrators what to search, hold and block; other
CSIRTs what happened, with its techniques and indicators; a partner that its account or its mail is being abused. The
facts are gathered once, so both languages tell the same ones.

Source: the shape of Japanese notices follows what JPCERT/CC and IPA publish as 注意喚起, that of the letter the usual
form of business letters (頭語, 時候, 主文, 記, 結語).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sekisho.model.attack import name_of
from sekisho.model.errors import SekishoError
from sekisho.model.registered import registered_domain
from sekisho.respond._advisory_facts import Facts, Mail, gather, partners
from sekisho.respond._discreet import keep
from sekisho.respond._page import Block, Chain, Heading, Items, Page, Para, Table
from sekisho.respond._sheet import ROWS, Letter, Made, Sheet, told
from sekisho.respond.graph import Picture, picture
from sekisho.respond.wording import Words, safe

__all__ = ["READERS", "Facts", "Letter", "gather", "page", "partners"]

READERS = ("staff", "mail-admin", "csirt", "partner")


def page(facts: Facts, reader: str, words: Words, letter: Letter) -> Page:
    """Give the page for one of READERS.

    Raises:
        SekishoError: there is no partner to write to.
    """
    writer = _Writer(facts, words, letter)
    makers = {"staff": writer.staff, "mail-admin": writer.mail_admin, "csirt": writer.csirt, "partner": writer.partner}
    title, label, blocks = makers[reader]()
    foot = words.get("advisory.foot", incident=facts.incident.id, zone=str(words.zone))
    return Page(words.language, title, label, told(blocks), foot)


class _Writer(Sheet):
    """Words the facts."""

    def __init__(self, facts: Facts, words: Words, letter: Letter) -> None:
        super().__init__(words, letter, facts.picked, facts.times_ns)
        self.facts = facts
        self.subject = next(iter(facts.unique("subject")), "-")

    def staff(self) -> Made:
        """Tell staff what not to open, and what to do."""
        get = self.get
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("staff.intro", issuer=self.issuer)),
            Heading(get("features")),
            Table((), tuple(self._features())),
            *self.volume(),
            Heading(get("happens")),
            Items(tuple(self._happens())),
            Heading(get("please")),
            Items(tuple(self._please()), numbered=True),
            Para(get("staff.thanks")),
            Para(get("staff.closing", contact=self.contact)),
        ]
        return get("staff.title", subject=self.subject), "", blocks

    def _features(self) -> Iterator[tuple[str, ...]]:
        facts, get = self.facts, self.get
        for key, name in (("subject", "subject"), ("shown", "shown"), ("sender", "sender"), ("files", "files")):
            if values := facts.unique(name):
                yield get(f"field.{key}"), self.listed(values)
        urls = [one.value for one in facts.picked.observed if one.kind == "url"]
        if urls and not facts.unique("files"):
            yield get("field.urls"), self.listed(urls)
        if facts.times_ns:
            yield get("field.arrived"), self.span(min(facts.times_ns), max(facts.times_ns))
        yield get("field.count"), get("count.mails", count=len(facts.mails))

    def _happens(self) -> Iterator[str]:
        facts, get = self.facts, self.get
        yield get("happens.enable" if facts.asks_to_enable else "happens.program")
        if facts.contacted:
            yield get("happens.download")
        if facts.persisted:
            yield get("happens.persist")
        yield get("happens.opened", count=facts.hosts) if facts.opened else get("happens.unopened")

    def _please(self) -> Iterator[str]:
        facts, get = self.facts, self.get
        yield get("please.report", contact=self.contact)
        yield get("please.opened", contact=self.contact)
        if facts.password:
            yield get("please.password")
        if facts.asks_to_enable:
            yield get("please.enable")
        yield get("please.known")

    def mail_admin(self) -> Made:
        """Tell mail administrators what to search, hold and block."""
        get = self.get
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("admin.intro", issuer=self.issuer)),
            Heading(get("admin.steps")),
            Items(tuple(self._admin_steps()), numbered=True),
            Heading(get("admin.search")),
            Table((), tuple(self._search())),
            *self.volume(),
            Heading(get("admin.results")),
            Table((get("field.results"), get("field.count")), tuple(self._results())),
            Heading(get("admin.boxes")),
            Para(self._boxes()),
            Heading(get("admin.block")),
            self.indicators(strong=True),
            *self.left_out(),
        ]
        return get("admin.title", subject=self.subject), f"TLP:{self.letter.tlp.upper()}", blocks

    def _admin_steps(self) -> Iterator[str]:
        facts, get = self.facts, self.get
        yield get("admin.step.search", count=len(facts.mails), boxes=len(facts.mailboxes))
        if facts.picked.strong:
            yield get("admin.step.block", count=len(facts.picked.strong))
        yield get("admin.step.sender")
        yield get("admin.step.trace")
        yield get("admin.step.macro" if facts.asks_to_enable else "admin.step.types")

    def _search(self) -> Iterator[tuple[str, ...]]:
        facts, get = self.facts, self.get
        fields = (
            ("subject", "subject"),
            ("sender", "sender"),
            ("files", "files"),
            ("id", "message_id"),
            ("ip", "origin"),
        )
        for key, name in fields:
            if values := facts.unique(name):
                yield get(f"field.{key}"), self.listed(values)
        hashes = [one.value for one in facts.picked.observed if one.kind == "sha256" and one.role == "carried"]
        if hashes:
            yield "SHA-256", self.listed(hashes)

    def _results(self) -> Iterator[tuple[str, ...]]:
        counts: dict[tuple[str, str, str], int] = {}
        for mail in self.facts.mails:
            counts[mail.results] = counts.get(mail.results, 0) + 1
        for (spf, dkim, dmarc), count in counts.items():
            yield safe(f"SPF={spf}, DKIM={dkim}, DMARC={dmarc}"), self.get("count.mails", count=count)

    def _boxes(self) -> str:
        boxes = self.facts.mailboxes
        shown = [self.letter.hide(one) for one in boxes]
        told = self.get("count.boxes", count=len(boxes))
        return told if shown != list(boxes) or not boxes else f"{told}\n{self.listed(shown)}"

    def csirt(self) -> Made:
        """Tell other incident teams what happened."""
        get, incident = self.get, self.facts.incident
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("csirt.intro" if self.letter.hide is not keep else "csirt.intro.inside", issuer=self.issuer)),
            Heading(get("csirt.summary")),
            Table((), tuple(self._summary())),
            *self.volume(),
            Heading(get("csirt.chain")),
            Chain(self._chain(), get("csirt.chain.title")),
            Heading(get("csirt.timeline")),
            Table((get("field.time"), get("field.layer"), get("field.what"), "ATT&CK"), tuple(self._timeline())),
            Heading(get("csirt.techniques")),
            Table(("ATT&CK", get("field.name")), tuple(self._techniques())),
            Heading(get("csirt.indicators")),
            self.indicators(strong=False),
            *self.left_out(),
        ]
        if incident.unknown:
            texts = tuple(self.letter.hide(self.words.say(one)) for one in incident.unknown)
            blocks += [Heading(get("csirt.unknown")), Items(texts)]
        title = get("csirt.title", title=self.letter.hide(self.words.say(incident.title)))
        return title, f"TLP:{self.letter.tlp.upper()}", blocks

    def _summary(self) -> Iterator[tuple[str, ...]]:
        facts, get, incident = self.facts, self.get, self.facts.incident
        yield get("field.incident"), incident.id
        yield get("field.verdict"), self.words.word("verdict", incident.verdict.value)
        yield get("field.severity"), self.words.word("severity", incident.severity)
        yield get("field.probability"), f"{incident.probability:.2f}"
        if incident.first_at_ns is not None and incident.last_at_ns is not None:
            yield get("field.period"), self.span(incident.first_at_ns, incident.last_at_ns)
        yield get("field.root"), self.letter.hide(self.words.say(incident.root_text))
        yield get("field.count"), get("count.mails", count=len(facts.mails))
        yield get("field.boxes"), get("count.boxes", count=len(facts.mailboxes))
        yield get("field.hosts"), get("count.hosts", count=facts.hosts)

    def _timeline(self) -> Iterator[tuple[str, ...]]:
        for step in self.facts.incident.steps[:ROWS]:
            said = self.letter.hide(self.words.say(step.what))
            when = self.words.time(step.at_ns, date=True)
            yield when or "-", self.words.word("layer", step.layer), said, " ".join(step.attack) or "-"

    def _techniques(self) -> Iterator[tuple[str, ...]]:
        for one in dict.fromkeys(one for step in self.facts.incident.steps for one in step.attack):
            yield one, name_of(one)

    def _chain(self) -> Picture:
        incident = self.facts.incident
        nodes = tuple(replace(node, label=self.letter.hide(node.label)) for node in incident.nodes)
        return picture(replace(incident, nodes=nodes), self.words)

    def partner(self) -> Made:
        """Write to a partner whose account or mail is abused.

        Raises:
            SekishoError: the mails name none, or not the one that was asked for.
        """
        get, known = self.get, partners(self.facts)
        name = self.letter.partner.lower() or next(iter(known), "")
        if name not in known:
            there = ", ".join(known) or "none"
            asked = f"no partner {name}" if name else "no partner"
            raise SekishoError(f"{asked} in the mails of the incident; there are: {there}")
        why = known[name]
        mine = [mail for mail in self.facts.mails if self._of(mail, name)]
        shown = (("shown", "shown"),) if why == "stolen" else ()  # it may be the name of yet another partner
        rows = (("subject", "subject"), ("sender", "sender"), *shown, ("files", "files"), ("id", "message_id"))
        seen = replace(self.facts, mails=tuple(mine))
        table = [(get(f"field.{key}"), self.listed(values)) for key, field in rows if (values := seen.unique(field))]
        times = [mail.at_ns for mail in mine if mail.at_ns is not None]
        if times:
            table.append((get("field.arrived"), self.span(min(times), max(times))))
        table.append((get("field.count"), get("count.mails", count=len(mine))))
        checks = ("password", "logins", "rules", "hosts", "warn") if why == "account" else ("leak", "hosts", "warn")
        blocks: list[Block] = [
            Para(self.day(self.letter.issued), end=True),
            Para(get("partner.to", partner=self.letter.addressee or name)),
            Para(self.issuer, end=True),
            Para(get("partner.greeting")),
            Para(
                get(f"partner.{why}", sender=self.listed(seen.unique("sender")), results=self._words_of_results(mine))
            ),
            Para(get("partner.request", contact=self.contact)),
            Para(get("partner.closing"), end=True),
            Heading(get("partner.note")),
            Table((), tuple(table)),
            Para(get("partner.checks")),
            Items(tuple(get(f"partner.check.{one}") for one in checks), numbered=True),
            Para(get("partner.indicators")),
            self.indicators(strong=True),
            Para(get("partner.defanged")),
            Para(get("partner.end"), end=True),
        ]
        return get(f"partner.title.{why}"), f"TLP:{self.letter.tlp.upper()}", [one for one in blocks if _full(one)]

    @staticmethod
    def _of(mail: Mail, name: str) -> bool:
        addresses = (mail.sender, *mail.named)
        return any(registered_domain(one.rpartition("@")[2]) == name for one in addresses)

    @staticmethod
    def _words_of_results(mails: Sequence[Mail]) -> str:
        found = dict.fromkeys(mail.results for mail in mails)
        return "; ".join(safe(f"SPF={spf}, DKIM={dkim}, DMARC={dmarc}") for spf, dkim, dmarc in found)


def _full(block: Block) -> bool:
    return not isinstance(block, Para) or bool(block.text)
