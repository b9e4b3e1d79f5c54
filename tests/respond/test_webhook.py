import hashlib
import hmac

from sekisho.respond.webhook import build, genuine

AT = 1_700_000_000


def sent(document=None, key="k", nonce="n1"):
    request = build("https://hook.example/in", document or {"b": 2, "a": "é"}, key, AT, nonce)
    return request, dict(request.headers)


def test_the_signature_covers_time_nonce_and_body():
    request, headers = sent()
    expected = hmac.new(b"k", b"1700000000.n1." + request.body, hashlib.sha256).hexdigest()
    assert headers["x-sekisho-signature"] == f"v1={expected}"
    assert request.body == '{"a":"é","b":2}'.encode()


def test_a_receiver_believes_what_is_fresh_and_whole():
    request, headers = sent()
    assert genuine("k", headers, request.body, AT + 299)
    assert not genuine("k", headers, request.body, AT + 301)
    assert not genuine("k", headers, request.body, AT - 301)
    assert not genuine("other", headers, request.body, AT)
    assert not genuine("k", headers, request.body + b" ", AT)
    for name, value in (("timestamp", str(AT + 1)), ("nonce", "n2"), ("signature", "v1="), ("timestamp", "x")):
        assert not genuine("k", {**headers, f"x-sekisho-{name}": value}, request.body, AT)
    assert not genuine("k", {}, request.body, AT)
