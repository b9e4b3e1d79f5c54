"""TAXII over loopback, read by OASIS's own client and by ours."""

import threading

import pytest
import taxii2client.v21 as oasis

from sekisho.app.exchange import taxii
from sekisho.app.exchange.export import Wish
from sekisho.app.exchange.store import Store
from sekisho.model.errors import SourceError
from sekisho.model.indicator import Indicator
from sekisho.sources.indicators.taxii import collection

TOKEN, NOW = "0123456789abcdef", 1_790_000_000


@pytest.fixture(scope="module")
def served(lab_result, tmp_path_factory):
    store = str(tmp_path_factory.mktemp("store") / "i.db")
    with Store(store, write=True) as opened:
        many = [
            Indicator("ip", f"45.76.{number // 250}.{number % 250 + 1}", 80, NOW - number, until_at=NOW + 9)
            for number in range(250)
        ]
        opened.add(many, NOW)
    wish = Wish(exercise=True, now_ns=NOW * 10**9)
    listening = taxii.listen(taxii.server([("r", lab_result)], store, TOKEN, wish), 0)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore")
def test_the_official_client_reads_roots_collections_and_pages(served):
    server = oasis.Server(f"{served}/taxii2/", user="anybody", password=TOKEN)
    (root,) = server.api_roots
    incidents, indicators = root.collections
    assert incidents.title == "Incidents"
    kinds = {
        one["type"] for page in oasis.as_pages(incidents.get_objects, per_request=50) for one in page.get("objects", [])
    }
    assert {"report", "indicator", "malware"} <= kinds
    pages = list(oasis.as_pages(indicators.get_objects, per_request=100))
    found = {one["id"] for page in pages for one in page["objects"] if one["type"] == "indicator"}
    assert len(found) == 250
    assert len(pages) == 3
    late = indicators.get_objects(added_after="2026-09-21T13:34:00Z")
    assert 0 < len([one for one in late["objects"] if one["type"] == "indicator"]) < 250
    server.close()


def test_our_client_reads_the_same(served):
    listed = list(collection(f"{served}/taxii2/root/collections/{taxii.uuid5(taxii.OWN, 'indicators')}/", token=TOKEN))
    assert len([one for one in listed if one["type"] == "indicator"]) == 250


def test_a_wrong_token_is_refused(served):
    with pytest.raises(SourceError, match="HTTP 401"):
        list(collection(f"{served}/taxii2/root/collections/x/", token="wrong"))
