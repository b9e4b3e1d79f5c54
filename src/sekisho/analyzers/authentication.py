"""What the receiver's servers recorded on who sent a mail, told apart from what came with the mail.

Only the receiver's own words count: those above the trace line by which the mail came in, and those that its first
server put right below. Results further down are the sender's claim, or an earlier receiver's.

Source: RFC 8601 5 (which results to believe), RFC 7489 3.1 (alignment), RFC 8617 (ARC).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from sekisho.analyzers._results import Result, Results, domain_of, read_report, read_results, read_spf
from sekisho.analyzers._trace import Border, is_relay, owner
from sekisho.analyzers.headers import Fields
from sekisho.model.artifact import Feature
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.registered import registered_domain

AUTH_FEATURES = (
    *("auth.spf", "auth.dkim", "auth.dmarc", "auth.arc", "auth.compauth", "auth.compauth_reason", "auth.server"),
    *("auth.spf_domain", "auth.dkim_domain", "auth.dkim_selector", "auth.dmarc_from", "auth.dmarc_policy"),
    *("auth.dmarc_action", "auth.spf_aligned", "auth.dkim_aligned", "auth.sender", "auth.spoofed_results"),
    *("auth.foreign_results", "auth.filter_verdict", "auth.filter_category", "auth.exchange_as"),
)
METHODS = ("spf", "dkim", "dmarc", "arc", "compauth")
HEADERS = 200
"""Results headers that are looked into."""
_NAMES = frozenset({"authentication-results", "arc-authentication-results", "received-spf"})
_POLICY = re.compile(r"\bp\s?=\s?(none|quarantine|reject)\b", re.IGNORECASE)
_SEAL = re.compile(r"\bcv\s?=\s?([a-z]{2,20})", re.IGNORECASE)
_GOOD = frozenset({"pass", "bestguesspass"})
_BAD = frozenset({"fail", "softfail", "hardfail"})


def authentication(
    fields: Fields, sender: str, edge: Border, organisation: Organisation = NOBODY, proven: Collection[str] = ()
) -> Iterator[Feature]:
    """Give the recorded results and what they say about the domain of From.

    ``sender`` is that domain, empty when there is none or more than one; ``edge`` is where the mail came in; ``proven``
    are domains whose signature was verified here.

    Yields:
        ``auth.<method>`` is the result; ``auth.sender`` sums up: ``authenticated`` (a pass for the domain of From),
        ``unaligned`` (only another domain passed), ``failed`` (what was checked for the domain of From failed) or
        ``unchecked``. ``auth.spoofed_results`` names the receiver's server that a header from outside pretends to be.
    """
    trusted, foreign = _sorted(fields, edge, organisation)
    found = _chosen(trusted)
    for method in METHODS:
        if found.get(method):
            yield Feature(f"auth.{method}", found[method][0].value)
    if not found.get("arc") and (seal := _SEAL.search(fields.raw("arc-seal")[:4_000].decode("latin-1"))):
        yield Feature("auth.arc", seal[1].lower())
    if server := next((one.server for one in trusted if one.server), ""):
        yield Feature("auth.server", server)
    yield from _identities(found)
    yield from _judged(found, sender, proven)
    yield from _foreign(foreign, server, edge)
    yield from _exchange(fields)


def _sorted(fields: Fields, edge: Border, organisation: Organisation) -> tuple[list[Results], list[Results]]:
    """Give the receiver's results and the others, each newest first; Authentication-Results before its copies."""
    own: dict[str, list[Results]] = {name: [] for name in sorted(_NAMES)}
    named: list[Results] = []
    foreign: list[Results] = []
    count = 0
    for at, header in enumerate(fields.headers):
        if header.name not in _NAMES:
            continue
        count += 1
        if count > HEADERS:
            break
        read = (read_spf if header.name == "received-spf" else read_results)(header.text)
        near = at < edge.below and bool(read.server) and owner(read.server) == edge.receiver
        if at < edge.at or near or (at < edge.below and is_relay(read.server, organisation)):
            own[header.name].append(read)
            if read.server and is_relay(read.server, organisation):
                named.append(read)
        elif header.name == "authentication-results":
            foreign.append(read)
    if named:
        return named, foreign
    if not own["authentication-results"] and foreign and owner(foreign[0].server or "-") == edge.receiver:
        # Some servers append below all trace lines. Without any word from above, theirs is the best there is.
        server = foreign[0].server
        own["authentication-results"] += (one for one in foreign if one.server == server)
        foreign = [one for one in foreign if one.server != server]
    trusted = [*own["authentication-results"], *own["received-spf"], *own["arc-authentication-results"][:1]]
    return trusted, foreign


def _chosen(trusted: Sequence[Results]) -> dict[str, list[Result]]:
    """Give the results of each method from the newest header that has it; those that passed come first."""
    found: dict[str, list[Result]] = {}
    for one in trusted:
        mine: dict[str, list[Result]] = {}
        for result in one.results:
            mine.setdefault(result.method, []).append(result)
        for method, results in mine.items():
            known = found.setdefault(method, [])
            if not known:
                known += sorted(results, key=lambda result: result.value not in _GOOD)
            elif method == "spf" and not _spf_domain(known[0]) and results[0].value == known[0].value:
                known[0] = results[0]  # the same check, told with its identity
    return found


def _spf_domain(result: Result) -> str:
    return domain_of(result.get("smtp.mailfrom", "smtp.mail", "smtp.helo", "mailfrom", "helo"))


def _signers(results: Sequence[Result]) -> list[str]:
    """Give the domain of each signature that passed, or of each that was there when none did."""
    passed = [one for one in results if one.value in _GOOD] or results
    return list(dict.fromkeys(filter(None, (domain_of(one.get("header.d", "d", "header.i", "i")) for one in passed))))


def _identities(found: dict[str, list[Result]]) -> Iterator[Feature]:
    for result in found.get("spf", ())[:1]:
        if domain := _spf_domain(result):
            yield Feature("auth.spf_domain", domain)
    signatures = found.get("dkim", [])
    yield from (Feature("auth.dkim_domain", domain) for domain in _signers(signatures)[:20])
    selectors = dict.fromkeys(filter(None, (one.get("header.s", "s") for one in signatures)))
    yield from (Feature("auth.dkim_selector", one.lower()) for one in list(selectors)[:20])
    for result in found.get("dmarc", ())[:1]:
        if domain := domain_of(result.get("header.from", "from")):
            yield Feature("auth.dmarc_from", domain)
        policy = _POLICY.search(result.comment)
        if told := (result.get("policy.published-domain-policy", "policy.p", "p") or (policy[1] if policy else "")):
            yield Feature("auth.dmarc_policy", told.lower())
        if action := result.get("action", "policy.action", "dis"):
            yield Feature("auth.dmarc_action", action.lower())
    for result in found.get("compauth", ())[:1]:
        if reason := result.get("reason"):
            yield Feature("auth.compauth_reason", reason)


def _judged(found: dict[str, list[Result]], sender: str, proven: Collection[str]) -> Iterator[Feature]:
    """Hold the results against the domain of From."""
    home = registered_domain(sender)
    spf, dkim, dmarc = ([*found.get(method, ())] for method in ("spf", "dkim", "dmarc"))
    if home and home in map(registered_domain, proven):
        yield Feature("auth.sender", "authenticated")
        return
    if not home or not (spf or dkim or dmarc):
        return
    spf_here = bool(spf) and registered_domain(_spf_domain(spf[0])) == home
    dkim_here = home in map(registered_domain, _signers(dkim))
    spf_good, dkim_good = bool(spf) and spf[0].value in _GOOD, bool(dkim) and dkim[0].value in _GOOD
    if spf_good:
        yield Feature("auth.spf_aligned", spf_here)
    if dkim_good:
        yield Feature("auth.dkim_aligned", dkim_here)
    about = domain_of(dmarc[0].get("header.from", "from")) if dmarc else ""
    dmarc_here = bool(dmarc) and (not about or registered_domain(about) == home)
    if (dmarc_here and dmarc[0].value in _GOOD) or (spf_good and spf_here) or (dkim_good and dkim_here):
        word = "authenticated"
    elif (dmarc_here and dmarc[0].value in _BAD) or _failed(spf, spf_here) or _failed(dkim, dkim_here):
        word = "failed"
    else:
        word = "unaligned" if spf_good or dkim_good else "unchecked"
    yield Feature("auth.sender", word)


def _failed(results: Sequence[Result], here: bool) -> bool:
    return here and bool(results) and results[0].value in _BAD


def _foreign(foreign: Sequence[Results], server: str, edge: Border) -> Iterator[Feature]:
    """Tell of results that came with the mail, and of those that bear the receiver's own name.

    A mail that went out and came back (lists, forwards) honestly bears it: its trace has an own server further down.
    """
    if not foreign:
        return
    yield Feature("auth.foreign_results", len(foreign))
    homes = {name for name in (owner(server) if server else "", edge.receiver) if name} - edge.earlier
    for one in foreign:
        if one.server and owner(one.server) in homes:
            yield Feature("auth.spoofed_results", one.server)
            return


def _exchange(fields: Fields) -> Iterator[Feature]:
    report = read_report(fields.text("x-forefront-antispam-report"))
    for key, name in (("SFV", "auth.filter_verdict"), ("CAT", "auth.filter_category")):
        if value := report.get(key):
            yield Feature(name, value)
    if known := fields.text("x-ms-exchange-organization-authas"):
        yield Feature("auth.exchange_as", known[:40].lower())
