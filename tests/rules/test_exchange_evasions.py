"""ProxyShell and ProxyLogon in every spelling, from the line of the web server's log to the finding."""

import random

import pytest

from sekisho.app import ruleset
from sekisho.normalize import records
from sekisho.sources.extended import read

HEAD = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) sc-status\n"
AUTODISCOVER = "/autodiscover/autodiscover.json"
PROXYSHELL = (
    (AUTODISCOVER, "@x.example/mapi/nspi/?&Email=autodiscover/autodiscover.json%3f@x.example"),
    (AUTODISCOVER, "@x.example/powershell/?X-Rps-CAT=VgEA&Email=autodiscover/autodiscover.json%3F@x.example"),
    (AUTODISCOVER, "a=k@x.example/EWS/exchange.asmx"),
    (AUTODISCOVER, "%40x.example/%65ws/exchange.asmx"),
    (AUTODISCOVER, "%2540x.example/%256dapi/nspi/"),
    ("/Autodiscover/AUTODISCOVER.json", "@x.example/PowerShell/"),
    ("/autodiscover/autodiscover.json%3f@x.example/mapi/nspi", "-"),
    ("/autodiscover//autodiscover.json", "@x.example/mapi/nspi"),
    ("/autodiscover/%61utodiscover.json", "%u0040x.example/mapi/nspi"),
    ("/autodiscover/autodiscover.json/a@x.example/powershell/", "-"),
)
LEGACY_NAME = "a=k@x.example/autodiscover/autodiscover.xml"
HONEST = (
    (AUTODISCOVER, "Email=user01%40corp.example&Protocol=EWS&RedirectCount=1"),
    (AUTODISCOVER, "Email=mapi@ews.example&Protocol=AutodiscoverV1"),
    (AUTODISCOVER, "Email=autodiscover@corp.example&Protocol=AutodiscoverV1&RedirectCount=2"),
    (AUTODISCOVER + "/v1.0/user01@corp.example", "Protocol=Powershell"),
    ("/autodiscover/autodiscover.xml", "-"),
    ("/mapi/emsmdb/", "MailboxId=5f@corp.example"),
    ("/powershell", "clientApplication=ManagementShell;PSVersion=5.1"),
    ("/EWS/Exchange.asmx", "-"),
)


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


def found(rules, tmp_path, *rows):
    """Give titles and levels of what one log holds, row by row."""
    path = tmp_path / "u_ex.log"
    path.write_text(HEAD + "".join(f"2021-11-09 01:00:00 192.0.2.1 {row}\n" for row in rows))
    return [
        {(one.title, one.level) for one in rules.match(event)} for event in records.normalize(read(path), "u_ex.log")
    ]


def row(stem, query, status, method="POST", agent="Mozilla/5.0", cookie="-"):
    return f"{method} {stem} {query} 443 - 203.0.113.77 {agent} {cookie} {status}"


@pytest.mark.parametrize(("stem", "query"), PROXYSHELL)
def test_each_spelling_is_told_as_success_or_attempt(stem, query, rules, tmp_path):
    success, attempt, missing = found(rules, tmp_path, *(row(stem, query, status) for status in (200, 401, 404)))
    assert "critical" in {level for _, level in success}
    assert {level for _, level in attempt} == {level for _, level in missing} == {"low"}


@pytest.mark.parametrize(("stem", "query"), HONEST)
@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_honest_requests_are_nothing(stem, query, status, rules, tmp_path):
    assert found(rules, tmp_path, row(stem, query, status, "GET")) == [set()]
    assert found(rules, tmp_path, row(stem, query, status, "POST")) == [set()]


def test_the_first_step_of_the_tools_asks_for_the_name_of_a_mailbox(rules, tmp_path):
    answered, refused = found(rules, tmp_path, *(row(AUTODISCOVER, LEGACY_NAME, status) for status in (200, 401)))
    assert {level for _, level in answered} == {"high"}
    assert {level for _, level in refused} == {"low"}


def test_the_address_in_a_cookie(rules, tmp_path):
    cookie = "Email=autodiscover/autodiscover.json%3Fa@x.example"
    (attempt,) = found(rules, tmp_path, row(AUTODISCOVER, "a=x", 401, cookie=cookie))
    assert {level for _, level in attempt} == {"low"}


def test_proxylogon_with_its_cookie(rules, tmp_path):
    cookie = "X-BEResource=a]@mbx01.corp.example:444/mapi/emsmdb/?#~1941962753"
    success, attempt = (
        found(rules, tmp_path, row("/ecp/y.js", "-", status, cookie=cookie))[0] for status in (241, 404)
    )
    assert ("Static File of Exchange Answered a POST", "high") in success
    assert ("Attempt to Send Data to a Static File of Exchange", "low") in attempt
    assert ("Cookie Names Exchange's Back End and a Path", "high") in success
    assert {level for _, level in attempt} == {"low"}


def test_letters_encoded_at_random_hide_nothing(rules, tmp_path):
    dice = random.Random(11)

    def hidden(text):
        out = []
        for letter in text:
            code = f"%{ord(letter):02{dice.choice('xX')}}"
            out.append(dice.choice((letter, letter.upper(), code, code.replace("%", "%25"))))
        return "".join(out)

    rows = [row(AUTODISCOVER, hidden("@x.example/mapi/nspi/"), 200, "GET") for _ in range(200)]
    told = found(rules, tmp_path, *rows)
    assert len(told) == 200
    assert all("critical" in {level for _, level in one} for one in told)
