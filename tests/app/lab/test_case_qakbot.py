"""Qakbot of the distributor TR: what runs, what stays, who is called."""

from sekisho.app.lab.cases import CASES

CASE = CASES["qakbot-tr"]
FILES, PLANTED, TRUTH = CASE.files(), CASE.planted, CASE.truth


def test_chain():
    images = [process["image"].rpartition("\\")[2] for process in TRUTH["process_chain"]]
    assert images[:6] == ["chrome.exe", "EXCEL.EXE", "regsvr32.exe", "regsvr32.exe", "regsvr32.exe", "explorer.exe"]
    assert images[6] == "schtasks.exe"
    assert images[-2:] == ["esentutl.exe", "rundll32.exe"]
    assert {hop["port"] for hop in TRUTH["network"]} == {80, 443, 445, 995, 2222, 65400}


def test_link_and_libraries_stand_in_the_proxys_log():
    path = "evidence/proxy/access_20211109.log"
    lines = FILES[path].decode().splitlines()
    shown = [lines[int(one.record) - 1] for one in PLANTED if one.source == path]
    assert len(shown) == 5
    assert "/vitaelibero/inventoreest-31247564" in shown[0]
    assert sum("MSIE+7.0" in line for line in shown) == 3


def test_each_mailbox_got_a_mail():
    mails = [one.source for one in PLANTED if one.key == "lure-mail"]
    assert len({path.split("/")[2] for path in mails}) == 4


def test_administrators_ask_the_same_questions_on_another_machine():
    quiet = FILES["evidence/endpoint/PC-0077.jsonl"].decode()
    assert "nltest /domain_trusts /all_trusts" in quiet
    assert {one.key for one in PLANTED if one.source.endswith("PC-0077.jsonl")} == {"next-machine"}
