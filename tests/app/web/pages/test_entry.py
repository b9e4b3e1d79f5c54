import pytest

from sekisho.app.web.access import COOKIE
from sekisho.app.web.pages.entry import TRIES, local

PASSWORD = "correct horse battery"


def test_the_first_key_opens_a_console_without_accounts_only(desk, browser):
    client = browser()
    client.cookies.clear()
    assert client.get("/start", params={"key": "wrong"}).status_code in (303, 401)
    assert COOKIE not in client.cookies
    answer = client.get("/start", params={"key": desk.key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").status_code == 200


def test_the_first_key_opens_nothing_once_there_are_accounts(desk, people, browser):
    client = browser("admin")
    client.cookies.clear()
    client.get("/start", params={"key": desk.key})
    assert COOKIE not in client.cookies


def test_a_password_signs_in_and_out(desk, people, browser):
    client = browser("viewer")
    client.cookies.clear()
    answer = client.post("/login", data={"name": "analyst", "password": PASSWORD, "next": "/incidents"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
    page = client.get("/")
    assert page.status_code == 200
    csrf = page.text.partition('name="csrf" content="')[2].partition('"')[0]
    assert client.post("/logout", data={"csrf": csrf}, headers={"x-csrf-token": ""}).status_code == 303
    assert client.get("/").status_code == 303


def test_who_guesses_waits(desk, people, browser):
    client = browser("viewer")
    client.cookies.clear()
    statuses = [
        client.post("/login", data={"name": "admin", "password": f"guess {n}"}).status_code for n in range(TRIES + 2)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert desk.database.count("SELECT count(*) FROM audit WHERE action = 'session.refuse'") == TRIES


@pytest.mark.parametrize(
    ("asked", "led"),
    [("/incidents", "/incidents"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"), ("", "/")],
)
def test_nobody_is_led_elsewhere(asked, led):
    assert local(asked) == led


def test_a_look_is_kept(browser):
    client = browser()
    answer = client.post("/look", data={"language": "ja", "theme": "dark", "zone": "Asia/Tokyo", "next": "/cases"})
    assert answer.headers["location"] == "/cases"
    page = client.get("/cases").text
    assert '<html lang="ja" data-theme="dark">' in page
    assert "証拠" in page
