"""Dovecot's lines, from 1.x to 2.4, in syslog and in its own files."""

import pytest

from .lines import events, one, told

HEAD = "Nov 28 10:00:00 mail dovecot: "


@pytest.mark.parametrize(
    ("line", "user", "result"),
    [
        ("imap-login: Login: user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, mpid=2, TLS, session=<S1>", "sato", "success"),
        ("imap-login: Disconnected (auth failed, 1 attempts): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1", "sato", "failure"),
        ("imap-login: Disconnected: Inactivity (auth failed, 2 attempts in 9 secs): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, TLS: Connection closed, session=<S>", "sato", "failure"),
        ("imap-login: Aborted login (auth failed, 1 attempts): rip=192.0.2.4, lip=10.0.0.1, TLS", "", "failure"),
        ("imap-login: Login aborted: Connection closed (auth failed, 3 attempts in 16 secs) (auth_failed): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, TLS, session=<S>", "sato", "failure"),
        ("imap-login: Login aborted: Logged out (no auth attempts in 0 secs) (no_auth_attempts): user=<>, rip=192.0.2.4, lip=10.0.0.1", "", "aborted"),
        ("imap-login: Disconnected (client didn't finish SASL auth, waited 0 secs): user=<>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1", "", "aborted"),
        ("pop3-login: Aborted login (tried to use disallowed plaintext auth): user=<sato>, rip=192.0.2.4, lip=10.0.0.1", "sato", "failure"),
        ("imap-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1", "sato", "error"),
        ("auth: sql(sato,192.0.2.4): Password mismatch", "sato", "failure"),
        ("auth: passwd-file(sato,192.0.2.4,<S1>): unknown user (SHA1 of given password: 7c4a8d)", "sato", "failure"),
        ("auth-worker(304): pam(sato,192.0.2.4): pam_authenticate() failed: Authentication failure (password mismatch?)", "sato", "failure"),
        ("auth-worker(1): conn unix:auth-worker (pid=2,uid=107): auth-worker<26>: sql(sato,192.0.2.4): unknown user", "sato", "failure"),
        ("auth(default): pam(sato,192.0.2.4): pam_authenticate() failed: User not known to the underlying authentication module: 2 Time(s)", "sato", "failure"),
        ("auth(sato,192.0.2.4,sasl:login)<S1>: sql: Password mismatch (given password: x)", "sato", "failure"),
        ("auth: login(?,192.0.2.4): Username character disallowed by auth_username_chars: 0x2c (username: a,b)", "", "failure"),
        ("auth-worker(4): pam(sato,192.0.2.4,<S1>): pam_authenticate() failed: Permission denied", "sato", "failure"),
        ("imap-login: Aborted login by logging out (auth failed, 1 attempts in 2 secs): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1", "sato", "failure"),
        ("auth: ldap(sato,192.0.2.4): Connection appears to be hanging, reconnecting (error)", "sato", "error"),
    ],
)  # fmt: skip
def test_logins_of_every_form(line, user, result):
    event = one(HEAD + line)
    assert told(event, "src_ip", "result") == ("authentication", user, "192.0.2.4", result)
    assert event.logsource.product == "imap"


@pytest.mark.parametrize(
    "line",
    [
        "Nov 28 10:00:00 imap-login: Info: Disconnected (auth failed, 1 attempts): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1",
        "2024-11-28 10:00:00 imap-login: Info: Disconnected (auth failed, 1 attempts): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1",
        "@40000000674841aa077a9e94 imap-login: Info: Disconnected (auth failed, 1 attempts): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1",
        "Nov 28 10:00:00 mail dovecot[442]: dovecot: auth(default): pam(sato,192.0.2.4): pam_authenticate() failed: Authentication failure",
        "Nov 28 10:00:00 auth: Info: ldap(sato,192.0.2.4,): invalid credentials",
        "Nov 28 10:00:00 auth-worker(4): Info: conn unix:auth-worker (pid=1,uid=1): auth-worker<1>: sql(sato,192.0.2.4): unknown user",
        "Nov 28 10:00:00 auth(sato,192.0.2.4,sasl:login)<S>: Info: sql: Password mismatch",
        "Nov 28 10:00:00 mail dovecot-auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=sato rhost=::ffff:192.0.2.4",
        "Nov 28 10:00:00 mail auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=x rhost=192.0.2.4  user=sato",
    ],
)
def test_files_of_its_own_and_other_names_in_syslog(line):
    event = one(line)
    assert told(event, "src_ip", "result") == ("authentication", "sato", "192.0.2.4", "failure")
    assert event.fields["account"] == "sato"
    assert event.logsource.service == "dovecot"


def test_what_one_attempt_says_twice_can_be_told_apart():
    first, second = events(
        f"{HEAD}auth-worker(a@corp.example,192.0.2.4)<41>: request [12]: sql: Password mismatch\n"
        f"{HEAD}imap-login: Disconnected (auth failed, 3 attempts): user=<a@corp.example>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1\n"
    )
    assert (first.fields["stage"], "stage" in second.fields, second.fields["attempts"]) == ("worker", False, 3)
    assert second.fields["account"] == "a"


def test_a_session_has_the_address_of_its_login():
    _, session, later = events(
        f"{HEAD}imap-login: Login: user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, mpid=2, TLS, session=<S1>\n"
        f"{HEAD}imap(sato)<2><S1>: Disconnected: Logged out in=68 out=1066 deleted=1 expunged=2 trashed=0 hdr_count=9 hdr_bytes=8 body_count=700 body_bytes=9000\n"
        f"{HEAD}imap(sato)<2><S1>: Connection closed (UID FETCH finished 0.1 secs ago) in=1 out=2\n"
    )
    assert told(session, "src_ip", "fetched", "fetched_bytes", "out_bytes", "expunged") == (
        "session", "sato", "192.0.2.4", 700, 9000, 1066, 2,
    )  # fmt: skip
    assert "src_ip" not in later.fields  # the session is over


def test_other_statistics():
    pop3, old, change = events(
        f"{HEAD}pop3(sato)<2><S>: Disconnected: Logged out top=0/0, retr=3/4567, del=1/3, size=4567\n"
        f"{HEAD}imap(sato): Connection closed bytes=12/3456\n"
        f"{HEAD}imap(sato)<2><S>: copy from INBOX: box=Trash, uid=3, msgid=<a@b>, size=55\n"
    )
    assert told(pop3, "fetched", "fetched_bytes", "deleted") == ("session", "sato", 3, 4567, 1)
    assert told(old, "in_bytes", "out_bytes") == ("session", "sato", 12, 3456)
    assert told(change, "action", "folder") == ("mailbox", "sato", "copy", "Trash")


def test_mails_stored_and_forwarded():
    stored, forwarded = events(
        f"{HEAD}lmtp(sato)<1><x>: msgid=<1@partner.example>: saved mail to INBOX\n"
        f"{HEAD}lmtp(sato)<1><x>: sieve: msgid=<1@partner.example>: forwarded to <out@free.example>\n"
    )
    assert told(stored, "status", "message_id", "recipient") == (
        "mailflow",
        "sato",
        "stored",
        "1@partner.example",
        "sato",
    )
    assert told(forwarded, "status", "recipient") == ("mailflow", "sato", "forwarded", "out@free.example")


@pytest.mark.parametrize(
    "name",
    [
        "x>, method=PLAIN, rip=198.51.100.9, lip=10.0.0.1",
        "x>, rip=198.51.100.9, lip=10.0.0.1, session=<S",
        "x, rip=198.51.100.9",
        "a): user=<b>, method=PLAIN, rip=198.51.100.9, lip=1.1.1.1",
    ],
)
def test_a_user_name_forges_no_address(name):
    line = f"imap-login: Disconnected (auth failed, 1 attempts): user=<{name}>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, TLS, session=<S2>"
    assert told(one(HEAD + line), "src_ip", "session") == ("authentication", name, "192.0.2.4", "S2")


@pytest.mark.parametrize("name", ["x,198.51.100.9): unknown user", "x,198.51.100.9,<S>): Password mismatch", "a(b,c"])
def test_nor_does_it_where_the_backend_speaks(name):
    assert told(one(f"{HEAD}auth: sql({name},192.0.2.4,<S1>): unknown user"), "src_ip") == (
        "authentication",
        name,
        "192.0.2.4",
    )


def test_nor_does_a_password():
    line = f"{HEAD}auth: sql(sato,192.0.2.4): unknown user (given password: y,198.51.100.9): unknown user)"
    assert told(one(line), "src_ip", "reason") == ("authentication", "sato", "192.0.2.4", "unknown user")


def test_nor_does_a_name_with_blanks_become_host_and_program():
    event = one("Nov 28 10:00:00 auth(root sshd[1]: x,192.0.2.4,sasl:login)<S>: Info: sql: Password mismatch")
    assert (event.host, event.fields["src_ip"], event.user) == ("", "192.0.2.4", "root sshd[1]: x")


def test_logins_of_one_hour_repeat_the_first():
    line = "Nov 28 {} mail dovecot: imap-login: Login: user=<{}>, method=PLAIN, rip={}, lip=10.0.0.1, mpid=2, TLS, session=<S>"
    seen = (
        ("10:00:00", "sato", "192.0.2.4"), ("10:10:00", "sato", "192.0.2.4"), ("10:10:00", "sato", "192.0.2.5"),
        ("10:20:00", "mori", "192.0.2.4"), ("11:00:00", "sato@corp.example", "192.0.2.4"),
    )  # fmt: skip
    found = events("\n".join(line.format(*one) for one in seen))
    assert [one.fields.get("repeat") for one in found] == [None, "true", None, None, None]
