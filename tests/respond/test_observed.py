"""Which values an incident gives to others: strong ones, weak ones, and those left out with a reason."""

from dataclasses import replace

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.finding import Evidence
from sekisho.model.incident import Entity
from sekisho.model.organisation import Organisation
from sekisho.model.result import Result
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Verdict
from sekisho.respond._discreet import hider
from sekisho.respond.observed import LeftOut, Observed, Picked, discreet, own_names, pick

PAYLOAD = "1" * 64
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def carried(name, sha256, *urls, verdict=Verdict.MALICIOUS, relation="attachment", kind="application/zip"):
    artifact = Artifact(name, b"", f"m.eml » {name}", "m.eml", 1, relation)
    features = tuple(Feature("url", Url(one, one, one.split("/")[2])) for one in urls)
    return Analysis(artifact, sha256, 9, kind, ("zip",), features), Judgement(verdict, 0.9)


def result(*artifacts):
    return Result(Verdict.MALICIOUS, (), artifacts, (), (), (), 0, ())


def test_files_without_an_incident_give_hashes_urls_and_names():
    picked = pick(result(carried("invoice 123.zip", PAYLOAD, "http://flower-shop-tokyo.net/a")), ())
    assert [(one.kind, one.value, one.role, one.strong) for one in picked.observed] == [
        ("sha256", PAYLOAD, "carried", True),
        ("url", "http://flower-shop-tokyo.net/a", "carried", True),
        ("file", "invoice 123.zip", "named", False),
    ]
    assert picked.left_out == ()


def test_what_must_not_be_blocked_is_left_out_by_name():
    urls = ("http://10.0.0.5/x", "https://www.microsoft.com/", "http://www.corp.co.jp/a", "http://203.0.113.4/x")
    own = own_names(Organisation(frozenset({"corp.co.jp"}), relays=frozenset({"mx.corp.net", "45.76.0.0/24"})))
    assert own == {"corp.co.jp", "mx.corp.net", "45.76.0.0/24"}
    picked = pick(result(carried("logo.png", EMPTY, *urls)), (), own)
    assert picked.observed == ()
    assert {(one.value, one.reason) for one in picked.left_out} == {
        (EMPTY, "standard_file"),
        ("logo.png", "common_name"),
        ("http://10.0.0.5/x", "private"),
        ("https://www.microsoft.com/", "top_site"),
        ("http://www.corp.co.jp/a", "own"),
        ("http://203.0.113.4/x", "documentation"),
    }


@pytest.mark.parametrize("verdict", [Verdict.CLEAN, Verdict.UNSCANNED, Verdict.SUSPICIOUS])
def test_what_is_not_known_to_be_bad_gives_nothing(verdict):
    assert pick(result(carried("a.zip", PAYLOAD, "http://flower-shop-tokyo.net/a", verdict=verdict)), ()).observed == ()


def test_texts_that_we_unfolded_are_no_files():
    found = pick(result(carried("EXEC", PAYLOAD, "http://flower-shop-tokyo.net/a", relation="decoded")), ()).observed
    assert [one.kind for one in found] == ["url"]


def test_links_of_hostile_mails_are_told_and_blocked_only_where_a_finding_names_them(lab_result):
    (incident,) = lab_result.incidents
    mail = next(one for one, _ in lab_result.artifacts if one.id == incident.steps[0].evidence[0])
    body = Artifact("text", b"", f"{mail.address} » text", mail.address, 1, "body")
    urls = [
        Url(f"http://{host}/a", f"http://{host}/a", host, where="href") for host in ("named-shop.net", "other-shop.net")
    ]
    urls.append(Url("http://picture-shop.net/a.png", "http://picture-shop.net/a.png", "picture-shop.net", where="src"))
    part = Analysis(body, "", 1, "text/plain", ("text",), tuple(Feature("url", url) for url in urls))
    key = incident.findings[0]
    findings = tuple(
        replace(one, level="high", evidence=(Evidence("link.host", "named-shop.net"),)) if one.id == key else one
        for one in lab_result.findings
    )
    told = replace(
        lab_result, artifacts=(*lab_result.artifacts, (part, Judgement(Verdict.CLEAN, 0.1))), findings=findings
    )
    linked = {one.value: one.strong for one in pick(told, (incident,), exercise=True).observed if one.role == "linked"}
    assert linked == {"http://named-shop.net/a": True, "http://other-shop.net/a": False}


def test_the_lab_incident_gives_what_its_processes_spoke_to(lab_result):
    picked = pick(lab_result, lab_result.incidents, frozenset({"corp.example"}), exercise=True)
    strong = {(one.kind, one.value) for one in picked.strong}
    assert {("ip", "203.0.113.10"), ("ip", "198.51.100.23"), ("url", "http://203.0.113.10/fer/fe3.html")} <= strong
    assert {one.role for one in picked.observed if not one.strong} <= {"sender", "sent_from", "named", "written"}
    assert not any("corp.example" in one.value for one in picked.observed)
    assert all(one.value == one.value.strip() for one in picked.observed)


def test_lab_values_are_left_out_where_it_is_no_exercise(lab_result):
    picked = pick(lab_result, lab_result.incidents)
    assert picked.strong == tuple(one for one in picked.strong if one.kind == "sha256")
    assert {one.reason for one in picked.left_out} == {"documentation"}


def test_values_are_picked_in_the_same_order_each_time(lab_result):
    first = pick(lab_result, lab_result.incidents, exercise=True)
    again = pick(replace(lab_result), lab_result.incidents, exercise=True)
    assert first == again


def test_links_that_name_a_victim_stay_inside(lab_result):
    hide = hider(lab_result.incidents)
    values = ("http://evil-shop.net/?u=user01%40corp.example", "http://evil-shop.net/a")
    picked = Picked(tuple(Observed("url", one, "linked", True, 70, ()) for one in values), ())
    told = discreet(picked, hide)
    assert [one.value for one in told.observed] == ["http://evil-shop.net/a"]
    assert told.left_out == (LeftOut("url", "http://evil-shop.net/?u=<mailbox>", "victim"),)


def test_names_of_victims_are_hidden_in_every_spelling(lab_result):
    hide = hider(lab_result.incidents)
    text = r"CORP\user01 on PC-0142.corp[.]example C:\Users\someone\a.txt S-1-5-21-1-2-3-1101 USER01@corp.example, reservation@hotel.example user01x"
    assert hide(text) == r"<user> on <host> C:\Users\<user>\a.txt <sid> <mailbox>, reservation@hotel.example user01x"
    assert hide("宛先user01@corp.example様、PC-0142.corp.exampleで開封") == "宛先<mailbox>様、<host>で開封"
    assert hider(())("C:\\Users\\me\\x") == "C:\\Users\\<user>\\x"


def test_where_a_server_was_attacked_from_is_told(lab_result):
    incident = replace(lab_result.incidents[0], entities=(Entity("ip", "203.0.113.9", "attacker"),))
    told = replace(lab_result, incidents=(incident,))
    (one,) = [one for one in pick(told, (incident,), exercise=True).observed if one.role == "attacker"]
    assert (one.kind, one.value, one.strong) == ("ip", "203.0.113.9", True)
    assert one.confidence < 90
