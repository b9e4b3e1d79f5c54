"""What is looked for in the events of hosts while they stream by."""

from sekisho.correlate.joins import Carried, sought
from sekisho.correlate.sought import Scanner, Sought, plain
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.observable import Observable
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

BAD = Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),))
FINE = Judgement(Verdict.CLEAN, 0.05)


def file(name, sha, judgement, *features):
    artifact = Artifact(name, b"", f"m.eml » {name}", "m.eml", 1, "attachment")
    return Carried(Analysis(artifact, sha, 500, "x/y", ("lnk",), features), judgement, None, 0, ())


def event(category, **fields):
    return Event(Logsource("windows", category, "sysmon"), fields, 0, "PC-1")


def hits(scanner, one):
    return {scanner.sought.patterns[number] for number in scanner.hits(one)}


def test_names_bytes_commands_and_addresses():
    command = Feature("lnk.arguments", "/v:on /c findstr \"glKmfOKnQL.*\" 'invoice.lnk'")
    url = Feature("url", Url("http://hacked.example/a", "http://hacked.example/a", "hacked.example"))
    carried = [file("Invoice.lnk", "5" * 64, BAD, command, url), file("minutes.docx", "6" * 64, FINE)]
    named = sought(carried, [Observable("ip", "2001:db8::1")])
    scanner = Scanner(named)
    assert named.hostile == set(named.patterns) - {"minutes.docx", "6" * 64}
    assert hits(scanner, event("file_event", TargetFilename="C:\\d\\INVOICE.LNK")) == {"invoice.lnk"}
    assert hits(scanner, event("dns_query", QueryName="Hacked.Example.")) == {"hacked.example"}
    full = "2001:db8:0:0:0:0:0:1"
    assert hits(scanner, event("network_connection", DestinationIp=full)) == {"2001:db8::1"}
    odd = 'CMD /v:on   /c find^str "glKmfOKnQL.*"  invoice.lnk'
    assert plain(command.value) in hits(
        scanner, event("process_creation", CommandLine=odd.replace("find^str", "findstr"))
    )
    assert "6" * 64 in hits(scanner, event("process_creation", Hashes=f"SHA256={'6' * 64}".upper()))
    assert hits(scanner, event("process_creation", CommandLine="notepad.exe")) == set()


def test_the_names_and_the_bytes_of_one_file_are_kin():
    carried = [
        file("minutes.docx", "6" * 64, FINE),
        file("copy.docx", "6" * 64, FINE),
        file("plan.docx", "7" * 64, FINE),
    ]
    named = sought(carried, ())
    kin = dict(zip(named.patterns, named.kin, strict=True))
    assert kin["minutes.docx"] == kin["copy.docx"] == kin["6" * 64]
    assert kin["plan.docx"] == kin["7" * 64] != kin["6" * 64]


def test_nothing_sought_is_nowhere():
    assert Scanner(Sought()).hits(event("dns_query", QueryName="a.example")) == set()
