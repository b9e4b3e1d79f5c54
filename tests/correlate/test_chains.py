"""Links from cause to effect: what was fetched and opened, written and named, reached, and asked for by telephone."""

from sekisho.correlate.history import History
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.incidents import correlate
from sekisho.correlate.joins import Carried
from sekisho.correlate.wanted import of_mails
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

SECOND = 1_000_000_000
NOON = 1_650_000_000 * SECOND
BAD = Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),))
LINK = "http://old-books.example/vitae/charts-31247564"


def mail(*features, address="m.eml", at_s=0, to="user01@corp.example", sender="a@clinic.example"):
    message = Analysis(
        Artifact(address, b"", address), f"sha of {address}", 900, "message/rfc822", ("eml",),
        tuple(Feature(*one) for one in (
            ("subject", "RE: invoice"), ("sender.address", sender), ("delivered_to", to), *features,
        )),
    )  # fmt: skip
    return [Carried(message, BAD, message, NOON + at_s * SECOND, (to,))]


def url(text=LINK, host="old-books.example"):
    return ("url", Url(text, text, host, ""))


def event(category, record, at_s, host="PC-1", product="windows", source="pc.jsonl", **fields):
    fields = {name.replace("__", "-"): value for name, value in fields.items()}
    service = "sysmon" if product == "windows" else ""
    return Event(
        Logsource(product, category, service),
        fields,
        NOON + at_s * SECOND,
        host,
        fields.get("User", ""),
        source,
        str(record),
    )


def started(record, at_s, guid, parent, image, command, parent_image="C:\\Windows\\explorer.exe", host="PC-1"):
    return event(
        "process_creation", record, at_s, host, Image=image, CommandLine=command, ProcessGuid=guid,
        ParentProcessGuid=parent, ParentImage=parent_image, User="CORP\\user01",
    )  # fmt: skip


def finding(one, rule="rule", weight=6.0, attack=("T1218.010",), layer="endpoint"):
    return Finding(
        f"f{rule}{one.record}", rule, rule, "critical", attack, one.source, one.record, one.time_ns, (), one.id,
        one.host, one.user, layer, weight,
    )  # fmt: skip


def told(carried, events, findings):
    known = {one.event_id for one in findings}
    history = History(of_mails(carried, Hubs({"corp.example"})))
    for one in events:
        history.add(one, found=one.id in known)
    return correlate(carried, history, findings)


def evidence(incident):
    return {key for step in incident.steps for key in step.evidence if key.startswith("e")}


EXCEL = started(
    5, 200, "{5}", "{0}", "C:\\Office\\EXCEL.EXE", '"EXCEL.EXE" "C:\\Temp\\Temp1_charts-365.zip\\trend.xls"'
)  # fmt: skip
CLICK = event(
    "proxy", 1, 100, "", "", "proxy.log", c__uri=LINK, c__ip="10.0.0.7"
)  # fmt: skip
FETCH = event(
    "proxy", 2, 101, "", "", "proxy.log", c__uri="http://old-books.example/vitae/charts-365.zip", c__ip="10.0.0.7"
)
SAVED = event(
    "file_event",
    3,
    102,
    Image="C:\\chrome.exe",
    ProcessGuid="{c}",
    TargetFilename="C:\\Users\\u\\Downloads\\charts-365.zip",
)
ASKED = event("dns_query", 4, 99, Image="C:\\chrome.exe", ProcessGuid="{c}", QueryName="old-books.example")
LEASE = event("network_connection", 9, 50, Image="C:\\chrome.exe", ProcessGuid="{c}", SourceIp="10.0.0.7",
              DestinationIp="192.0.2.80", Initiated="true")  # fmt: skip


def test_a_link_is_followed_to_the_program_that_opens_what_came():
    events = [CLICK, FETCH, SAVED, ASKED, LEASE, EXCEL]
    (incident,) = told(mail(url()), events, [finding(EXCEL)])
    assert evidence(incident) == {one.id for one in events if one is not LEASE}
    assert incident.title.key == "title.linked"
    assert "why.merge.fetched" in {one.why.key for one in incident.merges}
    assert {(one.value, one.state) for one in incident.reached} == {("user01@corp.example", "contacted")}


def test_another_download_by_another_machine_is_not_taken_for_it():
    other = started(6, 220, "{6}", "{0}", "C:\\Office\\EXCEL.EXE", 'EXCEL.EXE "other-365.zip"', host="PC-9")
    found = told(mail(url()), [CLICK, FETCH, other], [finding(other)])
    assert [len(evidence(one) & {other.id}) for one in found].count(1) == 1
    assert len(found) == 2


def test_a_written_library_leads_to_the_task_that_names_it():
    writer = started(1, 10, "{1}", "{0}", "C:\\Users\\Public\\a.exe", "a.exe")
    wrote = event("file_event", 2, 11, Image="a.exe", ProcessGuid="{1}", TargetFilename="C:\\Users\\Public\\nrtyk.dll")
    task = Event(
        Logsource("windows", "", "security"), {"EventID": 4698, "TaskContent": "regsvr32 -s C:\\Users\\Public\\nrtyk.dll"},
        NOON + 3600 * SECOND, "PC-1", "CORP\\user01", "pc.jsonl", "3",
    )  # fmt: skip
    (incident,) = told([], [writer, wrote, task], [finding(writer), finding(task)])
    assert {writer.id, wrote.id, task.id} == evidence(incident)


def test_a_shell_that_a_loader_started_hides_something():
    loader = started(1, 10, "{1}", "{0}", "C:\\Windows\\System32\\regsvr32.exe", "regsvr32 -s good.good")
    hidden = started(2, 11, "{2}", "{1}", "C:\\Windows\\SysWOW64\\explorer.exe", "explorer.exe",
                     "C:\\Windows\\System32\\regsvr32.exe")  # fmt: skip
    task = started(3, 12, "{3}", "{2}", "C:\\Windows\\System32\\schtasks.exe", "schtasks /Create",
                   "C:\\Windows\\SysWOW64\\explorer.exe")  # fmt: skip
    (incident,) = told([], [loader, hidden, task], [finding(loader), finding(task)])
    assert evidence(incident) == {loader.id, hidden.id, task.id}


def test_a_service_made_moments_after_a_connection_is_the_next_machine():
    beacon = started(1, 10, "{1}", "{0}", "C:\\rundll32.exe", "rundll32.exe")
    reach = event("network_connection", 2, 60, Image="rundll32.exe", ProcessGuid="{1}", SourceIp="10.0.0.7",
                  DestinationIp="10.0.0.8", DestinationPort=445, DestinationHostname="pc-2.corp.example")  # fmt: skip
    service = Event(Logsource("windows", "", "system"), {"EventID": 7045, "ImagePath": "%COMSPEC% /b /c start"},
                    NOON + 90 * SECOND, "PC-2", "", "pc2.jsonl", "1")  # fmt: skip
    (incident,) = told([], [beacon, reach, service], [finding(beacon), finding(service)])
    assert service.id in evidence(incident)
    late = Event(service.logsource, service.fields, NOON + 9000 * SECOND, "PC-2", "", "pc2.jsonl", "1")
    assert len(told([], [beacon, reach, late], [finding(beacon), finding(late)])) == 2


def test_what_runs_after_a_mail_that_asks_for_a_call_may_follow_from_it():
    carried = mail()
    asks = Finding(
        "fv", "callback", "callback", "high", ("T1566.004",), "m.eml", "m.eml", NOON, (), "em", layer="mail", weight=3.5
    )
    soon = [EXCEL, LEASE]
    (incident,) = told(carried, soon, [asks, finding(EXCEL)])
    assert incident.title.key == "title.called"
    assert len(told(carried, soon, [finding(EXCEL)])) == 2, "a mail that asks for nothing explains nothing"


def test_two_campaigns_may_use_one_site():
    """The click on the second mail is not explained by the first, though both link to one site."""
    first = mail(
        url("http://old-books.example/aa/b-1", "old-books.example"),
        address="1.eml",
        at_s=-90_000,
        sender="b@hotel.example",
    )
    second = mail(url(), address="2.eml")
    found = told([*first, *second], [CLICK, FETCH, SAVED, LEASE, EXCEL], [finding(EXCEL)])
    sizes = {dict(one.root_text.values)["address"]: len(evidence(one)) for one in found}
    assert sizes == {"2.eml": 4, "1.eml": 0}
