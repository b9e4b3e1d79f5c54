"""The TAXII server: what the standard asks of answers, and nothing for those without the token."""

import base64
import json
import random

import pytest

from sekisho.respond.taxii import MOST, ROOT, TAXII, Collection, Request, Server, answer

ID, TOKEN = "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "0123456789abcdef"
OBJECTS = tuple(
    (
        f"2026-01-01T00:00:{number:02}.000Z",
        {
            "type": "indicator" if number % 2 else "malware",
            "spec_version": "2.1",
            "id": f"x--{number}",
            "modified": "2026-01-01T00:00:00.000Z",
        },
    )
    for number in range(25)
)
SERVER = Server("t", (Collection(ID, "All", "d", OBJECTS),), TOKEN)
WITH = {"authorization": f"Bearer {TOKEN}", "accept": TAXII}


def get(target, method="GET", **headers):
    response = answer(SERVER, Request(method, target, WITH | headers))
    return response.status, json.loads(response.body or b"null"), dict(response.headers)


def objects(query=""):
    status, told, _ = get(f"{ROOT}collections/{ID}/objects/{query}")
    assert status == 200
    return told


def test_discovery_root_and_collections():
    assert get("/taxii2/")[1]["api_roots"] == [ROOT]
    assert get(ROOT)[1]["versions"] == [TAXII]
    (one,) = get(f"{ROOT}collections/")[1]["collections"]
    assert (one["id"], one["can_read"], one["can_write"]) == (ID, True, False)
    assert get(f"{ROOT}collections/{ID}")[1] == one
    assert get("/taxii2/")[2]["Content-Type"] == TAXII


def test_pages_follow_one_another():
    seen, told = [], objects("?limit=10")
    while True:
        seen += [one["id"] for one in told["objects"]]
        if not told.get("more"):
            break
        told = objects(f"?limit=10&next={told['next']}")
    assert seen == [f"x--{number}" for number in range(25)]
    assert objects(f"?limit={MOST * 9}")["objects"]
    assert objects("?next=99") == {}


def test_filters():
    assert [one["id"] for one in objects("?added_after=2026-01-01T00:00:22Z")["objects"]] == ["x--23", "x--24"]
    assert {one["type"] for one in objects("?match[type]=malware")["objects"]} == {"malware"}
    assert [one["id"] for one in objects("?match[id]=x--3,x--5")["objects"]] == ["x--3", "x--5"]
    assert objects("?match[spec_version]=2.0") == {}
    assert objects("x--3/?match[version]=all")["objects"][0]["id"] == "x--3"


def test_the_manifest_and_the_times_of_a_page():
    _, told, headers = get(f"{ROOT}collections/{ID}/manifest/?limit=2")
    assert told["objects"][1] == {
        "id": "x--1",
        "date_added": OBJECTS[1][0],
        "version": "2026-01-01T00:00:00.000Z",
        "media_type": "application/stix+json;version=2.1",
    }
    assert headers["X-TAXII-Date-Added-First"] == OBJECTS[0][0]
    assert headers["X-TAXII-Date-Added-Last"] == OBJECTS[1][0]


@pytest.mark.parametrize(
    ("target", "method", "headers", "status"),
    [
        ("/taxii2/", "GET", {"authorization": ""}, 401),
        ("/taxii2/", "GET", {"authorization": f"Bearer {TOKEN}x"}, 401),
        ("/taxii2/", "GET", {"authorization": "Basic !!"}, 401),
        ("/taxii2/", "GET", {"accept": "text/html"}, 406),
        ("/taxii2/", "GET", {"accept": "application/taxii+json;version=2.0"}, 406),
        ("/taxii2/", "GET", {"accept": "application/taxii+json; version=2.1, text/html"}, 200),
        ("/taxii2/", "GET", {"accept": "*/*"}, 200),
        ("/taxii2/", "POST", {}, 405),
        (f"{ROOT}collections/{ID}/objects/", "DELETE", {}, 405),
        ("/", "GET", {}, 404),
        (f"{ROOT}collections/none/", "GET", {}, 404),
        (f"{ROOT}collections/{ID}/objects/none/", "GET", {}, 404),
        (f"{ROOT}collections/{ID}/objects/?limit=x", "GET", {}, 400),
        (f"{ROOT}collections/{ID}/objects/?limit=0", "GET", {}, 400),
        (f"{ROOT}collections/{ID}/objects/?added_after=never", "GET", {}, 400),
        (f"/taxii2/?{'a' * 9_000}", "GET", {}, 414),
        (f"{ROOT}collections/../../etc/passwd/", "GET", {}, 404),
    ],
)
def test_refusals_say_why(target, method, headers, status):
    found, told, _ = get(target, method, **headers)
    assert found == status
    if status >= 400:
        assert told["http_status"] == str(status)


def test_a_password_is_a_token_and_no_token_opens_nothing():
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    assert get("/taxii2/", authorization=f"Basic {basic}")[0] == 200
    assert answer(Server("t", (), ""), Request("GET", "/taxii2/", {"authorization": "Bearer "})).status == 401


def test_any_request_is_answered():
    dice, letters = random.Random(29), "/taxii2root?&=%[]:collections" + ID + "\x00\u3042"
    for _ in range(500):
        target = "/" + "".join(dice.choice(letters) for _ in range(dice.randrange(0, 60)))
        assert answer(SERVER, Request("GET", target, WITH)).status in (200, 400, 404)
