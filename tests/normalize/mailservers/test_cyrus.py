"""Lines of Cyrus IMAP and saslauthd."""

import pytest

from .lines import one, told

HEAD = "Nov 28 10:00:00 mail "


@pytest.mark.parametrize(
    ("text", "user", "result"),
    [
        ("cyrus/imap[5]: badlogin: h.example [192.0.2.4] plaintext sato SASL(-13): user not found: checkpass failed", "sato", "failure"),
        ("cyrus/imaps[5]: badlogin: h.example [192.0.2.4] plain [SASL(-13): user not found: user: sato@mail property: cmusaslsecretPLAIN not found in sasldb]", "sato@mail", "failure"),
        ("imapd[5]: badlogin: h.example[192.0.2.4] CRAM-MD5 [SASL(-13): authentication failure: incorrect digest response]", "", "failure"),
        ("pop3s[5]: badlogin: [192.0.2.4] plaintext a [198.51.100.9] plaintext b SASL(-13): authentication failure: checkpass failed", "a [198.51.100.9] plaintext b", "failure"),
        ("imap[5]: badlogin: [192.0.2.4] plaintext sato SASL(-1): generic failure: cannot connect to saslauthd server", "sato", "error"),
        ("imap[5]: badlogin: [192.0.2.4] PLAIN [SASL(-5): bad protocol / cancel: Bad base64]", "", "aborted"),
        ("imap[5]: badlogin: [192.0.2.4] PLAIN [SASL(-20): user not found]", "", "failure"),
        ("imaps[5]: login: h.example [192.0.2.4] sato plaintext+TLS User logged in SESSIONID=<mail-1>", "sato", "success"),
    ],
)  # fmt: skip
def test_logins(text, user, result):
    assert told(one(HEAD + text), "src_ip", "result") == ("authentication", user, "192.0.2.4", result)


def test_saslauthd_knows_no_address():
    event = one(
        f"{HEAD}saslauthd[5]: do_auth         : auth failure: [user=sato] [service=smtp] [realm=corp.example] [mech=pam] [reason=PAM auth error]"
    )
    assert told(event, "protocol", "stage", "src_ip") == (
        "authentication",
        "sato@corp.example",
        "smtp",
        "backend",
        None,
    )
