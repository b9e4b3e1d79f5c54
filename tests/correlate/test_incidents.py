"""Correlation: what belongs together comes together, and nothing else does."""

from sekisho.correlate.history import History
from sekisho.correlate.incidents import correlate
from sekisho.correlate.joins import Carried
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

SECOND = 1_000_000_000
NOON = 1_650_000_000 * SECOND
BAD = Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),))
FINE = Judgement(Verdict.CLEAN, 0.05)


def analysis(address, *features, sha="", analyzers=("zip",), parent=None, relation="attachment", size=500):
    name = address.split(" » ")[-1]
    artifact = Artifact(name, b"", address, parent, address.count("»"), relation)
    return Analysis(
        artifact, sha or f"sha of {address}", size, "x/y", analyzers, tuple(Feature(*one) for one in features)
    )


def mail(address, to, *, judgement=BAD, file="invoice.lnk", sha="s" * 64, at=NOON, features=()):
    """Give one delivered mail with one file in it, as carried."""
    message = analysis(
        address, ("subject", "Re: invoice"), ("sender.address", "a@partner.example"), ("delivered_to", to),
        analyzers=("eml",), relation="input",
    )  # fmt: skip
    inside = analysis(f"{address} » {file}", *features, sha=sha, parent=address, analyzers=("lnk",))
    return [Carried(one, judgement, message, at, (to,)) for one in (message, inside)]


def event(category, at_s, record, host="PC-1", user="CORP\\user01", **fields):
    source = Logsource("windows", category, "sysmon")
    return Event(source, fields, NOON + at_s * SECOND, host, user, "pc.jsonl", str(record))


def started(record, at_s, guid, parent, image, command, parent_image="C:\\Windows\\explorer.exe", **more):
    return event(
        "process_creation", at_s, record, Image=image, CommandLine=command, ProcessGuid=guid, ParentProcessGuid=parent,
        ParentImage=parent_image, **more,
    )  # fmt: skip


def finding(one, weight=3.5, rule="rule"):
    return Finding(
        f"f{one.record}", rule, "Odd", "high", ("T1218.010",), one.source, one.record, one.time_ns, (), one.id,
        one.host, one.user, "endpoint", weight,
    )  # fmt: skip


def history(*events, found=()):
    made = History()
    for one in events:
        made.add(one, found=one.id in {item.event_id for item in found})
    return made


CHAIN = (
    started(1, 60, "{1}", "{0}", "C:\\Windows\\System32\\cmd.exe", 'cmd /c findstr x "invoice.lnk"'),
    started(
        2, 61, "{2}", "{1}", "C:\\Windows\\System32\\wscript.exe", "wscript a.vbs", "C:\\Windows\\System32\\cmd.exe"
    ),
    event(
        "network_connection",
        62,
        3,
        ProcessGuid="{2}",
        Image="wscript.exe",
        DestinationIp="203.0.113.10",
        DestinationPort=80,
    ),
)
NOISE = (
    started(10, 65, "{9}", "{0}", "C:\\Program Files\\Editor\\editor.exe", "editor.exe minutes.txt"),
    event(
        "network_connection",
        66,
        11,
        ProcessGuid="{9}",
        Image="editor.exe",
        DestinationIp="192.0.2.9",
        DestinationPort=443,
    ),
)


def story_events(incident):
    return {key for step in incident.steps for key in step.evidence if key.startswith("e")}


def test_opened_file_brings_its_whole_chain_and_no_noise():
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*CHAIN, *NOISE), [])
    assert story_events(found) == {one.id for one in CHAIN}
    assert found.severity == "critical"
    assert found.root_text.key == "root.attachment"
    assert ("ip", "203.0.113.10", "contacted") in {(one.type, one.value, one.role) for one in found.entities}


def test_an_event_before_the_mail_is_not_its_effect():
    early = [started(1, -3 * 3600, "{1}", "{0}", "C:\\Windows\\System32\\cmd.exe", 'cmd /c type "invoice.lnk"')]
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*early), [])
    assert not story_events(found)
    assert "unknown.endpoint.not_opened" in {text.key for text in found.unknown}


def test_copies_to_other_mailboxes_are_one_incident():
    carried = mail("m1.eml", "user01@corp.example") + mail("m2.eml", "user02@corp.example")
    (found,) = correlate(carried, history(*CHAIN), [])
    roles = {one.value: one.role for one in found.entities if one.type == "mailbox"}
    assert roles["user01@corp.example"] == "opener"
    assert roles["user02@corp.example"] == "recipient"


def test_two_attacks_stay_two_incidents():
    carried = mail("m1.eml", "user01@corp.example")
    carried += mail("m2.eml", "user02@corp.example", file="other.lnk", sha="t" * 64)
    assert len(correlate(carried, history(*CHAIN), [])) == 2


def test_a_name_that_many_files_share_joins_nothing():
    carried = []
    for number in range(5):
        carried += mail(f"m{number}.eml", f"u{number}@corp.example", sha=str(number) * 64)
    assert all(not story_events(one) for one in correlate(carried, history(*CHAIN), []))


def test_clean_mail_without_findings_is_no_incident():
    assert correlate(mail("m1.eml", "user01@corp.example", judgement=FINE), history(*CHAIN), []) == ()


def test_clean_looking_file_whose_opening_goes_wrong_is_an_incident():
    found = [finding(CHAIN[1], 3.5, "one"), finding(CHAIN[2], 3.5, "two")]
    (incident,) = correlate(mail("m1.eml", "user01@corp.example", judgement=FINE), history(*CHAIN, found=found), found)
    assert incident.root_text.key == "root.attachment"
    assert incident.verdict is Verdict.MALICIOUS


def test_what_a_process_wrote_and_another_ran_belongs_to_it():
    """mshta started by explorer, after Word wrote the page: parent and child alone would miss it."""
    events = [
        started(1, 60, "{1}", "{0}", "C:\\Office\\WINWORD.EXE", 'WINWORD.EXE "invoice.lnk"'),
        event(
            "file_event", 61, 2, ProcessGuid="{1}", Image="WINWORD.EXE", TargetFilename="C:\\Users\\Public\\page.hta"
        ),
        started(3, 62, "{3}", "{0}", "C:\\Windows\\System32\\mshta.exe", "mshta C:\\Users\\Public\\page.hta"),
    ]
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*events), [])
    assert story_events(found) == {one.id for one in events}


def test_a_command_the_file_holds_joins_a_process_without_its_name():
    command = "powershell -e " + "QQBBAEIA" * 6
    events = [started(1, 60, "{1}", "{0}", "C:\\powershell.exe", command, "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe")]
    carried = mail("m1.eml", "user01@corp.example", file="a.doc", features=(("vba.commands", command),))
    (found,) = correlate(carried, history(*events), [])
    assert story_events(found) == {events[0].id}
    assert "why.join.command" in {edge.why.key for edge in found.edges}


def test_an_address_the_file_holds_joins_a_connection():
    url = Url("http://203.0.113.10/x", "http://203.0.113.10/x", "203.0.113.10", "203.0.113.10")
    carried = mail("m1.eml", "user01@corp.example", file="a.doc", features=(("url", url),))
    (found,) = correlate(carried, history(CHAIN[1], CHAIN[2]), [])
    assert CHAIN[2].id in story_events(found)


def test_shuffled_and_doubled_logs_tell_the_same():
    twin = event(
        "process_creation", 60, 77, Image="C:\\Windows\\System32\\cmd.exe", CommandLine='cmd /c findstr x "invoice.lnk"',
        ProcessGuid="{1}", ParentProcessGuid="{0}", ParentImage="C:\\Windows\\explorer.exe",
    )  # fmt: skip
    carried = mail("m1.eml", "user01@corp.example")
    (first,) = correlate(carried, history(*CHAIN), [])
    (second,) = correlate(carried, history(*reversed(CHAIN), twin), [])
    assert [step.what.key for step in first.steps] == [step.what.key for step in second.steps]
    assert first.id == second.id


def test_findings_on_a_host_alone_are_an_incident_without_a_mail():
    found = [finding(CHAIN[0], 6.0, "one"), finding(CHAIN[1], 3.5, "two")]
    (incident,) = correlate([], history(*CHAIN, found=found), found)
    assert incident.root_text.key == "root.process"
    assert "unknown.mail.none" in {text.key for text in incident.unknown}


def test_programs_that_start_everything_do_not_merge_incidents():
    other = started(20, 70, "{20}", "{0}", "C:\\Windows\\System32\\reg.exe", "reg add x")
    found = [finding(CHAIN[0], 6.0, "one"), finding(other, 6.0, "two")]
    assert len(correlate([], history(*CHAIN, other, found=found), found)) == 2


def test_nothing_is_nothing():
    assert correlate([], History(), []) == ()


def test_every_step_and_edge_rests_on_evidence():
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*CHAIN), [])
    assert all(step.evidence for step in found.steps)
    assert all(edge.evidence for edge in found.edges)
    assert all(one.targets for one in found.recommendations)


def test_two_campaigns_that_share_an_address_stay_two():
    url = Url("http://203.0.113.10/x", "http://203.0.113.10/x", "203.0.113.10", "203.0.113.10")
    carried = mail("m1.eml", "user01@corp.example", features=(("url", url),))
    carried += mail("m2.eml", "user02@corp.example", file="other.lnk", sha="t" * 64, features=(("url", url),))
    found = correlate(carried, history(*CHAIN), [])
    assert [len(story_events(one)) for one in found] == [3, 0]


def test_the_first_mail_to_arrive_leads_when_none_was_opened():
    late = mail("a.eml", "user01@corp.example", at=NOON + 60 * SECOND)
    early = mail("b.eml", "user02@corp.example", at=NOON)
    (found,) = correlate(late + early, history(), [])
    assert found.first_at_ns == NOON
    assert dict(found.root_text.values)["address"].startswith("b.eml")


def test_a_sensor_on_the_network_is_no_log_of_what_was_opened():
    wire = [
        Event(
            Logsource("zeek", "firewall", "conn"), {"dst_ip": "192.0.2.9"}, NOON, f"10.0.0.{n}", "", "conn.log", str(n)
        )
        for n in range(3)
    ]
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*wire), [])
    assert "unknown.endpoint.none" in {text.key for text in found.unknown}
    early = started(1, -3 * 3600, "{1}", "{0}", "C:\\Windows\\System32\\cmd.exe", "cmd /c dir")
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(early, *wire), [])
    (told,) = [text for text in found.unknown if text.key == "unknown.endpoint.not_opened"]
    assert dict(told.values)["hosts"] == 1
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*CHAIN, *wire), [])
    assert "unknown.network.none" not in {text.key for text in found.unknown}
    (found,) = correlate(mail("m1.eml", "user01@corp.example"), history(*CHAIN), [])
    assert "unknown.network.none" in {text.key for text in found.unknown}
