import pytest

from sekisho.model.errors import ResponseError
from sekisho.respond.mailboxes import Moved, Server, quarantine, restore, told
from tests.dovecot import dovecot

BAD, GOOD = "<bad.1@sender.example>", "<good.1@sender.example>"
USER, OTHER = "user01@corp.example", "user02@corp.example"


def mail(message_id, subject="s"):
    return f"From: a@sender.example\r\nMessage-ID: {message_id}\r\nSubject: {subject}\r\n\r\nbody\r\n".encode()


@pytest.fixture(scope="module")
def running():
    with dovecot(USER, OTHER) as found:
        yield found


@pytest.fixture
def server(running):
    return Server("127.0.0.1", running.port, "none", running.account, running.password, "Quarantine")


def test_a_mail_is_moved_out_of_every_folder_and_back(running, server):
    running.deliver(USER, mail(BAD), "1")
    running.deliver(USER, mail(GOOD), "2")
    running.deliver(USER, mail(BAD, "copy"), "3", "Junk")
    running.deliver(USER, mail(BAD, "filed"), "4", "&W4I- a")  # a folder's name as IMAP spells it
    outcome = quarantine(server, USER, [BAD])
    assert sorted(one.folder.strip('"') for one in outcome.moved) == ["&W4I- a", "INBOX", "Junk"]
    assert all(one.uid for one in outcome.moved)
    assert outcome.failed == ""
    assert running.mails(USER) == [mail(GOOD)]
    assert len(running.mails(USER, "Quarantine")) == 3
    with pytest.raises(ResponseError, match="no folder has a copy"):
        quarantine(server, USER, [BAD])
    back = restore(server, USER, outcome.moved)
    assert len(back.moved) == 3
    assert running.mails(USER) == sorted([mail(BAD), mail(GOOD)])
    assert running.mails(USER, "Junk") == [mail(BAD, "copy")]
    assert running.mails(USER, "&W4I- a") == [mail(BAD, "filed")]
    assert running.mails(USER, "Quarantine") == []
    with pytest.raises(ResponseError, match="not in the quarantine any more"):
        restore(server, USER, [Moved(BAD, '"INBOX"', 1)])


def test_a_sender_who_chooses_a_message_id_chooses_no_other_mails(running, server):
    running.deliver(OTHER, mail("<one.two@sender.example>"), "1")
    running.deliver(OTHER, mail("<prefix<one@sender.example>"), "2")
    before = running.mails(OTHER)
    for hostile in (
        "",
        "a",
        "@",
        "<>",
        "<@>",
        '<a" OR ALL "@x>',
        "<a\r\nA1 DELETE INBOX@x>",
        "<é@x.example>",
        "<\ud800@x>",
    ):
        with pytest.raises(ResponseError, match="no Message-ID that can be looked for"):
            quarantine(server, OTHER, [hostile])
    for part in ("<one@sender.example>", "<two@sender.example>", "<sender.example>"):
        with pytest.raises(ResponseError, match="no folder has a copy"):
            quarantine(server, OTHER, [part])
    assert running.mails(OTHER) == before


def test_servers_without_move_are_served_too():
    with dovecot(OTHER, more="imap_capability = IMAP4rev1 UIDPLUS") as running:
        server = Server("127.0.0.1", running.port, "none", running.account, running.password, "Quarantine")
        running.deliver(OTHER, mail(BAD), "9")
        outcome = quarantine(server, OTHER, [BAD])
        assert running.mails(OTHER) == []
        restore(server, OTHER, outcome.moved)
        assert running.mails(OTHER) == [mail(BAD)]


def test_who_may_not_or_is_not_there_is_told(running, server):
    wrong = Server("127.0.0.1", running.port, "none", running.account, "wrong", "Quarantine")
    with pytest.raises(ResponseError, match="user01"):
        quarantine(wrong, USER, [BAD])
    with pytest.raises(ResponseError, match="nobody"):
        quarantine(server, "nobody@corp.example", [BAD])
    with pytest.raises(ResponseError):
        quarantine(Server("127.0.0.1", 1, "none", "a", "b", "Q"), USER, [BAD])
    with pytest.raises(ResponseError, match="is no mailbox"):
        quarantine(server, "user\0x", [BAD])


def test_passwords_do_not_go_over_the_network_in_the_clear():
    for host in ("192.0.2.1", "mail.corp.example"):
        with pytest.raises(ResponseError, match="without TLS"):
            quarantine(Server(host, 143, "none", "a", "b", "Q"), USER, [BAD])


def test_the_dry_run_names_everything_but_the_password():
    text = told(Server("mail.example", 993, "tls", "warden", "secret", "Quarantine"), USER, [BAD])[0]
    assert "secret" not in text
    for part in ("mail.example:993", USER, BAD, "Quarantine"):
        assert part in text
