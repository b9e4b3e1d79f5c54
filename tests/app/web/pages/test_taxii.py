"""TAXII clients read what incidents tell: our own requests, and the usual client against a running server."""

import threading
import time

import pytest
import uvicorn
from taxii2client.v21 import Server as Client

from sekisho.app.console import sharing
from sekisho.respond.taxii import TAXII
from tests.app.web.small_desk import Browser, Program, app_of, desk_with


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    desk, case = desk_with(tmp_path_factory.mktemp("desk"), lab_result)
    desk.database.base.execute("INSERT INTO settings VALUES ('share.exercise', 'yes')")
    sharing.refresh(desk.database, case)
    return app_of(desk)


ROOT = f"/taxii2/root/collections/{sharing.INCIDENTS}"


def test_pages_of_objects_follow_one_another(app):
    program = Program(app, "read")
    first = program.get(f"{ROOT}/objects/?limit=2", headers={"accept": TAXII})
    assert first.headers["content-type"] == TAXII
    assert first.json()["more"]
    second = program.get(f"{ROOT}/objects/?limit=2&next={first.json()['next']}", headers={"accept": TAXII}).json()
    assert not {one["id"] for one in first.json()["objects"]} & {one["id"] for one in second["objects"]}
    last = first.headers["x-taxii-date-added-last"]
    after = program.get(f"{ROOT}/manifest/?added_after={last}", headers={"accept": TAXII}).json()
    assert second["objects"][0]["id"] == after["objects"][0]["id"]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/taxii2/", 200),
        ("/taxii2/root/", 200),
        ("/taxii2/root/collections/", 200),
        (f"{ROOT}/", 200),
        (f"{ROOT}/objects/nosuch/", 404),
        (f"{ROOT}/objects/?limit=x", 400),
        ("/taxii2/root/collections/x/", 404),
    ],
)
def test_every_resource_answers(app, target, status):
    assert Program(app, "read").get(target, headers={"accept": TAXII}).status_code == status


def test_nobody_reads_without_a_token(app):
    program = Program(app, "read")
    program.headers["authorization"] = "Bearer wrong"
    assert program.get("/taxii2/").status_code == 401
    for value in ("Basic", "Basic !!!", "Basic dXNlcg==", "Basic dXNlcjp3cm9uZw=="):
        program.headers["authorization"] = value
        assert program.get("/taxii2/").status_code == 401
    assert Program(app, "read").get("/taxii2/", headers={"accept": "text/html"}).status_code == 406
    assert Browser(app).post("/taxii2/").status_code == 405


def test_the_usual_client_reads_it(app):
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        client = Client(f"http://127.0.0.1:{port}/taxii2/", user="any", password=Program(app, "read").secret)
        (root,) = client.api_roots
        (collection,) = root.collections
        assert collection.id == sharing.INCIDENTS
        assert len(collection.get_objects(limit=3)["objects"]) == 3
        assert collection.get_manifest()["objects"]
        client.close()
    finally:
        server.should_exit = True
        thread.join(10)
