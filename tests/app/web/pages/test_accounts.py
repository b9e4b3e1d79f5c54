from sekisho.app.console.audit import Actor
from sekisho.app.web.access import COOKIE

ADMIN = Actor("admin")
PASSWORD = "correct horse battery"
NEW = "another long password"


def test_the_first_account_is_an_administrator_s_and_ends_the_first_key(desk, browser):
    client = browser()
    assert "local" in client.get("/settings/accounts").text
    assert client.post("/settings/accounts", data={"name": "a", "role": "viewer", "password": NEW}).status_code == 400
    assert (
        client.post("/settings/accounts", data={"name": "a", "role": "admin", "email": "a@b.example"}).status_code
        == 400
    )
    answer = client.post("/settings/accounts", data={"name": "root", "role": "admin", "password": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.get("/settings/accounts").status_code == 303
    answer = client.post("/login", data={"name": "root", "password": NEW})
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=")


def test_accounts_are_changed_and_disabled(desk, people, browser):
    client, other = browser("admin"), browser("viewer")
    assert client.post("/settings/accounts/viewer", data={"role": "analyst", "disabled": "no"}).status_code == 303
    assert other.get("/").status_code == 303  # a new role, a new session
    assert client.post("/settings/accounts/viewer", data={"disabled": "yes"}).status_code == 303
    assert client.post("/settings/accounts/nobody", data={"disabled": "yes"}).status_code == 400
    answer = client.post("/settings/accounts/admin", data={"role": "viewer"})
    assert answer.status_code == 400
    assert "last administrator" in answer.text
    row = desk.database.one("SELECT role, disabled FROM accounts WHERE name = 'viewer'")
    assert tuple(row) == ("analyst", 1)


def test_one_s_own_password(desk, people, browser):
    client = browser("viewer")
    for before, after, again in (("wrong", NEW, NEW), (PASSWORD, NEW, "other"), (PASSWORD, "short", "short")):
        given = {"before": before, "after": after, "again": again}
        assert client.post("/account/password", data=given).status_code == 400
    given = {"before": PASSWORD, "after": NEW, "again": NEW}
    assert client.post("/account/password", data=given).status_code == 303
    assert client.get("/account").status_code == 303
    assert desk.accounts.check("viewer", NEW)


def test_tokens_are_shown_once_and_ended(desk, people, browser):
    client = browser("viewer")
    page = client.post("/account/tokens", data={"name": "<b>x</b>", "days": "5", "scope": ["read", "feed"]}).text
    secret = page.partition('<code class="wrap">')[2].partition("<")[0]
    assert desk.accounts.bearer(secret, "").scopes == {"read", "feed"}
    page = client.get("/account").text
    assert secret not in page
    assert "<b>x" not in page
    key = desk.database.one("SELECT id FROM tokens")["id"]
    assert browser("admin").post(f"/account/tokens/{key}/end").status_code == 400  # not theirs
    assert client.post(f"/account/tokens/{key}/end").status_code == 303
    assert desk.accounts.bearer(secret, "") is None
    assert client.post("/account/tokens", data={"name": "n", "days": "5"}).status_code == 400


def test_a_token_cannot_change_what_an_account_is_opened_with(desk, people, browser):
    from sekisho.app.console.audit import SYSTEM

    _, secret = desk.accounts.make_token("admin", "n", frozenset({"admin"}), 5, SYSTEM)
    client = browser("viewer")
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {secret}"
    given = {"before": PASSWORD, "after": NEW, "again": NEW}
    assert client.post("/account/password", data=given).status_code == 403
    assert client.post("/account/tokens", data={"name": "n", "days": "5", "scope": "admin"}).status_code == 403


def test_other_sessions_end(desk, people, browser):
    one, two = browser("analyst"), browser("analyst")
    assert one.post("/account/sessions/end").status_code == 303
    assert one.get("/account").status_code == 200
    assert two.get("/account").status_code == 303


def test_refusals_are_told_in_the_reader_s_language(desk, people, browser):
    client = browser("admin")
    client.cookies.set("sekisho_look", "ja|auto|UTC")
    answer = client.post("/settings/accounts/admin", data={"role": "viewer"})
    assert "admin: 最後の管理者です" in answer.text
    key = desk.response.propose("block", "lists", [("domain", "evil.example")], ADMIN)
    desk.response.refuse(key, ADMIN)
    assert "この手段では取り消せません" in client.post(f"/actions/{key}/undo").text
