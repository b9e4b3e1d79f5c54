def test_the_log_is_given_page_by_page_and_checked(desk, people, browser):
    client = browser("admin")
    first = client.get("/api/v1/audit?limit=3").json()
    assert [one["action"] for one in first] == ["session.begin", "account.add", "account.add"]
    assert first[1]["detail"]["role"] == "admin"
    rest = client.get(f"/api/v1/audit?limit=2&before={first[-1]['number']}").json()
    assert rest[0]["number"] == first[-1]["number"] - 1
    assert {one["action"] for one in client.get("/api/v1/audit?action=account").json()} == {"account.add"}
    assert client.get("/api/v1/audit?target=viewer").json()[0]["action"] == "account.add"
    assert client.get("/api/v1/audit/chain").json()["whole"] is True
    desk.database.base.execute("UPDATE audit SET who = 'nobody' WHERE number = 3")
    assert client.get("/api/v1/audit/chain").json()["broken_at"] == 3
    assert client.get("/api/v1/audit", params={"who": "a\x00"}).json() == []
    assert browser("responder").get("/api/v1/audit").status_code == 403
