import pytest
from starlette.testclient import TestClient

from sekisho.app.web import guard
from sekisho.app.web.guard import BODY_BYTES, INERT, POLICY, host_of, is_loopback
from sekisho.app.web.server import create


def test_every_answer_carries_what_keeps_hostile_mail_inert(browser):
    client = browser()
    for path in ("/", "/login", "/nowhere", "/api/v1/health", "/api/v1/nowhere", "/static/console.css"):
        answer = client.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"], path
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert "sandbox" in INERT
    assert "script-src" not in INERT
    assert "frame-ancestors 'none'" in POLICY


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8765", "[::2]:8765"]
)
def test_other_names_are_not_answered(browser, host):
    assert browser().get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:1", "LOCALHOST", "[::1]:8765"])
def test_its_own_names_are(browser, host):
    assert browser().get("/api/v1/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}, 201),
        ({}, 201),
    ],
)
def test_other_sites_change_nothing(browser, headers, status):
    assert browser().post("/api/v1/cases", json={"name": "x"}, headers=headers).status_code == status


def test_a_body_that_is_too_large_is_not_read(browser):
    client = browser()
    assert client.post("/api/v1/search", content=b"x" * (BODY_BYTES + 1)).status_code == 413

    def endless():
        for _ in range(BODY_BYTES // 65536 + 2):
            yield b"x" * 65536

    answer = client.post("/login", content=endless(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (400, 413)


def test_who_asks_too_much_waits(desk, monkeypatch):
    monkeypatch.setattr(guard, "REQUESTS_BURST", 3)
    monkeypatch.setattr(guard, "REQUESTS_PER_S", 0.001)
    with TestClient(create(desk), base_url="http://127.0.0.1:8765") as client:
        statuses = [client.get("/api/v1/health").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert client.get("/static/console.css").status_code == 200


@pytest.mark.parametrize(
    ("header", "host"),
    [("a.example:80", "a.example"), ("A.example", "a.example"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("", "")],
)
def test_a_host_is_its_header_without_port(header, host):
    assert host_of(header) == host


def test_loopback():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.0.2.1", "::", "soc.example", "")))
