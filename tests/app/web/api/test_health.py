def test_anybody_may_ask_whether_the_console_is_well(browser):
    client = browser()
    client.cookies.clear()
    told = client.get("/api/v1/health").json()
    assert told["well"] is True
    assert told["jobs_waiting"] == 0
