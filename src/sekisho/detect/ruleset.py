"""A set of checked rules: what it holds, what it could not use, and what it finds in events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sekisho.detect.compiled import Compiled, pack, unpack
from sekisho.detect.correlations import Correlation, silent
from sekisho.detect.engine import Engine, Match
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.ids import stable_id
from sekisho.model.rule import Rule

if TYPE_CHECKING:
    from sekisho.detect.indicators import Index

LAYERS = {
    "attachment": "file",
    **dict.fromkeys(
        ("webserver", "csp_violation", "mailflow", "authentication", "session", "mailbox", "order"), "server"
    ),
    **dict.fromkeys(("network_connection", "dns_query", "proxy", "firewall", "dns", "tls", "beacon"), "network"),
}
PRODUCT_LAYERS = {
    "email": "mail",
    "zeek": "network",
    "suricata": "network",
    "network": "network",
    **dict.fromkeys(("exchange", "imap", "shop"), "server"),
}


class RuleSet:
    """Rules that can run and the reasons of those that cannot.

    It pickles small and loads fast: routes, scanners and memos are made on first use in each process, and are not
    part of its state. One rule set may be used by one thread at a time.
    """

    def __init__(
        self,
        compiled: Iterable[Compiled],
        failed: Iterable[RuleError] = (),
        correlations: Iterable[Correlation] = (),
    ) -> None:
        """Keep rules in the order given, which is the order of findings on one event."""
        self.compiled = tuple(compiled)
        self.failed = tuple(failed)
        """Each with its reason, path and line."""
        self.correlations = tuple(correlations)
        """Each after those it builds on."""
        self.silent = silent(self.correlations)
        """Ids of rules whose findings only feed correlations and are not shown."""
        self.joined = frozenset(rule for one in self.correlations for rule in one.rules)
        """Ids of rules whose findings correlations join."""
        self.digest = ""
        """Names this set among others, where whoever loaded it gave it a name."""
        self.indicators: Index | None = None
        """Known indicators that are looked for beside the rules."""
        self._engine: Engine | None = None

    def __len__(self) -> int:
        """Count the rules that can run."""
        return len(self.compiled)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that can run, in the order they were read."""
        return tuple(one.rule for one in self.compiled)

    def match(self, event: Event) -> list[Finding]:
        """Give a finding for each rule that matches an event, in the order of the rules, then for each indicator."""
        found = self.engine.match(event)
        given = [finding(one, event) for one in found] if found else []
        if self.indicators is not None:
            given += self.indicators.findings(event, layer_of(event.logsource))
        return given

    def looking_for(self, indicators: Index | None) -> RuleSet:
        """Give the set with indicators that are looked for beside the rules."""
        wider = RuleSet(self.compiled, self.failed, self.correlations)
        wider.digest, wider.indicators = self.digest, indicators
        return wider

    @property
    def engine(self) -> Engine:
        """The matcher, built on first use in each process."""
        if self._engine is None:
            self._engine = Engine(self.compiled)
        return self._engine

    def without(self, ids: Collection[str]) -> RuleSet:
        """Give the set without some of its rules."""
        if not ids:
            return self
        kept = [one for one in self.compiled if one.rule.id not in ids]
        without = RuleSet(kept, self.failed, [one for one in self.correlations if one.id not in ids])
        without.digest = self.digest and f"{self.digest} without {sorted(ids)}"
        without.indicators = self.indicators
        return without

    def match_all(self, events: Iterable[Event]) -> Iterator[tuple[Event, list[Finding]]]:
        """Give each event, matched or not, with its findings."""
        for event in events:
            yield event, self.match(event)

    def __getstate__(self) -> tuple[Any, ...]:
        """Leave the engine out; errors by their parts, which exceptions do not pickle."""
        failed = [(one.reason, one.path, one.line) for one in self.failed]
        return pack(self.compiled), failed, self.correlations, self.indicators

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Restore what :meth:`__getstate__` gave."""
        self.__init__(unpack(state[0]), [RuleError(*one) for one in state[1]], state[2])  # type: ignore[misc]
        self.indicators = state[3]


def finding(match: Match, event: Event) -> Finding:
    """Give what a match on an event says."""
    rule, event_id = match.rule, event.id
    return Finding(
        id=stable_id("f", rule.id, event_id),
        rule_id=rule.id,
        title=rule.title,
        level=rule.level,
        attack=rule.attack,
        source=event.source,
        record=event.record,
        time_ns=event.time_ns,
        evidence=match.evidence,
        event_id=event_id,
        host=event.host,
        user=event.user,
        layer=layer_of(event.logsource),
        weight=rule.weight,
        texts=rule.texts,
    )


def layer_of(logsource: Logsource) -> str:
    """Give the layer that events of a logsource are evidence of: mail file endpoint network server."""
    return LAYERS.get(logsource.category) or PRODUCT_LAYERS.get(logsource.product, "endpoint")
