import pytest
from fastapi.routing import APIRoute

from sekisho.app.console.accounts import Role
from sekisho.app.web.access import CSRF_HEADER, PUBLIC, Brake, role_of
from sekisho.app.web.server import create

MAY_BE_PUBLIC = {"/favicon.ico", "/start", "/login", "/login/oidc", "/login/oidc/back", "/api/v1/health"}
FILLED = {"case_id": "c000000000000"}


def routes(desk):
    return [one for one in create(desk).routes if isinstance(one, APIRoute)]


def needed(route):
    """The role that a route asks for, wherever it stands among what it depends on."""
    left, roles = [route.dependant], []
    while left:
        one = left.pop()
        left += one.dependencies
        if (role := role_of(one)) is not None:
            roles.append(role)
    return max(roles, default=None)


def test_every_route_says_who_may(desk):
    open_to_all = set()
    for route in routes(desk):
        if needed(route) is None:
            assert PUBLIC in route.tags, f"{route.path} neither needs a role nor is public"
            open_to_all.add(route.path)
    assert open_to_all <= MAY_BE_PUBLIC


def test_what_changes_something_needs_more_than_to_look(desk):
    own = {"/logout", "/look"}  # of one's own session
    for route in routes(desk):
        if route.methods - {"GET", "HEAD"} and PUBLIC not in route.tags and route.path not in own:
            allowed = Role.VIEWER if route.path.startswith(("/account", "/api/v1/account/")) else Role.ANALYST
            assert needed(route) >= allowed, route.path


def filled(path):
    import re

    return re.sub(r"\{(\w+)(:path)?\}", lambda found: FILLED.get(found.group(1), "x00"), path)


def test_every_route_lets_in_who_may_and_nobody_else(desk, people, browser):
    found = [one for one in routes(desk) if not one.path.endswith("/stream") and one.path not in ("/logout",)]
    clients = {name: browser(name) for name in people}
    nobody = browser("viewer")
    nobody.cookies.clear()
    wrong = []
    for route in found:
        role = needed(route)
        for method in route.methods - {"HEAD"}:
            if role is None:
                continue
            answer = nobody.request(method, filled(route.path), follow_redirects=False)
            if answer.status_code not in (401, 303) or (
                answer.status_code == 303 and "/login" not in answer.headers["location"]
            ):
                wrong.append(("nobody", method, route.path, answer.status_code))
            for name, client in clients.items():
                answer = client.request(method, filled(route.path), follow_redirects=False)
                refused = answer.status_code == 403
                if refused != (people[name] < role) or answer.status_code >= 500:
                    wrong.append((name, method, route.path, answer.status_code))
    assert not wrong


def test_a_form_that_is_not_the_console_s_own_changes_nothing(desk, people, browser):
    client = browser("admin")
    case = desk.database.one("SELECT id FROM cases")["id"]
    for given in ("", "made-up"):
        client.headers[CSRF_HEADER] = given
        assert client.post(f"/cases/{case}/delete").status_code == 403
        assert client.request("DELETE", f"/api/v1/cases/{case}").status_code == 403
    assert desk.cases.exists(case)


def test_a_token_s_scopes_bound_what_it_may(desk, people, browser):
    from sekisho.app.console.audit import SYSTEM

    client = browser("admin")
    client.cookies.clear()
    del client.headers[CSRF_HEADER]
    _, secret = desk.accounts.make_token("admin", "reader", frozenset({"read"}), 1, SYSTEM)
    client.headers["authorization"] = f"Bearer {secret}"
    assert client.get("/api/v1/cases").status_code == 200
    assert client.post("/api/v1/cases", json={"name": "x"}).status_code == 403
    _, secret = desk.accounts.make_token("admin", "writer", frozenset({"triage"}), 1, SYSTEM)
    client.headers["authorization"] = f"Bearer {secret}"
    assert client.post("/api/v1/cases", json={"name": "x"}).status_code == 201
    client.headers["authorization"] = "Bearer sekisho_made-up"
    assert client.get("/api/v1/cases").status_code == 401


def test_a_brake_lets_go_after_a_while():
    now = [0.0]
    brake = Brake(3, 0.5, lambda: now[0])
    assert [brake.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert brake.take("b")
    now[0] = 2.0
    assert [brake.take("a"), brake.take("a")] == [True, False]
    for number in range(20_000):
        brake.take(str(number))
    assert len(brake._left) <= Brake.MOST


@pytest.mark.parametrize("path", ["/incidents", "/cases", "/"])
def test_who_is_not_known_is_asked_who_they_are(browser, path):
    client = browser()
    client.cookies.clear()
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert client.get(path, headers={"hx-request": "true"}).headers["hx-redirect"] == "/login"


@pytest.mark.parametrize("given", ["é", "!!", "", "QQ==", "Qg", "\x80\x81"])
def test_a_password_that_is_none_lets_nobody_in_and_breaks_nothing(browser, given):
    client = browser()
    client.cookies.clear()
    for path in ("/api/v1/feeds/ip.txt", "/taxii2/"):
        answer = client.get(path, headers={"authorization": f"Basic {given}".encode("latin-1")})
        assert answer.status_code == 401, path
