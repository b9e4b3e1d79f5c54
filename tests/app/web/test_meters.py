from sekisho.app.console.audit import SYSTEM


def test_what_is_measured_is_told_to_who_may_look(desk, people, browser):
    client = browser("viewer")
    client.get("/incidents")
    client.get("/cases/c000000000000")
    client.get("/nowhere/at/all")
    client.cookies.clear()
    assert client.get("/api/v1/metrics").status_code == 401
    _, token = desk.accounts.make_token("viewer", "prometheus", frozenset({"read"}), 1, SYSTEM)
    told = client.get("/api/v1/metrics", headers={"authorization": f"Bearer {token}"}).text
    assert 'sekisho_incidents{severity="critical",state="new"} 1.0' in told
    assert 'sekisho_request_seconds_count{method="GET",route="/cases/{case_id}",status="404"} 1.0' in told
    assert "/nowhere" not in told
    assert "sekisho_disk_free_bytes" in told
