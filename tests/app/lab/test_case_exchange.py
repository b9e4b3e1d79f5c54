"""The hijacked Exchange server: each step stands where its log has it, in the order it happened."""

from sekisho.app.lab.cases import CASES

CASE = CASES["exchange-hijack"]
FILES, PLANTED = CASE.files(), CASE.planted


def records(key):
    """Give the lines that show a step, by the folder of their log."""
    found = {}
    for one in PLANTED:
        if one.key == key:
            line = FILES[one.source].decode().splitlines()[int(one.record) - 1] if one.record else one.source
            found.setdefault(one.source.split("/")[1 if "exchange/" not in one.source else 2], []).append(line)
    return found


def test_proxylogon_stands_in_the_web_servers_and_the_proxys_log():
    seen = records("proxylogon-ssrf")
    assert sorted(seen) == ["HttpProxy", "iis"]
    assert all("POST /ecp/y.js" in line for line in seen["iis"])
    assert "ServerInfo~a]@mbx01.corp.example:444/ecp/proxyLogon.ecp?#" in "".join(seen["HttpProxy"])


def test_the_page_is_written_by_system_over_the_own_share():
    share, written = records("webshell-drop")["endpoint"]
    assert '"5145"' in share
    assert "127.0.0.1" in share
    assert '"Image": "System"' in written
    assert "ohyeah.aspx" in written


def test_encoded_autodiscover_addresses():
    assert "%2540kbq.example/mapi/nspi/" in "".join(records("proxyshell-mapi")["iis"])


def test_answers_come_from_inside_and_stand_in_message_tracking():
    rows, mails = records("reply-burst")["MessageTracking"], records("reply-mail")["mailboxes"]
    assert sum("SUBMIT" in row for row in rows) == 15
    assert len(mails) == 3
    for path in mails:
        text = FILES[path].decode()
        message_id = next(line for line in text.split("\r\n") if line.startswith("Message-ID")).split()[1]
        assert any(message_id in row for row in rows)


def test_only_comments_in_the_page():
    assert b"eval(" not in b"".join(FILES.values())
