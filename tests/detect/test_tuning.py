"""Tuning files: what each key selects, what an entry does to findings, and what is told of it."""

import pickle
import random
from collections import Counter
from datetime import date

import pytest

from sekisho.detect import rules, tuning
from sekisho.detect.tuning import Tuning
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding
from sekisho.model.rule import WEIGHTS

TODAY = date(2026, 11, 23)
PROCESS = Logsource("windows", "process_creation", "")
RULE = """
title: {title}
id: {id}
tags: [{tag}]
logsource: {{product: windows, category: {category}}}
detection: {{s: {{Image|contains: '{word}'}}, condition: s}}
level: {level}
"""
BACKUP = RULE.format(
    title="Backup Program",
    id="r-backup",
    tag="attack.t1059.001",
    category="process_creation",
    word="back",
    level="high",
)
SHELL = RULE.format(
    title="A Shell [1]", id="r-shell", tag="attack.T1105", category="process_creation", word=".exe", level="medium"
)
FILE = RULE.format(title="File", id="r-file", tag="cve.2022-30190", category="file_event", word="a", level="critical")
TEXTS = [
    ("rules/windows/proc/backup.yml", BACKUP),
    ("rules/windows/proc/shell.yml", SHELL),
    ("rules/other/f.yml", FILE),
]
SET = rules.load(TEXTS)
EVENT = Event(
    PROCESS,
    {"Image": r"C:\Tools\Backup.exe", "User": r"CORP\svc_backup", "ProcessId": 42, "Hashes": ["MD5=1", "SHA1=2"]},
    host="PC-0142.corp.example",
    user=r"CORP\svc_backup",
    source="a.jsonl",
    record="1",
)


def load(text, today=TODAY, path="t.yml", **more):
    return tuning.load([(path, text)], SET.rules, today, **more)


def one(entry, today=TODAY):
    """Load a file of one entry, given as a flow mapping without its reason."""
    return load(f"- {{{entry}, reason: why}}", today)


def after(tuned, event=EVENT, counts=None):
    """Give rule id and level of the findings that tuning leaves on an event."""
    counts = Counter() if counts is None else counts
    found = SET.without(tuned.disabled).match(event)
    return {left.rule_id: left.level for left in tuned.apply(event, found, counts)}


def use(tuned, *events):
    """Give what the one entry did on some events."""
    counts = Counter()
    for event in events:
        after(tuned, event, counts)
    (told,) = tuned.uses(counts, SET.rules)
    return told


def test_without_entries_nothing_changes():
    found = SET.match(EVENT)
    counts = Counter()
    assert [left.rule_id for left in found] == ["r-backup", "r-shell"]
    assert Tuning().apply(EVENT, found, counts) == found
    assert Tuning().uses(counts, SET.rules) == ()
    assert Tuning().disabled == frozenset()


@pytest.mark.parametrize(
    ("rule", "selected"),
    [
        ("r-backup", {"r-backup"}),
        ("R-BACKUP", {"r-backup"}),
        ("backup program", {"r-backup"}),
        ("Backup*", {"r-backup"}),
        ("r-*", {"r-backup", "r-shell", "r-file"}),
        ("'A Shell [1]'", {"r-shell"}),
        ("'? Shell [?]'", {"r-shell"}),
        (r"'A Shell\*'", set()),
        ("Backup", set()),
        ("attack.t1059.001", {"r-backup"}),
        ("ATTACK.T1059*", {"r-backup"}),
        ("attack.t1059", set()),
        ("attack.t1105", {"r-shell"}),
        ("cve.2022-30190", {"r-file"}),
        ("rules/windows/proc/backup.yml", {"r-backup"}),
        ("proc/backup.yml", {"r-backup"}),
        ("backup.yml", {"r-backup"}),
        ("ackup.yml", set()),
        ("windows/*", {"r-backup", "r-shell"}),
        ("proc/s*.yml", {"r-shell"}),
        ("roc/*", set()),
        ("[r-backup, File]", {"r-backup", "r-file"}),
        ("{category: file_event}", {"r-file"}),
        ("{product: Windows, category: Process_Creation}", {"r-backup", "r-shell"}),
        ("{service: sysmon}", set()),
        ("[{category: file_event}, r-shell]", {"r-file", "r-shell"}),
    ],
)
def test_rule(rule, selected):
    (entry,) = one(f"rule: {rule}").entries
    assert entry.rules == selected


@pytest.mark.parametrize("rule", ["any", "Any", "'*'", "[r-file, any]"])
def test_any_rule(rule):
    tuned = one(f"rule: {rule}, host: '*'")
    assert tuned.entries[0].rules is None
    assert after(tuned) == {}


def test_any_applies_to_findings_of_rules_that_are_not_in_the_set():
    found = Finding("f1", "correlated", "t", "high", (), "s", "r", None, (), "e1", host="PC-0142")
    assert one("rule: any, host: PC-0142").apply(None, [found], Counter()) == []
    assert one("rule: [r-backup, r-shell], host: PC-0142").apply(None, [found], Counter()) == [found]


CORRELATION = """
title: Many Shells
id: c-shells
tags: [attack.t1110]
correlation: {type: event_count, rules: r-shell, group-by: User, timespan: 5m, condition: {gte: 10}}
"""


@pytest.mark.parametrize("rule", ["c-shells", "Many Shells", "attack.t1110", "more/*"])
def test_correlations_are_selected_as_rules_are(rule):
    loaded = rules.load([*TEXTS, ("more/c.yml", CORRELATION)])
    known = [*loaded.rules, *loaded.correlations]
    text = f"- {{rule: {rule}, host: PC-*, reason: x}}\n- {{rule: {{product: windows}}, host: PC-*, reason: x}}\n"
    tuned = tuning.load([("t.yml", text)], known, TODAY)
    assert tuned.entries[0].rules == {"c-shells"}
    assert "c-shells" not in tuned.entries[1].rules
    found = Finding("f1", "c-shells", "Many Shells", "high", (), "s", "r", None, (), "e1", host="PC-1")
    counts = Counter()
    assert tuned.apply(None, [found], counts) == []
    assert tuned.uses(counts, known)[0].rules == (("c-shells", "Many Shells", 1),)


def test_what_a_list_names_in_vain_is_told():
    told = use(one("rule: [nonsense, r-shell, {category: dns_query}]"), EVENT)
    assert (told.state, told.suppressed) == ("active", 1)
    assert told.unknown == ("nonsense", "category: dns_query")
    assert told.needs_look


@pytest.mark.parametrize(
    ("written", "host", "applies"),
    [
        ("PC-0142", "PC-0142", True),
        ("pc-0142", "PC-0142", True),
        ("PC-0142", "PC-0142.corp.example", True),
        ("pc-0142.CORP.example", "PC-0142.corp.example", True),
        ("PC-0142.corp.example", "PC-0142", False),
        ("PC-01", "PC-0142", False),
        ("PC-01*", "PC-0142", True),
        ("PC-01?2", "PC-0142", True),
        ("PC-01?", "PC-0142", False),
        ("'*.corp.example'", "PC-0142.corp.example", True),
        ("[BUILD-01, 'PC-*']", "PC-0142", True),
        ("[BUILD-01, BUILD-02]", "PC-0142", False),
        ("'192'", "192.0.2.7", False),
        ("192.0.2.*", "192.0.2.7", True),
        ("PC-0142", "", False),
        ("''", "", True),
        ("''", "PC-0142", False),
    ],
)
def test_host(written, host, applies):
    event = Event(PROCESS, EVENT.fields, host=host)
    assert (after(one(f"rule: any, host: {written}"), event) == {}) == applies


@pytest.mark.parametrize(
    ("written", "user", "applies"),
    [
        (r"'CORP\svc_*'", r"CORP\svc_backup", True),
        (r"'corp\SVC_BACKUP'", r"CORP\svc_backup", True),
        (r'"CORP\\svc_*"', r"CORP\svc_backup", True),
        ("svc_backup", r"CORP\svc_backup", True),
        ("svc_*", "svc_backup@corp.example", True),
        (r"'OTHER\svc_*'", r"CORP\svc_backup", False),
        (r"'CORP\*'", r"CORP\svc_backup", False),  # in Sigma \* is a star
        (r"'CORP\\*'", r"CORP\svc_backup", True),
        ("SYSTEM", r"NT AUTHORITY\SYSTEM", True),
        ("1000", "1000", True),
        ("'*@corp.example'", "user01@corp.example", True),
        ("svc_backup", "", False),
    ],
)
def test_user(written, user, applies):
    event = Event(PROCESS, EVENT.fields, user=user)
    assert (after(one(f"rule: any, user: {written}"), event) == {}) == applies


@pytest.mark.parametrize(
    ("written", "applies"),
    [
        (r"{Image: 'C:\Tools\Backup.exe'}", True),
        (r"{image: 'c:\tools\backup.EXE'}", True),
        (r"{Image|endswith: '\backup.exe'}", True),
        (r"{Image|endswith|cased: '\backup.exe'}", False),
        (r"{Image: '*\backup.???'}", True),
        (r"{Image|contains|all: [tools, backup]}", True),
        (r"{Image|contains|all: [tools, restore]}", False),
        (r"{Image|contains: [restore, backup]}", True),
        (r"{Image|re: '(?i)back(up|down)'}", True),
        (r"{ProcessId|gte: 42}", True),
        (r"{ProcessId: 42, Image|contains: backup}", True),
        (r"{ProcessId: 42, Image|contains: restore}", False),
        (r"[{ProcessId: 7}, {Image|contains: backup}]", True),
        (r"[{ProcessId: 7}, {Image|contains: restore}]", False),
        (r"{Hashes|contains: SHA1=2}", True),
        (r"{CommandLine: null}", True),
        (r"{CommandLine|exists: false}", True),
        (r"{CommandLine|contains: backup}", False),
        (r"{Image|neq: 'C:\Tools\Backup.exe'}", False),
        (r"{'|contains': svc_}", True),
    ],
)
def test_match(written, applies):
    assert (after(one(f"rule: any, match: {written}")) == {}) == applies


def test_match_on_a_finding_of_several_events_looks_at_its_evidence():
    evidence = (Evidence("User", "svc_backup"), Evidence("User", "user01"), Evidence("count", 12))
    found = Finding("f1", "c", "t", "high", (), "s", "r", None, evidence, "e1")
    for written, left in (("{User: user01, count|gte: 10}", 0), ("{User: user02}", 1), ("{count|lt: 10}", 1)):
        assert len(one(f"rule: any, match: {written}").apply(None, [found], Counter())) == left


def test_placeholders_come_from_the_caller():
    text = "- {rule: any, match: {Image|expand: '*%tools%'}, reason: why}"
    assert after(load(text, placeholders={"tools": ["Backup.exe"]})) == {}
    assert load(text).failed[0].error == "'Image|expand': placeholder %tools% has no values"


def test_conditions_are_joined_by_and():
    both = "rule: any, host: PC-0142, user: svc_backup, match: {ProcessId: 42}"
    assert after(one(both)) == {}
    for word, other in (("PC-0142", "PC-1"), ("svc_backup", "u"), ("42", "7")):
        assert after(one(both.replace(word, other))) == {"r-backup": "high", "r-shell": "medium"}


def test_exclude_is_the_default_and_counts():
    told = use(one("rule: [r-backup, r-shell]"), EVENT, EVENT)
    assert (told.action, told.state, told.suppressed, told.changed) == ("exclude", "active", 4, 0)
    assert told.rules == (("r-shell", "A Shell [1]", 2), ("r-backup", "Backup Program", 2))
    assert (told.entry, told.path, told.line, told.reason, told.until) == (1, "t.yml", 1, "why", "")
    assert not told.needs_look


@pytest.mark.parametrize("action", ["", "action: level, "])
@pytest.mark.parametrize("level", WEIGHTS)
def test_level_changes_level_and_weight(action, level):
    tuned = one(f"rule: r-backup, {action}level: {level}")
    counts = Counter()
    changed, other = tuned.apply(EVENT, SET.match(EVENT), counts)
    assert (changed.level, changed.weight, changed.level_of_rule) == (level, WEIGHTS[level], "high")
    assert (other.level, other.weight, other.level_of_rule) == ("medium", WEIGHTS["medium"], "")
    (told,) = tuned.uses(counts, SET.rules)
    assert (told.action, told.suppressed, told.changed) == ("level", 0, 1)
    assert told.rules == (("r-backup", "Backup Program", 1),)


def test_disable_keeps_a_rule_from_running():
    tuned = one("rule: r-backup, action: disable")
    assert tuned.disabled == {"r-backup"}
    assert after(tuned) == {"r-shell": "medium"}
    told = use(tuned, EVENT)
    assert (told.state, told.suppressed, told.rules) == ("active", 0, (("r-backup", "Backup Program", 0),))


def test_the_first_entry_that_applies_decides():
    text = """
- {rule: r-backup, host: PC-0142, level: critical, reason: watched}
- {rule: r-backup, reason: backup}
- {rule: any, host: '*', reason: all else}
"""
    counts = Counter()
    tuned = load(text)
    assert after(tuned, counts=counts) == {"r-backup": "critical"}
    assert after(tuned, Event(PROCESS, EVENT.fields, host="PC-1"), counts) == {}
    told = tuned.uses(counts, SET.rules)
    assert [(one.line, one.suppressed, one.changed) for one in told] == [(2, 0, 1), (3, 1, 0), (4, 2, 0)]


@pytest.mark.parametrize(
    ("until", "today", "applies"),
    [
        ("2027-03-31", date(2027, 3, 30), True),
        ("2027-03-31", date(2027, 3, 31), True),
        ("2027-03-31", date(2027, 4, 1), False),
        ("'2027-03-31'", date(2027, 4, 1), False),
        ("2028-02-29", date(2028, 2, 29), True),
    ],
)
@pytest.mark.parametrize("action", ["exclude", "disable"])
def test_until_is_the_last_day(until, today, applies, action):
    tuned = one(f"rule: r-backup, action: {action}, until: {until}", today)
    assert ("r-backup" not in after(tuned)) == applies
    told = use(tuned, EVENT)
    assert told.state == ("active" if applies else "expired")
    assert told.until == until.strip("'")
    assert told.needs_look != applies
    assert told.rules == () or applies


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        ("rule: r-file", "unused"),
        ("rule: r-file, level: low", "unused"),
        ("rule: any, host: PC-9", "unused"),
        ("rule: nonsense", "unknown_rule"),
        ("rule: nonsense, action: disable", "unknown_rule"),
        ("rule: nonsense, until: 2020-01-01", "expired"),
        ("rule: r-file, action: disable", "active"),
    ],
)
def test_state_of_an_entry_that_suppresses_nothing(entry, state):
    told = use(one(entry), EVENT)
    assert (told.state, told.suppressed) == (state, 0)


GOOD = "- rule: r-shell\n  reason: fine\n"


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("- rule: r-backup\n", 3, "reason is missing: say why the entry is there"),
        ("- rule: r-backup\n  reason: ' '\n", 4, "reason is missing: say why the entry is there"),
        ("- rule: r-backup\n  reason: [a]\n", 4, "reason is missing: say why the entry is there"),
        (
            "- reason: a\n  rules: r-backup\n",
            4,
            "'rules' is none of rule, action, level, host, user, match, until, reason",
        ),
        ("- reason: a\n", 3, "rule is missing: an id, title, tag, path, logsource, or any"),
        ("- reason: a\n  rule: []\n", 4, "rule is missing: an id, title, tag, path, logsource, or any"),
        ("- reason: a\n  rule: 12\n", 4, "rule must be text, a logsource, or a list of these"),
        ("- reason: a\n  rule: {level: low}\n", 4, "a logsource is made of texts for product, category, service"),
        ("- reason: a\n  rule: {product: [a]}\n", 4, "a logsource is made of texts for product, category, service"),
        ("- reason: a\n  rule: any\n", 4, "an entry for every rule must say where: host, user or match"),
        (
            "- reason: a\n  rule: '*'\n  action: disable\n",
            4,
            "an entry for every rule must say where: host, user or match",
        ),
        ("- reason: a\n  rule: x\n  action: drop\n", 5, "action must be one of exclude, level, disable"),
        ("- reason: a\n  rule: x\n  action: [level]\n", 5, "action must be one of exclude, level, disable"),
        (
            "- reason: a\n  rule: x\n  action: level\n",
            3,
            "level must be one of informational, low, medium, high, critical",
        ),
        (
            "- reason: a\n  rule: x\n  level: tiny\n",
            5,
            "level must be one of informational, low, medium, high, critical",
        ),
        (
            "- reason: a\n  rule: x\n  level: [low]\n",
            5,
            "level must be one of informational, low, medium, high, critical",
        ),
        ("- reason: a\n  action: exclude\n  rule: x\n  level: low\n", 6, "level cannot stand with action exclude"),
        (
            "- reason: a\n  rule: x\n  action: disable\n  host: PC\n",
            6,
            "a disabled rule runs nowhere: host needs action exclude or level",
        ),
        ("- reason: a\n  rule: x\n  until: soon\n", 5, "until must be a date such as 2027-03-31"),
        ("- reason: a\n  rule: x\n  until: 2027-02-29\n", 5, "until must be a date such as 2027-03-31"),
        ("- reason: a\n  rule: x\n  until: 20270331\n", 5, "until must be a date such as 2027-03-31"),
        ("- reason: a\n  rule: x\n  until:\n", 5, "until must be a date such as 2027-03-31"),
        ("- reason: a\n  rule: x\n  host:\n", 5, "host must be text or a list of texts"),
        ("- reason: a\n  rule: x\n  user: [a, true]\n", 5, "user must be text or a list of texts"),
        ("- reason: a\n  rule: x\n  user: []\n", 5, "'user': list of values is empty"),
        ("- reason: a\n  rule: x\n  host: [[a]]\n", 5, "'host': a value must be text, a number, true, false or null"),
        ("- reason: a\n  rule: x\n  match: word\n", 5, "match must be a mapping of fields, or a list of these"),
        ("- reason: a\n  rule: x\n  match: {}\n", 5, "match must be a mapping of fields, or a list of these"),
        ("- reason: a\n  rule: x\n  match: [{A: b}, c]\n", 5, "match must be a mapping of fields, or a list of these"),
        (
            "- reason: a\n  rule: x\n  match:\n    A: b\n    B|nonsense: 1\n",
            7,
            "'B|nonsense': unknown modifier 'nonsense'",
        ),
        ("- reason: a\n  rule: x\n  match:\n    A|cidr: b\n", 6, "'A|cidr': 'b' is not a network"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_and_the_others_apply(text, line, error):
    tuned = load(GOOD + text + GOOD.replace("r-shell", "r-backup"))
    (failed,) = tuned.failed
    assert (failed.entry, failed.path, failed.line, failed.state) == (2, "t.yml", line, "failed")
    assert failed.error == error
    assert failed.needs_look
    assert after(tuned) == {}
    assert [one.entry for one in tuned.uses(Counter(), SET.rules)] == [1, 2, 3]


def test_a_bare_word_among_entries_is_named():
    tuned = load(GOOD + "- word\n")
    assert [(one.entry, one.line, one.error) for one in tuned.failed] == [(2, 0, "entry 2 is no mapping")]


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("", 0, "holds no tuning entry"),
        ("[]", 0, "holds no tuning entry"),
        ("rule: any\nreason: a\n", 1, "not a list of tuning entries"),
        ("word", 0, "not a list of tuning entries"),
        ("- rule: a\n  rule: b\n", 2, "key 'rule' is there twice"),
        ("- [", 2, "not YAML"),
        ("- " * 60 + "a", 1, "nested deeper"),
        ("# " + "a" * tuning.MAX_CHARS, 0, "text of more than 1000000 characters"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_apply(text, line, error):
    tuned = tuning.load([("a.yml", text), ("b.yml", GOOD)], SET.rules, TODAY)
    (failed,) = tuned.failed
    assert (failed.entry, failed.path, failed.line) == (0, "a.yml", line)
    assert failed.error.startswith(error)
    assert after(tuned) == {"r-backup": "high"}
    assert [one.path for one in tuned.uses(Counter(), SET.rules)] == ["a.yml", "b.yml"]


def test_entries_of_several_files_and_documents_keep_their_order():
    texts = [("b.yml", f"{GOOD}---\n{GOOD}"), ("a.yml", "- {reason: x}\n" + GOOD)]
    told = tuning.load(texts, SET.rules, TODAY).uses(Counter(), SET.rules)
    assert [(one.path, one.entry, one.line) for one in told] == [
        ("b.yml", 1, 1), ("b.yml", 2, 4), ("a.yml", 1, 1), ("a.yml", 2, 2),
    ]  # fmt: skip


def test_counts_of_workers_add_up():
    tuned = pickle.loads(pickle.dumps(one("rule: r-backup")))
    first, second = Counter(), Counter()
    after(tuned, EVENT, first)
    after(tuned, EVENT, second)
    first.update(pickle.loads(pickle.dumps(second)))
    assert tuned.uses(first, SET.rules)[0].suppressed == 2


def test_a_mutated_file_never_breaks_a_run():
    text = """
- rule: [r-backup, attack.t1059*, {product: windows}]
  host: ["PC-0*", "BUILD-01"]
  user: 'CORP\\svc_*'
  match: {Image|endswith: ['\\a.exe', '*b?'], ProcessId|gte: 4}
  until: 2027-03-31
  level: low
  reason: "Nightly backup"
- {rule: any, host: '*', reason: all}
"""
    random.seed(5)
    for _ in range(400):
        at, length = random.randrange(len(text)), random.randrange(4)
        mutated = text[:at] + "".join(random.choices("{}[]:-*&!'\"\\ \nx0%|", k=length)) + text[at + length :]
        tuned = load(mutated)
        after(tuned)
        assert tuned.uses(Counter(), SET.rules)
