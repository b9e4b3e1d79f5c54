"""Every page in both languages and both colours: no error, no request that leaves, nothing that axe-core objects to."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Error

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [("ja", "light"), ("en", "dark")]
if os.environ.get("SEKISHO_ALL_LOOKS"):  # the other two pairs of what both of these show
    LOOKS += [("en", "light"), ("ja", "dark")]
NOT_PAGES = ("/start", "/login/oidc", "/login/oidc/back", "/hunt/export")
ASKED = ("/hunt?q=Image%7Cexists:true", "/search?q=%E4%BC%9A%E8%AD%B0", "/messages?unscanned=1", "/incidents?state=")


def pages(served):
    """Every page that needs nothing but what the console holds."""
    from sekisho.app.console.database import Database
    from sekisho.app.web import pages as package
    from sekisho.app.web.server import routers

    base = Database(served.folder)
    known = {f"{name}_id": base.one(f"SELECT id FROM {name}s ORDER BY id")["id"] for name in ("case", "incident")}
    known["message_id"] = base.one("SELECT id FROM messages WHERE incident != '' ORDER BY id")["id"]
    host = base.one("SELECT kind, value FROM entities WHERE kind = 'host' ORDER BY value")
    base.close()
    found = []
    for router in routers(package):
        for route in router.routes:
            if not isinstance(route, APIRoute) or "GET" not in route.methods or route.path in NOT_PAGES:
                continue
            if not any(one.field_info.is_required() for one in route.dependant.query_params):
                names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
                if all(name in known for name in names):
                    found.append(route.path.format(**known))
    found += ASKED
    found.append(f"/entities/{host['kind']}?value={quote(host['value'])}")
    found += [f"/messages/{known['message_id']}?view={view}" for view in ("headers", "links", "parts", "related")]
    return sorted(set(found))


def seen(page, served, language, theme):
    page.context.add_cookies(
        [{"name": "sekisho_look", "value": f"{language}|{theme}|Asia/Tokyo", "url": served.address}]
    )


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page_is_whole_and_accessible(page, served, language, theme):
    if not AXE.exists():
        pytest.skip("no axe-core; ./dev check installs it")
    seen(page, served, language, theme)
    objections = []
    for path in pages(served):
        try:
            answer = page.goto(served.address + path)
        except Error as error:
            assert "Download is starting" in str(error), path
            continue
        kind = answer.headers.get("content-type", "")
        assert answer.status == 200, path
        if not kind.startswith("text/html") or page.locator("main").count() == 0:
            continue  # a piece of a page, or a file
        assert page.locator("html").get_attribute("lang") == language
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("levels => axe.run(document, {runOnly: levels})", LEVELS)
        objections += [
            f"{path}: {one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
            for one in found["violations"]
        ]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 1:
            objections.append(f"{path}: {wide} pixels wider than the window")
    assert objections == []


def test_pages_fit_a_tablet(page, served):
    page.set_viewport_size({"width": 820, "height": 1180})
    for path in pages(served):
        try:
            page.goto(served.address + path)
        except Error as error:
            assert "Download is starting" in str(error), path
            continue
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1, path
