"""The fields of Windows logsources, against what the normaliser really gives."""

from pathlib import Path

import pytest

from sekisho.model.event import Logsource
from sekisho.normalize import windows
from sekisho.normalize.windows_fields import known_fields, known_logsources
from sekisho.sources import Row, load

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def test_every_known_logsource_is_one_that_the_normaliser_gives():
    mapped = {one for one in known_fields() if one.product == "windows"}
    late = {"registry_add", "registry_delete", "registry_rename", "registry_event"}
    assert {one for one in mapped if one.category not in late} <= known_logsources()


def test_a_few_by_hand():
    known = known_fields()
    assert "ParentCommandLine" in known[Logsource("windows", "process_creation", "sysmon")]
    assert "CommandLine.unfolded" in known[Logsource("windows", "process_creation", "security")]
    assert "ParentImage" not in known[Logsource("windows", "file_event", "sysmon")]
    assert "Image" in known[Logsource("linux", "process_creation", "sysmon")]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_no_field_of_real_sysmon_events_is_unknown():
    known, read = known_fields(), load()["evtx"].read
    seen = unknown = 0
    for path in sorted((SHARED / "sigma" / "regression_data").rglob("*.evtx"))[:60]:
        for event in windows.normalize((row for row in read(path) if isinstance(row, Row)), str(path)):
            if event.logsource in known:
                seen += 1
                unknown += bool(set(event.fields) - known[event.logsource])
    assert seen > 50
    assert unknown == 0
