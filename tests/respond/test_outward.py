import pytest

from sekisho.model.errors import ResponseError
from sekisho.respond.outward import Request, allowed, check, reachable, send, sent
from tests.listener import listening

HERE = allowed(["127.0.0.1"], ["127.0.0.0/8"])


def test_a_request_goes_out_as_it_was_built_and_the_answer_comes_back():
    with listening() as listener:
        listener.answers["POST /hook"] = (201, {"id": 7})
        answer = sent(Request("POST", f"{listener.url}/hook?a=1", (("x-one", "1"),), b"body"), HERE)
        method, path, headers, body = listener.asked[0]
    assert (answer.status, answer.document()) == (201, {"id": 7})
    assert (method, path, headers["x-one"], body) == ("POST", "/hook?a=1", "1", b"body")


def test_only_listed_hosts_are_asked():
    with listening() as listener:
        for hosts in ([], ["localhost"], ["127.0.0.1.example"]):
            with pytest.raises(ResponseError, match="not among the allowed"):
                send(Request("GET", listener.url), allowed(hosts, ["127.0.0.0/8"]))
    assert not listener.asked


def test_private_addresses_are_asked_only_when_their_network_is_listed():
    with listening() as listener:
        with pytest.raises(ResponseError, match="private address"):
            send(Request("GET", listener.url), allowed(["127.0.0.1"]))
        with pytest.raises(ResponseError, match="private address"):
            send(Request("GET", listener.url.replace("127.0.0.1", "localhost")), allowed(["localhost"], ["10.0.0.0/8"]))
    assert not listener.asked
    for host in ("10.0.0.1", "169.254.169.254", "::1", "192.0.2.1", "0.0.0.0", "::ffff:127.0.0.1", "100.64.0.1"):
        with pytest.raises(ResponseError, match="private address"):
            reachable(host, 443, allowed([host]))


def test_plain_http_goes_only_into_listed_networks():
    with pytest.raises(ResponseError, match="only HTTPS"):
        send(Request("GET", "http://8.8.8.8/"), allowed(["8.8.8.8"]))


def test_redirects_are_not_followed():
    with listening() as listener:
        listener.answer = lambda *_: (302, {"location": f"{listener.url}/elsewhere"}, {})
        with pytest.raises(ResponseError, match="answered 302"):
            sent(Request("GET", f"{listener.url}/first"), HERE)
        assert [path for _, path, _, _ in listener.asked] == ["/first"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/x",
        "http://",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx: y",
        "http://127.0.0.1/é",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(ResponseError):
        check(url, HERE)


def test_who_does_not_answer_is_named():
    with listening() as listener:
        url = listener.url
    with pytest.raises(ResponseError, match=r"127\.0\.0\.1: does not answer"):
        send(Request("GET", url), HERE)


def test_what_was_wrong_is_told_in_the_server_s_words():
    with listening() as listener:
        listener.answers["GET /"] = (403, {"error": {"message": "Access is denied"}})
        with pytest.raises(ResponseError, match="answered 403: Access is denied"):
            sent(Request("GET", listener.url), HERE)


def test_secrets_are_not_told():
    told = Request(
        "POST", "https://a.example/", (("Authorization", "Bearer s3cret"),), b"pass=s3cret", secret=True
    ).told()
    assert "s3cret" not in told
    assert told.startswith("POST https://a.example/\nAuthorization: ***")


def test_networks_that_are_none_are_refused():
    with pytest.raises(ResponseError, match="no network"):
        allowed([], ["10.0.0.0/33"])
