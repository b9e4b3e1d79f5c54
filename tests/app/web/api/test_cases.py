def test_a_case_is_made_filled_and_investigated(desk, browser):
    client = browser()
    key = client.post("/api/v1/cases", json={"name": "朝のメール"}).json()["id"]
    mail = "From: a@one.example\nSubject: 件名\n\nx\n".encode()
    first = client.post(f"/api/v1/cases/{key}/files", params={"path": "inbox/a.eml"}, content=mail)
    again = client.post(f"/api/v1/cases/{key}/files", params={"path": "b.eml"}, content=mail)
    assert (first.status_code, first.json()["new"], first.json()["bytes"]) == (201, True, len(mail))
    assert (again.json()["path"], again.json()["new"]) == ("inbox/a.eml", False)
    assert client.post(f"/api/v1/cases/{key}/investigate").status_code == 202
    assert client.get("/api/v1/jobs").json()[0]["case_id"] == key
    assert [one["path"] for one in client.get(f"/api/v1/cases/{key}/files").json()] == ["inbox/a.eml"]
    assert {one["name"] for one in client.get("/api/v1/cases").json()} == {"青空商事", "朝のメール"}
    assert client.delete(f"/api/v1/cases/{key}").status_code == 204
    assert client.delete(f"/api/v1/cases/{key}").status_code == 404


def test_an_upload_that_is_too_large_is_refused_and_gone(desk, browser):
    from dataclasses import replace

    desk.settings = replace(desk.settings, upload_bytes=1000)
    client = browser()
    key = desk.database.one("SELECT id FROM cases")["id"]
    answer = client.post(f"/api/v1/cases/{key}/files", params={"path": "big"}, content=b"x" * 1001)
    assert (answer.status_code, answer.json()["error"]) == (413, "refused")
    assert not any(desk.cases.incoming.iterdir())


def test_what_makes_no_sense_is_refused(browser):
    client = browser()
    assert client.post("/api/v1/cases/c1/files", params={"path": "x"}, content=b"").status_code == 422
    assert client.post("/api/v1/cases/c000000000000/files", params={"path": "x"}, content=b"").status_code == 404
    key = client.post("/api/v1/cases", json={"name": "x"}).json()["id"]
    assert client.post(f"/api/v1/cases/{key}/files", params={"path": "../.."}, content=b"x").status_code == 400


def test_a_zip_is_unpacked_as_a_folder_and_a_case_exported(desk, people, browser):
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.eml", b"From: a@one.example\n\nx\n")
        archive.writestr("b/c.log", b"1")
    client = browser("responder")
    key = client.post("/api/v1/cases", json={"name": "x"}).json()["id"]
    answer = client.post(f"/api/v1/cases/{key}/archive", params={"path": "week.zip"}, content=held.getvalue())
    assert answer.json() == {"new": 2, "known": 0, "kept_whole": None}
    answer = client.get(f"/api/v1/cases/{key}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist()[0] == "evidence/week/a.eml"
    assert not any(desk.cases.incoming.iterdir())
    assert browser("analyst").get(f"/api/v1/cases/{key}/export").status_code == 403
