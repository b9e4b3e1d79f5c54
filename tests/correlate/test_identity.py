"""Who is who, as records state it."""

from sekisho.correlate.identity import Identities, bare_host, custom, told
from sekisho.model.event import Event, Logsource
from sekisho.model.observable import Observable

HOUR = 3600 * 1_000_000_000
WINDOWS = ("windows", "", "security")


def event(record, at_h, host, logsource=WINDOWS, user="", **fields):
    return Event(Logsource(*logsource), fields, at_h * HOUR, host, user, "x.jsonl", str(record))


def logon(record, at_h, kind="2", host="PC-1.corp.example", **more):
    fields = {"EventID": 4624, "TargetUserName": "user01", "TargetUserSid": "S-1-5-21-1-2-3-1101", "LogonType": kind}
    return event(record, at_h, host, **fields, **more)


def learned(*events):
    made = Identities()
    for one in events:
        made.learn(one)
    return made


def test_a_logon_ties_account_sid_and_desk():
    made = learned(logon(1, 1), logon(2, 2))
    ties = {
        (tie.right.type, tie.right.value, tie.confidence, tie.times)
        for tie in made.ties(Observable("account", "user01"))
    }
    assert ties == {("sid", "S-1-5-21-1-2-3-1101", 95, 2), ("host", "pc-1", 95, 2)}


def test_a_logon_over_the_network_ties_the_machine_it_came_from_not_the_one_it_went_to():
    made = learned(logon(1, 1, "3", "FILESERVER", IpAddress="10.0.0.7", WorkstationName="PC-7"))
    assert made.ties(Observable("host", "fileserver")) == []
    assert made.host_of("10.0.0.7") == "pc-7"


def test_an_address_belongs_to_whoever_held_it_then():
    made = learned(
        event(1, 1, "PC-1", ("windows", "network_connection", "sysmon"), SourceIp="10.0.0.7"),
        event(2, 30, "PC-2", ("windows", "network_connection", "sysmon"), SourceIp="10.0.0.7"),
    )
    assert [made.host_of("10.0.0.7", hour * HOUR) for hour in (2, 29, 200)] == ["pc-1", "pc-2", ""]
    assert made.host_of("10.0.0.7") == ""


def test_an_address_stays_with_its_machine_between_two_sightings_unless_another_had_it():
    sysmon = ("windows", "network_connection", "sysmon")
    week = [event(1, 1, "PC-1", sysmon, SourceIp="10.0.0.7"), event(2, 100, "PC-1", sysmon, SourceIp="10.0.0.7")]
    assert learned(*week).host_of("10.0.0.7", 50 * HOUR) == "pc-1"
    assert learned(*week).host_of("10.0.0.7", 200 * HOUR) == ""
    lent = learned(*week, event(3, 20, "PC-2", sysmon, SourceIp="10.0.0.7"))
    assert [lent.host_of("10.0.0.7", hour * HOUR) for hour in (21, 60)] == ["pc-2", ""]


def test_a_lease_names_a_machine():
    made = learned(event(1, 1, "", ("zeek", "", "dhcp"), assigned_addr="10.0.0.9", host_name="PC-9.corp.example"))
    assert made.host_of("10.0.0.9", HOUR) == "pc-9"


def test_a_directory_ties_a_mailbox_and_custom_ties_it_less():
    made = learned(event(1, 1, "", ("m365", "", "audit"), AccountUpn="taro@corp.example", AccountName="u1001"))
    (tie,) = made.ties(Observable("mailbox", "taro@corp.example"))
    assert (tie.right.value, tie.confidence) == ("u1001", 95)
    assert custom("taro@corp.example").confidence < tie.confidence
    assert told([custom("a@b.example"), tie, tie]) == (tie, custom("a@b.example"))


def test_shares_of_workers_add_up():
    first, second = learned(logon(1, 1)), learned(logon(2, 9))
    first.give(second.take())
    assert {tie.times for tie in first.ties(Observable("account", "user01"))} == {2}


def test_bare_hosts():
    assert [bare_host(name) for name in ("PC-1.corp.example", "10.0.0.1", "")] == ["pc-1", "10.0.0.1", ""]
