"""The listed fields are those that the readers give."""

from sekisho.model.event import Logsource
from sekisho.normalize.mailservers import FIELDS

from .lines import events

LINES = """
Nov 28 10:00:00 mail dovecot: imap-login: Login: user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, mpid=2, TLS, session=<S1>
Nov 28 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 2 attempts): user=<sato>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1
Nov 28 10:00:00 mail dovecot: auth: sql(sato,192.0.2.4,<S1>): unknown user
Nov 28 10:00:00 mail dovecot: imap(sato)<2><S1>: copy from INBOX: box=Trash, uid=3, msgid=<a@b>, size=55
Nov 28 10:00:00 mail dovecot: imap(sato)<2><S1>: Logged out in=1 out=2 deleted=0 expunged=0 trashed=0 hdr_count=1 hdr_bytes=1 body_count=1 body_bytes=1
Nov 28 10:00:00 mail dovecot: lmtp(sato)<1><x>: msgid=<1@b.example>: saved mail to INBOX
Nov 28 10:00:00 mail imapd: LOGOUT, user=sato, ip=[192.0.2.4], headers=10, body=99, rcvd=12, sent=3456, time=7
Nov 28 10:00:00 mx postfix/smtpd[1]: 4ABCDEF012: client=pc[203.0.113.9], sasl_method=LOGIN, sasl_username=sato
Nov 28 10:00:00 mx postfix/cleanup[1]: 4ABCDEF012: message-id=<1@corp.example>
Nov 28 10:00:00 mx postfix/qmgr[1]: 4ABCDEF012: from=<sato@corp.example>, size=1, nrcpt=1 (queue active)
Nov 28 10:00:00 mx postfix/smtp[1]: 4ABCDEF012: to=<a@b.example>, orig_to=<c@d>, relay=x[198.51.100.3]:25, delay=0.5, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)
Nov 28 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[192.0.2.4]: 550 5.1.1 <x>: no; from=<a> to=<x> proto=SMTP helo=<h>
Nov 28 10:00:00 mx postfix/smtpd[1]: disconnect from h[192.0.2.4] auth=0/1 commands=0/1
Nov 28 10:00:00 mx postfix/smtpd[1]: improper command pipelining after DATA from h[192.0.2.4]: QUIT
2024-11-28 10:00:00 plain authenticator failed for h.example (pc) [192.0.2.4]: 535 Incorrect authentication data (set_id=a)
2024-11-28 10:00:00 1rKabc-000001-AB <= a@b.example H=h (x) [192.0.2.4] P=esmtpa A=p:u S=1 id=1@b T="t" for c@d
2024-11-28 10:00:00 1rKabc-000001-AB => c@d R=r T=t H=m [198.51.100.3] C="ok"
2024-11-28 10:00:00 H=h (x) [192.0.2.4] F=<a@b> rejected RCPT <c@d>: no
Nov 28 10:00:00 mx sm-mta[1]: s1GNXHYB005133: ruleset=check_rcpt, arg1=<x@y>, relay=h [192.0.2.4], reject=550 5.7.1 no
"""


def test_every_field_is_listed():
    seen = set()
    for event in events(LINES):
        kind = Logsource(event.logsource.product, event.logsource.category)
        seen.add(kind)
        assert set(event.fields) <= set(FIELDS[kind]), kind
    assert seen == set(FIELDS) - {Logsource("email", "mailserver")}
