PASSWORD = "a long enough one"


def test_accounts_are_made_and_changed(desk, people, browser):
    client = browser("admin")
    made = {"name": "suzuki", "role": "analyst", "password": PASSWORD}
    assert client.post("/api/v1/accounts", json=made).status_code == 201
    assert client.post("/api/v1/accounts", json=made).status_code == 400
    assert client.patch("/api/v1/accounts/suzuki", json={"role": "viewer", "disabled": True}).status_code == 204
    (row,) = [one for one in client.get("/api/v1/accounts").json() if one["name"] == "suzuki"]
    assert (row["role"], row["disabled"], row["password"]) == ("viewer", 1, 1)
    assert client.patch("/api/v1/accounts/nobody", json={}).status_code == 404
    assert client.patch("/api/v1/accounts/admin", json={"role": "viewer"}).status_code == 400
    for changed in ({"password": "short"}, {"password": "", "email": ""}, {"name": "a b"}, {"role": "root"}):
        assert client.post("/api/v1/accounts", json={**made, "name": "x", **changed}).status_code in (400, 422)
    half = b'{"name":"y","role":"viewer","password":"\\ud800aaaaaaaaaaaa"}'
    head = {"content-type": "application/json"}
    assert client.post("/api/v1/accounts", content=half, headers=head).status_code in (400, 422)


def test_a_token_does_what_its_scopes_say_and_makes_no_other(desk, people, browser):
    client = browser("admin")
    made = client.post("/api/v1/account/tokens", json={"name": "n", "scopes": ["read"], "days": 1}).json()
    program = browser("viewer")
    program.cookies.clear()
    program.headers["authorization"] = f"Bearer {made['secret']}"
    assert program.get("/api/v1/account").json()["scopes"] == ["read"]
    assert program.get("/api/v1/accounts").status_code == 403
    assert program.post("/api/v1/account/tokens", json={"name": "n", "scopes": ["admin"]}).status_code == 403
    assert made["secret"] not in client.get("/api/v1/account").text
    assert client.delete(f"/api/v1/account/tokens/{made['id']}").status_code == 204
    assert client.delete(f"/api/v1/account/tokens/{made['id']}").status_code == 404
    assert program.get("/api/v1/account").status_code == 401
