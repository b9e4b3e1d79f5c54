"""Correlations at work: the published conformance cases, and a plain quadratic oracle over random timelines."""

import random
import re
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sekisho.detect import _windows
from sekisho.detect._hits import MAX_GROUPS_OF_HIT
from sekisho.detect.correlator import Correlator, Reorder, correlate
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['case']}")
    for path in sorted((Path(__file__).parent / "correlation").glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
UNITS = {"n": 1, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def nanoseconds(text):
    return None if text == "-" else int(text[:-1]) * UNITS[text[-1]]


def rules_of(correlations):
    """Load correlations, and a base rule for every name they refer to that is none of them."""
    texts, names = [], set()
    for one in correlations:
        texts.append(yaml.safe_dump({"title": one["name"], "id": one["name"], **one}))
        table = one["correlation"]
        names |= set(table.get("rules") or re.findall(r"\b(?!and\b|or\b|not\b)\w+", table["condition"].lower()))
    for name in sorted(names - {one["name"] for one in correlations}):
        detection = {"s": {"is": name}, "condition": "s"}
        texts.append(
            yaml.safe_dump(
                {
                    "title": name,
                    "id": f"id-{name}",
                    "name": name,
                    "logsource": {"service": "test"},
                    "detection": detection,
                }
            )
        )
    rules = load([("case.yml", "---\n".join(texts))])
    assert not rules.failed, rules.failed
    return rules


def value(text):
    if text.startswith("#"):
        return text[1:]
    return (float(text) if "." in text else int(text)) if NUMBER.fullmatch(text) and text.count(".") < 2 else text


def event_of(line, number):
    at, names, *rest = line.split(" ")
    pairs = dict(part.split("=", 1) for part in rest)
    fields = {"is": names.split("+")}
    for name, text in pairs.items():
        if not name.startswith("@"):
            parts = [value(part) for part in text.split("|")]
            fields[name] = parts if len(parts) > 1 else parts[0]
    logsource = Logsource(pairs.get("@product", ""), "", "test")
    columns = {name: pairs.get(f"@{name}", "") for name in ("host", "user", "source")}
    return Event(logsource, fields, nanoseconds(at), record=str(number), **columns)


def shown(findings, rules):
    """Write findings as the cases do."""
    own = {one.id for one in rules.correlations}
    return sorted((one.time_ns, one.title + told(one, own)) for one in findings if one.rule_id not in rules.silent)


def told(finding, own):
    evidence = finding.evidence if finding.rule_id in own else ()
    return "".join(
        f" {one.field}={one.value.replace(', ', ',') if one.field == 'rules' and type(one.value) is str else one.value}"
        for one in evidence
    )


def expected(case):
    return sorted((nanoseconds(at), text) for at, _, text in (line.partition(" ") for line in case["found"]))


def every_finding(hits, outcome):
    return [finding for _, finding in hits] + list(outcome.findings)


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    rules = rules_of(case["correlations"])
    events = [event_of(line, number) for number, line in enumerate(case["events"])]
    hits = [(event, finding) for event in events for finding in rules.match(event)]
    if "lateness" in case:
        reorder = Reorder(nanoseconds(case["lateness"]))
        engine = Correlator(rules.correlations)
        found = [one for hit in hits for one in engine.feed(reorder.push(hit))]
        found += engine.feed(reorder.flush()) + engine.finish()
        engine.late += reorder.late
        outcome = engine.outcome(found)
        assert shown(every_finding(hits, outcome), rules) == expected(case)
        assert outcome.notes() == case.get("notes", [])
        return
    orders = [hits, hits[::-1], *(random.Random(seed).sample(hits, len(hits)) for seed in range(3))]
    for order in orders:
        outcome = correlate(rules.correlations, order)
        assert shown(every_finding(hits, outcome), rules) == expected(case)
        assert outcome.notes() == case.get("notes", [])


# The oracle: every window is looked at as a whole, by the definitions of docs/guide/correlation.md, and nothing else.

SPAN = 10 * UNITS["s"]
RULES = ("a", "b", "c")
PLAIN = st.tuples(
    st.integers(0, 60), st.sampled_from(RULES), st.sampled_from("xy"), st.integers(-3, 6) | st.sampled_from([0.5, 2.25])
)
# Around the edges of a time span: what spoils a pair is out of the window when the pair still is in it.
CLOSE = st.tuples(
    st.sampled_from([0, 1, 2, 9, 10, 11, 12, 20, 21, 22]), st.sampled_from(RULES), st.just("x"), st.just(0)
)
SPOILT = [(at, name, "x", 0) for at, name in [(0, "a"), (0, "c"), (1, "a"), (1, "b"), (11, "a")]]


def in_order(hits, names, ties):
    """Tell whether hits (in order) hold the names in order; equal times are in any order when ``ties``."""
    at, after = -1, -1
    for name in names:
        for place, hit in enumerate(hits):
            if hit[1] == name and (hit[0] >= at if ties else place > after):
                at, after = hit[0], place
                break
        else:
            return False
    return True


def longest_order(hits, names):
    return max(
        (
            bin(chosen).count("1")
            for chosen in range(2 ** len(names))
            if in_order(hits, [n for i, n in enumerate(names) if chosen >> i & 1], True)
        ),
        default=0,
    )


def share(numbers, percent):
    ordered = sorted(map(Fraction, numbers))
    place = Fraction(percent) / 100 * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


MEASURES = {
    "event_count": len,
    "value_count": lambda hits: len({hit[3] for hit in hits}),
    "value_sum": lambda hits: sum(Fraction(hit[3]) for hit in hits),
    "value_avg": lambda hits: sum(Fraction(hit[3]) for hit in hits) / len(hits),
    "value_min": lambda hits: min(hit[3] for hit in hits),
    "value_max": lambda hits: max(hit[3] for hit in hits),
    "value_median": lambda hits: share([hit[3] for hit in hits], 50),
    "value_percentile": lambda hits: share([hit[3] for hit in hits], 75),
    "temporal": lambda hits: len({hit[1] for hit in hits}),
    "temporal_ordered": lambda hits: longest_order(hits, RULES),
}
TESTS = {
    "gt": lambda value, number: value > number,
    "gte": lambda value, number: value >= number,
    "lt": lambda value, number: value < number,
    "lte": lambda value, number: value <= number,
    "eq": lambda value, number: value == number,
    "neq": lambda value, number: value != number,
}


def sliding(hits, holds):
    """Give the indices of hits at which an episode begins."""
    found, active = [], False
    for place, hit in enumerate(hits):
        before = [one for one in hits[:place] if one[0] >= hit[0] - SPAN]
        active = active and bool(before) and holds(before)
        now = holds([*before, hit])
        if now and not active:
            found.append(place)
        active = now
    return found


def whole(hits, holds):
    """Give the index of the last hit of each window that holds."""
    found, place = [], 0
    while place < len(hits):
        window = [one for one in hits[place:] if one[0] <= hits[place][0] + SPAN]
        if holds(window):
            found.append(place + len(window) - 1)
        place += len(window)
    return found


def is_whole(kind, operators):
    if kind in ("value_avg", "value_median", "value_percentile"):
        return False
    return not operators <= ({"lt", "lte"} if kind == "value_min" else {"gt", "gte"})


def negated(hits, yes, no, ordered):
    """Give the time of the last hit of each "these and not those" that is told."""
    told, active, until = [], False, None
    for place, hit in enumerate(hits):
        at = hit[0]
        if until is not None and until[0] < at:
            told.append(until[1])
            active, until = True, None
        active = active and instance(hits[:place], at, yes, no, ordered) is not None
        now = instance(hits[: place + 1], at, yes, no, ordered)
        if now is None:
            active = False
            if hit[1] in no:
                until = None
        elif not active and until is None:
            until = (now[0] + SPAN, now[1])
    if until is not None:
        told.append(until[1])
    return told


def instance(hits, at, yes, no, ordered):
    """Give the first and last time of the positive rules that lie together closest to the end, if nothing spoils it.

    What spoils it is any of the others from the time span before its last hit on: those after the time span behind its
    first hit come when that first hit is out of the window.
    """
    window = [one for one in hits if one[0] >= at - SPAN and one[1] in yes]
    times = sorted({one[0] for one in window}, reverse=True)
    pairs = ((start, end) for start in times for end in times if end >= start)
    for start, end in pairs:
        rest = [one for one in window if start <= one[0] <= end]
        ends = [one[1] for one in rest if one[0] == end]
        if (in_order(rest, yes, True) and yes[-1] in ends) if ordered else set(yes) <= {one[1] for one in rest}:
            return None if any(one[1] in no and one[0] >= end - SPAN for one in hits) else (start, end)
    return None


def run(correlation, timeline):
    """Run one correlation, and give the events in order with the findings on them."""
    rules = rules_of([{"name": "it", "correlation": {"timespan": "10s", "group-by": ["g"], **correlation}}])
    events = [
        Event(Logsource("", "", "test"), {"is": name, "g": group, "n": number}, at * UNITS["s"], record=str(place))
        for place, (at, name, group, number) in enumerate(timeline)
    ]
    hits = [(event, finding) for event in events for finding in rules.match(event)]
    return correlate(rules.correlations, hits).findings


def by_group(timeline):
    ordered = sorted(
        ((at * UNITS["s"], place, *rest) for place, (at, *rest) in enumerate(timeline)), key=lambda hit: hit[:2]
    )
    groups = defaultdict(list)
    for at, place, name, group, number in ordered:
        groups[group].append((at, name, place, number))
    return groups


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(MEASURES)),
    bounds=st.dictionaries(st.sampled_from(sorted(TESTS)), st.integers(1, 4), min_size=1, max_size=2),
    timeline=st.lists(PLAIN, max_size=40),
)
def test_agrees_with_the_oracle(kind, bounds, timeline):
    most = len(RULES) if kind.startswith("temporal") else 9
    if kind in ("event_count", "value_count", "temporal", "temporal_ordered") and not any(
        all(TESTS[name](count, number) for name, number in bounds.items()) for count in range(1, most + 1)
    ):
        return  # refused when read
    condition = dict(bounds)
    if kind.startswith("value_"):
        condition["field"] = "n"
    if kind == "value_percentile":
        condition["percentile"] = 75
    found = run({"type": kind, "rules": list(RULES), "condition": condition}, timeline)
    wanted = []
    for group, hits in by_group(timeline).items():

        def holds(window):
            return all(TESTS[name](MEASURES[kind](window), number) for name, number in bounds.items())

        places = whole(hits, holds) if is_whole(kind, set(bounds)) else sliding(hits, holds)
        wanted += [(hits[place][0], group) for place in places]
    assert sorted((one.time_ns, one.evidence[0].value) for one in found) == sorted(wanted)


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(names=st.lists(st.sampled_from(RULES), min_size=2, max_size=4), timeline=st.lists(PLAIN, max_size=40))
def test_order_with_repeated_rules_agrees(names, timeline):
    found = run({"type": "temporal_ordered", "rules": names}, timeline)
    ties = len(set(names)) == len(names)
    wanted = [
        (hits[place][0], group)
        for group, hits in by_group(timeline).items()
        for place in sliding([one for one in hits if one[1] in names], lambda window: in_order(window, names, ties))
        for hits in [[one for one in hits if one[1] in names]]
    ]
    assert sorted((one.time_ns, one.evidence[0].value) for one in found) == sorted(wanted)


@settings(max_examples=600, deadline=None, database=None, derandomize=True)
@given(
    kind=st.sampled_from(["temporal", "temporal_ordered"]),
    parts=st.sampled_from([("a", "b"), ("ab", "c"), ("a", "bc"), ("ba", "c")]),
    timeline=st.lists(PLAIN, max_size=40) | st.lists(CLOSE, max_size=12),
)
@example(kind="temporal_ordered", parts=("ab", "c"), timeline=SPOILT)
@example(kind="temporal", parts=("ab", "c"), timeline=SPOILT)
@example(kind="temporal_ordered", parts=("ab", "c"), timeline=[*SPOILT, (11, "b", "x", 0)])
def test_not_agrees_with_the_oracle(kind, parts, timeline):
    yes, no = parts
    condition = " and ".join([*yes, *(f"not {name}" for name in no)])
    found = run({"type": kind, "rules": [*yes, *no], "condition": condition}, timeline)
    wanted = []
    for group, hits in by_group(timeline).items():
        mine = [one for one in hits if one[1] in yes + no]
        wanted += [(at, group) for at in negated(mine, yes, no, kind == "temporal_ordered")]
    assert sorted((one.time_ns, one.evidence[0].value) for one in found) == sorted(wanted)


@pytest.mark.parametrize("kind", sorted(MEASURES))
def test_thousands_of_hits_agree(kind):
    source = random.Random(kind)
    timeline = [
        (source.randrange(6000), source.choice(RULES), source.choice("xy"), source.randrange(9)) for _ in range(1500)
    ]
    condition = {"gte": 3}
    if kind.startswith("value_"):
        condition["field"] = "n"
    if kind == "value_percentile":
        condition["percentile"] = 75
    found = run({"type": kind, "rules": list(RULES), "condition": condition}, timeline)
    wanted = []
    for group, hits in by_group(timeline).items():

        def holds(window):
            return MEASURES[kind](window) >= 3

        places = whole(hits, holds) if is_whole(kind, {"gte"}) else sliding(hits, holds)
        wanted += [(hits[place][0], group) for place in places]
    assert wanted
    assert sorted((one.time_ns, one.evidence[0].value) for one in found) == sorted(wanted)


def counting(condition="{gte: 2}", kind="event_count", extra="group-by: [g]"):
    text = f"title: t\nid: t\ncorrelation:\n  type: {kind}\n  rules: [a]\n  timespan: 10s\n  {extra}\n  condition: {condition}\n"
    base = "---\ntitle: a\nid: a\nlogsource: {service: test}\ndetection: {s: {is: a}, condition: s}\n"
    rules = load([("r.yml", text + base)])
    assert not rules.failed
    return rules


def hits_at(rules, *rows):
    events = [
        Event(Logsource("", "", "test"), {"is": "a", **fields}, at, record=str(place), **{"host": "PC"})
        for place, (at, fields) in enumerate(rows)
    ]
    return [(event, finding) for event in events for finding in rules.match(event)]


def test_what_a_finding_says():
    rules = counting(extra="group-by: [g, host]")
    hits = hits_at(rules, (0, {"g": "X"}), (5, {"g": "x"}))
    (found,) = correlate(rules.correlations, hits).findings
    first, last = (finding for _, finding in hits)
    assert [(one.field, one.value) for one in found.evidence] == [("g", "x"), ("host", "pc"), ("event_count", 2)]
    assert found.of == (first.event_id, last.event_id)
    assert (found.source, found.record, found.event_id, found.time_ns) == (last.source, last.record, last.event_id, 5)
    assert (found.rule_id, found.layer, found.host) == ("t", "endpoint", "PC")
    assert correlate(rules.correlations, hits[::-1]).findings == (found,)


def test_evidence_is_bounded():
    rules = counting("{gte: 300}")
    hits = hits_at(rules, *((at, {"g": "x"}) for at in range(300)))
    (found,) = correlate(rules.correlations, hits).findings
    assert len(found.of) == 100
    assert found.of[0] == hits[0][1].event_id
    assert found.of[-1] == hits[-1][1].event_id
    assert found.evidence[-1].value == 300


def test_ids_differ_between_groups_and_episodes():
    rules = counting("{gte: 1}")
    hits = hits_at(rules, *((at * SPAN * 2, {"g": group}) for at in range(3) for group in "xy"))
    found = correlate(rules.correlations, hits).findings
    assert len({one.id for one in found}) == 6


def test_idle_groups_are_forgotten():
    rules = counting("{gte: 5}")
    engine = Correlator(rules.correlations)
    engine.feed(hits_at(rules, *((number * UNITS["s"], {"g": str(number)}) for number in range(500))))
    assert len(engine.nodes[0].groups) < 50
    assert not engine.outcome([]).notes()


def test_too_many_groups_are_counted(monkeypatch):
    monkeypatch.setattr(_windows, "MAX_GROUPS", 100)
    rules = counting("{gte: 2}")
    outcome = correlate(rules.correlations, hits_at(rules, *((number, {"g": str(number)}) for number in range(150))))
    assert outcome.notes() == ["correlation 't': 50 findings or groups left out, a limit was reached"]


def test_a_full_window_leaves_the_oldest_out(monkeypatch):
    monkeypatch.setattr(_windows, "MAX_KEPT", 10)
    for kind in ("value_sum", "value_median"):
        rules = counting("{gt: 1000, field: n}", kind)
        outcome = correlate(
            rules.correlations, hits_at(rules, *((number, {"g": "x", "n": number}) for number in range(15)))
        )
        assert outcome.notes() == ["correlation 't': 5 findings or groups left out, a limit was reached"]


def test_a_hit_joins_so_many_groups():
    rules = counting("{gte: 1}")
    values = [str(number) for number in range(MAX_GROUPS_OF_HIT + 50)]
    outcome = correlate(rules.correlations, hits_at(rules, (0, {"g": values})))
    assert len(outcome.findings) == MAX_GROUPS_OF_HIT
    assert outcome.tallies[0].dropped == 1


def test_values_of_any_kind_do_no_harm():
    odd = [
        None,
        True,
        1.5,
        10**400,
        -1,
        float("nan"),
        float("inf"),
        "",
        "-",
        "１２",
        "\ud800",
        [],
        [None],
        ["a", 1, None],
        "x" * 10000,
    ]
    rows = [(place, {"g": value, "n": other}) for place, (value, other) in enumerate((a, b) for a in odd for b in odd)]
    for kind in sorted(MEASURES):
        if kind.startswith("temporal"):
            continue
        condition = {"event_count": "{gte: 2}", "value_percentile": "{gte: 2, field: n, percentile: 9}"}.get(
            kind, "{gte: 2, field: n}"
        )
        rules = counting(condition, kind)
        hits = hits_at(rules, *rows)
        assert correlate(rules.correlations, hits).tallies[0].missing == len(odd) * sum(
            value in (None, "", [], [None]) for value in odd
        )


def test_sums_of_fractions_do_not_drift():
    rules = counting("{gt: 1000, field: n}", "value_sum")
    engine = Correlator(rules.correlations)
    engine.feed(hits_at(rules, *((number * UNITS["s"], {"g": "x", "n": 0.1}) for number in range(20000))))
    (group,) = engine.nodes[0].groups.values()
    assert abs(group.total - 1.1) < 1e-12


def test_late_hits_are_counted_not_guessed():
    rules = counting("{gte: 2}")
    first, second = hits_at(rules, (10, {"g": "x"}), (5, {"g": "x"}))
    engine = Correlator(rules.correlations)
    assert engine.feed([first, second]) == []
    assert engine.late == 1


def test_reorder_gives_hits_of_one_time_in_the_order_of_records():
    rules = counting()
    hits = hits_at(rules, *((7, {"g": str(number)}) for number in range(12)))
    reorder = Reorder(5)
    assert not any(reorder.push(hit) for hit in hits[::-1])
    assert [hit[0].record for hit in reorder.flush()] == [str(number) for number in range(12)]


def test_work_does_not_grow_with_the_window():
    """Ten times the hits in one window take about ten times the calls, not a hundred."""
    rules = counting("{gt: 1.0e+9, field: n}", "value_sum")
    calls = Counter()
    for count in (300, 3000):
        hits = hits_at(rules, *((number, {"g": "x", "n": number}) for number in range(count)))
        sys.setprofile(lambda *_, count=count: calls.update((count,)))
        try:
            correlate(rules.correlations, hits)
        finally:
            sys.setprofile(None)
    assert calls[3000] < 20 * calls[300]
